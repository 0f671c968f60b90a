// Equations out of measured motion, by one default configuration: smoothing chosen by generalised cross-validation, the
// weak form, and elimination to the elbow of the residual.
#pragma once

#include "engine/view.h"
#include "models/feature_library.h"
#include "models/shooting.h"
#include "models/stlsq.h"

#include <span>
#include <string>
#include <vector>

#include <Eigen/Core>

namespace lockstep::models {

struct IdentifyConfig {
  int smoothing_order = 4;          // of the local polynomials, even, in [2, 8]
  double window_share = 2;          // half width of a test function, in units of the fastest state's time constant, > 0
  int windows_per_half_width = 4;   // test functions begin so often, >= 1
  std::string criterion = "elbow";  // which number of terms is taken: see optimisers::information
  bool refine = true;               // noisy motion: coefficients by maximum likelihood (shooting.h)
  ShootingConfig shooting{.controls = "interpolated"};

  void check() const;  // throws Error
};

struct Identified {
  Eigen::MatrixXd coefficients;  // [features][states] of x' = Theta(x, u) c
  StlsqResult fit;               // of the weak rows, before they were refined
  std::vector<int> smoothing;    // [states] samples of the smoothing window; 0 where the data needed none
  int half_width = 0;            // samples
  Eigen::MatrixXd deviation;     // [features][states] of refined coefficients, else empty
  std::vector<double> noise;     // [states] estimated by the refinement, else empty
  int rows = 0;                  // test functions
};

// One evenly sampled trajectory: x [samples][states], u [samples][controls], timestep (s). For each test function phi
// of compact support (K. Messenger, D. Bortz 2021, Multiscale Model. Simul. 19, 1474) the equation
//   - integral of phi' x  =  integral of phi Theta(x, u)  c
// has no derivative of the data. Error for data that is not finite, and for fewer samples than four windows.
[[nodiscard]] Identified identify(View<const double, 2> x, View<const double, 2> u, double timestep,
                                  const FeatureLibrary& library, const IdentifyConfig& config = {});

// Local polynomial smoothing (Savitzky, Golay 1964) of one signal, its window chosen by generalised cross-validation
// (Craven, Wahba 1979); near the ends the last whole window's polynomial is used.
struct Smoothed {
  std::vector<double> values;
  int window = 0;  // samples; 0: the signal is left as it is, because no window predicts it better
};
[[nodiscard]] Smoothed smooth(std::span<const double> signal, int order);

}  // namespace lockstep::models
