// Tests of PPO as an agent: interaction, exact resume, independence of threads, truncation, refusals.
#include "agents/agent.h"
#include "agents/rollout.h"
#include "engine/error.h"
#include "envs/env.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::agents {
namespace {

std::unique_ptr<Agent> make(const std::string& task, const std::vector<std::string>& arguments, int threads = 1) {
  AgentInputs inputs;
  inputs.make_environment = envs::make_environment;
  inputs.task = task;
  inputs.seed = 3;
  inputs.environment.threads = threads;
  inputs.settings = find("ppo").defaults();
  for (const std::string& argument : arguments) inputs.settings.set_from_argument(argument);
  return find("ppo").make(inputs);
}

// Small iterations of everything.
const std::vector<std::string> kSmall = {"worlds=6",      "steps=16",        "epochs=2",
                                         "minibatches=3", "network.width=8", "evaluations=2"};

class PpoOnTask : public testing::TestWithParam<const char*> {};

TEST_P(PpoOnTask, ContinuesFromSavedBytesToTheSameBits) {
  const auto straight = make(GetParam(), kSmall), resumed = make(GetParam(), kSmall);
  for (int k = 0; k < 15; ++k) straight->iterate();  // beyond the time limit of the pendulum's first episodes
  resumed->load(straight->save());
  for (int k = 0; k < 3; ++k) {
    const auto expected = straight->iterate(), found = resumed->iterate();
    EXPECT_EQ(found[0].value, expected[0].value);
  }
  EXPECT_EQ(resumed->save(), straight->save());
}

TEST_P(PpoOnTask, LearnsTheSameBitsOnTwoThreads) {
  std::vector<std::string> arguments = kSmall;
  arguments.emplace_back("worlds=50");  // more than one block of lanes
  const auto one = make(GetParam(), arguments, 1), two = make(GetParam(), arguments, 2);
  for (int k = 0; k < 3; ++k) {
    one->iterate();
    two->iterate();
  }
  EXPECT_EQ(one->save(), two->save());
}

TEST_P(PpoOnTask, RepeatsAnEvaluationOfTheSameSeedExactly) {
  const auto agent = make(GetParam(), kSmall);
  agent->iterate();
  const Episode episode = agent->evaluate(3);
  EXPECT_EQ(episode.states, agent->evaluate(3).states);
  EXPECT_NE(episode.states, agent->evaluate(4).states);
  EXPECT_EQ(episode.states.size(), static_cast<size_t>((episode.steps + 1) * episode.state_size));
  double sum = 0;
  for (const float reward : episode.rewards) sum += static_cast<double>(reward);
  EXPECT_NEAR(episode.episode_return, sum, 1e-4 * std::abs(sum));
}

INSTANTIATE_TEST_SUITE_P(Tasks, PpoOnTask, testing::Values("cartpole-v1", "pendulum-v1"), [](const auto& example) {
  return std::string(example.param[0] == 'c' ? "Discrete" : "Continuous");
});

TEST(Ppo, CountsInteractionAndNotEvaluation) {
  const auto agent = make("pendulum-v1", kSmall);
  agent->iterate();
  agent->evaluate(1);
  EXPECT_EQ(agent->env_steps(), 6 * 16);
  EXPECT_DOUBLE_EQ(agent->real_seconds(), 6 * 16 * 0.05);
}

TEST(Ppo, IsDoneAfterAsManySuccessesInARowAsAsked) {
  const auto agent = make("pendulum-v1", {"worlds=2", "steps=8", "target_return=-1e9", "confirmations=2"});
  agent->iterate();
  EXPECT_FALSE(agent->is_done());
  agent->iterate();
  EXPECT_TRUE(agent->is_done());
}

// Updates that hardly move the policy earn a higher rate, those that throw it far a lower one.
TEST(Ppo, SteersItsLearningRateTowardsADistanceBetweenPolicies) {
  const auto rates = [](const char* first, const char* wanted) {
    std::vector<std::string> arguments = kSmall;
    arguments.insert(arguments.end(), {first, wanted, "final_rate=1"});
    const auto agent = make("pendulum-v1", arguments);
    std::vector<double> found;
    for (int k = 0; k < 4; ++k) {
      const auto metrics = agent->iterate();
      found.push_back(std::ranges::find(metrics, "learning_rate", &Metric::name)->value);
    }
    return found;
  };
  const auto rising = rates("learning_rate=1e-6", "adaptive_kl=0.01");
  EXPECT_DOUBLE_EQ(rising[0], 1e-6);
  EXPECT_DOUBLE_EQ(rising[3], 1e-6 * 1.5 * 1.5 * 1.5);
  const auto falling = rates("learning_rate=1e-2", "adaptive_kl=1e-5");
  EXPECT_DOUBLE_EQ(falling[3], 1e-2 / (1.5 * 1.5 * 1.5));
}

TEST(Ppo, RefusesMoreMinibatchesThanStepsAndSaysHowToMendIt) {
  try {
    make("pendulum-v1", {"worlds=2", "steps=3", "minibatches=7"});
    FAIL() << "7 minibatches of 6 steps were accepted";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("minibatches = 7"), std::string::npos);
    EXPECT_NE(error.fix().find("at most to 6"), std::string::npos);
  }
}

TEST(Ppo, RefusesATaskWithoutActionsAndSaysSo) {
  try {
    make("lorenz63", {});
    FAIL() << "a task without actions was accepted";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("has no actions"), std::string::npos);
  }
}

TEST(Ppo, RefusesAnUnknownKeyBeforeAnythingRuns) { EXPECT_THROW(make("pendulum-v1", {"network.widht=3"}), Error); }

TEST(Ppo, RefusesTheSavedStateOfAnotherTaskAndOfAnotherNetwork) {
  const auto bytes = make("pendulum-v1", kSmall)->save();
  EXPECT_THROW(make("cartpole-v1", kSmall)->load(bytes), Error);
  EXPECT_THROW(make("pendulum-v1", {"worlds=6", "network.width=9"})->load(bytes), Error);
}

TEST(Ppo, RefusesDamagedBytes) {
  const auto agent = make("pendulum-v1", kSmall);
  auto bytes = agent->save();
  bytes[bytes.size() / 2] ^= std::byte{1};
  EXPECT_THROW(agent->load(bytes), Error);
}

// Every world of the pendulum is cut at its 200th step, after which it starts anew elsewhere.
TEST(Collector, ValuesTheTrueLastStateOfAnEpisodeThatWasCut) {
  const EnvironmentConfig config{.num_worlds = 2, .seed = 5};
  const ActorCritic<float> policy(envs::make_environment("pendulum-v1", config)->spec(), {}, 1);
  Collector collector(envs::make_environment("pendulum-v1", config),
                      {.standardise_observations = false, .scale_rewards = false});
  Rollout rollout(201, 2, 3, 1);
  collector.collect(policy, {1, 1}, rollout, [](double) {});

  // The same worlds without resets show the state that the collector had to value.
  EnvironmentConfig by_hand = config;
  by_hand.auto_reset = false;
  const auto worlds = envs::make_environment("pendulum-v1", by_hand);
  std::vector<float> executed(2);
  for (size_t step = 0; step < 200; ++step) {
    for (size_t world = 0; world < 2; ++world)
      policy.actions().execute(rollout.actions.span().subspan(2 * step + world, 1),
                               std::span(executed).subspan(world, 1));
    worlds->step(view(static_cast<const float*>(executed.data()), 2, 1));
  }
  models::networks::Tape<float> tape;
  const auto last = policy.value(worlds->observation(), tape);
  for (int world = 0; world < 2; ++world) {
    const auto row = static_cast<size_t>(199 * 2 + world);
    EXPECT_EQ(rollout.ended[row], 1);
    EXPECT_EQ(rollout.terminated[row], 0);
    EXPECT_EQ(rollout.next_values[row], last(world, 0));
    EXPECT_NE(rollout.next_values[row], rollout.values[row + 2]);  // which is of the next episode
    EXPECT_EQ(rollout.next_values[row - 2], rollout.values[row]);
  }
}

}  // namespace
}  // namespace lockstep::agents
