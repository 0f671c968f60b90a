// `lockstep bench planners`: what planners cost on one core, beside MuJoCo's own rollouts and derivatives.
#pragma once

#include "apps/commands.h"

#include <string>
#include <vector>

namespace lockstep::apps {

struct BenchPlannersOptions {
  std::vector<std::string> rows;   // names of rows, or beginnings of names; empty: all
  int repeats = 5;                 // of every measurement; the median counts
  double seconds = 0.2;            // least length of one
  std::string specialise = "off";  // simulators in ours: off | auto | require
};

// Prints one row each of: sweeps and iterations of iLQR (us per knot), Jacobians against mjd_transitionFD, roll-outs
// against mj_step, what a sampling planner adds to its roll-outs, and plans of many worlds. Times are CPU times of one
// thread. Returns an exit code.
int bench_planners(const BenchPlannersOptions& options, CommandContext& context);

// Adds `planners` to the group `bench`.
void add_bench_planners(CLI::App& bench, CommandContext& context);

}  // namespace lockstep::apps
