// Optimiser: chooses the terms of a sparse regression and their coefficients, from sums alone. One file each, one list.
#pragma once

#include "engine/settings.h"
#include "models/feature_library.h"
#include "models/gram.h"
#include "models/stlsq.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <Eigen/Core>

namespace lockstep::models::optimisers {

using TermMask = Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic>;  // [features][targets]

// Linear constraints on the coefficients of all targets together, c [targets * features], entry target * features + f:
//   equal_matrix c = equal_value,   least_value <= least_matrix c
struct LinearConstraints {
  Eigen::MatrixXd equal_matrix;  // [equalities][targets * features]
  Eigen::VectorXd equal_value;   // [equalities]
  Eigen::MatrixXd least_matrix;  // [inequalities][targets * features]
  Eigen::VectorXd least_value;   // [inequalities]

  [[nodiscard]] bool empty() const { return equal_matrix.rows() == 0 && least_matrix.rows() == 0; }
};

// Sums of disjoint parts of the rows, for optimisers that look at more than the total.
struct RowParts {
  std::vector<NormalEquations> folds = {};   // whole trajectories, or runs of rows: held out in turn
  std::vector<NormalEquations> groups = {};  // rows dealt at random: drawn with replacement
};
// How many of them an optimiser asks for; 0: none.
struct PartsNeeded {
  int folds = 0;
  int groups = 0;
  std::uint64_t seed = 0;  // of the deal
};

// What is to be fitted. Only the sums must be given.
struct Problem {
  const NormalEquations& sums;
  TermMask allowed = {};                    // terms that may be chosen; empty: all
  ResidualPass residual_pass = {};          // see models/stlsq.h
  LinearConstraints constraints = {};       // an Error where the optimiser does not take them
  Eigen::MatrixXd threshold_weights = {};   // [features][targets] factors of sr3's thresholds; empty: 1
  const FeatureLibrary* library = nullptr;  // what the features are; trapping_sr3 needs it
  const RowParts* parts = nullptr;          // at least as many as the optimiser's parts_needed()
};

class Optimiser {
 public:
  virtual ~Optimiser() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual PartsNeeded parts_needed() const { return {}; }
  // Deterministic. Dependent columns, passes that did not converge and fallbacks are said in the result's notes.
  [[nodiscard]] virtual StlsqResult fit(const Problem& problem) const = 0;
};

// One row of the generated table.
struct Entry {
  std::string_view name;
  std::string_view summary;
  std::function<std::unique_ptr<Optimiser>(const Settings&)> make;  // unknown keys and bad values throw Error
  std::function<Settings()> defaults;
};

// In the order of models/CMakeLists.txt.
std::span<const Entry* const> entries();
// Throws Error with the nearest name.
const Entry& find(std::string_view name);

// ---- For who writes an optimiser ----

// Features that a target may use: allowed, and not zero in all rows.
[[nodiscard]] std::vector<int> candidates(const Problem& problem, int target);
// Throws Error where there are constraints.
void refuse_constraints(const Problem& problem, std::string_view optimiser);
// Plain least squares on the terms chosen for each target: coefficients, residuals, conditions and notes.
[[nodiscard]] StlsqResult fit_supports(const Problem& problem, const std::vector<std::vector<int>>& supports,
                                       int refinements = 2);

// The sums of columns scaled to unit length (features and targets): what makes penalties free of units.
struct UnitSums {
  Eigen::MatrixXd G;       // [features][features] 1 on the diagonal; 0 for a feature that is zero in all rows
  Eigen::MatrixXd b;       // [features][targets]
  Eigen::VectorXd length;  // [features] of the columns
  Eigen::VectorXd target;  // [targets] lengths
  explicit UnitSums(const NormalEquations& sums);
  [[nodiscard]] double coefficient(double unit_value, int feature, int k) const {
    return length(feature) > 0 ? unit_value * target(k) / length(feature) : 0.0;
  }
};

// Which number of terms is taken along a sequence of nested fits.
//   aic, bic   rows ln(residual) + penalty of one term times terms: 2 (corrected for few rows), or ln(rows)
//   elbow      log10(residual) + 0.2 terms: a term must lower the residual by 37 %, however many rows there are. For
//              equations out of measured motion, where the residual is the data's smoothing and its bias, not white
//              noise, and significance grows with the rows without meaning: wrong terms gain a few per cent, true ones
//              decades.
// residual: share of the target's sum of squares that is left, floored where rounding ends it.
[[nodiscard]] double information(const std::string& criterion, double rows, double residual, int terms);

}  // namespace lockstep::models::optimisers
