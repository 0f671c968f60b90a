// Tests that a world's step does not depend on how many lanes it shares a register with: bit for bit.
#include "envs/cartpole_v1.h"
#include "envs/pendulum_v1.h"
#include "envs/step_kernels.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::envs {
namespace {

constexpr int kWorlds = 32;

// One block of worlds of a task, with room for all that kernels write.
template <class Task, class R>
struct Arrays {
  Arrays() {
    block.lanes = block.worlds = kWorlds;
    block.qpos = state.data();
    block.actions = actions.data();
    block.clock = clock.data();
    block.running_return = running_return.data();
    block.episode = episode.data();
    block.fault = fault.data();
    block.observation = observation.data();
    block.final_observation = final_observation.data();
    block.reward = reward.data();
    block.final_return = final_return.data();
    block.terminated = terminated.data();
    block.truncated = truncated.data();
  }
  std::vector<R> state = std::vector<R>(kWorlds * Task::kStates), clock = std::vector<R>(kWorlds),
                 running_return = clock;
  std::vector<std::uint32_t> episode = std::vector<std::uint32_t>(kWorlds);
  std::vector<std::uint8_t> fault = std::vector<std::uint8_t>(kWorlds), terminated = fault, truncated = fault;
  std::vector<float> observation = std::vector<float>(kWorlds * Task::kObservations), final_observation = observation;
  std::vector<float> actions = std::vector<float>(kWorlds), reward = actions, final_return = actions;
  Block<R> block;
};

// State and observations after some hundred steps with resets.
template <class Task, class T>
std::vector<double> run() {
  using R = kernels::Real<T>;
  Arrays<Task, R> arrays;
  const StepSettings settings{.stream = {.seed = 5, .stream = 1}, .episode_steps = 40, .auto_reset = true};
  StepOn<Task, T>::begin(arrays.block, settings);
  for (int k = 0; k < 300; ++k) {
    for (int world = 0; world < kWorlds; ++world) {
      arrays.actions[static_cast<std::size_t>(world)] = static_cast<float>((k * 7 + world * 5) % 11 > 4 ? 1 : 0);
    }
    StepOn<Task, T>::finish(arrays.block, settings);
  }
  std::vector<double> result(arrays.state.begin(), arrays.state.end());
  result.insert(result.end(), arrays.observation.begin(), arrays.observation.end());
  result.insert(result.end(), arrays.final_observation.begin(), arrays.final_observation.end());
  result.insert(result.end(), arrays.episode.begin(), arrays.episode.end());
  return result;
}

template <class Task>
struct LaneWidth : testing::Test {};
using Tasks = testing::Types<cartpole_v1::Task, pendulum_v1::Task>;
TYPED_TEST_SUITE(LaneWidth, Tasks);

TYPED_TEST(LaneWidth, LeavesEveryWorldAsItIsInFloat) {
  const auto alone = run<TypeParam, float>();
  EXPECT_EQ(alone, (run<TypeParam, kernels::Lanes<float, 8>>()));
  EXPECT_EQ(alone, (run<TypeParam, kernels::Lanes<float, 16>>()));
}
TYPED_TEST(LaneWidth, LeavesEveryWorldAsItIsInDouble) {
  const auto alone = run<TypeParam, double>();
  EXPECT_EQ(alone, (run<TypeParam, kernels::Lanes<double, 4>>()));
  EXPECT_EQ(alone, (run<TypeParam, kernels::Lanes<double, 8>>()));
}

}  // namespace
}  // namespace lockstep::envs
