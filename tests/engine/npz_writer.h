// Writes NumPy's archives for tests: zip files of arrays in every form that readers must understand.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include <zlib.h>

namespace lockstep::tests {

class NpzWriter {
 public:
  bool is_deflated = false;
  bool is_fortran_ordered = false;  // the values given are in that order
  bool is_big_endian = false;

  template <class T>
  void add(const std::string& name, const std::vector<int>& shape, const std::vector<T>& values) {
    std::string data;
    for (T value : values) {
      char raw[sizeof(T)];
      std::memcpy(raw, &value, sizeof(T));
      if (is_big_endian) std::reverse(raw, raw + sizeof(T));
      data.append(raw, sizeof(T));
    }
    const char kind = std::is_floating_point_v<T> ? 'f' : std::is_signed_v<T> ? 'i' : 'u';
    std::string extents;
    for (const int extent : shape) extents += std::to_string(extent) + ",";
    add_raw(name,
            std::string("{'descr': '") + (is_big_endian ? '>' : '<') + kind + std::to_string(sizeof(T)) +
                "', 'fortran_order': " + (is_fortran_ordered ? "True" : "False") + ", 'shape': (" + extents + "), }",
            data);
  }

  // ASCII texts of at most 16 characters.
  void add_texts(const std::string& name, const std::vector<std::string>& texts) {
    std::string data;
    for (const std::string& text : texts) {
      for (size_t c = 0; c < 16; ++c) {
        data += c < text.size() ? text[c] : '\0';
        data.append(3, '\0');
      }
    }
    add_raw(name, "{'descr': '<U16', 'fortran_order': False, 'shape': (" + std::to_string(texts.size()) + ",), }",
            data);
  }

  void add_raw(const std::string& name, const std::string& header, const std::string& data) {
    std::string file = "\x93NUMPY\x01";
    file += '\0';
    append<std::uint16_t>(file, static_cast<std::uint16_t>(header.size() + 1));
    file += header + "\n" + data;
    const std::string packed = is_deflated ? deflated(file) : file, entry = name + ".npy";
    const auto offset = static_cast<std::uint32_t>(out_.size());
    std::string fields;  // of both headers
    append<std::uint16_t>(fields, 20), append<std::uint16_t>(fields, 0);
    append<std::uint16_t>(fields, is_deflated ? 8 : 0), append<std::uint32_t>(fields, 0);
    const auto* const raw = reinterpret_cast<const Bytef*>(file.data());
    append<std::uint32_t>(fields, static_cast<std::uint32_t>(crc32(0, raw, static_cast<uInt>(file.size()))));
    append<std::uint32_t>(fields, static_cast<std::uint32_t>(packed.size()));
    append<std::uint32_t>(fields, static_cast<std::uint32_t>(file.size()));
    append<std::uint16_t>(fields, static_cast<std::uint16_t>(entry.size())), append<std::uint16_t>(fields, 0);
    append<std::uint32_t>(out_, 0x04034b50);
    out_ += fields + entry + packed;
    append<std::uint32_t>(directory_, 0x02014b50);
    append<std::uint16_t>(directory_, 20);
    directory_ += fields;
    append<std::uint16_t>(directory_, 0), append<std::uint16_t>(directory_, 0);
    append<std::uint16_t>(directory_, 0), append<std::uint32_t>(directory_, 0);
    append<std::uint32_t>(directory_, offset);
    directory_ += entry;
    ++count_;
  }

  [[nodiscard]] std::vector<std::byte> bytes() const {
    std::string whole = out_ + directory_;
    append<std::uint32_t>(whole, 0x06054b50);
    append<std::uint32_t>(whole, 0);
    append<std::uint16_t>(whole, count_), append<std::uint16_t>(whole, count_);
    append<std::uint32_t>(whole, static_cast<std::uint32_t>(directory_.size()));
    append<std::uint32_t>(whole, static_cast<std::uint32_t>(out_.size()));
    append<std::uint16_t>(whole, 0);
    std::vector<std::byte> bytes(whole.size());
    std::memcpy(bytes.data(), whole.data(), whole.size());
    return bytes;
  }

 private:
  template <class T>
  static void append(std::string& out, T value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
  }

  static std::string deflated(const std::string& text) {
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    std::string packed(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
  }

  std::string out_, directory_;
  std::uint16_t count_ = 0;
};

}  // namespace lockstep::tests
