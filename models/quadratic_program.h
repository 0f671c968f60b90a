// Small convex quadratic programs with equalities and inequalities, by the dual active-set method.
// D. Goldfarb, A. Idnani 1983, Math. Programming 27, 1.
#pragma once

#include <optional>

#include <Eigen/Core>

namespace lockstep::models {

// min 1/2 x'Hx - g'x   with   equal x = equal_value,   least x >= least_value
struct QuadraticProgram {
  Eigen::MatrixXd H;  // [n][n] positive definite
  Eigen::VectorXd g;  // [n]
  Eigen::MatrixXd equal, least;
  Eigen::VectorXd equal_value, least_value;
};

struct QuadraticSolution {
  Eigen::VectorXd x;                 // [n]
  Eigen::VectorXd equal_multiplier;  // Hx - g = equal' equal_multiplier + least' least_multiplier
  Eigen::VectorXd least_multiplier;  // >= 0, zero where the inequality is not tight
};

// Nothing where no x meets the constraints, or H is not positive definite.
[[nodiscard]] std::optional<QuadraticSolution> solve(const QuadraticProgram& program);

}  // namespace lockstep::models
