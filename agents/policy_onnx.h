// A policy as an ONNX model, which ONNX Runtime, TensorRT and others run.
#pragma once

#include "agents/policy_description.h"

#include <cstddef>
#include <vector>

namespace lockstep::agents {

// ModelProto (onnx.proto of ONNX 1.12: IR version 8, operator set 17) with
//   input  "observation" float [batch][inputs]
//   output "action" float [batch][action_size], or int64 [batch][1] where the action is discrete
// for any batch. Metadata: task, observation_names. Throws what check_policy throws.
[[nodiscard]] std::vector<std::byte> policy_onnx(const PolicyDescription& policy);

}  // namespace lockstep::agents
