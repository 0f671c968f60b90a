// Receding-horizon control of many worlds at once: every world has a plan of its own ("MPC as a policy").
#pragma once

#include "engine/thread_pool.h"
#include "planners/planner.h"
#include "planners/receding_horizon.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace lockstep::planners {

struct BatchedMpcConfig {
  int num_worlds = 1;  // >= 1
  int threads = 1;     // >= 1; results do not depend on it
  RecedingHorizonConfig loop;
};

// Deterministic given the planner's iteration budget: what a world does depends on (seed, world, its states) alone.
class BatchedMpc {
 public:
  // entry, settings: the planner of every world. dynamics is cloned per thread; cost is shared and outlives this.
  BatchedMpc(const Entry& entry, const Settings& settings, const Dynamics& dynamics, const Cost& cost,
             std::span<const double> u_min, std::span<const double> u_max, const BatchedMpcConfig& config);

  // Starts an episode in every world; world w draws from seed + w.
  void reset(std::uint64_t seed);
  // Starts one world's episode.
  void reset_world(int world, std::uint64_t seed) { loops_[static_cast<size_t>(world)].reset(seed); }
  // states [worlds][nx] -> controls [worlds][nu], in bounds, never NaN.
  void act(View<const double, 2> states, View<double, 2> controls);

  [[nodiscard]] int num_worlds() const { return static_cast<int>(loops_.size()); }
  [[nodiscard]] const RecedingHorizon& world(int world) const { return loops_[static_cast<size_t>(world)]; }

 private:
  ThreadPool pool_;
  std::vector<std::unique_ptr<Dynamics>> dynamics_;  // of each thread
  std::vector<RecedingHorizon> loops_;               // of each world
};

}  // namespace lockstep::planners
