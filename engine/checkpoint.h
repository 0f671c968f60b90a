// Checkpoints: named sections of bytes in one file that is checked, whole and of this version, or refused.
//
// File, little-endian, nothing between the parts and nothing after them:
//   magic "LSCKPT\r\n" | u32 format | u32 header size | header | SHA-256 of all before | bytes of each section, in
//   order header: version of the program | u32 number of sections | per section: name | u64 size | SHA-256 of its bytes
// A name or version is a u32 length and its characters. A flipped bit or a missing byte anywhere is found by one of the
// two checksums; sizes are held against the file's before anything is allocated.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

// Sections by name, each in the format of whoever wrote it (engine/byte_stream.h).
using CheckpointSections = std::map<std::string, std::vector<std::byte>>;

// Release of this program, as in `lockstep --version`.
[[nodiscard]] std::string_view program_version();

// The file's bytes. `version` is for tests; others leave it.
[[nodiscard]] std::vector<std::byte> encode_checkpoint(const CheckpointSections& sections,
                                                       std::string_view version = program_version());
// Throws Error, naming `where`, for bytes that are no checkpoint, cut short, too long, damaged, or of another release
// (another major version; before 1.0 another minor version too).
[[nodiscard]] CheckpointSections decode_checkpoint(std::span<const std::byte> bytes, const std::string& where);

// The same with files; saving leaves either the old file or the new one, whole.
void save_checkpoint(const std::filesystem::path& file, const CheckpointSections& sections);
[[nodiscard]] CheckpointSections load_checkpoint(const std::filesystem::path& file);

// A section that has to be there: throws Error naming it and `where` otherwise.
[[nodiscard]] std::span<const std::byte> checkpoint_section(const CheckpointSections& sections, const std::string& name,
                                                            const std::string& where);

}  // namespace lockstep
