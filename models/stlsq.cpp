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

// The normal matrix of some columns, scaled to unit length and factorised.
class ScaledSystem {
 public:
  ScaledSystem(const NormalEquations& sums, const std::vector<int>& support, double alpha, bool relative_ridge) {
    const auto n = static_cast<Index>(support.size());
    matrix_.resize(n, n);
    scale_.resize(n);
    for (Index i = 0; i < n; ++i) {
      const double square = sums.theta_theta(support[static_cast<size_t>(i)], support[static_cast<size_t>(i)]);
      scale_(i) = 1 / std::sqrt(square);
    }
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < n; ++j) {
        matrix_(i, j) =
            sums.theta_theta(support[static_cast<size_t>(i)], support[static_cast<size_t>(j)]) * scale_(i) * scale_(j);
      }
      matrix_(i, i) = 1 + alpha * (relative_ridge ? 1.0 : scale_(i) * scale_(i));
    }
    cholesky_.compute(matrix_);
    const double smallest = cholesky_.info() == Eigen::Success ? cholesky_.matrixLLT().diagonal().minCoeff() : 0.0;
    // A pivot of that size holds rounding errors alone.
    is_regular_ = smallest * smallest > 16 * static_cast<double>(n) * std::numeric_limits<double>::epsilon();
    if (!is_regular_) orthogonal_.compute(matrix_);
  }

  [[nodiscard]] VectorXd solve(const VectorXd& scaled_right_side) const {
    if (is_regular_) return cholesky_.solve(scaled_right_side);
    return orthogonal_.solve(scaled_right_side);
  }

  // c with (G + ridge) c = right_side, refined with residuals in extended precision.
  [[nodiscard]] VectorXd coefficients(const VectorXd& right_side, int refinements) const {
    const VectorXd b = right_side.cwiseProduct(scale_);
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

  // A step from a residual of the data: c += step.
  [[nodiscard]] VectorXd step(const VectorXd& residual) const {
    return solve(residual.cwiseProduct(scale_)).cwiseProduct(scale_);
  }

  // Of the scaled columns, not of their squares.
  [[nodiscard]] double condition() const {
    if (!is_regular_) return std::numeric_limits<double>::infinity();
    return matrix_.rows() == 0 ? 1.0 : 1 / std::sqrt(std::max(cholesky_.rcond(), 1e-300));
  }

 private:
  MatrixXd matrix_;
  VectorXd scale_;
  Eigen::LLT<MatrixXd> cholesky_;
  Eigen::CompleteOrthogonalDecomposition<MatrixXd> orthogonal_;
  bool is_regular_ = true;
};

VectorXd right_side(const MatrixXd& theta_y, int target, const std::vector<int>& support) {
  VectorXd b(static_cast<Index>(support.size()));
  for (size_t i = 0; i < support.size(); ++i) b(static_cast<Index>(i)) = theta_y(support[i], target);
  return b;
}

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
};

TargetFit fit_target(const NormalEquations& sums, const StlsqConfig& config, int target, std::vector<int> candidates,
                     const ResidualPass& residual_pass) {
  TargetFit fit;
  fit.support = std::move(candidates);
  fit.coefficients.resize(0);
  while (fit.iterations < config.max_iterations && !fit.support.empty() && !fit.converged) {
    const ScaledSystem system(sums, fit.support, config.alpha, on_contribution(config));
    const VectorXd c = system.coefficients(right_side(sums.theta_y, target, fit.support), config.refinements);
    fit.condition = system.condition();
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
  fit.coefficients = system.coefficients(right_side(sums.theta_y, target, support), refinements);
  fit.condition = system.condition();
  const bool is_refined = residual_pass && std::isfinite(fit.condition);
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
  }
  return result;
}

}  // namespace lockstep::models
