// Tests of Adam against steps worked out by hand, and of clipping and schedules.
#include "models/networks/adam.h"

#include <cmath>
#include <span>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::models::networks {
namespace {

const AdamConfig kConfig{.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};

TEST(Adam, FirstStepIsTheRateAgainstTheGradientsSign) {
  std::vector<double> parameters{1, 1};
  const std::vector<double> gradient{0.25, -40};
  Adam<double>(2, kConfig).step(gradient, 0.1, parameters);
  // m / sqrt(v) is the gradient's sign; epsilon takes 1e-8 / |g| of the step off.
  EXPECT_NEAR(parameters[0], 1 - 0.1 * 0.25 / (0.25 + 1e-8), 1e-15);
  EXPECT_NEAR(parameters[1], 1 + 0.1 * 40 / (40 + 1e-8), 1e-15);
}

TEST(Adam, SecondStepWeighsBothGradients) {
  std::vector<double> parameters{0};
  Adam<double> adam(1, kConfig);
  adam.step(std::vector<double>{1}, 0.1, parameters);
  const double first = parameters[0];
  adam.step(std::vector<double>{3}, 0.1, parameters);
  // m = 0.9 * 0.1 + 0.1 * 3 = 0.39 over 1 - 0.81; v = 0.999 * 0.001 + 0.001 * 9 = 0.009999 over 1 - 0.998001.
  const double mean = 0.39 / 0.19, square = 0.009999 / 0.001999;
  EXPECT_NEAR(parameters[0], first - 0.1 * mean / (std::sqrt(square) + 1e-8), 1e-14);
}

TEST(Adam, DecaysWeightsApartFromTheGradient) {
  AdamConfig config = kConfig;
  config.weight_decay = 0.5;
  std::vector<double> parameters{2};
  Adam<double>(1, config).step(std::vector<double>{0}, 0.1, parameters);
  EXPECT_DOUBLE_EQ(parameters[0], 2 * (1 - 0.1 * 0.5));
}

TEST(Adam, MovesAFollowerItsShareOfTheWayToTheNewParameters) {
  std::vector<double> parameters{1, -2, 3}, alone = parameters, slow{0, 1, 2};
  const std::vector<double> gradient{0.25, -40, 1};
  Adam<double>(3, kConfig).step(gradient, 0.1, parameters, {.parameters = slow, .share = 0.25});
  Adam<double>(3, kConfig).step(gradient, 0.1, alone);
  EXPECT_EQ(parameters, alone);
  for (size_t k = 0; k < 3; ++k)
    EXPECT_DOUBLE_EQ(slow[k], static_cast<double>(k) + 0.25 * (parameters[k] - static_cast<double>(k)));
}

TEST(Adam, BeginsAgainAfterAReset) {
  std::vector<double> fresh{1, 1}, again{1, 1}, elsewhere{5, 5};
  const std::vector<double> gradient{0.25, -40};
  Adam<double> adam(2, kConfig);
  adam.step(gradient, 0.1, elsewhere);
  adam.reset();
  adam.step(gradient, 0.1, again);
  Adam<double>(2, kConfig).step(gradient, 0.1, fresh);
  EXPECT_EQ(adam.steps(), 1);
  EXPECT_EQ(again, fresh);
}

TEST(Adam, GoesOnFromSavedBytesToTheSameBits) {
  const std::vector<float> gradient{0.5f, -0.25f};
  std::vector<float> straight{1, 2}, resumed{1, 2};
  Adam<float> first(2, kConfig), second(2, kConfig);
  first.step(gradient, 0.01, straight);
  resumed = straight;
  ByteWriter out("adam", 1);
  first.save(out);
  const auto bytes = std::move(out).finish();
  ByteReader in(bytes, "adam", 1, "test");
  second.load(in);
  first.step(gradient, 0.01, straight);
  second.step(gradient, 0.01, resumed);
  EXPECT_EQ(straight, resumed);
}

TEST(ClipNorm, ScalesALongGradientToTheLimitAndReturnsItsNorm) {
  std::vector<double> gradient{3, 4};
  EXPECT_DOUBLE_EQ(clip_norm(std::span(gradient), 1), 5);
  EXPECT_NEAR(gradient[0], 0.6, 1e-15);
  EXPECT_NEAR(gradient[1], 0.8, 1e-15);
}

// Squares of 0 ... 1002, whose sum is n (n + 1) (2 n + 1) / 6: whole numbers, which doubles add without rounding.
TEST(ClipNorm, IsTheLengthOfAnyNumberOfNumbers) {
  std::vector<float> gradient(1003);
  for (size_t k = 0; k < gradient.size(); ++k) gradient[k] = static_cast<float>(k);
  EXPECT_DOUBLE_EQ(clip_norm(std::span(gradient), 0), std::sqrt(1002.0 * 1003.0 * 2005.0 / 6));
}

TEST(ClipNorm, LeavesAShortGradientAndAnUnlimitedOneAlone) {
  std::vector<double> gradient{3, 4};
  clip_norm(std::span(gradient), 6);
  clip_norm(std::span(gradient), 0);
  EXPECT_EQ(gradient, (std::vector<double>{3, 4}));
}

TEST(Schedules, BeginEndAndStayAtTheirEnds) {
  for (const auto rate : {linear_rate, cosine_rate}) {
    EXPECT_DOUBLE_EQ(rate(1, 0.2, 0), 1);
    EXPECT_DOUBLE_EQ(rate(1, 0.2, 0.5), 0.6);
    EXPECT_DOUBLE_EQ(rate(1, 0.2, 1), 0.2);
    EXPECT_DOUBLE_EQ(rate(1, 0.2, 3), 0.2);
  }
}

}  // namespace
}  // namespace lockstep::models::networks
