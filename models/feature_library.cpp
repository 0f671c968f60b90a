// Libraries of candidate terms: making, naming, compiling and evaluating them.
#include "models/feature_library.h"
#include "engine/buffer.h"
#include "engine/error.h"
#include "models/sparse_kernels.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

namespace lockstep::models {
namespace {

Feature normalised(Feature feature) {
  std::sort(feature.begin(), feature.end());
  // Powers of one input stand together now; harmonics are never merged.
  Feature merged;
  for (const Factor& factor : feature) {
    const bool is_power = factor.kind == Factor::Kind::kPower;
    if (is_power && !merged.empty() && merged.back().kind == factor.kind && merged.back().input == factor.input) {
      const int order = merged.back().order + factor.order;
      merged.back().order = order;
    } else {
      merged.push_back(factor);
    }
  }
  return merged;
}

void check_factors(const Feature& feature, int num_inputs, size_t num_expressions) {
  for (const Factor& factor : feature) {
    if (factor.kind == Factor::Kind::kExpression) {
      if (factor.input >= 0 && static_cast<size_t>(factor.input) < num_expressions && factor.order == 1) continue;
      throw Error(
          "a feature has expression " + std::to_string(factor.input) + " to the power " + std::to_string(factor.order),
          "feature library of " + std::to_string(num_expressions) + " expressions",
          "number expressions from 0, and give each the order 1");
    }
    if (factor.input >= 0 && factor.input < num_inputs && factor.order >= 1 && factor.order <= 64) continue;
    throw Error("a feature has a factor of input " + std::to_string(factor.input) + " and order " +
                    std::to_string(factor.order),
                "feature library of " + std::to_string(num_inputs) + " inputs",
                "number inputs from 0 (states, then controls), and give orders from 1 to 64");
  }
}

void check_inputs(const Expression& expression, int num_inputs) {
  for (const kernels::ExpressionStep& step : expression.steps()) {
    if (step.operation != kernels::Operation::kInput || step.a < num_inputs) continue;
    throw Error("an expression of input " + std::to_string(step.a),
                "feature library of " + std::to_string(num_inputs) + " inputs", "use the inputs of the library");
  }
}

std::string input_name(int input, int num_states, const InputNames& names) {
  const bool is_state = input < num_states;
  const int index = is_state ? input : input - num_states;
  const std::vector<std::string>& given = is_state ? names.states : names.controls;
  if (static_cast<size_t>(index) < given.size()) return given[static_cast<size_t>(index)];
  return fmt::format("{}{}", is_state ? 'x' : 'u', index);
}

void add_monomials(const std::vector<int>& inputs, int degree, size_t first, Feature& prefix,
                   std::vector<Feature>& out) {
  if (degree == 0) {
    out.push_back(normalised(prefix));
    return;
  }
  for (size_t i = first; i < inputs.size(); ++i) {
    prefix.push_back({Factor::Kind::kPower, inputs[i], 1});
    add_monomials(inputs, degree - 1, i, prefix, out);
    prefix.pop_back();
  }
}

// Saved before the features, whose number then has its highest bit set: libraries without are saved as they always
// were.
constexpr std::uint64_t kHasExpressions = std::uint64_t{1} << 63;

void save_expression(const Expression& expression, ByteWriter& out) {
  std::vector<std::int32_t> codes;
  std::vector<double> constants;
  for (const kernels::ExpressionStep& step : expression.steps()) {
    codes.insert(codes.end(), {static_cast<std::int32_t>(step.operation), step.a, step.b});
    constants.push_back(step.constant);
  }
  out.write_array(std::span<const std::int32_t>(codes));
  out.write_array(std::span<const double>(constants));
}

Expression load_expression(ByteReader& in, int num_inputs) {
  const std::vector<std::int32_t> codes = in.read_vector<std::int32_t>();
  const std::vector<double> constants = in.read_vector<double>();
  if (codes.size() != 3 * constants.size()) in.fail("an expression that is cut short");
  std::vector<kernels::ExpressionStep> steps;
  for (size_t s = 0; s < constants.size(); ++s) {
    if (codes[3 * s] < 0 || codes[3 * s] >= kernels::kOperations) in.fail("an expression of an unknown operation");
    steps.push_back({static_cast<kernels::Operation>(codes[3 * s]), codes[3 * s + 1], codes[3 * s + 2], constants[s]});
  }
  return Expression::from_steps(std::move(steps), num_inputs);
}

}  // namespace

std::vector<std::string> input_names(int num_states, int num_controls, const InputNames& names) {
  std::vector<std::string> all;
  for (int i = 0; i < num_states + num_controls; ++i) all.push_back(input_name(i, num_states, names));
  return all;
}

std::string feature_name(const Feature& feature, int num_states, const InputNames& names,
                         const std::vector<Expression>& expressions) {
  if (feature.empty()) return "1";
  std::string name;
  for (const Factor& factor : feature) {
    if (!name.empty()) name += ' ';
    if (factor.kind == Factor::Kind::kExpression) {
      const Expression& expression = expressions[static_cast<size_t>(factor.input)];
      int highest = num_states - 1;
      for (const kernels::ExpressionStep& step : expression.steps()) {
        if (step.operation == kernels::Operation::kInput) highest = std::max(highest, step.a);
      }
      const std::string text = expression.text(input_names(num_states, highest + 1 - num_states, names));
      name += expression.is_sum() ? fmt::format("({})", text) : text;
      continue;
    }
    const std::string input = input_name(factor.input, num_states, names);
    const std::string order = std::to_string(factor.order);
    if (factor.kind == Factor::Kind::kPower) {
      name += factor.order == 1 ? input : fmt::format("{}^{}", input, order);
    } else {
      name += factor.kind == Factor::Kind::kSine ? "sin(" : "cos(";
      name += factor.order == 1 ? input : fmt::format("{} {}", order, input);
      name += ')';
    }
  }
  return name;
}

std::vector<Feature> polynomial_features(const std::vector<int>& inputs, const PolynomialOptions& options) {
  std::vector<Feature> features;
  if (options.constant) features.emplace_back();
  for (int degree = 1; degree <= options.degree; ++degree) {
    if (options.cross_terms) {
      Feature prefix;
      add_monomials(inputs, degree, 0, prefix, features);
    } else {
      for (const int input : inputs) features.push_back({{Factor::Kind::kPower, input, degree}});
    }
  }
  return features;
}

std::vector<Feature> harmonic_features(const std::vector<int>& inputs, int harmonics) {
  std::vector<Feature> features;
  for (const int input : inputs) {
    for (int k = 1; k <= harmonics; ++k) {
      features.push_back({{Factor::Kind::kSine, input, k}});
      features.push_back({{Factor::Kind::kCosine, input, k}});
    }
  }
  return features;
}

std::vector<Feature> control_affine_features(const std::vector<Feature>& phi, const std::vector<int>& controls) {
  std::vector<Feature> linear, features = phi;
  for (const int control : controls) linear.push_back({{Factor::Kind::kPower, control, 1}});
  features.insert(features.end(), linear.begin(), linear.end());
  const std::vector<Feature> products = tensor_features(phi, linear);
  features.insert(features.end(), products.begin(), products.end());
  return features;
}

std::vector<Feature> tensor_features(const std::vector<Feature>& left, const std::vector<Feature>& right) {
  std::vector<Feature> features;
  for (const Feature& a : left) {
    for (const Feature& b : right) {
      Feature product = a;
      product.insert(product.end(), b.begin(), b.end());
      features.push_back(normalised(std::move(product)));
    }
  }
  return features;
}

// ---- CompiledFeatures ----

CompiledFeatures::CompiledFeatures(const std::vector<Feature>& features, int num_inputs,
                                   const std::vector<Expression>& expressions) {
  make_atoms(features, num_inputs);
  add_steps(features, expressions);
  nodes_.push_back({});
  // Harmonics come first in a node's chain: few of them are shared by many features.
  std::map<std::pair<int, int>, int> node_by_parent_and_atom;
  for (const Feature& feature : features) {
    int node = 0;
    for (auto factor = feature.rbegin(); factor != feature.rend(); ++factor) {
      const int atom = atom_of(*factor);
      const auto [found, is_new] = node_by_parent_and_atom.try_emplace({node, atom}, static_cast<int>(nodes_.size()));
      if (is_new) nodes_.push_back({node, atom});
      node = found->second;
    }
    node_of_.push_back(node);
  }
}

void CompiledFeatures::make_atoms(const std::vector<Feature>& features, int num_inputs) {
  for (const bool is_harmonic : {false, true}) {
    for (int input = 0; input < num_inputs; ++input) {
      int count = 0;
      for (const Feature& feature : features) {
        for (const Factor& factor : feature) {
          if (factor.kind == Factor::Kind::kExpression || factor.input != input) continue;
          if ((factor.kind != Factor::Kind::kPower) == is_harmonic) {
            count = std::max(count, factor.order);
          }
        }
      }
      if (count == 0) continue;
      groups_.push_back({input, is_harmonic, count, num_atoms_});
      num_atoms_ += is_harmonic ? 2 * count : count;
    }
  }
}

// The steps of the expressions that features use become the last atoms.
void CompiledFeatures::add_steps(const std::vector<Feature>& features, const std::vector<Expression>& expressions) {
  step_of_.assign(expressions.size(), -1);
  for (const Feature& feature : features) {
    for (const Factor& factor : feature) {
      if (factor.kind != Factor::Kind::kExpression || step_of_[static_cast<size_t>(factor.input)] >= 0) continue;
      std::vector<int> place;
      for (kernels::ExpressionStep step : expressions[static_cast<size_t>(factor.input)].steps()) {
        const bool is_leaf =
            step.operation == kernels::Operation::kInput || step.operation == kernels::Operation::kConstant;
        if (!is_leaf) {
          step.a = place[static_cast<size_t>(step.a)];
          if (kernels::is_binary(step.operation)) step.b = place[static_cast<size_t>(step.b)];
        }
        const auto found = std::find(steps_.begin(), steps_.end(), step);
        place.push_back(static_cast<int>(found - steps_.begin()));
        if (found == steps_.end()) steps_.push_back(step);
      }
      step_of_[static_cast<size_t>(factor.input)] = place.back();
    }
  }
  num_atoms_ += static_cast<int>(steps_.size());
}

int CompiledFeatures::atom_of(const Factor& factor) const {
  if (factor.kind == Factor::Kind::kExpression) {
    return num_atoms_ - static_cast<int>(steps_.size()) + step_of_[static_cast<size_t>(factor.input)];
  }
  const bool is_harmonic = factor.kind != Factor::Kind::kPower;
  const auto group = std::find_if(groups_.begin(), groups_.end(), [&](const kernels::AtomGroup& g) {
    return g.input == factor.input && g.is_harmonic == is_harmonic;
  });
  const int place = factor.order - 1;
  if (!is_harmonic) return group->first + place;
  return group->first + 2 * place + (factor.kind == Factor::Kind::kCosine ? 1 : 0);
}

kernels::FeatureProgram CompiledFeatures::program() const {
  return {groups_.data(),
          nodes_.data(),
          static_cast<int>(groups_.size()),
          num_atoms_,
          static_cast<int>(nodes_.size()),
          steps_.data(),
          static_cast<int>(steps_.size())};
}

// ---- FeatureLibrary ----

FeatureLibrary::FeatureLibrary(int num_states, int num_controls, const std::vector<Feature>& features,
                               std::vector<Expression> expressions)
    : num_states_(num_states), num_controls_(num_controls), expressions_(std::move(expressions)) {
  if (features.empty()) {
    throw Error("a library without features", "feature library", "add the constant, monomials or harmonics");
  }
  std::set<Feature> seen;
  for (const Feature& given : features) {
    check_factors(given, num_states + num_controls, expressions_.size());
    Feature feature = normalised(given);
    if (seen.insert(feature).second) features_.push_back(std::move(feature));
  }
  for (const Expression& expression : expressions_) check_inputs(expression, num_states + num_controls);
  compiled_ = CompiledFeatures(features_, num_states + num_controls, expressions_);
}

std::vector<std::string> FeatureLibrary::names(const InputNames& names) const {
  std::vector<std::string> out;
  out.reserve(features_.size());
  for (const Feature& feature : features_) out.push_back(feature_name(feature, num_states_, names, expressions_));
  return out;
}

void FeatureLibrary::evaluate(View<const double, 2> x, View<const double, 2> u, View<double, 2> theta) const {
  FeatureBlock block(compiled_, num_states_ + num_controls_);
  const int rows = x.extent(0);
  for (int first = 0; first < rows; first += kernels::kFeatureBlockRows) {
    const int count = std::min(kernels::kFeatureBlockRows, rows - first);
    for (int row = 0; row < count; ++row) {
      for (int i = 0; i < num_states_; ++i) block.input(i)[row] = x(first + row, i);
      for (int i = 0; i < num_controls_; ++i) block.input(num_states_ + i)[row] = u(first + row, i);
    }
    block.clear_columns();
    block.add(1.0);
    for (int f = 0; f < size(); ++f) {
      for (int row = 0; row < count; ++row) theta(first + row, f) = block.column(f)[row];
    }
  }
}

void FeatureLibrary::save(ByteWriter& out) const {
  out.write(std::int32_t{num_states_});
  out.write(std::int32_t{num_controls_});
  out.write(std::uint64_t{features_.size()} | (expressions_.empty() ? 0 : kHasExpressions));
  if (!expressions_.empty()) out.write(std::uint64_t{expressions_.size()});
  for (const Expression& expression : expressions_) save_expression(expression, out);
  for (const Feature& feature : features_) {
    std::vector<std::int32_t> codes;
    for (const Factor& factor : feature) {
      codes.insert(codes.end(), {static_cast<std::int32_t>(factor.kind), factor.input, factor.order});
    }
    out.write_array(std::span<const std::int32_t>(codes));
  }
}

FeatureLibrary FeatureLibrary::load(ByteReader& in) {
  const auto num_states = in.read<std::int32_t>(), num_controls = in.read<std::int32_t>();
  if (num_states < 0 || num_controls < 0 || num_states > 100000 || num_controls > 100000) {
    in.fail("a library of an impossible number of states or controls");
  }
  auto count = in.read<std::uint64_t>();
  std::vector<Expression> expressions;
  if ((count & kHasExpressions) != 0) {
    const auto num_expressions = in.read<std::uint64_t>();
    for (std::uint64_t e = 0; e < num_expressions; ++e) {
      expressions.push_back(load_expression(in, num_states + num_controls));
    }
    count &= ~kHasExpressions;
  }
  std::vector<Feature> features;
  for (std::uint64_t f = 0; f < count; ++f) {
    const std::vector<std::int32_t> codes = in.read_vector<std::int32_t>();
    if (codes.size() % 3 != 0) in.fail("a feature that is cut short");
    Feature feature;
    for (size_t i = 0; i < codes.size(); i += 3) {
      if (codes[i] < 0 || codes[i] > 3) in.fail("a factor of unknown kind " + std::to_string(codes[i]));
      feature.push_back({static_cast<Factor::Kind>(codes[i]), codes[i + 1], codes[i + 2]});
    }
    features.push_back(std::move(feature));
  }
  FeatureLibrary library(num_states, num_controls, features, std::move(expressions));
  if (library.features() != features) in.fail("a library whose features are repeated or out of order");
  return library;
}

}  // namespace lockstep::models
