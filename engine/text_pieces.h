// Pieces of a text.
#pragma once

#include <string_view>
#include <vector>

namespace lockstep {

// Without the blanks, tabs and line ends around it.
[[nodiscard]] std::string_view trimmed(std::string_view text);
// Cut at every `mark`: one piece more than there are marks.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char mark);

}  // namespace lockstep
