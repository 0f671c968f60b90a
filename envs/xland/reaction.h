// What an action sets off: rules that turn tiles into others, and the goal that ends an episode.
// Rules and goals by number as in xminigrid 0.9.3; a cell outside the grid reads as kNothing, which no rule names.
#pragma once

#include "envs/xland/world_state.h"

namespace lockstep::envs::xland {

template <class Isa>
struct Reaction {
  const Geometry& geometry;
  Cell* grid;
  std::uint32_t position;  // byte of the agent's cell
  Cell& pocket;
  std::uint32_t changed;  // byte of the cell that the action changed

  // The four cells beside one, clockwise from above, as bytes of the grid.
  struct Beside {
    std::uint32_t at[4];
  };
  LS_FN Beside beside(std::uint32_t cell) const {
    const auto stride = static_cast<std::uint32_t>(geometry.stride);
    return {{cell - stride, cell + 1, cell + stride, cell - 1}};
  }

  // Rules 3 (any direction) and 4..7 (b is above, right of, below, left of a): the tile beside the changed cell becomes
  // the product, the changed cell floor. All are read before any is written.
  LS_FN void join(PackedRule rule) const {
    const Cell here = grid[changed];
    if (here != rule.a && here != rule.b) return;
    const Beside near = beside(changed);
    Cell other[4];
    for (int d = 0; d < 4; ++d) other[d] = grid[near.at[d]];
    for (int d = 0; d < 4; ++d) {
      const int b_from_a = rule.id - 4;
      const bool a_to_b = rule.id == 3 || d == b_from_a, b_to_a = rule.id == 3 || d == (b_from_a ^ 2);
      const bool match =
          (a_to_b && here == rule.a && other[d] == rule.b) || (b_to_a && here == rule.b && other[d] == rule.a);
      if (!match) continue;
      grid[near.at[d]] = rule.product;
      grid[changed] = kFloor;
    }
  }

  LS_FN void apply(PackedRule rule) const {
    if (rule.id == 1) {
      if (pocket == rule.a) pocket = rule.product;
    } else if (rule.id >= 3 && rule.id <= 7) {
      join(rule);
    } else {  // 2: any of the four cells beside the agent; 8..11: one of them
      const Beside near = beside(position);
      for (int d = 0; d < 4; ++d) {
        if ((rule.id == 2 || rule.id == 8 + d) && grid[near.at[d]] == rule.a) grid[near.at[d]] = rule.product;
      }
    }
  }

  // Whether a and b lie beside each other with one of them in the changed cell; `direction` of b from a, or -1 for any.
  LS_FN bool joined(Cell a, Cell b, int direction) const {
    const Cell here = grid[changed];
    const Beside near = beside(changed);
    bool found = false;
    for (int d = 0; d < 4; ++d) {
      const Cell other = grid[near.at[d]];
      const bool a_to_b = direction < 0 || d == direction, b_to_a = direction < 0 || d == (direction ^ 2);
      found |= (a_to_b && here == a && other == b) || (b_to_a && here == b && other == a);
    }
    return found;
  }

  LS_FN bool near(Cell a, int direction) const {
    const Beside cells = beside(position);
    bool found = false;
    for (int d = 0; d < 4; ++d) found |= (direction < 0 || d == direction) && grid[cells.at[d]] == a;
    return found;
  }

  LS_FN bool reached(const PackedRuleset& ruleset, unsigned action) const {
    const bool forward = action == static_cast<unsigned>(Action::kForward);
    const bool put = action == static_cast<unsigned>(Action::kPutDown);
    const Cell a = ruleset.goal_a, b = ruleset.goal_b;
    switch (ruleset.goal) {
      case 1:
        return action == static_cast<unsigned>(Action::kPickUp) && pocket == a;
      case 2:
        return forward && grid[position] == a;
      case 3:
        return forward && near(a, -1);
      case 4:
        return put && joined(a, b, -1);
      case 5:
        return grid[ruleset.goal_position] == a;
      case 6:
        return position == ruleset.goal_position;
      case 7:
      case 8:
      case 9:
      case 10:
        return put && joined(a, b, ruleset.goal - 7);
      case 11:
      case 12:
      case 13:
      case 14:
        return (forward || put) && near(a, ruleset.goal - 11);
      default:
        return false;
    }
  }

  // Fires the rules in their order, each on what the one before it left. Then true where the goal is reached.
  LS_FN bool run(const RulesetTable& table, std::uint32_t index, unsigned action) const {
    const PackedRuleset& ruleset = table.rulesets[index];
    const int kind_of_action = action == static_cast<unsigned>(Action::kForward)   ? 0
                               : action == static_cast<unsigned>(Action::kPickUp)  ? 1
                               : action == static_cast<unsigned>(Action::kPutDown) ? 2
                                                                                   : -1;
    if (kind_of_action >= 0) {
      const PackedRule* rule = table.rules + ruleset.first_rule;
      for (std::uint64_t left = ruleset.rules_on[kind_of_action]; left != 0; left >>= 1, ++rule) {
        if ((left & 1u) != 0) apply(*rule);
      }
    }
    return reached(ruleset, action);
  }
};

}  // namespace lockstep::envs::xland
