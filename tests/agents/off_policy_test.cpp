// Tests of SAC, TD3 and MBPO as agents: interaction, exact resume, independence of threads, budgets, refusals.
#include "agents/agent.h"
#include "agents/termination.h"
#include "engine/error.h"
#include "envs/env.h"
#include "kernels/philox.h"

#include <algorithm>
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
  if (agent == "mbpo") {  // a small model, seldom fitted
    for (const char* setting :
         {"updates_per_step=1", "model.retrain_steps=150", "model.rollouts=60", "model.last_length=3",
          "model.growth_start=100", "model.growth_end=400", "model.ensemble.members=3", "model.ensemble.elites=2",
          "model.ensemble.layers=1", "model.ensemble.width=8", "model.ensemble.most_epochs=3"})
      inputs.settings.set_from_argument(setting);
  }
  for (const std::string& argument : arguments) inputs.settings.set_from_argument(argument);
  return find(agent).make(inputs);
}

// Small iterations of everything, with more than one episode of the pendulum's 200 steps.
const std::vector<std::string> kSmall = {"worlds=3",        "iteration_steps=300", "random_steps=30",      "batch=16",
                                         "network.width=8", "evaluations=2",       "stop_on_success=false"};

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
  EXPECT_EQ(value(metrics, "replay_size"), 300);
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

INSTANTIATE_TEST_SUITE_P(Agents, OffPolicyAgents, testing::Values("sac", "td3", "mbpo"),
                         [](const auto& example) { return std::string(example.param); });

TEST(Mbpo, GrowsItsRolloutsAndLearnsFromThem) {
  std::vector<std::string> arguments = kSmall;
  arguments.insert(arguments.end(), {"model.ensemble.width=32", "model.ensemble.most_epochs=60"});
  const auto agent = make("mbpo", "pendulum-v1", arguments);
  const auto value = [](const std::vector<Metric>& metrics, const std::string& name) {
    return std::ranges::find(metrics, name, &Metric::name)->value;
  };
  std::vector<Metric> metrics = agent->iterate();
  EXPECT_EQ(value(metrics, "rollout_length"), 1);
  EXPECT_EQ(value(metrics, "model_transitions"), 2 * 60 * 1);  // fits at 33 and 183 steps
  metrics = agent->iterate();
  EXPECT_EQ(value(metrics, "rollout_length"), 3);  // the fit at 483 steps
  EXPECT_LT(value(metrics, "model_error"), 0.5);   // of the targets' variance
}

class PrioritisedAgents : public testing::TestWithParam<const char*> {};

const std::vector<std::string> kPrioritised = [] {
  std::vector<std::string> arguments = kSmall;
  arguments.emplace_back("priority_exponent=0.6");
  return arguments;
}();

TEST_P(PrioritisedAgents, ContinueFromSavedBytesToTheSameBits) {
  const auto straight = make(GetParam(), "pendulum-v1", kPrioritised),
             resumed = make(GetParam(), "pendulum-v1", kPrioritised);
  for (int k = 0; k < 2; ++k) straight->iterate();
  resumed->load(straight->save());
  straight->iterate();
  resumed->iterate();
  EXPECT_EQ(resumed->save(), straight->save());
}

TEST_P(PrioritisedAgents, LearnTheSameBitsOnTwoThreads) {
  const auto one = make(GetParam(), "pendulum-v1", kPrioritised, 1),
             two = make(GetParam(), "pendulum-v1", kPrioritised, 2);
  one->iterate();
  two->iterate();
  EXPECT_EQ(one->save(), two->save());
}

TEST_P(PrioritisedAgents, LearnSomethingElseThanFromUniformDraws) {
  const auto alike = make(GetParam(), "pendulum-v1", kSmall),
             prioritised = make(GetParam(), "pendulum-v1", kPrioritised);
  const std::vector<Metric> expected = alike->iterate(), found = prioritised->iterate();
  EXPECT_NE(found[0].value, expected[0].value);
}

INSTANTIATE_TEST_SUITE_P(Agents, PrioritisedAgents, testing::Values("sac", "td3"),
                         [](const auto& example) { return std::string(example.param); });

TEST(Mbpo, RefusesPriorities) { EXPECT_THROW(make("mbpo", "pendulum-v1", {"priority_exponent=0.6"}), Error); }

TEST(Mbpo, RefusesSumsOfRewardsAhead) { EXPECT_THROW(make("mbpo", "pendulum-v1", {"lookahead=3"}), Error); }

TEST(Mbpo, RefusesATaskThatEndsByARuleItDoesNotKnow) {
  const auto agent = make("mbpo", "inverted-double-pendulum-v5", kSmall);
  try {
    agent->iterate();
    FAIL() << "an unknown termination was accepted";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("a rule that the model does not know"), std::string::npos) << error.problem();
  }
}

// The rules that models are told, against the tasks' own ends under random actions.
class TerminationRules : public testing::TestWithParam<const char*> {};

TEST_P(TerminationRules, AgreeWithTheTask) {
  const Termination ends = termination_of(GetParam());
  EXPECT_TRUE(has_termination_rule(GetParam()));
  const auto worlds = envs::make_environment(GetParam(), {.num_worlds = 64, .seed = 4});
  const TaskSpec& task = worlds->spec();
  std::vector<float> actions(static_cast<size_t>(64 * task.action_size));
  int ended = 0, went_on = 0;
  for (std::uint32_t step = 0; step < 200; ++step) {
    for (size_t k = 0; k < actions.size(); ++k) {
      const size_t i = k % static_cast<size_t>(task.action_size);
      const double share = kernels::uniform<double>({8, 8}, static_cast<std::uint32_t>(k), step);
      actions[k] = static_cast<float>(task.action_low[i] + share * (task.action_high[i] - task.action_low[i]));
    }
    worlds->step(view(std::as_const(actions).data(), 64, task.action_size));
    for (int world = 0; world < 64; ++world) {
      const auto k = static_cast<size_t>(world);
      const bool has_ended = worlds->terminated()[k] != 0;
      const auto seen = has_ended ? worlds->final_observation() : worlds->observation();
      EXPECT_EQ(ends({&seen(world, 0), static_cast<size_t>(task.observation_size)}), has_ended)
          << "world " << world << ", step " << step;
      ++(has_ended ? ended : went_on);
    }
  }
  EXPECT_GT(ended, 20);
  EXPECT_GT(went_on, 20);
}

INSTANTIATE_TEST_SUITE_P(Tasks, TerminationRules,
                         testing::Values("hopper-v5", "walker2d-v5", "ant-v5", "humanoid-v5", "inverted-pendulum-v5"),
                         [](const auto& example) {
                           std::string name = example.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace lockstep::agents
