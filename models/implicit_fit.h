// Rational equations of motion from series: SINDy-PI (K. Kaheman, J. N. Kutz, S. L. Brunton 2020, Proc. R. Soc. A 476).
#pragma once

#include "models/differentiation.h"
#include "models/series.h"
#include "models/sindy_fit.h"

#include <string>
#include <vector>

namespace lockstep::models {

struct ImplicitConfig {
  std::string numerator = "polynomial(2)";    // libraries as text (library_text.h) of P and Q in x' = P / Q
  std::string denominator = "polynomial(1)";  // the same, in states and controls
  std::string optimiser = "stepwise";         // who chooses the terms: `lockstep list optimisers`
  Settings with = {};                         // its own settings
  double threshold = 1e-3;  // stepwise, stlsq: share of a target's rms that a term must be worth (stepwise.h)
  double significance = 6;  // standard errors a coefficient must be away from 0
  DifferentiationConfig differentiation = {};

  void describe(Fields& fields);
  void check() const;  // throws Error
};

struct ImplicitFit {
  Sindy model;                         // its terms are quotients where the law is one
  std::vector<std::string> relations;  // [nx] "x0' (0.3 + 1 x0) = 0.18 - 0.9 x0"
  std::vector<double> error;           // [nx] rms of x' - P / Q relative to the rms of x'
};

// Q x' = P is linear in both: every term of Q x' in turn stands on the left and is regressed on all other terms, all
// from one Gram matrix; of the relations found, the one whose quotient predicts x' best for its number of terms is
// taken. Error as for differentiate() and parse_library(), and where no relation predicts anything.
[[nodiscard]] ImplicitFit fit_implicit(std::span<const Series> series, SindySystem system,
                                       const ImplicitConfig& config = {});

}  // namespace lockstep::models
