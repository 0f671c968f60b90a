// SINDy-MPC on Gymnasium's Pendulum-v1, whose equation of motion is known: omega' = 15 sin(theta) + 3 torque.
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

std::unique_ptr<Agent> make(const std::string& task, std::uint64_t seed, const std::vector<std::string>& arguments) {
  AgentInputs inputs;
  inputs.make_environment = envs::make_environment;
  inputs.task = task;
  inputs.seed = seed;
  inputs.settings = find("sindy-mpc").defaults();
  for (const std::string& argument : arguments) inputs.settings.set_from_argument(argument);
  return find("sindy-mpc").make(inputs);
}

// A return that no episode reaches: the agent goes on.
const std::vector<std::string> kEndless = {"target_return=1", "mpc.horizon=20"};

double metric(const std::vector<Metric>& metrics, const std::string& name) {
  for (const Metric& m : metrics)
    if (m.name == name) return m.value;
  ADD_FAILURE() << "no metric " << name;
  return std::nan("");
}

TEST(SindyMpc, FindsThePendulumsEquationsFromTwentySeconds) {
  const auto agent = make("pendulum-v1", 1, kEndless);
  agent->iterate();
  ASSERT_EQ(agent->equations().size(), 2u);
  EXPECT_EQ(agent->equations()[0], "theta' = omega");
  EXPECT_EQ(agent->equations()[1], "omega' = 15 sin(theta) + 3 u0");
}

TEST(SindyMpc, CountsRealInteractionAndNotEvaluation) {
  const auto agent = make("pendulum-v1", 1, kEndless);
  agent->iterate();
  EXPECT_EQ(agent->env_steps(), 400);  // explore_seconds = 20, control step 0.05 s
  EXPECT_DOUBLE_EQ(agent->real_seconds(), 20);
  agent->iterate();
  EXPECT_EQ(agent->env_steps(), 600);  // collect_seconds = 10
}

TEST(SindyMpc, PredictsAnEpisodeThatItHasNotSeen) {
  const auto agent = make("pendulum-v1", 2, kEndless);
  // The pendulum is chaotic near the top: 20 steps of 0.05 s amplify rounding, not more.
  EXPECT_LT(metric(agent->iterate(), "model_error_10"), 1e-9);
}

TEST(SindyMpc, SucceedsOnceAnEvaluationReachesTheTarget) {
  const auto agent = make("pendulum-v1", 1, {"target_return=-1e9"});
  agent->iterate();
  EXPECT_TRUE(agent->is_done());
}

TEST(SindyMpc, ContinuesFromSavedBytesToTheSameBits) {
  const auto straight = make("pendulum-v1", 5, kEndless);
  straight->iterate();
  const std::vector<std::byte> half = straight->save();
  straight->iterate();

  const auto resumed = make("pendulum-v1", 5, kEndless);
  resumed->load(half);
  resumed->iterate();
  EXPECT_EQ(resumed->save(), straight->save());
}

TEST(SindyMpc, RepeatsAnEvaluationOfTheSameSeedExactly) {
  const auto agent = make("pendulum-v1", 5, kEndless);
  agent->iterate();
  EXPECT_EQ(agent->evaluate(3).states, agent->evaluate(3).states);
  EXPECT_NE(agent->evaluate(3).states, agent->evaluate(4).states);
}

TEST(SindyMpc, RefusesTheSavedStateOfAnotherTask) {
  const auto pendulum = make("pendulum-v1", 1, kEndless);
  const std::vector<std::byte> bytes = pendulum->save();
  const auto other = make("cartpole-swingup", 1, {});
  EXPECT_THROW(other->load(bytes), Error);
}

TEST(SindyMpc, RefusesDiscreteActionsAndSaysSo) {
  try {
    make("cartpole-v1", 1, {});
    FAIL() << "a task with discrete actions was accepted";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("discrete actions"), std::string::npos);
  }
}

TEST(SindyMpc, RefusesAnUnknownPlannerKeyBeforeAnythingRuns) {
  EXPECT_THROW(make("pendulum-v1", 1, {"planner.horizn=3"}), Error);
}

TEST(SindyMpc, RefusesToEvaluateBeforeItLearnedAnything) {
  EXPECT_THROW(static_cast<void>(make("pendulum-v1", 1, kEndless)->evaluate(1)), Error);
}

TEST(Agents, AreFoundByNameOrTheNearestOneIsNamed) {
  EXPECT_EQ(find("sindy-mpc").name, "sindy-mpc");
  try {
    static_cast<void>(find("sindy-mcp"));
    FAIL() << "an unknown agent was accepted";
  } catch (const Error& error) {
    EXPECT_NE(error.fix().find("sindy-mpc"), std::string::npos);
  }
}

}  // namespace
}  // namespace lockstep::agents
