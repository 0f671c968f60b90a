// Identification by its default configuration: exact terms of public systems, smoothing, and what is refused.
#include "models/identify.h"
#include "engine/error.h"
#include "tests/models/public_systems.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::models {
namespace {

using tests::recover;
using tests::Recovery;

class CleanSystem : public testing::TestWithParam<const char*> {};
TEST_P(CleanSystem, HasItsExactTermsAndBetterCoefficientsThanPysindys) {
  const Recovery found = recover(GetParam(), 0, 1);
  EXPECT_TRUE(found.is_exact);
  EXPECT_LT(found.error, tests::PublicSystem(GetParam()).pysindy(0)["relerr"].get<double>());
}
INSTANTIATE_TEST_SUITE_P(Systems, CleanSystem,
                         testing::Values("lorenz63", "rossler", "dysts_HyperRossler", "dysts_RabinovichFabrikant",
                                         "duffing_forced_control"));

class NoisySystem : public testing::TestWithParam<const char*> {};
TEST_P(NoisySystem, HasItsExactTermsUnderFivePercentOfNoise) { EXPECT_TRUE(recover(GetParam(), 0.05, 1).is_exact); }
INSTANTIATE_TEST_SUITE_P(Systems, NoisySystem,
                         testing::Values("lorenz63", "rossler", "lorenz63_controlled", "duffing_forced_control",
                                         "dysts_Halvorsen", "dysts_HyperLorenz"));

// Local polynomials reproduce polynomials of their order, at the ends too; noise makes a window necessary.
TEST(Smoothing, KeepsAPolynomialOfItsOrderAndTakesNoiseAway) {
  std::vector<double> clean, noisy;
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  for (int i = 0; i < 2000; ++i) {
    const double t = i / 1000.0 - 1;
    clean.push_back(1 + t * (2 - t * (0.5 + t * (1 - t))));
    noisy.push_back(clean.back() + 0.1 * normal(random));
  }
  const Smoothed smoothed = smooth(noisy, 4);
  double square = 0;
  for (size_t i = 0; i < clean.size(); ++i) square += std::pow(smoothed.values[i] - clean[i], 2) / 2000;
  // A window of w samples leaves a variance of about (9/4) / w of the noise's in its middle (order 4), more at the
  // ends.
  EXPECT_GE(smoothed.window, 150);
  EXPECT_LT(std::sqrt(square), 0.1 * 2.5 * std::sqrt(2.25 / smoothed.window));
  EXPECT_EQ(smooth(clean, 4).window, 0);
}

TEST(Identify, NamesTheRowAndStateThatIsNotFinite) {
  const tests::PublicSystem system("van_der_pol");
  auto x = system.motion(0, 1);
  x(123, 1) = std::numeric_limits<double>::infinity();
  try {
    (void)identify(View<const double, 2>(x.data(), static_cast<int>(x.rows()), 2),
                   View<const double, 2>(x.data(), static_cast<int>(x.rows()), 0), 0.005, system.library());
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("state 1 of row 123 is inf"));
  }
}

TEST(Identify, RefusesShortMotionsAndUnknownCriteria) {
  const tests::PublicSystem system("van_der_pol");
  const auto x = system.motion(0, 1);
  const auto run = [&](int samples, const IdentifyConfig& config) {
    return identify(View<const double, 2>(x.data(), samples, 2), View<const double, 2>(x.data(), samples, 0), 0.005,
                    system.library(), config);
  };
  EXPECT_THROW((void)run(60, {}), Error);
  EXPECT_THROW((void)run(2000, {.criterion = "guess"}), Error);
  EXPECT_NO_THROW((void)run(2000, {}));
}

}  // namespace
}  // namespace lockstep::models
