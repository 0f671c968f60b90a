// A sweep: the same training run under several seeds, each in a run folder of its own, several side by side.
//
//   sweep.toml       the seeds, and every setting of the runs but their seed
//   seed-N/          run folder of seed N (engine/run_folder.h), the same bits as of a single run of that seed
//   sweep.csv, report.html   the runs together (apps/sweep_report.h), written when the sweep ends
#pragma once

#include "apps/training.h"

#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace lockstep::apps {

struct SweepRequest {
  ResolvedRun run;                   // its seed is not used
  std::vector<std::uint64_t> seeds;  // at least one, ascending
  std::filesystem::path folder;
  int jobs = 1;            // runs side by side, each on threads of its own; results do not depend on it
  bool resume = false;     // go on with the sweep in `folder`
  bool overwrite = false;  // take the place of an older sweep of these seeds in `folder`
};

struct SeedRun {
  std::uint64_t seed = 0;
  TrainRequest request;
  TrainResult result;
};

struct SweepResult {
  bool is_interrupted = false;
  std::vector<SeedRun> runs;   // those that ended, interrupted ones included, in the order of the seeds
  std::exception_ptr failure;  // what the first run that failed threw; the others went on
};

// Where a sweep tells what it is doing; calls come from any thread, one at a time. All may be empty.
struct SweepObserver {
  std::function<void(double share, const std::string& text)> progress;  // share of the sweep in [0, 1]
  std::function<void(std::uint64_t seed, std::int64_t iteration, const std::vector<agents::Metric>&)> iteration;
  std::function<void(std::uint64_t seed, const std::exception& error)> failure;
};

// Trains every seed. Ctrl-C (the caller's InterruptGuard) stops all of them, each resumable to the same bits; a run
// that had ended before a sweep was resumed is evaluated again and nothing else. Errors of settings and of the folder
// are thrown before anything is written.
[[nodiscard]] SweepResult run_sweep(const SweepRequest& request, const agents::Entry& entry,
                                    const EnvironmentFactory& make_environment, const SweepObserver& observer);

// Whether the folder holds a sweep.
[[nodiscard]] bool is_sweep(const std::filesystem::path& folder);

// Throws Error, which names a seed's folder, where a command that wants one run is given a sweep.
void check_single_run(const std::filesystem::path& folder);

struct SavedSweep {
  Settings config;  // of the runs, without their seed
  std::vector<std::uint64_t> seeds;
};
// Throws Error where sweep.toml is missing or damaged.
[[nodiscard]] SavedSweep read_sweep(const std::filesystem::path& folder);

}  // namespace lockstep::apps
