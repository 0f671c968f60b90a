// Measures tasks as environments, in turns with bare MuJoCo where it has the model.
#include "apps/bench_tasks.h"
#include "apps/bench_turns.h"
#include "apps/quantile.h"
#include "engine/error.h"
#include "engine/isa.h"
#include "envs/env.h"
#include "envs/task_names.h"
#include "envs/xland/tasks.h"
#include "kernels/philox.h"

#include <algorithm>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <mujoco/mujoco.h>
#include <nlohmann/json.hpp>

namespace lockstep::apps {
namespace {

constexpr int kActionSets = 32;  // drawn once and used in turn, so that drawing is not measured
constexpr int kPeerSteps = 10;   // env steps of MuJoCo from one world's state
constexpr int kWarmUpSteps = 200;

struct DeleteData {
  void operator()(mjData* data) const { mj_deleteData(data); }
};

EnvironmentConfig environment_config(const BenchTasksOptions& options, bool randomises) {
  EnvironmentConfig config = options.environment.config();
  if (!randomises) config.randomise.clear();
  config.num_worlds = options.num_worlds;
  config.precision = options.precision;
  config.threads = options.threads;
  config.specialise = options.specialise;
  return config;
}

// A task's worlds, random actions for them, and MuJoCo's data of the same model.
class TaskRace {
 public:
  TaskRace(const std::string& task, const BenchTasksOptions& options, bool randomises)
      : env_(envs::make_environment(task, environment_config(options, randomises))) {
    const TaskSpec& spec = env_->spec();
    const int numbers = options.num_worlds * spec.action_size;
    for (int set = 0; set < kActionSets; ++set) {
      for (int i = 0; i < numbers; ++i) {
        const auto action = static_cast<std::size_t>(i % spec.action_size);
        const double share = kernels::uniform<double>({11, 0x7461736b}, static_cast<std::uint32_t>(set),
                                                      static_cast<std::uint32_t>(i), 0);
        const double low = spec.action_low[action], high = spec.action_high[action];
        actions_.push_back(static_cast<float>(
            spec.discrete_actions > 0 ? static_cast<int>(share * spec.discrete_actions) : low + (high - low) * share));
      }
    }
    if (const mjModel* model = env_->mujoco_model()) data_.reset(mj_makeData(model));
    for (int k = 0; k < kWarmUpSteps; ++k) step();
  }

  [[nodiscard]] const Environment& environment() const { return *env_; }
  [[nodiscard]] bool has_peer() const { return data_ != nullptr; }

  // Env steps of all worlds until `seconds` are over: steps per second, and per second of the program's CPU time, which
  // other programs on the same cores take nothing of.
  struct Rate {
    double per_second = 0, per_cpu_second = 0;
  };
  Rate run(double seconds) {
    const std::clock_t begin = std::clock();
    double steps = 0;
    const double rate = work_rate(seconds, [&] {
      step();
      steps += env_->config().num_worlds;
      return env_->config().num_worlds;
    });
    return {rate, steps * CLOCKS_PER_SEC / static_cast<double>(std::max<std::clock_t>(1, std::clock() - begin))};
  }
  // Env steps of mj_step alone, from the present states of the worlds in turn.
  double run_peer(double seconds) {
    return work_rate(seconds, [&] {
      step_peer();
      return kPeerSteps;
    });
  }

 private:
  [[nodiscard]] const float* next_actions() {
    const std::size_t size = actions_.size() / kActionSets;
    return actions_.data() + size * static_cast<std::size_t>(turn_++ % kActionSets);
  }
  void step() { env_->step(View<const float, 2>(next_actions(), env_->config().num_worlds, env_->spec().action_size)); }
  void step_peer() {
    const mjModel* const model = env_->mujoco_model();
    const int world = peer_world_++ % env_->config().num_worlds;
    mj_resetData(model, data_.get());
    env_->get_mujoco_state(world, {data_->qpos, static_cast<std::size_t>(model->nq)},
                           {data_->qvel, static_cast<std::size_t>(model->nv)});
    for (int k = 0; k < kPeerSteps; ++k) {
      const float* const actions = next_actions() + world * env_->spec().action_size;
      for (int i = 0; i < model->nu; ++i) data_->ctrl[i] = static_cast<mjtNum>(actions[i]);
      for (int substep = 0; substep < env_->spec().physics_steps; ++substep) mj_step(model, data_.get());
    }
  }

  std::unique_ptr<Environment> env_;
  std::vector<float> actions_;  // [set][world][action]
  std::unique_ptr<mjData, DeleteData> data_;
  int turn_ = 0, peer_world_ = 0;
};

void measure(const std::string& task, const BenchTasksOptions& options, CommandContext& context) {
  TaskRace race(task, options, true);
  const std::string& randomise = race.environment().config().randomise;
  std::unique_ptr<TaskRace> same;  // all of whose worlds are the model
  if (!randomise.empty()) same = std::make_unique<TaskRace>(task, options, false);
  std::vector<double> ours, of_cpu, peer, ratios, costs;
  for (int repeat = 0; repeat < options.repeats; ++repeat) {
    const TaskRace::Rate rate = race.run(options.seconds);
    ours.push_back(rate.per_second);
    of_cpu.push_back(rate.per_cpu_second);
    if (same) costs.push_back(same->run(options.seconds).per_cpu_second / of_cpu.back() - 1);
    if (!race.has_peer()) continue;
    peer.push_back(race.run_peer(options.seconds));
    ratios.push_back(ours.back() / peer.back());
  }
  JsonRow row;
  row["suite"] = "tasks";
  row["name"] = task;
  row["backend"] = "cpu";
  row["ours"] = quantile(ours, 0.5);
  for (const char* key : {"peer", "peer_name", "ratio", "spread"}) row[key] = nullptr;
  context.print("{:<32} {:>12.4g}", task, quantile(ours, 0.5));
  if (race.has_peer()) {
    row["peer"] = quantile(peer, 0.5);
    row["peer_name"] = "mj_step alone, one thread";
    row["ratio"] = quantile(ratios, 0.5);
    row["spread"] = {quantile(ratios, 0.25), quantile(ratios, 0.75)};
    context.print(" {:>12.4g} {:>8.2f}x ({:.2f} to {:.2f})", quantile(peer, 0.5), quantile(ratios, 0.5),
                  quantile(ratios, 0.25), quantile(ratios, 0.75));
  }
  if (same) {
    row["randomise"] = randomise;
    row["randomise_cost"] = quantile(costs, 0.5);
    context.print("  randomised: {:+.1f} % time", 100 * quantile(costs, 0.5));
  }
  context.print("\n");
  if (options.threads == 1) row["ours_per_cpu_second"] = quantile(of_cpu, 0.5);
  row["unit"] = "env steps/s";
  row["threads"] = options.threads;
  row["isa"] = isa_name(chosen_isa());
  context.row(row);
}

// The tasks whose names begin as wanted. Error where there are none for one of these.
std::vector<std::string> chosen_tasks(const std::vector<std::string>& wanted) {
  std::vector<std::string> names, chosen;
  for (const envs::Entry* const entry : envs::entries()) names.emplace_back(entry->name);
  for (const envs::xland::ListedTask& task : envs::xland::listed_tasks()) names.push_back(task.name);
  if (wanted.empty()) {
    for (const envs::Entry* const entry : envs::entries()) {
      if (entry->system == nullptr) chosen.emplace_back(entry->name);
    }
    for (const char* const set : {"trivial", "small", "medium", "high"}) {
      chosen.push_back(fmt::format("xland-r4-13x13-{}", set));
    }
    return chosen;
  }
  for (const std::string& beginning : wanted) {
    const std::size_t before = chosen.size();
    std::ranges::copy_if(names, std::back_inserter(chosen),
                         [&](const std::string& name) { return name.starts_with(beginning); });
    if (chosen.size() != before) continue;
    chosen.push_back(envs::task_name(beginning));
  }
  return chosen;
}

}  // namespace

int bench_tasks(const BenchTasksOptions& options, CommandContext& context) {
  const std::vector<std::string> tasks = chosen_tasks(options.tasks);
  for (const std::string& task : tasks) (void)envs::task_spec(task, environment_config(options, true));  // its options
  context.print("{} worlds, {}, {} thread{}, {}; ratio: median and quartiles of {} turns\n\n", options.num_worlds,
                options.precision, options.threads, options.threads == 1 ? "" : "s", isa_name(chosen_isa()),
                options.repeats);
  context.print("{:<32} {:>12} {:>12} {:>9}\n", "task", "env steps/s", "mj_step", "ratio");
  for (const std::string& task : tasks) measure(task, options, context);
  return kDone;
}

void add_bench_tasks(CLI::App& bench, CommandContext& context) {
  auto options = std::make_shared<BenchTasksOptions>();
  CLI::App& command =
      context.add(bench, "tasks", "env steps per second of tasks, beside MuJoCo's own steps",
                  "  lockstep bench tasks\n  lockstep bench tasks ant-v5 walker --threads 2 --json -\n"
                  "  lockstep bench tasks ant-v5 --option include_cfrc_ext_in_observation=false --frame-stack 4\n");
  command.add_option("TASK", options->tasks, "tasks, or beginnings of their names (default: all but systems)");
  command.add_option("--worlds", options->num_worlds, "worlds of a task")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  command.add_option("--threads", options->threads, "threads")->capture_default_str()->check(CLI::Range(1, 1024));
  command
      .add_option("--specialise", options->specialise,
                  "physics compiled for the model: off, auto (once it is ready) or require (waited for)")
      ->capture_default_str();
  command.add_option("--precision", options->precision, "of the state: float or double")
      ->capture_default_str()
      ->check(CLI::IsMember({"float", "double"}));
  add_environment_flags(command, options->environment);
  add_turn_options(command, options->repeats, options->seconds);
  context.on_run(command, [options, &context] { return bench_tasks(*options, context); });
}

}  // namespace lockstep::apps
