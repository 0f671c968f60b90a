// Decodes ONNX files and runs the few operators that exported policies use, to check those files without ONNX Runtime.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace lockstep {

// Row-major; integers are held as double too.
struct OnnxTensor {
  std::vector<std::int64_t> shape;
  bool is_integer = false;
  std::vector<double> values;
};

struct OnnxNode {
  std::string operation;
  std::vector<std::string> inputs, outputs;
  std::map<std::string, double> attributes;
};

// An input or output; a symbolic axis is -1.
struct OnnxValueInfo {
  std::string name;
  std::uint64_t type = 0;  // TensorProto.DataType
  std::vector<std::int64_t> shape;
};

struct OnnxModel {
  std::uint64_t ir_version = 0, operator_set = 0;
  std::map<std::string, std::string> metadata;
  std::vector<OnnxNode> nodes;
  std::map<std::string, OnnxTensor> constants;
  std::vector<OnnxValueInfo> inputs, outputs;
};

// Throws std::runtime_error for bytes that are no such model, a field it does not know, and (in run_onnx) an operator
// it does not know, a value that is used before it is made, or shapes that do not fit.
[[nodiscard]] OnnxModel decode_onnx(std::span<const std::byte> bytes);
// The model's one output at its one input [rows][columns], in double.
[[nodiscard]] OnnxTensor run_onnx(const OnnxModel& model, const OnnxTensor& input);

}  // namespace lockstep
