// Makes policies with random parameters.
#include "tests/agents/policy_cases.h"
#include "kernels/philox.h"

#include <limits>

namespace lockstep::agents {
namespace {

using models::networks::Activation;
using models::networks::LayerSpec;
using models::networks::Network;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<float> normals(size_t count, std::uint64_t seed, float deviation) {
  std::vector<float> values(count);
  for (size_t k = 0; k < count; ++k)
    values[k] = deviation * kernels::normal<float>({seed, 0x7e57}, static_cast<std::uint32_t>(k), 0);
  return values;
}

// Hidden layers of widths that differ, so that a transposed kernel cannot pass.
PolicyDescription base(Activation activation, bool is_normalised, std::uint64_t seed, float weight = 0.4F) {
  PolicyDescription policy;
  policy.task = "example";
  policy.observation_names = {"x", "*/ y", "z"};
  policy.inputs = 3;
  policy.layers = {{.outputs = 7, .activation = activation, .is_normalised = is_normalised},
                   {.outputs = 5, .activation = activation},
                   {.outputs = 2}};
  policy.parameters = normals(static_cast<size_t>(Network<float>(3, policy.layers).num_parameters()), seed, weight);
  policy.action_size = 2;
  policy.middle = {0.5F, 0};
  policy.half = {1.5F, 1};
  policy.low = {-1, -kInfinity};
  policy.high = {2, kInfinity};
  return policy;
}

PolicyDescription standardised(PolicyDescription policy) {
  policy.mean = {0.5F, -1, 2};
  policy.scale = {2, 0.5F, 1};
  policy.limit = 4;  // which observations of deviation 3 reach
  return policy;
}

PolicyDescription discrete(PolicyDescription policy) {
  policy.is_discrete = true;
  policy.action_size = 1;
  policy.layers.back().outputs = 4;
  policy.parameters = normals(static_cast<size_t>(Network<float>(3, policy.layers).num_parameters()), 11, 0.5F);
  policy.middle.clear(), policy.half.clear(), policy.low.clear(), policy.high.clear();
  return policy;
}

// As a stochastic policy that is squashed has it: means, then logarithms of deviations.
PolicyDescription squashed(PolicyDescription policy) {
  policy.squash = Squash::kTanh;
  policy.layers.back().outputs = 4;
  policy.parameters = normals(static_cast<size_t>(Network<float>(3, policy.layers).num_parameters()), 8, 0.5F);
  return policy;
}

}  // namespace

std::vector<PolicyCase> policy_cases() {
  return {{"Tanh", base(Activation::kTanh, false, 1)},
          {"Relu", base(Activation::kRelu, false, 2)},
          {"Elu", base(Activation::kElu, false, 3)},
          {"Silu", base(Activation::kSilu, false, 4)},
          {"Linear", base(Activation::kIdentity, false, 5)},
          {"LayerNorm", base(Activation::kRelu, true, 6)},
          // So small that what a layer norm adds to the variance decides.
          {"LayerNormOfSmallNumbers", base(Activation::kTanh, true, 7, 1e-3F)},
          {"Standardised", standardised(base(Activation::kTanh, false, 1))},
          {"Squashed", squashed(standardised(base(Activation::kRelu, false, 2)))},
          {"Discrete", discrete(standardised(base(Activation::kElu, true, 3)))}};
}

std::vector<float> random_observations(int rows, int inputs, std::uint64_t seed) {
  return normals(static_cast<size_t>(rows) * static_cast<size_t>(inputs), seed, 3);
}

}  // namespace lockstep::agents
