// `lockstep bench learning`: gradient updates per second, beside the matrix products that they cannot do without.
#pragma once

#include "apps/commands.h"

#include <string>
#include <vector>

namespace lockstep::apps {

struct BenchLearningOptions {
  std::vector<std::string> agents;  // sac, td3; empty: both
  int threads = 1;
  int repeats = 5;       // turns of every measurement; the median counts
  double seconds = 0.5;  // least length of a turn
};

// Prints one row an agent and size: updates/s, the arithmetic of their matrix products, and what share of the rate of
// one product of 256 x 256 x 256 on one thread in the same run it reaches. Returns an exit code.
int bench_learning(const BenchLearningOptions& options, CommandContext& context);

// Adds `learning` to the group `bench`.
void add_bench_learning(CLI::App& bench, CommandContext& context);

}  // namespace lockstep::apps
