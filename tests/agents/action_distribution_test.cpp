// Tests of action distributions: closed forms, frequencies of draws, and derivatives against differences.
#include "agents/action_distribution.h"
#include "tests/models/networks/central_difference.h"

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::agents {
namespace {

TaskSpec discrete_task(int choices) {
  TaskSpec task;
  task.action_size = 1;
  task.discrete_actions = choices;
  task.action_low = {0};
  task.action_high = {choices - 1.0};
  return task;
}

// Ranges [-2, 4] and unbounded.
TaskSpec continuous_task() {
  TaskSpec task;
  task.action_size = 2;
  const double infinity = std::numeric_limits<double>::infinity();
  task.action_low = {-2, -infinity};
  task.action_high = {4, infinity};
  return task;
}

const std::vector<double> kLogits{0.3, -1.2, 0.8};
const std::vector<double> kMeans{0.3, -0.6}, kLogDeviation{-0.2, 0.4};

TEST(CategoricalActions, HaveTheLikelihoodAndEntropyOfASoftmax) {
  const ActionDistribution<double> actions(discrete_task(3));
  double total = 0, entropy = 0;
  for (const double logit : kLogits) total += std::exp(logit);
  for (const double logit : kLogits) entropy -= std::exp(logit) / total * std::log(std::exp(logit) / total);
  const auto likelihood = actions.likelihood(kLogits, {}, std::vector<double>{2});
  EXPECT_NEAR(likelihood.log_prob, 0.8 - std::log(total), 1e-15);
  EXPECT_NEAR(likelihood.entropy, entropy, 1e-15);
}

TEST(CategoricalActions, StayFiniteForHugeLogits) {
  const ActionDistribution<float> actions(discrete_task(2));
  const auto likelihood = actions.likelihood(std::vector<float>{1e4f, -1e4f}, {}, std::vector<float>{0});
  EXPECT_EQ(likelihood.log_prob, 0);
  EXPECT_EQ(likelihood.entropy, 0);
}

TEST(CategoricalActions, AreDrawnAsOftenAsTheirProbabilities) {
  const ActionDistribution<double> actions(discrete_task(3));
  std::vector<int> drawn(3);
  constexpr int kDraws = 20000;
  std::vector<double> action(1);
  for (int k = 0; k < kDraws; ++k) {
    actions.sample(kLogits, {}, {{1, 2}, 0, static_cast<std::uint32_t>(k)}, action);
    ++drawn[static_cast<size_t>(action[0])];
  }
  for (size_t k = 0; k < 3; ++k) {
    const double p = std::exp(actions.likelihood(kLogits, {}, std::vector<double>{static_cast<double>(k)}).log_prob);
    // Four deviations of a frequency.
    EXPECT_NEAR(drawn[k] / double{kDraws}, p, 4 * std::sqrt(p * (1 - p) / kDraws)) << k;
  }
}

TEST(CategoricalActions, AreTheLikeliestOnesWhenGreedy) {
  std::vector<double> action(1);
  ActionDistribution<double>(discrete_task(3)).mode(kLogits, action);
  EXPECT_EQ(action[0], 2);
}

TEST(GaussianActions, HaveTheLikelihoodAndEntropyOfIndependentNormals) {
  const ActionDistribution<double> actions(continuous_task());
  const std::vector<double> action{0.5, 0.1};
  double log_prob = 0, entropy = 0;
  for (size_t i = 0; i < 2; ++i) {
    const double deviation = std::exp(kLogDeviation[i]), distance = (action[i] - kMeans[i]) / deviation;
    log_prob += std::log(std::exp(-distance * distance / 2) / (deviation * std::sqrt(2 * M_PI)));
    entropy += std::log(deviation * std::sqrt(2 * M_PI * M_E));
  }
  const auto likelihood = actions.likelihood(kMeans, kLogDeviation, action);
  EXPECT_NEAR(likelihood.log_prob, log_prob, 1e-14);
  EXPECT_NEAR(likelihood.entropy, entropy, 1e-14);
}

TEST(GaussianActions, AreDrawnWithTheirMeanAndDeviation) {
  const ActionDistribution<double> actions(continuous_task());
  constexpr int kDraws = 20000;
  double sum = 0, square = 0;
  std::vector<double> action(2);
  for (int k = 0; k < kDraws; ++k) {
    actions.sample(kMeans, kLogDeviation, {{1, 2}, 0, static_cast<std::uint32_t>(k)}, action);
    sum += action[1];
    square += (action[1] - kMeans[1]) * (action[1] - kMeans[1]);
  }
  const double deviation = std::exp(kLogDeviation[1]);
  EXPECT_NEAR(sum / kDraws, kMeans[1], 4 * deviation / std::sqrt(kDraws));
  EXPECT_NEAR(std::sqrt(square / kDraws), deviation, 4 * deviation / std::sqrt(2.0 * kDraws));
}

TEST(GaussianActions, AreExecutedInTheTasksUnitsAndCutToItsRange) {
  const ActionDistribution<double> actions(continuous_task());
  std::vector<float> executed(2);
  actions.execute(std::vector<double>{0.5, 7}, executed);
  EXPECT_EQ(executed, (std::vector<float>{2.5f, 7}));
  actions.execute(std::vector<double>{-3, -9}, executed);
  EXPECT_EQ(executed, (std::vector<float>{-2, -9}));
}

// Checks backward() against central differences in outputs and deviations.
void expect_derivatives(const TaskSpec& task, std::vector<double> outputs, std::vector<double> log_deviation,
                        const std::vector<double>& action) {
  constexpr double kStep = 1e-5, kTolerance = 1e-9;
  const ActionDistribution<double> actions(task);
  const ActionDistribution<double>::Likelihood weights{0.7, -1.3};
  const auto value = [&] {
    const auto likelihood = actions.likelihood(outputs, log_deviation, action);
    return weights.log_prob * likelihood.log_prob + weights.entropy * likelihood.entropy;
  };
  const auto difference = [&](double& number) { return central_difference(number, kStep, value); };
  std::vector<double> output_gradient(outputs.size()), deviation_gradient(log_deviation.size());
  actions.backward(outputs, log_deviation, action, weights, output_gradient, deviation_gradient);
  for (size_t k = 0; k < outputs.size(); ++k) EXPECT_NEAR(output_gradient[k], difference(outputs[k]), kTolerance);
  for (size_t k = 0; k < log_deviation.size(); ++k)
    EXPECT_NEAR(deviation_gradient[k], difference(log_deviation[k]), kTolerance);
}

TEST(CategoricalActions, HaveTheDerivativesOfTheirDifferences) {
  expect_derivatives(discrete_task(3), kLogits, {}, {1});
}

TEST(GaussianActions, HaveTheDerivativesOfTheirDifferences) {
  expect_derivatives(continuous_task(), kMeans, kLogDeviation, {0.5, 0.1});
}

}  // namespace
}  // namespace lockstep::agents
