// Runs the seeds under one progress bar, then writes the pages of the runs and of the sweep.
#include "apps/train_sweep.h"
#include "apps/interrupt.h"
#include "apps/progress_bar.h"
#include "apps/run_report.h"
#include "apps/seed_list.h"
#include "apps/sweep_report.h"
#include "engine/atomic_file.h"
#include "engine/error.h"
#include "envs/env.h"
#include "envs/task_names.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

namespace lockstep::apps {
namespace {

SweepObserver observer_of(ProgressBar& bar, CommandContext& context) {
  SweepObserver observer;
  observer.progress = [&bar](double share, const std::string& text) { bar.update(share, text); };
  observer.iteration = [&bar, &context](std::uint64_t seed, std::int64_t iteration,
                                        const std::vector<agents::Metric>& metrics) {
    std::string line = fmt::format("seed {}  iteration {}", seed, iteration);
    JsonRow row;
    row["seed"] = seed;
    row["iteration"] = iteration;
    for (const agents::Metric& metric : metrics) {
      line += fmt::format("  {} {:.4g}", metric.name, metric.value);
      row[metric.name] = metric.value;
    }
    bar.line(line);
    context.row(row);
  };
  observer.failure = [&bar](std::uint64_t seed, const std::exception& error) {
    bar.wipe();
    spdlog::error("seed {} failed, the others go on: {}", seed, error.what());
  };
  return observer;
}

void write_files(const SweepRequest& request, SweepResult& result) {
  for (SeedRun& run : result.runs) write_report(run.request, run.result);
  write_file(request.folder / "sweep.csv", sweep_csv(result));
  const TaskSpec task = envs::task_spec(request.run.config.task, request.run.config.environment);
  write_file(request.folder / "report.html", sweep_html({task, request, result, machine_rows()}));
}

}  // namespace

int train_sweep(const SweepRequest& request, CommandContext& context) {
  const RunConfig& config = request.run.config;
  SweepResult result;
  {
    const InterruptGuard guard;
    ProgressBar bar(context.text_stream());
    result = run_sweep(request, agents::find(config.agent), envs::make_environment, observer_of(bar, context));
    bar.update(1, "reports");
    write_files(request, result);
  }
  if (!result.runs.empty()) {
    context.print("\n{}, {}, seeds {}: {} of {} ended\n{}", config.task, config.agent, seeds_text(request.seeds),
                  std::ranges::count_if(result.runs, [](const SeedRun& run) { return !run.result.is_interrupted; }),
                  request.seeds.size(), sweep_table(result));
  }
  context.row(sweep_row(request, result));
  context.print("  sweep folder  {}\n", request.folder.string());
  if (result.is_interrupted) context.print("  go on with: lockstep train --resume {}\n", request.folder.string());
  if (result.failure) std::rethrow_exception(result.failure);
  if (result.is_interrupted) return kInterrupted;
  return std::ranges::all_of(result.runs, [](const SeedRun& run) { return run.result.is_success; }) ? kDone
                                                                                                    : kCriterionNotMet;
}

}  // namespace lockstep::apps
