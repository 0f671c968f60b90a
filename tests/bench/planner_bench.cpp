// Time of a backward pass per knot, of an iteration of each planner, and of closed-loop plans, on one thread.
//   build/tests/bench/planner_bench --benchmark_filter=swing_up
#include "planners/backward_pass.h"
#include "planners/ilqr.h"
#include "planners/mppi.h"
#include "planners/receding_horizon.h"
#include "tests/planners/cartpole_swingup.h"

#include <array>
#include <numbers>
#include <vector>

#include <benchmark/benchmark.h>

namespace lockstep::planners {
namespace {

using testing::CartpoleSwingup;
using testing::SwingupCost;

// Stable, well-conditioned derivatives of any size. Items are knots: the time of one is the inverse of items/s.
void BM_backward_pass(benchmark::State& state) {
  constexpr int kHorizon = 100;
  const int nx = static_cast<int>(state.range(0)), nu = static_cast<int>(state.range(1));
  LocalModel model(kHorizon, nx, nu);
  for (int k = 0; k < kHorizon; ++k) {
    for (int i = 0; i < nx; ++i) {
      for (int j = 0; j < nx; ++j) model.A()(k, i, j) = (i == j ? 0.95 : 0.02 / (1 + i + j));
      for (int j = 0; j < nu; ++j) model.B()(k, i, j) = 0.1 / (1 + i + 2 * j);
      model.stage().xx(k, i, i) = 1;
      model.stage().x(k, i) = 0.1 * (i - 1);
    }
    for (int i = 0; i < nu; ++i) model.stage().uu(k, i, i) = 0.1;
  }
  Gains gains(kHorizon, nx, nu);
  BackwardPass pass(nx, nu);
  const std::vector<double> controls(static_cast<size_t>(kHorizon * nu)), low(static_cast<size_t>(nu), -1),
      high(static_cast<size_t>(nu), 1);
  for (auto unused : state) {
    (void)unused;
    benchmark::DoNotOptimize(pass.run(model, controls, low, high, 1e-6, gains));
  }
  state.SetItemsProcessed(state.iterations() * kHorizon);
}
BENCHMARK(BM_backward_pass)->Args({2, 1})->Args({4, 1})->Args({4, 2})->Args({14, 7})->Args({36, 12});

// Replanning the first 200 steps of a cart-pole swing-up, the busy part of an episode. Items are plans.
template <class MakePlanner>
void swing_up(benchmark::State& state, const MakePlanner& make) {
  CartpoleSwingup dynamics;
  const SwingupCost cost({});
  const std::vector<double> low = {-1}, high = {1};
  std::int64_t plans = 0, iterations = 0;
  double worst_ms = 0;
  for (auto unused : state) {
    (void)unused;
    RecedingHorizon loop(make(), dynamics, cost, low, high, {.horizon = 125});
    loop.reset(1);
    std::array<double, 4> x = {0.01, std::numbers::pi + 0.01, 0, 0};
    for (int step = 0; step < 200; ++step) {
      x = CartpoleSwingup::next<double>(x, loop.act(x)[0]);
      iterations += loop.last().iterations;
    }
    plans += 200;
    worst_ms = loop.timing().p99_ms;
  }
  state.SetItemsProcessed(plans);
  state.counters["p99_ms"] = worst_ms;
  state.counters["iterations/plan"] = static_cast<double>(iterations) / static_cast<double>(plans);
}

void BM_ilqr_swing_up(benchmark::State& state) {
  swing_up(state, [] { return std::make_unique<ilqr::Ilqr>(ilqr::Config{}); });
}
BENCHMARK(BM_ilqr_swing_up)->Unit(benchmark::kMillisecond);

void BM_mppi_swing_up(benchmark::State& state) {
  swing_up(state, [] {
    return std::make_unique<mppi::Mppi>(
        mppi::Config{.samples = 128, .temperature = 0.05, .noise_std = 0.5, .knots = 12});
  });
}
BENCHMARK(BM_mppi_swing_up)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace lockstep::planners
