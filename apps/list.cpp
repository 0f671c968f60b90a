// `lockstep list`: the names that other commands take, one line each.
#include "agents/agent.h"
#include "apps/commands.h"
#include "apps/run_config.h"
#include "envs/env.h"
#include "envs/option_values.h"
#include "envs/xland/tasks.h"
#include "models/optimisers/optimiser.h"
#include "planners/planner.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace lockstep::apps {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;  // name, summary

template <class Entries>
Rows rows_of(const Entries& entries) {
  Rows rows;
  for (const auto* entry : entries) rows.emplace_back(entry->name, entry->summary);
  return rows;
}

Rows task_rows() {
  Rows rows = rows_of(envs::entries());
  for (const envs::xland::ListedTask& task : envs::xland::listed_tasks()) rows.emplace_back(task.name, task.summary);
  return rows;
}

void print_rows(const Rows& rows, CommandContext& context) {
  size_t width = 0;
  for (const auto& [name, summary] : rows) width = std::max(width, name.size());
  for (const auto& [name, summary] : rows) {
    context.print("{:<{}}  {}\n", name, width, summary);
    JsonRow row;
    row["name"] = name;
    row["summary"] = summary;
    context.row(row);
  }
}

// Every key that a run of this agent takes, with its default.
Rows keys_of(const std::string& agent) {
  Rows rows;
  RunConfig config;
  config.agent = agent;
  Fields fields;
  config.describe(fields);
  Settings values = fields.values();
  values.merge(agents::find(agent).defaults());
  for (const auto& [key, setting] : values.values()) {
    Settings one;
    one.set(key, setting);
    const std::string line = one.to_toml();  // "key = value\n"
    const auto field = std::ranges::find(fields.fields(), key, &Fields::Field::name);
    const std::string help = field == fields.fields().end() ? "" : "  # " + field->help;
    rows.emplace_back(key, "= " + line.substr(key.size() + 3, line.size() - key.size() - 4) + help);
  }
  return rows;
}

// What the options of a task are: name, default, what is possible, meaning.
int print_task(const std::string& name, CommandContext& context) {
  if (envs::xland::is_task(name)) {
    context.print("{}: a grid world, whose options are its name (docs/xland.md)\n", envs::xland::parse_task(name).name);
    return kDone;
  }
  const envs::Entry& entry = envs::find(name);
  const TaskSpec spec = envs::spec(entry);
  context.print("{}: {} ({})\n{} numbers observed, {} of action, {:g} s a step of {} physics steps, {}\n", spec.name,
                spec.summary, spec.source, spec.observation_size, spec.action_size, spec.control_timestep,
                spec.physics_steps,
                spec.episode_steps > 0 ? fmt::format("{} steps an episode", spec.episode_steps) : "no time limit");
  context.print("{}", entry.options.empty() ? "no options\n" : "options:\n");
  for (const envs::OptionField& field : entry.options) {
    context.print("  {:<44} {:>12}  {} ({})\n", field.name, envs::default_text(field), field.meaning,
                  envs::possible_text(field));
    JsonRow row;
    row["name"] = field.name;
    row["summary"] = field.meaning;
    row["default"] = envs::default_text(field);
    row["possible"] = envs::possible_text(field);
    context.row(row);
  }
  if (!spec.observation_noise.empty())
    context.print("observations have noise to be switched on: --observation-noise 1\n");
  if (entry.facts->randomise != nullptr) context.print("--randomise task draws: {}\n", entry.facts->randomise);
  return kDone;
}

void add_tasks(CLI::App& list, CommandContext& context) {
  auto task = std::make_shared<std::string>();
  CLI::App& command = context.add(list, "tasks", "what can be learned and viewed; with TASK, its options",
                                  "  lockstep list tasks\n  lockstep list tasks ant-v5\n");
  command.add_option("TASK", *task, "Show the options of this task");
  context.on_run(command, [task, &context] {
    if (!task->empty()) return print_task(*task, context);
    print_rows(task_rows(), context);
    return static_cast<int>(kDone);
  });
}

void add_rows(CLI::App& list, CommandContext& context, const std::string& name, const std::string& summary,
              Rows (*rows)()) {
  CLI::App& command = context.add(list, name, summary, "  lockstep list " + name + "\n");
  context.on_run(command, [rows, &context] {
    print_rows(rows(), context);
    return kDone;
  });
}

}  // namespace

void add_list(CLI::App& app, CommandContext& context) {
  CLI::App& list = context.add_group(app, "list", "show the names of tasks, agents, planners, and a run's settings");
  add_tasks(list, context);
  add_rows(list, context, "agents", "who learns", [] { return rows_of(agents::entries()); });
  add_rows(list, context, "planners", "who plans", [] { return rows_of(planners::entries()); });
  add_rows(list, context, "optimisers", "who chooses the terms of a sparse model",
           [] { return rows_of(models::optimisers::entries()); });
  auto agent = std::make_shared<std::string>();
  CLI::App& keys = context.add(list, "keys", "every setting of a run with an agent, and its default",
                               "  lockstep list keys sindy-mpc\n");
  keys.add_option("AGENT", *agent, "Agent of the run")->required();
  context.on_run(keys, [agent, &context] {
    print_rows(keys_of(*agent), context);
    return kDone;
  });
}

}  // namespace lockstep::apps
