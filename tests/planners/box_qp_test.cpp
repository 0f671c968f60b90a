// Tests the box-constrained quadratic program against enumeration of all active sets.
#include "planners/box_qp.h"
#include "kernels/philox.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <Eigen/Dense>
#include <gtest/gtest.h>

namespace lockstep::planners {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct RandomProblem {
  Matrix H;
  Eigen::VectorXd g, lower, upper;
};

// H = R'R + 0.01 I; boxes of which some are narrow, so that active sets of all kinds occur.
RandomProblem random_problem(int n, std::uint32_t number) {
  const kernels::RandomStream key{17, 1};
  std::uint32_t index = 0;
  const auto normal = [&] { return kernels::normal<double>(key, number, 0, index++); };
  RandomProblem p{Matrix(n, n), Eigen::VectorXd(n), Eigen::VectorXd(n), Eigen::VectorXd(n)};
  Matrix root(n, n);
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) root(i, j) = normal();
  p.H = root.transpose() * root + 0.01 * Matrix::Identity(n, n);
  for (int i = 0; i < n; ++i) {
    p.g[i] = 3 * normal();
    const double centre = normal();
    const double half = std::abs(normal());
    p.lower[i] = centre - half;
    p.upper[i] = centre + half;
  }
  return p;
}

double objective(const RandomProblem& p, const Eigen::VectorXd& x) { return 0.5 * x.dot(p.H * x) + p.g.dot(x); }

// The minimum over all 3^n assignments of {at lower, free, at upper} whose solution is feasible.
Eigen::VectorXd enumerate(const RandomProblem& p) {
  const int n = static_cast<int>(p.g.size());
  Eigen::VectorXd best;
  double best_value = std::numeric_limits<double>::infinity();
  int sets = 1;
  for (int i = 0; i < n; ++i) sets *= 3;
  for (int set = 0; set < sets; ++set) {
    Eigen::VectorXd x(n);
    std::vector<int> free;
    for (int i = 0, code = set; i < n; ++i, code /= 3) {
      if (code % 3 == 2) free.push_back(i);
      x[i] = code % 3 == 0 ? p.lower[i] : code % 3 == 1 ? p.upper[i] : 0;
    }
    const int m = static_cast<int>(free.size());
    Matrix H(m, m);
    Eigen::VectorXd g(m);
    const Eigen::VectorXd held = p.H * x + p.g;
    for (int i = 0; i < m; ++i) {
      g[i] = held[free[i]];
      for (int j = 0; j < m; ++j) H(i, j) = p.H(free[i], free[j]);
    }
    if (m > 0) {
      const Eigen::VectorXd solution = -H.ldlt().solve(g);
      for (int i = 0; i < m; ++i) x[free[i]] = solution[i];
    }
    const bool feasible = (x.array() >= p.lower.array()).all() && (x.array() <= p.upper.array()).all();
    if (feasible && objective(p, x) < best_value) {
      best_value = objective(p, x);
      best = x;
    }
  }
  return best;
}

class BoxQpOfSize : public testing::TestWithParam<int> {};

TEST_P(BoxQpOfSize, EqualsTheBestOfAllActiveSets) {
  const int n = GetParam();
  BoxQp box(n);
  for (std::uint32_t number = 0; number < 200; ++number) {
    const RandomProblem p = random_problem(n, number);
    Eigen::VectorXd x = Eigen::VectorXd::Zero(n);
    ASSERT_EQ(box.solve(p.H.data(), p.g.data(), p.lower.data(), p.upper.data(), x.data()), BoxQp::Status::kSolved);
    const Eigen::VectorXd expected = enumerate(p);
    // The problems' condition numbers reach 1e5: rounding of x is up to that times 1e-16 times its size.
    EXPECT_LT((x - expected).cwiseAbs().maxCoeff(), 1e-9) << "problem " << number;
  }
}

TEST_P(BoxQpOfSize, SatisfiesTheOptimalityConditions) {
  const int n = GetParam();
  BoxQp box(n);
  for (std::uint32_t number = 1000; number < 1200; ++number) {
    const RandomProblem p = random_problem(n, number);
    Eigen::VectorXd x = p.upper;
    box.solve(p.H.data(), p.g.data(), p.lower.data(), p.upper.data(), x.data());
    const Eigen::VectorXd gradient = p.H * x + p.g;
    const double tolerance = 1e-10 * (1 + p.H.cwiseAbs().maxCoeff() * x.cwiseAbs().maxCoeff());
    for (int i = 0; i < n; ++i) {
      ASSERT_GE(x[i], p.lower[i]);
      ASSERT_LE(x[i], p.upper[i]);
      const double into_the_box = x[i] == p.lower[i] ? std::min(gradient[i], 0.0) : gradient[i];
      const double breach = x[i] == p.upper[i] ? std::max(gradient[i], 0.0) : into_the_box;
      EXPECT_NEAR(breach, 0, tolerance) << "problem " << number << ", variable " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, BoxQpOfSize, testing::Values(1, 2, 3, 5));

TEST(BoxQp, SolvesTheFreeBlockWithItsFactor) {
  BoxQp box(3);
  const double H[] = {4, 1, 0, 1, 3, 1, 0, 1, 5}, g[] = {-1, -100, 2}, lower[] = {-9, -9, -9}, upper[] = {9, 9, 9};
  double x[3] = {};
  ASSERT_EQ(box.solve(H, g, lower, upper, x), BoxQp::Status::kSolved);
  ASSERT_EQ(x[1], 9);  // held; 0 and 2 are free
  ASSERT_EQ(box.free().size(), 2U);
  double b[] = {8, 4, 10, 5};  // two columns
  box.solve_free(b, 2);        // H_ff = diag(4, 5)
  EXPECT_DOUBLE_EQ(b[0], 2);
  EXPECT_DOUBLE_EQ(b[1], 1);
  EXPECT_DOUBLE_EQ(b[2], 2);
  EXPECT_DOUBLE_EQ(b[3], 1);
}

TEST(BoxQp, SaysWhereTheHessianIsNotPositiveDefinite) {
  BoxQp box(2);
  const double H[] = {1, 2, 2, 1}, g[] = {0.1, 0.2}, lower[] = {-1, -1}, upper[] = {1, 1};
  double x[2] = {};
  EXPECT_EQ(box.solve(H, g, lower, upper, x), BoxQp::Status::kNotPositiveDefinite);
}

TEST(BoxQp, TakesInfiniteBounds) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  BoxQp box(2);
  const double H[] = {2, 0, 0, 4}, g[] = {-2, 8}, lower[] = {-infinity, -infinity}, upper[] = {infinity, infinity};
  double x[2] = {};
  EXPECT_EQ(box.solve(H, g, lower, upper, x), BoxQp::Status::kSolved);
  EXPECT_DOUBLE_EQ(x[0], 1);
  EXPECT_DOUBLE_EQ(x[1], -2);
}

}  // namespace
}  // namespace lockstep::planners
