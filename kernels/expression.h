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

// Whether the operation uses both a and b as steps.
[[gnu::always_inline]] LS_FN constexpr bool is_binary(Operation operation) {
  return operation == Operation::kAdd || operation == Operation::kSubtract || operation == Operation::kMultiply ||
         operation == Operation::kDivide || operation == Operation::kMinimum || operation == Operation::kMaximum;
}

namespace detail {

template <class T>
LS_FN T tangent(T x) {
  T s, c;
  sine_cosine(x, s, c);
  return s / c;
}

template <class T>
LS_FN T binary_value(Operation operation, T a, T b) {
  switch (operation) {
    case Operation::kAdd:
      return a + b;
    case Operation::kSubtract:
      return a - b;
    case Operation::kMultiply:
      return a * b;
    case Operation::kDivide:
      return a / b;
    case Operation::kMinimum:
      return minimum(a, b);
    default:
      return maximum(a, b);
  }
}

template <class T>
LS_FN T unary_value(Operation operation, T a) {
  switch (operation) {
    case Operation::kNegate:
      return -a;
    case Operation::kSine:
      return sine(a);
    case Operation::kCosine:
      return cosine(a);
    case Operation::kTangent:
      return tangent(a);
    case Operation::kExponential:
      return exponential(a);
    case Operation::kLogarithm:
      return logarithm(a);
    case Operation::kSquareRoot:
      return square_root(a);
    case Operation::kAbsolute:
      return absolute(a);
    case Operation::kHyperbolicTangent:
      return hyperbolic_tangent(a);
    case Operation::kArctangent:
      return arctangent2(a, T(1));
    default:
      return sign(a);
  }
}

// d value / d a; `value` is that of the step.
template <class T>
LS_FN T unary_slope(Operation operation, T a, T value) {
  switch (operation) {
    case Operation::kNegate:
      return T(-1);
    case Operation::kSine:
      return cosine(a);
    case Operation::kCosine:
      return -sine(a);
    case Operation::kTangent:
      return T(1) + value * value;
    case Operation::kExponential:
      return value;
    case Operation::kLogarithm:
      return T(1) / a;
    case Operation::kSquareRoot:
      return T(static_cast<Real<T>>(0.5)) / value;
    case Operation::kAbsolute:
      return sign(a);
    case Operation::kHyperbolicTangent:
      return T(1) - value * value;
    case Operation::kArctangent:
      return T(1) / (T(1) + a * a);
    default:
      return T(0);
  }
}

template <class T>
struct BinarySlopes {
  T by_a, by_b;
};
template <class T>
LS_FN BinarySlopes<T> binary_slopes(Operation operation, T a, T b) {
  switch (operation) {
    case Operation::kAdd:
      return {T(1), T(1)};
    case Operation::kSubtract:
      return {T(1), T(-1)};
    case Operation::kMultiply:
      return {b, a};
    case Operation::kDivide:
      return {T(1) / b, -a / (b * b)};
    default: {
      const T by_a = select((operation == Operation::kMinimum) ? a < b : a > b, T(1), T(0));
      return {by_a, T(1) - by_a};
    }
  }
}

}  // namespace detail

// inputs -> values [count], one a step.
template <class T>
LS_FN void evaluate_steps(const ExpressionStep* steps, int count, const T* inputs, T* values) {
  for (int s = 0; s < count; ++s) {
    const ExpressionStep step = steps[s];
    if (step.operation == Operation::kInput) {
      values[s] = inputs[step.a];
    } else if (step.operation == Operation::kConstant) {
      values[s] = T(static_cast<Real<T>>(step.constant));
    } else if (step.operation == Operation::kPower) {
      values[s] = detail::whole_power(values[step.a], step.b);
    } else if (is_binary(step.operation)) {
      values[s] = detail::binary_value(step.operation, values[step.a], values[step.b]);
    } else {
      values[s] = detail::unary_value(step.operation, values[step.a]);
    }
  }
}

// Reverse sweep: given dy/d(value) of every step in bar [count], adds dy/d(input) to input_bar. `bar` is used up.
template <class T>
LS_FN void pull_back_steps(const ExpressionStep* steps, int count, const T* values, T* bar, T* input_bar) {
  for (int s = count - 1; s >= 0; --s) {
    const ExpressionStep step = steps[s];
    if (step.operation == Operation::kConstant) continue;
    if (step.operation == Operation::kInput) {
      input_bar[step.a] = input_bar[step.a] + bar[s];
    } else if (step.operation == Operation::kPower) {
      bar[step.a] = bar[step.a] + bar[s] * (T(step.b) * detail::whole_power(values[step.a], step.b - 1));
    } else if (is_binary(step.operation)) {
      const detail::BinarySlopes<T> slopes = detail::binary_slopes(step.operation, values[step.a], values[step.b]);
      bar[step.a] = bar[step.a] + bar[s] * slopes.by_a;
      bar[step.b] = bar[step.b] + bar[s] * slopes.by_b;
    } else {
      bar[step.a] = bar[step.a] + bar[s] * detail::unary_slope(step.operation, values[step.a], values[s]);
    }
  }
}

}  // namespace lockstep::kernels
