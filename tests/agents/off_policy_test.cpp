// Tests of SAC and TD3 as agents: interaction, exact resume, independence of threads, budgets, refusals.
#include "agents/agent.h"
#include "engine/error.h"
#include "envs/env.h"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::agents {
namespace {

std::unique_ptr<Agent> make(const std::string& agent, const std::string& task,
                            const std::vector<std::string>& arguments, int threads = 1) {
  AgentInputs inputs;
  inputs.make_environment = envs::make_environment;
  inputs.task = task;
  inputs.seed = 3;
  inputs.environment.threads = threads;
  inputs.settings = find(agent).defaults();
  for (const std::string& argument : arguments) inputs.settings.set_from_argument(argument);
  return find(agent).make(inputs);
}

// Small iterations of everything, with more than one episode of the pendulum's 200 steps.
const std::vector<std::string> kSmall = {"worlds=3",      "iteration_steps=300",  "random_steps=30",
                                         "batch=16",      "lookahead=2",          "network.width=8",
                                         "evaluations=2", "stop_on_success=false"};

class OffPolicyAgents : public testing::TestWithParam<const char*> {};

TEST_P(OffPolicyAgents, ContinueFromSavedBytesToTheSameBits) {
  const auto straight = make(GetParam(), "pendulum-v1", kSmall), resumed = make(GetParam(), "pendulum-v1", kSmall);
  for (int k = 0; k < 3; ++k) straight->iterate();
  resumed->load(straight->save());
  for (int k = 0; k < 2; ++k) {
    const auto expected = straight->iterate(), found = resumed->iterate();
    EXPECT_EQ(found[0].value, expected[0].value);
  }
  EXPECT_EQ(resumed->save(), straight->save());
}

TEST_P(OffPolicyAgents, LearnTheSameBitsOnTwoThreads) {
  std::vector<std::string> arguments = kSmall;
  arguments.emplace_back("worlds=50");  // more than one block of lanes
  const auto one = make(GetParam(), "pendulum-v1", arguments, 1), two = make(GetParam(), "pendulum-v1", arguments, 2);
  for (int k = 0; k < 2; ++k) {
    one->iterate();
    two->iterate();
  }
  EXPECT_EQ(one->save(), two->save());
}

TEST_P(OffPolicyAgents, CountInteractionAndNotEvaluation) {
  const auto agent = make(GetParam(), "pendulum-v1", kSmall);
  agent->iterate();
  agent->evaluate(1);
  EXPECT_EQ(agent->env_steps(), 300);
  EXPECT_DOUBLE_EQ(agent->real_seconds(), 300 * 0.05);
}

TEST_P(OffPolicyAgents, MakeAsManyUpdatesAsTheirStepsEarn) {
  std::vector<std::string> arguments = kSmall;
  arguments.emplace_back("updates_per_step=0.5");
  const auto agent = make(GetParam(), "pendulum-v1", arguments);
  const auto value = [](const std::vector<Metric>& metrics, const std::string& name) {
    return std::ranges::find(metrics, name, &Metric::name)->value;
  };
  const std::vector<Metric> metrics = agent->iterate();
  // 300 steps, of which the first 30 are random and earn none
  EXPECT_NEAR(value(metrics, "updates_per_second") / value(metrics, "wall_steps_per_second"), 135.0 / 300, 1e-9);
  EXPECT_EQ(value(metrics, "replay_size"), 300 - 3);  // one step of each world waits for the reward after it
}

TEST_P(OffPolicyAgents, EndWithTheirBudgetAndSayThatItWasNoSuccess) {
  std::vector<std::string> arguments = kSmall;
  arguments.emplace_back("total_steps=600");
  arguments.emplace_back("target_return=1e9");
  const auto agent = make(GetParam(), "pendulum-v1", arguments);
  agent->iterate();
  EXPECT_FALSE(agent->is_done());
  agent->iterate();
  EXPECT_TRUE(agent->is_done());
  EXPECT_FALSE(agent->is_successful());
}

TEST_P(OffPolicyAgents, EndEarlyWhereEvaluationsSucceed) {
  const auto agent = make(GetParam(), "pendulum-v1",
                          {"iteration_steps=10", "random_steps=100", "target_return=-1e9", "confirmations=2"});
  agent->iterate();
  EXPECT_FALSE(agent->is_done());
  agent->iterate();
  EXPECT_TRUE(agent->is_done());
  EXPECT_TRUE(agent->is_successful());
}

TEST_P(OffPolicyAgents, RefuseATaskOfDiscreteActionsAndSayWhatToDo) {
  try {
    make(GetParam(), "cartpole-v1", {});
    FAIL() << "discrete actions were accepted";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("2 discrete actions"), std::string::npos);
    EXPECT_NE(error.fix().find("ppo"), std::string::npos);
  }
}

TEST_P(OffPolicyAgents, RefuseATaskWithoutActions) { EXPECT_THROW(make(GetParam(), "lorenz63", {}), Error); }

TEST_P(OffPolicyAgents, RefuseTheSavedStateOfAnotherNetworkAndDamagedBytes) {
  const auto agent = make(GetParam(), "pendulum-v1", kSmall);
  agent->iterate();
  auto bytes = agent->save();
  std::vector<std::string> wider = kSmall;
  wider.emplace_back("network.width=9");
  EXPECT_THROW(make(GetParam(), "pendulum-v1", wider)->load(bytes), Error);
  bytes[bytes.size() / 2] ^= std::byte{1};
  EXPECT_THROW(agent->load(bytes), Error);
}

INSTANTIATE_TEST_SUITE_P(Agents, OffPolicyAgents, testing::Values("sac", "td3"),
                         [](const auto& example) { return std::string(example.param); });

}  // namespace
}  // namespace lockstep::agents
