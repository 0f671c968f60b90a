// Makes rulesets: trees of rules that lead to a goal, with objects and rules that lead nowhere beside them.
// The procedure of XLand-MiniGrid's benchmarks (Nikulin et al. 2023, section 3.2), with random numbers of our own: the
// same statistics, not the same rulesets.
#pragma once

#include "envs/xland/ruleset.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace lockstep::envs::xland {

// A kind of benchmark.
struct GeneratorConfig {
  std::string_view name = "trivial";
  int chain_depth = 0;         // rules that must fire one after another, at most, >= 0
  double prune = 0;            // share of tiles that are placed instead of produced by a rule, [0, 1]
  int distractor_rules = 0;    // at most; how many is uniform in [0, this]
  int distractor_objects = 3;  // placed, but in no rule or goal
  void check() const;          // throws Error
};

// trivial, small, medium and high, as published.
[[nodiscard]] std::span<const GeneratorConfig> published_sets();
// The published set of this name; Error with the nearest name where there is none.
[[nodiscard]] const GeneratorConfig& published_set(std::string_view name);

// `count` different rulesets. Ruleset n is the same for any larger count. Throws Error where no more different ones are
// found.
[[nodiscard]] std::vector<Ruleset> generate_rulesets(const GeneratorConfig& config, int count, std::uint64_t seed);

}  // namespace lockstep::envs::xland
