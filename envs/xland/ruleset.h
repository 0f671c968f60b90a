// Rulesets: what a task of XLand-MiniGrid is. A goal, rules that turn tiles into others, and the objects of the start.
#pragma once

#include "envs/xland/tiles.h"
#include "envs/xland/world_state.h"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::envs::xland {

// A tile as xminigrid encodes it: kind, colour.
using EncodedTile = std::array<std::uint8_t, 2>;
// [id, arguments]: one or two tiles; for goal 5 a tile and (y, x), for goal 6 (y, x).
using EncodedGoal = std::array<std::uint8_t, 5>;
// [id, tile a, tile b or product, product]; id 0 is padding.
using EncodedRule = std::array<std::uint8_t, 7>;

inline constexpr int kGoals = 15, kRules = 12;  // ids are below
inline constexpr int kMostObjects = 255;

// In xminigrid's own encoding.
struct Ruleset {
  EncodedGoal goal{};
  std::vector<EncodedRule> rules;       // fired in this order; padding is allowed
  std::vector<EncodedTile> init_tiles;  // objects at the start; (0, 0) is padding
  bool operator==(const Ruleset&) const = default;
};

// Throws Error, naming `where` (a file, "ruleset 7"), for an unknown goal or rule, a tile or colour that does not
// exist, and for more rules or objects than kMostRules and kMostObjects.
void check(const Ruleset& ruleset, std::string_view where);

// The tiles that a goal and a rule of this id name: 0, 1 or 2 as inputs.
[[nodiscard]] int goal_tiles(int id);
[[nodiscard]] int rule_inputs(int id);

// Many rulesets in few arrays, ready for kernels.
struct PackedRulesets {
  std::vector<PackedRuleset> rulesets;
  std::vector<PackedRule> rules;
  std::vector<Cell> objects;
  [[nodiscard]] RulesetTable table() const;
};

// Packs checked rulesets for grids of this geometry with num_free floor cells. Throws Error where one has no room for
// its objects and the agent, or where a goal names a position outside the grid.
[[nodiscard]] PackedRulesets pack(std::span<const Ruleset> rulesets, const Geometry& geometry, int num_free);

}  // namespace lockstep::envs::xland
