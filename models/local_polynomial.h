// Local polynomials (Savitzky, Golay 1964): smoothed values and derivatives, window and degree by cross-validation.
#pragma once

#include "models/differentiation.h"

#include <span>
#include <vector>

namespace lockstep::models {

// Weights of a least-squares polynomial through `nodes` for its derivatives of order 0 and `order` at `at`.
struct LocalWeights {
  std::vector<double> value, derivative;  // [nodes]
};
[[nodiscard]] LocalWeights local_polynomial_weights(double at, std::span<const double> nodes, int degree, int order);

// One column of one trajectory.
struct ColumnSamples {
  std::span<const double> time, values;  // [rows]
};
struct ColumnResult {
  std::vector<double> smooth, derivative;  // [rows]
};

struct LocalPolynomialChoice {
  int window = 0;
  int degree = 0;
  double noise = 0;  // standard deviation
};

// Cross-validation (leave one row out) finds the window and degree that predict values best, and the noise with them.
// What predicts values best is too short for derivatives, so that the window of the derivative is the one of least
// estimated risk E|d_w - d|^2 = |d_w - p|^2 - s^2 |w_w - w_p|^2 + s^2 |w_w|^2, where p is a derivative of next to no
// bias (two degrees above the values' best), s the noise and w the weights (unbiased for unbiased p; compare Stein).
// A window or degree above 0 is kept.
[[nodiscard]] LocalPolynomialChoice choose_local_polynomial(std::span<const ColumnSamples> trajectories, int window,
                                                            int degree, int order);

[[nodiscard]] ColumnResult fit_local_polynomials(const ColumnSamples& samples, int window, int degree, int order);

}  // namespace lockstep::models
