// Runs one iteration of sindy-mpc per seed and prints what its planning took.
#include "apps/bench_planning.h"
#include "agents/agent.h"
#include "engine/isa.h"
#include "envs/env.h"

#include <memory>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lockstep::apps {
namespace {

std::vector<agents::Metric> first_iteration(const std::string& task, std::uint64_t seed) {
  const agents::Entry& entry = agents::find("sindy-mpc");
  agents::AgentInputs inputs;
  inputs.make_environment = envs::make_environment;
  inputs.task = task;
  inputs.seed = seed;
  inputs.settings = entry.defaults();
  return entry.make(inputs)->iterate();
}

double value_of(const std::vector<agents::Metric>& metrics, std::string_view name) {
  for (const agents::Metric& metric : metrics)
    if (metric.name == name) return metric.value;
  throw std::logic_error(fmt::format("sindy-mpc has no metric {}", name));
}

JsonRow row_of(const BenchPlanningOptions& options, std::uint64_t seed, const std::vector<agents::Metric>& metrics) {
  JsonRow row;
  row["suite"] = "planning";
  row["name"] = options.task + "/sindy-mpc";
  row["backend"] = "cpu";
  row["ours"] = value_of(metrics, "wall_plans_per_second");
  for (const char* none : {"peer", "peer_name"}) row[none] = nullptr;
  row["unit"] = "plans/s";
  for (const char* none : {"ratio", "spread"}) row[none] = nullptr;
  row["threads"] = 1;
  row["isa"] = isa_name(chosen_isa());
  row["seed"] = seed;
  row["latency_p50_ms"] = value_of(metrics, "wall_plan_p50_ms");
  row["latency_p99_ms"] = value_of(metrics, "wall_plan_p99_ms");
  row["return"] = value_of(metrics, "return");
  return row;
}

}  // namespace

int bench_planning(const BenchPlanningOptions& options, CommandContext& context) {
  context.print("{}, sindy-mpc, one core: plans through the learned model, at work on the true physics\n\n",
                options.task);
  context.print("{:>6} {:>12} {:>10} {:>10} {:>10}\n", "seed", "plans/s", "p50 ms", "p99 ms", "return");
  for (int repeat = 0; repeat < options.repeats; ++repeat) {
    const std::uint64_t seed = options.seed + static_cast<std::uint64_t>(repeat);
    const std::vector<agents::Metric> metrics = first_iteration(options.task, seed);
    context.print("{:>6} {:>12.0f} {:>10.3f} {:>10.3f} {:>10.1f}\n", seed, value_of(metrics, "wall_plans_per_second"),
                  value_of(metrics, "wall_plan_p50_ms"), value_of(metrics, "wall_plan_p99_ms"),
                  value_of(metrics, "return"));
    context.row(row_of(options, seed, metrics));
  }
  return kDone;
}

void add_bench_planning(CLI::App& bench, CommandContext& context) {
  auto options = std::make_shared<BenchPlanningOptions>();
  CLI::App& command = context.add(bench, "planning", "rate and latency of plans through a learned model",
                                  "lockstep bench planning\nlockstep bench planning pendulum-swingup --json -\n");
  command.add_option("TASK", options->task, "task with continuous actions and a return of success")
      ->capture_default_str();
  command.add_option("--seed", options->seed, "seed of the first row")->capture_default_str();
  command.add_option("--repeats", options->repeats, "rows, one seed each")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  context.on_run(command, [options, &context] { return bench_planning(*options, context); });
}

}  // namespace lockstep::apps
