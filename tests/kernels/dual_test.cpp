// Tests dual numbers against derivatives worked out by hand and against finite differences.
#include "kernels/dual.h"

#include <cmath>

#include <gtest/gtest.h>

namespace lockstep::kernels {
namespace {

using Wide = Lanes<double, 4>;

template <class T>
struct DualOn : testing::Test {};
using Numbers = testing::Types<double, Wide>;
TYPED_TEST_SUITE(DualOn, Numbers);

// A smooth function that uses every operation.
template <class X>
X composite(const X& a, const X& b) {
  X s, c;
  sine_cosine(a * b, s, c);
  return s * exponential(-a) + c / (b + X(3)) - square_root(a * a + b * b + X(1)) +
         logarithm(X(2) + a) * hyperbolic_tangent(b) + absolute(a - X(9)) + clamp(b, X(-5), X(5)) +
         sine(a) * cosine(b) + minimum(a, b * b);
}

TYPED_TEST(DualOn, GivesGradientAndHessianOfAProductByHand) {
  using D = Dual<TypeParam, 2>;
  const D x = D::input(TypeParam(3), 0), y = D::input(TypeParam(-2), 1);
  const D f = x * x * y;
  EXPECT_EQ(first(f.value), -18);
  EXPECT_EQ(first(f.gradient[0]), -12);  // 2 x y
  EXPECT_EQ(first(f.gradient[1]), 9);    // x^2
  EXPECT_EQ(first(f.second(0, 0)), -4);  // 2 y
  EXPECT_EQ(first(f.second(0, 1)), 6);   // 2 x
  EXPECT_EQ(first(f.second(1, 0)), 6);
  EXPECT_EQ(first(f.second(1, 1)), 0);
}

TYPED_TEST(DualOn, MatchesFiniteDifferencesThroughEveryFunction) {
  using D = Dual<TypeParam, 2>;
  const double a = 0.7, b = -1.3, h = 1e-4;
  const D f = composite(D::input(TypeParam(a), 0), D::input(TypeParam(b), 1));
  const auto at = [&](double da, double db) { return composite(a + da, b + db); };
  // Centred differences with h = 1e-4: truncation h^2 f'''/6 and rounding 1e-16 / h^2 are both near 1e-8.
  EXPECT_NEAR(first(f.value), at(0, 0), 1e-14);
  EXPECT_NEAR(first(f.gradient[0]), (at(h, 0) - at(-h, 0)) / (2 * h), 1e-7);
  EXPECT_NEAR(first(f.gradient[1]), (at(0, h) - at(0, -h)) / (2 * h), 1e-7);
  EXPECT_NEAR(first(f.second(0, 0)), (at(h, 0) - 2 * at(0, 0) + at(-h, 0)) / (h * h), 1e-6);
  EXPECT_NEAR(first(f.second(1, 1)), (at(0, h) - 2 * at(0, 0) + at(0, -h)) / (h * h), 1e-6);
  EXPECT_NEAR(first(f.second(1, 0)), (at(h, h) - at(h, -h) - at(-h, h) + at(-h, -h)) / (4 * h * h), 1e-6);
}

TYPED_TEST(DualOn, FirstOrderAgreesWithSecondOrder) {
  using One = Dual<TypeParam, 2, 1>;
  using Two = Dual<TypeParam, 2, 2>;
  const TypeParam a(0.4), b(1.9);
  const One f = composite(One::input(a, 0), One::input(b, 1));
  const Two g = composite(Two::input(a, 0), Two::input(b, 1));
  EXPECT_EQ(first(f.value), first(g.value));
  EXPECT_EQ(first(f.gradient[0]), first(g.gradient[0]));
  EXPECT_EQ(first(f.gradient[1]), first(g.gradient[1]));
}

TEST(DualLanes, DifferentiateEachLaneAtItsOwnPoint) {
  Wide a(0);
  for (int i = 0; i < 4; ++i) set_lane(a, i, 0.3 * i - 0.5);
  using D = Dual<Wide, 1>;
  const D f = sine(D::input(a, 0));
  for (int i = 0; i < 4; ++i) {
    EXPECT_NEAR(lane(f.gradient[0], i), std::cos(0.3 * i - 0.5), 1e-15) << "lane " << i;
    EXPECT_NEAR(lane(f.second(0, 0), i), -std::sin(0.3 * i - 0.5), 1e-15) << "lane " << i;
  }
}

TEST(DualSelect, TakesTheDerivativesOfTheBranchOfEachLane) {
  Wide a(0);
  for (int i = 0; i < 4; ++i) set_lane(a, i, i - 1.5);
  using D = Dual<Wide, 1>;
  const D x = D::input(a, 0);
  const D f = maximum(x, D(0));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(lane(f.gradient[0], i), i < 2 ? 0 : 1) << "lane " << i;
}

}  // namespace
}  // namespace lockstep::kernels
