// Tests of tiled matrix products and of activations: against the sum of products, and against differences.
#include "kernels/activations.h"
#include "kernels/matrix_product.h"
#include "tests/kernels/numbers.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace lockstep::kernels {
namespace {

struct Shape {
  int m, n, k;
};
// Whole tiles, every kind of remainder, single rows and columns, an empty sum; few columns of many rows; sums that are
// cut; a right-hand side beyond the first-level cache.
constexpr Shape kShapes[] = {{12, 64, 5},  {7, 33, 3},    {1, 1, 1},     {13, 2, 9},     {6, 17, 20},   {5, 70, 4},
                             {2, 3, 0},    {300, 4, 11},  {40, 12, 7},   {27, 3, 300},   {15, 20, 513}, {14, 200, 90},
                             {9, 65, 270}, {16, 90, 256}, {600, 7, 256}, {300, 16, 300}, {5, 300, 256}, {40, 70, 9}};

template <class R>
std::vector<R> numbers(int count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> draw(-1, 1);
  std::vector<R> values(static_cast<size_t>(count));
  for (R& value : values) value = static_cast<R>(draw(random));
  return values;
}

template <class T>
class MatrixProductOn : public testing::Test {
 protected:
  using R = Real<T>;

  // a b + start in the order of k, element by element.
  static std::vector<R> summed(const Shape& s, const std::vector<R>& a, const std::vector<R>& b,
                               const std::vector<R>& start) {
    std::vector<R> c(static_cast<size_t>(s.m * s.n));
    for (int i = 0; i < s.m; ++i) {
      for (int j = 0; j < s.n; ++j) {
        R sum = start[static_cast<size_t>(j)];
        for (int l = 0; l < s.k; ++l)
          sum = fused_multiply_add(a[static_cast<size_t>(i * s.k + l)], b[static_cast<size_t>(l * s.n + j)], sum);
        c[static_cast<size_t>(i * s.n + j)] = sum;
      }
    }
    return c;
  }

  static std::vector<R> tiled(const Shape& s, StridedMatrix<R> a, StridedMatrix<R> b, const std::vector<R>& start) {
    std::vector<R> c(static_cast<size_t>(s.m * s.n)), panel(static_cast<size_t>(product_scratch<R>(s.m, s.k)));
    TiledProduct<T, 6, 4>::run({.m = s.m,
                                .n = s.n,
                                .k = s.k,
                                .a = a,
                                .b = b,
                                .start = start.data(),
                                .c = c.data(),
                                .c_stride = s.n,
                                .panel = panel.data()});
    return c;
  }
};
TYPED_TEST_SUITE(MatrixProductOn, Numbers);

TYPED_TEST(MatrixProductOn, EqualsTheSumOfProductsToTheLastBit) {
  using Number = Real<TypeParam>;
  for (const Shape& s : kShapes) {
    const auto a = numbers<Number>(s.m * s.k, 1), b = numbers<Number>(s.k * s.n, 2), start = numbers<Number>(s.n, 3);
    EXPECT_EQ(this->tiled(s, {a.data(), s.k, 1}, {b.data(), s.n, 1}, start), this->summed(s, a, b, start))
        << s.m << " " << s.n << " " << s.k;
  }
}

TYPED_TEST(MatrixProductOn, ReadsTransposedMatricesByTheirStrides) {
  using Number = Real<TypeParam>;
  const Shape s{9, 21, 6};
  const auto a = numbers<Number>(s.m * s.k, 4), b = numbers<Number>(s.k * s.n, 5), start = numbers<Number>(s.n, 6);
  std::vector<Number> a_transposed(a.size()), b_transposed(b.size());
  for (int i = 0; i < s.m; ++i)
    for (int l = 0; l < s.k; ++l) a_transposed[static_cast<size_t>(l * s.m + i)] = a[static_cast<size_t>(i * s.k + l)];
  for (int l = 0; l < s.k; ++l)
    for (int j = 0; j < s.n; ++j) b_transposed[static_cast<size_t>(j * s.k + l)] = b[static_cast<size_t>(l * s.n + j)];
  EXPECT_EQ(this->tiled(s, {a_transposed.data(), 1, s.m}, {b_transposed.data(), 1, s.k}, start),
            this->summed(s, a, b, start));
}

// As the gradients of weights are summed over a batch: columns of a far apart, in any number.
TYPED_TEST(MatrixProductOn, ReadsFarColumnsToTheSameBits) {
  using Number = Real<TypeParam>;
  for (const Shape& s : kShapes) {
    const auto a = numbers<Number>(s.m * s.k, 4), b = numbers<Number>(s.k * s.n, 5), start = numbers<Number>(s.n, 6);
    std::vector<Number> transposed(a.size());
    for (int i = 0; i < s.m; ++i)
      for (int l = 0; l < s.k; ++l) transposed[static_cast<size_t>(l * s.m + i)] = a[static_cast<size_t>(i * s.k + l)];
    EXPECT_EQ(this->tiled(s, {transposed.data(), 1, s.m}, {b.data(), s.n, 1}, start), this->summed(s, a, b, start))
        << s.m << " " << s.n << " " << s.k;
  }
}

TYPED_TEST(MatrixProductOn, AddsTheRowsOfItsRightSideInTheirOrder) {
  using Number = Real<TypeParam>;
  for (const Shape& s : kShapes) {
    const auto a = numbers<Number>(s.m * s.k, 1), b = numbers<Number>(s.k * s.n, 2), before = numbers<Number>(s.n, 3);
    std::vector<Number> c(static_cast<size_t>(s.m * s.n)),
        sums = before, scratch(static_cast<size_t>(product_scratch<Number>(s.m, s.k)));
    TiledProduct<TypeParam, 6, 4>::run({.m = s.m,
                                        .n = s.n,
                                        .k = s.k,
                                        .a = {a.data(), 1, s.m},
                                        .b = {b.data(), s.n, 1},
                                        .c = c.data(),
                                        .c_stride = s.n,
                                        .panel = scratch.data(),
                                        .row_sums = sums.data()});
    for (int j = 0; j < s.n; ++j) {
      Number sum = before[static_cast<size_t>(j)];
      for (int l = 0; l < s.k; ++l) sum += b[static_cast<size_t>(l * s.n + j)];
      EXPECT_EQ(sums[static_cast<size_t>(j)], sum) << s.m << " " << s.n << " " << s.k << ", column " << j;
    }
  }
}

// Columns of one number, whose rows are summed lane by lane, and rows whose matrix is read where it lies.
TYPED_TEST(MatrixProductOn, SumsASingleColumnToRounding) {
  using Number = Real<TypeParam>;
  for (const Shape& s : {Shape{23, 1, 70}, Shape{4, 1, 64}, Shape{1, 1, 17}}) {
    const auto a = numbers<Number>(s.m * s.k, 1), b = numbers<Number>(s.k, 2), start = numbers<Number>(1, 3);
    const auto found = this->tiled(s, {a.data(), s.k, 1}, {b.data(), 1, 1}, start);
    const auto expected = this->summed(s, a, b, start);
    for (size_t i = 0; i < found.size(); ++i)
      EXPECT_NEAR(found[i], expected[i], 4.0 * s.k * static_cast<double>(std::numeric_limits<Number>::epsilon()));
  }
}

// Adds to c what columns of a that lie far apart make of it, as the gradient of a layer's weights does.
TYPED_TEST(MatrixProductOn, AddsProductsOfTransposedMatricesToTheLastBit) {
  using Number = Real<TypeParam>;
  for (const Shape& s : {Shape{15, 70, 9}, Shape{40, 1, 9}, Shape{3, 5, 4}}) {
    const auto a = numbers<Number>(s.m * s.k, 1), b = numbers<Number>(s.k * s.n, 2),
               before = numbers<Number>(s.m * s.n, 3);
    auto c = before;
    std::vector<Number> scratch(static_cast<size_t>(product_scratch<Number>(s.m, s.k)));
    TiledProduct<TypeParam, 6, 4>::run({.m = s.m,
                                        .n = s.n,
                                        .k = s.k,
                                        .a = {a.data(), 1, s.m},
                                        .b = {b.data(), s.n, 1},
                                        .start = c.data(),
                                        .start_stride = s.n,
                                        .c = c.data(),
                                        .c_stride = s.n,
                                        .panel = scratch.data()});
    for (int i = 0; i < s.m; ++i) {
      for (int j = 0; j < s.n; ++j) {
        Number sum = before[static_cast<size_t>(i * s.n + j)];
        for (int l = 0; l < s.k; ++l)
          sum = fused_multiply_add(a[static_cast<size_t>(l * s.m + i)], b[static_cast<size_t>(l * s.n + j)], sum);
        EXPECT_EQ(c[static_cast<size_t>(i * s.n + j)], sum) << s.m << " " << i << " " << j;
      }
    }
  }
}

TYPED_TEST(MatrixProductOn, AppliesAnActivationAndItsSlopesAsIfAfterwards) {
  using Number = Real<TypeParam>;
  const Shape s{13, 37, 8};
  const auto a = numbers<Number>(s.m * s.k, 1), b = numbers<Number>(s.k * s.n, 2), y = numbers<Number>(s.m * s.n, 3);
  const auto run = [&](Activation activation, const Number* slope_of) {
    std::vector<Number> c(y.size()), scratch(static_cast<size_t>(product_scratch<Number>(s.m, s.k)));
    TiledProduct<TypeParam, 6, 4>::run({.m = s.m,
                                        .n = s.n,
                                        .k = s.k,
                                        .a = {a.data(), s.k, 1},
                                        .b = {b.data(), s.n, 1},
                                        .c = c.data(),
                                        .c_stride = s.n,
                                        .panel = scratch.data(),
                                        .activation = activation,
                                        .slope_of = slope_of});
    return c;
  };
  const auto plain = run(Activation::kIdentity, nullptr);
  const auto expect = [&]<Activation A>() {
    const auto activated = run(A, nullptr), sloped = run(A, y.data());
    for (size_t i = 0; i < plain.size(); ++i) {
      EXPECT_NEAR(activated[i], activation<A>(plain[i]),
                  8 * static_cast<double>(std::numeric_limits<Number>::epsilon()));
      EXPECT_EQ(sloped[i], plain[i] * activation_slope_of_value<A>(y[i]));
    }
  };
  expect.template operator()<Activation::kRelu>();
  expect.template operator()<Activation::kTanh>();
  expect.template operator()<Activation::kElu>();
}

// Rounding of two sums of four terms, a product and a quotient adds up to a few units in the last place.
TEST(Activations, AreTheHyperbolicTangentToEightUnitsInTheLastPlaceOfFloat) {
  double largest = 0;
  for (double x = 1e-30; x < 30; x *= 1.00001) {
    const auto rounded = static_cast<float>(x);
    const double exact = std::tanh(static_cast<double>(rounded));
    const auto near = static_cast<float>(exact);
    const auto unit = static_cast<double>(std::nextafter(near, 2.0f) - near);
    const float found = activation<Activation::kTanh>(rounded);
    largest = std::max(largest, std::abs(static_cast<double>(found) - exact) / unit);
    ASSERT_EQ(activation<Activation::kTanh>(-rounded), -found);
    ASSERT_LE(found, 1.0f);
  }
  EXPECT_LT(largest, 8);
}

TEST(Activations, HoldTheHyperbolicTangentAtInfinityAndKeepNotANumber) {
  const float infinity = std::numeric_limits<float>::infinity();
  constexpr float kLastPlace = std::numeric_limits<float>::epsilon() / 2;  // of numbers just below 1
  EXPECT_NEAR(activation<Activation::kTanh>(infinity), 1.0f, kLastPlace);
  EXPECT_NEAR(activation<Activation::kTanh>(-infinity), -1.0f, kLastPlace);
  EXPECT_EQ(activation<Activation::kTanh>(0.0f), 0.0f);
  EXPECT_TRUE(std::isnan(activation<Activation::kTanh>(std::numeric_limits<float>::quiet_NaN())));
}

// Central differences with step h of a function whose third derivative is at most 2: error h^2 / 3 and rounding 1e-16 /
// h.
constexpr double kStep = 1e-5, kTolerance = 1e-9;

template <Activation A>
void expect_slope_of_differences() {
  for (const double x : {-3.0, -0.7, -0.01, 0.02, 0.9, 4.0}) {
    const double differences = (activation<A>(x + kStep) - activation<A>(x - kStep)) / (2 * kStep);
    EXPECT_NEAR(activation_slope<A>(x, activation<A>(x)), differences, kTolerance) << x;
  }
}

TEST(Activations, HaveTheSlopesOfTheirDifferences) {
  expect_slope_of_differences<Activation::kIdentity>();
  expect_slope_of_differences<Activation::kTanh>();
  expect_slope_of_differences<Activation::kRelu>();
  expect_slope_of_differences<Activation::kElu>();
  expect_slope_of_differences<Activation::kSilu>();
}

template <Activation A>
void expect_slope_from_value() {
  for (const double x : {-3.0, -0.01, 0.02, 4.0}) {
    const double y = activation<A>(x);
    EXPECT_NEAR(activation_slope_of_value<A>(y), activation_slope<A>(x, y), 1e-15) << x;
  }
}

TEST(Activations, HaveSlopesThatFollowFromTheirValues) {
  expect_slope_from_value<Activation::kIdentity>();
  expect_slope_from_value<Activation::kTanh>();
  expect_slope_from_value<Activation::kRelu>();
  expect_slope_from_value<Activation::kElu>();
}

TEST(Activations, AreWhatTheirNamesSay) {
  EXPECT_EQ(activation<Activation::kRelu>(-2.0), 0);
  EXPECT_EQ(activation<Activation::kRelu>(2.0), 2);
  EXPECT_NEAR(activation<Activation::kElu>(-1.0), std::exp(-1.0) - 1, 1e-15);
  EXPECT_NEAR(activation<Activation::kSilu>(2.0), 2 / (1 + std::exp(-2.0)), 1e-15);
}

}  // namespace
}  // namespace lockstep::kernels
