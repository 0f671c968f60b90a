// Tests the simulator as Dynamics: a function of (x, u), equal to mj_step, with the derivatives of mjd_transitionFD.
#include "engine/simulator_dynamics.h"
#include "engine/error.h"
#include "engine/model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

namespace lockstep {
namespace {

constexpr const char* kArm = R"(
<mujoco>
  <option timestep="0.005"/>
  <worldbody>
    <body><joint name="slide" type="slide" axis="1 0 0" damping="0.3"/><geom size="0.1" mass="1" contype="0" conaffinity="0"/>
      <body pos="0 0 0.1"><joint name="hinge" axis="0 1 0" damping="0.05" stiffness="1"/>
        <geom type="capsule" fromto="0 0 0 0 0 0.5" size="0.03" mass="0.3" contype="0" conaffinity="0"/>
        <body pos="0 0 0.5"><joint name="swing" axis="1 0 0" armature="0.01"/>
          <geom type="capsule" fromto="0 0 0 0 0 0.3" size="0.02" mass="0.1" contype="0" conaffinity="0"/>
        </body>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor joint="slide" gear="3" ctrllimited="true" ctrlrange="-1 1"/>
    <general joint="hinge" dyntype="filter" dynprm="0.1" gainprm="0.5"/>
  </actuator>
</mujoco>)";
constexpr int kNx = 7, kNu = 2;  // nq 3, nv 3, na 1

struct Rows {
  explicit Rows(int rows) : x(static_cast<std::size_t>(rows * kNx)), u(static_cast<std::size_t>(rows * kNu)), n(rows) {
    for (int i = 0; i < rows * kNx; ++i) x[static_cast<std::size_t>(i)] = std::sin(1.7 * i);
    for (int i = 0; i < rows * kNu; ++i) u[static_cast<std::size_t>(i)] = 0.9 * std::cos(2.3 * i);
  }
  [[nodiscard]] View<const double, 2> states() const { return View<const double, 2>(x.data(), n, kNx); }
  [[nodiscard]] View<const double, 2> controls() const { return View<const double, 2>(u.data(), n, kNu); }
  std::vector<double> x, u;
  int n;
};

class SimulatorOn : public testing::TestWithParam<std::string> {
 protected:
  [[nodiscard]] SimulatorDynamics make(int physics_steps, int threads = 1) const {
    return {model_, {.physics_steps = physics_steps, .backend = GetParam(), .threads = threads}};
  }
  std::shared_ptr<const Model> model_ = Model::from_xml(kArm);
};
INSTANTIATE_TEST_SUITE_P(Backends, SimulatorOn, testing::Values("cpu", "mujoco"));

// A ball at rest on a floor, and one above a floor that is lower: the pose of the mocap body is a number of the state.
TEST_P(SimulatorOn, KeepsThePosesOfMocapBodiesInTheState) {
  const auto model = Model::from_xml(R"(
<mujoco>
  <worldbody>
    <body mocap="true"><geom type="box" size="1 1 0.1" pos="0 0 -0.1"/></body>
    <body pos="0 0 0.1"><joint type="slide" axis="0 0 1"/><geom size="0.1"/></body>
  </worldbody>
</mujoco>)");
  SimulatorDynamics dynamics(model, {.physics_steps = 50, .backend = GetParam(), .mocap_in_state = true});
  ASSERT_EQ(dynamics.state_size(), 9);
  const std::vector<double> x{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, -1, 1, 0, 0, 0};
  std::vector<double> next(x.size());
  dynamics.step(View<const double, 2>(x.data(), 2, 9), View<const double, 2>(nullptr, 2, 0),
                View<double, 2>(next.data(), 2, 9));
  for (std::size_t i = 2; i < 9; ++i) {
    EXPECT_EQ(next[i], x[i]) << i;
    EXPECT_EQ(next[9 + i], x[9 + i]) << i;
  }
  EXPECT_NEAR(next[0], 0, 1e-3);
  EXPECT_NEAR(next[9], -0.5 * 9.81 * 0.1 * 0.1, 2e-3);  // a tenth of a second's fall
}

TEST_P(SimulatorOn, TakesOneSidedJacobiansNearTheCentredOnes) {
  Rows rows(3);
  rows.u[0] = 1;  // at its upper bound: the move must go down
  SimulatorDynamics centred = make(1);
  SimulatorDynamics one_sided(model_, {.backend = GetParam(), .one_sided = true});
  std::vector<double> A(3 * kNx * kNx), B(3 * kNx * kNu), A_one(A), B_one(B);
  centred.jacobian(rows.states(), rows.controls(), View<double, 3>(A.data(), 3, kNx, kNx),
                   View<double, 3>(B.data(), 3, kNx, kNu));
  one_sided.jacobian(rows.states(), rows.controls(), View<double, 3>(A_one.data(), 3, kNx, kNx),
                     View<double, 3>(B_one.data(), 3, kNx, kNu));
  // Truncation: half the step of 1e-6 times second derivatives of order 1.
  for (std::size_t i = 0; i < A.size(); ++i) EXPECT_NEAR(A_one[i], A[i], 1e-5) << i;
  for (std::size_t i = 0; i < B.size(); ++i) EXPECT_NEAR(B_one[i], B[i], 1e-5) << i;
}

TEST_P(SimulatorOn, RollsOutInFloatNearDouble) {
  constexpr int kSteps = 20, kRows = 5;
  const Rows rows(kRows);
  std::vector<double> controls(kRows * kSteps * kNu), exact(kRows * (kSteps + 1) * kNx), fast(exact);
  for (std::size_t i = 0; i < controls.size(); ++i) controls[i] = 0.8 * std::sin(0.9 * static_cast<double>(i));
  const View<const double, 3> u(controls.data(), kRows, kSteps, kNu);
  make(1).rollout(rows.states(), u, View<double, 3>(exact.data(), kRows, kSteps + 1, kNx));
  SimulatorDynamics single(model_,
                           {.backend = GetParam(), .rollout_precision = Precision::kFloat, .warm_rollouts = true});
  single.rollout(rows.states(), u, View<double, 3>(fast.data(), kRows, kSteps + 1, kNx));
  // Rounding of 6e-8 a step, that the motion multiplies.
  for (std::size_t i = 0; i < exact.size(); ++i) EXPECT_NEAR(fast[i], exact[i], 1e-4 * (1 + std::abs(exact[i]))) << i;
}

TEST_P(SimulatorOn, StepsAsMjStep) {
  const Rows rows(3);
  SimulatorDynamics dynamics = make(4);
  std::vector<double> next(3 * kNx);
  dynamics.step(rows.states(), rows.controls(), View<double, 2>(next.data(), 3, kNx));
  const mjModel& m = *model_->mj();
  const std::unique_ptr<mjData, decltype(&mj_deleteData)> d(mj_makeData(&m), mj_deleteData);
  for (int row = 0; row < 3; ++row) {
    mj_resetData(&m, d.get());
    mj_setState(&m, d.get(), rows.x.data() + row * kNx, mjSTATE_QPOS | mjSTATE_QVEL | mjSTATE_ACT);
    mj_setState(&m, d.get(), rows.u.data() + row * kNu, mjSTATE_CTRL);
    for (int step = 0; step < 4; ++step) mj_step(&m, d.get());
    std::vector<double> expected(kNx);
    mj_getState(&m, d.get(), expected.data(), mjSTATE_QPOS | mjSTATE_QVEL | mjSTATE_ACT);
    for (int i = 0; i < kNx; ++i)
      EXPECT_NEAR(next[static_cast<std::size_t>(row * kNx + i)], expected[static_cast<std::size_t>(i)], 1e-12)
          << "row " << row << " element " << i;
  }
  EXPECT_DOUBLE_EQ(dynamics.timestep(), 0.02);
}

TEST_P(SimulatorOn, IsAFunctionOfStateAndControlWhateverWasAskedBefore) {
  const Rows rows(5), others(40);
  SimulatorDynamics dynamics = make(2);
  std::vector<double> first(5 * kNx), again(5 * kNx), elsewhere(40 * kNx);
  dynamics.step(rows.states(), rows.controls(), View<double, 2>(first.data(), 5, kNx));
  dynamics.step(others.states(), others.controls(), View<double, 2>(elsewhere.data(), 40, kNx));
  dynamics.step(rows.states(), rows.controls(), View<double, 2>(again.data(), 5, kNx));
  EXPECT_EQ(first, again);
}

TEST_P(SimulatorOn, RollsOutTheBitsOfRepeatedSteps) {
  constexpr int kWorlds = 19, kSteps = 12;
  const Rows start(kWorlds), controls(kWorlds * kSteps);
  SimulatorDynamics dynamics = make(2, 2);
  std::vector<double> states(kWorlds * (kSteps + 1) * kNx), x = start.x, u(kWorlds * kNu), next(kWorlds * kNx);
  dynamics.rollout(start.states(), View<const double, 3>(controls.u.data(), kWorlds, kSteps, kNu),
                   View<double, 3>(states.data(), kWorlds, kSteps + 1, kNx));
  for (int k = 0; k < kSteps; ++k) {
    for (int world = 0; world < kWorlds; ++world)
      std::copy_n(controls.u.begin() + (world * kSteps + k) * kNu, kNu, u.begin() + world * kNu);
    dynamics.step(View<const double, 2>(x.data(), kWorlds, kNx), View<const double, 2>(u.data(), kWorlds, kNu),
                  View<double, 2>(next.data(), kWorlds, kNx));
    x = next;
    for (int world = 0; world < kWorlds; ++world) {
      const auto row = states.begin() + (world * (kSteps + 1) + k + 1) * kNx;
      EXPECT_EQ(std::vector<double>(row, row + kNx),
                std::vector<double>(x.begin() + world * kNx, x.begin() + (world + 1) * kNx))
          << "world " << world << " step " << k;
    }
  }
}

// A and B of the world at (x, u) by MuJoCo, over one physics step.
void transition(const mjModel& m, const double* x, const double* u, double* A, double* B) {
  const std::unique_ptr<mjData, decltype(&mj_deleteData)> d(mj_makeData(&m), mj_deleteData);
  mj_setState(&m, d.get(), x, mjSTATE_QPOS | mjSTATE_QVEL | mjSTATE_ACT);
  mj_setState(&m, d.get(), u, mjSTATE_CTRL);
  mj_forward(&m, d.get());
  mjd_transitionFD(&m, d.get(), 1e-6, 1, A, B, nullptr, nullptr);
}

TEST_P(SimulatorOn, HasTheDerivativesOfMjdTransitionFd) {
  constexpr int kWorlds = 5;
  Rows rows(kWorlds);
  rows.u[0] = 1;           // at its upper limit: one-sided on both sides
  rows.u[kNu] = -1;        // at its lower limit
  rows.u[2 * kNu] = 1.25;  // beyond: the control has no effect
  SimulatorDynamics dynamics = make(1);
  std::vector<double> A(kWorlds * kNx * kNx), B(kWorlds * kNx * kNu), mujoco_a(kNx * kNx), mujoco_b(kNx * kNu);
  dynamics.jacobian(rows.states(), rows.controls(), View<double, 3>(A.data(), kWorlds, kNx, kNx),
                    View<double, 3>(B.data(), kWorlds, kNx, kNu));
  for (int world = 0; world < kWorlds; ++world) {
    transition(*model_->mj(), rows.x.data() + world * kNx, rows.u.data() + world * kNu, mujoco_a.data(),
               mujoco_b.data());
    // Centred differences of step h: error h^2 f'''/6 + epsilon |x| / h, about 1e-9 on both sides; one-sided 1e-6.
    for (int i = 0; i < kNx * kNx; ++i)
      EXPECT_NEAR(A[static_cast<std::size_t>(world * kNx * kNx + i)], mujoco_a[static_cast<std::size_t>(i)], 1e-8)
          << "world " << world << " A[" << i / kNx << "][" << i % kNx << "]";
    for (int i = 0; i < kNx * kNu; ++i)
      EXPECT_NEAR(B[static_cast<std::size_t>(world * kNx * kNu + i)], mujoco_b[static_cast<std::size_t>(i)], 1e-6)
          << "world " << world << " B[" << i / kNu << "][" << i % kNu << "]";
  }
}

TEST_P(SimulatorOn, GivesNotANumberInTheRowThatFailsAlone) {
  Rows rows(20), clean(20);
  rows.x[7 * kNx + 4] = std::numeric_limits<double>::infinity();
  SimulatorDynamics dynamics = make(3);
  std::vector<double> next(20 * kNx), expected(20 * kNx);
  dynamics.step(clean.states(), clean.controls(), View<double, 2>(expected.data(), 20, kNx));
  dynamics.step(rows.states(), rows.controls(), View<double, 2>(next.data(), 20, kNx));
  for (std::size_t i = 0; i < next.size(); ++i) {
    if (i / kNx == 7) {
      EXPECT_TRUE(std::isnan(next[i])) << "element " << i % kNx;
    } else {
      EXPECT_EQ(next[i], expected[i]) << "row " << i / kNx;
    }
  }
  dynamics.step(clean.states(), clean.controls(), View<double, 2>(next.data(), 20, kNx));
  EXPECT_EQ(next, expected);
}

TEST_P(SimulatorOn, ClonesToAnIndependentCopy) {
  const Rows rows(2);
  SimulatorDynamics dynamics = make(2);
  const std::unique_ptr<Dynamics> clone = dynamics.clone();
  std::vector<double> a(2 * kNx), b(2 * kNx);
  dynamics.step(rows.states(), rows.controls(), View<double, 2>(a.data(), 2, kNx));
  clone->step(rows.states(), rows.controls(), View<double, 2>(b.data(), 2, kNx));
  EXPECT_EQ(a, b);
}

TEST(SimulatorDynamics, RefusesAStepWithoutPhysics) {
  try {
    const SimulatorDynamics dynamics(Model::from_xml(kArm), {.physics_steps = 0});
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("physics_steps = 0"), std::string::npos);
  }
}

}  // namespace
}  // namespace lockstep
