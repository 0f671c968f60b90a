// Named arrays of numbers in safetensors files, which PyTorch, JAX and Hugging Face's tools read and write.
//
// File, little-endian: u64 size of the header | header, JSON: name -> {"dtype", "shape", "data_offsets": [begin, end]},
// and "__metadata__" -> texts | the numbers of all tensors, one after the other without gaps.
#pragma once

#include "models/networks/network.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace lockstep::models::networks {

struct Tensor {
  std::string name;
  std::vector<std::int64_t> shape;  // row-major; empty: one number
  bool is_double = false;           // F64 in the file, else F32
  std::vector<double> values;       // as many as the shape says; a float is kept exactly
};

struct TensorFile {
  std::vector<Tensor> tensors;  // in the order of the file
  std::map<std::string, std::string> metadata;
};

[[nodiscard]] std::vector<std::byte> encode_safetensors(const TensorFile& file);
// Throws Error, naming `where`, for bytes that are cut short, have gaps or overlaps, or hold other than F32 and F64.
[[nodiscard]] TensorFile decode_safetensors(std::span<const std::byte> bytes, const std::string& where);

// The blocks of flat parameters as tensors named PREFIX and the block's name.
template <class R>
void append_blocks(std::span<const ParameterBlock> blocks, std::span<const R> parameters, const std::string& prefix,
                   TensorFile& file);
// Reads them back. Throws Error, naming `where`, for a tensor that is missing or of another shape.
template <class R>
void take_blocks(std::span<const ParameterBlock> blocks, const TensorFile& file, const std::string& prefix,
                 const std::string& where, std::span<R> parameters);

// Those of a network ("PREFIXlayers.0.kernel" and so on) or of another layer: parameters [num_parameters].
template <class R, class Architecture>
void append_parameters(const Architecture& architecture, std::span<const R> parameters, const std::string& prefix,
                       TensorFile& file) {
  append_blocks(std::span<const ParameterBlock>(architecture.parameter_blocks()), parameters, prefix, file);
}
template <class R, class Architecture>
void take_parameters(const Architecture& architecture, const TensorFile& file, const std::string& prefix,
                     const std::string& where, std::span<R> parameters) {
  take_blocks(std::span<const ParameterBlock>(architecture.parameter_blocks()), file, prefix, where, parameters);
}

// The same with files; a file appears whole or not at all.
void save_safetensors(const std::filesystem::path& path, const TensorFile& file);
[[nodiscard]] TensorFile load_safetensors(const std::filesystem::path& path);

}  // namespace lockstep::models::networks
