// Tests the soft indicators against values that dm_control's own function gave.
#include "envs/tolerance.h"
#include "tests/envs/reference.h"

#include <string>

#include <gtest/gtest.h>

namespace lockstep::envs {
namespace {

template <class T>
struct ToleranceOn : testing::Test {};
using Numbers = testing::Types<float, double, kernels::Lanes<float, 8>, kernels::Lanes<double, 4>>;
TYPED_TEST_SUITE(ToleranceOn, Numbers);

template <class T>
T score(const std::string& shape, T x, Interval interval) {
  if (shape == "gaussian") return tolerance<Sigmoid::kGaussian>(x, interval);
  if (shape == "hyperbolic") return tolerance<Sigmoid::kHyperbolic>(x, interval);
  if (shape == "long_tail") return tolerance<Sigmoid::kLongTail>(x, interval);
  if (shape == "reciprocal") return tolerance<Sigmoid::kReciprocal>(x, interval);
  if (shape == "cosine") return tolerance<Sigmoid::kCosine>(x, interval);
  if (shape == "linear") return tolerance<Sigmoid::kLinear>(x, interval);
  if (shape == "quadratic") return tolerance<Sigmoid::kQuadratic>(x, interval);
  if (shape == "tanh_squared") return tolerance<Sigmoid::kTanhSquared>(x, interval);
  throw std::runtime_error("unknown shape " + shape);
}

TYPED_TEST(ToleranceOn, MatchesTheSuite) {
  using T = TypeParam;
  // Exponents of up to 40 multiply the rounding of their argument.
  constexpr double kBound = 64 * static_cast<double>(std::numeric_limits<kernels::Real<T>>::epsilon());
  for (const auto& row : read_json("tolerance.json").at("rows")) {
    const Interval interval{.low = row[1], .high = row[2], .margin = row[3], .value_at_margin = row[4]};
    const T found = score(row[0].get<std::string>(), T(row[5].get<double>()), interval);
    EXPECT_NEAR(static_cast<double>(kernels::first(found)), row[6].get<double>(), kBound) << row.dump();
  }
}

}  // namespace
}  // namespace lockstep::envs
