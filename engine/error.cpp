// Text of errors, and the nearest name for a mistyped one.
#include "engine/error.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace lockstep {
namespace {

// Levenshtein distance between two words, O(|a| |b|) time, O(|b|) memory.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

}  // namespace

Error::Error(std::string problem, std::string where, std::string fix)
    : std::runtime_error(problem + "\n  where: " + where + "\n  fix: " + fix),
      problem_(std::move(problem)),
      where_(std::move(where)),
      fix_(std::move(fix)) {}

std::string nearest_name(std::string_view name, std::span<const std::string> candidates) {
  const auto nearest = std::min_element(
      candidates.begin(), candidates.end(),
      [&](const std::string& a, const std::string& b) { return edit_distance(name, a) < edit_distance(name, b); });
  if (nearest == candidates.end()) return "";
  const size_t tolerated = std::max<size_t>(2, name.size() / 3);
  return edit_distance(name, *nearest) <= tolerated ? *nearest : "";
}

}  // namespace lockstep
