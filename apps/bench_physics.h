// `lockstep bench physics`: the speed of physics against MuJoCo C in one run, beside how far the two agree.
#pragma once

#include "apps/commands.h"
#include "apps/physics_race.h"

#include <memory>
#include <string>
#include <vector>

namespace lockstep::apps {

struct BenchPhysicsOptions {
  std::vector<std::string> models;  // names of the built-in list, or MJCF files; empty: the whole list
  std::string backend = "cpu";      // ours: cpu | cuda | mujoco | auto
  std::string precision = "float";  // float | double
  std::string motion = "noisy";     // of MJCF files: noisy | quiet | smooth; built-in names say theirs
  std::vector<int> threads = {1};   // one row for each; above 1 also the ratio to 1 thread
  int worlds = 256;                 // of our batch
  std::string specialise = "off";   // ours: off | auto | require
  int lanes = 0;                    // 0: the widest
  int pairs = 9;                    // slices of each side, alternating; the ratio is their median
  double slice_seconds = 0.2;       // length of one slice
  int warmup = 200;                 // physics steps from the model's first pose to the course's start
  int steps = 500;                  // physics steps of the course, a multiple of 5; then worlds go back to its start
};

// One line of results: `ours` and `peer` are world-steps/s; per second of one core where threads is 1 (measured in CPU
// time of that thread), else per second of all threads together.
struct BenchRow {
  std::string name, backend, peer_name, isa;
  double ours = 0, peer = 0;  // medians
  double ratio = 0;           // median of the ratios of neighbouring slices
  double low = 0, high = 0;   // their quartiles: the spread
  int threads = 1, lanes = 0, worlds = 0;
  std::string precision;
  std::string specialise;  // off | auto | require
};

// Measures and prints, one JSON row per BenchRow. Returns an exit code.
int bench_physics(const BenchPhysicsOptions& options, CommandContext& context);

// Our speed divided by mj_step's on one core: the median over slices of `seconds` that take turns.
[[nodiscard]] double speed_ratio(const std::shared_ptr<const Model>& model, Motion motion, double seconds);

// Adds `physics` to the group `bench`.
void add_bench_physics(CLI::App& bench, CommandContext& context);

}  // namespace lockstep::apps
