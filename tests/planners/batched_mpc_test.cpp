// Tests that many worlds plan as each would alone, whatever the threads.
#include "planners/batched_mpc.h"
#include "tests/planners/reference_problems.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::planners::testing {
namespace {

constexpr int kWorlds = 7, kSteps = 5;

// Controls [steps * worlds] of pendulums that start at different angles.
std::vector<double> controls_with(const std::string& planner, int threads) {
  const ReferenceProblem p = reference_problem("pendulum_swingup");
  Settings settings;
  if (planner == "cem") settings.set_from_argument("knots=5");
  BatchedMpc batch(find(planner), settings, *p.dynamics, *p.cost, p.u_min, p.u_max,
                   {.num_worlds = kWorlds, .threads = threads, .loop = {.horizon = 20}});
  batch.reset(3);
  std::vector<double> x(2 * kWorlds), next(x), u(kWorlds), all;
  for (int world = 0; world < kWorlds; ++world) x[2 * world] = 0.4 * world;
  for (int step = 0; step < kSteps; ++step) {
    batch.act(View<const double, 2>(x.data(), kWorlds, 2), View<double, 2>(u.data(), kWorlds, 1));
    all.insert(all.end(), u.begin(), u.end());
    p.dynamics->step(View<const double, 2>(x.data(), kWorlds, 2), View<const double, 2>(u.data(), kWorlds, 1),
                     View<double, 2>(next.data(), kWorlds, 2));
    x = next;
  }
  return all;
}

class BatchedMpcOf : public ::testing::TestWithParam<std::string> {};

TEST_P(BatchedMpcOf, ActsTheSameWhateverTheThreads) {
  EXPECT_EQ(controls_with(GetParam(), 3), controls_with(GetParam(), 1));
}

TEST_P(BatchedMpcOf, ActsInEveryWorldAsItWouldAlone) {
  const ReferenceProblem p = reference_problem("pendulum_swingup");
  const auto all = controls_with(GetParam(), 1);
  Settings settings;
  if (GetParam() == "cem") settings.set_from_argument("knots=5");
  constexpr int world = 4;
  RecedingHorizon alone(find(GetParam()).make(settings), *p.dynamics, *p.cost, p.u_min, p.u_max, {.horizon = 20});
  alone.reset(3 + world);
  std::vector<double> x = {0.4 * world, 0}, next(2);
  for (int step = 0; step < kSteps; ++step) {
    const double u = alone.act(x)[0];
    EXPECT_EQ(u, all[static_cast<size_t>(step * kWorlds + world)]);
    p.dynamics->step(View<const double, 2>(x.data(), 1, 2), View<const double, 2>(&u, 1, 1),
                     View<double, 2>(next.data(), 1, 2));
    x = next;
  }
}

INSTANTIATE_TEST_SUITE_P(Planners, BatchedMpcOf, ::testing::Values("ilqr", "cem"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace lockstep::planners::testing
