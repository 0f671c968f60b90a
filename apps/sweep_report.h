// What the runs of a sweep come to together: a table for people, sweep.csv, rows of --json, report.html.
#pragma once

#include "apps/commands.h"
#include "apps/sweep.h"
#include "engine/environment.h"

#include <string>
#include <utility>
#include <vector>

namespace lockstep::apps {

// One number of every run; the columns of the tables.
struct SweepColumn {
  std::string name;            // "return", "env_steps" ...
  std::vector<double> values;  // [runs]; NaN: the run has none
  int decimals = 0;            // shown to people
};

// return; env_steps; steps_to_success (env steps of a run that met its criterion, where it then ends); iterations;
// seconds of wall time over all sessions; success, 0 or 1.
[[nodiscard]] std::vector<SweepColumn> sweep_columns(const SweepResult& result);

// A line a seed, then mean, std, IQM and its 95% interval of every column.
[[nodiscard]] std::string sweep_table(const SweepResult& result);
// The same as a file: rows of the seeds, then rows "mean", "std", "iqm", "iqm_low", "iqm_high". No value: empty.
[[nodiscard]] std::string sweep_csv(const SweepResult& result);
// One row of --json for all of the sweep; "return_iqm_low" and so on, null where there is no value.
[[nodiscard]] JsonRow sweep_row(const SweepRequest& request, const SweepResult& result);

// The sweep's page: numbers, learning curves over seeds, the table with links to the runs' own pages.
struct SweepReport {
  TaskSpec task;
  SweepRequest request;
  SweepResult result;
  std::vector<std::pair<std::string, std::string>> machine;
};
[[nodiscard]] std::string sweep_html(const SweepReport& report);

}  // namespace lockstep::apps
