// Saved state as bytes: a writer and a reader for what save() and load() of environments, planners and agents exchange.
//
// Layout, little-endian: "LSTP", length and characters of `kind`, version (u32), the values in the order they were
// written, CRC-32 of everything before it (u32). An array is its length (u64) and its elements; a string likewise.
// The reader checks kind, version and checksum before it gives out anything, and every size before it allocates.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace lockstep {

static_assert(std::endian::native == std::endian::little, "saved bytes are the memory of a little-endian machine");

// What a stream holds: numbers and bytes, no pointers, no padding.
template <class T>
concept StreamScalar = std::is_arithmetic_v<T> || std::is_enum_v<T>;

class ByteWriter {
 public:
  // kind: what is saved ("environment cartpole-swingup"); version: of its layout.
  ByteWriter(std::string_view kind, std::uint32_t version);

  template <StreamScalar T>
  void write(T value) {
    append(&value, sizeof value);
  }
  void write(std::string_view text) { write_array(std::span<const char>(text.data(), text.size())); }
  template <class T>
  requires StreamScalar<std::remove_const_t<T>>
  void write_array(std::span<T> values) {
    write(std::uint64_t{values.size()});
    append(values.data(), values.size_bytes());
  }

  // The bytes, checksum included; the writer is used up.
  [[nodiscard]] std::vector<std::byte> finish() &&;

 private:
  void append(const void* data, std::size_t size);
  std::vector<std::byte> bytes_;
};

// Reads what ByteWriter wrote. Every member throws Error where the bytes are cut short, damaged, or of another kind or
// version; `where` names their source (a file, "environment state") in those errors. Does not own the bytes.
class ByteReader {
 public:
  ByteReader(std::span<const std::byte> bytes, std::string_view kind, std::uint32_t version, std::string where);

  template <StreamScalar T>
  [[nodiscard]] T read() {
    T value;
    take(&value, sizeof value);
    return value;
  }
  [[nodiscard]] std::string read_string();
  // An array whose length is known beforehand: Error where the saved one differs.
  template <StreamScalar T>
  void read_array(std::span<T> out) {
    expect_length(read<std::uint64_t>(), out.size());
    take(out.data(), out.size_bytes());
  }
  template <StreamScalar T>
  [[nodiscard]] std::vector<T> read_vector() {
    std::vector<T> values(checked_length(read<std::uint64_t>(), sizeof(T)));
    take(values.data(), values.size() * sizeof(T));
    return values;
  }
  // Throws where values are left: the last call of a load().
  void expect_end() const;

  // For load() functions that find a value impossible: an Error that says so.
  [[noreturn]] void fail(const std::string& problem) const;

 private:
  void take(void* out, std::size_t size);
  [[nodiscard]] std::size_t checked_length(std::uint64_t length, std::size_t element_size) const;
  void expect_length(std::uint64_t found, std::size_t expected) const;
  void check_header(std::string_view kind, std::uint32_t version);

  std::span<const std::byte> rest_;
  std::string where_;
};

}  // namespace lockstep
