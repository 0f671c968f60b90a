// Reads protobuf fields by number, as onnx.proto numbers them, and evaluates nodes in their order.
#include "tests/agents/onnx_interpreter.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string_view>

namespace lockstep {
namespace {

[[noreturn]] void fail(const std::string& why) { throw std::runtime_error("ONNX: " + why); }

struct Field {
  unsigned number = 0;
  std::uint64_t integer = 0;  // wire types 0 and 5 (the bits of a float)
  std::string_view bytes;     // wire type 2

  [[nodiscard]] std::string text() const { return std::string(bytes); }
};

class Fields {
 public:
  explicit Fields(std::string_view message) : rest_(message) {}

  bool next(Field& field) {
    if (rest_.empty()) return false;
    const std::uint64_t tag = varint();
    field = {static_cast<unsigned>(tag >> 3), 0, {}};
    switch (tag & 7) {
      case 0:
        field.integer = varint();
        break;
      case 2:
        field.bytes = take(varint());
        break;
      case 5: {
        std::uint32_t bits = 0;
        std::memcpy(&bits, take(4).data(), 4);
        field.integer = bits;
        break;
      }
      default:
        fail("a wire type that no field here has");
    }
    return true;
  }

 private:
  std::string_view take(std::uint64_t count) {
    if (count > rest_.size()) fail("a message is cut short");
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    fail("a varint has no end");
  }
  std::string_view rest_;
};

void each(std::string_view message, const std::function<void(const Field&)>& visit) {
  Fields fields(message);
  for (Field field; fields.next(field);) visit(field);
}

[[noreturn]] void unknown(const char* message, const Field& field) {
  fail(std::string(message) + " has field " + std::to_string(field.number));
}

template <class Number>
std::vector<double> numbers_of(std::string_view raw) {
  if (raw.size() % sizeof(Number) != 0) fail("raw data of a size that holds no whole numbers");
  std::vector<double> values(raw.size() / sizeof(Number));
  for (size_t k = 0; k < values.size(); ++k) {
    Number number;
    std::memcpy(&number, raw.data() + k * sizeof number, sizeof number);
    values[k] = static_cast<double>(number);
  }
  return values;
}

void decode_constant(std::string_view message, OnnxModel& model) {
  OnnxTensor tensor;
  std::string name;
  std::string_view raw;
  std::uint64_t type = 0;
  each(message, [&](const Field& field) {
    switch (field.number) {
      case 1:
        return tensor.shape.push_back(static_cast<std::int64_t>(field.integer));
      case 2:
        type = field.integer;
        return;
      case 8:
        name = field.text();
        return;
      case 9:
        raw = field.bytes;
        return;
      default:
        unknown("TensorProto", field);
    }
  });
  if (type != 1 && type != 7) fail("a constant of type " + std::to_string(type));
  tensor.is_integer = type == 7;
  tensor.values = tensor.is_integer ? numbers_of<std::int64_t>(raw) : numbers_of<float>(raw);
  std::int64_t size = 1;
  for (const std::int64_t extent : tensor.shape) size *= extent;
  if (size != static_cast<std::int64_t>(tensor.values.size())) fail("constant " + name + " is not of its shape");
  if (!model.constants.emplace(name, std::move(tensor)).second) fail("two constants are named " + name);
}

void decode_attribute(std::string_view message, OnnxNode& node) {
  std::string name;
  double value = 0;
  std::uint64_t type = 0, given = 0;
  each(message, [&](const Field& field) {
    switch (field.number) {
      case 1:
        name = field.text();
        return;
      case 2: {
        float number = 0;
        std::memcpy(&number, &field.integer, sizeof number);
        value = static_cast<double>(number);
        given = 1;
        return;
      }
      case 3:
        value = static_cast<double>(static_cast<std::int64_t>(field.integer));
        given = 2;
        return;
      case 20:
        type = field.integer;
        return;
      default:
        unknown("AttributeProto", field);
    }
  });
  if (type != given) fail("attribute " + name + " is not of its type");
  node.attributes[name] = value;
}

void decode_node(std::string_view message, OnnxModel& model) {
  OnnxNode node;
  each(message, [&](const Field& field) {
    switch (field.number) {
      case 1:
        return node.inputs.push_back(field.text());
      case 2:
        return node.outputs.push_back(field.text());
      case 3:
        return;  // its name
      case 4:
        node.operation = field.text();
        return;
      case 5:
        return decode_attribute(field.bytes, node);
      default:
        unknown("NodeProto", field);
    }
  });
  model.nodes.push_back(node);
}

OnnxValueInfo decode_value_info(std::string_view message) {
  OnnxValueInfo info;
  const auto dimension = [&](const Field& field) {
    info.shape.push_back(field.number == 2 ? -1 : static_cast<std::int64_t>(field.integer));
  };
  const auto tensor_type = [&](const Field& field) {
    if (field.number == 1) info.type = field.integer;
    if (field.number == 2) each(field.bytes, [&](const Field& dim) { each(dim.bytes, dimension); });
  };
  each(message, [&](const Field& field) {
    if (field.number == 1) info.name = field.text();
    if (field.number == 2) each(field.bytes, [&](const Field& type) { each(type.bytes, tensor_type); });
  });
  return info;
}

void decode_graph(std::string_view message, OnnxModel& model) {
  each(message, [&](const Field& field) {
    switch (field.number) {
      case 1:
        return decode_node(field.bytes, model);
      case 2:
        return;  // its name
      case 5:
        return decode_constant(field.bytes, model);
      case 11:
        return model.inputs.push_back(decode_value_info(field.bytes));
      case 12:
        return model.outputs.push_back(decode_value_info(field.bytes));
      default:
        unknown("GraphProto", field);
    }
  });
}

// [rows][columns] of what broadcasts to a matrix: a matrix, a row or one number.
struct Matrix {
  std::int64_t rows, columns;
  const std::vector<double>* values;

  [[nodiscard]] double at(std::int64_t row, std::int64_t column) const {
    return (*values)[static_cast<size_t>((rows == 1 ? 0 : row) * columns + (columns == 1 ? 0 : column))];
  }
};
Matrix matrix_of(const OnnxTensor& tensor) {
  if (tensor.shape.size() > 2) fail("a tensor of more than two axes");
  const std::int64_t columns = tensor.shape.empty() ? 1 : tensor.shape.back();
  return {tensor.shape.size() == 2 ? tensor.shape[0] : 1, columns, &tensor.values};
}

OnnxTensor elementwise(const OnnxTensor& a, const OnnxTensor& b, const std::function<double(double, double)>& f) {
  const Matrix left = matrix_of(a), right = matrix_of(b);
  const std::int64_t rows = std::max(left.rows, right.rows), columns = std::max(left.columns, right.columns);
  for (const Matrix& m : {left, right})
    if ((m.rows != 1 && m.rows != rows) || (m.columns != 1 && m.columns != columns)) fail("shapes do not broadcast");
  OnnxTensor out{{rows, columns}, false, {}};
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t column = 0; column < columns; ++column)
      out.values.push_back(f(left.at(row, column), right.at(row, column)));
  return out;
}

OnnxTensor gemm(const OnnxTensor& a, const OnnxTensor& b, const OnnxTensor& c) {
  const Matrix x = matrix_of(a), w = matrix_of(b), bias = matrix_of(c);
  if (x.columns != w.rows || bias.columns != w.columns || bias.rows != 1) fail("Gemm's shapes do not fit");
  OnnxTensor out{{x.rows, w.columns}, false, {}};
  for (std::int64_t row = 0; row < x.rows; ++row) {
    for (std::int64_t column = 0; column < w.columns; ++column) {
      double sum = bias.at(0, column);
      for (std::int64_t k = 0; k < x.columns; ++k) sum += x.at(row, k) * w.at(k, column);
      out.values.push_back(sum);
    }
  }
  return out;
}

OnnxTensor layer_normalization(const OnnxTensor& a, const OnnxTensor& scale, const OnnxTensor& shift, double epsilon) {
  const Matrix x = matrix_of(a);
  OnnxTensor out = a;
  for (std::int64_t row = 0; row < x.rows; ++row) {
    double mean = 0, variance = 0;
    for (std::int64_t k = 0; k < x.columns; ++k) mean += x.at(row, k) / static_cast<double>(x.columns);
    for (std::int64_t k = 0; k < x.columns; ++k)
      variance += std::pow(x.at(row, k) - mean, 2) / static_cast<double>(x.columns);
    for (std::int64_t k = 0; k < x.columns; ++k) {
      const auto at = static_cast<size_t>(k);
      out.values[static_cast<size_t>(row * x.columns + k)] =
          (x.at(row, k) - mean) / std::sqrt(variance + epsilon) * scale.values.at(at) + shift.values.at(at);
    }
  }
  return out;
}

OnnxTensor arg_max(const OnnxTensor& a) {
  const Matrix x = matrix_of(a);
  OnnxTensor out{{x.rows, 1}, true, {}};
  for (std::int64_t row = 0; row < x.rows; ++row) {
    std::int64_t best = 0;
    for (std::int64_t k = 1; k < x.columns; ++k)
      if (x.at(row, k) > x.at(row, best)) best = k;
    out.values.push_back(static_cast<double>(best));
  }
  return out;
}

OnnxTensor columns_of(const OnnxTensor& a, std::int64_t first, std::int64_t end) {
  const Matrix x = matrix_of(a);
  OnnxTensor out{{x.rows, end - first}, false, {}};
  for (std::int64_t row = 0; row < x.rows; ++row)
    for (std::int64_t column = first; column < end; ++column) out.values.push_back(x.at(row, column));
  return out;
}

OnnxTensor run_node(const OnnxNode& node, const std::vector<const OnnxTensor*>& inputs) {
  const auto in = [&](size_t k) -> const OnnxTensor& {
    if (k >= inputs.size()) fail(node.operation + " has too few inputs");
    return *inputs[k];
  };
  const auto unary = [&](const std::function<double(double)>& f) {
    OnnxTensor out = in(0);
    std::ranges::transform(out.values, out.values.begin(), f);
    return out;
  };
  const auto binary = [&](const std::function<double(double, double)>& f) { return elementwise(in(0), in(1), f); };
  const auto has = [&](const char* name, double value) { return node.attributes.at(name) == value; };
  const std::string& op = node.operation;
  if (op == "Identity") return in(0);
  if (op == "Tanh") return unary([](double x) { return std::tanh(x); });
  if (op == "Relu") return unary([](double x) { return std::max(x, 0.0); });
  if (op == "Sigmoid") return unary([](double x) { return 1 / (1 + std::exp(-x)); });
  if (op == "Elu" && has("alpha", 1)) return unary([](double x) { return x < 0 ? std::expm1(x) : x; });
  if (op == "Add") return binary([](double a, double b) { return a + b; });
  if (op == "Sub") return binary([](double a, double b) { return a - b; });
  if (op == "Mul") return binary([](double a, double b) { return a * b; });
  if (op == "Max") return binary([](double a, double b) { return std::max(a, b); });
  if (op == "Min") return binary([](double a, double b) { return std::min(a, b); });
  if (op == "Gemm" && node.attributes.empty()) return gemm(in(0), in(1), in(2));
  if (op == "ArgMax" && has("axis", 1) && has("keepdims", 1)) return arg_max(in(0));
  if (op == "Clip" && in(1).shape.empty() && in(2).shape.empty())
    return unary([&](double x) { return std::clamp(x, in(1).values[0], in(2).values[0]); });
  if (op == "LayerNormalization" && has("axis", -1))
    return layer_normalization(in(0), in(1), in(2), node.attributes.at("epsilon"));
  if (op == "Slice" && in(3).is_integer && in(3).values == std::vector<double>{1})
    return columns_of(in(0), static_cast<std::int64_t>(in(1).values[0]), static_cast<std::int64_t>(in(2).values[0]));
  fail("operator " + op + " with attributes or inputs that no policy has");
}

}  // namespace

OnnxModel decode_onnx(std::span<const std::byte> bytes) {
  OnnxModel model;
  each({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, [&](const Field& field) {
    std::string key, value;
    switch (field.number) {
      case 1:
        model.ir_version = field.integer;
        return;
      case 2:
      case 3:
        return;  // who made it
      case 7:
        return decode_graph(field.bytes, model);
      case 8:
        return each(field.bytes, [&](const Field& set) {
          if (set.number == 2) model.operator_set = set.integer;
        });
      case 14:
        each(field.bytes, [&](const Field& entry) { (entry.number == 1 ? key : value) = entry.text(); });
        model.metadata[key] = value;
        return;
      default:
        unknown("ModelProto", field);
    }
  });
  return model;
}

OnnxTensor run_onnx(const OnnxModel& model, const OnnxTensor& input) {
  std::map<std::string, OnnxTensor> values = model.constants;
  values[model.inputs.at(0).name] = input;
  for (const OnnxNode& node : model.nodes) {
    std::vector<const OnnxTensor*> inputs;
    for (const std::string& name : node.inputs) {
      if (!values.contains(name)) fail(name + " is used before it is made");
      inputs.push_back(&values.at(name));
    }
    OnnxTensor made = run_node(node, inputs);
    if (!values.emplace(node.outputs.at(0), std::move(made)).second) fail(node.outputs[0] + " is made twice");
  }
  if (!values.contains(model.outputs.at(0).name)) fail("the output is not made");
  return values.at(model.outputs[0].name);
}

}  // namespace lockstep
