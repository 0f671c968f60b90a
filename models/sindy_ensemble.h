// Ensembles of SINDy models: bootstraps by weighted sums of normal equations, without touching a row again.
// U. Fasel, J. N. Kutz, B. W. Brunton, S. L. Brunton 2022, Proc. R. Soc. A 478, 20210904 (E-SINDy).
#pragma once

#include "models/sindy_fit.h"

#include <cstdint>
#include <vector>

namespace lockstep::models {

struct EnsembleConfig {
  int members = 20;                // >= 1
  int groups = 200;                // rows are put into that many groups at random (at most one a row), and groups are
                                   // drawn with replacement: as wide as drawing rows, at a fraction of the cost
  std::string combine = "median";  // median | mean: of the members' coefficients, term by term
  std::uint64_t seed = 0;          // of groups and draws

  void describe(Fields& fields);
  void check() const;  // throws Error
};

struct SindyEnsemble {
  Sindy combined;
  std::vector<Sindy> members;
  Eigen::MatrixXd inclusion;  // [features][nx] share of the members that have the term
  Eigen::MatrixXd spread;     // [features][nx] standard deviation of the coefficient over the members
  FitReport report;           // of the fit to all rows, from which integrator and middle states are taken
};

// Errors as for fit_sindy. Deterministic: members depend on (seed, member) and the data alone.
[[nodiscard]] SindyEnsemble fit_ensemble(const TransitionData& data, const SindySystem& system,
                                         const SindyConfig& config = {}, const EnsembleConfig& ensemble = {});

// Group of every row [rows] and how often each member draws each group [members][groups].
struct BootstrapDraws {
  std::vector<int> group_of;
  std::vector<std::vector<double>> counts;
};
[[nodiscard]] BootstrapDraws draw_bootstraps(int rows, const EnsembleConfig& config);

}  // namespace lockstep::models
