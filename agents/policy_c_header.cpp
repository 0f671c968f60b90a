// Prints a policy's numbers and the loops over them.
#include "agents/policy_c_header.h"
#include "engine/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace lockstep::agents {
namespace {

using models::networks::Activation;
using models::networks::LayerSpec;

constexpr size_t kNumbersPerLine = 8;

// A float literal that reads back to the same bits.
std::string literal(float value) {
  if (std::isinf(value)) return value > 0 ? "INFINITY" : "-INFINITY";
  std::string digits = fmt::format("{:.9g}", value);
  if (digits.find_first_of(".e") == std::string::npos) digits += ".0";
  return digits + "f";
}

std::string comment_safe(std::string text) {
  for (size_t at = text.find("*/"); at != std::string::npos; at = text.find("*/")) text.replace(at, 2, "* /");
  std::ranges::replace(text, '\n', ' ');
  return text;
}

// static const float lockstep_NAME[rows][columns]; a vector where rows is 0.
std::string array(const std::string& name, std::span<const float> values, size_t rows = 0) {
  const size_t columns = rows == 0 ? values.size() : values.size() / rows;
  std::string out = fmt::format("static const float lockstep_{}{}[{}] = {{", name,
                                rows == 0 ? "" : fmt::format("[{}]", rows), columns);
  for (size_t k = 0; k < values.size(); ++k) {
    const size_t column = k % columns;
    if (rows > 0 && column == 0) out += k == 0 ? "\n  {" : "},\n  {";
    if (rows == 0 && column == 0) out += "\n  ";
    if (column > 0) out += column % kNumbersPerLine == 0 ? ",\n   " : ", ";
    out += literal(values[k]);
  }
  return out + (rows == 0 ? "};\n" : "}};\n");
}

std::string head(const PolicyDescription& policy) {
  std::string out = fmt::format(
      "/* A policy for the task {}, exported by Lockstep {}. C99 or C++, float, no allocation and no state.\n *\n"
      " * observation, as the task gives it:\n",
      comment_safe(policy.task), program_version());
  for (int k = 0; k < policy.inputs; ++k) {
    const auto index = static_cast<size_t>(k);
    out += fmt::format(" *   [{}] {}\n", k,
                       index < policy.observation_names.size() ? comment_safe(policy.observation_names[index]) : "");
  }
  out += policy.is_discrete ? " * action: its index\n" : " * action, in the task's units:\n";
  for (size_t k = 0; k < policy.low.size(); ++k)
    out += fmt::format(" *   [{}] from {:g} to {:g}\n", k, policy.low[k], policy.high[k]);
  return out + " */\n#ifndef LOCKSTEP_POLICY_H\n#define LOCKSTEP_POLICY_H\n\n#include <math.h>\n\n";
}

std::string arrays(const PolicyDescription& policy) {
  std::string out;
  if (policy.is_standardised()) out += array("mean", policy.mean) + array("scale", policy.scale);
  size_t inputs = static_cast<size_t>(policy.inputs);
  for (size_t k = 0; k < policy.layers.size(); ++k) {
    out += array(fmt::format("kernel_{}", k), policy_block(policy, k, "kernel"), inputs);
    out += array(fmt::format("bias_{}", k), policy_block(policy, k, "bias"));
    if (policy.layers[k].is_normalised) {
      out += array(fmt::format("scale_{}", k), policy_block(policy, k, "scale"));
      out += array(fmt::format("shift_{}", k), policy_block(policy, k, "shift"));
    }
    inputs = static_cast<size_t>(policy.layers[k].outputs);
  }
  if (!policy.is_discrete) {
    out += array("middle", policy.middle) + array("half", policy.half);
    out += array("low", policy.low) + array("high", policy.high);
  }
  return out;
}

const char* activation_of_z(Activation activation) {
  switch (activation) {
    case Activation::kTanh:
      return "tanhf(z)";
    case Activation::kRelu:
      return "z > 0.0f ? z : 0.0f";
    case Activation::kElu:
      return "z < 0.0f ? expm1f(z) : z";
    case Activation::kSilu:
      return "z / (1.0f + expf(-z))";
    default:
      return nullptr;
  }
}

// Layer `index` from buffer `in` to buffer `out`, a [widest] each.
std::string layer_code(const LayerSpec& layer, size_t index, int inputs, char in, char out) {
  const int n = layer.outputs;
  std::string code = fmt::format("  for (int j = 0; j < {}; ++j) {}[j] = lockstep_bias_{}[j];\n", n, out, index);
  code += fmt::format("  for (int i = 0; i < {}; ++i)\n", inputs);
  code += fmt::format("    for (int j = 0; j < {0}; ++j) {1}[j] += {2}[i] * lockstep_kernel_{3}[i][j];\n", n, out, in,
                      index);
  if (layer.is_normalised) {
    code += fmt::format(
        "  {{\n    float mean = 0.0f, variance = 0.0f;\n"
        "    for (int j = 0; j < {0}; ++j) mean += {1}[j] / {0}.0f;\n"
        "    for (int j = 0; j < {0}; ++j) variance += ({1}[j] - mean) * ({1}[j] - mean) / {0}.0f;\n"
        "    const float factor = 1.0f / sqrtf(variance + {2});\n"
        "    for (int j = 0; j < {0}; ++j)\n"
        "      {1}[j] = lockstep_scale_{3}[j] * ({1}[j] - mean) * factor + lockstep_shift_{3}[j];\n  }}\n",
        n, out, literal(static_cast<float>(models::networks::kNormFloor)), index);
  }
  if (const char* const activation = activation_of_z(layer.activation)) {
    code += fmt::format("  for (int j = 0; j < {0}; ++j) {{\n    const float z = {1}[j];\n    {1}[j] = {2};\n  }}\n", n,
                        out, activation);
  }
  return code;
}

std::string action_code(const PolicyDescription& policy, char in) {
  if (policy.is_discrete) {
    return fmt::format(
        "  int best = 0;\n"
        "  for (int j = 1; j < {0}; ++j)\n    if ({1}[j] > {1}[best]) best = j;\n"
        "  action[0] = (float)best;\n",
        policy.layers.back().outputs, in);
  }
  return fmt::format(
      "  for (int k = 0; k < {0}; ++k) {{\n"
      "    const float value = lockstep_middle[k] + lockstep_half[k] * {1};\n"
      "    action[k] = fminf(fmaxf(value, lockstep_low[k]), lockstep_high[k]);\n  }}\n",
      policy.action_size, policy.squash == Squash::kTanh ? fmt::format("tanhf({}[k])", in) : fmt::format("{}[k]", in));
}

std::string function(const PolicyDescription& policy) {
  int widest = policy.inputs;
  for (const LayerSpec& layer : policy.layers) widest = std::max(widest, layer.outputs);
  std::string out =
      fmt::format("\nstatic inline void lockstep_policy(const float observation[{}], float action[{}]) {{\n",
                  policy.inputs, policy.action_size);
  out += fmt::format("  float a[{0}], b[{0}];\n", widest);
  out += fmt::format("  for (int i = 0; i < {}; ++i) a[i] = {};\n", policy.inputs,
                     policy.is_standardised()
                         ? fmt::format("fminf(fmaxf((observation[i] - lockstep_mean[i]) * lockstep_scale[i], {}), {})",
                                       literal(-policy.limit), literal(policy.limit))
                         : "observation[i]");
  int inputs = policy.inputs;
  char in = 'a', result = 'b';
  for (size_t k = 0; k < policy.layers.size(); ++k) {
    out += layer_code(policy.layers[k], k, inputs, in, result);
    inputs = policy.layers[k].outputs;
    std::swap(in, result);
  }
  return out + action_code(policy, in) + "}\n\n#endif\n";
}

}  // namespace

std::string policy_c_header(const PolicyDescription& policy) {
  check_policy(policy);
  return head(policy) + arrays(policy) + function(policy);
}

}  // namespace lockstep::agents
