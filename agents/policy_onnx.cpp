// Builds the graph node by node and encodes it as protobuf messages.
#include "agents/policy_onnx.h"
#include "engine/checkpoint.h"
#include "engine/protobuf.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lockstep::agents {
namespace {

using models::networks::Activation;
using models::networks::LayerSpec;
using protobuf::bytes_field, protobuf::float_field, protobuf::integer_field;

constexpr std::uint64_t kIrVersion = 8, kOperatorSet = 17;
// TensorProto.DataType and AttributeProto.AttributeType.
enum DataType : std::uint64_t { kFloat = 1, kInt64 = 7 };
enum AttributeType : std::uint64_t { kFloatAttribute = 1, kIntAttribute = 2 };

template <class Number>
std::string raw(std::span<const Number> values) {
  std::string bytes(values.size_bytes(), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), values.size_bytes());
  return bytes;
}

// AttributeProto: name = 1, f = 2, i = 3, type = 20.
std::string float_attribute(std::string_view name, float value) {
  return bytes_field(1, name) + float_field(2, value) + integer_field(20, kFloatAttribute);
}
std::string int_attribute(std::string_view name, std::int64_t value) {
  return bytes_field(1, name) + integer_field(3, static_cast<std::uint64_t>(value)) + integer_field(20, kIntAttribute);
}

// ValueInfoProto: name = 1, type = 2 (TypeProto.tensor_type = 1: elem_type = 1, shape = 2 (dim = 1: dim_value = 1,
// dim_param = 2)). The first axis is the batch.
std::string value_info(std::string_view name, DataType type, int width) {
  const std::string shape =
      bytes_field(1, bytes_field(2, "batch")) + bytes_field(1, integer_field(1, static_cast<std::uint64_t>(width)));
  const std::string tensor = integer_field(1, type) + bytes_field(2, shape);
  return bytes_field(1, name) + bytes_field(2, bytes_field(1, tensor));
}

// GraphProto being written: node = 1, name = 2, initializer = 5, input = 11, output = 12.
class Graph {
 public:
  // TensorProto: dims = 1, data_type = 2, name = 8, raw_data = 9. Returns the name.
  template <class Number>
  std::string constant(const std::string& name, std::span<const Number> values, const std::vector<int>& shape) {
    std::string tensor;
    for (const int extent : shape) tensor += integer_field(1, static_cast<std::uint64_t>(extent));
    tensor += integer_field(2, std::is_same_v<Number, float> ? kFloat : kInt64);
    constants_ += bytes_field(5, tensor + bytes_field(8, name) + bytes_field(9, raw(values)));
    return name;
  }
  std::string vector(const std::string& name, std::span<const float> values) {
    return constant(name, values, {static_cast<int>(values.size())});
  }
  std::string scalar(const std::string& name, float value) {
    return constant(name, std::span<const float>(&value, 1), {});
  }

  // Appends a node and returns the name of its output. `more` are its inputs beside `value`.
  std::string add(const char* operation, const std::string& value, const std::vector<std::string>& more = {},
                  const std::vector<std::string>& attributes = {}) {
    std::vector<std::string> inputs(1, value);
    inputs.insert(inputs.end(), more.begin(), more.end());
    std::string output = fmt::format("value_{}", ++count_);
    add_node(operation, inputs, output, attributes);
    return output;
  }
  // Gives a value the name that the graph's user knows.
  void name_output(const std::string& value, const std::string& name) { add_node("Identity", {value}, name, {}); }

  [[nodiscard]] std::string finish(std::string_view name, const std::string& input, const std::string& output) const {
    return nodes_ + bytes_field(2, name) + constants_ + bytes_field(11, input) + bytes_field(12, output);
  }

 private:
  // NodeProto: input = 1, output = 2, name = 3, op_type = 4, attribute = 5.
  void add_node(std::string_view operation, const std::vector<std::string>& inputs, const std::string& output,
                const std::vector<std::string>& attributes) {
    std::string node;
    for (const std::string& input : inputs) node += bytes_field(1, input);
    node += bytes_field(2, output) + bytes_field(3, "make_" + output) + bytes_field(4, operation);
    for (const std::string& attribute : attributes) node += bytes_field(5, attribute);
    nodes_ += bytes_field(1, node);
  }

  std::string nodes_, constants_;
  int count_ = 0;
};

std::string add_standardisation(const PolicyDescription& policy, Graph& graph, std::string value) {
  if (!policy.is_standardised()) return value;
  value = graph.add("Sub", value, {graph.vector("observation.mean", policy.mean)});
  value = graph.add("Mul", value, {graph.vector("observation.scale", policy.scale)});
  return graph.add("Clip", value,
                   {graph.scalar("observation.low", -policy.limit), graph.scalar("observation.high", policy.limit)});
}

std::string add_activation(Activation activation, Graph& graph, const std::string& value) {
  switch (activation) {
    case Activation::kTanh:
      return graph.add("Tanh", value);
    case Activation::kRelu:
      return graph.add("Relu", value);
    case Activation::kElu:
      return graph.add("Elu", value, {}, {float_attribute("alpha", 1)});
    case Activation::kSilu:
      return graph.add("Mul", value, {graph.add("Sigmoid", value)});
    default:
      return value;
  }
}

std::string add_layer(const PolicyDescription& policy, size_t k, int inputs, Graph& graph, std::string value) {
  const LayerSpec& layer = policy.layers[k];
  const auto name = [k](const char* block) { return fmt::format("layers.{}.{}", k, block); };
  value = graph.add("Gemm", value,
                    {graph.constant(name("kernel"), policy_block(policy, k, "kernel"), {inputs, layer.outputs}),
                     graph.vector(name("bias"), policy_block(policy, k, "bias"))});
  if (layer.is_normalised) {
    value = graph.add(
        "LayerNormalization", value,
        {graph.vector(name("scale"), policy_block(policy, k, "scale")),
         graph.vector(name("shift"), policy_block(policy, k, "shift"))},
        {int_attribute("axis", -1), float_attribute("epsilon", static_cast<float>(models::networks::kNormFloor))});
  }
  return add_activation(layer.activation, graph, value);
}

std::string add_action(const PolicyDescription& policy, Graph& graph, std::string value) {
  if (policy.is_discrete)
    return graph.add("ArgMax", value, {}, {int_attribute("axis", 1), int_attribute("keepdims", 1)});
  if (policy.action_size < policy.layers.back().outputs) {
    const auto index = [&graph](const char* name, std::int64_t number) {
      return graph.constant(name, std::span<const std::int64_t>(&number, 1), {1});
    };
    value = graph.add("Slice", value, {index("first", 0), index("end", policy.action_size), index("axis", 1)});
  }
  if (policy.squash == Squash::kTanh) value = graph.add("Tanh", value);
  value = graph.add("Mul", value, {graph.vector("action.half", policy.half)});
  value = graph.add("Add", value, {graph.vector("action.middle", policy.middle)});
  value = graph.add("Max", value, {graph.vector("action.low", policy.low)});
  return graph.add("Min", value, {graph.vector("action.high", policy.high)});
}

std::string metadata(std::string_view key, const std::string& value) {
  return bytes_field(14, bytes_field(1, key) + bytes_field(2, value));
}

}  // namespace

std::vector<std::byte> policy_onnx(const PolicyDescription& policy) {
  check_policy(policy);
  Graph graph;
  std::string value = add_standardisation(policy, graph, "observation");
  int inputs = policy.inputs;
  for (size_t k = 0; k < policy.layers.size(); ++k) {
    value = add_layer(policy, k, inputs, graph, value);
    inputs = policy.layers[k].outputs;
  }
  graph.name_output(add_action(policy, graph, value), "action");
  // ModelProto: ir_version = 1, producer_name = 2, producer_version = 3, graph = 7, opset_import = 8 (version = 2),
  // metadata_props = 14.
  const DataType type = policy.is_discrete ? kInt64 : kFloat;
  const std::string model = integer_field(1, kIrVersion) + bytes_field(2, "lockstep") +
                            bytes_field(3, program_version()) +
                            bytes_field(7, graph.finish(policy.task, value_info("observation", kFloat, policy.inputs),
                                                        value_info("action", type, policy.action_size))) +
                            bytes_field(8, integer_field(2, kOperatorSet)) + metadata("task", policy.task) +
                            metadata("observation_names", fmt::format("{}", fmt::join(policy.observation_names, ",")));
  const auto bytes = std::as_bytes(std::span(model));
  return {bytes.begin(), bytes.end()};
}

}  // namespace lockstep::agents
