// SINDy-RL by its checked-in settings on dm_control's cartpole swing-up. PPO on the true physics is solved there by 740
// to 1,200 thousand env steps with 822 to 849 of 1000 (worlds=256 steps=64 epochs=5 minibatches=16, five seeds).
#include "agents/agent.h"
#include "agents/checked_configs.h"
#include "envs/env.h"

#include <algorithm>
#include <cstdint>
#include <memory>

#include <gtest/gtest.h>

namespace lockstep::agents {
namespace {

std::unique_ptr<Agent> trained(std::uint64_t seed, const char* setting) {
  AgentInputs inputs;
  inputs.make_environment = envs::make_environment;
  inputs.task = "cartpole-swingup";
  inputs.seed = seed;
  inputs.settings = find("sindy-rl").defaults();
  const CheckedConfig checked = parse_config(*find_config(inputs.task, "sindy-rl"));
  for (const auto& [key, value] : checked.settings.values()) {
    if (key != "task" && key != "agent") inputs.settings.set(key, value);
  }
  inputs.settings.set_from_argument(setting);
  return find("sindy-rl").make(inputs);
}

class SindyRlLearning : public testing::TestWithParam<std::uint64_t> {};

TEST_P(SindyRlLearning, SwingsTheCartpoleUpWithAFiftiethOfPposRealSteps) {
  const auto agent = trained(GetParam(), "sparse_policy.enabled=false");
  while (!agent->is_done()) agent->iterate();
  EXPECT_TRUE(agent->is_successful());
  EXPECT_LE(agent->env_steps(), 1000000 / 50);
  double sum = 0;
  for (std::uint64_t episode = 0; episode < 10; ++episode) sum += agent->evaluate(1000000 + episode).episode_return;
  EXPECT_GE(sum / 10, 0.9 * 845);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SindyRlLearning, testing::Range<std::uint64_t>(0, 2));

}  // namespace
}  // namespace lockstep::agents
