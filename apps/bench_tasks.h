// `lockstep bench tasks`: env steps per second of each task, beside MuJoCo's own steps of its model.
#pragma once

#include "apps/commands.h"
#include "apps/environment_flags.h"

#include <string>
#include <vector>

namespace lockstep::apps {

struct BenchTasksOptions {
  std::vector<std::string> tasks;  // names, or beginnings of names; empty: all but systems
  int num_worlds = 256;
  int threads = 1;
  std::string specialise = "off";   // off | auto | require
  std::string precision = "float";  // float | double
  int repeats = 5;                  // turns of every measurement; the median counts
  double seconds = 0.2;             // least length of a turn
  EnvironmentFlags environment = {};
};

// Prints one row a task: env steps/s under random actions, with observations written and worlds started again where
// their episodes end; and, for a task with a MuJoCo model, of mj_step alone on one thread from the same states, which
// no environment that calls it can exceed. Returns an exit code.
int bench_tasks(const BenchTasksOptions& options, CommandContext& context);

// Adds `tasks` to the group `bench`.
void add_bench_tasks(CLI::App& bench, CommandContext& context);

}  // namespace lockstep::apps
