// Tests of SINDy-RL as an agent: interaction, exact resume, independence of threads, what it tells, what it refuses.
#include "agents/agent.h"
#include "agents/observed_worlds.h"
#include "agents/sparse_policy_search.h"
#include "agents/surrogate_worlds.h"
#include "engine/error.h"
#include "envs/env.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::agents {
namespace {

std::unique_ptr<Agent> make(const std::string& task, const std::vector<std::string>& arguments, int threads = 1) {
  AgentInputs inputs;
  inputs.make_environment = envs::make_environment;
  inputs.task = task;
  inputs.seed = 3;
  inputs.environment.threads = threads;
  inputs.settings = find("sindy-rl").defaults();
  for (const std::string& argument : arguments) inputs.settings.set_from_argument(argument);
  return find("sindy-rl").make(inputs);
}

// Small iterations of everything; two of them are a run, whose end is distilled.
const std::vector<std::string> kSmall = {"random_steps=250",
                                         "collect_steps=60",
                                         "kept_steps=100",
                                         "training_iterations=2",
                                         "starts=20",
                                         "start_from_data=0.25",
                                         "evaluations=2",
                                         "ppo.worlds=40",
                                         "ppo.steps=8",
                                         "ppo.total_steps=1280",
                                         "ppo.epochs=1",
                                         "ppo.network.width=8",
                                         "surrogate.library=affine(polynomial(2, states))",
                                         "surrogate.bootstrap.members=5",
                                         "sparse_policy.library=polynomial(2)",
                                         "sparse_policy.members=3",
                                         "sparse_policy.states=200",
                                         "sparse_policy.worlds=4",
                                         "sparse_policy.rounds=2",
                                         "sparse_policy.search.generations=3",
                                         "sparse_policy.search.population=4"};

double value_of(const std::vector<Metric>& metrics, const std::string& name) {
  return std::ranges::find(metrics, name, &Metric::name)->value;
}

TEST(SindyRl, ContinuesFromSavedBytesToTheSameBits) {
  const auto straight = make("pendulum-v1", kSmall), resumed = make("pendulum-v1", kSmall);
  straight->iterate();
  resumed->load(straight->save());
  const auto expected = straight->iterate(), found = resumed->iterate();
  EXPECT_EQ(value_of(found, "return"), value_of(expected, "return"));
  EXPECT_EQ(value_of(found, "sparse_return"), value_of(expected, "sparse_return"));
  EXPECT_EQ(resumed->equations(), straight->equations());
  EXPECT_EQ(resumed->save(), straight->save());
}

TEST(SindyRl, LearnsTheSameBitsOnTwoThreads) {
  std::vector<std::string> arguments = kSmall;
  arguments.emplace_back("ppo.worlds=300");  // more than two blocks
  arguments.emplace_back("ppo.total_steps=9600");
  const auto one = make("pendulum-v1", arguments, 1), two = make("pendulum-v1", arguments, 2);
  for (int k = 0; k < 2; ++k) {
    one->iterate();
    two->iterate();
  }
  EXPECT_EQ(one->save(), two->save());
}

TEST(SindyRl, CountsRealInteractionAlone) {
  const auto agent = make("pendulum-v1", kSmall);
  agent->iterate();
  EXPECT_EQ(agent->env_steps(), 250);
  const auto metrics = agent->iterate();
  // The second iteration is the last: distilled policies are tried in an episode each.
  const std::int64_t trials = (agent->env_steps() - 310) / 200;
  EXPECT_GE(trials, 1);
  EXPECT_EQ(agent->env_steps(), 310 + 200 * trials);
  EXPECT_EQ(value_of(metrics, "surrogate_steps"), 1280);
}

TEST(SindyRl, EndsWithItsStepsAndTellsDynamicsRewardAndPolicyAsEquations) {
  const auto agent = make("pendulum-v1", kSmall);
  agent->iterate();
  EXPECT_FALSE(agent->is_done());
  const auto metrics = agent->iterate();
  EXPECT_TRUE(agent->is_done());
  EXPECT_TRUE(std::isfinite(value_of(metrics, "sparse_return")));
  const auto equations = agent->equations();
  ASSERT_EQ(equations.size(), 5u);  // three observations, the reward, one action
  EXPECT_THAT(equations[3], testing::StartsWith("reward = "));
  EXPECT_THAT(equations[4], testing::StartsWith("u0 = "));
}

TEST(SindyRl, ForgetsTheOldestStepsOfThePolicy) {
  std::vector<std::string> arguments = kSmall;
  arguments.emplace_back("ppo.total_steps=1000000");
  const auto agent = make("pendulum-v1", arguments);
  double rows = 0;
  for (int k = 0; k < 4; ++k) rows = value_of(agent->iterate(), "rows");
  EXPECT_EQ(rows, 250 + 100);
}

TEST(SindyRl, RefusesTasksWithDiscreteActions) { EXPECT_THROW(make("cartpole-v1", kSmall), Error); }

TEST(SindyRl, SaysThatABadLibraryIsTheSurrogates) {
  std::vector<std::string> arguments = kSmall;
  arguments.emplace_back("surrogate.library=polynomal(2)");
  try {
    make("pendulum-v1", arguments);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("surrogate.library"));
    EXPECT_THAT(error.what(), testing::HasSubstr("polynomial"));
  }
}

// ---- Real worlds as they are observed ----

TEST(ObservedWorlds, KeepTheLastObservationOfAnEpisodeAndCrossNoEnd) {
  EnvironmentConfig config;
  config.num_worlds = 3;
  config.episode_steps = 5;
  ObservedWorlds real(envs::make_environment("pendulum-v1", config));
  TransitionData data(3, 1);
  const auto push = [](const Environment&, std::span<float> actions) { std::ranges::fill(actions, 1.0f); };
  EXPECT_EQ(real.collect(36, push, data, [](double) {}), 36);
  EXPECT_EQ(data.size(), 36);
  for (int row = 0; row + 1 < data.size(); ++row) {
    EXPECT_EQ(data.truncated()[static_cast<size_t>(row)] != 0, row % 12 % 5 == 4) << row;
    if (!data.is_continued(row)) continue;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(data.next()(row, i), data.x()(row + 1, i));
  }
  // Between the steps of an episode the pendulum moves little, even at its end.
  for (int row = 0; row < data.size(); ++row) EXPECT_LT(std::abs(data.next()(row, 0) - data.x()(row, 0)), 0.5);
}

// ---- Search for better coefficients ----

// A point in one dimension, x' = u: from x = 1 the best of u = c x is c = -1, which is where it ends.
TEST(PolicySearch, FindsTheBestGainOfAnIntegrator) {
  TaskSpec task;
  task.name = "integrator";
  task.observation_size = 1;
  task.action_size = 1;
  task.action_low = {-10};
  task.action_high = {10};
  task.observation_names = {"x"};
  task.control_timestep = 1;
  task.episode_steps = 5;
  models::SurrogateConfig config;
  config.library = "terms(u0)";
  config.reward = "0 - x^2";
  config.margin = 10;
  TransitionData data(1, 1);
  for (int row = 0; row < 50; ++row) {
    const std::vector<double> x{std::sin(row)}, u{std::cos(3 * row)}, next{x[0] + u[0]};
    data.append({.x = x, .u = u, .next = next, .reward = -next[0] * next[0], .done = true});
  }
  config.bootstrap.drop_features = 0;
  models::SparseSurrogate model(task, config);
  model.fit(data);
  const PolicySearch search{{.generations = 40, .population = 12, .episodes = 1, .deviation = 0.1},
                            ActionRange(task),
                            5,
                            [&](int count, int, std::uint64_t seed) {
                              auto worlds = std::make_unique<SurrogateWorlds>(
                                  task, SurrogateWorldsConfig{.num_worlds = count, .seed = seed});
                              worlds->follow(model, {1.0});
                              return worlds;
                            },
                            false};
  const models::FeatureLibrary library(1, 0, models::polynomial_features({0}, {.degree = 1, .constant = false}));
  const models::SparseMap start(library, Eigen::MatrixXd::Constant(1, 1, -0.01), -1, 1);
  const std::vector<double> scale{1};
  const models::SparseMap found = search.improve(start, scale, [](double) {});
  EXPECT_NEAR(10 * found.coefficients()(0, 0), -1, 0.02);  // positions are in half ranges
}

}  // namespace
}  // namespace lockstep::agents
