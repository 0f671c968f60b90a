// Tests that recurrent units and attention compute the same numbers for every width of lanes.
#include "kernels/attention.h"
#include "kernels/gru.h"
#include "tests/kernels/numbers.h"

#include <cmath>
#include <cstdint>
#include <vector>

namespace lockstep::kernels {
namespace {

template <class R>
std::vector<R> waves(int count, double phase) {
  std::vector<R> numbers(static_cast<size_t>(count));
  for (int k = 0; k < count; ++k) numbers[static_cast<size_t>(k)] = static_cast<R>(2 * std::sin(0.7 * k + phase));
  return numbers;
}

// Sizes that no width of lanes divides.
constexpr int kBatch = 3, kWidth = 19, kKeys = 5, kQueries = 21;

template <class R>
struct UnitResult {
  std::vector<R> gates = std::vector<R>(kBatch * 3 * kWidth), next = std::vector<R>(kBatch * kWidth);
  std::vector<R> of_input = gates, of_state_part = gates, of_state = next;
};

template <class T>
UnitResult<Real<T>> run_unit() {
  using R = Real<T>;
  const auto from_input = waves<R>(kBatch * 3 * kWidth, 0.1), from_state = waves<R>(kBatch * 3 * kWidth, 0.5),
             state = waves<R>(kBatch * kWidth, 0.9), gradient = waves<R>(kBatch * kWidth, 1.3);
  UnitResult<R> result;
  const GruStep<R> step{.batch = kBatch,
                        .width = kWidth,
                        .from_input = from_input.data(),
                        .from_state = from_state.data(),
                        .state = state.data(),
                        .gates = result.gates.data(),
                        .next_state = result.next.data()};
  GatedUnit<T>::step(step);
  GatedUnit<T>::slopes({.step = step,
                        .next_gradient = gradient.data(),
                        .input_gradient = result.of_input.data(),
                        .from_state_gradient = result.of_state_part.data(),
                        .state_gradient = result.of_state.data()});
  return result;
}

template <class T>
struct GatedUnitOn : testing::Test {};
TYPED_TEST_SUITE(GatedUnitOn, Numbers);

TYPED_TEST(GatedUnitOn, GivesTheBitsOfAScalar) {
  const auto found = run_unit<TypeParam>();
  const auto expected = run_unit<Real<TypeParam>>();
  EXPECT_EQ(found.gates, expected.gates);
  EXPECT_EQ(found.next, expected.next);
  EXPECT_EQ(found.of_input, expected.of_input);
  EXPECT_EQ(found.of_state_part, expected.of_state_part);
  EXPECT_EQ(found.of_state, expected.of_state);
}

template <class R>
struct WeightsResult {
  std::vector<R> weights = waves<R>(kKeys * kQueries, 0.2), gradient = waves<R>(kKeys * kQueries, 0.6);
};

template <class T>
WeightsResult<Real<T>> run_softmax(bool is_causal, const std::uint8_t* present) {
  using R = Real<T>;
  WeightsResult<R> result;
  const AttentionScores<R> scores{.keys = kKeys,
                                  .queries = kQueries,
                                  .scale = R(0.5),
                                  .is_causal = is_causal,
                                  .present = present,
                                  .weights = result.weights.data(),
                                  .gradient = result.gradient.data()};
  ColumnSoftmax<T>::softmax(scores);
  ColumnSoftmax<T>::slopes(scores);
  return result;
}

template <class T>
struct ColumnSoftmaxOn : testing::Test {
  static constexpr std::uint8_t kPresent[kKeys] = {0, 1, 1, 0, 1};
};
TYPED_TEST_SUITE(ColumnSoftmaxOn, Numbers);

TYPED_TEST(ColumnSoftmaxOn, GivesTheBitsOfAScalar) {
  const auto found = run_softmax<TypeParam>(false, nullptr);
  const auto expected = run_softmax<Real<TypeParam>>(false, nullptr);
  EXPECT_EQ(found.weights, expected.weights);
  EXPECT_EQ(found.gradient, expected.gradient);
}

TYPED_TEST(ColumnSoftmaxOn, GivesTheBitsOfAScalarBehindMasks) {
  const auto found = run_softmax<TypeParam>(true, this->kPresent);
  const auto expected = run_softmax<Real<TypeParam>>(true, this->kPresent);
  EXPECT_EQ(found.weights, expected.weights);
  EXPECT_EQ(found.gradient, expected.gradient);
}

TYPED_TEST(ColumnSoftmaxOn, GivesNoWeightToWhatAQueryMayNotSee) {
  const auto found = run_softmax<TypeParam>(true, this->kPresent);
  for (int key = 0; key < kKeys; ++key) {
    for (int query = 0; query < kQueries; ++query) {
      const auto weight = found.weights[static_cast<size_t>(key * kQueries + query)];
      EXPECT_EQ(weight > 0, this->kPresent[key] != 0 && key <= query) << key << " " << query;
    }
  }
}

}  // namespace
}  // namespace lockstep::kernels
