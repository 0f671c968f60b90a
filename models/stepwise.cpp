// Stepwise backward elimination: the inverse of the normal matrix, downdated as terms go.
#include "models/stepwise.h"
#include "engine/error.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <Eigen/Cholesky>

namespace lockstep::models {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using Index = Eigen::Index;
using AllowedTerms = Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic>;

constexpr int kDowndates = 16;  // after so many the inverse is computed afresh: each loses some digits

// The terms that are left for one target, in units where features and target have length 1.
class Elimination {
 public:
  Elimination(const NormalEquations& sums, const StepwiseConfig& config, const AllowedTerms& allowed, int target)
      : sums_(sums), config_(config), target_(target), length_(std::sqrt(sums.y_y(target, target))) {
    for (int f = 0; f < sums.features(); ++f) {
      const bool is_allowed = allowed.size() == 0 || allowed(f, target);
      if (is_allowed && sums.theta_theta(f, f) > 0 && length_ > 0) terms_.push_back(f);
    }
    invert();
  }

  [[nodiscard]] const std::vector<int>& terms() const { return terms_; }

  // Drops the term that is missed least; false where every term is needed.
  bool drop_one() {
    if (terms_.empty()) return false;
    Index least = 0;
    double loss = std::numeric_limits<double>::infinity();
    for (Index j = 0; j < coefficients_.size(); ++j) {
      const double without = coefficients_(j) * coefficients_(j) / inverse_(j, j);
      if (without < loss) {
        loss = without;
        least = j;
      }
    }
    const double degrees = std::max(1.0, sums_.weight - static_cast<double>(terms_.size()));
    const double variance = residual() / degrees;
    if (loss >
        std::max(config_.threshold * config_.threshold, config_.significance * config_.significance * variance)) {
      return false;
    }
    remove(least);
    return true;
  }

 private:
  [[nodiscard]] double scale(size_t i) const { return 1 / std::sqrt(sums_.theta_theta(terms_[i], terms_[i])); }

  // Share of the target's sum of squares that is not explained.
  [[nodiscard]] double residual() const {
    return std::max(1 - coefficients_.dot(right_side_), std::numeric_limits<double>::epsilon());
  }

  void invert() {
    const auto n = static_cast<Index>(terms_.size());
    MatrixXd matrix(n, n);
    right_side_.resize(n);
    downdates_ = 0;
    if (n == 0) {
      coefficients_.resize(0);
      return;
    }
    for (Index i = 0; i < n; ++i) {
      const auto a = static_cast<size_t>(i);
      right_side_(i) = sums_.theta_y(terms_[a], target_) * scale(a) / length_;
      for (Index j = 0; j < n; ++j) {
        const auto b = static_cast<size_t>(j);
        matrix(i, j) = sums_.theta_theta(terms_[a], terms_[b]) * scale(a) * scale(b);
      }
      matrix(i, i) += config_.alpha;
    }
    inverse_ = matrix.llt().solve(MatrixXd::Identity(n, n));
    coefficients_ = inverse_ * right_side_;
  }

  void remove(Index term) {
    terms_.erase(terms_.begin() + term);
    if (++downdates_ >= kDowndates) {
      invert();
      return;
    }
    // Inverse of the matrix without one row and column: P - p p' / P_jj, of the rows and columns that stay.
    const VectorXd column = inverse_.col(term);
    const double pivot = inverse_(term, term), gone = coefficients_(term);
    inverse_ -= column * (column.transpose() / pivot);
    coefficients_ -= column * (gone / pivot);
    const Index left = coefficients_.size() - 1 - term;
    const auto close_row = [&](MatrixXd& m) { m.middleRows(term, left) = m.bottomRows(left).eval(); };
    close_row(inverse_);
    inverse_.middleCols(term, left) = inverse_.rightCols(left).eval();
    inverse_.conservativeResize(inverse_.rows() - 1, inverse_.cols() - 1);
    for (VectorXd* const v : {&coefficients_, &right_side_}) {
      v->segment(term, left) = v->tail(left).eval();
      v->conservativeResize(v->size() - 1);
    }
  }

  const NormalEquations& sums_;
  const StepwiseConfig& config_;
  int target_;
  double length_;
  std::vector<int> terms_;
  MatrixXd inverse_;
  VectorXd right_side_, coefficients_;
  int downdates_ = 0;
};

}  // namespace

StlsqResult stepwise(const NormalEquations& sums, const StepwiseConfig& config, const AllowedTerms& allowed,
                     const ResidualPass& residual_pass) {
  if (!(config.threshold >= 0) || !(config.significance >= 0) || !(config.alpha > 0) || config.refinements < 0) {
    throw Error("a negative threshold, significance or refinements, or alpha not above 0", "stepwise regression",
                "give threshold >= 0, significance >= 0, alpha > 0, refinements >= 0");
  }
  StlsqResult result;
  result.coefficients = MatrixXd::Zero(sums.features(), sums.targets());
  for (int target = 0; target < sums.targets(); ++target) {
    Elimination elimination(sums, config, allowed, target);
    int dropped = 0;
    while (elimination.drop_one()) ++dropped;
    const SupportFit fit = fit_support(sums, target, elimination.terms(), config.refinements, residual_pass);
    for (size_t i = 0; i < elimination.terms().size(); ++i) {
      result.coefficients(elimination.terms()[i], target) = fit.coefficients(static_cast<Index>(i));
    }
    result.iterations.push_back(dropped);
    result.residual.push_back(fit.residual);
    result.condition.push_back(fit.condition);
    if (!fit.note.empty()) result.notes.push_back("target " + std::to_string(target) + ": " + fit.note);
  }
  return result;
}

}  // namespace lockstep::models
