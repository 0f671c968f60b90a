// Starts episodes of XLand worlds: doors, objects and agent on cells drawn at random, and rulesets drawn per trial.
#pragma once

#include "envs/xland/world_state.h"
#include "kernels/philox.h"

namespace lockstep::envs::xland {

// Numbers drawn one after another; each is a function of (stream, world, count of episodes, its place) alone.
template <class Isa>
struct DrawnNumbers {
  kernels::RandomStream stream;
  std::uint32_t world, count;
  std::uint32_t place = 0;
  kernels::PhiloxWords words{};

  // Uniform in [0, n), to a part in 2^32 / n.
  LS_FN std::uint32_t below(std::uint32_t n) {
    if (place % 4 == 0) words = kernels::philox(stream, world, count, place / 4);
    const std::uint64_t word = words.word[place % 4];
    ++place;
    return static_cast<std::uint32_t>((word * n) >> 32);
  }
};

template <class Isa>
struct EpisodeStart {
  static constexpr int kMostTries = 16;  // at a free cell by guessing, before those that are left are counted

  // The byte of a floor cell that is drawn among those left; there must be one.
  LS_FN static std::uint32_t free_cell(const LayoutTable& layout, const Cell* grid, DrawnNumbers<Isa>& draw) {
    for (int attempt = 0; attempt < kMostTries; ++attempt) {
      const std::uint32_t at = layout.free[draw.below(layout.num_free)];
      if (grid[at] == kFloor) return at;
    }
    std::uint32_t left = 0;
    for (std::uint32_t i = 0; i < layout.num_free; ++i) left += grid[layout.free[i]] == kFloor ? 1 : 0;
    std::uint32_t skip = draw.below(left);
    for (std::uint32_t i = 0; i < layout.num_free; ++i) {
      if (grid[layout.free[i]] == kFloor && skip-- == 0) return layout.free[i];
    }
    return layout.free[0];
  }

  // Starts the episode whose number progress.episode[world] holds, with the ruleset that stands there.
  LS_FN static void episode(const WorldBatch& b, std::uint32_t world) {
    Cell* const grid = b.grids + static_cast<std::size_t>(world) * static_cast<std::size_t>(b.geometry.bytes);
    const PackedRuleset& ruleset = b.rulesets.rulesets[b.progress.ruleset[world]];
    DrawnNumbers<Isa> draw{b.starts, world, b.progress.episode[world]};
    for (int i = 0; i < b.geometry.bytes; ++i) grid[i] = b.layout.grid[i];
    for (std::uint32_t i = 0; i < b.layout.num_doors; ++i) {
      const DoorDraw& door = b.layout.doors[i];
      const std::uint32_t at = door.first + door.step * (door.choices > 1 ? draw.below(door.choices) : 0);
      grid[at] = static_cast<Cell>(cell_of(Tile::kDoorClosed, Colour::kRed) + draw.below(6));  // red ... grey
    }
    for (std::uint32_t i = 0; i < ruleset.num_objects; ++i) {
      grid[free_cell(b.layout, grid, draw)] = b.rulesets.objects[ruleset.first_object + i];
    }
    const AgentArrays& agents = b.agents;
    const std::uint32_t left = b.progress.trial_left[world];
    agents.position[world] = free_cell(b.layout, grid, draw);
    agents.direction[world] = static_cast<std::uint8_t>(draw.below(4));
    agents.pocket[world] = kNothing;
    agents.step[world] = 0;
    agents.limit[world] = b.trial_steps != 0 && left < b.max_steps ? left : b.max_steps;
    agents.triggers[world] = ruleset.triggers;
  }

  // Draws the ruleset of the trial whose number progress.trial[world] holds.
  LS_FN static void trial(const WorldBatch& b, std::uint32_t world) {
    DrawnNumbers<Isa> draw{b.trials, world, b.progress.trial[world]};
    b.progress.ruleset[world] = draw.below(b.rulesets.num_rulesets);
    b.progress.trial_left[world] = b.trial_steps;
  }

  // Ends the episode of a world after agents.step[world] steps, and starts the next.
  LS_FN static void next(const WorldBatch& b, std::uint32_t world) {
    ++b.progress.episode[world];
    if (b.trial_steps != 0) {
      const std::uint32_t used = b.agents.step[world], left = b.progress.trial_left[world];
      b.progress.trial_left[world] = used < left ? left - used : 0;
      if (used >= left) {
        ++b.progress.trial[world];
        trial(b, world);
      }
    }
    episode(b, world);
  }
};

}  // namespace lockstep::envs::xland
