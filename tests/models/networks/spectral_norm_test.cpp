// Tests of spectral norms: against singular values, and what they bound.
#include "models/networks/spectral_norm.h"
#include "tests/models/allocation_count.h"

#include <cmath>
#include <random>
#include <vector>

#include <Eigen/SVD>
#include <gtest/gtest.h>

namespace lockstep::models::networks {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

double largest_singular_value(const double* kernel, int inputs, int outputs) {
  const Matrix matrix = Eigen::Map<const Matrix>(kernel, inputs, outputs);
  return Eigen::JacobiSVD<Matrix>(matrix).singularValues()(0);
}

struct RandomKernels {
  Network<double> network{23, {{.outputs = 40}, {.outputs = 40}, {.outputs = 1}}};
  std::vector<double> parameters;

  RandomKernels() : parameters(static_cast<size_t>(network.num_parameters())) {
    std::mt19937 random(7);
    std::normal_distribution<double> draw;
    for (double& x : parameters) x = draw(random);
  }
  [[nodiscard]] double sigma(size_t layer) const {
    const ParameterBlock& block = network.parameter_blocks()[2 * layer];
    return largest_singular_value(parameters.data() + block.offset, block.shape[0], block.shape[1]);
  }
};

TEST(SpectralNorms, AreWithinAPercentOfTheSingularValueAfterFiftyIterations) {
  const RandomKernels kernels;
  SpectralNorms<double> norms(kernels.network, 1, 2);
  for (size_t layer = 0; layer < 3; ++layer) {
    double sigma = 0;
    for (int k = 0; k < 50; ++k) sigma = norms.iterate(kernels.parameters, layer);
    EXPECT_NEAR(sigma / kernels.sigma(layer), 1, 0.01) << "layer " << layer;
    EXPECT_LE(sigma, kernels.sigma(layer) * (1 + 1e-12)) << "layer " << layer;
  }
}

// sigma(W + e dW) = sigma(W) + e v' dW u: a simple singular value's slope.
TEST(SpectralNorms, HaveVectorsThatAreTheSlopeOfTheNorm) {
  RandomKernels kernels;
  SpectralNorms<double> norms(kernels.network, 1, 2);
  for (int k = 0; k < 2000; ++k) norms.iterate(kernels.parameters, 0);
  const auto v = norms.left(0), u = norms.right(0);
  constexpr double kStep = 1e-5;
  for (const size_t element : {size_t{0}, size_t{57}, size_t{400}}) {
    const double middle = kernels.parameters[element];
    kernels.parameters[element] = middle + kStep;
    const double above = kernels.sigma(0);
    kernels.parameters[element] = middle - kStep;
    const double below = kernels.sigma(0);
    kernels.parameters[element] = middle;
    EXPECT_NEAR(v[element / 40] * u[element % 40], (above - below) / (2 * kStep), 1e-6);
  }
}

TEST(SpectralNorms, KeepEveryKernelAtItsLimitAndItsDirection) {
  RandomKernels kernels;
  const std::vector<double> before = kernels.parameters;
  SpectralNorms<double> norms(kernels.network, 1, 2);
  for (int k = 0; k < 300; ++k) norms.limit(1.5, kernels.parameters);
  for (size_t layer = 0; layer < 3; ++layer) {
    const ParameterBlock& block = kernels.network.parameter_blocks()[2 * layer];
    const auto first = static_cast<size_t>(block.offset), size = static_cast<size_t>(block.size());
    EXPECT_NEAR(kernels.sigma(layer), 1.5, 1.5e-3) << "layer " << layer;
    for (size_t k = first; k < first + size; ++k)
      EXPECT_NEAR(kernels.parameters[k] / before[k], kernels.parameters[first] / before[first], 1e-12);
    EXPECT_EQ(kernels.parameters[first + size], before[first + size]) << "a bias of layer " << layer;
  }
}

TEST(SpectralNorms, LeaveKernelsBelowTheirLimitAlone) {
  RandomKernels kernels;
  const std::vector<double> before = kernels.parameters;
  SpectralNorms<double> norms(kernels.network, 1, 2);
  norms.limit(100, kernels.parameters);
  EXPECT_EQ(kernels.parameters, before);
}

// A head that begins at zero has no norm, and finds it once it has learned.
TEST(SpectralNorms, FindTheNormOfAKernelThatBeganAtZero) {
  RandomKernels kernels;
  const std::vector<double> learned = kernels.parameters;
  std::ranges::fill(kernels.parameters, 0.0);
  SpectralNorms<double> norms(kernels.network, 1, 2);
  EXPECT_EQ(norms.iterate(kernels.parameters, 2), 0);
  EXPECT_GT(norms.iterate(learned, 2), 0);
}

// A product of kernels of norm 1 and slopes of at most 1 moves no two outputs further apart than their inputs are.
TEST(SpectralNorms, BoundHowFarANetworksOutputsMove) {
  Network<double> network(3, {{.outputs = 16, .activation = Activation::kTanh},
                              {.outputs = 16, .activation = Activation::kRelu},
                              {.outputs = 2}});
  std::vector<double> parameters(static_cast<size_t>(network.num_parameters()));
  network.initialise(5, 0, parameters);
  for (double& x : parameters) x *= 3;
  SpectralNorms<double> norms(network, 1, 2);
  for (int k = 0; k < 200; ++k) norms.limit(1, parameters);
  std::mt19937 random(3);
  std::normal_distribution<double> draw;
  Tape<double> tape;
  for (int pair = 0; pair < 200; ++pair) {
    std::vector<double> inputs(6);
    for (double& x : inputs) x = draw(random);
    const auto outputs = network.forward(parameters, view(std::as_const(inputs).data(), 2, 3), tape);
    double before = 0, after = 0;
    for (int k = 0; k < 3; ++k)
      before += std::pow(inputs[static_cast<size_t>(k)] - inputs[static_cast<size_t>(3 + k)], 2);
    for (int k = 0; k < 2; ++k) after += std::pow(outputs(0, k) - outputs(1, k), 2);
    EXPECT_LE(after, before * 1.01);  // norms are within 0.1 % of 1 after so many iterations
  }
}

TEST(SpectralNorms, GoOnFromSavedBytesToTheSameBits) {
  const RandomKernels kernels;
  SpectralNorms<double> first(kernels.network, 1, 2), second(kernels.network, 9, 9);
  for (int k = 0; k < 3; ++k) first.iterate(kernels.parameters, 1);
  ByteWriter out("norms", 1);
  first.save(out);
  const auto bytes = std::move(out).finish();
  ByteReader in(bytes, "norms", 1, "test");
  second.load(in);
  EXPECT_EQ(first.iterate(kernels.parameters, 1), second.iterate(kernels.parameters, 1));
}

TEST(SpectralNorms, AllocateNothing) {
  RandomKernels kernels;
  SpectralNorms<double> norms(kernels.network, 1, 2);
  const long before = tests::allocation_count();
  norms.limit(1.5, kernels.parameters);
  EXPECT_EQ(tests::allocation_count(), before);
}

}  // namespace
}  // namespace lockstep::models::networks
