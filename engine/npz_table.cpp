// Reads NumPy's archives: a zip file of arrays, each with a header of its type and shape.
#include "engine/data_table.h"
#include "engine/error.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <zlib.h>

namespace lockstep {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 33;  // of one array
constexpr std::uint64_t kMostDeflation = 1040;                // deflate never shrinks by more

class NpzReader {
 public:
  NpzReader(std::span<const std::byte> bytes, std::string where) : bytes_(bytes), where_(std::move(where)) {}

  std::vector<DataArray> read() {
    std::vector<DataArray> arrays;
    std::map<std::string, std::vector<std::string>> texts;
    const size_t directory_end = find_end_record();
    const auto count = number<std::uint16_t>(directory_end + 10);
    std::uint64_t entry = number<std::uint32_t>(directory_end + 16);
    for (int k = 0; k < count; ++k) entry = read_entry(entry, arrays, texts);
    for (DataArray& array : arrays) {
      if (const auto names = texts.find(array.name + "_names"); names != texts.end()) array.columns = names->second;
      if (const auto units = texts.find(array.name + "_units"); units != texts.end()) array.units = units->second;
    }
    return arrays;
  }

 private:
  [[noreturn]] void fail(const std::string& problem, const std::string& array = "") const {
    throw Error(problem, array.empty() ? where_ : fmt::format("{}, array '{}'", where_, array),
                "write the file anew with numpy.savez or numpy.savez_compressed");
  }

  template <class T>
  [[nodiscard]] T number(std::uint64_t place) const {
    if (place > bytes_.size() || bytes_.size() - place < sizeof(T)) fail("the archive is cut short");
    T value;
    std::memcpy(&value, bytes_.data() + place, sizeof value);
    return value;
  }
  [[nodiscard]] std::span<const std::byte> part(std::uint64_t place, std::uint64_t size) const {
    if (place > bytes_.size() || bytes_.size() - place < size) fail("the archive is cut short");
    return bytes_.subspan(place, size);
  }

  // The record that ends every zip file, before a comment of at most 64 KiB.
  [[nodiscard]] size_t find_end_record() const {
    constexpr size_t kRecord = 22, kComment = 65535;
    for (size_t back = kRecord; back <= bytes_.size() && back <= kRecord + kComment; ++back) {
      if (number<std::uint32_t>(bytes_.size() - back) == 0x06054b50) return bytes_.size() - back;
    }
    fail("no zip archive");
  }

  std::uint64_t read_entry(std::uint64_t entry, std::vector<DataArray>& arrays,
                           std::map<std::string, std::vector<std::string>>& texts) {
    if (number<std::uint32_t>(entry) != 0x02014b50) fail("a damaged directory");
    const auto method = number<std::uint16_t>(entry + 10);
    const auto checksum = number<std::uint32_t>(entry + 16);
    std::uint64_t packed = number<std::uint32_t>(entry + 20), size = number<std::uint32_t>(entry + 24);
    const auto name_size = number<std::uint16_t>(entry + 28), extra_size = number<std::uint16_t>(entry + 30);
    const auto comment_size = number<std::uint16_t>(entry + 32);
    std::uint64_t local = number<std::uint32_t>(entry + 42);
    const std::span<const std::byte> name_bytes = part(entry + 46, name_size);
    std::string name(reinterpret_cast<const char*>(name_bytes.data()), name_bytes.size());
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    read_large_sizes(part(entry + 46 + name_size, extra_size), size, packed, local);
    if (number<std::uint32_t>(local) != 0x04034b50) fail("a damaged entry", name);
    const std::uint64_t data = local + 30 + number<std::uint16_t>(local + 26) + number<std::uint16_t>(local + 28);
    if (size > kMostBytes || size > (packed + 1) * kMostDeflation) fail("an impossible size", name);
    std::vector<std::byte> storage;
    const std::span<const std::byte> whole = unpacked(part(data, packed), size, method, name, storage);
    if (crc32_z(0, reinterpret_cast<const Bytef*>(whole.data()), whole.size()) != checksum) {
      fail("damaged: its checksum differs", name);
    }
    read_array(whole, name, arrays, texts);
    return entry + 46 + name_size + extra_size + comment_size;
  }

  // Fields of 0xffffffff have their values in the extra field of kind 1 (zip64).
  void read_large_sizes(std::span<const std::byte> extra, std::uint64_t& size, std::uint64_t& packed,
                        std::uint64_t& local) const {
    for (size_t at = 0; at + 4 <= extra.size();) {
      std::uint16_t kind = 0, length = 0;
      std::memcpy(&kind, extra.data() + at, 2);
      std::memcpy(&length, extra.data() + at + 2, 2);
      at += 4;
      if (kind == 1) {
        size_t next = at;
        for (std::uint64_t* field : {&size, &packed, &local}) {
          if (*field != 0xffffffffu || next + 8 > std::min(extra.size(), at + length)) continue;
          std::memcpy(field, extra.data() + next, 8);
          next += 8;
        }
      }
      at += length;
    }
  }

  std::span<const std::byte> unpacked(std::span<const std::byte> packed, std::uint64_t size, int method,
                                      const std::string& name, std::vector<std::byte>& storage) const {
    if (method == 0) {
      if (packed.size() != size) fail("a damaged entry", name);
      return packed;
    }
    if (method != 8) fail(fmt::format("compressed by method {}", method), name);
    storage.resize(size);
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) fail("zlib could not begin", name);
    std::uint64_t taken = 0, given = 0;
    int state = Z_OK;
    constexpr std::uint64_t kChunk = 1u << 30;
    while (state == Z_OK) {
      const auto in = static_cast<uInt>(std::min<std::uint64_t>(kChunk, packed.size() - taken));
      const auto out = static_cast<uInt>(std::min<std::uint64_t>(kChunk, size - given));
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data() + taken));
      stream.avail_in = in;
      stream.next_out = reinterpret_cast<Bytef*>(storage.data() + given);
      stream.avail_out = out;
      state = inflate(&stream, Z_NO_FLUSH);
      taken += in - stream.avail_in;
      given += out - stream.avail_out;
      if (state == Z_OK && stream.avail_in == in && stream.avail_out == out) break;  // no progress
    }
    inflateEnd(&stream);
    if (state != Z_STREAM_END || given != size) fail("damaged: it does not unpack", name);
    return storage;
  }

  // ---- One array ----

  struct Type {
    char kind = 'f';  // f, i, u, b, U
    int size = 8;     // bytes
    bool is_swapped = false;
  };

  // The text after 'key': in the header.
  [[nodiscard]] std::string_view field(std::string_view header, std::string_view key, const std::string& name) const {
    const size_t at = header.find(key);
    if (at == std::string_view::npos) fail(fmt::format("a header without {}", key), name);
    std::string_view rest = header.substr(at + key.size());
    const size_t colon = rest.find(':');
    if (colon == std::string_view::npos) fail("a damaged header", name);
    rest.remove_prefix(colon + 1);
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    return rest;
  }

  [[nodiscard]] Type type_of(std::string_view header, const std::string& name) const {
    std::string_view text = field(header, "'descr'", name);
    const size_t close = text.empty() || text.front() != '\'' ? std::string_view::npos : text.find('\'', 1);
    if (close == std::string_view::npos) fail("columns of several types in one array", name);
    text = text.substr(1, close - 1);
    Type type;
    if (text.size() >= 3) {
      type.is_swapped = text[0] == '>';
      type.kind = text[1];
      const std::string_view digits = text.substr(2);
      const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), type.size);
      const bool is_whole = problem == std::errc{} && end == digits.data() + digits.size();
      const auto is = [&](std::string_view kinds, std::initializer_list<int> sizes) {
        return kinds.find(type.kind) != std::string_view::npos &&
               std::find(sizes.begin(), sizes.end(), type.size) != sizes.end();
      };
      if (is_whole && (is("f", {4, 8}) || is("iu", {1, 2, 4, 8}) || is("b", {1}) ||
                       (type.kind == 'U' && type.size >= 1 && type.size <= 10000))) {
        if (type.kind == 'U') type.size *= 4;
        return type;
      }
    }
    fail(fmt::format("numbers of type '{}' are not read", text.substr(0, 40)), name);
  }

  [[nodiscard]] std::vector<std::int64_t> shape_of(std::string_view header, const std::string& name) const {
    std::string_view text = field(header, "'shape'", name);
    const size_t close = text.find(')');
    if (text.empty() || text.front() != '(' || close == std::string_view::npos) fail("a damaged header", name);
    text = text.substr(1, close - 1);
    std::vector<std::int64_t> shape;
    while (!text.empty()) {
      if (text.front() == ' ' || text.front() == ',') {
        text.remove_prefix(1);
        continue;
      }
      std::int64_t extent = 0;
      const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), extent);
      if (problem != std::errc{} || extent < 0) fail("a damaged shape", name);
      shape.push_back(extent);
      text.remove_prefix(static_cast<size_t>(end - text.data()));
    }
    return shape;
  }

  void read_array(std::span<const std::byte> file, const std::string& name, std::vector<DataArray>& arrays,
                  std::map<std::string, std::vector<std::string>>& texts) {
    constexpr std::string_view kMagic = "\x93NUMPY";
    if (file.size() < 12 || std::memcmp(file.data(), kMagic.data(), kMagic.size()) != 0) {
      fail("no array of NumPy", name);
    }
    const int version = std::to_integer<int>(file[6]);
    const size_t prefix = version == 1 ? 10 : 12;
    size_t header_size = std::to_integer<size_t>(file[8]) | (std::to_integer<size_t>(file[9]) << 8);
    if (version > 1)
      header_size |= (std::to_integer<size_t>(file[10]) << 16) | (std::to_integer<size_t>(file[11]) << 24);
    if (file.size() < prefix + header_size) fail("a header that is cut short", name);
    const std::string_view header(reinterpret_cast<const char*>(file.data()) + prefix, header_size);
    const Type type = type_of(header, name);
    DataArray array{.name = name, .shape = shape_of(header, name), .values = {}, .columns = {}, .units = {}};
    const std::span<const std::byte> data = file.subspan(prefix + header_size);
    std::uint64_t count = 1;
    for (const std::int64_t extent : array.shape) {
      if (extent > 0 && count > kMostBytes / static_cast<std::uint64_t>(extent)) fail("an impossible shape", name);
      count *= static_cast<std::uint64_t>(extent);
    }
    if (data.size() != count * static_cast<std::uint64_t>(type.size)) fail("numbers that do not fill its shape", name);
    if (type.kind == 'U') {
      texts[name] = texts_of(data, type, count);
      return;
    }
    array.values = values_of(data, type, count);
    if (field(header, "'fortran_order'", name).starts_with("True")) reorder(array);
    arrays.push_back(std::move(array));
  }

  // UTF-32 to UTF-8.
  static std::vector<std::string> texts_of(std::span<const std::byte> data, const Type& type, std::uint64_t count) {
    std::vector<std::string> out;
    for (std::uint64_t k = 0; k < count; ++k) {
      std::string& text = out.emplace_back();
      for (int c = 0; c < type.size / 4; ++c) {
        std::uint32_t code = 0;
        std::memcpy(&code, data.data() + k * static_cast<std::uint64_t>(type.size) + static_cast<std::uint64_t>(4 * c),
                    4);
        if (type.is_swapped) code = __builtin_bswap32(code);
        if (code == 0) break;
        if (code < 0x80) {
          text += static_cast<char>(code);
        } else if (code < 0x800) {
          text += static_cast<char>(0xc0 | (code >> 6));
          text += static_cast<char>(0x80 | (code & 63));
        } else if (code < 0x110000) {
          if (code >= 0x10000) text += static_cast<char>(0xf0 | (code >> 18));
          text += static_cast<char>(code >= 0x10000 ? 0x80 | ((code >> 12) & 63) : 0xe0 | (code >> 12));
          text += static_cast<char>(0x80 | ((code >> 6) & 63));
          text += static_cast<char>(0x80 | (code & 63));
        }
      }
    }
    return out;
  }

  template <class T>
  static double one_value(const std::byte* at, bool is_swapped) {
    std::array<std::byte, sizeof(T)> raw;
    std::memcpy(raw.data(), at, sizeof(T));
    if (is_swapped) std::reverse(raw.begin(), raw.end());
    return static_cast<double>(std::bit_cast<T>(raw));
  }

  static double (*reader_of(const Type& type))(const std::byte*, bool) {
    if (type.kind == 'f') return type.size == 8 ? one_value<double> : one_value<float>;
    const bool is_signed = type.kind == 'i';
    switch (type.size) {
      case 1:
        return is_signed ? one_value<std::int8_t> : one_value<std::uint8_t>;
      case 2:
        return is_signed ? one_value<std::int16_t> : one_value<std::uint16_t>;
      case 4:
        return is_signed ? one_value<std::int32_t> : one_value<std::uint32_t>;
      default:
        return is_signed ? one_value<std::int64_t> : one_value<std::uint64_t>;
    }
  }

  static std::vector<double> values_of(std::span<const std::byte> data, const Type& type, std::uint64_t count) {
    std::vector<double> values(count);
    const auto reader = reader_of(type);
    for (std::uint64_t k = 0; k < count; ++k) {
      values[k] = reader(data.data() + k * static_cast<std::uint64_t>(type.size), type.is_swapped);
    }
    return values;
  }

  // From the first axis running fastest to the last axis running fastest.
  static void reorder(DataArray& array) {
    const size_t axes = array.shape.size();
    if (axes < 2) return;
    std::vector<double> out(array.values.size());
    std::vector<std::int64_t> place(axes, 0);
    for (const double value : array.values) {
      size_t at = 0;
      for (size_t axis = 0; axis < axes; ++axis) {
        at = at * static_cast<size_t>(array.shape[axis]) + static_cast<size_t>(place[axis]);
      }
      out[at] = value;
      for (size_t axis = 0; axis < axes && ++place[axis] == array.shape[axis]; ++axis) place[axis] = 0;
    }
    array.values = std::move(out);
  }

  std::span<const std::byte> bytes_;
  std::string where_;
};

}  // namespace

std::vector<DataArray> read_npz(std::span<const std::byte> bytes, const std::string& where) {
  return NpzReader(bytes, where).read();
}

}  // namespace lockstep
