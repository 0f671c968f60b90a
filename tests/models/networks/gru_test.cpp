// Tests of recurrent units: gradients against central differences, gates at their ends, PyTorch's numbers.
#include "models/networks/gru.h"
#include "engine/error.h"
#include "models/networks/safetensors.h"
#include "tests/models/allocation_count.h"
#include "tests/models/networks/central_difference.h"
#include "tests/models/networks/torch_layers.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::models::networks {
namespace {

constexpr int kInputs = 3, kHidden = 4, kSteps = 5, kBatch = 2;

// A loss that weighs every state by its own number.
struct WeighedStates {
  Gru<double> unit{kInputs, kHidden};
  std::vector<double> parameters = tests::formula_parameters(unit.num_parameters());
  std::vector<double> inputs = tests::formula_inputs(kSteps * kBatch * kInputs);
  std::vector<double> initial = tests::formula_initial(kBatch * kHidden);
  std::vector<double> weights = tests::formula_weights(kSteps * kBatch * kHidden);
  std::vector<std::uint8_t> starts;  // empty: none
  GruTape<double> tape;

  [[nodiscard]] Sequences<double> sequences() const {
    return {.inputs = view(inputs.data(), kSteps, kBatch, kInputs),
            .initial = view(initial.data(), kBatch, kHidden),
            .starts = starts.empty() ? View<const std::uint8_t, 2>{} : view(starts.data(), kSteps, kBatch)};
  }
  std::span<const double> states() {
    return {unit.forward(parameters, sequences(), tape).data_handle(), weights.size()};
  }
  double loss() {
    double sum = 0;
    const std::span<const double> found = states();
    for (size_t k = 0; k < weights.size(); ++k) sum += weights[k] * found[k];
    return sum;
  }
  struct Gradient {
    std::vector<double> parameters, inputs, initial;
  };
  Gradient gradient() {
    Gradient g{std::vector<double>(parameters.size()), std::vector<double>(inputs.size()),
               std::vector<double>(initial.size())};
    states();
    unit.backward(
        parameters, view(std::as_const(weights).data(), kSteps, kBatch, kHidden), tape, g.parameters,
        {.inputs = view(g.inputs.data(), kSteps, kBatch, kInputs), .initial = view(g.initial.data(), kBatch, kHidden)});
    return g;
  }
  // Central differences of step 1e-5 are right to about 1e-10 here.
  void expect_differences(std::vector<double>& numbers, const std::vector<double>& gradient) {
    for (size_t k = 0; k < numbers.size(); ++k)
      EXPECT_NEAR(gradient[k], central_difference(numbers[k], 1e-5, [&] { return loss(); }), 1e-8) << "number " << k;
  }
};

class GruGradient : public testing::TestWithParam<bool> {
 protected:
  GruGradient() {
    // Sequence 0 begins anew at step 2, sequence 1 at steps 0 and 4.
    if (GetParam()) loss_.starts = {0, 1, 0, 0, 1, 0, 0, 0, 0, 1};
  }
  WeighedStates loss_;
};

TEST_P(GruGradient, OfParametersEqualsDifferences) {
  loss_.expect_differences(loss_.parameters, loss_.gradient().parameters);
}
TEST_P(GruGradient, OfInputsEqualsDifferences) { loss_.expect_differences(loss_.inputs, loss_.gradient().inputs); }
TEST_P(GruGradient, OfInitialStatesEqualsDifferences) {
  loss_.expect_differences(loss_.initial, loss_.gradient().initial);
}
INSTANTIATE_TEST_SUITE_P(Episodes, GruGradient, testing::Bool(),
                         [](const auto& example) { return example.param ? "ThatBegin" : "ThatGoOn"; });

// Recorded in double; sums here have some tens of terms of size 1.
TEST(Gru, HasTheStatesAndGradientsOfPyTorch) {
  WeighedStates loss;
  tests::expect_near(loss.states(), tests::recorded("gru", "outputs"), 1e-13);
  const auto gradient = loss.gradient();
  tests::expect_near(gradient.parameters, tests::recorded("gru", "gradient"), 1e-12);
  tests::expect_near(gradient.inputs, tests::recorded("gru", "input_gradient"), 1e-12);
  tests::expect_near(gradient.initial, tests::recorded("gru", "initial_gradient"), 1e-12);
}

// The part of a bias [3 hidden] that belongs to a gate: 0 reset, 1 update, 2 candidate.
std::span<double> bias_of_gate(WeighedStates& loss, int block, int gate) {
  return std::span(loss.parameters)
      .subspan(static_cast<size_t>(loss.unit.parameter_blocks()[static_cast<size_t>(block)].offset + gate * kHidden),
               kHidden);
}

// Logistic(800) is 1 and logistic(-800) is 0 to the last bit.
TEST(Gru, CopiesItsStateWhereTheUpdateGateIsShut) {
  WeighedStates loss;
  std::ranges::fill(bias_of_gate(loss, 1, 1), 800.0);
  const std::span<const double> states = loss.states();
  for (size_t k = 0; k < states.size(); ++k) EXPECT_NEAR(states[k], loss.initial[k % loss.initial.size()], 1e-15);
  for (const double slope : loss.gradient().inputs) EXPECT_EQ(slope, 0);
}

TEST(Gru, ReplacesItsStateWhereBothGatesForgetIt) {
  WeighedStates loss;
  std::ranges::fill(bias_of_gate(loss, 1, 1), -800.0);  // h' = n
  std::ranges::fill(bias_of_gate(loss, 1, 0), -800.0);  // n = tanh(x W_n + c_n)
  const std::span<const double> states = loss.states();
  for (int row = 0; row < kSteps * kBatch; ++row) {
    for (int j = 0; j < kHidden; ++j) {
      double sum = bias_of_gate(loss, 1, 2)[static_cast<size_t>(j)];
      for (int i = 0; i < kInputs; ++i)
        sum += loss.inputs[static_cast<size_t>(row * kInputs + i)] *
               loss.parameters[static_cast<size_t>(i * 3 * kHidden + 2 * kHidden + j)];
      EXPECT_NEAR(states[static_cast<size_t>(row * kHidden + j)], std::tanh(sum), 1e-14);
    }
  }
  for (const double slope : loss.gradient().initial) EXPECT_EQ(slope, 0);
}

TEST(Gru, ForgetsWhatWasBeforeAnEpisodeBegins) {
  WeighedStates loss, other;
  loss.starts = other.starts = {0, 0, 0, 0, 1, 1, 0, 0, 0, 0};  // both begin at step 2
  for (int k = 0; k < 2 * kBatch * kInputs; ++k) other.inputs[static_cast<size_t>(k)] += 1;
  for (double& x : other.initial) x -= 2;
  const std::span<const double> states = loss.states(), others = other.states();
  EXPECT_NE(states[0], others[0]);
  for (size_t k = 2 * kBatch * kHidden; k < states.size(); ++k) EXPECT_EQ(states[k], others[k]) << k;
}

TEST(Gru, GivesASequenceTheSameBitsInEveryBatch) {
  constexpr int kWide = 21, kMany = 13;
  const Gru<float> unit(4, kWide);
  std::vector<float> parameters(static_cast<size_t>(unit.num_parameters())), inputs(3 * kMany * 4), own(3 * 4);
  unit.initialise(1, 0, parameters);
  for (size_t k = 0; k < inputs.size(); ++k) inputs[k] = std::sin(static_cast<float>(k));
  GruTape<float> together, alone;
  const auto all = unit.forward(parameters, {.inputs = view(std::as_const(inputs).data(), 3, kMany, 4)}, together);
  for (int row = 0; row < kMany; ++row) {
    for (int step = 0; step < 3; ++step)
      std::copy_n(&inputs[static_cast<size_t>((step * kMany + row) * 4)], 4, &own[static_cast<size_t>(4 * step)]);
    const auto one = unit.forward(parameters, {.inputs = view(std::as_const(own).data(), 3, 1, 4)}, alone);
    for (int k = 0; k < kWide; ++k) EXPECT_EQ(all(2, row, k), one(2, 0, k)) << "sequence " << row;
  }
}

TEST(Gru, AllocatesNothingOnceItHasSeenTheLargestBatch) {
  const Gru<float> unit(4, 32);
  std::vector<float> parameters(static_cast<size_t>(unit.num_parameters())), gradient(parameters.size()),
      inputs(10 * 64 * 4, 0.5f), slopes(10 * 64 * 32, 1.0f);
  unit.initialise(1, 0, parameters);
  GruTape<float> tape;
  const auto pass = [&](int steps, int batch) {
    unit.forward(parameters, {.inputs = view(std::as_const(inputs).data(), steps, batch, 4)}, tape);
    unit.backward(parameters, view(std::as_const(slopes).data(), steps, batch, 32), tape, gradient);
  };
  pass(10, 64);
  const long before = tests::allocation_count();
  pass(10, 64);
  pass(20, 7);
  EXPECT_EQ(tests::allocation_count(), before);
}

TEST(Gru, StatesWeightsBeginOrthogonalAndBiasesAtZero) {
  const Gru<double> unit(5, 8);
  std::vector<double> parameters(static_cast<size_t>(unit.num_parameters()));
  unit.initialise(3, 1, parameters);
  const double* const kernel = parameters.data() + unit.parameter_blocks()[2].offset;
  for (int gate = 0; gate < 3; ++gate) {
    for (int i = 0; i < 8; ++i) {
      for (int j = 0; j < 8; ++j) {
        double product = 0;
        for (int k = 0; k < 8; ++k) product += kernel[k * 24 + gate * 8 + i] * kernel[k * 24 + gate * 8 + j];
        EXPECT_NEAR(product, i == j ? 1 : 0, 1e-13);
      }
    }
  }
  for (const size_t block : {1, 3}) {
    const ParameterBlock& bias = unit.parameter_blocks()[block];
    for (long k = 0; k < bias.size(); ++k) EXPECT_EQ(parameters[static_cast<size_t>(bias.offset + k)], 0);
  }
}

TEST(Gru, ComesBackFromNamedTensorsToTheSameBits) {
  const Gru<float> unit(3, 4);
  std::vector<float> parameters(static_cast<size_t>(unit.num_parameters())), read(parameters.size());
  unit.initialise(1, 0, parameters);
  TensorFile file;
  append_parameters(unit, std::span<const float>(parameters), "memory.", file);
  EXPECT_EQ(file.tensors[2].name, "memory.state.kernel");
  take_parameters(unit, decode_safetensors(encode_safetensors(file), "test"), "memory.", "test", std::span(read));
  EXPECT_EQ(read, parameters);
}

TEST(Gru, RefusesNoHiddenNumbersAndSaysHowToMendIt) {
  try {
    const Gru<float> unit(3, 0);
    FAIL() << "a unit without hidden numbers was accepted";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("0 hidden"), std::string::npos);
    EXPECT_FALSE(error.fix().empty());
  }
}

}  // namespace
}  // namespace lockstep::models::networks
