// Tests what planners see of a task: its cost with derivatives, and its dynamics, against differences and the
// simulator.
#include "envs/env.h"
#include "envs/g1_velocity.h"
#include "envs/go1_velocity.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>

#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

namespace lockstep::envs {
namespace {

constexpr int kRows = 11;  // not a multiple of any lane width

class PlanningOf : public testing::TestWithParam<std::string> {
 protected:
  PlanningOf() {
    std::mt19937 generator(4);
    std::uniform_real_distribution<double> angle(-1, 1);
    // A fish thrown into water as fast as that diverges, in the suite too.
    const double spread = GetParam().starts_with("fish-") ? 0.1 : 1;
    for (double& number : x_) number = spread * angle(generator);
    // Controls without bounds (lqr's 1e10) of a size of which differences can be taken.
    const double low = std::max(env_->spec().action_low[0], -10.0), high = std::min(env_->spec().action_high[0], 10.0);
    for (double& number : u_) number = low + (high - low) * (0.5 + 0.5 * angle(generator));
  }
  [[nodiscard]] View<const double, 2> x() const { return View<const double, 2>(x_.data(), kRows, nx_); }
  [[nodiscard]] View<const double, 2> u() const { return View<const double, 2>(u_.data(), kRows, nu_); }

  std::unique_ptr<Environment> env_ = make_environment(GetParam(), {.precision = "double"});
  int nx_ = env_->spec().state_size, nu_ = env_->spec().action_size;
  std::vector<double> x_ = std::vector<double>(static_cast<std::size_t>(kRows * nx_));
  std::vector<double> u_ = std::vector<double>(static_cast<std::size_t>(kRows * nu_));
};

struct Expanded {
  explicit Expanded(int nx, int nu)
      : x(size(kRows * nx)),
        u(size(kRows * nu)),
        xx(size(kRows * nx * nx)),
        ux(size(kRows * nu * nx)),
        uu(size(kRows * nu * nu)),
        views{View<double, 2>(x.data(), kRows, nx), View<double, 2>(u.data(), kRows, nu),
              View<double, 3>(xx.data(), kRows, nx, nx), View<double, 3>(ux.data(), kRows, nu, nx),
              View<double, 3>(uu.data(), kRows, nu, nu)} {}
  static std::size_t size(int count) { return static_cast<std::size_t>(count); }
  std::vector<double> x, u, xx, ux, uu;
  Cost::Expansion views;
};

void expect_near(const std::vector<double>& found, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i], expected[i], tolerance * std::max(1.0, std::abs(expected[i]))) << "element " << i;
  }
}

// Centred second differences with steps of epsilon^(1/4) = 1.2e-4 are good to about 1e-6 of the fourth derivative.
TEST_P(PlanningOf, ExpandsTheStageCostExactly) {
  const auto cost = env_->cost();
  Expanded exact(nx_, nu_), differences(nx_, nu_);
  cost->expand_stage(x(), u(), exact.views);
  cost->Cost::expand_stage(x(), u(), differences.views);
  expect_near(exact.x, differences.x, 1e-5);
  expect_near(exact.u, differences.u, 1e-5);
  expect_near(exact.xx, differences.xx, 1e-4);
  expect_near(exact.ux, differences.ux, 1e-4);
  expect_near(exact.uu, differences.uu, 1e-4);
}

TEST_P(PlanningOf, ExpandsTheTerminalCostExactly) {
  const auto cost = env_->cost();
  Expanded exact(nx_, nu_), differences(nx_, nu_);
  cost->expand_terminal(x(), exact.views.x, exact.views.xx);
  cost->Cost::expand_terminal(x(), differences.views.x, differences.views.xx);
  expect_near(exact.x, differences.x, 1e-4);
  expect_near(exact.xx, differences.xx, 1e-3);
}

// A robot in its first pose that is asked to stand.
template <class Robot>
std::vector<double> first_pose() {
  std::vector<double> pose{0, 0, Robot::kHeight, 1, 0, 0, 0};
  for (const auto& joint : Robot::kJoint) pose.push_back(joint.first);
  return pose;
}

// Robots that follow commands are pushed between steps, of which no model knows, and what they hold moves on.
bool evolves(const std::string& task) { return task.ends_with("-velocity"); }

// Where the suite's own goal is; upright, or the middle, is 0 in most.
std::vector<double> goal_of(const std::string& task) {
  if (task == "go1-velocity") return first_pose<go1_velocity::Robot>();
  if (task == "g1-velocity") return first_pose<g1_velocity::Robot>();
  if (task == "acrobot-v1") return {3.141592653589793, 0, 0, 0};
  if (task == "mountain-car-v0") return {0.5, 0};
  if (task == "mountain-car-continuous-v0") return {0.45, 0};
  if (task == "half-cheetah-v5") return {0, 0, 0, 0, 0, 0, 0, 0, 0, 10};
  if (task == "hopper-v5") return {0, 1.25, 0, 0, 0, 0, 3};
  if (task == "walker2d-v5") return {0, 1.25, 0, 0, 0, 0, 0, 0, 0, 3};
  if (task == "swimmer-v5") return {0, 0, 0, 0, 0, 1};
  if (task == "reacher-v5") return {0, 0, 0.21, 0};
  if (task == "ant-v5") return {0, 0, 0.75, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3};
  if (task == "humanoid-v5") {
    std::vector<double> goal(25);
    goal[2] = 1.4;
    goal[3] = goal[24] = 1;
    return goal;
  }
  if (task == "cheetah-run") return {0, 0, 0, 0, 0, 0, 0, 0, 0, 10};
  if (task == "hopper-hop") return {0, 0, 0, 0, 0, 0, 0, 2};
  if (task == "walker-walk") return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  if (task == "walker-run") return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8};
  if (task == "reacher-easy" || task == "reacher-hard") return {0, 0, 0, 0, 0.24, 0};
  if (task == "ball_in_cup-catch") return {0, 0, 0, 0.35};
  if (task == "finger-spin") return {0, 0, 0, 0, 0, -15};
  if (task.starts_with("finger-turn")) return {0, 0, 0, 0, 0, 0, 0.2, 0.53};
  if (task == "fish-upright" || task == "fish-swim") return {0, 0, 0, 1};
  if (task == "humanoid-stand" || task == "humanoid-walk" || task.starts_with("humanoid-run")) {
    std::vector<double> goal(29);
    goal[2] = 1.3;
    goal[3] = 1;
    goal[28] = task == "humanoid-stand" ? 0 : task == "humanoid-walk" ? 1 : 10;
    return goal;
  }
  if (task == "humanoid-standup-v5") return {0, 0, 1.4, 1};
  if (task.starts_with("humanoid_cmu-")) {
    std::vector<double> goal(64);
    goal[2] = 1.1;
    goal[3] = goal[4] = std::sqrt(0.5);
    goal[63] = task == "humanoid_cmu-stand" ? 0 : task == "humanoid_cmu-walk" ? 1 : 10;
    return goal;
  }
  if (task == "quadruped-walk" || task == "quadruped-run") {
    std::vector<double> goal(24);
    goal[3] = 1;
    goal[23] = task == "quadruped-walk" ? 0.5 : 5;
    return goal;
  }
  if (task == "quadruped-escape") return {30, 0, 0, 1};
  if (task.starts_with("dog-")) {
    std::vector<double> goal(81);
    goal[2] = 0.41522;
    goal[3] = 1;
    goal[80] = task == "dog-walk" ? 1 : task == "dog-trot" ? 3 : task == "dog-run" ? 9 : 0;
    return goal;
  }
  if (task.starts_with("manipulator-") || task.starts_with("stacker-")) {  // the arm upright, object and target in hand
    const std::size_t target = task.starts_with("manipulator-") ? 22 : task == "stacker-stack_2" ? 28 : 40;
    const bool inserts = task.starts_with("manipulator-insert");  // the target's pose has a y too
    std::vector<double> goal(target + 3);
    goal[9] = goal[target + (inserts ? 2 : 1)] = 0.4 + 0.18 + 0.15 + 0.12 + 0.065;
    return goal;
  }
  return {};
}

TEST_P(PlanningOf, CostsLeastAtTheGoal) {
  const auto cost = env_->cost();
  const int choices = env_->spec().discrete_actions;
  std::vector<double> goal = goal_of(GetParam());
  goal.resize(static_cast<std::size_t>(nx_));
  const std::vector<double> rest(static_cast<std::size_t>(nu_), choices > 0 ? (choices - 1) / 2.0 : 0);
  double least = -1;
  cost->stage(View<const double, 2>(goal.data(), 1, nx_), View<const double, 2>(rest.data(), 1, nu_),
              View<double, 1>(&least, 1));
  EXPECT_NEAR(least, 0, 1e-12);
  std::vector<double> values(kRows);
  cost->stage(x(), u(), View<double, 1>(values.data(), kRows));
  for (const double value : values) EXPECT_GT(value, least);
}

TEST_P(PlanningOf, PredictsTheEnvironmentsOwnStep) {
  const auto dynamics = env_->dynamics();
  ASSERT_EQ(dynamics->state_size(), nx_);
  ASSERT_EQ(dynamics->control_size(), nu_);
  EXPECT_DOUBLE_EQ(dynamics->timestep(), env_->spec().control_timestep);
  if (env_->spec().discrete_actions > 0) {
    for (double& number : u_) number = number > 0.5 ? 1 : 0;
  }
  for (double& number : u_) number = static_cast<double>(static_cast<float>(number));
  std::vector<double> next(x_.size()), expected(static_cast<std::size_t>(nx_));
  dynamics->step(x(), u(), View<double, 2>(next.data(), kRows, nx_));
  EnvironmentConfig config{.precision = "double", .auto_reset = false};
  int count = nx_;
  if (evolves(GetParam())) {
    config.options.set("push", {0.0, "test"});
    count = static_cast<int>(env_->mujoco_model()->nq + env_->mujoco_model()->nv);
  }
  const auto env = make_environment(GetParam(), config);
  if (env->has_own_heights()) {  // planners see the model's ground
    const mjModel& m = *env->mujoco_model();
    env->set_heights(0, {m.hfield_data, static_cast<std::size_t>(m.nhfielddata)});
  }
  for (int row = 0; row < kRows; ++row) {
    env->set_state(0, std::span(x_).subspan(static_cast<std::size_t>(row * nx_), static_cast<std::size_t>(nx_)));
    const auto first = u_.begin() + row * nu_;
    const std::vector<float> action(first, first + nu_);
    env->step(View<const float, 2>(action.data(), 1, nu_));
    env->get_state(0, expected);
    for (int i = 0; i < count; ++i) {
      const double value = expected[static_cast<std::size_t>(i)];
      EXPECT_NEAR(next[static_cast<std::size_t>(row * nx_ + i)], value, 1e-13 * std::max(1.0, std::abs(value)));
    }
  }
}

TEST_P(PlanningOf, LinearizesItsDynamics) {
  const auto dynamics = env_->dynamics();
  const auto size = static_cast<std::size_t>(kRows * nx_);
  std::vector<double> A(size * static_cast<std::size_t>(nx_)), B(size * static_cast<std::size_t>(nu_));
  std::vector<double> A_differences(A.size()), B_differences(B.size());
  dynamics->jacobian(x(), u(), View<double, 3>(A.data(), kRows, nx_, nx_), View<double, 3>(B.data(), kRows, nx_, nu_));
  dynamics->Dynamics::jacobian(x(), u(), View<double, 3>(A_differences.data(), kRows, nx_, nx_),
                               View<double, 3>(B_differences.data(), kRows, nx_, nu_));
  expect_near(A, A_differences, 1e-7);
  expect_near(B, B_differences, 1e-7);
}

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const Entry* const entry : entries()) {
    if (entry->system == nullptr) names.emplace_back(entry->name);  // systems: systems_test.cpp
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Tasks, PlanningOf, testing::ValuesIn(task_names()), [](const auto& task) {
  std::string name = task.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

}  // namespace
}  // namespace lockstep::envs
