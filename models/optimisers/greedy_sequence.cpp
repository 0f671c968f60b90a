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

struct UnitFit {
  MatrixXd inverse;
  VectorXd value;
  double residual = 1;
};

UnitFit solve_units(const UnitSums& units, int target, const std::vector<int>& terms, double alpha) {
  const auto n = static_cast<Index>(terms.size());
  UnitFit fit;
  if (n == 0) return fit;
  MatrixXd matrix(n, n);
  VectorXd right(n);
  for (Index i = 0; i < n; ++i) {
    right(i) = units.b(terms[static_cast<size_t>(i)], target);
    for (Index j = 0; j < n; ++j) matrix(i, j) = units.G(terms[static_cast<size_t>(i)], terms[static_cast<size_t>(j)]);
    matrix(i, i) += alpha;
  }
  const Eigen::LDLT<MatrixXd> factor(matrix);
  fit.inverse = factor.solve(MatrixXd::Identity(n, n));
  fit.value = factor.solve(right);
  fit.value += factor.solve(right - matrix * fit.value);
  fit.residual = std::max(0.0, 1 - 2 * fit.value.dot(right) + fit.value.dot(matrix * fit.value));
  return fit;
}

}  // namespace

std::vector<Step> backward_sequence(const Problem& problem, int target, const BackwardRule& rule) {
  const UnitSums units(problem.sums);
  std::vector<int> terms = candidates(problem, target);
  std::vector<Step> sequence;
  while (true) {
    const UnitFit fit = solve_units(units, target, terms, rule.alpha);
    sequence.push_back({terms, fit.residual});
    if (terms.empty()) return sequence;
    size_t least = 0;
    double size_of_least = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < terms.size(); ++i) {
      const auto at = static_cast<Index>(i);
      const double value = std::abs(fit.value(at));
      const double size = rule.by_loss    ? value * value / fit.inverse(at, at)
                          : rule.in_units ? value
                                          : std::abs(units.coefficient(value, terms[i], target));
      if (size < size_of_least) {
        size_of_least = size;
        least = i;
      }
    }
    terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(least));
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
