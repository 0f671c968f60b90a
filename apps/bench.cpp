// `lockstep bench`: what is measured against other programs, one subcommand per subject.
#include "apps/bench_closed_loop.h"
#include "apps/bench_learning.h"
#include "apps/bench_physics.h"
#include "apps/bench_plan_costs.h"
#include "apps/bench_planners.h"
#include "apps/bench_planning.h"
#include "apps/bench_tasks.h"
#include "apps/bench_viewer.h"
#include "apps/commands.h"

namespace lockstep::apps {

void add_bench(CLI::App& app, CommandContext& context) {
  CLI::App& bench = context.add_group(app, "bench", "measure speed against other programs in one run");
  add_bench_physics(bench, context);
  add_bench_planning(bench, context);
  add_bench_planners(bench, context);
  add_bench_plan_costs(bench, context);
  add_bench_closed_loop(bench, context);
  add_bench_tasks(bench, context);
  add_bench_learning(bench, context);
  add_bench_viewer(bench, context);
}

}  // namespace lockstep::apps
