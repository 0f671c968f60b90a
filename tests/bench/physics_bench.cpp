// Physics steps of whole batches, native and MuJoCo's: BM_step/<backend>/<model>/<worlds>, items are world-steps.
#include "engine/batch.h"
#include "engine/model.h"
#include "engine/simulator_dynamics.h"
#include "engine/task_models.h"

#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <mujoco/mujoco.h>

namespace lockstep {
namespace {

// The batch's worlds after 100 steps under a control of their own, so that their states differ.
std::unique_ptr<Batch> moving_batch(std::shared_ptr<const Model> model, const BatchConfig& config) {
  auto batch = Batch::make(std::move(model), config);
  const auto nu = static_cast<std::size_t>(batch->model().mj()->nu);
  for (int world = 0; world < config.num_worlds; ++world)
    batch->set_ctrl(world, std::vector<double>(nu, (world % 21 - 10) / 10.0));
  batch->step(100);
  return batch;
}

void BM_step(benchmark::State& state, const char* backend, const char* package_path, Precision precision) {
  const auto worlds = static_cast<int>(state.range(0));
  const auto batch = moving_batch(Model::from_file(task_model(package_path)),
                                  {.num_worlds = worlds, .backend = backend, .precision = precision});
  for (auto _ : state) batch->step(5);
  state.SetItemsProcessed(state.iterations() * worlds * 5);
}

void BM_jacobian(benchmark::State& state, const char* package_path) {
  SimulatorDynamics dynamics(Model::from_file(task_model(package_path)), {.physics_steps = 1});
  const auto worlds = static_cast<int>(state.range(0));
  const int nx = dynamics.state_size(), nu = dynamics.control_size();
  const auto numbers = [&](int each) { return std::vector<double>(static_cast<std::size_t>(worlds * each)); };
  std::vector<double> x = numbers(nx), u = numbers(nu), A = numbers(nx * nx), B = numbers(nx * nu);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 0.01 * static_cast<double>(i % 17);
  for (auto _ : state) {
    dynamics.jacobian(View<const double, 2>(x.data(), worlds, nx), View<const double, 2>(u.data(), worlds, nu),
                      View<double, 3>(A.data(), worlds, nx, nx), View<double, 3>(B.data(), worlds, nx, nu));
    benchmark::DoNotOptimize(A.data());
  }
  state.SetItemsProcessed(state.iterations() * worlds);
}

constexpr const char* kCartpole = "dm_control/suite/cartpole.xml";
constexpr const char* kAcrobot = "dm_control/suite/acrobot.xml";

BENCHMARK_CAPTURE(BM_step, cpu / cartpole, "cpu", kCartpole, Precision::kFloat)->Arg(16)->Arg(256)->Arg(4096);
BENCHMARK_CAPTURE(BM_step, cpu_double / cartpole, "cpu", kCartpole, Precision::kDouble)->Arg(256);
BENCHMARK_CAPTURE(BM_step, mujoco / cartpole, "mujoco", kCartpole, Precision::kDouble)->Arg(16);
BENCHMARK_CAPTURE(BM_step, cpu / acrobot, "cpu", kAcrobot, Precision::kFloat)->Arg(256);
BENCHMARK_CAPTURE(BM_step, mujoco / acrobot, "mujoco", kAcrobot, Precision::kDouble)->Arg(16);
BENCHMARK_CAPTURE(BM_jacobian, cartpole, kCartpole)->Arg(1)->Arg(32);

}  // namespace
}  // namespace lockstep
