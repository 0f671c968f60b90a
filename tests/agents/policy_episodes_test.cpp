// Tests of data sets: episodes that a policy is recorded in, and replays that begin with steps from a file.
#include "agents/policy_episodes.h"
#include "agents/agent.h"
#include "engine/atomic_file.h"
#include "engine/error.h"
#include "envs/env.h"
#include "tests/engine/npz_writer.h"
#include "tests/engine/temporary_folder.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::agents {
namespace {

AgentInputs inputs_for(const std::string& agent, const std::string& task, const std::vector<std::string>& arguments) {
  AgentInputs inputs;
  inputs.make_environment = envs::make_environment;
  inputs.task = task;
  inputs.settings = find(agent).defaults();
  for (const std::string& argument : arguments) inputs.settings.set_from_argument(argument);
  return inputs;
}

PolicyDescription untrained_policy(const std::string& agent, const std::string& task) {
  return find(agent).make(inputs_for(agent, task, {"network.width=8"}))->policy().value();
}

EpisodeSet recorded(const PolicyDescription& policy, int episodes, double noise, int threads = 1) {
  const auto worlds = envs::make_environment(policy.task, {.num_worlds = episodes, .seed = 4, .threads = threads});
  return record_episodes(policy, *worlds, {.seed = 4, .noise = noise}, [](double) {});
}

TEST(PolicyEpisodes, HoldWhatThePolicyDoesAndWhatTheTaskPaysForIt) {
  const PolicyDescription policy = untrained_policy("sac", "pendulum-v1");
  const EpisodeSet set = recorded(policy, 3, 0);
  ASSERT_EQ(set.episodes.size(), 3u);
  for (const RecordedEpisode& episode : set.episodes) {
    ASSERT_EQ(episode.rewards.size(), 200u);
    ASSERT_EQ(episode.observations.size(), 3 * 201u);
    const auto seen = view(episode.observations.data(), 200, 3);
    EXPECT_EQ(policy_actions(policy, seen), episode.actions);
    EXPECT_EQ(episode.truncated.back(), 1);
    EXPECT_EQ(std::ranges::count(episode.truncated, 1) + std::ranges::count(episode.terminated, 1), 1);
    for (int step = 0; step < 200; ++step) {
      const double theta = std::atan2(seen(step, 1), seen(step, 0)), omega = seen(step, 2);
      const double torque = episode.actions[static_cast<size_t>(step)];
      // Rewards reach 16, in float; the angle comes back by way of its sine and cosine.
      EXPECT_NEAR(episode.rewards[static_cast<size_t>(step)],
                  -(theta * theta + 0.1 * omega * omega + 0.001 * torque * torque), 1e-4);
    }
  }
}

TEST(PolicyEpisodes, EndWithTheTrueLastObservationWhereTheTaskEndsThem) {
  const EpisodeSet set = recorded(untrained_policy("ppo", "cartpole-v1"), 20, 0);
  ASSERT_EQ(set.episodes.size(), 20u);
  for (const RecordedEpisode& episode : set.episodes) {
    ASSERT_EQ(episode.terminated.back(), 1);  // nobody balances untrained
    const float* const last = &episode.observations[4 * episode.rewards.size()];
    EXPECT_TRUE(std::abs(last[0]) > 2.4f || std::abs(last[2]) > 0.2095f) << last[0] << " " << last[2];
  }
}

TEST(PolicyEpisodes, AreTheSameOnTwoThreads) {
  const PolicyDescription policy = untrained_policy("sac", "pendulum-v1");
  const EpisodeSet one = recorded(policy, 40, 0.5, 1), two = recorded(policy, 40, 0.5, 2);
  for (size_t k = 0; k < one.episodes.size(); ++k) {
    EXPECT_EQ(one.episodes[k].actions, two.episodes[k].actions);
    EXPECT_EQ(one.episodes[k].observations, two.episodes[k].observations);
  }
}

TEST(PolicyEpisodes, AddNoiseOfTheDeviationThatIsAskedWithinTheRange) {
  const PolicyDescription policy = untrained_policy("sac", "pendulum-v1");
  const EpisodeSet set = recorded(policy, 100, 0.1);
  double squares = 0;
  size_t count = 0;
  for (const RecordedEpisode& episode : set.episodes) {
    const std::vector<float> chosen = policy_actions(policy, view(episode.observations.data(), 200, 3));
    for (size_t k = 0; k < chosen.size(); ++k, ++count) {
      const auto difference = static_cast<double>(episode.actions[k] - chosen[k]);
      squares += difference * difference;
      ASSERT_LE(std::abs(episode.actions[k]), 2.0f);
    }
  }
  // A tenth of half the range [-2, 2]; 20,000 draws: one in a hundred and fifty of it is the deviation of the estimate.
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(count)), 0.2, 0.005);
}

TEST(PolicyEpisodes, RefuseNoiseOnDiscreteActions) {
  EXPECT_THROW((void)recorded(untrained_policy("ppo", "cartpole-v1"), 1, 0.1), Error);
}

// `rows` steps of a pendulum's sizes in D4RL's layout.
void write_steps(const std::filesystem::path& file, int rows, int observation_size) {
  const auto count = static_cast<size_t>(rows);
  const std::vector<double> observations(count * static_cast<size_t>(observation_size), 0.5), zeros(count);
  tests::NpzWriter writer;
  writer.add("observations", {rows, observation_size}, observations);
  writer.add("next_observations", {rows, observation_size}, observations);
  writer.add("actions", {rows, 1}, zeros);
  writer.add("rewards", {rows}, zeros);
  writer.add("terminals", {rows}, zeros);
  write_file(file, writer.bytes());
}

const std::vector<std::string> kSmall = {"iteration_steps=10", "random_steps=0", "batch=16", "network.width=8",
                                         "evaluations=2"};

double metric(const std::vector<Metric>& metrics, const std::string& name) {
  return std::ranges::find(metrics, name, &Metric::name)->value;
}

TEST(InitialTransitions, AreLearnedFromFromTheFirstStepOn) {
  const TemporaryFolder folder;
  write_steps(folder / "data.npz", 300, 3);
  std::vector<std::string> arguments = kSmall;
  arguments.push_back("initial_transitions=\"" + (folder / "data.npz").string() + "\"");
  const auto agent = find("sac").make(inputs_for("sac", "pendulum-v1", arguments));
  const std::vector<Metric> metrics = agent->iterate();
  EXPECT_EQ(metric(metrics, "replay_size"), 310);
  EXPECT_NEAR(metric(metrics, "updates_per_second") / metric(metrics, "wall_steps_per_second"), 1, 1e-9);
}

TEST(InitialTransitions, OfAnotherTaskAreRefusedWithTheirShape) {
  const TemporaryFolder folder;
  write_steps(folder / "data.npz", 5, 4);
  std::vector<std::string> arguments = kSmall;
  arguments.push_back("initial_transitions=\"" + (folder / "data.npz").string() + "\"");
  try {
    (void)find("td3").make(inputs_for("td3", "pendulum-v1", arguments));
    FAIL() << "they were taken";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("[5, 4], [5, 3] is expected"), std::string::npos) << error.problem();
    EXPECT_NE(error.where().find("'observations'"), std::string::npos) << error.where();
  }
}

TEST(InitialTransitions, ThatAreNotThereAreAnError) {
  std::vector<std::string> arguments = kSmall;
  arguments.emplace_back("initial_transitions=\"no/such/file.h5\"");
  EXPECT_THROW((void)find("sac").make(inputs_for("sac", "pendulum-v1", arguments)), Error);
}

}  // namespace
}  // namespace lockstep::agents
