// What an agent does to W worlds and sees of them where a Wrapping (engine/wrapping.h) stands between.
//   action -> delay -> noise -> cut to its range -> executed for `action_repeat` env steps
//   observation -> noise -> statistics -> normalised -> stacked; rewards of the steps -> sum -> statistics ->
//   normalised
// Work on a block of worlds is for one thread; blocks do not touch each other.
#pragma once

#include "engine/buffer.h"
#include "engine/byte_stream.h"
#include "engine/environment.h"
#include "engine/view.h"
#include "kernels/philox.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace lockstep::envs {

// What the worlds themselves gave in an env step: rows of all worlds, kept by the environment.
struct StepResults {
  const float *observation = nullptr, *final_observation = nullptr;  // [worlds][observation_size]
  const float *reward = nullptr, *final_return = nullptr;            // [worlds]
  const std::uint8_t *terminated = nullptr, *truncated = nullptr;    // [worlds]
  const std::uint32_t* episode = nullptr;                            // [worlds]
};

class Wrapper {
 public:
  // `task` is the task without the wrapping; `rows` worlds have room in whole blocks.
  Wrapper(const EnvironmentConfig& config, const TaskSpec& task, StepResults results, int rows, int num_blocks);

  // First observations of all worlds.
  void start();
  // An observation of one world that stands for all that came before.
  void show_state(int world);

  // ---- One decision, block by block: worlds first ... first + count - 1 ----
  // The actions [count][action_size] that they execute; `actions` [worlds][action_size] are the agent's.
  const float* execute(int first, int count, const float* actions);
  // Adds what the env step just taken came to, where the decision is not over. True where it is for all.
  bool collect(int first, int count);
  // [lanes] of the block, 1 where an episode has ended in this decision. Their actions become 0.
  const std::uint8_t* stop_ended(int first, int count);
  [[nodiscard]] bool has_ended(int first, int count) const;
  // After the last env step: statistics of the block, and where nothing is normalised what the agent sees.
  void see(int block, int first, int count);
  // Where something is: after learn().
  void show(int first, int count);
  // After all blocks, before they are shown: puts their statistics together, in their order.
  void learn();
  void end_decision() { ++decision_; }

  [[nodiscard]] int observation_size() const { return size_ * wrapping_.frame_stack; }
  [[nodiscard]] std::span<const float> observation() const { return shown_.span(); }
  [[nodiscard]] std::span<const float> final_observation() const { return final_.span(); }
  [[nodiscard]] std::span<const float> reward() const { return reward_.span(); }
  [[nodiscard]] std::span<const float> final_return() const { return final_return_.span(); }
  [[nodiscard]] std::span<const std::uint8_t> terminated() const { return terminated_.span(); }
  [[nodiscard]] std::span<const std::uint8_t> truncated() const { return truncated_.span(); }

  void save(ByteWriter& out) const;
  void load(ByteReader& in);

 private:
  template <class Self, class Function>
  static void each_saved(Self& self, Function&& f);
  void add_noise(int world, float* action) const;
  // Observations of worlds first ... first + count - 1 as they are, or noisy: into noisy_, where there is noise.
  void blur(int first, int count);
  void blur_row(int world, std::uint32_t draw, float* row) const;
  // [worlds][size_] what is there to be seen.
  [[nodiscard]] const float* seen() const { return blur_.empty() ? results_.observation : noisy_.data(); }
  void begin_episode(int world);
  // observations [rows][size_] as the agent sees them, into normalised_ from row `first` on
  void normalise(const float* observations, int first, int rows, float* out) const;
  void push_frame(const float* observation, float* frames) const;
  void show_seen(int world);
  void show_world(int world);

  Wrapping wrapping_;
  int worlds_, size_, actions_;
  bool learns_;
  std::shared_ptr<RunningStatistics> statistics_;
  StepResults results_;
  kernels::RandomStream noise_;
  std::vector<float> blur_;                              // [size_] half widths of noise; empty: none
  std::vector<float> deviation_, low_, high_, neutral_;  // [action_size]
  std::uint32_t decision_ = 0;

  HostBuffer<float> waiting_;              // [rows][delay][action_size], the next to be executed first
  HostBuffer<float> executed_;             // [rows][action_size]
  HostBuffer<float> noisy_, normalised_;   // [rows][size_]
  HostBuffer<float> shown_, final_;        // [rows][frames][size_]
  HostBuffer<float> last_;                 // [rows][size_], of the episode that ended in this decision
  HostBuffer<float> reward_, discounted_;  // [rows]
  HostBuffer<float> final_return_;         // [rows]
  HostBuffer<std::uint8_t> terminated_, truncated_, ended_;
  std::vector<std::uint32_t> episode_;                              // [worlds], whose frames are shown
  std::vector<RunningMoments> block_observations_, block_returns_;  // [blocks], of this decision
};

}  // namespace lockstep::envs
