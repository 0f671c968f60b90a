// One receding-horizon loop per world, split over threads.
#include "planners/batched_mpc.h"

#include <algorithm>

namespace lockstep::planners {

BatchedMpc::BatchedMpc(const Entry& entry, const Settings& settings, const Dynamics& dynamics, const Cost& cost,
                       std::span<const double> u_min, std::span<const double> u_max, const BatchedMpcConfig& config)
    : pool_(config.threads) {
  for (int thread = 0; thread < config.threads; ++thread) dynamics_.push_back(dynamics.clone());
  // The pool's split is static: a world is always planned by the thread whose dynamics it is given here.
  std::vector<int> thread_of(static_cast<size_t>(config.num_worlds));
  pool_.for_each(config.num_worlds, [&](int world, int thread) { thread_of[static_cast<size_t>(world)] = thread; });
  for (const int thread : thread_of)
    loops_.emplace_back(entry.make(settings), *dynamics_[static_cast<size_t>(thread)], cost, u_min, u_max, config.loop);
}

void BatchedMpc::reset(std::uint64_t seed) {
  for (int world = 0; world < num_worlds(); ++world) reset_world(world, seed + static_cast<std::uint64_t>(world));
}

void BatchedMpc::act(View<const double, 2> states, View<double, 2> controls) {
  const int nx = states.extent(1);
  pool_.for_each(num_worlds(), [&](int world, int) {
    const double* x = states.data_handle() + static_cast<std::ptrdiff_t>(world) * nx;
    const auto u = loops_[static_cast<size_t>(world)].act({x, static_cast<size_t>(nx)});
    for (size_t i = 0; i < u.size(); ++i) controls(world, static_cast<int>(i)) = u[i];
  });
}

}  // namespace lockstep::planners
