// The seeds of a sweep as users write them: "0..4", "0,3,7", "0..2,9".
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lockstep::apps {

// Ascending, each once. Throws Error for text that is no such list, for a range that runs backwards, for a seed that is
// named twice, and for more than 1000 of them.
[[nodiscard]] std::vector<std::uint64_t> parse_seeds(const std::string& text);
// The shortest text that parse_seeds reads back; seeds ascend.
[[nodiscard]] std::string seeds_text(std::span<const std::uint64_t> seeds);

}  // namespace lockstep::apps
