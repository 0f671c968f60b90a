// A batch of XLand worlds on a CPU: bytes in, bytes out.
#pragma once

#include "engine/buffer.h"
#include "engine/byte_stream.h"
#include "engine/thread_pool.h"
#include "envs/xland/layout.h"
#include "envs/xland/ruleset.h"
#include "envs/xland/world_kernels.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lockstep::envs::xland {

struct WorldsConfig {
  int num_worlds = 1;  // >= 1
  LayoutKind layout = LayoutKind::kR4;
  int side = 13;            // cells along each edge of the grid, walls included, [5, 255]
  int view = 5;             // cells along each edge of the observation, odd, [3, 15]
  bool occluded = false;    // walls and closed doors hide what is behind them
  int max_steps = 0;        // of an episode, >= 1; 0: 3 side^2
  int trial_steps = 12800;  // after which a world gets another ruleset, its episode cut; 0: it keeps its own
  bool auto_reset = true;   // a world whose episode ended starts the next in the same step
  std::uint64_t seed = 0;   // keys every draw
  int threads = 1;          // >= 1; results do not depend on it
};

enum class StepType : std::uint8_t { kFirst, kMid, kLast };

// One world, as xminigrid shows it.
struct WorldState {
  std::vector<std::uint8_t> grid;  // [side][side][2] tile, colour
  int y = 0, x = 0;                // the agent's cell
  int direction = 0;               // 0 up, 1 right, 2 down, 3 left
  EncodedTile pocket{};            // (0, 0): empty
  int step = 0;                    // of the episode, >= 0
  int ruleset = 0;
  bool operator==(const WorldState&) const = default;
};

// W worlds, each with one of the rulesets, in their first episodes. A world's draws are functions of (seed, world,
// number of its trial or episode) alone.
class Worlds {
 public:
  // Throws Error for sizes that do not fit each other, and for what check() and pack() refuse.
  Worlds(const WorldsConfig& config, std::vector<Ruleset> rulesets);

  [[nodiscard]] const WorldsConfig& config() const { return config_; }
  [[nodiscard]] int max_steps() const { return static_cast<int>(batch_.max_steps); }
  [[nodiscard]] const std::vector<Ruleset>& rulesets() const { return rulesets_; }
  [[nodiscard]] std::size_t observation_bytes() const {  // of one world
    return static_cast<std::size_t>(2 * config_.view * config_.view);
  }

  // Starts the next episode in every world.
  void reset();
  // One step of every world; actions [worlds]: Action, or kCutEpisode. Others pass a step in which nothing is done, and
  // are counted in bad_actions().
  void step(std::span<const std::uint8_t> actions);
  // The same for a range that for_each_range gave: for callers that do more with it while it is in the cache.
  void step_range(std::uint32_t first, std::span<const std::uint8_t> actions);
  [[nodiscard]] std::int64_t bad_actions() const;

  // Results of the last step. Where an episode ended and auto_reset is on, `observation` is the first of the next.
  [[nodiscard]] std::span<const std::uint8_t> observation() const { return observation_.span(); }  // [W][v][v][2]
  [[nodiscard]] std::span<const std::uint8_t> last_observation() const {  // [W][v][v][2], where an episode ended
    return last_observation_.span();
  }
  [[nodiscard]] std::span<const float> reward() const { return reward_.span(); }
  [[nodiscard]] std::span<const std::uint8_t> terminated() const { return terminated_.span(); }
  [[nodiscard]] std::span<const std::uint8_t> truncated() const { return truncated_.span(); }
  // Of a world's last step: kLast where an episode ended in it, kFirst after reset().
  [[nodiscard]] StepType step_type(int world) const;
  // 0 where the goal was reached, else 1.
  [[nodiscard]] float discount(int world) const { return terminated_[static_cast<std::size_t>(world)] != 0 ? 0 : 1; }

  [[nodiscard]] WorldState get_state(int world) const;
  // Throws Error for tiles that do not exist, an agent outside the grid, and an unknown ruleset.
  void set_state(int world, const WorldState& state);
  // The step of its episode after which a world is cut, >= 1; from the next episode on it is the usual one.
  void set_limit(int world, int step);
  [[nodiscard]] int limit(int world) const;

  // All that the next step depends on, but the rulesets.
  void save(ByteWriter& writer) const;
  void load(ByteReader& reader);

  // The table of functions and the arrays that the worlds run on, for programs that step ranges of worlds themselves.
  [[nodiscard]] const WorldKernels& kernels() const { return kernels_; }
  [[nodiscard]] const WorldBatch& batch() const { return batch_; }
  // f(first, count) on ranges of worlds, split over the threads.
  template <class Function>
  void for_each_range(Function&& f) {
    const auto range = [&](int block, int) {
      const auto first = static_cast<std::uint32_t>(block) * kRange;
      const auto left = static_cast<std::uint32_t>(config_.num_worlds) - first;
      f(first, left < kRange ? left : kRange);
    };
    pool_.for_each((config_.num_worlds + static_cast<int>(kRange) - 1) / static_cast<int>(kRange), range);
  }
  static constexpr std::uint32_t kRange = 256;  // worlds at most; their outputs stay in the first cache

 private:
  void allocate();
  void point();
  // f on every array that outlives a step.
  template <class Self, class Function>
  static void each_saved(Self& self, Function&& f) {
    f(self.grids_), f(self.position_), f(self.direction_), f(self.pocket_), f(self.step_), f(self.limit_);
    f(self.ruleset_), f(self.episode_), f(self.trial_), f(self.trial_left_);
    f(self.last_observation_), f(self.reward_), f(self.terminated_), f(self.truncated_);
  }
  [[nodiscard]] std::size_t cell_at(int y, int x) const {
    return static_cast<std::size_t>(geometry_.origin + y * geometry_.stride + x);
  }
  [[nodiscard]] bool is_cell(std::uint32_t position) const;
  void check_saved(ByteReader reader) const;

  WorldsConfig config_;
  std::vector<Ruleset> rulesets_;
  Geometry geometry_;
  Layout layout_;
  PackedRulesets packed_;
  WorldKernels kernels_;
  std::vector<float> reward_of_step_;
  HostBuffer<Cell> grids_;
  HostBuffer<std::uint32_t> position_, step_, limit_;
  HostBuffer<std::uint8_t> direction_, pocket_;
  HostBuffer<std::uint64_t> triggers_;
  HostBuffer<std::uint32_t> ruleset_, episode_, trial_, trial_left_;
  HostBuffer<std::uint8_t> observation_, last_observation_, terminated_, truncated_;
  HostBuffer<float> reward_;
  std::vector<std::int64_t> bad_in_range_;  // actions, per range: threads share no counter
  WorldBatch batch_;
  ThreadPool pool_;
};

}  // namespace lockstep::envs::xland
