// The weak form of a sparse regression: equations integrated against test functions, so that no derivative is taken.
// D. A. Messenger, D. M. Bortz 2021 (Multiscale Model. Simul. 19, 1474); P. A. K. Reinbold, D. R. Gurevich,
// R. O. Grigoriev 2020 (Phys. Rev. E 101, 010203).
#pragma once

#include "engine/settings.h"
#include "models/feature_library.h"
#include "models/gram.h"
#include "models/series.h"

#include <vector>

namespace lockstep::models {

// A test function phi(t) = (1 - s^2)^order, s = (t - centre) / half width, vanishes with `order` - 1 derivatives at the
// ends of its domain, so that  int phi Theta(x, u) dt c = - int phi' x dt.  Integrals are sums over the samples
// (trapezoidal rule), whose error falls with the power order + 1 of the step.
struct WeakFormConfig {
  int domains = 2000;     // in all, spread evenly over the trajectories, >= 1
  double half_width = 0;  // s; 0: chosen, `widths` characteristic times of the motion
  double widths = 1.5;    // half width in characteristic times: rms deviation over rms slope of the fastest state, > 0
  int order = 8;          // of the test functions, 2 to 20

  void describe(Fields& fields);
  void check() const;  // throws Error
};

// The half width in s that `config` asks for: never beyond a third of the longest trajectory, at least 5 mean steps.
[[nodiscard]] double weak_half_width(std::span<const Series> series, const WeakFormConfig& config);

// The weak rows, and their normal equations; each is divided by the norm of its phi' weights (its noise is then the
// same for all). targets: states that get an equation. Error where no trajectory has `rows_needed` = 11 rows.
// `skipped`: trajectories that are too short for a domain.
void weak_rows(std::span<const Series> series, const FeatureLibrary& library, const std::vector<int>& targets,
               const WeakFormConfig& config, const RowSink& sink, int* skipped = nullptr);
[[nodiscard]] NormalEquations weak_normal_equations(std::span<const Series> series, const FeatureLibrary& library,
                                                    const std::vector<int>& targets, const WeakFormConfig& config,
                                                    int* skipped = nullptr);

}  // namespace lockstep::models
