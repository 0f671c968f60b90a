// Optimisers by name, and what they share: supports, scaled sums, information criteria.
#include "models/optimisers/optimiser.h"
#include "engine/error.h"
#include "engine/named_entry.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lockstep::models::optimisers {

const Entry& find(std::string_view name) { return find_entry(entries(), "optimiser", name); }

std::vector<int> candidates(const Problem& problem, int target) {
  std::vector<int> features;
  for (int f = 0; f < problem.sums.features(); ++f) {
    const bool is_allowed = problem.allowed.size() == 0 || problem.allowed(f, target);
    if (is_allowed && problem.sums.theta_theta(f, f) > 0) features.push_back(f);
  }
  return features;
}

void refuse_constraints(const Problem& problem, std::string_view optimiser) {
  if (problem.constraints.empty()) return;
  throw Error(std::string(optimiser) + " takes no constraints", "sparse regression",
              "choose constrained_sr3, or leave the constraints out");
}

StlsqResult fit_supports(const Problem& problem, const std::vector<std::vector<int>>& supports, int refinements) {
  StlsqResult result;
  result.coefficients = Eigen::MatrixXd::Zero(problem.sums.features(), problem.sums.targets());
  for (int target = 0; target < problem.sums.targets(); ++target) {
    const std::vector<int>& support = supports[static_cast<size_t>(target)];
    const SupportFit fit = fit_support(problem.sums, target, support, refinements, problem.residual_pass);
    for (size_t i = 0; i < support.size(); ++i) {
      result.coefficients(support[i], target) = fit.coefficients(static_cast<Eigen::Index>(i));
    }
    result.iterations.push_back(0);
    result.residual.push_back(fit.residual);
    result.condition.push_back(fit.condition);
    if (!fit.note.empty()) result.notes.push_back("target " + std::to_string(target) + ": " + fit.note);
  }
  return result;
}

UnitSums::UnitSums(const NormalEquations& sums)
    : G(sums.theta_theta),
      b(sums.theta_y),
      length(sums.theta_theta.diagonal().cwiseMax(0).cwiseSqrt()),
      target(sums.y_y.diagonal().cwiseMax(0).cwiseSqrt()) {
  const auto inverse = [](double x) { return x > 0 ? 1 / x : 0.0; };
  const Eigen::VectorXd by_length = length.unaryExpr(inverse), by_target = target.unaryExpr(inverse);
  G = by_length.asDiagonal() * G * by_length.asDiagonal();
  b = by_length.asDiagonal() * b * by_target.asDiagonal();
}

double information(const std::string& criterion, double rows, double residual, int terms) {
  if (criterion == "elbow") {
    constexpr double kDecadesPerTerm = 0.2, kFloor = 1e-12;
    return std::log10(residual + kFloor) + kDecadesPerTerm * terms;
  }
  const double likelihood = rows * std::log(std::max(residual, 64 * std::numeric_limits<double>::epsilon()));
  if (criterion == "bic") return likelihood + std::log(std::max(rows, 2.0)) * terms;
  if (rows <= terms + 2) return std::numeric_limits<double>::infinity();
  return likelihood + 2.0 * terms + 2.0 * terms * (terms + 1) / (rows - terms - 1);
}

}  // namespace lockstep::models::optimisers
