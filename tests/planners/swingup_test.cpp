// Swings up dm_control's cart-pole by receding-horizon control with the true dynamics, and checks those dynamics.
#include "engine/task_models.h"
#include "kernels/philox.h"
#include "planners/ilqr.h"
#include "planners/mppi.h"
#include "planners/receding_horizon.h"
#include "tests/planners/cartpole_swingup.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

namespace lockstep::planners::testing {
namespace {

constexpr int kEpisode = 1000;

// States over the whole range of a swing-up, and controls, numbered.
std::vector<double> random_point(std::uint32_t number) {
  const kernels::RandomStream key{11, 2};
  const auto draw = [&](std::uint32_t index, double half) {
    return half * (2 * kernels::uniform<double>(key, number, 0, index) - 1);
  };
  return {draw(0, 1.5), draw(1, 6), draw(2, 5), draw(3, 10), draw(4, 1)};
}

TEST(CartpoleSwingup, MovesAsMujocoDoes) {
  const auto path = task_model("dm_control/suite/cartpole.xml");
  char message[500] = "";
  const std::unique_ptr<mjModel, void (*)(mjModel*)> model(mj_loadXML(path.c_str(), nullptr, message, sizeof message),
                                                           mj_deleteModel);
  ASSERT_NE(model, nullptr) << message;
  const std::unique_ptr<mjData, void (*)(mjData*)> data(mj_makeData(model.get()), mj_deleteData);
  CartpoleSwingup ours;
  for (std::uint32_t number = 0; number < 200; ++number) {
    const auto p = random_point(number);
    mj_resetData(model.get(), data.get());
    data->qpos[0] = p[0];
    data->qpos[1] = p[1];
    data->qvel[0] = p[2];
    data->qvel[1] = p[3];
    data->ctrl[0] = p[4];
    mj_step(model.get(), data.get());
    const auto next = CartpoleSwingup::next<double>({p[0], p[1], p[2], p[3]}, p[4]);
    EXPECT_NEAR(next[0], data->qpos[0], 1e-13);
    EXPECT_NEAR(next[1], data->qpos[1], 1e-13);
    EXPECT_NEAR(next[2], data->qvel[0], 1e-12);
    EXPECT_NEAR(next[3], data->qvel[1], 1e-12);
  }
}

TEST(CartpoleSwingup, HasTheJacobiansOfItsSteps) {
  CartpoleSwingup ours;
  for (std::uint32_t number = 0; number < 20; ++number) {
    const auto p = random_point(number);
    const View<const double, 2> x(p.data(), 1, 4), u(p.data() + 4, 1, 1);
    double A[16], B[4], A_differences[16], B_differences[4];
    ours.jacobian(x, u, View<double, 3>(A, 1, 4, 4), View<double, 3>(B, 1, 4, 1));
    ours.Dynamics::jacobian(x, u, View<double, 3>(A_differences, 1, 4, 4), View<double, 3>(B_differences, 1, 4, 1));
    for (int i = 0; i < 16; ++i) EXPECT_NEAR(A[i], A_differences[i], 1e-8);
    for (int i = 0; i < 4; ++i) EXPECT_NEAR(B[i], B_differences[i], 1e-8);
  }
}

TEST(SwingupCost, HasTheDerivativesOfItsValues) {
  const SwingupCost cost({.angle = 0.3, .position = 0.2, .cart_velocity = 0.1, .velocity = 0.05, .control = 0.4});
  for (std::uint32_t number = 0; number < 20; ++number) {
    auto p = random_point(number);
    p[4] *= 0.9;
    const View<const double, 2> x(p.data(), 1, 4), u(p.data() + 4, 1, 1);
    double exact[26], differences[26];
    const auto expansion = [](double* v) -> Cost::Expansion {
      return {View<double, 2>(v, 1, 4), View<double, 2>(v + 4, 1, 1), View<double, 3>(v + 5, 1, 4, 4),
              View<double, 3>(v + 21, 1, 1, 4), View<double, 3>(v + 25, 1, 1, 1)};
    };
    cost.expand_stage(x, u, expansion(exact));
    cost.Cost::expand_stage(x, u, expansion(differences));
    // Second differences of values of about 10 with steps of 1e-4: rounding leaves 1e-7, truncation 1e-7.
    for (int i = 0; i < 26; ++i) EXPECT_NEAR(exact[i], differences[i], 2e-5 * (1 + std::abs(exact[i]))) << i;
  }
}

struct Episode {
  double episode_return = 0;
  double furthest = 0;  // largest |x|, m
  PlanTiming timing;
};

// An episode as dm_control runs it: hanging start with deviations N(0, 0.01^2) (none where `exact`), reward of the
// state after each step. The planner's cost is 1 - reward and a penalty where |x| > 1.3 m.
Episode swing_up(std::unique_ptr<Planner> planner, int horizon, std::uint64_t seed, bool exact = false) {
  CartpoleSwingup dynamics;
  const SwingupCost cost({});
  const std::vector<double> low = {-1}, high = {1};
  RecedingHorizon controller(std::move(planner), dynamics, cost, low, high, {.horizon = horizon});
  controller.reset(seed);
  std::array<double, 4> x = {0, std::numbers::pi, 0, 0};
  for (std::uint32_t i = 0; i < 4 && !exact; ++i) x[i] += 0.01 * kernels::normal<double>({seed, 77}, 0, 0, i);
  Episode episode;
  for (int step = 0; step < kEpisode; ++step) {
    const double u = controller.act(x)[0];
    x = CartpoleSwingup::next<double>(x, u);
    episode.episode_return += SwingupReward::reward(x.data(), u);
    episode.furthest = std::max(episode.furthest, std::abs(x[0]));
  }
  episode.timing = controller.timing();
  return episode;
}

class IlqrSwingup : public ::testing::TestWithParam<std::uint64_t> {};

// For comparison: TD-MPC2's published learning curve of this task ends at 876.
TEST_P(IlqrSwingup, ReturnsMoreThan870OnTheRailAtMoreThan50Hertz) {
  const Episode episode = swing_up(std::make_unique<ilqr::Ilqr>(ilqr::Config{}), 125, GetParam());
  EXPECT_GT(episode.episode_return, 870);
  EXPECT_LT(episode.furthest, 1.7);
  EXPECT_GT(episode.timing.rate_hz, 50);
  RecordProperty("return", std::to_string(episode.episode_return));
  RecordProperty("p99_ms", std::to_string(episode.timing.p99_ms));
}
INSTANTIATE_TEST_SUITE_P(Seeds, IlqrSwingup, ::testing::Range<std::uint64_t>(0, 20));

TEST(IlqrSwingupFromRest, LeavesTheStationaryPointByItsSeededStarts) {
  const Episode episode = swing_up(std::make_unique<ilqr::Ilqr>(ilqr::Config{}), 125, 1, true);
  EXPECT_GT(episode.episode_return, 870);
}

TEST(MppiSwingup, ReturnsMoreThan850AtMoreThan50Hertz) {
  const mppi::Config config{.samples = 128, .temperature = 0.05, .noise_std = 0.5, .knots = 12};
  for (const std::uint64_t seed : {1, 2, 3}) {
    const Episode episode = swing_up(std::make_unique<mppi::Mppi>(config), 125, seed);
    EXPECT_GT(episode.episode_return, 850) << "seed " << seed;
    EXPECT_LT(episode.furthest, 1.7) << "seed " << seed;
    EXPECT_GT(episode.timing.rate_hz, 50) << "seed " << seed;
  }
}

}  // namespace
}  // namespace lockstep::planners::testing
