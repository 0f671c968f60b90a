// Cuts the text at commas and each part at "..".
#include "apps/seed_list.h"
#include "engine/error.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

namespace lockstep::apps {
namespace {

constexpr std::uint64_t kMostSeeds = 1000;
constexpr const char* kFix = "write a range or a list: --seeds 0..4, --seeds 0,3,7";

std::uint64_t parse_seed(std::string_view text, const std::string& where) {
  std::uint64_t seed = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), seed);
  // Settings hold whole numbers of 63 bits.
  if (result.ec != std::errc() || result.ptr != text.data() + text.size() || seed >> 63 != 0)
    throw Error(fmt::format("'{}' is no seed", text), where, kFix);
  return seed;
}

void append_range(std::string_view text, const std::string& where, std::vector<std::uint64_t>& seeds) {
  const size_t dots = text.find("..");
  const std::uint64_t first = parse_seed(text.substr(0, dots), where);
  const std::uint64_t last = dots == std::string_view::npos ? first : parse_seed(text.substr(dots + 2), where);
  if (last < first)
    throw Error(fmt::format("the range {} runs backwards", text), where, fmt::format("write {}..{}", last, first));
  if (last - first >= kMostSeeds || seeds.size() + (last - first) >= kMostSeeds) {
    throw Error(fmt::format("more than {} seeds", kMostSeeds), where,
                "sweep over fewer; 5 to 10 seeds give an interval that is worth its time");
  }
  for (std::uint64_t seed = first; seed <= last; ++seed) seeds.push_back(seed);
}

}  // namespace

std::vector<std::uint64_t> parse_seeds(const std::string& text) {
  const std::string where = "--seeds " + text;
  std::vector<std::uint64_t> seeds;
  std::string_view rest = text;
  for (size_t comma = 0; comma != std::string_view::npos; rest.remove_prefix(comma + 1)) {
    comma = rest.find(',');
    append_range(rest.substr(0, comma), where, seeds);
    if (comma == std::string_view::npos) break;
  }
  std::ranges::sort(seeds);
  const auto twice = std::ranges::adjacent_find(seeds);
  if (twice != seeds.end()) throw Error(fmt::format("seed {} is named twice", *twice), where, "name every seed once");
  return seeds;
}

std::string seeds_text(std::span<const std::uint64_t> seeds) {
  std::string text;
  for (size_t first = 0, last = 0; first < seeds.size(); first = ++last) {
    while (last + 1 < seeds.size() && seeds[last + 1] == seeds[last] + 1) ++last;
    if (first > 0) text += ',';
    text += fmt::format("{}", seeds[first]);
    if (last > first) text += fmt::format("{}{}", last == first + 1 ? "," : "..", seeds[last]);
  }
  return text;
}

}  // namespace lockstep::apps
