// Files of rulesets: written whole or not at all, checked before anything of them is used.
#pragma once

#include "envs/xland/ruleset.h"

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace lockstep::envs::xland {

// The bytes of a file (engine/byte_stream.h, kind "xland rulesets"): goals [n][5], rules per ruleset [n], all rules
// [][7], objects per ruleset [n], all objects [][2], and a checksum.
[[nodiscard]] std::vector<std::byte> encode_rulesets(std::span<const Ruleset> rulesets);
// Throws Error, naming `where`, for bytes that are cut short, damaged or of another kind, for counts that do not agree,
// and for what check() refuses.
[[nodiscard]] std::vector<Ruleset> decode_rulesets(std::span<const std::byte> bytes, const std::string& where);

void save_rulesets(const std::filesystem::path& file, std::span<const Ruleset> rulesets);
[[nodiscard]] std::vector<Ruleset> load_rulesets(const std::filesystem::path& file);

}  // namespace lockstep::envs::xland
