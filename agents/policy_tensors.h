// A policy as a safetensors file, for programs that build the network themselves.
#pragma once

#include "agents/policy_description.h"
#include "models/networks/safetensors.h"

namespace lockstep::agents {

// Tensors, F32: "observation.mean", "observation.scale" [inputs] and "observation.limit" [] where standardised;
// "layers.K.kernel" [inputs][outputs], "layers.K.bias" [outputs], and "layers.K.scale", "layers.K.shift" where a layer
// norm stands before the activation; "action.middle", "action.half", "action.low", "action.high" [action_size] where
// continuous. Metadata: "task", "observation_names" (commas between them), "activations" (of each layer: identity,
// tanh, relu, elu or silu), "squash" (none or tanh), "action" (continuous or discrete). Throws what check_policy
// throws.
[[nodiscard]] models::networks::TensorFile policy_tensors(const PolicyDescription& policy);

}  // namespace lockstep::agents
