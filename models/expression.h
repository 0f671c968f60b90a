// Expressions that users write, as "x0 exp(-x1) / (1 + x0^2)": parsed once into steps that kernels run, and printed.
#pragma once

#include "kernels/expression.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::models {

// How an expression is written.
enum class Notation {
  kPlain,   // x0*exp(-x1)/(1 + x0^2); what parse() reads
  kC,       // x0 * exp(-x1) / (1.0 + pow(x0, 2)), for C and C++
  kCpp,     // the same on a type T: x0 * exp(-x1) / (T(1) + pow(x0, T(2)))
  kPython,  // x0 * math.exp(-x1) / (1.0 + x0**2)
  kLatex,   // \frac{x_0 e^{-x_1}}{1 + x_0^2}
};

// Immutable. Steps are in order of evaluation, equal ones once; the last is the value.
class Expression {
 public:
  // + - * / ^ (or **), numbers, names of inputs, pi, sin cos tan exp log sqrt abs tanh atan sign (one argument), min
  // max (two); factors may stand side by side ("2 x0 sin(x1)"). Powers that are no whole numbers are exp(b log(a)).
  // Error with the place in the text for anything else; `where` says where the text was written.
  static Expression parse(std::string_view text, const std::vector<std::string>& input_names, const std::string& where);
  // Error for steps that do not fit each other or use inputs beyond num_inputs.
  static Expression from_steps(std::vector<kernels::ExpressionStep> steps, int num_inputs);

  [[nodiscard]] std::span<const kernels::ExpressionStep> steps() const { return steps_; }
  [[nodiscard]] double value(std::span<const double> inputs) const;
  // With the inputs' names, one each. `digits`: of numbers; 0: as many as it takes to read the same number again.
  [[nodiscard]] std::string text(const std::vector<std::string>& input_names, Notation notation = Notation::kPlain,
                                 int digits = 0) const;
  // Whether text() as a factor of a product needs parentheses: a sum or a difference.
  [[nodiscard]] bool is_sum() const;

  friend bool operator==(const Expression&, const Expression&) = default;

 private:
  explicit Expression(std::vector<kernels::ExpressionStep> steps) : steps_(std::move(steps)) {}

  std::vector<kernels::ExpressionStep> steps_;
};

// A number with `digits` significant digits (0: as many as it takes), as the notation writes it.
[[nodiscard]] std::string number_text(double value, Notation notation, int digits);

}  // namespace lockstep::models
