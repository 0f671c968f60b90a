// Surrogates of tasks: known equations are found, sines and cosines stay on their circle, stops hold without a push of
// their own, members that diverge are left out, rewards are found before or after the step.
#include "models/sparse_surrogate.h"
#include "engine/error.h"
#include "kernels/philox.h"
#include "models/compiled_map.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::models {
namespace {

constexpr double kStep = 0.02;  // s

// A cart on a rail: x' = v, v' = 3 u - 0.5 v, by semi-implicit Euler; and a pendulum beside it that turns at rate w, w'
// = u.
TaskSpec cart_task() {
  TaskSpec task;
  task.name = "cart";
  task.observation_size = 5;
  task.action_size = 1;
  task.action_low = {-1};
  task.action_high = {1};
  task.observation_names = {"x", "cos(theta)", "sin(theta)", "v", "w"};
  task.state_size = 4;
  task.state_names = {"x", "theta", "v", "w"};
  task.state_is_angle = {false, true, false, false};
  const double none = std::numeric_limits<double>::infinity();
  task.state_low = {-1, -none, -none, -none};
  task.state_high = {1, none, none, none};
  task.control_timestep = kStep;
  task.episode_steps = 100;
  return task;
}

struct CartState {
  double x, theta, v, w;
  [[nodiscard]] std::vector<double> observed() const { return {x, std::cos(theta), std::sin(theta), v, w}; }
  // Hits the rail's ends without bouncing; the rail's push is a force like the motor's, which turns the pendulum too.
  void step(double u) {
    const double free = v + kStep * (3 * u - 0.5 * v);
    const double held = std::clamp(free, (-1 - x) / kStep, (1 - x) / kStep);
    const double push = (held - free) / (3 * kStep);
    v = held;
    w += kStep * (u + push);
    x += kStep * v;
    theta += kStep * w;
  }
};

double reward_of(const std::vector<double>& seen, double u) {
  return 1 - seen[0] * seen[0] + 0.5 * seen[1] - 0.1 * u * u;
}

// Motions of 50 steps from random states inside the rail, under random actions.
TransitionData cart_data(int motions, bool rewards_before = false) {
  TransitionData data(5, 1);
  for (int motion = 0; motion < motions; ++motion) {
    const auto at = static_cast<std::uint32_t>(motion);
    const auto draw = [&](std::uint32_t k) { return 2 * kernels::uniform<double>({7, 1}, at, k) - 1; };
    CartState state{0.8 * draw(0), 3 * draw(1), 2 * draw(2), 2 * draw(3)};
    for (std::uint32_t step = 0; step < 50; ++step) {
      const std::vector<double> before = state.observed(), u{draw(10 + step)};
      state.step(u[0]);
      const std::vector<double> after = state.observed();
      data.append({.x = before,
                   .u = u,
                   .next = after,
                   .reward = reward_of(rewards_before ? before : after, u[0]),
                   .trajectory = motion});
    }
  }
  return data;
}

SurrogateConfig small_config() {
  SurrogateConfig config;
  config.library = "affine(polynomial(2, states))";
  config.bootstrap.drop_features = 0;
  return config;
}

SparseSurrogate fitted(const SurrogateConfig& config, const TransitionData& data) {
  SparseSurrogate surrogate(cart_task(), config);
  surrogate.fit(data);
  return surrogate;
}

std::vector<double> step(const SparseSurrogate& surrogate, const std::vector<double>& seen, double u) {
  SurrogateDynamics dynamics = surrogate.dynamics().front();
  std::vector<double> next(5);
  dynamics.step(view(seen.data(), 1, 5), View<const double, 2>(&u, 1, 1), view(next.data(), 1, 5));
  return next;
}

TEST(SparseSurrogate, FindsTheEquationsOfACart) {
  const SparseSurrogate surrogate = fitted(small_config(), cart_data(40));
  const std::vector<std::string> equations = surrogate.equations();
  EXPECT_EQ(equations[0], "x' = v");
  EXPECT_EQ(equations[3], "v' = -0.5 v + 3 u0");
  EXPECT_EQ(equations[4], "w' = 1 u0");
}

TEST(SparseSurrogate, SpellsNamesSoThatExpressionsCanUseThem) {
  SurrogateConfig config = small_config();
  config.reward = "1 - x^2 + 0.5*cos_theta - 0.1*u0^2";
  const SparseSurrogate surrogate = fitted(config, cart_data(10));
  EXPECT_GT(surrogate.reward_score(), 1 - 1e-9);
  EXPECT_FALSE(surrogate.rewards_state_before());
}

TEST(SparseSurrogate, FindsWhetherRewardsAreOfTheStateBeforeTheStep) {
  const SparseSurrogate after = fitted(small_config(), cart_data(20)),
                        before = fitted(small_config(), cart_data(20, true));
  EXPECT_FALSE(after.rewards_state_before());
  EXPECT_TRUE(before.rewards_state_before());
  EXPECT_GT(before.reward_score(), 0.999);
}

TEST(SparseSurrogate, KeepsSinesAndCosinesOnTheirCircle) {
  const SparseSurrogate surrogate = fitted(small_config(), cart_data(20));
  std::vector<double> seen = CartState{0, 0.3, 0, 2}.observed();
  for (int k = 0; k < 200; ++k) {
    seen = step(surrogate, seen, 0);
    seen[0] = 0;
    ASSERT_NEAR(std::hypot(seen[1], seen[2]), 1, 1e-12);
  }
}

// What the rail does was never fitted: the model knows it from the motor's part in its equations.
TEST(SparseSurrogate, StopsPushAsTheActuatorDoes) {
  const SparseSurrogate surrogate = fitted(small_config(), cart_data(40));
  CartState truth{0.97, 0.3, 1.8, 0.5};
  std::vector<double> seen = truth.observed();
  for (int k = 0; k < 10; ++k) {
    truth.step(0.5);
    seen = step(surrogate, seen, 0.5);
    EXPECT_NEAR(seen[0], truth.x, 1e-6);
    EXPECT_NEAR(seen[3], truth.v, 1e-5);
    EXPECT_NEAR(seen[4], truth.w, 1e-4);
  }
  EXPECT_DOUBLE_EQ(seen[0], 1);
  EXPECT_NEAR(seen[4], truth.w, 1e-4);
}

TEST(SparseSurrogate, StopsDoNotHoldWhatLeavesThem) {
  const SparseSurrogate surrogate = fitted(small_config(), cart_data(40));
  const std::vector<double> next = step(surrogate, CartState{1, 0, 0, 0}.observed(), -1);
  EXPECT_LT(next[0], 1);
  EXPECT_NEAR(next[3], -3 * kStep, 1e-6);
}

TEST(SparseSurrogate, TrustsTheDataAndAMarginBeyond) {
  SurrogateConfig config = small_config();
  config.margin = 0.25;
  const TransitionData data = cart_data(10);
  const SparseSurrogate surrogate = fitted(config, data);
  double lowest = std::numeric_limits<double>::infinity(), highest = -lowest;
  for (int row = 0; row < data.size(); ++row) {
    if (std::abs(data.x()(row, 0)) >= 1 || std::abs(data.next()(row, 0)) >= 1) continue;
    lowest = std::min({lowest, data.x()(row, 4), data.next()(row, 4)});
    highest = std::max({highest, data.x()(row, 4), data.next()(row, 4)});
  }
  EXPECT_NEAR(surrogate.low()[4], lowest - 0.25 * (highest - lowest), 1e-12);
  EXPECT_NEAR(surrogate.high()[4], highest + 0.25 * (highest - lowest), 1e-12);
}

TEST(SparseSurrogate, ComesBackFromBytesAsItWas) {
  SurrogateConfig config = small_config();
  config.combine = "sample";
  const SparseSurrogate surrogate = fitted(config, cart_data(10));
  ByteWriter out("surrogate", 1);
  surrogate.save(out);
  const auto bytes = std::move(out).finish();
  SparseSurrogate loaded(cart_task(), config);
  ByteReader in(bytes, "surrogate", 1, "test");
  loaded.load(in);
  in.expect_end();
  EXPECT_EQ(loaded.dynamics().size(), surrogate.dynamics().size());
  EXPECT_EQ(loaded.equations(), surrogate.equations());
  const std::vector<double> seen = CartState{0.2, 1, 0.3, -0.4}.observed();
  EXPECT_EQ(step(loaded, seen, 0.7), step(surrogate, seen, 0.7));
}

TEST(SparseSurrogate, NamesTheKnownNamesWhereARewardUsesAnother) {
  SurrogateConfig config = small_config();
  config.reward = "1 - y^2";
  try {
    const SparseSurrogate surrogate(cart_task(), config);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("y"));
    EXPECT_THAT(error.what(), testing::HasSubstr("surrogate.reward"));
  }
}

TEST(SparseSurrogate, RefusesARewardThatIsNotFiniteAndNamesWhatThereIs) {
  SurrogateConfig config = small_config();
  config.reward = "log(0 - 1 - x^2)";
  try {
    fitted(config, cart_data(5));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("cos_theta"));
  }
}

TEST(SparseSurrogate, RefusesDiscreteActions) {
  TaskSpec task = cart_task();
  task.discrete_actions = 2;
  EXPECT_THROW(SparseSurrogate(task, small_config()), Error);
}

TEST(SparseSurrogate, SaysWhatToDoWhereEveryMemberDiverges) {
  SurrogateConfig config = small_config();
  config.trial_steps = 49;
  TransitionData data(5, 1);
  // v grows by 1.6 in every step, and beyond the million at which a state is taken for lost.
  for (int motion = 0; motion < 20; ++motion) {
    std::vector<double> seen{0, 1, 0, 1e-2 * (motion + 1), 0};
    for (int k = 0; k < 50; ++k) {
      std::vector<double> next = seen;
      next[3] = 1.6 * seen[3];
      data.append(
          {.x = seen, .u = std::vector<double>{0.1 * (k % 3)}, .next = next, .reward = 0, .trajectory = motion});
      seen = next;
    }
  }
  try {
    fitted(config, data);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("diverge"));
    EXPECT_THAT(error.what(), testing::HasSubstr("surrogate.library"));
  }
}

// ---- Compiled maps ----

TEST(CompiledMap, EvaluatesAsTheMapItself) {
  const FeatureLibrary library(2, 1, polynomial_features({0, 1, 2}, {.degree = 3}));
  Eigen::MatrixXd coefficients = Eigen::MatrixXd::Zero(library.size(), 2);
  coefficients(1, 0) = 2;
  coefficients(7, 0) = -0.5;
  coefficients(12, 1) = 3;
  const SparseMap map(library, coefficients, -0.8, 0.8);
  constexpr int kRows = 300;  // more than two blocks
  std::vector<double> x(2 * kRows), u(kRows), expected(2 * kRows), found(2 * kRows);
  for (size_t k = 0; k < x.size(); ++k) x[k] = std::sin(static_cast<double>(k));
  for (size_t k = 0; k < u.size(); ++k) u[k] = std::cos(static_cast<double>(3 * k));
  const auto rows = [](auto& of, int width) { return view(of.data(), kRows, width); };
  map.evaluate(rows(std::as_const(x), 2), rows(std::as_const(u), 1), rows(expected, 2));
  CompiledMap(map).evaluate(rows(std::as_const(x), 2), rows(std::as_const(u), 1), rows(found, 2));
  for (size_t k = 0; k < expected.size(); ++k) EXPECT_NEAR(found[k], expected[k], 1e-14);
}

TEST(CompiledMap, WithoutTermsIsItsRangesNearestToZero) {
  const FeatureLibrary library(1, 0, polynomial_features({0}, {.degree = 2}));
  CompiledMap compiled(SparseMap(library, Eigen::MatrixXd::Zero(library.size(), 1), 0.5, 2));
  const std::vector<double> x{1, 2, 3};
  std::vector<double> y(3, 7);
  compiled.evaluate(view(x.data(), 3, 1), View<const double, 2>(x.data(), 3, 0), view(y.data(), 3, 1));
  EXPECT_EQ(y, (std::vector<double>{0.5, 0.5, 0.5}));
}

}  // namespace
}  // namespace lockstep::models
