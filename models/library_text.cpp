// Reads libraries of candidate terms from text, by recursive descent.
#include "models/library_text.h"
#include "models/text_cursor.h"

#include <algorithm>
#include <vector>

namespace lockstep::models {
namespace {

constexpr size_t kMostFeatures = 20000;
constexpr int kDeepest = 50;

class LibraryParser {
 public:
  LibraryParser(std::string_view text, int num_states, int num_controls, const InputNames& names,
                const std::string& where)
      : cursor_(text, where),
        where_(where),
        num_states_(num_states),
        num_controls_(num_controls),
        inputs_(input_names(num_states, num_controls, names)) {}

  FeatureLibrary parse() {
    const std::vector<Feature> features = sum(0);
    if (!cursor_.at_end()) cursor_.fail("the library ends here, but the text does not", "join libraries with + or *");
    return {num_states_, num_controls_, features, expressions_};
  }

 private:
  std::vector<Feature> sum(int depth) {
    if (depth > kDeepest) cursor_.fail("parentheses too deep", "use at most 50 inside each other");
    std::vector<Feature> features = product(depth);
    while (cursor_.take("+")) {
      const std::vector<Feature> more = product(depth);
      features.insert(features.end(), more.begin(), more.end());
      check_size(features.size());
    }
    return features;
  }

  std::vector<Feature> product(int depth) {
    std::vector<Feature> features = library(depth);
    while (cursor_.take("*")) {
      const std::vector<Feature> right = library(depth);
      check_size(features.size() * right.size());
      features = tensor_features(features, right);
    }
    return features;
  }

  std::vector<Feature> library(int depth) {
    if (cursor_.take("(")) {
      std::vector<Feature> inside = sum(depth + 1);
      cursor_.expect(")");
      return inside;
    }
    const size_t begin = cursor_.place();
    const std::string name(TextCursor::begins_name(cursor_.peek()) ? cursor_.name() : std::string_view{});
    if (name == "constant") return {{}};
    if (name == "affine") return affine(depth);
    if (name == "terms") return terms();
    static const std::vector<std::string> known{"polynomial", "powers", "fourier", "terms", "affine", "constant"};
    if (std::find(known.begin(), known.begin() + 3, name) == known.begin() + 3) {
      cursor_.go_to(begin);
      const std::string nearest = nearest_name(name, known);
      cursor_.fail(name.empty() ? "no library where one is needed" : fmt::format("unknown library '{}'", name),
                   (nearest.empty() ? "" : "did you mean '" + nearest + "'? ") +
                       "known are polynomial, powers, fourier, terms, affine, constant");
    }
    return of_inputs(name);
  }

  std::vector<Feature> of_inputs(const std::string& name) {
    cursor_.expect("(");
    const int order = whole_number(name == "polynomial" ? 0 : 1, name == "fourier" ? 64 : 12);
    const std::vector<int> inputs = inputs_listed();
    if (name == "fourier") return harmonic_features(inputs, order);
    const bool is_polynomial = name == "polynomial";
    double count = 1;  // binomial(inputs + degree, degree)
    for (int k = 1; k <= order; ++k) count *= static_cast<double>(inputs.size() + static_cast<size_t>(k)) / k;
    if (is_polynomial) check_size(static_cast<size_t>(std::min(count, 1e9)));
    return polynomial_features(inputs, {.degree = order, .constant = is_polynomial, .cross_terms = is_polynomial});
  }

  std::vector<Feature> affine(int depth) {
    cursor_.expect("(");
    const std::vector<Feature> phi = sum(depth + 1);
    cursor_.expect(")");
    check_size(phi.size() * static_cast<size_t>(num_controls_ + 1));
    std::vector<int> controls;
    for (int i = 0; i < num_controls_; ++i) controls.push_back(num_states_ + i);
    return control_affine_features(phi, controls);
  }

  // Expressions up to the closing parenthesis, cut at commas outside parentheses.
  std::vector<Feature> terms() {
    cursor_.expect("(");
    std::vector<Feature> features;
    do {
      const size_t begin = cursor_.place();
      for (int open = 0; cursor_.peek() != '\0' && (open > 0 || (cursor_.peek() != ')' && cursor_.peek() != ','));) {
        open += cursor_.peek() == '(' ? 1 : cursor_.peek() == ')' ? -1 : 0;
        cursor_.go_to(cursor_.place() + 1);
      }
      expressions_.push_back(Expression::parse(cursor_.since(begin), inputs_, where_ + ", terms"));
      features.push_back({{Factor::Kind::kExpression, static_cast<int>(expressions_.size()) - 1, 1}});
      check_size(features.size());
    } while (cursor_.take(","));
    cursor_.expect(")");
    return features;
  }

  int whole_number(int low, int high) {
    const double value = TextCursor::begins_number(cursor_.peek()) ? cursor_.number() : -1;
    if (value != std::floor(value) || value < low || value > high) {
      cursor_.fail("no whole number that fits", fmt::format("write a whole number from {} to {}", low, high));
    }
    return static_cast<int>(value);
  }

  std::vector<int> inputs_listed() {
    std::vector<int> inputs;
    const auto add_range = [&](int first, int count) {
      for (int i = first; i < first + count; ++i) inputs.push_back(i);
    };
    while (cursor_.take(",")) {
      const size_t begin = cursor_.place();
      const std::string name(TextCursor::begins_name(cursor_.peek()) ? cursor_.name() : std::string_view{});
      const auto found = std::find(inputs_.begin(), inputs_.end(), name);
      if (found != inputs_.end()) {
        inputs.push_back(static_cast<int>(found - inputs_.begin()));
      } else if (name == "states") {
        add_range(0, num_states_);
      } else if (name == "controls") {
        add_range(num_states_, num_controls_);
      } else {
        cursor_.go_to(begin);
        const std::string nearest = nearest_name(name, inputs_);
        cursor_.fail(fmt::format("unknown input '{}'", name),
                     nearest.empty()
                         ? fmt::format("inputs are {} ...; `states` and `controls` name all of a kind", inputs_.front())
                         : fmt::format("did you mean '{}'?", nearest));
      }
    }
    cursor_.expect(")");
    if (inputs.empty()) add_range(0, num_states_ + num_controls_);
    std::sort(inputs.begin(), inputs.end());
    inputs.erase(std::unique(inputs.begin(), inputs.end()), inputs.end());
    return inputs;
  }

  void check_size(size_t count) const {
    if (count > kMostFeatures)
      cursor_.fail(fmt::format("{} features", count), "write a smaller library: 20000 at most");
  }

  TextCursor cursor_;
  std::string where_;
  int num_states_, num_controls_;
  std::vector<std::string> inputs_;
  std::vector<Expression> expressions_;
};

}  // namespace

FeatureLibrary parse_library(std::string_view text, int num_states, int num_controls, const InputNames& names,
                             const std::string& where) {
  return LibraryParser(text, num_states, num_controls, names, where).parse();
}

}  // namespace lockstep::models
