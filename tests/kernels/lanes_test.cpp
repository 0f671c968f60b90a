// Tests of the lane type: arithmetic, masks, conversions and bits, the same on scalars and lanes.
#include "kernels/lanes.h"
#include "tests/kernels/numbers.h"

#include <cmath>
#include <limits>

namespace lockstep::kernels {
namespace {

template <class T>
concept TakesDoubleLiteral = requires(T x) {
  3.0 * x;
};
template <class T>
concept TakesFloatLiteral = requires(T x) {
  3.0f * x;
};
static_assert(!TakesDoubleLiteral<Lanes<float, 8>>, "double arithmetic must not hide in a float kernel");
static_assert(!TakesDoubleLiteral<Lanes<float, 16>>);
static_assert(!TakesFloatLiteral<Lanes<double, 8>>, "a literal of another precision is converted by name only");
static_assert(TakesFloatLiteral<Lanes<float, 8>> && TakesDoubleLiteral<Lanes<double, 8>>);
static_assert(!std::is_same_v<Lanes<float, 8, isa::V3>, Lanes<float, 8, isa::V4>>, "no symbol is shared");

template <class T>
struct LanesOf : testing::Test {
  static constexpr Real<T> kInfinity = std::numeric_limits<Real<T>>::infinity();
  static constexpr Real<T> kNan = std::numeric_limits<Real<T>>::quiet_NaN();
};
TYPED_TEST_SUITE(LanesOf, Numbers);

TYPED_TEST(LanesOf, ArithmeticIsThatOfEachLane) {
  using T = TypeParam;
  const T x = by_lane<T>([](int i) { return 1 + i; });
  const T y = by_lane<T>([](int i) { return 0.5 * i - 2; });
  for (int i = 0; i < kLanes<T>; ++i) {
    const Real<T> a = lane(x, i), b = lane(y, i);
    EXPECT_EQ(lane(x + y, i), a + b);
    EXPECT_EQ(lane(x - y, i), a - b);
    EXPECT_EQ(lane(x * y, i), a * b);
    EXPECT_EQ(lane(y / x, i), b / a);
    EXPECT_EQ(lane(-x, i), -a);
    EXPECT_EQ(lane(2 * x + 1, i), 2 * a + 1);
    EXPECT_EQ(lane(square_root(x), i), std::sqrt(a));
  }
}

TYPED_TEST(LanesOf, ABroadcastKeepsTheSignOfZero) {
  using T = TypeParam;
  EXPECT_TRUE(std::signbit(first(T(Real<T>(-0.0)))));
  EXPECT_FALSE(std::signbit(first(T(Real<T>(0.0)))));
}

TYPED_TEST(LanesOf, MasksChooseAndCountByLane) {
  using T = TypeParam;
  const T x = by_lane<T>([](int i) { return i; });
  const MaskOf<T> small = x < T(1);
  EXPECT_EQ(count(small), 1);
  EXPECT_TRUE(any(small));
  EXPECT_EQ(all(small), kLanes<T> == 1);
  EXPECT_FALSE(none(small));
  EXPECT_TRUE(none(small & !small));
  EXPECT_TRUE(all(small | !small));
  EXPECT_TRUE(none(small ^ small));
  const T chosen = select(small, T(7), x);
  EXPECT_EQ(lane(chosen, 0), 7);
  if constexpr (kLanes < T >> 1) {
    EXPECT_EQ(lane(chosen, 1), 1);
    EXPECT_FALSE(lane(small, 1));
  }
  EXPECT_TRUE(lane(small, 0));
}

TYPED_TEST(LanesOf, AMaskedLaneCanBeSet) {
  using T = TypeParam;
  MaskOf<T> mask = MaskOf<T>(false);
  set_lane(mask, kLanes<T> - 1, true);
  EXPECT_EQ(count(mask), 1);
  EXPECT_TRUE(lane(mask, kLanes<T> - 1));
}

TYPED_TEST(LanesOf, LoadAndStoreNeedNoAlignment) {
  using T = TypeParam;
  Real<T> memory[2 * kLanes<T> + 1];
  for (int i = 0; i < 2 * kLanes<T> + 1; ++i) memory[i] = static_cast<Real<T>>(i);
  const T x = load<T>(memory + 1);
  EXPECT_EQ(first(x), 1);
  store<T>(memory, x);
  for (int i = 0; i < kLanes<T>; ++i) EXPECT_EQ(memory[i], i + 1);
}

TYPED_TEST(LanesOf, FinitenessIsDecidedOnBits) {
  using T = TypeParam;
  using Suite = LanesOf<T>;
  EXPECT_TRUE(all(is_finite(T(0))));
  EXPECT_TRUE(all(is_finite(T(std::numeric_limits<Real<T>>::max()))));
  EXPECT_TRUE(none(is_finite(T(Suite::kInfinity))));
  EXPECT_TRUE(none(is_finite(T(-Suite::kInfinity))));
  EXPECT_TRUE(none(is_finite(T(Suite::kNan))));
}

TYPED_TEST(LanesOf, ClampLeavesNotANumberToBeSeen) {
  using T = TypeParam;
  EXPECT_EQ(first(clamp(T(3), T(-1), T(1))), 1);
  EXPECT_EQ(first(clamp(T(-3), T(-1), T(1))), -1);
  EXPECT_EQ(first(clamp(T(0), T(-1), T(1))), 0);
  EXPECT_TRUE(none(is_finite(clamp(T(LanesOf<T>::kNan), T(-1), T(1)))));
}

TYPED_TEST(LanesOf, FloorAndNearestRoundAsTheCLibraryDoes) {
  using T = TypeParam;
  using R = Real<T>;
  for (const double value : {-2.5, -2.0, -1.5, -0.5, -0.0, 0.0, 0.25, 0.5, 1.5, 2.5, 2.75, 1e6 + 0.5, -1e6 - 0.25}) {
    const R x = static_cast<R>(value);
    EXPECT_EQ(first(floor(T(x))), std::floor(x)) << value;
    EXPECT_EQ(first(nearest(T(x))), std::nearbyint(x)) << value;
  }
  EXPECT_EQ(first(floor(T(R(1e30)))), R(1e30));
}

TYPED_TEST(LanesOf, SignsAndExtremesFollowTheirLane) {
  using T = TypeParam;
  const T x = by_lane<T>([](int i) { return i % 2 == 0 ? -1.5 - i : 2.5 + i; });
  for (int i = 0; i < kLanes<T>; ++i) {
    const Real<T> a = lane(x, i);
    EXPECT_EQ(lane(absolute(x), i), std::abs(a));
    EXPECT_EQ(lane(copy_sign(T(3), x), i), std::copysign(Real<T>(3), a));
    EXPECT_EQ(lane(minimum(x, T(0)), i), std::min(a, Real<T>(0)));
    EXPECT_EQ(lane(maximum(x, T(0)), i), std::max(a, Real<T>(0)));
  }
}

}  // namespace
}  // namespace lockstep::kernels
