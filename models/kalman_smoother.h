// Smoothing by a Kalman filter forwards and a Bryson-Frazier pass backwards, with the noise of highest likelihood.
#pragma once

#include "models/local_polynomial.h"

namespace lockstep::models {

// The motion is an integrated Wiener process: white noise of density q drives the derivative of order `smoothness`, and
// each value is measured with variance r (A. C. Harvey 1989, Forecasting, 3.4; the mean is a smoothing spline of degree
// 2 smoothness - 1). Time is counted in mean time steps.
struct KalmanChoice {
  double log_ratio = 0;  // log10(q / r)
  double noise = 0;      // sqrt(r)
};

// Maximum likelihood over log10(q / r) in [-18, 12], r in closed form. smoothness: 2 to 4.
[[nodiscard]] KalmanChoice choose_kalman(std::span<const ColumnSamples> trajectories, int smoothness);

// Smoothed values and derivatives of `order` < smoothness.
[[nodiscard]] ColumnResult kalman_smoothed(const ColumnSamples& samples, double log_ratio, int smoothness, int order);

}  // namespace lockstep::models
