// Derivatives of recorded motion, whether sampled evenly or not, smoothed against noise as far as the data allow.
#pragma once

#include "engine/settings.h"
#include "engine/view.h"

#include <span>
#include <string>
#include <vector>

namespace lockstep::models {

// One trajectory's samples. Does not own them.
struct Samples {
  std::span<const double> time;  // [rows] s, increasing
  View<const double, 2> values;  // [rows][columns]
};

struct DifferentiationConfig {
  // finite_difference  weights of B. Fornberg 1988 (Math. Comp. 51, 699): any spacing; no smoothing
  // savitzky_golay     local polynomials (Savitzky, Golay 1964); window and degree by cross-validation
  // spectral           of the Fourier series; even sampling only
  // total_variation    l1 trend filtering (Kim et al. 2009, SIAM Review 51, 339): derivatives with few kinks
  // kalman             integrated Wiener process, smoothed forwards and backwards; noise by maximum likelihood
  std::string method = "savitzky_golay";
  int order = 1;          // of the derivative: 1 or 2 (finite_difference: 1 to 6)
  int accuracy = 4;       // finite_difference: order of the error in the time step, 1 to 12
  int window = 0;         // savitzky_golay: rows, odd; 0: chosen
  int degree = 0;         // savitzky_golay: of the polynomials, 1 to 8; 0: chosen
  bool periodic = false;  // spectral: the last row is followed by the first; else the motion is reflected at its ends
  double weight = 0;      // total_variation: of the penalty, relative to the largest of any effect, (0, 1); 0: chosen
  int smoothness = 0;     // total_variation, kalman: the derivative that is driven by kinks or noise, 2 to 4; 0: 3, 4

  [[nodiscard]] int driven_derivative() const;  // smoothness, or its default

  void describe(Fields& fields);
  void check() const;  // throws Error
};

// Of one trajectory.
struct Differentiated {
  std::vector<double> smooth;      // [rows][columns] the values without their noise
  std::vector<double> derivative;  // [rows][columns]
};

// What was chosen for each column, alike in all trajectories.
struct DifferentiationChoice {
  std::vector<int> window, degree;  // [columns] savitzky_golay
  std::vector<double> noise;        // [columns] standard deviation of the noise (0 where the method has no estimate)
  std::vector<double> weight;       // [columns] total_variation
};

// Error for times that do not increase (naming trajectory and row), numbers that are not finite, and a trajectory that
// is too short: fewer rows than minimum_rows(config).
[[nodiscard]] std::vector<Differentiated> differentiate(std::span<const Samples> trajectories,
                                                        const DifferentiationConfig& config,
                                                        DifferentiationChoice* choice = nullptr);
[[nodiscard]] int minimum_rows(const DifferentiationConfig& config);

// Weights [nodes] of the derivative of `order` at `at` from values at `nodes` (distinct), exact for polynomials of
// degree nodes - 1.
[[nodiscard]] std::vector<double> finite_difference_weights(double at, std::span<const double> nodes, int order);

// The time step if all steps agree to a millionth, else 0.
[[nodiscard]] double even_step(std::span<const double> time);

}  // namespace lockstep::models
