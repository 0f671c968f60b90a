// Checks rulesets and packs them for kernels.
#include "envs/xland/ruleset.h"
#include "engine/error.h"

#include <fmt/format.h>

namespace lockstep::envs::xland {
namespace {

// Which of PackedRuleset's lists of rules a rule is in.
constexpr int kOnMove = 0, kOnPick = 1, kOnPut = 2;
// Bits at which the four parts of PackedRuleset::triggers begin.
constexpr int kNearOnMove = 0, kNearOnPut = 16, kChanged = 32, kPocket = 48;

void check_tile(std::uint8_t tile, std::uint8_t colour, std::string_view what, std::string_view where) {
  if (tile == 0 || tile >= kTiles) {
    throw Error(fmt::format("{}: there is no tile {}", what, tile), std::string(where),
                fmt::format("use a tile in [1, {}]: 1 floor, 2 wall, 3 ball ... (docs/xland.md)", kTiles - 1));
  }
  if (colour == 0 || colour >= kColours) {
    throw Error(fmt::format("{}: there is no colour {}", what, colour), std::string(where),
                fmt::format("use a colour in [1, {}]: 1 red, 2 green, 3 blue ... (docs/xland.md)", kColours - 1));
  }
}

void check_goal(const EncodedGoal& goal, std::string_view where) {
  if (goal[0] >= kGoals) {
    throw Error(fmt::format("unknown goal {}", goal[0]), std::string(where),
                fmt::format("use a goal in [0, {}], 0 for none (docs/xland.md)", kGoals - 1));
  }
  for (int i = 0; i < goal_tiles(goal[0]); ++i) {
    const auto at = static_cast<std::size_t>(1 + 2 * i);
    check_tile(goal[at], goal[at + 1], fmt::format("goal {}, tile {}", goal[0], i + 1), where);
  }
}

void check_rule(const EncodedRule& rule, std::size_t number, std::string_view where) {
  if (rule[0] >= kRules) {
    throw Error(fmt::format("rule {} of the list: unknown kind {}", number, rule[0]), std::string(where),
                fmt::format("use a rule in [0, {}], 0 for padding (docs/xland.md)", kRules - 1));
  }
  if (rule[0] == 0) return;
  for (int i = 0; i <= rule_inputs(rule[0]); ++i) {
    const auto at = static_cast<std::size_t>(1 + 2 * i);
    const bool is_product = i == rule_inputs(rule[0]);
    check_tile(rule[at], rule[at + 1],
               fmt::format("rule {} of the list, {}", number,
                           is_product ? std::string("its product") : fmt::format("tile {}", i + 1)),
               where);
  }
}

Cell packed(std::uint8_t tile, std::uint8_t colour) {
  return cell_of(static_cast<Tile>(tile), static_cast<Colour>(colour));
}
std::uint64_t kind_of(Cell cell) { return std::uint64_t{1} << tile_of(cell); }

struct Packer {
  const Geometry& geometry;
  PackedRulesets& out;

  void add_rule(PackedRuleset& to, const EncodedRule& rule, int number) const {
    const bool two = rule_inputs(rule[0]) == 2;
    const Cell a = packed(rule[1], rule[2]), b = two ? packed(rule[3], rule[4]) : kNothing;
    const Cell product = two ? packed(rule[5], rule[6]) : packed(rule[3], rule[4]);
    out.rules.push_back({rule[0], a, b, product});
    const auto fires = [&](int list, int part, std::uint64_t kinds) {
      to.rules_on[list] |= std::uint64_t{1} << number;
      to.triggers |= kinds << part;
    };
    if (rule[0] == 1) {
      fires(kOnPick, kPocket, kind_of(a));
    } else if (two) {
      fires(kOnPut, kChanged, kind_of(a) | kind_of(b));
    } else {
      fires(kOnMove, kNearOnMove, kind_of(a));
      if (rule[0] != 2) fires(kOnPut, kNearOnPut, kind_of(a));
    }
  }

  void add_goal(PackedRuleset& to, const EncodedGoal& goal, std::string_view where) const {
    const int id = goal[0];
    to.goal = goal[0];
    if (goal_tiles(id) > 0) to.goal_a = packed(goal[1], goal[2]);
    if (goal_tiles(id) > 1) to.goal_b = packed(goal[3], goal[4]);
    const std::uint64_t a = kind_of(to.goal_a), b = kind_of(to.goal_b);
    if (id == 1) to.triggers |= a << kPocket;
    if (id == 2) to.triggers |= a << kChanged;
    if (id == 3 || id >= 11) to.triggers |= a << kNearOnMove;
    if (id >= 11) to.triggers |= a << kNearOnPut;
    if (id == 4 || (id >= 7 && id <= 10)) to.triggers |= (a | b) << kChanged;
    if (id == 5 || id == 6) {
      to.triggers |= std::uint64_t{1} << kAlways;
      to.goal_position = position(id == 5 ? goal[3] : goal[1], id == 5 ? goal[4] : goal[2], where);
    }
  }

  [[nodiscard]] std::uint32_t position(int y, int x, std::string_view where) const {
    if (y >= geometry.side || x >= geometry.side) {
      throw Error(fmt::format("the goal's position ({}, {}) is outside the grid", y, x), std::string(where),
                  fmt::format("give a row and a column in [0, {}]", geometry.side - 1));
    }
    return static_cast<std::uint32_t>(geometry.origin + y * geometry.stride + x);
  }
};

}  // namespace

int goal_tiles(int id) {
  if (id == 0 || id == 6) return 0;
  return id == 4 || (id >= 7 && id <= 10) ? 2 : 1;
}

int rule_inputs(int id) {
  if (id == 0) return 0;
  return id >= 3 && id <= 7 ? 2 : 1;
}

void check(const Ruleset& ruleset, std::string_view where) {
  if (ruleset.rules.size() > static_cast<std::size_t>(kMostRules)) {
    throw Error(fmt::format("{} rules are more than {}", ruleset.rules.size(), kMostRules), std::string(where),
                "leave out padding, or split the ruleset");
  }
  if (ruleset.init_tiles.size() > static_cast<std::size_t>(kMostObjects)) {
    throw Error(fmt::format("{} objects are more than {}", ruleset.init_tiles.size(), kMostObjects), std::string(where),
                "leave some out");
  }
  check_goal(ruleset.goal, where);
  for (std::size_t i = 0; i < ruleset.rules.size(); ++i) check_rule(ruleset.rules[i], i, where);
  for (std::size_t i = 0; i < ruleset.init_tiles.size(); ++i) {
    const EncodedTile& tile = ruleset.init_tiles[i];
    if (tile == EncodedTile{}) continue;
    check_tile(tile[0], tile[1], fmt::format("object {}", i), where);
  }
}

RulesetTable PackedRulesets::table() const {
  return {rulesets.data(), rules.data(), objects.data(), static_cast<std::uint32_t>(rulesets.size())};
}

PackedRulesets pack(std::span<const Ruleset> rulesets, const Geometry& geometry, int num_free) {
  PackedRulesets out;
  out.rulesets.reserve(rulesets.size());
  const Packer packer{geometry, out};
  for (std::size_t i = 0; i < rulesets.size(); ++i) {
    const Ruleset& ruleset = rulesets[i];
    PackedRuleset to{};
    to.first_rule = static_cast<std::uint32_t>(out.rules.size());
    to.first_object = static_cast<std::uint32_t>(out.objects.size());
    int number = 0;
    for (const EncodedRule& rule : ruleset.rules) {
      if (rule[0] != 0) packer.add_rule(to, rule, number++);
    }
    for (const EncodedTile& tile : ruleset.init_tiles) {
      if (tile != EncodedTile{}) out.objects.push_back(packed(tile[0], tile[1]));
    }
    const std::string where = fmt::format("ruleset {}", i);
    const std::size_t objects = out.objects.size() - to.first_object;
    if (objects + 1 > static_cast<std::size_t>(num_free)) {
      throw Error(fmt::format("{} objects and the agent do not fit on {} floor cells", objects, num_free), where,
                  "take a larger grid, a layout with fewer walls, or a ruleset with fewer objects");
    }
    to.num_objects = static_cast<std::uint8_t>(objects);
    packer.add_goal(to, ruleset.goal, where);
    out.rulesets.push_back(to);
  }
  return out;
}

}  // namespace lockstep::envs::xland
