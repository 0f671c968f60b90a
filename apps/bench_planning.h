// `lockstep bench planning`: how fast an agent plans through the model that it learned, doing its job.
#pragma once

#include "apps/commands.h"

#include <cstdint>
#include <string>

namespace lockstep::apps {

struct BenchPlanningOptions {
  std::string task = "cartpole-swingup";
  std::uint64_t seed = 0;
  int repeats = 3;  // runs with seeds seed, seed + 1 ...; one row each
};

// Lets sindy-mpc learn the task for one iteration and prints the rate of its plans in the evaluation episode on the
// true physics (one core, planning time alone), p50 and p99 of a plan's latency, and the return. There is no peer that
// plans through a learned model. Returns an exit code.
int bench_planning(const BenchPlanningOptions& options, CommandContext& context);

// Adds `planning` to the group `bench`.
void add_bench_planning(CLI::App& bench, CommandContext& context);

}  // namespace lockstep::apps
