// PPO by its default settings on Gymnasium's CartPole-v1 and Pendulum-v1, three seeds each.
#include "agents/agent.h"
#include "envs/env.h"

#include <cstdint>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace lockstep::agents {
namespace {

// Mean return of 100 episodes after training, from starts that training has not seen.
double return_after_training(const std::string& task, std::uint64_t seed, std::int64_t most_steps) {
  AgentInputs inputs;
  inputs.make_environment = envs::make_environment;
  inputs.task = task;
  inputs.seed = seed;
  inputs.settings = find("ppo").defaults();
  const auto agent = find("ppo").make(inputs);
  while (!agent->is_done() && agent->env_steps() < most_steps) agent->iterate();
  EXPECT_TRUE(agent->is_done());
  double sum = 0;
  for (std::uint64_t episode = 0; episode < 100; ++episode) sum += agent->evaluate(1000000 + episode).episode_return;
  return sum / 100;
}

class PpoLearning : public testing::TestWithParam<std::uint64_t> {};

TEST_P(PpoLearning, SolvesCartPoleWithinAHundredThousandSteps) {
  EXPECT_GE(return_after_training("cartpole-v1", GetParam(), 100000), 475);
}

TEST_P(PpoLearning, SolvesPendulumWithinTwoHundredThousandSteps) {
  EXPECT_GE(return_after_training("pendulum-v1", GetParam(), 200000), -200);
}

INSTANTIATE_TEST_SUITE_P(Seeds, PpoLearning, testing::Range<std::uint64_t>(0, 3));

}  // namespace
}  // namespace lockstep::agents
