// Tests of the counter-based generator: the paper's known answers, independence of lane width, and the distributions.
#include "kernels/philox.h"
#include "tests/kernels/numbers.h"

#include <cmath>
#include <set>

namespace lockstep::kernels {
namespace {

// Known answers of philox4x32 with 10 rounds, from the file kat_vectors of the Random123 distribution (version 1.14).
struct KnownAnswer {
  PhiloxWords counter;
  std::uint32_t key0, key1;
  PhiloxWords answer;
};
constexpr KnownAnswer kKnownAnswers[] = {
    {{{0, 0, 0, 0}}, 0, 0, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
    {{{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}},
     0xffffffff,
     0xffffffff,
     {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
    {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
     0xa4093822,
     0x299f31d0,
     {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}},
};

TEST(Philox, GivesTheKnownAnswers) {
  for (const KnownAnswer& known : kKnownAnswers) {
    const PhiloxWords words = philox_rounds(known.counter, known.key0, known.key1);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(words.word[i], known.answer.word[i]) << "word " << i;
  }
}

TEST(Philox, EveryPartOfTheKeyChangesTheDraw) {
  const std::set<std::uint32_t> draws = {
      philox({1, 2}, 3, 4, 5).word[0],          philox({2, 2}, 3, 4, 5).word[0], philox({1, 3}, 3, 4, 5).word[0],
      philox({1, 2}, 4, 4, 5).word[0],          philox({1, 2}, 3, 5, 5).word[0], philox({1, 2}, 3, 4, 6).word[0],
      philox({1ULL << 32, 2}, 3, 4, 5).word[0],
  };
  EXPECT_EQ(draws.size(), 7u);
}

template <class T>
struct RandomOf : testing::Test {};
TYPED_TEST_SUITE(RandomOf, Numbers);

TYPED_TEST(RandomOf, ALaneDrawsWhatItsWorldDrawsAlone) {
  using T = TypeParam;
  constexpr RandomStream kKey{42, 7};
  for (std::uint32_t index = 0; index < 5; ++index) {
    const T u = uniform<T>(kKey, 100, 9, index);
    const T n = normal<T>(kKey, 100, 9, index);
    for (int i = 0; i < kLanes<T>; ++i) {
      EXPECT_EQ(lane(u, i), uniform<Real<T>>(kKey, 100 + static_cast<std::uint32_t>(i), 9, index));
      EXPECT_EQ(lane(n, i), normal<Real<T>>(kKey, 100 + static_cast<std::uint32_t>(i), 9, index));
    }
  }
}

TYPED_TEST(RandomOf, UniformNumbersFillTheUnitIntervalEvenly) {
  using T = TypeParam;
  double sum = 0, squares = 0, smallest = 1, largest = 0;
  constexpr int kDraws = 40000;
  for (int draw = 0; draw < kDraws / kLanes<T>; ++draw) {
    const T u = uniform<T>({5, 1}, 0, static_cast<std::uint32_t>(draw), 1);
    for (int i = 0; i < kLanes<T>; ++i) {
      const double x = static_cast<double>(lane(u, i));
      sum += x;
      squares += x * x;
      smallest = std::min(smallest, x);
      largest = std::max(largest, x);
    }
  }
  EXPECT_GE(smallest, 0);
  EXPECT_LT(largest, 1);
  // Four deviations of the mean (1/sqrt(12 n)) and of the mean square (sqrt(4/45 n)).
  EXPECT_NEAR(sum / kDraws, 0.5, 4 / std::sqrt(12.0 * kDraws));
  EXPECT_NEAR(squares / kDraws, 1.0 / 3, 4 * std::sqrt(4.0 / 45 / kDraws));
}

TYPED_TEST(RandomOf, NormalNumbersHaveTheMomentsOfTheNormalDistribution) {
  using T = TypeParam;
  double sum = 0, squares = 0, fourth = 0;
  constexpr int kDraws = 80000;
  for (int draw = 0; draw < kDraws / (2 * kLanes<T>); ++draw) {
    T even, odd;
    normal_pair({5, 2}, 0, static_cast<std::uint32_t>(draw), 0, even, odd);
    for (const T& n : {even, odd}) {
      for (int i = 0; i < kLanes<T>; ++i) {
        const double x = static_cast<double>(lane(n, i));
        sum += x;
        squares += x * x;
        fourth += x * x * x * x;
      }
    }
  }
  // Four deviations: variances of x, x^2, x^4 are 1, 2, 96.
  EXPECT_NEAR(sum / kDraws, 0, 4 / std::sqrt(double{kDraws}));
  EXPECT_NEAR(squares / kDraws, 1, 4 * std::sqrt(2.0 / kDraws));
  EXPECT_NEAR(fourth / kDraws, 3, 4 * std::sqrt(96.0 / kDraws));
}

TEST(Uniform, FloatAndDoubleDrawTheSameNumber) {
  for (std::uint32_t step = 0; step < 1000; ++step) {
    const double fine = uniform<double>({1, 1}, 0, step);
    EXPECT_NEAR(uniform<float>({1, 1}, 0, step), fine, 0x1p-24);
  }
}

}  // namespace
}  // namespace lockstep::kernels
