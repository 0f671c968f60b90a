// The memory of a batch of XLand worlds as kernels see it: grids, agents, packed rulesets, layout, outputs.
#pragma once

#include "envs/xland/tiles.h"
#include "kernels/philox.h"

#include <cstdint>

namespace lockstep::envs::xland {

// Sizes of the grid and where its cells lie. A grid is stored with a margin of kNothing as deep as the view, so that
// what is seen needs no bounds: rows are `stride` = side + view - 1 bytes apart (a row's right margin is the next one's
// left), with view - 1 rows of margin above and below.
struct Geometry {
  int side = 0;    // cells along each edge, walls included, in [5, 255]
  int view = 0;    // cells along each edge of the observation, odd, in [3, 15]
  int stride = 0;  // bytes from a row to the next
  int origin = 0;  // byte of the cell in the upper left corner
  int bytes = 0;   // of one world's grid, margin included, a multiple of 64
  // Per direction, modulo 2^32: bytes from the agent's cell to the one in front, and to the upper left corner (in the
  // grid's own orientation) of what it sees. The agent stands in the middle of the edge that it looks away from.
  std::uint32_t ahead[4] = {}, corner[4] = {};
};

// What changes in every step, an array over worlds each.
struct AgentArrays {
  std::uint32_t* position = nullptr;  // byte of the agent's cell in the grid
  std::uint8_t* direction = nullptr;  // Direction
  Cell* pocket = nullptr;
  std::uint32_t* step = nullptr;      // of the running episode
  std::uint32_t* limit = nullptr;     // step at which the episode is cut
  std::uint64_t* triggers = nullptr;  // of its ruleset: see PackedRuleset
};

// What changes between episodes, an array over worlds each.
struct ProgressArrays {
  std::uint32_t* ruleset = nullptr;
  std::uint32_t* episode = nullptr;     // number of the running episode
  std::uint32_t* trial = nullptr;       // number of the running trial: episodes with one ruleset
  std::uint32_t* trial_left = nullptr;  // steps left to the trial when the running episode began
};

// A rule in four bytes; `b` is unused where the rule has one input.
struct PackedRule {
  std::uint8_t id;
  Cell a, b, product;
};

// A ruleset, ready to be run. Most steps can neither fire a rule nor reach the goal, and `triggers` finds that out from
// kinds of tiles alone. Its four parts of 16 bits are sets of tiles (bit n: tile n) that matter ...
//   bits  0..15  in the four cells beside the agent, after it moved
//   bits 16..31  in those cells, after something was put down
//   bits 32..47  in the changed cell, after either
//   bits 48..63  in the pocket, after something was picked up
// ... and bit kAlways says that the goal must be looked at after every action.
struct PackedRuleset {
  std::uint64_t rules_on[3];  // bit n: rule n may fire after moving, picking up, putting down
  std::uint64_t triggers;
  std::uint32_t first_rule, first_object;  // in RulesetTable
  std::uint32_t goal_position;             // byte in the grid, of goals that name a position
  std::uint8_t goal;                       // id
  Cell goal_a, goal_b;
  std::uint8_t num_objects;
};
inline constexpr int kMostRules = 64;
inline constexpr int kAlways = 13;  // a bit of the first part that no tile needs

struct RulesetTable {
  const PackedRuleset* rulesets = nullptr;  // [num_rulesets]
  const PackedRule* rules = nullptr;
  const Cell* objects = nullptr;
  std::uint32_t num_rulesets = 0;
};

// A door stands at byte first + k * step, k uniform in [0, choices), in one of six colours.
struct DoorDraw {
  std::uint32_t first, step, choices;
};
inline constexpr int kMostDoors = 12;

struct LayoutTable {
  const Cell* grid = nullptr;           // [geometry.bytes] walls and floor, without doors
  const std::uint32_t* free = nullptr;  // [num_free] bytes of the floor cells
  std::uint32_t num_free = 0;
  std::uint32_t num_doors = 0;
  DoorDraw doors[kMostDoors];
};

// All worlds. Outputs are of the last step; observations are those of the next episode where one ended.
struct WorldBatch {
  Geometry geometry;
  RulesetTable rulesets;
  LayoutTable layout;
  kernels::RandomStream starts, trials;  // streams of draws
  std::uint32_t max_steps = 0;           // of an episode
  std::uint32_t trial_steps = 0;         // of a trial; 0: no end
  bool auto_reset = true;
  bool occluded = false;                     // walls and closed doors hide what is behind them
  const float* reward_of_step = nullptr;     // [max_steps + 1] where the goal is reached
  Cell* grids = nullptr;                     // [worlds][geometry.bytes]
  AgentArrays agents;                        // [worlds]
  ProgressArrays progress;                   // [worlds]
  std::uint8_t* observation = nullptr;       // [worlds][view][view][2] tile, colour
  std::uint8_t* last_observation = nullptr;  // the same, written where an episode ended
  float* reward = nullptr;                   // [worlds]
  std::uint8_t* terminated = nullptr;        // [worlds] 1: the goal was reached
  std::uint8_t* truncated = nullptr;         // [worlds] 1: the episode's or the trial's time was up
};

}  // namespace lockstep::envs::xland
