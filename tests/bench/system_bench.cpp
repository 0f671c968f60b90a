// Rollouts of systems on lanes against the loop that one writes without them: the same equations and Runge-Kutta steps,
// inlined, one world after the other in double, and nothing else; while the lanes do whole env steps, with
// observations, flags and resets. items/s are env steps of one world; `ratio` is lanes over loop.
//   build/tests/bench/system_bench --benchmark_filter=lorenz63
#include "envs/env.h"

#include <chrono>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace lockstep::envs {
namespace {

constexpr int kWorlds = 4096;
constexpr int kLoopWorlds = 256;  // of the plain loop, whose cost per world does not depend on their number
constexpr int kSteps = 20;        // of every world between two looks at the clock

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void BM_rollout(benchmark::State& state, const std::string& task, const std::string& precision) {
  const auto env = make_environment(task, {.num_worlds = kWorlds, .seed = 1, .precision = precision});
  const Entry& entry = find(task);
  const SystemRow& system = *entry.system;
  std::vector<double> worlds(static_cast<std::size_t>(kLoopWorlds * system.num_states)),
      controls(kLoopWorlds * kMaxSystemControls);
  std::vector<double> x(static_cast<std::size_t>(system.num_states));
  for (int world = 0; world < kLoopWorlds; ++world) {
    env->get_state(world, x);
    for (int i = 0; i < system.num_states; ++i) {
      worlds[static_cast<std::size_t>(i * kLoopWorlds + world)] = x[static_cast<std::size_t>(i)];
    }
  }
  Block<double> block;
  block.lanes = block.worlds = kLoopWorlds;
  block.qpos = worlds.data();
  block.ctrl = controls.data();
  const auto one_by_one = entry.double_kernels().advance;
  const std::vector<float> actions(static_cast<std::size_t>(kWorlds * system.num_controls));
  double lanes = 0, loop = 0;
  for (auto unused : state) {
    (void)unused;
    const auto start = std::chrono::steady_clock::now();
    for (int k = 0; k < kSteps; ++k) env->step(View<const float, 2>(actions.data(), kWorlds, system.num_controls));
    const double own = seconds_since(start);
    state.SetIterationTime(own);
    lanes += own;
    const auto loop_start = std::chrono::steady_clock::now();
    for (int k = 0; k < kSteps; ++k) one_by_one(block);
    loop += kWorlds / kLoopWorlds * seconds_since(loop_start);
  }
  state.SetItemsProcessed(state.iterations() * kWorlds * kSteps);
  state.counters["loop/s"] = static_cast<double>(state.iterations()) * kWorlds * kSteps / loop;
  state.counters["ratio"] = loop / lanes;
  state.SetLabel(env->backend_report());
}

const bool kRegistered = [] {
  for (const Entry* const entry : entries()) {
    if (entry->system == nullptr || entry->system->facts.substeps == 0) continue;
    for (const char* const precision : {"float", "double"}) {
      const std::string name = "BM_rollout/" + std::string(entry->name) + "/" + precision;
      benchmark::RegisterBenchmark(name.c_str(), BM_rollout, std::string(entry->name), std::string(precision))
          ->UseManualTime();
    }
  }
  return true;
}();

}  // namespace
}  // namespace lockstep::envs
