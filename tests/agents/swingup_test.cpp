// The project's main job in each of ten seeds: dm_control's cart-pole swing-up learned from scratch.
#include "agents/agent.h"
#include "envs/env.h"

#include <cstdint>
#include <memory>

#include <gtest/gtest.h>

namespace lockstep::agents {
namespace {

std::unique_ptr<Agent> make(std::uint64_t seed) {
  AgentInputs inputs;
  inputs.make_environment = envs::make_environment;
  inputs.task = "cartpole-swingup";
  inputs.seed = seed;
  inputs.settings = find("sindy-mpc").defaults();
  return find("sindy-mpc").make(inputs);
}

class SindyMpcSwingup : public testing::TestWithParam<std::uint64_t> {};

TEST_P(SindyMpcSwingup, HoldsThePoleWithinAMinuteOfRealInteraction) {
  const auto agent = make(GetParam());
  while (!agent->is_done() && agent->real_seconds() < 60) agent->iterate();
  EXPECT_TRUE(agent->is_done());
  EXPECT_LE(agent->real_seconds(), 60);
  // Another start than the one that was judged: it holds the pole, and not only once.
  EXPECT_GT(agent->evaluate(1000 + GetParam()).episode_return, 800);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SindyMpcSwingup, testing::Range<std::uint64_t>(0, 10));

}  // namespace
}  // namespace lockstep::agents
