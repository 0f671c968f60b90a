// Sequentially thresholded least squares: the solves, the thresholding, the refinement.
#include "models/stlsq.h"
#include "engine/error.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Cholesky>
#include <Eigen/QR>

namespace lockstep::models {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using Index = Eigen::Index;

VectorXd right_side(const MatrixXd& theta_y, int target, const std::vector<int>& support) {
  VectorXd b(static_cast<Index>(support.size()));
  for (size_t i = 0; i < support.size(); ++i) b(static_cast<Index>(i)) = theta_y(support[i], target);
  return b;
}

// The normal matrix of some columns, scaled to unit length and factorised; where its pivots come near rounding and the
// rows' factor R is there, the columns of R instead.
class ScaledSystem {
 public:
  ScaledSystem(const NormalEquations& sums, const std::vector<int>& support, double alpha, bool relative_ridge)
      : sums_(sums), support_(support) {
    const auto n = static_cast<Index>(support.size());
    matrix_.resize(n, n);
    scale_.resize(n);
    VectorXd ridge(n);
    for (Index i = 0; i < n; ++i) {
      const double square = sums.theta_theta(support[static_cast<size_t>(i)], support[static_cast<size_t>(i)]);
      scale_(i) = 1 / std::sqrt(square);
      ridge(i) = alpha * (relative_ridge ? 1.0 : scale_(i) * scale_(i));
    }
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < n; ++j) {
        matrix_(i, j) =
            sums.theta_theta(support[static_cast<size_t>(i)], support[static_cast<size_t>(j)]) * scale_(i) * scale_(j);
      }
      matrix_(i, i) = 1 + ridge(i);
    }
    cholesky_.compute(matrix_);
    const double root = cholesky_.info() == Eigen::Success ? cholesky_.matrixLLT().diagonal().minCoeff() : 0.0;
    if (n > 0 && sums.factor.size() > 0 && !(root > 0 && cholesky_.rcond() > kLeastReciprocal)) {
      use_factor(ridge);
      return;
    }
    // A pivot of that size holds rounding errors alone.
    is_regular_ = root * root > 16 * static_cast<double>(n) * std::numeric_limits<double>::epsilon();
    if (!is_regular_) orthogonal_.compute(matrix_);
  }

  // c with (G + ridge) c = Theta' y, refined with residuals in extended precision.
  [[nodiscard]] VectorXd coefficients(int target, int refinements) const {
    if (uses_factor_) {
      VectorXd y = VectorXd::Zero(stacked_rows_);
      y.head(sums_.factor.rows()) = sums_.factor.col(sums_.features() + target);
      return orthogonal_.solve(y).cwiseProduct(scale_);
    }
    const VectorXd b = right_side(sums_.theta_y, target, support_).cwiseProduct(scale_);
    VectorXd c = solve(b);
    for (int pass = 0; pass < refinements && is_regular_; ++pass) {
      VectorXd residual(c.size());
      for (Index i = 0; i < c.size(); ++i) {
        long double sum = b(i);
        for (Index j = 0; j < c.size(); ++j) sum -= static_cast<long double>(matrix_(i, j)) * c(j);
        residual(i) = static_cast<double>(sum);
      }
      c += solve(residual);
    }
    return c.cwiseProduct(scale_);
  }

  // A step from a residual of the data: c += step. Of no use where the sums' factor is not.
  [[nodiscard]] VectorXd step(const VectorXd& residual) const {
    return solve(residual.cwiseProduct(scale_)).cwiseProduct(scale_);
  }

  // Of the scaled columns, not of their squares.
  [[nodiscard]] double condition() const {
    if (!is_regular_) return std::numeric_limits<double>::infinity();
    if (uses_factor_) return factor_condition_;
    return matrix_.rows() == 0 ? 1.0 : 1 / std::sqrt(std::max(cholesky_.rcond(), 1e-300));
  }
  [[nodiscard]] bool is_refinable() const { return is_regular_ && !uses_factor_; }

  [[nodiscard]] std::string note() const {
    if (!is_regular_) return "dependent columns: the solution of least length was taken";
    if (uses_factor_) return "columns too close to dependent for normal equations: solved by QR of the rows";
    return {};
  }

 private:
  static constexpr double kLeastReciprocal = 1e-12;  // of the sums: a condition number of the columns of 1e6

  void use_factor(const VectorXd& ridge) {
    const auto n = static_cast<Index>(support_.size());
    const Index rows = sums_.factor.rows();
    const bool has_ridge = ridge.maxCoeff() > 0;
    stacked_rows_ = rows + (has_ridge ? n : 0);
    MatrixXd stacked = MatrixXd::Zero(stacked_rows_, n);
    for (Index i = 0; i < n; ++i) {
      stacked.col(i).head(rows) = sums_.factor.col(support_[static_cast<size_t>(i)]) * scale_(i);
      if (has_ridge) stacked(rows + i, i) = std::sqrt(ridge(i));
    }
    orthogonal_.setThreshold(16 * static_cast<double>(n) * std::numeric_limits<double>::epsilon());
    orthogonal_.compute(stacked);
    is_regular_ = orthogonal_.rank() == n;
    const VectorXd diagonal = orthogonal_.matrixT().diagonal().cwiseAbs();
    factor_condition_ = diagonal.maxCoeff() / std::max(diagonal.minCoeff(), 1e-300);
    uses_factor_ = true;
  }

  [[nodiscard]] VectorXd solve(const VectorXd& scaled_right_side) const {
    if (is_regular_) return cholesky_.solve(scaled_right_side);
    return orthogonal_.solve(scaled_right_side);
  }

  const NormalEquations& sums_;
  const std::vector<int>& support_;
  MatrixXd matrix_;
  VectorXd scale_;
  Eigen::LLT<MatrixXd> cholesky_;
  Eigen::CompleteOrthogonalDecomposition<MatrixXd> orthogonal_;
  Index stacked_rows_ = 0;
  double factor_condition_ = 1;
  bool is_regular_ = true;
  bool uses_factor_ = false;
};

bool on_contribution(const StlsqConfig& config) { return config.threshold_on == "contribution"; }

// Size of a term on the scale of the threshold.
double term_size(const NormalEquations& sums, const StlsqConfig& config, int feature, int target, double coefficient) {
  if (!on_contribution(config)) return std::abs(coefficient);
  const double target_square = sums.y_y(target, target);
  if (target_square <= 0) return 0;
  return std::abs(coefficient) * std::sqrt(sums.theta_theta(feature, feature) / target_square);
}

double mean_square_residual(const NormalEquations& sums, int target, const std::vector<int>& support,
                            const VectorXd& coefficients) {
  // y'y - 2 c'b + c'G c, where cancellation leaves about 1e-16 y'y.
  long double sum = sums.y_y(target, target);
  for (size_t i = 0; i < support.size(); ++i) {
    const long double ci = coefficients(static_cast<Index>(i));
    sum -= 2 * ci * sums.theta_y(support[i], target);
    for (size_t j = 0; j < support.size(); ++j) {
      sum += ci * coefficients(static_cast<Index>(j)) * sums.theta_theta(support[i], support[j]);
    }
  }
  return sums.weight > 0 ? std::max(0.0, static_cast<double>(sum)) / sums.weight : 0.0;
}

struct TargetFit {
  std::vector<int> support;
  VectorXd coefficients;
  int iterations = 0;
  double condition = 1;
  bool converged = false;
  std::string note;
};

TargetFit fit_target(const NormalEquations& sums, const StlsqConfig& config, int target, std::vector<int> candidates,
                     const ResidualPass& residual_pass) {
  TargetFit fit;
  fit.support = std::move(candidates);
  fit.coefficients.resize(0);
  while (fit.iterations < config.max_iterations && !fit.support.empty() && !fit.converged) {
    const ScaledSystem system(sums, fit.support, config.alpha, on_contribution(config));
    const VectorXd c = system.coefficients(target, config.refinements);
    fit.condition = system.condition();
    if (fit.note.empty()) fit.note = system.note();
    std::vector<int> kept;
    std::vector<double> values;
    for (size_t i = 0; i < fit.support.size(); ++i) {
      const double value = c(static_cast<Index>(i));
      if (!(term_size(sums, config, fit.support[i], target, value) >= config.threshold)) continue;
      kept.push_back(fit.support[i]);
      values.push_back(value);
    }
    fit.converged = kept.size() == fit.support.size();
    fit.support = std::move(kept);
    fit.coefficients = VectorXd::Map(values.data(), static_cast<Index>(values.size()));
    ++fit.iterations;
  }
  if (fit.support.empty()) fit.converged = true;
  if (config.unbias && !fit.support.empty()) {
    SupportFit last = fit_support(sums, target, fit.support, config.refinements, residual_pass);
    fit.coefficients = std::move(last.coefficients);
    fit.condition = last.condition;
    if (fit.note.empty()) fit.note = std::move(last.note);
  }
  return fit;
}

}  // namespace

void StlsqConfig::describe(Fields& fields) {
  fields.add("threshold", threshold, "terms below it are dropped", {0, 1e12});
  fields.add_choice("threshold_on", threshold_on,
                    "what the threshold is held against: |c|, or |c| rms(feature) / rms(target)",
                    {"coefficient", "contribution"});
  fields.add("alpha", alpha, "ridge", {0, 1e12});
  fields.add("unbias", unbias, "solve once more without ridge on the terms that stayed");
  fields.add("max_iterations", max_iterations, "of thresholding", {1, 1000});
  fields.add("refinements", refinements, "passes of iterative refinement", {0, 10});
}

void StlsqConfig::check() const {
  if (threshold_on != "coefficient" && threshold_on != "contribution") {
    throw Error("threshold_on = '" + threshold_on + "' is unknown", "sparse regression",
                "choose coefficient or contribution");
  }
  if (!(threshold >= 0) || !(alpha >= 0) || max_iterations < 1 || refinements < 0) {
    throw Error("a negative or missing threshold, alpha, max_iterations or refinements", "sparse regression",
                "give threshold >= 0, alpha >= 0, max_iterations >= 1, refinements >= 0");
  }
}

int StlsqResult::terms() const { return static_cast<int>((coefficients.array() != 0).count()); }

SupportFit fit_support(const NormalEquations& sums, int target, const std::vector<int>& support, int refinements,
                       const ResidualPass& residual_pass) {
  SupportFit fit;
  if (support.empty()) {
    fit.residual = mean_square_residual(sums, target, support, fit.coefficients);
    return fit;
  }
  const ScaledSystem system(sums, support, 0, false);
  fit.coefficients = system.coefficients(target, refinements);
  fit.condition = system.condition();
  fit.note = system.note();
  const bool is_refined = residual_pass && system.is_refinable();
  for (int pass = 0; pass < refinements && is_refined; ++pass) {
    MatrixXd all = MatrixXd::Zero(sums.features(), sums.targets());
    for (size_t i = 0; i < support.size(); ++i) all(support[i], target) = fit.coefficients(static_cast<Index>(i));
    fit.coefficients += system.step(right_side(residual_pass(all), target, support));
  }
  fit.residual = mean_square_residual(sums, target, support, fit.coefficients);
  return fit;
}

StlsqResult stlsq(const NormalEquations& sums, const StlsqConfig& config,
                  const Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic>& allowed,
                  const ResidualPass& residual_pass) {
  config.check();
  const int targets = sums.targets();
  StlsqResult result;
  result.coefficients = MatrixXd::Zero(sums.features(), targets);
  for (int target = 0; target < targets; ++target) {
    std::vector<int> candidates;
    for (int f = 0; f < sums.features(); ++f) {
      const bool is_allowed = allowed.size() == 0 || allowed(f, target);
      if (is_allowed && sums.theta_theta(f, f) > 0) candidates.push_back(f);
    }
    const TargetFit fit = fit_target(sums, config, target, std::move(candidates), residual_pass);
    for (size_t i = 0; i < fit.support.size(); ++i) {
      result.coefficients(fit.support[i], target) = fit.coefficients(static_cast<Index>(i));
    }
    result.iterations.push_back(fit.iterations);
    result.residual.push_back(mean_square_residual(sums, target, fit.support, fit.coefficients));
    result.condition.push_back(fit.condition);
    result.converged = result.converged && fit.converged;
    if (!fit.note.empty()) result.notes.push_back("target " + std::to_string(target) + ": " + fit.note);
    if (!fit.converged) result.notes.push_back("target " + std::to_string(target) + ": the terms had not settled");
  }
  return result;
}

}  // namespace lockstep::models
