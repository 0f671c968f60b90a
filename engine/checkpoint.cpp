// Writes and reads checkpoint files, checking sizes and checksums before anything is believed.
#include "engine/checkpoint.h"
#include "engine/atomic_file.h"
#include "engine/error.h"
#include "engine/sha256.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

namespace lockstep {
namespace {

constexpr std::string_view kMagic = "LSCKPT\r\n";  // the line end shows a transfer that changed line ends
constexpr std::uint32_t kFormat = 1;
constexpr std::uint32_t kMaxSections = 4096;

void append(std::vector<std::byte>& out, std::span<const std::byte> bytes) {
  const size_t before = out.size();
  out.resize(before + bytes.size());
  std::ranges::copy(bytes, out.begin() + static_cast<std::ptrdiff_t>(before));
}
template <class Number>
void append_number(std::vector<std::byte>& out, Number value) {
  append(out, std::as_bytes(std::span(&value, 1)));
}
void append_text(std::vector<std::byte>& out, std::string_view text) {
  append_number(out, static_cast<std::uint32_t>(text.size()));
  append(out, std::as_bytes(std::span(text)));
}

// Takes bytes from the front; asking for more than there are is a file cut short.
class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  std::span<const std::byte> take(std::uint64_t size) {
    if (size > bytes_.size())
      fail(fmt::format("the checkpoint is cut short: {} bytes are missing", size - bytes_.size()));
    const auto front = bytes_.first(static_cast<size_t>(size));
    bytes_ = bytes_.subspan(static_cast<size_t>(size));
    return front;
  }
  template <class Number>
  Number number() {
    Number value{};
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string text() {
    const auto characters = take(number<std::uint32_t>());
    return {reinterpret_cast<const char*>(characters.data()), characters.size()};
  }
  Sha256 digest() {
    Sha256 value{};
    std::ranges::copy(take(value.size()), value.begin());
    return value;
  }
  [[nodiscard]] size_t left() const { return bytes_.size(); }
  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(problem, where_, "use an undamaged copy of the file, or start the run anew");
  }

 private:
  std::span<const std::byte> bytes_;
  const std::string& where_;
};

// The part of a version within which checkpoints are exchanged: "1" of 1.4.2, "0.3" of 0.3.1.
std::string compatible_part(std::string_view version) {
  const size_t first = version.find('.');
  if (version.substr(0, first) != "0" || first == std::string_view::npos) return std::string(version.substr(0, first));
  return std::string(version.substr(0, version.find('.', first + 1)));
}

void check_version(const std::string& written_by, const std::string& where) {
  if (compatible_part(written_by) == compatible_part(program_version())) return;
  throw Error(
      fmt::format("the checkpoint was written by lockstep {}, this is lockstep {}", written_by, program_version()),
      where, fmt::format("continue it with lockstep {}, or start a new run", written_by));
}

struct SectionHead {
  std::string name;
  std::uint64_t size = 0;
  Sha256 digest{};
};

std::vector<SectionHead> read_header(Cursor header, const std::string& where) {
  check_version(header.text(), where);
  const auto count = header.number<std::uint32_t>();
  if (count > kMaxSections) header.fail(fmt::format("the checkpoint names {} sections, more than there can be", count));
  std::vector<SectionHead> heads(count);
  for (SectionHead& head : heads) head = {header.text(), header.number<std::uint64_t>(), header.digest()};
  if (header.left() != 0) header.fail("the checkpoint's header is longer than what it holds");
  return heads;
}

}  // namespace

std::string_view program_version() { return LOCKSTEP_VERSION; }

std::vector<std::byte> encode_checkpoint(const CheckpointSections& sections, std::string_view version) {
  std::vector<std::byte> header;
  append_text(header, version);
  append_number(header, static_cast<std::uint32_t>(sections.size()));
  for (const auto& [name, bytes] : sections) {
    append_text(header, name);
    append_number(header, std::uint64_t{bytes.size()});
    append(header, sha256(bytes));
  }
  std::vector<std::byte> file;
  append(file, std::as_bytes(std::span(kMagic)));
  append_number(file, kFormat);
  append_number(file, static_cast<std::uint32_t>(header.size()));
  append(file, header);
  append(file, sha256(file));
  for (const auto& [name, bytes] : sections) append(file, bytes);
  return file;
}

CheckpointSections decode_checkpoint(std::span<const std::byte> bytes, const std::string& where) {
  Cursor file(bytes, where);
  if (bytes.size() < kMagic.size()) file.fail("the checkpoint is cut short: it has no header");
  if (std::memcmp(file.take(kMagic.size()).data(), kMagic.data(), kMagic.size()) != 0)
    file.fail("the file is not a checkpoint, or its first bytes are damaged");
  const auto format = file.number<std::uint32_t>();
  const auto header_size = file.number<std::uint32_t>();
  if (format != kFormat) {
    throw Error(fmt::format("the checkpoint has format {}, this lockstep reads format {}", format, kFormat), where,
                "continue it with the release that wrote it, or start a new run");
  }
  const auto header = file.take(header_size);
  const auto covered = bytes.first(bytes.size() - file.left());
  if (file.digest() != sha256(covered)) file.fail("the checkpoint's header is damaged: its checksum does not match");

  CheckpointSections sections;
  for (const SectionHead& head : read_header(Cursor(header, where), where)) {
    const auto content = file.take(head.size);
    if (sha256(content) != head.digest)
      file.fail(fmt::format("section '{}' of the checkpoint is damaged: its checksum does not match", head.name));
    sections[head.name].assign(content.begin(), content.end());
  }
  if (file.left() != 0) file.fail(fmt::format("the checkpoint has {} bytes too many", file.left()));
  return sections;
}

void save_checkpoint(const std::filesystem::path& file, const CheckpointSections& sections) {
  write_file(file, encode_checkpoint(sections));
}

CheckpointSections load_checkpoint(const std::filesystem::path& file) {
  return decode_checkpoint(read_file(file), file.string());
}

std::span<const std::byte> checkpoint_section(const CheckpointSections& sections, const std::string& name,
                                              const std::string& where) {
  const auto section = sections.find(name);
  if (section == sections.end())
    throw Error(fmt::format("the checkpoint has no section '{}'", name), where, "use the checkpoint of a training run");
  return section->second;
}

}  // namespace lockstep
