// Sequentially thresholded least squares on normal equations (Brunton, Proctor, Kutz 2016, PNAS 113, 3932).
#pragma once

#include "engine/settings.h"
#include "models/gram.h"

#include <functional>
#include <string>
#include <vector>

#include <Eigen/Core>

namespace lockstep::models {

struct StlsqConfig {
  double threshold = 0.1;                    // terms below it are dropped, >= 0; its scale is `threshold_on`
  std::string threshold_on = "coefficient";  // coefficient | contribution
                                             //   coefficient: |c| as it is, as in PySINDy
                                             //   contribution: |c| rms(feature) / rms(target), without a unit
  double alpha = 0.05;      // ridge, >= 0. coefficient: added to Theta'Theta as it is, as in PySINDy (so that its
                            // effect falls with the number of rows); contribution: to columns of unit length
  bool unbias = true;       // solve once more without ridge on the terms that stayed
  int max_iterations = 20;  // >= 1
  int refinements = 2;      // passes of iterative refinement of every solve, >= 0

  void describe(Fields& fields);
  void check() const;  // throws Error
};

struct StlsqResult {
  Eigen::MatrixXd coefficients;         // [features][targets], zero where dropped
  std::vector<int> iterations;          // [targets]
  std::vector<double> residual;         // [targets] weighted mean square of y - Theta c, from the sums: never below 0
  std::vector<double> condition;        // [targets] of the last solve's columns scaled to unit length (estimate);
                                        // infinite where they were dependent
  bool converged = true;                // the set of terms settled within max_iterations, for every target
  Eigen::MatrixXd deviation = {};       // [features][targets] standard deviations of the coefficients, posterior
                                        // (sparse_bayes) or over members (ensemble), else empty
  Eigen::MatrixXd inclusion = {};       // [features][targets] share of the members with the term (ensemble), else empty
  std::vector<std::string> notes = {};  // what a user should know: dependent columns, a fallback to QR, no convergence

  [[nodiscard]] int terms() const;
};

// Theta'W (Y - Theta c) for all targets at given coefficients [features][targets]: computed from the data, it lets the
// last solve be refined beyond what the sums hold (they square the condition number).
using ResidualPass = std::function<Eigen::MatrixXd(const Eigen::MatrixXd& coefficients)>;

// allowed [features][targets]: terms that may be chosen (empty: all).
// Features that are zero in all rows are never chosen. Dependent columns get the solution of least length.
[[nodiscard]] StlsqResult stlsq(const NormalEquations& sums, const StlsqConfig& config,
                                const Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic>& allowed = {},
                                const ResidualPass& residual_pass = {});

// Plain least squares on given terms.
struct SupportFit {
  Eigen::VectorXd coefficients;  // [support]
  double residual = 0;           // as in StlsqResult
  double condition = 1;
  std::string note = {};  // empty, or why the sums alone did not do
};
[[nodiscard]] SupportFit fit_support(const NormalEquations& sums, int target, const std::vector<int>& support,
                                     int refinements, const ResidualPass& residual_pass = {});

}  // namespace lockstep::models
