// Tests regulators and filters against closed forms, the equations themselves, and simulated averages.
#include "planners/riccati.h"
#include "kernels/philox.h"
#include "tests/planners/function_problem.h"
#include "tests/planners/reference_problems.h"

#include <cmath>
#include <limits>

#include <Eigen/Dense>
#include <gtest/gtest.h>

namespace lockstep::planners::testing {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

MatrixXd scalar(double value) { return MatrixXd::Constant(1, 1, value); }

// p = 1 + p - p^2 / (1 + p): the golden ratio.
TEST(SolveInfinite, IsTheGoldenRatioForTheUnitIntegrator) {
  const InfiniteRegulator r = solve_infinite({scalar(1), scalar(1), scalar(1), scalar(1), {}});
  ASSERT_EQ(r.status, RiccatiStatus::kSolved);
  const double golden = 0.5 * (1 + std::sqrt(5.0));
  EXPECT_NEAR(r.regulator.P(0, 0), golden, 1e-14);
  EXPECT_NEAR(r.regulator.K(0, 0), -1 / golden, 1e-14);
  EXPECT_NEAR(r.spectral_radius, 1 - 1 / golden, 1e-14);
}

LinearQuadratic chain() {
  const ReferenceProblem p = reference_problem("lqr_unstable_chain");
  const auto& plant = dynamic_cast<const LinearDynamics&>(*p.dynamics);
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return {Eigen::Map<const RowMajor>(plant.a().data(), 6, 6),
          Eigen::Map<const RowMajor>(plant.b().data(), 6, 2),
          MatrixXd::Identity(6, 6),
          0.1 * MatrixXd::Identity(2, 2),
          {}};
}

TEST(SolveInfinite, SolvesTheEquationOfAnUnstablePlantAndStabilisesIt) {
  LinearQuadratic p = chain();
  p.S = 0.05 * MatrixXd::Ones(6, 2);
  const InfiniteRegulator r = solve_infinite(p);
  ASSERT_EQ(r.status, RiccatiStatus::kSolved);
  const MatrixXd &P = r.regulator.P, BPA = p.B.transpose() * P * p.A + p.S.transpose();
  const MatrixXd right =
      p.Q + p.A.transpose() * P * p.A - BPA.transpose() * (p.R + p.B.transpose() * P * p.B).inverse() * BPA;
  EXPECT_LT((P - right).norm(), 1e-11 * P.norm());
  EXPECT_LT(r.spectral_radius, 1);
  // Left alone the chain runs away; the regulator brings it to rest at the rate of its spectral radius.
  VectorXd alone = VectorXd::Ones(6), regulated = alone;
  for (int k = 0; k < 2000; ++k) {
    alone = p.A * alone;
    regulated = p.A * regulated + p.B * (r.regulator.K * regulated);
    if (k == 999) alone /= alone.norm();
  }
  EXPECT_GT(alone.norm(), 10);
  EXPECT_NEAR(std::pow(regulated.norm(), 1.0 / 2000), r.spectral_radius, 0.01);
  EXPECT_LT(r.doublings, 20);
}

TEST(SolveFinite, TendsToTheInfiniteHorizonAndPaysTheReferenceCost) {
  const LinearQuadratic p = chain();
  const FiniteRegulator longer = solve_finite(p, 50 * MatrixXd::Identity(6, 6), 2000);
  ASSERT_EQ(longer.status, RiccatiStatus::kSolved);
  const InfiniteRegulator forever = solve_infinite(p);
  EXPECT_LT((longer.steps[0].P - forever.regulator.P).norm(), 1e-9 * forever.regulator.P.norm());
  const ReferenceProblem reference = reference_problem("lqr_unstable_chain");
  const FiniteRegulator r = solve_finite(p, 50 * MatrixXd::Identity(6, 6), reference.horizon);
  const Eigen::Map<const VectorXd> x0(reference.x0.data(), 6);
  EXPECT_NEAR(0.5 * x0.dot(r.steps[0].P * x0), reference.reference_cost(), 1e-9 * reference.reference_cost());
}

TEST(SolveInfinite, SaysWhatIsWrong) {
  const MatrixXd one = scalar(1), zero = scalar(0), two = scalar(2);
  EXPECT_EQ(solve_infinite({two, zero, one, one, {}}).status, RiccatiStatus::kNotStabilisable);
  EXPECT_EQ(solve_infinite({one, one, one, zero, {}}).status, RiccatiStatus::kControlNotPenalised);
  EXPECT_EQ(solve_infinite({one, one, one, -one, {}}).status, RiccatiStatus::kControlNotPenalised);
  EXPECT_EQ(solve_infinite({two, one, zero, one, {}}).status, RiccatiStatus::kNotStabilisable);  // unseen by the cost
  EXPECT_EQ(solve_infinite({MatrixXd::Ones(2, 2), one, one, one, {}}).status, RiccatiStatus::kBadShape);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(solve_infinite({scalar(nan), one, one, one, {}}).status, RiccatiStatus::kBadShape);
  EXPECT_EQ(solve_finite({one, one, one, -two, {}}, one, 5).status, RiccatiStatus::kControlNotPenalised);
  EXPECT_TRUE(solve_finite({one, one, one, one, {}}, one, 0).steps.empty());
}

LinearGaussian noisy_integrator() {
  LinearGaussian s;
  s.A = (MatrixXd(2, 2) << 1, 0.1, 0, 1).finished();
  s.B = (MatrixXd(2, 1) << 0.005, 0.1).finished();
  s.C = (MatrixXd(1, 2) << 1, 0).finished();
  s.W = (MatrixXd(2, 2) << 0.01, 0, 0, 0.04).finished();
  s.V = scalar(0.09);
  return s;
}

TEST(Kalman, SteadyFilterIsWhereTheTimeVaryingOneEnds) {
  const LinearGaussian s = noisy_integrator();
  const SteadyKalman steady = solve_kalman(s);
  ASSERT_EQ(steady.status, RiccatiStatus::kSolved);
  KalmanFilter filter(s, VectorXd::Zero(2), 100 * MatrixXd::Identity(2, 2));
  for (int k = 0; k < 500; ++k) {
    filter.predict(VectorXd::Zero(1));
    if (k == 499) {
      EXPECT_LT((filter.covariance() - steady.predicted).norm(), 1e-12);
    }
    filter.measure(VectorXd::Zero(1));
  }
  EXPECT_LT((filter.covariance() - steady.filtered).norm(), 1e-12);
}

// With V = W = 1 and an integrator the predicted variance is the golden ratio again.
TEST(Kalman, IsTheGoldenRatioForTheUnitIntegrator) {
  const SteadyKalman k = solve_kalman({scalar(1), scalar(1), scalar(1), scalar(1), scalar(1)});
  const double golden = 0.5 * (1 + std::sqrt(5.0));
  EXPECT_NEAR(k.predicted(0, 0), golden, 1e-14);
  EXPECT_NEAR(k.L(0, 0), golden / (1 + golden), 1e-14);
}

TEST(Kalman, LeavesOutAMeasurementThatIsNotFinite) {
  LinearGaussian s = noisy_integrator();
  s.C = MatrixXd::Identity(2, 2);
  s.V = MatrixXd::Identity(2, 2);
  KalmanFilter partial(s, VectorXd::Zero(2), MatrixXd::Identity(2, 2)), deaf = partial;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  partial.measure((VectorXd(2) << 3, nan).finished());
  EXPECT_NEAR(partial.mean()[0], 1.5, 1e-14);  // half way: both variances are 1
  EXPECT_EQ(partial.mean()[1], 0);
  deaf.measure(VectorXd::Constant(2, nan));
  EXPECT_EQ(deaf.covariance(), MatrixXd(MatrixXd::Identity(2, 2)));
}

// The mean cost of a step under LQG is 1/2 tr(P W) + 1/2 tr(K'(R + B'P B) K Sigma), Sigma the filtered covariance
// (Anderson, Moore 1990, sec. 8.2).
TEST(Lqg, PaysTheCostOfItsFormula) {
  const LinearGaussian s = noisy_integrator();
  const LinearQuadratic p{s.A, s.B, MatrixXd::Identity(2, 2), scalar(0.5), {}};
  const InfiniteRegulator regulator = solve_infinite(p);
  const SteadyKalman filter = solve_kalman(s);
  const MatrixXd &P = regulator.regulator.P, &K = regulator.regulator.K;
  const double expected =
      0.5 * ((P * s.W).trace() + (K.transpose() * (p.R + s.B.transpose() * P * s.B) * K * filter.filtered).trace());
  Lqg controller(s, regulator, filter);
  VectorXd x = VectorXd::Zero(2);
  double total = 0;
  constexpr int kSteps = 400000;
  for (std::uint32_t k = 0; k < kSteps; ++k) {
    const auto normal = [&](std::uint32_t i) { return kernels::normal<double>({3, 9}, 0, k, i); };
    const VectorXd y = s.C * x + VectorXd::Constant(1, 0.3 * normal(0));
    const VectorXd u = controller.act(y);
    total += 0.5 * (x.squaredNorm() + 0.5 * u.squaredNorm());
    x = s.A * x + s.B * u;
    x[0] += 0.1 * normal(2);
    x[1] += 0.2 * normal(3);
  }
  EXPECT_NEAR(total / kSteps, expected, 0.03 * expected);  // correlated over about 30 steps: error 1 %
}

}  // namespace
}  // namespace lockstep::planners::testing
