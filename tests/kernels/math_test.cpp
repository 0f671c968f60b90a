// Tests of the elementary functions: error in units of the last place against long double, special values, and the same
// bits in every lane and width.
#include "kernels/math.h"
#include "tests/kernels/numbers.h"

#include <cmath>
#include <limits>
#include <random>

namespace lockstep::kernels {
namespace {

// |got - want| in units of the last place of R at `want`.
template <class R>
double ulp_error(R got, long double want) {
  if (static_cast<R>(want) == got) return 0;
  const int digits = std::numeric_limits<R>::digits;
  int exponent = 0;
  std::frexp(want, &exponent);
  const long double unit =
      std::max(std::ldexp(1.0L, exponent - digits), static_cast<long double>(std::numeric_limits<R>::denorm_min()));
  return static_cast<double>(std::fabs(static_cast<long double>(got) - want) / unit);
}

template <class T>
class MathOf : public testing::Test {
 protected:
  // The largest error of `ours` against `truth` over random arguments in [low, high].
  template <class Ours, class Truth>
  double worst(Ours&& ours, Truth&& truth, double low, double high) {
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> draw(low, high);
    double error = 0;
    for (int sample = 0; sample < 40000 / kLanes<T>; ++sample) {
      const T x = by_lane<T>([&](int) { return draw(random); });
      const T y = ours(x);
      for (int i = 0; i < kLanes<T>; ++i) {
        error = std::max(error, ulp_error<Real<T>>(lane(y, i), truth(static_cast<long double>(lane(x, i)))));
      }
    }
    return error;
  }
};
TYPED_TEST_SUITE(MathOf, Numbers);

// What kernels/math.h promises.
constexpr double kPromisedUlps = 2.5;

TYPED_TEST(MathOf, SineAndCosineAreRightAtEverySize) {
  using T = TypeParam;
  for (const double range : {0.1, 4.0, 5000.0, 7e5, 1e15}) {
    EXPECT_LE(this->worst([](T x) { return sine(x); }, [](long double x) { return std::sin(x); }, -range, range),
              kPromisedUlps)
        << range;
    EXPECT_LE(this->worst([](T x) { return cosine(x); }, [](long double x) { return std::cos(x); }, -range, range),
              kPromisedUlps)
        << range;
  }
}

TYPED_TEST(MathOf, SineOfInfinityIsNotANumberAndLeavesOtherLanes) {
  using T = TypeParam;
  using R = Real<T>;
  const T x = by_lane<T>([](int i) { return i == 0 ? std::numeric_limits<R>::infinity() : R(0.5); });
  const T s = sine(x);
  EXPECT_FALSE(lane(is_finite(s), 0));
  for (int i = 1; i < kLanes<T>; ++i) EXPECT_EQ(lane(s, i), first(sine(T(R(0.5)))));
}

TYPED_TEST(MathOf, ExponentialIsRightAndSaturates) {
  using T = TypeParam;
  using R = Real<T>;
  const double range = sizeof(R) == 4 ? 80 : 700;
  const auto truth = [](long double x) { return std::exp(x); };
  EXPECT_LE(this->worst([](T x) { return exponential(x); }, truth, -range, range), kPromisedUlps);
  EXPECT_LE(this->worst([](T x) { return exponential(x); }, truth, -1, 1), kPromisedUlps);
  EXPECT_EQ(first(exponential(T(R(1e4)))), std::numeric_limits<R>::infinity());
  EXPECT_EQ(first(exponential(T(R(-1e4)))), 0);
  EXPECT_EQ(first(exponential(T(0))), 1);
}

TYPED_TEST(MathOf, LogarithmIsRightDownToSubnormalNumbers) {
  using T = TypeParam;
  using R = Real<T>;
  const auto truth = [](long double x) { return std::log(x); };
  EXPECT_LE(this->worst([](T x) { return logarithm(x); }, truth, 1e-30, 1e-20), kPromisedUlps);
  EXPECT_LE(this->worst([](T x) { return logarithm(x); }, truth, 0.01, 3), kPromisedUlps);
  EXPECT_LE(this->worst([](T x) { return logarithm(x); }, truth, 1, 1e30), kPromisedUlps);
  const R tiny = std::numeric_limits<R>::denorm_min() * 5;
  EXPECT_LE(ulp_error<R>(first(logarithm(T(tiny))), std::log(static_cast<long double>(tiny))), kPromisedUlps);
  EXPECT_EQ(first(logarithm(T(0))), -std::numeric_limits<R>::infinity());
  EXPECT_TRUE(std::isnan(first(logarithm(T(-1)))));
  EXPECT_EQ(first(logarithm(T(std::numeric_limits<R>::infinity()))), std::numeric_limits<R>::infinity());
}

TYPED_TEST(MathOf, Arctangent2IsRightInEveryQuadrant) {
  using T = TypeParam;
  using R = Real<T>;
  for (const R other : {R(1), R(-1), R(1e-3), R(-40)}) {
    const auto of_y = [=](long double y) { return std::atan2(y, static_cast<long double>(other)); };
    const auto of_x = [=](long double x) { return std::atan2(static_cast<long double>(other), x); };
    EXPECT_LE(this->worst([=](T y) { return arctangent2(y, T(other)); }, of_y, -10, 10), kPromisedUlps) << other;
    EXPECT_LE(this->worst([=](T x) { return arctangent2(T(other), x); }, of_x, -10, 10), kPromisedUlps) << other;
  }
}

TYPED_TEST(MathOf, Arctangent2HasTheCLibrarysSpecialValues) {
  using T = TypeParam;
  using R = Real<T>;
  const R infinity = std::numeric_limits<R>::infinity();
  for (const R y : {R(0), R(-0.0), R(2), R(-2), infinity, -infinity}) {
    for (const R x : {R(0), R(-0.0), R(3), R(-3), infinity, -infinity}) {
      const R got = first(arctangent2(T(y), T(x)));
      EXPECT_NEAR(got, std::atan2(y, x), 4 * std::numeric_limits<R>::epsilon()) << y << " " << x;
      EXPECT_EQ(std::signbit(got), std::signbit(std::atan2(y, x))) << y << " " << x;
    }
  }
}

TYPED_TEST(MathOf, HyperbolicTangentIsRight) {
  using T = TypeParam;
  const auto truth = [](long double x) { return std::tanh(x); };
  EXPECT_LE(this->worst([](T x) { return hyperbolic_tangent(x); }, truth, -3, 3), kPromisedUlps);
  EXPECT_LE(this->worst([](T x) { return hyperbolic_tangent(x); }, truth, -1e-3, 1e-3), kPromisedUlps);
  EXPECT_EQ(first(hyperbolic_tangent(T(Real<T>(200)))), 1);
  EXPECT_EQ(first(hyperbolic_tangent(T(Real<T>(-200)))), -1);
}

TYPED_TEST(MathOf, PowerIsTheCLibrarys) {
  using T = TypeParam;
  using R = Real<T>;
  EXPECT_EQ(first(power(T(R(0.3)), T(R(2.5)))), static_cast<R>(std::pow(double{R(0.3)}, double{R(2.5)})));
}

// Lanes of any width against the scalar: not one bit differs (in code for one instruction set).
template <class T>
void expect_same_bits_as_scalar() {
  using R = Real<T>;
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> draw(-30, 30);
  for (int sample = 0; sample < 500; ++sample) {
    const T x = by_lane<T>([&](int) { return draw(random); });
    const T s = sine(x), e = exponential(x), l = logarithm(absolute(x)), t = hyperbolic_tangent(x);
    const T a = arctangent2(x, T(R(0.7)));
    for (int i = 0; i < kLanes<T>; ++i) {
      const R value = lane(x, i);
      EXPECT_EQ(lane(s, i), sine(value));
      EXPECT_EQ(lane(e, i), exponential(value));
      EXPECT_EQ(lane(l, i), logarithm(absolute(value)));
      EXPECT_EQ(lane(t, i), hyperbolic_tangent(value));
      EXPECT_EQ(lane(a, i), arctangent2(value, R(0.7)));
    }
  }
}

TYPED_TEST(MathOf, LanesGiveTheScalarsBits) { expect_same_bits_as_scalar<TypeParam>(); }

}  // namespace
}  // namespace lockstep::kernels
