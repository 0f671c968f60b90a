// Tests what is written world by world: flags, numbers and rows, for all lanes and sizes.
#include "kernels/lane_rows.h"
#include "tests/kernels/numbers.h"

#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace lockstep::kernels {
namespace {

template <class T>
struct LaneRows : testing::Test {};
TYPED_TEST_SUITE(LaneRows, Numbers);

constexpr float kUntouched = -77;

// Number `field` of the world in a lane.
double number(int field, int lane) { return 100 * field + lane + 0.5; }

template <class T, int kCount>
void expect_rows() {
  std::array<T, kCount> fields;
  for (int field = 0; field < kCount; ++field) {
    fields[static_cast<std::size_t>(field)] = by_lane<T>([&](int i) { return number(field, i); });
  }
  std::vector<float> rows(static_cast<std::size_t>(kLanes<T> * kCount + 8), kUntouched);
  store_rows<kCount>(rows.data(), fields.data());
  for (int lane = 0; lane < kLanes<T>; ++lane) {
    for (int field = 0; field < kCount; ++field) {
      EXPECT_EQ(rows[static_cast<std::size_t>(lane * kCount + field)], static_cast<float>(number(field, lane)))
          << kCount << " fields, lane " << lane << ", field " << field;
    }
  }
  for (std::size_t i = rows.size() - 8; i < rows.size(); ++i) EXPECT_EQ(rows[i], kUntouched) << "behind the rows";
}

TYPED_TEST(LaneRows, HoldEveryFieldOfEveryWorldAndNothingBehind) {
  [&]<int... kCounts>(std::integer_sequence<int, kCounts...>) { (expect_rows<TypeParam, kCounts + 1>(), ...); }
  (std::make_integer_sequence<int, 13>{});
}

TYPED_TEST(LaneRows, KeepFlagsOfEveryPattern) {
  using T = TypeParam;
  for (int pattern = 0; pattern < 300; ++pattern) {
    MaskOf<T> mask = false;
    for (int i = 0; i < kLanes<T>; ++i) set_lane(mask, i, (pattern * 2654435761u >> (i + 7) & 1) != 0);
    std::array<std::uint8_t, kLanes<T> + 1> flags;
    flags.fill(9);
    store_flags(flags.data(), mask);
    for (int i = 0; i < kLanes<T>; ++i) EXPECT_EQ(flags[static_cast<std::size_t>(i)], lane(mask, i) ? 1 : 0);
    EXPECT_EQ(flags.back(), 9);
    const MaskOf<T> read = load_flags<T>(flags.data());
    for (int i = 0; i < kLanes<T>; ++i) EXPECT_EQ(lane(read, i), lane(mask, i));
  }
}

TYPED_TEST(LaneRows, RoundNumbersToFloat) {
  using T = TypeParam;
  const T x = by_lane<T>([](int i) { return 1.0 / (3 + i); });
  std::array<float, kLanes<T>> numbers;
  store_floats(numbers.data(), x);
  for (int i = 0; i < kLanes<T>; ++i) EXPECT_EQ(numbers[static_cast<std::size_t>(i)], static_cast<float>(lane(x, i)));
}

TEST(Flags, AreVisitedInRisingOrderWhateverTheirNumber) {
  for (const int count : {0, 1, 7, 8, 63, 64, 65, 200, 256}) {
    std::vector<std::uint8_t> flags(static_cast<std::size_t>(count)), others = flags;
    std::vector<int> expected;
    for (int i = 0; i < count; ++i) {
      flags[static_cast<std::size_t>(i)] = i % 3 == 0;
      others[static_cast<std::size_t>(i)] = i % 5 == 2;
      if (i % 3 == 0 || i % 5 == 2) expected.push_back(i);
    }
    std::vector<int> visited;
    for_each_flag(flags.data(), others.data(), count, [&](int i) { visited.push_back(i); });
    EXPECT_EQ(visited, expected) << count;
  }
}

TYPED_TEST(LaneRows, AreFiniteWhereEveryNumberIs) {
  using T = TypeParam;
  using R = Real<T>;
  const R bad[] = {std::numeric_limits<R>::infinity(), -std::numeric_limits<R>::infinity(),
                   std::numeric_limits<R>::quiet_NaN(), -std::numeric_limits<R>::quiet_NaN()};
  for (const R number : bad) {
    for (int field = 0; field < 3; ++field) {
      T x[3] = {T(1), T(std::numeric_limits<R>::lowest()), T(std::numeric_limits<R>::denorm_min())};
      EXPECT_TRUE(all(all_finite(x, 3)));
      const int last = kLanes<T> - 1;
      set_lane(x[field], last, number);
      for (int i = 0; i < kLanes<T>; ++i) EXPECT_EQ(lane(all_finite(x, 3), i), i != last);
    }
  }
}

}  // namespace
}  // namespace lockstep::kernels
