// Tests of networks: gradients against central differences, initial weights against their definitions, no allocations.
#include "models/networks/network.h"
#include "engine/error.h"
#include "tests/models/allocation_count.h"
#include "tests/models/networks/central_difference.h"

#include <cmath>
#include <cstdlib>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::models::networks {
namespace {

constexpr int kBatch = 5, kInputs = 3;

std::vector<double> random_numbers(long count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> draw;
  std::vector<double> values(static_cast<size_t>(count));
  for (double& value : values) value = draw(random);
  return values;
}

// A loss that weighs every output by its own number, so that its derivative by the outputs is those numbers.
struct WeighedOutputs {
  Network<double> network;
  std::vector<double> parameters, inputs, weights;

  explicit WeighedOutputs(const std::vector<LayerSpec>& layers)
      : network(kInputs, layers),
        parameters(static_cast<size_t>(network.num_parameters())),
        inputs(random_numbers(kBatch * kInputs, 1)),
        weights(random_numbers(kBatch * network.outputs(), 2)) {
    network.initialise(3, 0, parameters);
    // Biases, scales and shifts too are somewhere that no symmetry hides an error.
    const std::vector<double> offsets = random_numbers(network.num_parameters(), 4);
    for (size_t k = 0; k < parameters.size(); ++k) parameters[k] += 0.1 * offsets[k];
  }

  [[nodiscard]] double loss() const {
    Tape<double> tape;
    const auto outputs = network.forward(parameters, view(inputs.data(), kBatch, kInputs), tape);
    double sum = 0;
    for (size_t k = 0; k < weights.size(); ++k) sum += weights[k] * outputs.data_handle()[k];
    return sum;
  }

  struct Gradient {
    std::vector<double> parameters, inputs;
  };
  [[nodiscard]] Gradient gradient() const {
    Gradient g{std::vector<double>(parameters.size()), std::vector<double>(inputs.size())};
    Tape<double> tape;
    network.forward(parameters, view(inputs.data(), kBatch, kInputs), tape);
    network.backward(parameters, view(weights.data(), kBatch, network.outputs()), tape, g.parameters,
                     view(g.inputs.data(), kBatch, kInputs));
    return g;
  }

  // By moving one number, which is a parameter or an input of this object.
  double difference(double& number) const {
    constexpr double kStep = 1e-5;
    return central_difference(number, kStep, [&] { return loss(); });
  }
};

struct Architecture {
  const char* name;
  std::vector<LayerSpec> layers;
};

class NetworkGradient : public testing::TestWithParam<Architecture> {};

// Central differences of step 1e-5 are right to about 1e-10 of values of size 1; sums here are of size 10.
constexpr double kTolerance = 2e-8;

TEST_P(NetworkGradient, OfParametersEqualsDifferences) {
  WeighedOutputs net(GetParam().layers);
  const auto gradient = net.gradient();
  for (size_t k = 0; k < net.parameters.size(); ++k)
    EXPECT_NEAR(gradient.parameters[k], net.difference(net.parameters[k]), kTolerance) << k;
}

TEST_P(NetworkGradient, OfInputsEqualsDifferences) {
  WeighedOutputs net(GetParam().layers);
  const auto gradient = net.gradient();
  for (size_t k = 0; k < net.inputs.size(); ++k)
    EXPECT_NEAR(gradient.inputs[k], net.difference(net.inputs[k]), kTolerance) << k;
}

TEST_P(NetworkGradient, IsTheSameWhetherItReplacesNumbersOrIsAddedToZeros) {
  const WeighedOutputs net(GetParam().layers);
  std::vector<double> added(net.parameters.size()), replaced(added.size(), 1e3);
  Tape<double> tape;
  net.network.forward(net.parameters, view(net.inputs.data(), kBatch, kInputs), tape);
  const auto slopes = view(net.weights.data(), kBatch, net.network.outputs());
  net.network.backward(net.parameters, slopes, tape, added);
  net.network.backward(net.parameters, slopes, tape, replaced, {}, GradientUse::kReplace);
  EXPECT_EQ(replaced, added);
}

TEST_P(NetworkGradient, OfRowsThatWereKeptIsThatOfAllToTheLastBit) {
  const WeighedOutputs net(GetParam().layers);
  const auto all = net.gradient();
  const std::vector<int> kept{0, 3, 4};
  std::vector<double> slopes, found(kept.size() * kInputs);
  for (const int row : kept) {
    for (int k = 0; k < net.network.outputs(); ++k)
      slopes.push_back(net.weights[static_cast<size_t>(row * net.network.outputs() + k)]);
  }
  Tape<double> tape;
  net.network.forward(net.parameters, view(net.inputs.data(), kBatch, kInputs), tape);
  net.network.keep_rows(kept, tape);
  EXPECT_EQ(tape.outputs().extent(0), 3);
  net.network.backward(net.parameters, view(std::as_const(slopes).data(), 3, net.network.outputs()), tape, {},
                       view(found.data(), 3, kInputs));
  for (size_t k = 0; k < found.size(); ++k)
    EXPECT_EQ(found[k], all.inputs[static_cast<size_t>(kept[k / kInputs]) * kInputs + k % kInputs]) << k;
}

INSTANTIATE_TEST_SUITE_P(
    Architectures, NetworkGradient,
    testing::Values(Architecture{"Linear", {{.outputs = 2}}},
                    Architecture{"Tanh", {{.outputs = 7, .activation = Activation::kTanh}, {.outputs = 2}}},
                    Architecture{"Relu", {{.outputs = 7, .activation = Activation::kRelu}, {.outputs = 2}}},
                    Architecture{"Elu", {{.outputs = 7, .activation = Activation::kElu}, {.outputs = 2}}},
                    Architecture{"Silu",
                                 {{.outputs = 7, .activation = Activation::kSilu},
                                  {.outputs = 4, .activation = Activation::kSilu},
                                  {.outputs = 1}}},
                    Architecture{"LayerNorm",
                                 {{.outputs = 6, .activation = Activation::kTanh, .is_normalised = true},
                                  {.outputs = 5, .activation = Activation::kSilu, .is_normalised = true},
                                  {.outputs = 2}}}),
    [](const auto& example) { return std::string(example.param.name); });

TEST(Network, ComputesWhatItsEquationSays) {
  const Network<double> network(2, {{.outputs = 1, .activation = Activation::kTanh}});
  const std::vector<double> parameters{0.5, -0.25, 0.125};  // kernel [2][1], bias [1]
  const std::vector<double> inputs{1, 2, -3, 0.5};
  Tape<double> tape;
  const auto outputs = network.forward(parameters, view(inputs.data(), 2, 2), tape);
  EXPECT_NEAR(outputs(0, 0), std::tanh(0.5 - 0.5 + 0.125), 1e-15);
  EXPECT_NEAR(outputs(1, 0), std::tanh(-1.5 - 0.125 + 0.125), 1e-15);
}

TEST(Network, GivesARowTheSameBitsInEveryBatch) {
  const std::vector<int> hidden{33, 20};
  const Network<float> network(4, perceptron(hidden, 3, Activation::kTanh, 1));
  std::vector<float> parameters(static_cast<size_t>(network.num_parameters())), inputs(31 * 4);
  network.initialise(1, 0, parameters);
  for (size_t k = 0; k < inputs.size(); ++k) inputs[k] = std::sin(static_cast<float>(k));
  Tape<float> together, alone;
  const auto all = network.forward(parameters, view(static_cast<const float*>(inputs.data()), 31, 4), together);
  for (int row = 0; row < 31; ++row) {
    const auto one = network.forward(parameters, view(static_cast<const float*>(&inputs[4 * row]), 1, 4), alone);
    for (int k = 0; k < 3; ++k) EXPECT_EQ(all(row, k), one(0, k)) << row;
  }
}

TEST(Network, AllocatesNothingOnceItHasSeenTheLargestBatch) {
  const Network<float> network(4, {{.outputs = 64, .activation = Activation::kTanh, .is_normalised = true},
                                   {.outputs = 64, .activation = Activation::kRelu},
                                   {.outputs = 2}});
  std::vector<float> parameters(static_cast<size_t>(network.num_parameters())), gradient(parameters.size()),
      inputs(512 * 4, 0.5f), slopes(512 * 2, 1.0f);
  network.initialise(1, 0, parameters);
  Tape<float> tape;
  const auto pass = [&](int batch) {
    network.forward(parameters, view(static_cast<const float*>(inputs.data()), batch, 4), tape);
    network.backward(parameters, view(static_cast<const float*>(slopes.data()), batch, 2), tape, gradient);
  };
  pass(512);
  const long before = tests::allocation_count();
  pass(512);
  pass(100);
  EXPECT_EQ(tests::allocation_count(), before);
}

// Runs with LOCKSTEP_ISA set for as long as it lives.
class ForcedIsa {
 public:
  explicit ForcedIsa(const char* name) { setenv("LOCKSTEP_ISA", name, 1); }
  ~ForcedIsa() { unsetenv("LOCKSTEP_ISA"); }
};

TEST(Network, AgreesBetweenInstructionSets) {
  const std::vector<int> hidden{32};
  const std::vector<LayerSpec> layers = perceptron(hidden, 2, Activation::kTanh, 1);
  const auto run = [&](const char* isa) {
    const ForcedIsa forced(isa);
    const Network<double> network(3, layers);
    std::vector<double> parameters(static_cast<size_t>(network.num_parameters()));
    network.initialise(1, 0, parameters);
    const std::vector<double> inputs{0.1, 0.2, -0.3};
    Tape<double> tape;
    return network.forward(parameters, view(inputs.data(), 1, 3), tape)(0, 0);
  };
  const double baseline = run("baseline");
  for (const char* isa : {"v3", "v4"}) {
    try {
      EXPECT_NEAR(run(isa), baseline, 1e-14) << isa;
    } catch (const Error&) {
      GTEST_SKIP() << "this processor lacks " << isa;
    }
  }
}

TEST(Network, RefusesALayerWithoutWidthAndSaysHowToMendIt) {
  try {
    const Network<float> network(3, {{.outputs = 0}});
    FAIL() << "a layer of width 0 was accepted";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("width 0"), std::string::npos);
    EXPECT_FALSE(error.fix().empty());
  }
}

// The initial kernel of a layer [inputs][outputs].
std::vector<double> initial_kernel(int inputs, const LayerSpec& layer, std::uint64_t seed = 7) {
  const Network<double> network(inputs, {layer});
  std::vector<double> parameters(static_cast<size_t>(network.num_parameters()));
  network.initialise(seed, 0, parameters);
  parameters.resize(static_cast<size_t>(inputs * layer.outputs));
  return parameters;
}

// Largest distance of the products of two lines (columns where `across`, else rows) from gain^2 times the unit matrix.
double distance_from_orthogonal(const std::vector<double>& kernel, int inputs, int outputs, bool across, double gain) {
  const int lines = across ? outputs : inputs, length = across ? inputs : outputs;
  const auto at = [&](int line, int k) {
    return kernel[static_cast<size_t>(across ? k * outputs + line : line * outputs + k)];
  };
  double worst = 0;
  for (int a = 0; a < lines; ++a) {
    for (int b = 0; b < lines; ++b) {
      double product = 0;
      for (int k = 0; k < length; ++k) product += at(a, k) * at(b, k);
      worst = std::max(worst, std::abs(product - (a == b ? gain * gain : 0)));
    }
  }
  return worst;
}

TEST(OrthogonalWeights, HaveOrthogonalColumnsWhereTheyAreTall) {
  const auto kernel = initial_kernel(20, {.outputs = 6, .gain = 1.5});
  EXPECT_LT(distance_from_orthogonal(kernel, 20, 6, true, 1.5), 1e-13);
}

TEST(OrthogonalWeights, HaveOrthogonalRowsWhereTheyAreWide) {
  const auto kernel = initial_kernel(4, {.outputs = 30, .gain = 0.5});
  EXPECT_LT(distance_from_orthogonal(kernel, 4, 30, false, 0.5), 1e-13);
}

double mean_square(const std::vector<double>& numbers) {
  double sum = 0;
  for (const double x : numbers) sum += x * x;
  return sum / static_cast<double>(numbers.size());
}

// 20,000 draws: the mean square is right to about 1 % (one deviation), here to four of them.
TEST(GlorotWeights, HaveTheirVarianceAndStayInTheirBounds) {
  const auto kernel = initial_kernel(200, {.outputs = 100, .initialiser = Initialiser::kGlorot});
  EXPECT_NEAR(mean_square(kernel) * (200 + 100) / 2, 1, 0.04);
  for (const double weight : kernel) EXPECT_LE(std::abs(weight), std::sqrt(6.0 / 300));
}

TEST(HeWeights, HaveTheirVariance) {
  const auto kernel = initial_kernel(200, {.outputs = 100, .initialiser = Initialiser::kHe});
  EXPECT_NEAR(mean_square(kernel) * 200 / 2, 1, 0.04);
}

TEST(InitialWeights, AreThoseOfTheirSeedAlone) {
  const LayerSpec layer{.outputs = 8, .initialiser = Initialiser::kHe};
  EXPECT_EQ(initial_kernel(5, layer, 1), initial_kernel(5, layer, 1));
  EXPECT_NE(initial_kernel(5, layer, 1), initial_kernel(5, layer, 2));
}

}  // namespace
}  // namespace lockstep::models::networks
