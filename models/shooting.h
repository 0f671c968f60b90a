// Refines the coefficients of given terms by maximum likelihood: multiple shooting through noisy samples of motion.
// H. G. Bock 1983, "Recent advances in parameter identification techniques for ODE"; H. U. Voss, J. Timmer, J. Kurths
// 2004, Int. J. Bifurcation and Chaos 14, 1905 (section 5).
#pragma once

#include "engine/settings.h"
#include "models/series.h"
#include "models/sindy.h"

#include <span>
#include <string>
#include <vector>

#include <Eigen/Core>

namespace lockstep::models {

// The motion is cut into windows, each with a state at its first sample. The model's own steps lead through a window;
// what is made least is
//   sum over samples |x - measured|^2 / noise^2  +  sum over windows |jump to the next window|^2 / (jump noise)^2
// by Gauss-Newton steps on all window states and coefficients (a block tridiagonal system with an arrow), with the
// noise of each state re-estimated on the way. Short windows keep chaos from hiding the minimum; jumps that are
// hundredths of the noise keep nearly all that one long trajectory knows.
struct ShootingConfig {
  double window_times = 2;  // length of a window in the time constant of the fastest state (rms deviation over rms
                            // slope), > 0
  double jump = 0.01;       // standard deviation of the jumps between windows, in units of the noise, > 0
  double significance =
      3;  // a term goes whose coefficient is fewer of its standard deviations away from 0; 0: all stay
  std::string controls = "auto";  // held: over a step, as a simulator does; interpolated: the mean of both ends of a
                                  // step, for controls that were sampled; auto: what makes the data likelier
  int max_iterations = 40;        // >= 1, in all
  double tolerance = 0.01;        // largest last change of a coefficient, in its standard deviations, > 0

  void describe(Fields& fields);
  void check() const;  // throws Error
};

struct Shooting {
  Sindy model;                // the same terms, or fewer
  Eigen::MatrixXd deviation;  // [features][nx] of the coefficients, from the curvature of the likelihood
  std::vector<double> noise;  // [nx] standard deviations of the measurement noise
  double log_likelihood = 0;  // of the samples, up to a constant: - sum over states of samples ln(noise)
  int windows = 0;
  int iterations = 0;
  bool converged = false;          // else `model` is the best that was met
  std::vector<std::string> notes;  // terms that went, no convergence
};

// series: even time steps of the model's timestep; x as measured, smooth to begin from. Deterministic. Error for uneven
// time, no series of 3 rows, and a model without terms. A model that diverges within a window is given back as it is.
[[nodiscard]] Shooting refine_by_shooting(std::span<const Series> series, const Sindy& model,
                                          const ShootingConfig& config = {});

}  // namespace lockstep::models
