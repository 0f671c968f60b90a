// Nested sequences of supports by downdates of an inverse and by pivoted elimination.
#include "models/optimisers/greedy_sequence.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Cholesky>

namespace lockstep::models::optimisers {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Least squares on the terms that are left, in units where columns and target have length 1. A term that goes is taken
// out of the inverse (P - p p' / P_jj of the others), which is computed afresh before its digits wear out.
class Elimination {
 public:
  Elimination(const UnitSums& units, int target, std::vector<int> terms, double alpha)
      : units_(units), target_(target), terms_(std::move(terms)), alpha_(alpha) {
    invert();
  }
  [[nodiscard]] const std::vector<int>& terms() const { return terms_; }
  [[nodiscard]] double residual() const { return residual_; }
  [[nodiscard]] double value(size_t i) const { return value_(static_cast<Index>(i)); }
  // Rise of the residual when term i goes and the others are fitted again.
  [[nodiscard]] double loss(size_t i) const {
    const auto at = static_cast<Index>(i);
    return value_(at) * value_(at) / inverse_(at, at);
  }

  void drop(size_t i) {
    constexpr int kDowndates = 64;
    constexpr size_t kFew = 24;
    const auto gone = static_cast<Index>(i);
    if (terms_.size() <= kFew || ++downdates_ >= kDowndates) {
      terms_.erase(terms_.begin() + gone);
      invert();
      return;
    }
    residual_ += loss(i);
    terms_.erase(terms_.begin() + gone);
    const VectorXd column = inverse_.col(gone);
    const double pivot = inverse_(gone, gone), value = value_(gone);
    inverse_ -= column * (column.transpose() / pivot);
    value_ -= column * (value / pivot);
    const Index after = value_.size() - 1 - gone, left = value_.size() - 1;
    inverse_.middleRows(gone, after) = inverse_.bottomRows(after).eval();
    inverse_.middleCols(gone, after) = inverse_.rightCols(after).eval();
    inverse_.conservativeResize(left, left);
    value_.segment(gone, after) = value_.tail(after).eval();
    value_.conservativeResize(left);
  }

 private:
  void invert() {
    const auto n = static_cast<Index>(terms_.size());
    downdates_ = 0;
    residual_ = 1;
    value_.resize(n);
    if (n == 0) return;
    MatrixXd matrix(n, n);
    VectorXd right(n);
    for (Index i = 0; i < n; ++i) {
      right(i) = units_.b(terms_[static_cast<size_t>(i)], target_);
      for (Index j = 0; j < n; ++j)
        matrix(i, j) = units_.G(terms_[static_cast<size_t>(i)], terms_[static_cast<size_t>(j)]);
      matrix(i, i) += alpha_;
    }
    const Eigen::LDLT<MatrixXd> factor(matrix);
    inverse_ = factor.solve(MatrixXd::Identity(n, n));
    value_ = factor.solve(right);
    value_ += factor.solve(right - matrix * value_);
    residual_ = std::max(0.0, 1 - 2 * value_.dot(right) + value_.dot(matrix * value_));
  }

  const UnitSums& units_;
  int target_;
  std::vector<int> terms_;
  double alpha_;
  MatrixXd inverse_;
  VectorXd value_;
  double residual_ = 1;
  int downdates_ = 0;
};

}  // namespace

std::vector<Step> backward_sequence(const Problem& problem, int target, const BackwardRule& rule) {
  const UnitSums units(problem.sums);
  Elimination left(units, target, candidates(problem, target), rule.alpha);
  std::vector<Step> sequence;
  while (true) {
    sequence.push_back({left.terms(), left.residual()});
    if (left.terms().empty()) return sequence;
    size_t least = 0;
    double size_of_least = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < left.terms().size(); ++i) {
      const double value = std::abs(left.value(i));
      const double size = rule.by_loss    ? left.loss(i)
                          : rule.in_units ? value
                                          : std::abs(units.coefficient(value, left.terms()[i], target));
      if (size < size_of_least) {
        size_of_least = size;
        least = i;
      }
    }
    left.drop(least);
  }
}

std::vector<Step> forward_sequence(const Problem& problem, int target, int max_terms) {
  const UnitSums units(problem.sums);
  std::vector<int> left = candidates(problem, target), terms;
  MatrixXd G = units.G;  // what is left of the columns after the chosen ones are taken out, and of their products
  VectorXd b = units.b.col(target);
  double residual = 1;
  std::vector<Step> sequence{{{}, 1.0}};
  constexpr double kRounding = 64 * std::numeric_limits<double>::epsilon();
  while (!left.empty() && static_cast<int>(terms.size()) < max_terms && residual > kRounding) {
    size_t best = left.size();
    double gain = 0;
    for (size_t i = 0; i < left.size(); ++i) {
      const double length = G(left[i], left[i]);
      if (length < 1e-12) continue;  // in the span of those chosen
      const double reduction = b(left[i]) * b(left[i]) / length;
      if (reduction > gain) {
        gain = reduction;
        best = i;
      }
    }
    if (best == left.size()) break;
    const int f = left[best];
    const VectorXd column = G.col(f) / G(f, f);
    b -= column * b(f);
    G -= column * G.row(f).eval();
    residual = std::max(0.0, residual - gain);
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(best));
    terms.insert(std::upper_bound(terms.begin(), terms.end(), f), f);
    sequence.push_back({terms, residual});
  }
  return sequence;
}

std::vector<int> chosen_terms(const std::vector<Step>& sequence, const std::string& criterion, double rows) {
  const Step* best = &sequence.front();
  double least = std::numeric_limits<double>::infinity();
  for (const Step& step : sequence) {
    const double value = information(criterion, rows, step.residual, static_cast<int>(step.terms.size()));
    if (value < least) {
      least = value;
      best = &step;
    }
  }
  return best->terms;
}

}  // namespace lockstep::models::optimisers
