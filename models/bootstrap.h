// Ensembles of thresholded regressions on resampled rows, members in lanes; a thousand of them take milliseconds.
// U. Fasel, J. N. Kutz, B. W. Brunton, S. L. Brunton 2022, Proc. R. Soc. A 478, 20210904 (E-SINDy).
#pragma once

#include "engine/settings.h"
#include "engine/view.h"
#include "kernels/bootstrap_batch.h"
#include "models/stlsq.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <Eigen/Core>

namespace lockstep::models {

// What engine/isa.h chooses at the time of the call.
[[nodiscard]] const kernels::BootstrapBatch& chosen_bootstrap_batch();

struct BootstrapConfig {
  int members = 1000;               // >= 1
  std::string resample = "groups";  // rows: every member draws as many rows as there are, with replacement
                                    // groups: rows are dealt to groups at random, members draw groups: as wide a
                                    //   spread as by rows, at a fraction of the cost
                                    // none: all rows (with drop_features: library bagging alone)
  int groups = 200;                 // >= 2; at most one a row
  int drop_features = 0;            // library bagging: features that each member must do without, at random, >= 0
  std::uint64_t seed = 0;           // of everything that is drawn

  void describe(Fields& fields);
  void check() const;  // throws Error
};

// Coefficients of all members, and what they say together.
class Bootstrap {
 public:
  Bootstrap(int features, int targets, int members);

  [[nodiscard]] int members() const { return members_; }
  [[nodiscard]] double coefficient(int member, int feature, int target) const {
    return values_[offset(feature, target) + static_cast<size_t>(member)];
  }
  // All members' [members], one after the other.
  [[nodiscard]] std::span<double> members_of(int feature, int target) {
    return std::span(values_).subspan(offset(feature, target), static_cast<size_t>(members_));
  }
  [[nodiscard]] std::span<const double> members_of(int feature, int target) const {
    return std::span(values_).subspan(offset(feature, target), static_cast<size_t>(members_));
  }
  [[nodiscard]] Eigen::MatrixXd member(int index) const;  // [features][targets]

  // Fills in what follows from the members; called by who fits them.
  void summarise();
  Eigen::MatrixXd mean, median;  // [features][targets]
  Eigen::MatrixXd spread;        // [features][targets] standard deviation over the members
  Eigen::MatrixXd inclusion;     // [features][targets] share of the members that have the term
  // The interval that holds the share `level` in (0, 1) of the members' coefficients, tails of equal weight.
  [[nodiscard]] std::pair<double, double> interval(int feature, int target, double level = 0.95) const;

  int fallbacks = 0;               // members whose sums were too ill-conditioned, solved by QR of their rows instead
  std::vector<std::string> notes;  // what a user should know: fallbacks, passes that did not settle

 private:
  [[nodiscard]] size_t offset(int feature, int target) const {
    return (static_cast<size_t>(target) * static_cast<size_t>(features_) + static_cast<size_t>(feature)) *
           static_cast<size_t>(members_);
  }
  int features_, targets_, members_;
  std::vector<double> values_;  // [targets][features][members]
};

// theta [rows][features], y [rows][targets]. Members depend on (seed, member), data and settings alone, not on how many
// there are. Errors as for Gram::add; fewer rows than features need alpha > 0.
[[nodiscard]] Bootstrap bootstrap_stlsq(View<const double, 2> theta, View<const double, 2> y, const StlsqConfig& config,
                                        const BootstrapConfig& bootstrap = {});

// How often a member of `bootstrap_stlsq` draws each row [rows].
[[nodiscard]] std::vector<double> rows_drawn(int rows, int member, const BootstrapConfig& bootstrap);

}  // namespace lockstep::models
