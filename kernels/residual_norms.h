// Costs as weighted norms of residuals, on the lane type: norms, the sum over terms, and the risk transform.
// The norms and the transform are MuJoCo MPC's (Howell et al., "Predictive sampling", 2022, sec. 3.1 and eq. 5), which
// names the parameters p too; Huber's is of Huber, "Robust estimation of a location parameter", 1964.
#pragma once

#include "kernels/lanes.h"
#include "kernels/math.h"

namespace lockstep::kernels {

enum class Norm : std::int32_t {
  kQuadratic,  // x^2 / 2
  kAbsolute,   // |x|
  kSmoothAbs,  // sqrt(x^2 + p^2) - p
  kHuber,      // x^2 / 2 within p, beyond it the tangent p (|x| - p / 2)
  kCosh,       // p^2 (cosh(x / p) - 1)
  kPower,      // (x^2 + e^2)^(p / 2) - e^p, e = 1e-6: |x|^p with all derivatives at 0
};

// Numbers first ... first + count - 1 of the residual.
struct ResidualTerm {
  int first = 0, count = 1;
  Norm norm = Norm::kQuadratic;
  double weight = 1;           // >= 0
  double terminal_weight = 0;  // >= 0, of the last state
  double parameter = 1;        // p, > 0
};

// One norm of one number, T a lane type or a dual number.
template <class T>
LS_FN T apply_norm(Norm norm, const T& x, double p) {
  constexpr double e = 1e-6;
  switch (norm) {
    case Norm::kAbsolute:
      return absolute(x);
    case Norm::kSmoothAbs:
      return square_root(x * x + T(p * p)) - T(p);
    case Norm::kHuber: {
      const T size = absolute(x);
      return select(size <= T(p), T(0.5) * x * x, T(p) * (size - T(0.5 * p)));
    }
    case Norm::kCosh: {
      const T grown = exponential(x * T(1 / p));
      return T(p * p) * (T(0.5) * (grown + T(1) / grown) - T(1));
    }
    case Norm::kPower: {
      const T size = exponential(T(0.5 * p) * logarithm(x * x + T(e * e)));
      return size - exponential(T(p) * logarithm(T(e)));
    }
    case Norm::kQuadratic:
      break;
  }
  return T(0.5) * x * x;
}

// sum over terms of weight times the norms of its residuals; kTerminal: of the last state.
template <bool kTerminal, class T>
LS_FN T sum_terms(const ResidualTerm* terms, int num_terms, const T* residual) {
  T sum = T(0);
  for (int i = 0; i < num_terms; ++i) {
    const ResidualTerm& term = terms[i];
    const double weight = kTerminal ? term.terminal_weight : term.weight;
    if (weight == 0) continue;  // zero weight: not even what is infinite counts
    T norms = T(0);
    for (int j = 0; j < term.count; ++j)
      norms = norms + apply_norm(term.norm, residual[term.first + j], term.parameter);
    sum = sum + T(weight) * norms;
  }
  return sum;
}

// (exp(R l) - 1) / R: seeks risk for R < 0, shuns it for R > 0; l itself for R = 0.
template <class T>
LS_FN T transform_risk(const T& cost, double risk) {
  if (risk == 0) return cost;
  return T(1 / risk) * (exponential(T(risk) * cost) - T(1));
}

}  // namespace lockstep::kernels
