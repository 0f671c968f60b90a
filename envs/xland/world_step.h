// One step of XLand worlds, fused: action, rules, observation, goal, reward, and the next episode where one ended.
// Without branches on data but one, which most steps do not take: can anything react to what was done?
#pragma once

#include "envs/xland/episode_start.h"
#include "envs/xland/field_of_view.h"
#include "envs/xland/reaction.h"
#include "envs/xland/world_state.h"

namespace lockstep::envs::xland {

template <class Isa>
struct WorldStep {
  static constexpr unsigned kNoAction = 6;  // nothing is done, but a step passes
  static constexpr unsigned kCut = 7;       // likewise, and the episode ends as truncated
  static constexpr std::uint32_t kAnyKey = cell_of(Tile::kKey, Colour::kEmpty);

  // What an action does to the cell in front of the agent and to the pocket, as bytes of masks (all bits set or none),
  // so that no branch is needed: in a step at random every such branch would be guessed wrongly now and then.
  struct Effect {
    std::uint8_t moves, picks, puts, unlocks;
    std::uint8_t keeps_front, keeps_pocket;  // neither picks nor puts
    std::uint8_t flips;                      // bits of the cell that change: closed 9 <-> open 10
    std::uint8_t turns;                      // added to the direction
  };
  struct Effects {
    Effect of[8][2][16];  // [action][the pocket is full][kind of tile in front]
    constexpr Effects() : of() {
      for (unsigned action = 0; action < 8; ++action) {
        for (unsigned full = 0; full < 2; ++full) {
          for (unsigned tile = 0; tile < 16; ++tile) of[action][full][tile] = effect(action, full != 0, tile);
        }
      }
    }
    static constexpr Effect effect(unsigned action, bool full, unsigned tile) {
      const auto is = [&](Action wanted, TileSet tiles) {
        return action == static_cast<unsigned>(wanted) && (tiles >> tile & 1u) != 0;
      };
      const auto mask = [](bool condition) { return static_cast<std::uint8_t>(condition ? 0xff : 0); };
      Effect e{};
      e.moves = mask(is(Action::kForward, kWalkable));
      e.picks = mask(is(Action::kPickUp, kPickable) && !full);
      e.puts = mask(is(Action::kPutDown, kind(Tile::kFloor)) && full);
      e.unlocks = mask(is(Action::kToggle, kind(Tile::kDoorLocked)));
      e.keeps_front = e.keeps_pocket = static_cast<std::uint8_t>(~(e.picks | e.puts));
      e.flips = is(Action::kToggle, kind(Tile::kDoorClosed) | kind(Tile::kDoorOpen)) ? 0x30 : 0;
      e.turns = action == 1 ? 1 : action == 2 ? 3 : 0;
      return e;
    }
  };

  // Does the action: the agent, its pocket and the cell in front. Returns the byte of the changed cell.
  [[gnu::always_inline]] LS_FN static std::uint32_t act(const WorldBatch& b, std::uint32_t world, Cell* grid,
                                                        unsigned action) {
    static constexpr Effects kEffects{};
    // All bits set where the changed cell is the one in front, though the agent does not go there.
    static constexpr std::uint32_t kInFront[8] = {0, 0, 0, ~0u, ~0u, ~0u, 0, 0};
    const std::uint32_t direction = b.agents.direction[world], pocket = b.agents.pocket[world];
    const std::uint32_t position = b.agents.position[world];
    const std::uint32_t front = position + b.geometry.ahead[direction];
    const std::uint32_t before = grid[front];
    const Effect& e = kEffects.of[action][(pocket >> 4) != 0 ? 1 : 0][before >> 4];
    // In 32 bits from the start: a byte that is kept in memory and read back as more stalls.
    const std::uint32_t moves = 0u - (e.moves & 1u);
    const std::uint32_t has_key = 0u - static_cast<std::uint32_t>((pocket ^ (before & 15u)) == kAnyKey);
    const std::uint32_t flips = e.flips | (0x20u & e.unlocks & has_key);  // locked 8 -> open 10
    grid[front] = static_cast<Cell>(((before ^ flips) & e.keeps_front) | (kFloor & e.picks) | (pocket & e.puts));
    b.agents.pocket[world] = static_cast<Cell>((pocket & e.keeps_pocket) | (before & e.picks));
    b.agents.direction[world] = static_cast<std::uint8_t>((direction + e.turns) & 3u);
    const std::uint32_t moved = (front - position) & moves;
    b.agents.position[world] = position + moved;
    return position + (moved | ((front - position) & kInFront[action]));
  }

  // Whether a rule may fire or the goal may be reached, by kinds of tiles.
  [[gnu::always_inline]] LS_FN static bool may_react(const WorldBatch& b, std::uint32_t world, const Cell* grid,
                                                     std::uint32_t changed, unsigned action) {
    constexpr std::uint64_t kPart = 0xffff, kGoal = std::uint64_t{1} << kAlways;
    static constexpr std::uint64_t kParts[8] = {kPart | kPart << 32 | kGoal,       kGoal, kGoal, kPart << 48 | kGoal,
                                                kPart << 16 | kPart << 32 | kGoal, kGoal, kGoal, kGoal};
    const Cell* const here = grid + b.agents.position[world];
    const auto bit = [](Cell cell) { return std::uint64_t{1} << tile_of(cell); };
    const std::uint64_t near =
        bit(here[-b.geometry.stride]) | bit(here[1]) | bit(here[b.geometry.stride]) | bit(here[-1]);
    const std::uint64_t kinds =
        near | near << 16 | bit(grid[changed]) << 32 | bit(b.agents.pocket[world]) << 48 | kGoal;
    return (kinds & b.agents.triggers[world] & kParts[action]) != 0;
  }

  [[gnu::noinline]] LS_FN static bool react(const WorldBatch& b, std::uint32_t world, Cell* grid, std::uint32_t changed,
                                            unsigned action) {
    const Reaction<Isa> reaction{b.geometry, grid, b.agents.position[world], b.agents.pocket[world], changed};
    return reaction.run(b.rulesets, b.progress.ruleset[world], action);
  }

  [[gnu::always_inline]] LS_FN static Cell* grid_of(const WorldBatch& b, std::uint32_t world) {
    return b.grids + static_cast<std::size_t>(world) * static_cast<std::size_t>(b.geometry.bytes);
  }
  [[gnu::always_inline]] LS_FN static std::size_t observation_size(const WorldBatch& b) {
    return static_cast<std::size_t>(2 * b.geometry.view * b.geometry.view);
  }
  [[gnu::always_inline]] LS_FN static void observe(const WorldBatch& b, std::uint32_t world) {
    FieldOfView<Isa>::write(b, grid_of(b, world), b.agents.position[world], b.agents.direction[world],
                            b.observation + world * observation_size(b));
  }

  // The reward and last observation of a world whose episode ended, and its next episode.
  [[gnu::noinline]] LS_FN static void end(const WorldBatch& b, std::uint32_t world, bool restart) {
    const std::size_t size = observation_size(b);
    const std::uint8_t* const seen = b.observation + world * size;
    std::uint8_t* const last = b.last_observation + world * size;
    for (std::size_t i = 0; i < size; ++i) last[i] = seen[i];
    const std::uint32_t step = b.agents.step[world];
    if (b.terminated[world] != 0) b.reward[world] = b.reward_of_step[step < b.max_steps ? step : b.max_steps];
    if (!restart) return;
    EpisodeStart<Isa>::next(b, world);
    observe(b, world);
  }

  // One step of `count` <= kMost worlds from `first` on; actions [count]: 0..5, kCutEpisode, or any other, which passes
  // a step in which nothing is done. Pass by pass, so that several worlds are under way at once in each: one world's
  // pass is a chain of loads that wait for each other.
  template <int kMost>
  LS_FN static void step(const WorldBatch& b, std::uint32_t first, std::uint32_t count, const std::uint8_t* actions) {
    std::uint32_t changed[kMost];
    std::uint8_t action[kMost], reached[kMost];
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint8_t a = actions[i];
      action[i] = a < kNoAction ? a : static_cast<std::uint8_t>(a == kCutEpisode ? kCut : kNoAction);
    }
    for (std::uint32_t i = 0; i < count; ++i) changed[i] = act(b, first + i, grid_of(b, first + i), action[i]);
    for (std::uint32_t i = 0; i < count; ++i) {
      Cell* const grid = grid_of(b, first + i);
      reached[i] = 0;
      if (may_react(b, first + i, grid, changed[i], action[i])) {
        reached[i] = react(b, first + i, grid, changed[i], action[i]) && action[i] != kCut ? 1 : 0;
      }
    }
    for (std::uint32_t i = 0; i < count; ++i) observe(b, first + i);
    std::uint32_t ended = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t world = first + i;
      const std::uint32_t step = b.agents.step[world] + 1;
      const std::uint8_t cut = step >= b.agents.limit[world] || action[i] == kCut ? 1 : 0;
      b.agents.step[world] = step;
      b.reward[world] = 0.0f;
      b.terminated[world] = reached[i];
      b.truncated[world] = cut;
      ended |= static_cast<std::uint32_t>(reached[i] | cut);
    }
    if (ended == 0) return;
    for (std::uint32_t i = 0; i < count; ++i) {
      if ((b.terminated[first + i] | b.truncated[first + i]) != 0) {
        end(b, first + i, b.auto_reset || action[i] == kCut);
      }
    }
  }
};

}  // namespace lockstep::envs::xland
