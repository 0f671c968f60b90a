// Writes and reads safetensors; every offset is checked before it is used.
#include "models/networks/safetensors.h"
#include "engine/atomic_file.h"
#include "engine/error.h"

#include <cstring>
#include <limits>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace lockstep::models::networks {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kMetadata = "__metadata__";
constexpr size_t kSizeBytes = 8, kAlignment = 8;
// The format's own limit, so that a damaged size asks for no absurd header.
constexpr std::uint64_t kMaxHeader = 100'000'000;

[[noreturn]] void refuse(const std::string& problem, const std::string& where) {
  throw Error(problem, where, "write the file again, or take one that is not damaged");
}

template <class T>
void append_value(T value, std::vector<std::byte>& out) {
  const auto* const bytes = reinterpret_cast<const std::byte*>(&value);
  out.insert(out.end(), bytes, bytes + sizeof value);
}

// How many numbers the shape holds; `limit` where there are more.
std::uint64_t count_of(const std::vector<std::int64_t>& shape, std::uint64_t limit) {
  std::uint64_t count = 1;
  for (const std::int64_t extent : shape) {
    if (extent == 0) return 0;
    if (count > limit / static_cast<std::uint64_t>(extent)) return limit;
    count *= static_cast<std::uint64_t>(extent);
  }
  return count;
}

// Header and place of a tensor, before its numbers are read.
struct Entry {
  Tensor tensor;
  std::uint64_t begin = 0, end = 0;
};

std::uint64_t whole_number(const Json& value, const std::string& name, const std::string& where) {
  if (!value.is_number_unsigned()) refuse(fmt::format("tensor '{}' has a size that is no whole number", name), where);
  return value.get<std::uint64_t>();
}

Entry entry_of(const std::string& name, const Json& value, const std::string& where) {
  if (!value.is_object() || !value.contains("dtype") || !value.contains("shape") || !value.contains("data_offsets"))
    refuse(fmt::format("tensor '{}' lacks dtype, shape or data_offsets", name), where);
  const Json &dtype = value["dtype"], &shape = value["shape"], &offsets = value["data_offsets"];
  if (dtype != "F32" && dtype != "F64") {
    throw Error(
        fmt::format("tensor '{}' is of type {}", name, dtype.dump(-1, ' ', true, Json::error_handler_t::replace)),
        where, "save it as F32 or F64");
  }
  if (!shape.is_array() || !offsets.is_array() || offsets.size() != 2)
    refuse(fmt::format("tensor '{}' has no array of sizes, or no two offsets", name), where);
  Entry entry;
  entry.tensor.name = name;
  entry.tensor.is_double = dtype == "F64";
  for (const Json& extent : shape) {
    const std::uint64_t size = whole_number(extent, name, where);
    if (size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      refuse(fmt::format("tensor '{}' has an absurd size", name), where);
    entry.tensor.shape.push_back(static_cast<std::int64_t>(size));
  }
  entry.begin = whole_number(offsets[0], name, where);
  entry.end = whole_number(offsets[1], name, where);
  return entry;
}

void read_values(const Entry& entry, std::span<const std::byte> data, std::vector<double>& values) {
  const std::byte* source = data.data() + entry.begin;
  for (double& value : values) {
    if (entry.tensor.is_double) {
      std::memcpy(&value, source, sizeof(double));
      source += sizeof(double);
    } else {
      float number;
      std::memcpy(&number, source, sizeof(float));
      value = static_cast<double>(number);
      source += sizeof(float);
    }
  }
}

// Checks that the tensor lies where the one before it ended, and is as long as its shape says; reads its numbers.
Tensor tensor_of(Entry entry, std::uint64_t expected_begin, std::span<const std::byte> data, const std::string& where) {
  const std::uint64_t width = entry.tensor.is_double ? sizeof(double) : sizeof(float);
  if (entry.begin != expected_begin || entry.end < entry.begin || entry.end > data.size())
    refuse(fmt::format("tensor '{}' is not where the one before it ends", entry.tensor.name), where);
  const std::uint64_t count = count_of(entry.tensor.shape, data.size() + 1);
  if (count * width != entry.end - entry.begin)
    refuse(fmt::format("tensor '{}' is not as long as its shape says", entry.tensor.name), where);
  entry.tensor.values.resize(count);
  read_values(entry, data, entry.tensor.values);
  return std::move(entry.tensor);
}

Json header_of(std::span<const std::byte> bytes, const std::string& where) {
  const auto* const text = reinterpret_cast<const char*>(bytes.data());
  Json header = Json::parse(text, text + bytes.size(), nullptr, false);
  if (!header.is_object()) refuse("the header is no JSON object", where);
  return header;
}

}  // namespace

std::vector<std::byte> encode_safetensors(const TensorFile& file) {
  Json header = Json::object();
  if (!file.metadata.empty()) header[kMetadata] = file.metadata;
  std::uint64_t offset = 0;
  for (const Tensor& tensor : file.tensors) {
    const std::uint64_t end = offset + tensor.values.size() * (tensor.is_double ? sizeof(double) : sizeof(float));
    header[tensor.name] = {
        {"dtype", tensor.is_double ? "F64" : "F32"}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  std::vector<std::byte> out;
  out.reserve(kSizeBytes + text.size() + offset);
  append_value(std::uint64_t{text.size()}, out);
  const auto* const characters = reinterpret_cast<const std::byte*>(text.data());
  out.insert(out.end(), characters, characters + text.size());
  for (const Tensor& tensor : file.tensors) {
    for (const double value : tensor.values)
      tensor.is_double ? append_value(value, out) : append_value(static_cast<float>(value), out);
  }
  return out;
}

TensorFile decode_safetensors(std::span<const std::byte> bytes, const std::string& where) {
  std::uint64_t size = 0;
  if (bytes.size() < kSizeBytes) refuse("the file is shorter than the size of its header", where);
  std::memcpy(&size, bytes.data(), kSizeBytes);
  if (size > kMaxHeader || size > bytes.size() - kSizeBytes)
    refuse(fmt::format("the header is said to be {} bytes long, the file has {}", size, bytes.size()), where);
  const Json header = header_of(bytes.subspan(kSizeBytes, size), where);
  const std::span<const std::byte> data = bytes.subspan(kSizeBytes + size);
  TensorFile file;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name != kMetadata) {
      entries.push_back(entry_of(name, value, where));
      continue;
    }
    if (!value.is_object()) refuse("the metadata is no object", where);
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) refuse(fmt::format("the metadata's '{}' is no text", key), where);
      file.metadata[key] = text.get<std::string>();
    }
  }
  // Other writers list names in alphabetical order, whatever the order of the numbers.
  std::ranges::sort(entries, {},
                    [](const Entry& entry) { return std::tie(entry.begin, entry.end, entry.tensor.name); });
  std::uint64_t end = 0;
  for (Entry& entry : entries) {
    const std::uint64_t next = entry.end;
    file.tensors.push_back(tensor_of(std::move(entry), end, data, where));
    end = next;
  }
  if (end != data.size()) refuse(fmt::format("{} bytes lie behind the last tensor", data.size() - end), where);
  return file;
}

template <class R>
void append_blocks(std::span<const ParameterBlock> blocks, std::span<const R> parameters, const std::string& prefix,
                   TensorFile& file) {
  for (const ParameterBlock& block : blocks) {
    const auto first = parameters.begin() + block.offset;
    file.tensors.push_back({.name = prefix + block.name,
                            .shape = {block.shape.begin(), block.shape.end()},
                            .is_double = sizeof(R) == sizeof(double),
                            .values = {first, first + block.size()}});
  }
}

template <class R>
void take_blocks(std::span<const ParameterBlock> blocks, const TensorFile& file, const std::string& prefix,
                 const std::string& where, std::span<R> parameters) {
  for (const ParameterBlock& block : blocks) {
    const std::string name = prefix + block.name;
    const auto found = std::ranges::find(file.tensors, name, &Tensor::name);
    if (found == file.tensors.end())
      throw Error(fmt::format("there is no tensor '{}'", name), where, "take a file of the same architecture");
    if (!std::ranges::equal(found->shape, block.shape)) {
      throw Error(fmt::format("tensor '{}' has shape [{}], not [{}]", name, fmt::join(found->shape, ", "),
                              fmt::join(block.shape, ", ")),
                  where, "take a file of the same architecture");
    }
    std::ranges::transform(found->values, parameters.begin() + block.offset,
                           [](double value) { return static_cast<R>(value); });
  }
}

void save_safetensors(const std::filesystem::path& path, const TensorFile& file) {
  write_file(path, encode_safetensors(file));
}

TensorFile load_safetensors(const std::filesystem::path& path) {
  return decode_safetensors(read_file(path), path.string());
}

template void append_blocks(std::span<const ParameterBlock>, std::span<const float>, const std::string&, TensorFile&);
template void append_blocks(std::span<const ParameterBlock>, std::span<const double>, const std::string&, TensorFile&);
template void take_blocks(std::span<const ParameterBlock>, const TensorFile&, const std::string&, const std::string&,
                          std::span<float>);
template void take_blocks(std::span<const ParameterBlock>, const TensorFile&, const std::string&, const std::string&,
                          std::span<double>);

}  // namespace lockstep::models::networks
