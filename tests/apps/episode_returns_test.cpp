// Tests mean and confidence interval of returns against a table of Student's t distribution.
#include "apps/episode_returns.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::apps {
namespace {

TEST(EpisodeReturns, OfOneEpisodeHaveNoInterval) {
  const std::vector<double> one = {812.5};
  const EpisodeReturns returns = summarize_returns(one);
  EXPECT_EQ(returns.mean, 812.5);
  EXPECT_FALSE(returns.half_width.has_value());
}

// Mean 3, standard deviation sqrt(2.5), t(0.975, 4) = 2.776.
TEST(EpisodeReturns, OfFiveEpisodesHaveStudentsInterval) {
  const std::vector<double> five = {1, 2, 3, 4, 5};
  const EpisodeReturns returns = summarize_returns(five);
  EXPECT_EQ(returns.mean, 3);
  EXPECT_EQ(returns.lowest, 1);
  EXPECT_EQ(returns.highest, 5);
  EXPECT_NEAR(*returns.half_width, 2.776 * std::sqrt(2.5 / 5), 1e-12);
}

// t(0.975, 99) = 1.98422 and the sample's own deviation.
TEST(EpisodeReturns, OfAHundredEpisodesHaveStudentsInterval) {
  std::vector<double> values;
  for (int k = 0; k < 100; ++k) values.push_back(k % 2);
  EXPECT_NEAR(*summarize_returns(values).half_width, 1.98422 * std::sqrt(25.0 / 99 / 100), 1e-5);
}

}  // namespace
}  // namespace lockstep::apps
