// SAC and TD3 on Gymnasium's Pendulum-v1, three seeds each.
#include "agents/agent.h"
#include "envs/env.h"

#include <cstdint>
#include <memory>
#include <string>
#include <tuple>

#include <gtest/gtest.h>

namespace lockstep::agents {
namespace {

class OffPolicyLearning : public testing::TestWithParam<std::tuple<const char*, std::uint64_t>> {};

// Sizes and steps as in the published comparisons at this task: 64 units, 100 transitions; 10,000 steps of SAC, 20,000
// of TD3.
TEST_P(OffPolicyLearning, SolvesPendulumWithinThePublishedSteps) {
  const auto [name, seed] = GetParam();
  AgentInputs inputs;
  inputs.make_environment = envs::make_environment;
  inputs.task = "pendulum-v1";
  inputs.seed = seed;
  inputs.settings = find(name).defaults();
  inputs.settings.set_from_argument(std::string(name) == "sac" ? "total_steps=10000" : "total_steps=20000");
  for (const char* argument : {"iteration_steps=1000", "random_steps=500", "network.width=64", "batch=100",
                               "learning_rate=1e-3", "critic_rate=1e-3", "stop_on_success=false"})
    inputs.settings.set_from_argument(argument);
  const auto agent = find(name).make(inputs);
  while (!agent->is_done()) agent->iterate();
  double sum = 0;
  for (std::uint64_t episode = 0; episode < 100; ++episode) sum += agent->evaluate(1000000 + episode).episode_return;
  EXPECT_GE(sum / 100, -200);
}

INSTANTIATE_TEST_SUITE_P(Seeds, OffPolicyLearning,
                         testing::Combine(testing::Values("sac", "td3"), testing::Range<std::uint64_t>(0, 3)),
                         [](const auto& example) {
                           return std::string(std::get<0>(example.param)) + "_" +
                                  std::to_string(std::get<1>(example.param));
                         });

}  // namespace
}  // namespace lockstep::agents
