// Tests of generalised advantages: a case worked out by hand, and sums of discounted differences written out.
#include "agents/advantages.h"

#include <array>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::agents {
namespace {

constexpr float kDiscount = 0.5f, kLambda = 0.5f;

// Four steps of one world: the second terminates, the third is cut by a time limit, the fourth goes on.
struct FourSteps {
  std::array<float, 4> rewards{1, 2, 3, 4}, values{8, 4, 2, 1};
  std::array<float, 4> next_values{4, 100, 6, 16};
  std::array<std::uint8_t, 4> terminated{0, 1, 0, 0}, ended{0, 1, 1, 0};
  std::array<float, 4> advantages{}, targets{};

  void estimate(float lambda = kLambda) {
    estimate_advantages({.rewards = view<const float>(rewards.data(), 4, 1),
                         .values = view<const float>(values.data(), 4, 1),
                         .next_values = view<const float>(next_values.data(), 4, 1),
                         .terminated = view<const std::uint8_t>(terminated.data(), 4, 1),
                         .ended = view<const std::uint8_t>(ended.data(), 4, 1)},
                        kDiscount, lambda, view(advantages.data(), 4, 1), view(targets.data(), 4, 1));
  }
};

TEST(Advantages, FollowAHandWorkedCaseWithATerminationAndATruncation) {
  FourSteps steps;
  steps.estimate();
  // Differences: 1 + 0.5 * 4 - 8 = -5; 2 - 4 = -2 (nothing follows); 3 + 0.5 * 6 - 2 = 4; 4 + 0.5 * 16 - 1 = 11.
  EXPECT_EQ(steps.advantages, (std::array<float, 4>{-5 + 0.25f * -2, -2, 4, 11}));
  EXPECT_EQ(steps.targets, (std::array<float, 4>{2.5f, 2, 6, 12}));
}

TEST(Advantages, DoNotReadTheValueBehindATermination) {
  FourSteps steps, other;
  other.next_values[1] = std::nanf("");
  steps.estimate();
  other.estimate();
  EXPECT_EQ(steps.advantages, other.advantages);
}

TEST(Advantages, ReadTheLastStatesValueAtATruncation) {
  FourSteps steps, other;
  other.next_values[2] += 2;
  steps.estimate();
  other.estimate();
  EXPECT_EQ(other.advantages[2], steps.advantages[2] + kDiscount * 2);
  EXPECT_EQ(other.advantages[1], steps.advantages[1]);  // another episode
}

TEST(Advantages, EqualTheSumOfDiscountedDifferences) {
  constexpr int kSteps = 20, kWorlds = 3;
  std::vector<float> rewards(kSteps * kWorlds), values(rewards.size()), next_values(rewards.size()),
      advantages(rewards.size()), targets(rewards.size());
  std::vector<std::uint8_t> terminated(rewards.size()), ended(rewards.size());
  for (size_t k = 0; k < rewards.size(); ++k) {
    rewards[k] = std::sin(static_cast<float>(k));
    values[k] = std::cos(static_cast<float>(3 * k));
    next_values[k] = std::cos(static_cast<float>(5 * k));
    terminated[k] = k % 11 == 7 ? 1 : 0;
    ended[k] = terminated[k] != 0 || k % 13 == 4 ? 1 : 0;
  }
  const auto of = [](auto& numbers) { return view(numbers.data(), kSteps, kWorlds); };
  estimate_advantages({of(std::as_const(rewards)), of(std::as_const(values)), of(std::as_const(next_values)),
                       of(std::as_const(terminated)), of(std::as_const(ended))},
                      0.9f, 0.8f, of(advantages), of(targets));
  for (int world = 0; world < kWorlds; ++world) {
    for (int t = 0; t < kSteps; ++t) {
      double sum = 0, weight = 1;
      for (int s = t; s < kSteps; ++s, weight *= 0.9 * 0.8) {
        const auto k = static_cast<size_t>(s * kWorlds + world);
        const double next = terminated[k] != 0 ? 0 : static_cast<double>(next_values[k]);
        sum += weight * (static_cast<double>(rewards[k]) + 0.9 * next - static_cast<double>(values[k]));
        if (ended[k] != 0) break;
      }
      EXPECT_NEAR(static_cast<double>(advantages[static_cast<size_t>(t * kWorlds + world)]), sum, 1e-5) << t;
    }
  }
}

TEST(Advantages, WithLambdaOneAreReturnsLessValues) {
  FourSteps steps;
  steps.estimate(1);
  // From step 1: 1 + 0.5 * 2, and nothing behind the termination.
  EXPECT_EQ(steps.targets[0], 2);
}

}  // namespace
}  // namespace lockstep::agents
