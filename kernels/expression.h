// Expressions of the inputs as straight-line steps on T: values and their reverse sweep.
#pragma once

#include "kernels/math.h"

namespace lockstep::kernels {

enum class Operation : int {
  kInput,     // input a
  kConstant,  // `constant`
  kAdd,       // a + b, and so on
  kSubtract,
  kMultiply,
  kDivide,
  kNegate,
  kPower,  // a to the whole power b
  kSine,
  kCosine,
  kTangent,
  kExponential,
  kLogarithm,
  kSquareRoot,
  kAbsolute,
  kHyperbolicTangent,
  kArctangent,
  kSign,  // -1, 0 or 1
  kMinimum,
  kMaximum,
};
inline constexpr int kOperations = static_cast<int>(Operation::kMaximum) + 1;

// One step; a and b are earlier steps (an input of kInput, the exponent b of kPower).
struct ExpressionStep {
  Operation operation = Operation::kConstant;
  int a = 0;
  int b = 0;
  double constant = 0;

  friend bool operator==(const ExpressionStep&, const ExpressionStep&) = default;
};

namespace detail {

template <class T>
LS_FN T whole_power(T x, int exponent) {
  T result = T(1), square = x;
  for (int rest = exponent < 0 ? -exponent : exponent; rest > 0; rest /= 2) {
    if (rest % 2 == 1) result = result * square;
    square = square * square;
  }
  return exponent < 0 ? T(1) / result : result;
}

template <class T>
LS_FN T sign(T x) {
  return select(x > T(0), T(1), select(x < T(0), T(-1), x));
}

}  // namespace detail

// inputs -> values [count], one a step.
template <class T>
LS_FN void evaluate_steps(const ExpressionStep* steps, int count, const T* inputs, T* values) {
  for (int s = 0; s < count; ++s) {
    const ExpressionStep step = steps[s];
    const T a = step.operation == Operation::kInput ? inputs[step.a] : values[step.a];
    T& out = values[s];
    switch (step.operation) {
      case Operation::kInput:
        out = a;
        break;
      case Operation::kConstant:
        out = T(static_cast<Real<T>>(step.constant));
        break;
      case Operation::kAdd:
        out = a + values[step.b];
        break;
      case Operation::kSubtract:
        out = a - values[step.b];
        break;
      case Operation::kMultiply:
        out = a * values[step.b];
        break;
      case Operation::kDivide:
        out = a / values[step.b];
        break;
      case Operation::kNegate:
        out = -a;
        break;
      case Operation::kPower:
        out = detail::whole_power(a, step.b);
        break;
      case Operation::kSine:
        out = sine(a);
        break;
      case Operation::kCosine:
        out = cosine(a);
        break;
      case Operation::kTangent: {
        T s1, c1;
        sine_cosine(a, s1, c1);
        out = s1 / c1;
        break;
      }
      case Operation::kExponential:
        out = exponential(a);
        break;
      case Operation::kLogarithm:
        out = logarithm(a);
        break;
      case Operation::kSquareRoot:
        out = square_root(a);
        break;
      case Operation::kAbsolute:
        out = absolute(a);
        break;
      case Operation::kHyperbolicTangent:
        out = hyperbolic_tangent(a);
        break;
      case Operation::kArctangent:
        out = arctangent2(a, T(1));
        break;
      case Operation::kSign:
        out = detail::sign(a);
        break;
      case Operation::kMinimum:
        out = minimum(a, values[step.b]);
        break;
      case Operation::kMaximum:
        out = maximum(a, values[step.b]);
        break;
    }
  }
}

// Reverse sweep: given dy/d(value) of every step in bar [count], adds dy/d(input) to input_bar. `bar` is used up.
template <class T>
LS_FN void pull_back_steps(const ExpressionStep* steps, int count, const T* values, T* bar, T* input_bar) {
  for (int s = count - 1; s >= 0; --s) {
    const ExpressionStep step = steps[s];
    const T up = bar[s], value = values[s];
    if (step.operation == Operation::kInput) {
      input_bar[step.a] = input_bar[step.a] + up;
      continue;
    }
    if (step.operation == Operation::kConstant) continue;
    const bool is_binary = step.operation == Operation::kAdd || step.operation == Operation::kSubtract ||
                           step.operation == Operation::kMultiply || step.operation == Operation::kDivide ||
                           step.operation == Operation::kMinimum || step.operation == Operation::kMaximum;
    const T a = values[step.a], b = is_binary ? values[step.b] : T(0);
    T by_a = T(0), by_b = T(0);
    switch (step.operation) {
      case Operation::kInput:
      case Operation::kConstant:
      case Operation::kSign:
        break;
      case Operation::kAdd:
        by_a = T(1), by_b = T(1);
        break;
      case Operation::kSubtract:
        by_a = T(1), by_b = T(-1);
        break;
      case Operation::kMultiply:
        by_a = b, by_b = a;
        break;
      case Operation::kDivide:
        by_a = T(1) / b, by_b = -value / b;
        break;
      case Operation::kNegate:
        by_a = T(-1);
        break;
      case Operation::kPower:
        by_a = T(step.b) * detail::whole_power(a, step.b - 1);
        break;
      case Operation::kSine:
        by_a = cosine(a);
        break;
      case Operation::kCosine:
        by_a = -sine(a);
        break;
      case Operation::kTangent:
        by_a = T(1) + value * value;
        break;
      case Operation::kExponential:
        by_a = value;
        break;
      case Operation::kLogarithm:
        by_a = T(1) / a;
        break;
      case Operation::kSquareRoot:
        by_a = T(static_cast<Real<T>>(0.5)) / value;
        break;
      case Operation::kAbsolute:
        by_a = detail::sign(a);
        break;
      case Operation::kHyperbolicTangent:
        by_a = T(1) - value * value;
        break;
      case Operation::kArctangent:
        by_a = T(1) / (T(1) + a * a);
        break;
      case Operation::kMinimum:
        by_a = select(a < b, T(1), T(0)), by_b = T(1) - by_a;
        break;
      case Operation::kMaximum:
        by_a = select(a > b, T(1), T(0)), by_b = T(1) - by_a;
        break;
    }
    bar[step.a] = bar[step.a] + up * by_a;
    if (is_binary) bar[step.b] = bar[step.b] + up * by_b;
  }
}

}  // namespace lockstep::kernels
