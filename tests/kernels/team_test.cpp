// Tests of the teams that run on a CPU: every item once, in the order they promise.
#include "kernels/team.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::kernels {
namespace {

template <class Team>
std::vector<int> visits(const Team& team, int n) {
  std::vector<int> order;
  team.each(n, [&](int i) { order.push_back(i); });
  return order;
}

std::vector<int> natural_order(int n) {
  std::vector<int> order;
  for (int i = 0; i < n; ++i) order.push_back(i);
  return order;
}

TEST(Solo, VisitsItemsInOrder) { EXPECT_EQ(visits(Solo{}, 7), natural_order(7)); }

TEST(Shuffled, WithSeedZeroGoesBackwards) {
  std::vector<int> order = visits(Shuffled{.seed = 0}, 7);
  std::reverse(order.begin(), order.end());
  EXPECT_EQ(order, natural_order(7));
}

class ShuffledOver : public testing::TestWithParam<int> {};

TEST_P(ShuffledOver, VisitsEveryItemOnce) {
  const int n = GetParam();
  const Shuffled team{.seed = 3};
  for (int call = 0; call < 20; ++call) {
    std::vector<int> order = visits(team, n);
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, natural_order(n));
  }
}
INSTANTIATE_TEST_SUITE_P(Counts, ShuffledOver, testing::Values(0, 1, 2, 3, 12, 27, 64, 100));

TEST(Shuffled, ChangesTheOrderFromCallToCallAndSeedToSeed) {
  const Shuffled team{.seed = 3};
  const std::vector<int> first_call = visits(team, 97);
  EXPECT_NE(first_call, visits(team, 97));
  EXPECT_NE(first_call, natural_order(97));
  EXPECT_NE(first_call, visits(Shuffled{.seed = 4}, 97));
  EXPECT_EQ(first_call, visits(Shuffled{.seed = 3}, 97));
}

TEST(Teams, RunASingleTaskOnce) {
  int runs = 0;
  Solo{}.once([&] { ++runs; });
  Shuffled{.seed = 1}.once([&] { ++runs; });
  EXPECT_EQ(runs, 2);
}

}  // namespace
}  // namespace lockstep::kernels
