// Names a policy's numbers as tensors.
#include "agents/policy_tensors.h"

#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lockstep::agents {
namespace {

using models::networks::Activation;
using models::networks::LayerSpec;
using models::networks::Tensor;
using models::networks::TensorFile;

const char* name_of(Activation activation) {
  switch (activation) {
    case Activation::kTanh:
      return "tanh";
    case Activation::kRelu:
      return "relu";
    case Activation::kElu:
      return "elu";
    case Activation::kSilu:
      return "silu";
    default:
      return "identity";
  }
}

Tensor vector(const char* name, std::span<const float> values) {
  return {name, {static_cast<std::int64_t>(values.size())}, false, {values.begin(), values.end()}};
}

}  // namespace

TensorFile policy_tensors(const PolicyDescription& policy) {
  check_policy(policy);
  TensorFile file;
  if (policy.is_standardised()) {
    file.tensors = {vector("observation.mean", policy.mean), vector("observation.scale", policy.scale),
                    Tensor{"observation.limit", {}, false, {static_cast<double>(policy.limit)}}};
  }
  const models::networks::Network<float> network(policy.inputs, policy.layers);
  models::networks::append_parameters(network, std::span<const float>(policy.parameters), "", file);
  if (!policy.is_discrete) {
    for (const Tensor& tensor : {vector("action.middle", policy.middle), vector("action.half", policy.half),
                                 vector("action.low", policy.low), vector("action.high", policy.high)})
      file.tensors.push_back(tensor);
  }
  std::vector<std::string> activations;
  for (const LayerSpec& layer : policy.layers) activations.emplace_back(name_of(layer.activation));
  file.metadata = {{"task", policy.task},
                   {"observation_names", fmt::format("{}", fmt::join(policy.observation_names, ","))},
                   {"activations", fmt::format("{}", fmt::join(activations, ","))},
                   {"squash", policy.squash == Squash::kTanh ? "tanh" : "none"},
                   {"action", policy.is_discrete ? "discrete" : "continuous"}};
  return file;
}

}  // namespace lockstep::agents
