// Least squares under linear constraints: the quadratic program in columns and targets of unit length.
#include "models/optimisers/constrained_fit.h"
#include "engine/error.h"
#include "models/quadratic_program.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

namespace lockstep::models::optimisers {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

struct Unknown {
  int feature, target;
  double scale;  // coefficient = scale * unknown
};

std::vector<Unknown> unknowns_of(const Problem& problem, const UnitSums& units, const TermMask& mask) {
  std::vector<Unknown> unknowns;
  for (int k = 0; k < problem.sums.targets(); ++k) {
    for (int f = 0; f < problem.sums.features(); ++f) {
      const double target = units.target(k) > 0 ? units.target(k) : 1.0;
      if (mask(f, k) && units.length(f) > 0) unknowns.push_back({f, k, target / units.length(f)});
    }
  }
  return unknowns;
}

// The columns of a matrix on all coefficients that belong to the unknowns, in their units.
MatrixXd in_unknowns(const MatrixXd& matrix, const std::vector<Unknown>& unknowns, int features) {
  MatrixXd out(matrix.rows(), static_cast<Index>(unknowns.size()));
  for (size_t i = 0; i < unknowns.size(); ++i) {
    const Unknown& u = unknowns[i];
    out.col(static_cast<Index>(i)) = matrix.col(static_cast<Index>(u.target) * features + u.feature) * u.scale;
  }
  return out;
}

void check_shape(const Problem& problem) {
  const LinearConstraints& c = problem.constraints;
  const Index all = static_cast<Index>(problem.sums.features()) * problem.sums.targets();
  const bool fits = (c.equal_matrix.rows() == 0 || c.equal_matrix.cols() == all) &&
                    (c.least_matrix.rows() == 0 || c.least_matrix.cols() == all) &&
                    c.equal_matrix.rows() == c.equal_value.size() && c.least_matrix.rows() == c.least_value.size();
  if (fits) return;
  throw Error(fmt::format("constraints of {} and {} columns, {} and {} values for {} and {} rows",
                          c.equal_matrix.cols(), c.least_matrix.cols(), c.equal_value.size(), c.least_value.size(),
                          c.equal_matrix.rows(), c.least_matrix.rows()),
              "sparse regression",
              fmt::format("give matrices of targets * features = {} columns and a value per row", all));
}

}  // namespace

std::optional<MatrixXd> constrained_fit(const Problem& problem, const TermMask& mask, double ridge,
                                        const MatrixXd* pull, const QuadraticPenalty& penalty) {
  check_shape(problem);
  const UnitSums units(problem.sums);
  const std::vector<Unknown> unknowns = unknowns_of(problem, units, mask);
  const int features = problem.sums.features();
  const auto n = static_cast<Index>(unknowns.size());
  QuadraticProgram program{MatrixXd::Zero(n, n),
                           VectorXd::Zero(n),
                           in_unknowns(problem.constraints.equal_matrix, unknowns, features),
                           in_unknowns(problem.constraints.least_matrix, unknowns, features),
                           problem.constraints.equal_value,
                           problem.constraints.least_value};
  for (Index i = 0; i < n; ++i) {
    const Unknown& a = unknowns[static_cast<size_t>(i)];
    for (Index j = 0; j < n; ++j) {
      const Unknown& b = unknowns[static_cast<size_t>(j)];
      if (a.target == b.target) program.H(i, j) = units.G(a.feature, b.feature);
    }
    program.H(i, i) += std::max(ridge, 1e-13);
    program.g(i) = units.b(a.feature, a.target);
    if (pull != nullptr) program.g(i) += ridge * (*pull)(a.feature, a.target) / a.scale;
  }
  if (penalty.weight > 0) {
    const MatrixXd rows = in_unknowns(penalty.rows, unknowns, features);
    program.H += penalty.weight * rows.transpose() * rows;
    program.g += penalty.weight * rows.transpose() * penalty.value;
  }
  // A constraint none of whose terms may be used holds, or nothing helps.
  std::optional<QuadraticSolution> solution = solve(program);
  if (!solution) return {};
  MatrixXd c = MatrixXd::Zero(features, problem.sums.targets());
  for (Index i = 0; i < n; ++i) {
    const Unknown& u = unknowns[static_cast<size_t>(i)];
    c(u.feature, u.target) = solution->x(i) * u.scale;
  }
  return c;
}

int monomial_index(const FeatureLibrary& library, int i, int j) {
  Feature feature;
  if (j < 0) feature = {{Factor::Kind::kPower, i, 1}};
  if (j == i) feature = {{Factor::Kind::kPower, i, 2}};
  if (j >= 0 && j != i)
    feature = {{Factor::Kind::kPower, std::min(i, j), 1}, {Factor::Kind::kPower, std::max(i, j), 1}};
  const auto& all = library.features();
  const auto found = std::find(all.begin(), all.end(), feature);
  return found == all.end() ? -1 : static_cast<int>(found - all.begin());
}

LinearConstraints energy_constraints(const FeatureLibrary& library) {
  const int n = library.num_states(), p = library.size();
  std::map<std::array<int, 3>, std::vector<int>> terms;  // cubic monomial -> coefficients that give it
  for (int equation = 0; equation < n; ++equation) {
    for (int a = 0; a < n; ++a) {
      for (int b = a; b < n; ++b) {
        const int feature = monomial_index(library, a, b);
        if (feature < 0) continue;
        std::array<int, 3> cubic{equation, a, b};
        std::sort(cubic.begin(), cubic.end());
        terms[cubic].push_back(equation * p + feature);
      }
    }
  }
  LinearConstraints constraints;
  constraints.equal_matrix = MatrixXd::Zero(static_cast<Index>(terms.size()), static_cast<Index>(n) * p);
  constraints.equal_value = VectorXd::Zero(static_cast<Index>(terms.size()));
  Index row = 0;
  for (const auto& [cubic, coefficients] : terms) {
    for (const int at : coefficients) constraints.equal_matrix(row, at) = 1;
    ++row;
  }
  return constraints;
}

}  // namespace lockstep::models::optimisers
