// Env steps per second on one thread: actions in, observation, reward, flags and resets out.
//   build/tests/bench/env_bench --benchmark_filter=cartpole-v1
#include "envs/env.h"

#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace lockstep::envs {
namespace {

// The actions alternate between a few tables drawn beforehand, so that what is measured is the environment.
void BM_env_step(benchmark::State& state, const std::string& task, const std::string& precision) {
  const int num_worlds = static_cast<int>(state.range(0));
  const auto env = make_environment(task, {.num_worlds = num_worlds, .seed = 1, .precision = precision});
  const TaskSpec& spec = env->spec();
  constexpr int kTables = 8;
  std::vector<std::vector<float>> tables(kTables);
  std::uint32_t h = 1;
  for (auto& table : tables) {
    for (int i = 0; i < num_worlds * spec.action_size; ++i) {
      h = h * 1664525u + 1013904223u;
      const double share = static_cast<double>(h >> 8) * 0x1p-24;
      const double low = spec.action_low[0], high = spec.action_high[0];
      table.push_back(
          static_cast<float>(spec.discrete_actions > 0 ? (share < 0.5 ? 0 : 1) : low + (high - low) * share));
    }
  }
  std::size_t turn = 0;
  for (auto unused : state) {
    (void)unused;
    env->step(View<const float, 2>(tables[turn++ % kTables].data(), num_worlds, spec.action_size));
  }
  state.SetItemsProcessed(state.iterations() * num_worlds);
  state.SetLabel(env->backend_report());
}

const bool kRegistered = [] {
  for (const Entry* const entry : entries()) {
    for (const char* const precision : {"float", "double"}) {
      const std::string name = "BM_env_step/" + std::string(entry->name) + "/" + precision;
      benchmark::RegisterBenchmark(name.c_str(), BM_env_step, std::string(entry->name), std::string(precision))
          ->Arg(16)
          ->Arg(4096)
          ->Arg(65536);
    }
  }
  return true;
}();

}  // namespace
}  // namespace lockstep::envs
