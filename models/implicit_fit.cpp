// Rational equations of motion: one Gram matrix a state, every left-hand side in turn, and the quotient as a feature.
#include "models/implicit_fit.h"
#include "engine/error.h"
#include "models/library_text.h"
#include "models/sparse_kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace lockstep::models {
namespace {

using kernels::kFeatureBlockRows;

// Terms of P (first) and of Q times the slope, over states, controls and the slope of one state as the last control.
struct Dictionary {
  FeatureLibrary library;
  int numerators = 0;
};

Dictionary dictionary_of(const FeatureLibrary& p, const FeatureLibrary& q) {
  const int nx = p.num_states(), nu = p.num_controls(), slope = nx + nu;
  std::vector<Feature> features = p.features();
  std::vector<Expression> expressions = p.expressions();
  const int shift = static_cast<int>(expressions.size());
  expressions.insert(expressions.end(), q.expressions().begin(), q.expressions().end());
  for (Feature feature : q.features()) {
    for (Factor& factor : feature) {
      if (factor.kind == Factor::Kind::kExpression) factor.input += shift;
    }
    feature.push_back({Factor::Kind::kPower, slope, 1});
    features.push_back(std::move(feature));
  }
  return {FeatureLibrary(nx, nu + 1, features, expressions), p.size()};
}

// A relation sum_k c_k f_k = x' sum_k d_k g_k of one state.
struct Relation {
  Eigen::VectorXd numerator, denominator;
  double error = std::numeric_limits<double>::infinity();  // relative rms of x'
  double cost = std::numeric_limits<double>::infinity();
  int terms = 0;
};

class ImplicitRegression {
 public:
  ImplicitRegression(std::span<const Series> series, const std::vector<Differentiated>& derivatives,
                     Dictionary dictionary, const ImplicitConfig& config)
      : series_(series), derivatives_(derivatives), dictionary_(std::move(dictionary)), config_(config) {}

  Relation best(int state) const {
    const int size = dictionary_.library.size();
    Gram gram(size, 1);
    each_block(state, [&](FeatureBlock& block, int count) { gram.add_columns(block.columns(), count); });
    const NormalEquations all = gram.normal_equations();
    Relation best;
    for (int left = dictionary_.numerators; left < size; ++left) {
      Relation relation = relation_of(all, left);
      judge(state, all.weight, relation);
      if (relation.cost < best.cost) best = std::move(relation);
    }
    return best;
  }

 private:
  template <class Visit>
  void each_block(int state, const Visit& visit) const {
    const int nx = dictionary_.library.num_states(), nu = dictionary_.library.num_controls() - 1;
    FeatureBlock block(dictionary_.library.compiled(), nx + nu + 1, 1);
    for (size_t t = 0; t < series_.size(); ++t) {
      const Series& one = series_[t];
      for (int first = 0; first < one.rows(); first += kFeatureBlockRows) {
        const int count = std::min(kFeatureBlockRows, one.rows() - first);
        double* const target = block.column(dictionary_.library.size());
        for (int row = 0; row < count; ++row) {
          for (int i = 0; i < nx; ++i) block.input(i)[row] = one.smooth(first + row, i);
          for (int i = 0; i < nu; ++i) block.input(nx + i)[row] = one.u(first + row, i);
          block.input(nx + nu)[row] = derivatives_[t].derivative[static_cast<size_t>((first + row) * nx + state)];
        }
        block.clear_columns();
        block.add(1.0);
        for (int row = 0; row < count; ++row) target[row] = block.input(nx + nu)[row];
        visit(block, count);
      }
    }
  }

  [[nodiscard]] Relation relation_of(const NormalEquations& all, int left) const {
    const int size = dictionary_.library.size();
    std::vector<int> right;
    for (int f = 0; f < size; ++f) {
      if (f != left) right.push_back(f);
    }
    NormalEquations sums{all.theta_theta(right, right), all.theta_theta(right, std::vector<int>{left}),
                         Eigen::MatrixXd::Constant(1, 1, all.theta_theta(left, left)), all.weight};
    SindyConfig selection;
    selection.regression.threshold = config_.threshold;
    selection.significance = config_.significance;
    selection.optimiser = config_.optimiser;
    selection.with = config_.with;
    const StlsqResult result = make_optimiser(selection)->fit({.sums = sums});
    Relation relation{Eigen::VectorXd::Zero(dictionary_.numerators),
                      Eigen::VectorXd::Zero(size - dictionary_.numerators)};
    relation.denominator[left - dictionary_.numerators] = 1;
    relation.terms = 1;
    for (size_t k = 0; k < right.size(); ++k) {
      const double c = result.coefficients(static_cast<Eigen::Index>(k), 0);
      if (c == 0) continue;
      ++relation.terms;
      if (right[k] < dictionary_.numerators) {
        relation.numerator[right[k]] = c;
      } else {
        relation.denominator[right[k] - dictionary_.numerators] = -c;
      }
    }
    return relation;
  }

  // Error of the quotient, and its cost: N log(error^2) + terms log N (Schwarz 1978), errors below rounding alike.
  void judge(int state, double rows, Relation& relation) const {
    double residual = 0, size = 0;
    const Eigen::Index p = relation.numerator.size(), q = relation.denominator.size();
    each_block(state, [&](const FeatureBlock& block, int count) {
      const Eigen::Map<const Eigen::MatrixXd> columns(block.columns(), kFeatureBlockRows, p + q + 1);
      const Eigen::VectorXd slope = columns.col(p + q).head(count);
      const Eigen::VectorXd above = columns.leftCols(p).topRows(count) * relation.numerator;
      const Eigen::VectorXd below = columns.middleCols(p, q).topRows(count) * relation.denominator;  // times the slope
      // x' = P / Q with Q = below / x': P x' / below, whose limit at x' = 0 is 0 as it should be.
      for (int row = 0; row < count; ++row) {
        const double found = below[row] != 0 ? above[row] * slope[row] / below[row] : 0;
        residual += (found - slope[row]) * (found - slope[row]);
        size += slope[row] * slope[row];
      }
    });
    if (!(size > 0) || !std::isfinite(residual)) return;
    relation.error = std::sqrt(residual / size);
    relation.cost = rows * std::log(residual / size + 1e-14) + relation.terms * std::log(rows);
  }

  std::span<const Series> series_;
  const std::vector<Differentiated>& derivatives_;
  Dictionary dictionary_;
  const ImplicitConfig& config_;
};

// "0.18 - 0.9 x0", or with * and all digits for the parser.
std::string sum_of(const Eigen::VectorXd& c, const std::vector<std::string>& names, bool is_code) {
  std::string text;
  for (Eigen::Index k = 0; k < c.size(); ++k) {
    if (c[k] == 0) continue;
    const char* const sign = c[k] < 0 ? (text.empty() ? "-" : " - ") : (text.empty() ? "" : " + ");
    const std::string& name = names[static_cast<size_t>(k)];
    const std::string number = is_code ? fmt::format("{}", std::abs(c[k])) : fmt::format("{:.4g}", std::abs(c[k]));
    text += fmt::format("{}{}{}", sign, number, name == "1" ? "" : fmt::format(" {}", name));
  }
  return text.empty() ? "0" : text;
}

// The model of all relations: plain terms where a law has no quotient, else one quotient as its only feature.
ImplicitFit model_of(SindySystem system, const FeatureLibrary& p, const FeatureLibrary& q,
                     const std::vector<Relation>& relations) {
  const int nx = system.state_size, nu = system.control_size;
  const InputNames names{system.state_names, system.control_names};
  std::vector<Feature> features = p.features();
  std::vector<Expression> expressions = p.expressions();
  Eigen::MatrixXd coefficients = Eigen::MatrixXd::Zero(p.size() + nx, nx);
  std::vector<std::string> texts;
  std::vector<double> errors;
  for (int i = 0; i < nx; ++i) {
    const Relation& relation = relations[static_cast<size_t>(i)];
    texts.push_back(fmt::format("{}' ({}) = {}", system.state_names[static_cast<size_t>(i)],
                                sum_of(relation.denominator, q.names(names), false),
                                sum_of(relation.numerator, p.names(names), false)));
    errors.push_back(relation.error);
    const bool is_constant = (relation.denominator.array() != 0).count() == 1 && relation.denominator[0] != 0;
    if (is_constant && q.features()[0].empty()) {
      coefficients.col(i).head(p.size()) = relation.numerator / relation.denominator[0];
      continue;
    }
    const std::string quotient = fmt::format("({})/({})", sum_of(relation.numerator, p.names(), true),
                                             sum_of(relation.denominator, q.names(), true));
    expressions.push_back(Expression::parse(quotient, input_names(nx, nu), "relation that was found"));
    coefficients(static_cast<Eigen::Index>(features.size()), i) = 1;
    features.push_back({{Factor::Kind::kExpression, static_cast<int>(expressions.size()) - 1, 1}});
  }
  FeatureLibrary library(nx, nu, features, expressions);
  Eigen::MatrixXd used = coefficients.topRows(library.size());
  return {Sindy(std::move(system), std::move(library), std::move(used), kernels::SparseIntegrator::kRungeKutta4),
          std::move(texts), std::move(errors)};
}

}  // namespace

void ImplicitConfig::describe(Fields& fields) {
  fields.add("numerator", numerator, "library of P in x' = P / Q");
  fields.add("denominator", denominator, "library of Q in x' = P / Q");
  fields.add("optimiser", optimiser, "who chooses the terms: a name of `lockstep list optimisers`");
  fields.add("threshold", threshold, "share of a target's rms that a term must be worth", {0, 1});
  fields.add("significance", significance, "standard errors a coefficient must be away from 0", {0, 1000});
  fields.add_section("differentiation", differentiation);
}

void ImplicitConfig::check() const {
  differentiation.check();
  if (threshold >= 0 && significance >= 0 && differentiation.order == 1) return;
  throw Error(fmt::format("threshold = {}, significance = {}", threshold, significance), "implicit fit settings",
              "give both at least 0, and derivatives of order 1");
}

ImplicitFit fit_implicit(std::span<const Series> given, SindySystem system, const ImplicitConfig& config) {
  config.check();
  system.check();
  const int nx = system.state_size, nu = system.control_size;
  std::vector<Samples> samples;
  for (const Series& one : given) samples.push_back({one.time, one.x});
  const std::vector<Differentiated> derivatives = differentiate(samples, config.differentiation);
  std::vector<Series> series(given.begin(), given.end());
  for (size_t t = 0; t < series.size(); ++t) {
    series[t].smooth = View<const double, 2>(derivatives[t].smooth.data(), series[t].rows(), nx);
  }
  const InputNames names{system.state_names, system.control_names};
  const FeatureLibrary p = parse_library(config.numerator, nx, nu, names, "numerator");
  const FeatureLibrary q = parse_library(config.denominator, nx, nu, names, "denominator");
  const ImplicitRegression regression(series, derivatives, dictionary_of(p, q), config);

  std::vector<Relation> relations;
  for (int i = 0; i < nx; ++i) {
    relations.push_back(regression.best(i));
    if (relations.back().error < 1) continue;
    throw Error(fmt::format("no relation predicts the slope of {}", system.state_names[static_cast<size_t>(i)]),
                "fit_implicit", "write larger libraries of numerator and denominator, or smooth the data more");
  }
  return model_of(std::move(system), p, q, relations);
}

}  // namespace lockstep::models
