// Tests of attention: gradients against central differences, closed forms, masks, PyTorch's numbers.
#include "models/networks/attention.h"
#include "engine/error.h"
#include "models/networks/safetensors.h"
#include "tests/models/allocation_count.h"
#include "tests/models/networks/central_difference.h"
#include "tests/models/networks/torch_layers.h"

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::models::networks {
namespace {

constexpr int kWidth = 6, kHeads = 2, kSteps = 5, kBatch = 2;

// A loss that weighs every output by its own number.
struct WeighedMixtures {
  Attention<double> layer;
  std::vector<double> parameters = tests::formula_parameters(layer.num_parameters());
  std::vector<double> inputs = tests::formula_inputs(kBatch * kSteps * kWidth);
  std::vector<double> weights = tests::formula_weights(kBatch * kSteps * kWidth);
  std::vector<std::uint8_t> present;  // empty: all are there
  AttentionTape<double> tape;

  explicit WeighedMixtures(bool is_causal = false, std::vector<std::uint8_t> there = {})
      : layer({.width = kWidth, .heads = kHeads, .is_causal = is_causal}), present(std::move(there)) {}

  std::span<const double> outputs() {
    const AttentionInputs<double> given{.inputs = view(std::as_const(inputs).data(), kBatch, kSteps, kWidth),
                                        .present = present.empty()
                                                       ? View<const std::uint8_t, 2>{}
                                                       : view(std::as_const(present).data(), kBatch, kSteps)};
    return {layer.forward(parameters, given, tape).data_handle(), weights.size()};
  }
  double loss() {
    double sum = 0;
    const std::span<const double> found = outputs();
    for (size_t k = 0; k < weights.size(); ++k) sum += weights[k] * found[k];
    return sum;
  }
  struct Gradient {
    std::vector<double> parameters, inputs;
  };
  Gradient gradient() {
    Gradient g{std::vector<double>(parameters.size()), std::vector<double>(inputs.size())};
    outputs();
    layer.backward(parameters, view(std::as_const(weights).data(), kBatch, kSteps, kWidth), tape, g.parameters,
                   view(g.inputs.data(), kBatch, kSteps, kWidth));
    return g;
  }
  // Central differences of step 1e-5 are right to about 1e-9 here: third derivatives are of size 10.
  void expect_differences(std::vector<double>& numbers, const std::vector<double>& gradient) {
    for (size_t k = 0; k < numbers.size(); ++k)
      EXPECT_NEAR(gradient[k], central_difference(numbers[k], 1e-5, [&] { return loss(); }), 2e-8) << "number " << k;
  }
};

struct Mask {
  const char* name;
  bool is_causal;
  std::vector<std::uint8_t> present;
};
// As the script that recorded PyTorch has it: steps 2 and 4 of the last sequence are absent.
const std::vector<std::uint8_t> kSomeAbsent{1, 1, 1, 1, 1, 1, 1, 0, 1, 0};

class AttentionGradient : public testing::TestWithParam<Mask> {
 protected:
  WeighedMixtures loss_{GetParam().is_causal, GetParam().present};
};
TEST_P(AttentionGradient, OfParametersEqualsDifferences) {
  loss_.expect_differences(loss_.parameters, loss_.gradient().parameters);
}
TEST_P(AttentionGradient, OfInputsEqualsDifferences) {
  loss_.expect_differences(loss_.inputs, loss_.gradient().inputs);
}
// The first step of the last one is absent too, so that a causal query there sees nothing.
INSTANTIATE_TEST_SUITE_P(Masks, AttentionGradient,
                         testing::Values(Mask{"Whole", false, {}}, Mask{"Causal", true, {}},
                                         Mask{"Absent", false, kSomeAbsent},
                                         Mask{"CausalAndBlind", true, {1, 1, 1, 1, 1, 0, 1, 0, 1, 0}}),
                         [](const auto& example) { return std::string(example.param.name); });

void expect_recorded(WeighedMixtures& loss, const std::string& name) {
  tests::expect_near(loss.outputs(), tests::recorded(name, "outputs"), 1e-13);
  const auto gradient = loss.gradient();
  tests::expect_near(gradient.parameters, tests::recorded(name, "gradient"), 1e-12);
  tests::expect_near(gradient.inputs, tests::recorded(name, "input_gradient"), 1e-12);
}
TEST(Attention, HasTheOutputsAndGradientsOfPyTorch) {
  WeighedMixtures loss;
  expect_recorded(loss, "attention");
}
TEST(Attention, HasThoseOfPyTorchWhereItIsCausalAndStepsAreAbsent) {
  WeighedMixtures loss(true, kSomeAbsent);
  expect_recorded(loss, "attention_causal_masked");
}

// Where all keys are the same, every step looks at all alike: the mean of the values, through the last kernel.
TEST(Attention, TakesTheMeanOfTheValuesWhereKeysAreEqual) {
  WeighedMixtures loss;
  for (int i = 0; i < kWidth; ++i) {
    for (int j = kWidth; j < 2 * kWidth; ++j) loss.parameters[static_cast<size_t>(i * 3 * kWidth + j)] = 0;
  }
  loss.outputs();
  const auto weights = loss.tape.weights();
  for (int key = 0; key < kSteps; ++key) {
    for (int query = 0; query < kSteps; ++query) EXPECT_NEAR(weights(1, 1, key, query), 1.0 / kSteps, 1e-15);
  }
  const auto outputs = loss.tape.outputs();
  for (int k = 0; k < kWidth; ++k) EXPECT_NEAR(outputs(0, 0, k), outputs(0, 4, k), 1e-13);
}

TEST(Attention, GivesACausalStepWhatItWouldSeeWithoutTheRest) {
  WeighedMixtures loss(true), changed(true);
  for (int k = 3 * kWidth; k < kSteps * kWidth; ++k) changed.inputs[static_cast<size_t>(k)] *= -2;
  loss.outputs();
  changed.outputs();
  for (int step = 0; step < 3; ++step) {
    for (int k = 0; k < kWidth; ++k) EXPECT_EQ(loss.tape.outputs()(0, step, k), changed.tape.outputs()(0, step, k));
  }
  EXPECT_NE(loss.tape.outputs()(0, 3, 0), changed.tape.outputs()(0, 3, 0));
}

TEST(Attention, DoesNotLookAtAbsentSteps) {
  WeighedMixtures loss(false, kSomeAbsent), changed(false, kSomeAbsent);
  for (int k = 0; k < kWidth; ++k) changed.inputs[static_cast<size_t>((kSteps + 2) * kWidth + k)] = 1e3;
  loss.outputs();
  changed.outputs();
  for (const int step : {0, 1, 3, 4}) {
    for (int k = 0; k < kWidth; ++k) EXPECT_EQ(loss.tape.outputs()(1, step, k), changed.tape.outputs()(1, step, k));
  }
}

TEST(Attention, LeavesTheBiasAloneWhereAStepSeesNothing) {
  WeighedMixtures loss(true, {1, 1, 1, 1, 1, 0, 1, 1, 1, 1});
  loss.outputs();
  const long bias = loss.layer.parameter_blocks()[3].offset;
  for (int k = 0; k < kWidth; ++k)
    EXPECT_EQ(loss.tape.outputs()(1, 0, k), loss.parameters[static_cast<size_t>(bias + k)]);
}

// Shifting scores by the same number changes no weight, however large it is.
TEST(Attention, StaysFiniteWhereScoresAreLarge) {
  const Attention<float> layer({.width = 2, .heads = 1});
  std::vector<float> parameters(static_cast<size_t>(layer.num_parameters()));
  layer.initialise(1, 0, parameters);
  std::vector<float> inputs{1e4f, -2e4f, 3e4f, 1e4f, -1e4f, 5e3f};
  AttentionTape<float> tape;
  layer.forward(parameters, {.inputs = view(std::as_const(inputs).data(), 1, 3, 2)}, tape);
  for (int query = 0; query < 3; ++query) {
    float sum = 0;
    for (int key = 0; key < 3; ++key) sum += tape.weights()(0, 0, key, query);
    EXPECT_NEAR(sum, 1, 1e-6f);
  }
}

TEST(Attention, GivesASequenceTheSameBitsInEveryBatch) {
  constexpr int kMany = 7, kWide = 24, kLong = 11;
  const Attention<float> layer({.width = kWide, .heads = 3});
  std::vector<float> parameters(static_cast<size_t>(layer.num_parameters())), inputs(kMany * kLong * kWide);
  layer.initialise(1, 0, parameters);
  for (size_t k = 0; k < inputs.size(); ++k) inputs[k] = std::sin(static_cast<float>(k));
  AttentionTape<float> together, alone;
  const auto all =
      layer.forward(parameters, {.inputs = view(std::as_const(inputs).data(), kMany, kLong, kWide)}, together);
  for (int row = 0; row < kMany; ++row) {
    const float* const own = &inputs[static_cast<size_t>(row * kLong * kWide)];
    const auto one = layer.forward(parameters, {.inputs = view(own, 1, kLong, kWide)}, alone);
    for (int k = 0; k < kWide; ++k) EXPECT_EQ(all(row, 9, k), one(0, 9, k)) << "sequence " << row;
  }
}

TEST(Attention, AllocatesNothingOnceItHasSeenTheLargestBatch) {
  const Attention<float> layer({.width = 16, .heads = 4, .is_causal = true});
  std::vector<float> parameters(static_cast<size_t>(layer.num_parameters())), gradient(parameters.size()),
      inputs(8 * 20 * 16, 0.5f), slopes(inputs.size(), 1.0f);
  layer.initialise(1, 0, parameters);
  AttentionTape<float> tape;
  const auto pass = [&](int batch, int steps) {
    layer.forward(parameters, {.inputs = view(std::as_const(inputs).data(), batch, steps, 16)}, tape);
    layer.backward(parameters, view(std::as_const(slopes).data(), batch, steps, 16), tape, gradient);
  };
  pass(8, 20);
  const long before = tests::allocation_count();
  pass(8, 20);
  pass(3, 11);
  EXPECT_EQ(tests::allocation_count(), before);
}

TEST(Attention, ComesBackFromNamedTensorsToTheSameBits) {
  const Attention<float> layer({.width = 4, .heads = 2});
  std::vector<float> parameters(static_cast<size_t>(layer.num_parameters())), read(parameters.size());
  layer.initialise(1, 0, parameters);
  TensorFile file;
  append_parameters(layer, std::span<const float>(parameters), "mixer.", file);
  EXPECT_EQ(file.tensors[0].name, "mixer.projection.kernel");
  take_parameters(layer, decode_safetensors(encode_safetensors(file), "test"), "mixer.", "test", std::span(read));
  EXPECT_EQ(read, parameters);
}

TEST(Attention, RefusesAWidthThatItsHeadsDoNotShareAndSaysHowToMendIt) {
  try {
    const Attention<float> layer({.width = 6, .heads = 4});
    FAIL() << "6 numbers were shared by 4 heads";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("width 6 in 4 heads"), std::string::npos);
    EXPECT_FALSE(error.fix().empty());
  }
}

}  // namespace
}  // namespace lockstep::models::networks
