// Tests of prioritised replay: how often what is drawn, weights, what new and rewritten rows get, exact continuation.
#include "agents/replay.h"
#include "agents/replay_priorities.h"
#include "engine/error.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::agents {
namespace {

// p = |error| + 1e-6, as in the paper.
constexpr double kLeastError = 1e-6;

// Priorities of rows whose errors these are.
ReplayPriorities of_errors(double exponent, const std::vector<float>& errors) {
  ReplayPriorities priorities(exponent);
  for (size_t k = 0; k < errors.size(); ++k) priorities.add(static_cast<int>(k));
  std::vector<std::int32_t> rows(errors.size());
  std::iota(rows.begin(), rows.end(), 0);
  priorities.set(rows, errors);
  return priorities;
}

// P(i) of the paper's equation 1, from its definition.
std::vector<double> expected_probabilities(double exponent, const std::vector<float>& errors) {
  std::vector<double> p;
  for (const float error : errors) p.push_back(std::pow(std::abs(static_cast<double>(error)) + kLeastError, exponent));
  const double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& x : p) x /= sum;
  return p;
}

const std::vector<float> kErrors = {0.5f, -2, 1, 0.25f, 4, 0.1f, -1, 3, 0.75f, 2};

class DrawsByPriority : public testing::TestWithParam<double> {};

// Chi-square over draws of one row each, which are independent (several rows of a draw share the range between them).
TEST_P(DrawsByPriority, FollowThePowerOfTheErrors) {
  constexpr int kDraws = 20000;
  const ReplayPriorities priorities = of_errors(GetParam(), kErrors);
  const std::vector<double> expected = expected_probabilities(GetParam(), kErrors);
  std::vector<int> counts(kErrors.size());
  std::int32_t row = 0;
  float weight = 0;
  for (std::uint32_t draw = 0; draw < kDraws; ++draw) {
    priorities.sample({5, 1}, draw, 1, std::span(&row, 1), std::span(&weight, 1));
    ++counts[static_cast<size_t>(row)];
  }
  double chi_square = 0;
  for (size_t k = 0; k < counts.size(); ++k) {
    const double mean = kDraws * expected[k];
    ASSERT_GT(mean, 5) << "too few for chi-square";
    chi_square += (counts[k] - mean) * (counts[k] - mean) / mean;
  }
  EXPECT_LT(chi_square, 27.9);  // 9 degrees of freedom: exceeded by chance once in a thousand
}

// The k-th of n rows comes from the k-th of n equal parts of the sum: counts are within one of their means at either
// end.
TEST_P(DrawsByPriority, OfManyRowsAreSpreadOverThemAsTheirSharesSay) {
  constexpr int kRows = 1000;
  const ReplayPriorities priorities = of_errors(GetParam(), kErrors);
  const std::vector<double> expected = expected_probabilities(GetParam(), kErrors);
  std::vector<std::int32_t> rows(kRows);
  std::vector<float> weights(kRows);
  priorities.sample({5, 2}, 3, 0.5, rows, weights);
  EXPECT_TRUE(std::ranges::is_sorted(rows));
  for (size_t k = 0; k < kErrors.size(); ++k)
    EXPECT_NEAR(static_cast<double>(std::ranges::count(rows, static_cast<int>(k))), kRows * expected[k], 2) << k;
}
INSTANTIATE_TEST_SUITE_P(Exponents, DrawsByPriority, testing::Values(0.0, 0.6, 1.0));

TEST(ReplayPriorities, SayTheProbabilityOfEveryRow) {
  const ReplayPriorities priorities = of_errors(0.7, kErrors);
  const std::vector<double> expected = expected_probabilities(0.7, kErrors);
  for (size_t k = 0; k < kErrors.size(); ++k)
    EXPECT_NEAR(priorities.probability(static_cast<int>(k)), expected[k], 1e-15) << k;
}

TEST(ReplayPriorities, WeighARowByTheInverseOfItsProbabilityOverTheLargestSuchWeight) {
  constexpr double kCorrection = 0.6;
  const ReplayPriorities priorities = of_errors(1, kErrors);
  const std::vector<double> expected = expected_probabilities(1, kErrors);
  std::vector<std::int32_t> rows(200);
  std::vector<float> weights(200);
  priorities.sample({5, 3}, 0, kCorrection, rows, weights);
  const auto weight_of = [&](std::int32_t row) {
    return std::pow(static_cast<double>(kErrors.size()) * expected[static_cast<size_t>(row)], -kCorrection);
  };
  double largest = 0;
  for (const std::int32_t row : rows) largest = std::max(largest, weight_of(row));
  for (size_t k = 0; k < rows.size(); ++k)
    EXPECT_NEAR(static_cast<double>(weights[k]), weight_of(rows[k]) / largest, 1e-6);  // rounded to float
}

// The mean of a quantity under weighted draws is its plain mean over all rows, up to the weights' common factor.
TEST(ReplayPriorities, TakeTheWholeBiasBackWhereTheCorrectionIsOne) {
  const ReplayPriorities priorities = of_errors(1, kErrors);
  std::vector<std::int32_t> rows(100000);
  std::vector<float> weights(rows.size());
  priorities.sample({5, 4}, 0, 1, rows, weights);
  double weighted = 0, total = 0;
  for (size_t k = 0; k < rows.size(); ++k) {
    weighted += static_cast<double>(weights[k]) * rows[k];
    total += static_cast<double>(weights[k]);
  }
  EXPECT_NEAR(weighted / total, 4.5, 0.01);  // rows 0 ... 9, drawn by their shares to within a row of 100,000 each
}

TEST(ReplayPriorities, GiveNewRowsTheLargestThereHasBeen) {
  ReplayPriorities priorities = of_errors(1, kErrors);
  const std::vector<std::int32_t> largest{4};
  priorities.set(largest, std::vector<float>{0});  // row 4 held it; what is new gets it all the same
  priorities.add(10);
  EXPECT_NEAR(priorities.probability(10) / priorities.probability(2), 4, 1e-5);
}

TEST(ReplayPriorities, DrawRowsWhoseErrorIsZeroNowAndThen) {
  const ReplayPriorities priorities = of_errors(0.5, {0, 1, 0});
  EXPECT_GT(priorities.probability(0), 0);
}

TEST(ReplayPriorities, AreTheSameWhateverTheOrderTheyWereSetIn) {
  std::vector<float> errors(3000);  // more rows than the tree begins with
  for (size_t k = 0; k < errors.size(); ++k) errors[k] = static_cast<float>(std::sin(static_cast<double>(k)));
  const ReplayPriorities forwards = of_errors(0.6, errors);
  ReplayPriorities backwards(0.6);
  for (int k = 0; k < 3000; ++k) backwards.add(k);
  for (std::int32_t k = 2999; k >= 0; --k) {
    backwards.set(std::span(&k, 1), std::vector<float>{7});
    backwards.set(std::span(&k, 1), std::span(errors).subspan(static_cast<size_t>(k), 1));
  }
  for (int k = 0; k < 3000; ++k) ASSERT_EQ(forwards.probability(k), backwards.probability(k)) << k;
}

// A replay of `steps` transitions whose observation is their number.
Replay replay_of(const ReplayConfig& config, int steps) {
  Replay replay(config, 1, 1, 1);
  for (int k = 0; k < steps; ++k) {
    const std::vector<float> now{static_cast<float>(k)}, next{static_cast<float>(k + 1)}, action{0};
    replay.add(0, {.observation = now, .action = action, .next_observation = next, .reward = 1});
  }
  return replay;
}

TEST(PrioritisedReplay, SeesWhatReplacedAForgottenTransitionWithTheLargestPriority) {
  const ReplayConfig config{.capacity = 4, .priority_exponent = 1};
  Replay replay = replay_of(config, 4);
  const std::vector<std::int32_t> all{0, 1, 2, 3};
  replay.set_priorities(all, std::vector<float>{1e-3f, 1e-3f, 1e-3f, 1e-3f});
  const std::vector<float> now{9}, action{0};
  replay.add(0, {.observation = now, .action = action, .next_observation = now, .reward = 1});
  Minibatch<float> rows(1000, 1, 1);
  std::vector<std::int32_t> drawn(1000);
  replay.sample_by_priority({6, 1}, 0, 0, rows, drawn);
  int fresh = 0;
  for (int k = 0; k < 1000; ++k) fresh += rows.transitions().observations(k, 0) == 9 ? 1 : 0;
  EXPECT_NEAR(fresh, 1000 / 1.003, 2);  // 1 against three of 0.001
  EXPECT_EQ(std::ranges::count(drawn, 0), fresh);
}

TEST(PrioritisedReplay, ContinuesFromSavedBytes) {
  const ReplayConfig config{.capacity = 1500, .priority_exponent = 0.6};
  Replay straight = replay_of(config, 2000), resumed(config, 1, 1, 1);  // round the ring once
  Minibatch<float> expected(64, 1, 1), found(64, 1, 1);
  std::vector<std::int32_t> drawn(64), found_drawn(64);
  std::vector<float> errors(64);
  const auto learn = [&](Replay& replay, std::uint32_t draw, Minibatch<float>& rows, std::vector<std::int32_t>& which) {
    replay.sample_by_priority({6, 2}, draw, 0.5, rows, which);
    for (size_t k = 0; k < errors.size(); ++k) errors[k] = static_cast<float>(which[k] % 17);
    replay.set_priorities(which, errors);
  };
  for (std::uint32_t draw = 0; draw < 20; ++draw) learn(straight, draw, expected, drawn);
  ByteWriter out("replay", 1);
  straight.save(out);
  const auto bytes = std::move(out).finish();
  ByteReader in(bytes, "replay", 1, "a test");
  resumed.load(in);
  in.expect_end();
  for (std::uint32_t draw = 20; draw < 40; ++draw) {
    learn(straight, draw, expected, drawn);
    learn(resumed, draw, found, found_drawn);
    ASSERT_EQ(found_drawn, drawn);
    ASSERT_TRUE(std::ranges::equal(found.weights(), expected.weights()));
  }
}

TEST(PrioritisedReplay, RefusesSavedPrioritiesThatAreNoNumbersAboveZero) {
  for (const double bad : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    ByteWriter out("priorities", 1);
    out.write(1.0);
    out.write_array(std::span<const double>(std::vector<double>{1, bad}));
    const auto bytes = std::move(out).finish();
    ByteReader in(bytes, "priorities", 1, "a test");
    ReplayPriorities priorities(1);
    EXPECT_THROW(priorities.load(in, 2), Error) << bad;
  }
}

TEST(PrioritisedReplay, RefusesToDrawFromNothing) {
  const Replay replay({.priority_exponent = 1}, 1, 1, 1);
  Minibatch<float> rows(4, 1, 1);
  std::vector<std::int32_t> drawn(4);
  EXPECT_THROW(replay.sample_by_priority({1, 1}, 0, 1, rows, drawn), Error);
}

}  // namespace
}  // namespace lockstep::agents
