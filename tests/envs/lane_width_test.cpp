// Tests that a world's step does not depend on how many lanes it shares a register with: bit for bit.
#include "envs/cartpole_v1.h"
#include "envs/pendulum_v1.h"
#include "envs/step_kernels.h"
#include "envs/system_entry.h"
#include "envs/systems/chua_controlled.h"
#include "envs/systems/double_pendulum_controlled.h"
#include "envs/systems/lorenz96.h"

#include <algorithm>
#include <cstring>
#include <limits>
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
    block.started = started.data();
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
  std::vector<std::uint8_t> fault = std::vector<std::uint8_t>(kWorlds), started = fault, terminated = fault,
                            truncated = fault;
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

// State and observations of a system after some hundred steps with resets, and a world that once acts badly.
template <class System, class T>
std::vector<double> run_system() {
  using R = kernels::Real<T>;
  constexpr SystemRow row = SystemTable<System>::kRow;
  constexpr auto n = static_cast<std::size_t>(row.num_states), m = static_cast<std::size_t>(row.num_controls);
  std::vector<R> state(kWorlds * n), control(kWorlds * m), clock(kWorlds), running_return(kWorlds);
  std::vector<std::uint32_t> episode(kWorlds);
  std::vector<std::uint8_t> fault(kWorlds), started(kWorlds), terminated(kWorlds), truncated(kWorlds);
  std::vector<float> observation(kWorlds * n), final_observation(observation), actions(kWorlds * m), reward(kWorlds),
      final_return(kWorlds);
  const Block<R> block{.lanes = kWorlds,
                       .worlds = kWorlds - 3,
                       .first_world = 0,
                       .qpos = state.data(),
                       .qvel = nullptr,
                       .ctrl = control.data(),
                       .qacc_warmstart = nullptr,
                       .time = nullptr,
                       .actions = actions.data(),
                       .clock = clock.data(),
                       .running_return = running_return.data(),
                       .episode = episode.data(),
                       .fault = fault.data(),
                       .started = started.data(),
                       .observation = observation.data(),
                       .final_observation = final_observation.data(),
                       .reward = reward.data(),
                       .final_return = final_return.data(),
                       .terminated = terminated.data(),
                       .truncated = truncated.data(),
                       .system = &SystemTable<System>::kRow};
  const StepSettings settings{.stream = {.seed = 5, .stream = 1}, .episode_steps = 40, .auto_reset = true};
  SystemOn<T>::begin(block, settings);
  for (int k = 0; k < 300; ++k) {
    for (std::size_t i = 0; i < actions.size(); ++i) {
      actions[i] = static_cast<float>((static_cast<std::size_t>(k) * 7 + i * 5) % 11) / 5 - 1;
    }
    if (k == 100 && !actions.empty()) actions[7] = std::numeric_limits<float>::quiet_NaN();
    SystemOn<T>::prepare(block);
    EquationsOn<System, T>::advance(block);
    SystemOn<T>::finish(block, settings);
  }
  std::vector<double> result(state.begin(), state.end());
  for (const auto* floats : {&observation, &final_observation, &reward, &final_return}) {
    result.insert(result.end(), floats->begin(), floats->end());
  }
  result.insert(result.end(), episode.begin(), episode.end());
  return result;
}

template <class System>
struct SystemLaneWidth : testing::Test {};
using Systems = testing::Types<lorenz96::System, chua_controlled::System, double_pendulum_controlled::System>;
TYPED_TEST_SUITE(SystemLaneWidth, Systems);

TYPED_TEST(SystemLaneWidth, LeavesEveryWorldAsItIsInFloat) {
  const auto alone = run_system<TypeParam, float>();
  EXPECT_EQ(alone, (run_system<TypeParam, kernels::Lanes<float, 8>>()));
  EXPECT_EQ(alone, (run_system<TypeParam, kernels::Lanes<float, 16>>()));
}
TYPED_TEST(SystemLaneWidth, LeavesEveryWorldAsItIsInDouble) {
  const auto alone = run_system<TypeParam, double>();
  EXPECT_EQ(alone, (run_system<TypeParam, kernels::Lanes<double, 4>>()));
  EXPECT_EQ(alone, (run_system<TypeParam, kernels::Lanes<double, 8>>()));
}

}  // namespace
}  // namespace lockstep::envs
