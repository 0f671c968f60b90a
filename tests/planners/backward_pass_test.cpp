// Tests the backward pass against differences of rollouts, and the projection of Hessians.
#include "planners/backward_pass.h"
#include "planners/psd_projection.h"
#include "tests/planners/function_problem.h"
#include "tests/planners/reference_problems.h"

#include <cmath>
#include <vector>

#include <Eigen/Dense>
#include <gtest/gtest.h>

namespace lockstep::planners::testing {
namespace {

// The trajectory under the warm start "sin0.1" and the derivatives along it.
struct Expanded {
  explicit Expanded(const ReferenceProblem& p)
      : controls(p.warm_start("sin0.1")),
        states(static_cast<size_t>((p.horizon + 1) * p.nx)),
        model(p.horizon, p.nx, p.nu) {
    p.dynamics->rollout(view<const double>(p.x0.data(), 1, p.nx),
                        view<const double>(controls.data(), 1, p.horizon, p.nu),
                        view(states.data(), 1, p.horizon + 1, p.nx));
    const auto x = view<const double>(states.data(), p.horizon, p.nx);
    const auto u = view<const double>(controls.data(), p.horizon, p.nu);
    p.dynamics->jacobian(x, u, model.A(), model.B());
    p.cost->expand_stage(x, u, model.stage());
    p.cost->expand_terminal(view<const double>(&states[static_cast<size_t>(p.horizon * p.nx)], 1, p.nx),
                            view(model.terminal_x.data(), 1, p.nx), view(model.terminal_xx.data(), 1, p.nx, p.nx));
    PsdProjection joint(p.nx + p.nu), terminal(p.nx);
    model.project_hessians(joint, terminal);
  }
  std::vector<double> controls, states;
  LocalModel model;
};

// With no bound met, the cost under u_k + alpha k_k + K_k (x - x_k) falls at alpha = 0 with the slope sum of k'Q_u.
TEST(BackwardPass, ExpectsTheSlopeOfTheCostAlongItsStep) {
  const ReferenceProblem p = reference_problem("van_der_pol");
  Expanded e(p);
  Gains gains(p.horizon, p.nx, p.nu);
  BackwardPass pass(p.nx, p.nu);
  const std::vector<double> low(1, -1e3), high(1, 1e3);
  ASSERT_EQ(pass.run(e.model, e.controls, low, high, 0, gains), -1);
  const auto cost_at = [&](double alpha) {
    std::vector<double> x = p.x0, next(x.size()), u(e.controls);
    double total = 0, value = 0;
    for (int k = 0; k < p.horizon; ++k) {
      u[k] += alpha * gains.k[k];
      for (int j = 0; j < p.nx; ++j) u[k] += gains.K[k * p.nx + j] * (x[j] - e.states[k * p.nx + j]);
      p.cost->stage(view<const double>(x.data(), 1, p.nx), view<const double>(&u[k], 1, 1), View<double, 1>(&value, 1));
      total += value;
      p.dynamics->step(view<const double>(x.data(), 1, p.nx), view<const double>(&u[k], 1, 1),
                       view(next.data(), 1, p.nx));
      x = next;
    }
    return total;
  };
  const double slope = (cost_at(1e-4) - cost_at(-1e-4)) / 2e-4;
  EXPECT_NEAR(slope, gains.linear, 1e-6 * std::abs(gains.linear));
  EXPECT_LT(gains.linear, 0);
  EXPECT_NEAR(gains.quadratic, -0.5 * gains.linear, 1e-9 * std::abs(gains.linear));  // at the unbounded minimum
}

// A fifth state that nothing touches sends the problem through the sizes known only at run time.
TEST(BackwardPass, AgreesBetweenCompiledAndRunTimeSizes) {
  const ReferenceProblem p = reference_problem("cartpole_swingup");
  Expanded e(p);
  LocalModel wide(p.horizon, 5, 1);
  for (int k = 0; k < p.horizon; ++k) {
    for (int i = 0; i < 4; ++i) {
      for (int j = 0; j < 4; ++j) {
        wide.A()(k, i, j) = e.model.A()(k, i, j);
        wide.stage().xx(k, i, j) = e.model.stage().xx(k, i, j);
      }
      wide.B()(k, i, 0) = e.model.B()(k, i, 0);
      wide.stage().x(k, i) = e.model.stage().x(k, i);
      wide.stage().ux(k, 0, i) = e.model.stage().ux(k, 0, i);
    }
    wide.A()(k, 4, 4) = 1;
    wide.stage().u(k, 0) = e.model.stage().u(k, 0);
    wide.stage().uu(k, 0, 0) = e.model.stage().uu(k, 0, 0);
  }
  for (int i = 0; i < 4; ++i) {
    wide.terminal_x[i] = e.model.terminal_x[i];
    for (int j = 0; j < 4; ++j) wide.terminal_xx[i * 5 + j] = e.model.terminal_xx[i * 4 + j];
  }
  Gains narrow_gains(p.horizon, 4, 1), wide_gains(p.horizon, 5, 1);
  BackwardPass narrow_pass(4, 1), wide_pass(5, 1);
  ASSERT_EQ(narrow_pass.run(e.model, e.controls, p.u_min, p.u_max, 0.5, narrow_gains), -1);
  ASSERT_EQ(wide_pass.run(wide, e.controls, p.u_min, p.u_max, 0.5, wide_gains), -1);
  for (int k = 0; k < p.horizon; ++k) {
    EXPECT_NEAR(narrow_gains.k[k], wide_gains.k[k], 1e-8 * (1 + std::abs(wide_gains.k[k])));
    for (int j = 0; j < 4; ++j) {
      const double expected = wide_gains.K[k * 5 + j];
      EXPECT_NEAR(narrow_gains.K[k * 4 + j], expected, 1e-8 * (1 + std::abs(expected)));
    }
    EXPECT_EQ(wide_gains.K[k * 5 + 4], 0);
  }
}

TEST(BackwardPass, NamesTheStepWhoseHessianIsNotPositiveDefinite) {
  LocalModel model(3, 1, 1);
  for (int k = 0; k < 3; ++k) {
    model.A()(k, 0, 0) = 1;
    model.B()(k, 0, 0) = 0;  // the control does nothing: regularising the state cannot help either
    model.stage().uu(k, 0, 0) = k == 1 ? -1 : 1;
  }
  Gains gains(3, 1, 1);
  BackwardPass pass(1, 1);
  const std::vector<double> controls(3), low(1, -1), high(1, 1);
  EXPECT_EQ(pass.run(model, controls, low, high, 1, gains), 1);
}

TEST(PsdProjection, ClipsNegativeEigenvalues) {
  PsdProjection projection(2);
  projection.matrix() << 1, 2, 2, 1;  // eigenvalues 3 and -1
  EXPECT_TRUE(projection.apply());
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j) EXPECT_NEAR(projection.matrix()(i, j), 1.5, 1e-14);
  EXPECT_FALSE(projection.apply());  // once is enough
}

TEST(PsdProjection, LeavesSemidefiniteMatricesAsTheyAre) {
  PsdProjection projection(3);
  Eigen::Matrix3d given = Eigen::Vector3d(1, 2, 3) * Eigen::RowVector3d(1, 2, 3);  // of rank 1
  projection.matrix() = given;
  EXPECT_FALSE(projection.apply());
  EXPECT_EQ(projection.matrix(), Eigen::MatrixXd(given));
  projection.matrix().setZero();
  EXPECT_FALSE(projection.apply());
}

}  // namespace
}  // namespace lockstep::planners::testing
