// Partial differential equations from fields on grids in one or two dimensions (S. H. Rudy et al. 2017, Science
// Advances).
#pragma once

#include "models/sindy_fit.h"

#include <span>
#include <string>
#include <vector>

namespace lockstep::models {

// Values of fields on a grid, which may be uneven. Does not own them.
struct FieldGrid {
  std::span<const double> time;            // [times] s, increasing
  std::span<const double> x;               // [points], increasing
  std::span<const double> y = {};          // [points], increasing; empty: one dimension
  std::span<const double> values;          // [fields][times][x][y]
  std::vector<std::string> names = {"u"};  // [fields]

  [[nodiscard]] int fields() const { return static_cast<int>(names.size()); }
  [[nodiscard]] bool is_plane() const { return !y.empty(); }
};

struct PdeConfig {
  int derivatives = 2;                 // highest order in space, 1 to 4; in two dimensions of all directions together
  int degree = 2;                      // of the polynomials in the fields that multiply them, 0 to 6
  int accuracy = 4;                    // order of the finite differences' error, 2 to 8
  int every = 1;                       // use every n-th point of each axis in the regression
  std::string optimiser = "stepwise";  // who chooses the terms: `lockstep list optimisers`
  Settings with = {};                  // its own settings
  double threshold =
      1e-3;  // stepwise, stlsq: share of the time derivative's rms that a term must be worth (stepwise.h)
  double significance = 4;  // standard errors a coefficient must be away from 0

  void describe(Fields& fields);
  void check() const;  // throws Error
};

struct PdeFit {
  FeatureLibrary library;           // inputs: the fields, then their derivatives
  std::vector<std::string> inputs;  // u, v, u_x, u_xx, u_xy ... in the library's order
  Eigen::MatrixXd coefficients;     // [features][fields]
  std::vector<double> score;        // [fields] R^2 of the time derivative
  int rows = 0;

  // "u_t = -1 u u_x + 0.1 u_xx"
  [[nodiscard]] std::vector<std::string> equations(int significant_digits = 4) const;
};

// Polynomials of the fields, alone and times every derivative; rows are grid points away from the edges, where
// differences are one-sided. Error, naming axis or point, for axes that do not increase, sizes that do not fit, numbers
// that are not finite, and axes with too few points.
[[nodiscard]] PdeFit fit_pde(const FieldGrid& grid, const PdeConfig& config = {});

}  // namespace lockstep::models
