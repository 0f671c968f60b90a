// `lockstep bench closed-loop`: planned through native dynamics, acted in MuJoCo C: success and rate over seeds.
#pragma once

#include "apps/commands.h"

#include <cstdint>
#include <string>
#include <vector>

namespace lockstep::apps {

struct BenchClosedLoopOptions {
  std::vector<std::string> tasks;  // of cartpole-swingup and acrobot-swingup; empty: both
  int episodes = 10;               // from seeds seed, seed + 1 ...
  std::uint64_t seed = 0;
  std::vector<std::string> assignments;  // KEY=VALUE of planner.* and mpc.*, over the benchmark's own
  double rate_hz = 200;  // control steps per second of wall time with the planner thread; the least rate of plans
};

// Prints per task two rows: a plan at every control step, waited for (rate: plans per second of CPU time), and a
// planner thread beside control steps that come at rate_hz and wait for nothing. Success: the task's own return.
// Returns an exit code: kCriterionNotMet where an episode fails, or plans that are waited for are slower than rate_hz.
int bench_closed_loop(const BenchClosedLoopOptions& options, CommandContext& context);

// Adds `closed-loop` to the group `bench`.
void add_bench_closed_loop(CLI::App& bench, CommandContext& context);

}  // namespace lockstep::apps
