// Tests of the clipped objective: its gradient against differences, its identities at the old policy, no allocations.
#include "agents/ppo_update.h"
#include "engine/error.h"
#include "tests/models/allocation_count.h"
#include "tests/models/networks/central_difference.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::agents {
namespace {

constexpr int kRows = 6, kObservations = 3;

TaskSpec task_of(int discrete_actions) {
  TaskSpec task;
  task.observation_size = kObservations;
  task.action_size = discrete_actions > 0 ? 1 : 2;
  task.discrete_actions = discrete_actions;
  task.action_low.assign(static_cast<size_t>(task.action_size), discrete_actions > 0 ? 0 : -1);
  task.action_high.assign(static_cast<size_t>(task.action_size), discrete_actions > 0 ? discrete_actions - 1 : 1);
  return task;
}

// Six samples whose old likelihoods are `shift` apart from the policy's, so that ratios are below, in and above the
// clip.
struct Example {
  PpoUpdateConfig config{.value_clip = 0.3, .entropy_weight = 0.05};
  ActorCritic<double> policy;
  std::vector<double> observations, actions, log_probs, values, advantages{1, -1, 0.5, -2, 1.5, -0.5}, targets;

  Example(int discrete_actions, double shift)
      : policy(task_of(discrete_actions), {.layers = 2, .width = 5}, 1), observations(kRows * kObservations) {
    // Away from the small weights that a policy begins with.
    for (size_t k = 0; k < policy.parameters().size(); ++k)
      policy.parameters()[k] += 0.3 * std::sin(static_cast<double>(7 * k));
    for (size_t k = 0; k < observations.size(); ++k) observations[k] = std::cos(static_cast<double>(3 * k));
    models::networks::Tape<double> actor, critic;
    const auto seen = view(static_cast<const double*>(observations.data()), kRows, kObservations);
    const auto outputs = policy.act(seen, actor), value = policy.value(seen, critic);
    const int width = policy.actions().width();
    actions.resize(static_cast<size_t>(kRows * width));
    for (int row = 0; row < kRows; ++row) {
      const std::span<const double> of_row(&outputs(row, 0), static_cast<size_t>(outputs.extent(1)));
      const std::span<double> action(&actions[static_cast<size_t>(row * width)], static_cast<size_t>(width));
      policy.actions().sample(of_row, policy.log_deviation(), {{1, 1}, static_cast<std::uint32_t>(row), 0}, action);
      const double now = policy.actions().likelihood(of_row, policy.log_deviation(), action).log_prob;
      log_probs.push_back(now + shift * (row % 3 - 1));
      values.push_back(value(row, 0) + 0.5 * (row % 3 - 1));
      targets.push_back(value(row, 0) + std::sin(static_cast<double>(row)));
    }
  }

  [[nodiscard]] PpoSamples<double> samples() const {
    return {view(observations.data(), kRows, kObservations),
            view(actions.data(), kRows, policy.actions().width()),
            log_probs,
            values,
            advantages,
            targets};
  }
  double loss(std::vector<double>& gradient, PpoStatistics& sums) const {
    gradient.assign(policy.parameters().size(), 0);
    return PpoLoss<double>(config).add_gradient(policy, samples(), gradient, sums);
  }
  double loss() const {
    std::vector<double> unused;
    PpoStatistics sums;
    return loss(unused, sums);
  }
};

class PpoGradient : public testing::TestWithParam<int> {};

TEST_P(PpoGradient, EqualsDifferencesInsideAndOutsideTheClip) {
  Example example(GetParam(), 0.4);
  std::vector<double> gradient;
  PpoStatistics sums;
  example.loss(gradient, sums);
  ASSERT_GT(sums.clip_fraction, 0);
  ASSERT_LT(sums.clip_fraction, 1);
  constexpr double kStep = 1e-6;  // small enough that no ratio crosses the clip
  for (size_t k = 0; k < gradient.size(); ++k) {
    double& parameter = example.policy.parameters()[k];
    EXPECT_NEAR(gradient[k], central_difference(parameter, kStep, [&] { return example.loss(); }), 1e-8) << k;
  }
}

INSTANTIATE_TEST_SUITE_P(Actions, PpoGradient, testing::Values(0, 3), [](const auto& example) {
  return std::string(example.param == 0 ? "Continuous" : "Discrete");
});

TEST(PpoLoss, IsMinusTheMeanAdvantageAtTheOldPolicy) {
  Example example(2, 0);
  PpoStatistics sums;
  std::vector<double> gradient;
  example.loss(gradient, sums);
  double mean = 0;
  for (const double advantage : example.advantages) mean += advantage / kRows;
  EXPECT_NEAR(sums.policy_loss, -mean, 1e-15);
  EXPECT_EQ(sums.kl, 0);
  EXPECT_EQ(sums.clip_fraction, 0);
}

TEST(PpoLoss, MeasuresTheDistanceOfItsRatios) {
  Example example(2, 0.4);
  PpoStatistics sums;
  std::vector<double> gradient;
  example.loss(gradient, sums);
  // Two of three samples have log ratios of 0.4 and -0.4.
  EXPECT_NEAR(sums.kl, (std::exp(0.4) - 1 - 0.4 + std::exp(-0.4) - 1 + 0.4) / 3, 1e-14);
}

Rollout filled_rollout(int steps, int worlds) {
  Rollout rollout(steps, worlds, kObservations, 1);
  for (size_t k = 0; k < rollout.observations.size(); ++k) rollout.observations[k] = std::sin(static_cast<float>(k));
  for (size_t k = 0; k < rollout.log_probs.size(); ++k) {
    rollout.actions[k] = static_cast<float>(k % 2);
    rollout.log_probs[k] = -0.7f;
    // Action 1 pays where the first observation is positive, action 0 where it is not.
    rollout.advantages[k] = (rollout.observations[3 * k] > 0) == (k % 2 == 1) ? 1.0f : -1.0f;
    rollout.targets[k] = rollout.advantages[k];
  }
  return rollout;
}

void nothing(double) {}

TEST(PpoUpdate, MakesRewardedActionsLikelier) {
  ActorCritic<float> policy(task_of(2), {}, 1);
  PpoUpdate update({}, {}, policy);
  const Rollout rollout = filled_rollout(32, 8);
  update.run(rollout, 1e-3, {1, 1}, policy, nothing);
  models::networks::Tape<float> tape;
  const auto outputs = policy.act(view(rollout.observations.data(), 256, kObservations), tape);
  int better = 0;
  for (int row = 0; row < 256; ++row)
    better += (outputs(row, 1) > outputs(row, 0)) == (rollout.observations[static_cast<size_t>(3 * row)] > 0) ? 1 : 0;
  EXPECT_GT(better, 230);
}

TEST(PpoUpdate, AllocatesNothingAfterTheFirst) {
  ActorCritic<float> policy(task_of(2), {}, 1);
  PpoUpdate update({}, {}, policy);
  const Rollout rollout = filled_rollout(32, 8);
  const std::function<void(double)> quiet = nothing;
  update.run(rollout, 1e-3, {1, 1}, policy, quiet);
  const long before = tests::allocation_count();
  update.run(rollout, 1e-3, {1, 1}, policy, quiet);
  EXPECT_EQ(tests::allocation_count(), before);
}

TEST(PpoUpdate, StopsEarlyWhereThePolicyIsFarEnough) {
  ActorCritic<float> policy(task_of(2), {}, 1);
  PpoUpdate update({.epochs = 50, .target_kl = 1e-3}, {}, policy);
  EXPECT_LT(update.run(filled_rollout(32, 8), 1e-3, {1, 1}, policy, nothing).epochs, 50);
}

TEST(PpoUpdate, StopsAtALossThatIsNotFiniteAndNamesTheEpoch) {
  ActorCritic<float> policy(task_of(2), {}, 1);
  PpoUpdate update({.standardise_advantages = false}, {}, policy);
  Rollout rollout = filled_rollout(32, 8);
  rollout.advantages[5] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> before(policy.parameters().begin(), policy.parameters().end());
  try {
    update.run(rollout, 0, {1, 1}, policy, nothing);
    FAIL() << "a loss of NaN was stepped on";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("epoch 1"), std::string::npos);
    EXPECT_NE(error.fix().find("learning_rate"), std::string::npos);
  }
  for (const float parameter : policy.parameters()) EXPECT_TRUE(std::isfinite(parameter));
  EXPECT_EQ(std::vector<float>(policy.parameters().begin(), policy.parameters().end()), before);
}

}  // namespace
}  // namespace lockstep::agents
