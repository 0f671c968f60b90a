// Thresholded least squares over whole grids of thresholds and ridges, and over folds, from sums made once.
#pragma once

#include "models/gram.h"
#include "models/regression_rows.h"
#include "models/stlsq.h"

#include <string>
#include <vector>

#include <Eigen/Core>

namespace lockstep::models {

struct PathPoint {
  double threshold = 0;
  double alpha = 0;
};

// Every threshold with every ridge: point t * alphas + a.
[[nodiscard]] std::vector<PathPoint> grid(const std::vector<double>& thresholds, const std::vector<double>& alphas);
// `count` >= 2 numbers from low > 0 to high in equal ratios.
[[nodiscard]] std::vector<double> geometric_steps(double low, double high, int count);

struct SparsePath {
  std::vector<PathPoint> points;
  std::vector<Eigen::MatrixXd> coefficients;  // [points] of [features][targets]
  Eigen::MatrixXd residual;                   // [points][targets] weighted mean square of y - Theta c
  Eigen::MatrixXi terms;                      // [points][targets]
  std::vector<std::string> notes;             // points that were solved by QR because their sums did not do

  // Information criteria of a target's fit at each point, up to a constant (Akaike 1974; Schwarz 1978):
  // rows ln(residual) + penalty terms, with penalty 2 (AIC, corrected for few rows) or ln(rows) (BIC). [points]
  [[nodiscard]] std::vector<double> aic(int target) const;
  [[nodiscard]] std::vector<double> bic(int target) const;
  double weight = 0;  // of the sums: the rows
};

// threshold and alpha of `config` are not used.
[[nodiscard]] SparsePath stlsq_path(const NormalEquations& sums, const std::vector<PathPoint>& points,
                                    const StlsqConfig& config = {});

// What each point is worth on rows that it was not fitted to: the sums of each fold are taken from the total.
struct CrossValidation {
  Eigen::MatrixXd error;      // [points][targets] mean over folds of the mean square of y - Theta c in the fold
  Eigen::MatrixXd deviation;  // [points][targets] standard error of that mean
  std::vector<int> best;      // [targets] point of least error
  std::vector<int>
      sparsest;  // [targets] fewest terms among those within one standard error of it (Breiman et al. 1984)
};
[[nodiscard]] CrossValidation cross_validate(const std::vector<NormalEquations>& folds,
                                             const std::vector<PathPoint>& points, const StlsqConfig& config = {});

// Sums of `count` runs of consecutive rows of nearly equal length: folds for time series. Error for fewer than 2 folds
// or fewer rows than folds.
[[nodiscard]] std::vector<NormalEquations> fold_sums(const RegressionRows& data, int count);

// Arithmetic of sums over the same features and targets; weights add up too.
[[nodiscard]] NormalEquations sum_of(const std::vector<NormalEquations>& parts);
// Each part times its weight >= 0 [parts].
[[nodiscard]] NormalEquations weighted_sum_of(const std::vector<NormalEquations>& parts,
                                              const std::vector<double>& weights);
[[nodiscard]] NormalEquations without(const NormalEquations& total, const NormalEquations& part);

// Weighted mean square of y - Theta c of one target, c [features].
[[nodiscard]] double mean_square_error(const NormalEquations& sums, int target, const Eigen::VectorXd& c);

}  // namespace lockstep::models
