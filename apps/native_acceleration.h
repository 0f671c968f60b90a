// The native kernels' qacc of many worlds.
#pragma once

#include "engine/batch_state.h"
#include "engine/model.h"
#include "engine/physics_kernels.h"

#include <vector>

namespace lockstep::apps {

// qacc [world][nv] of worlds in `state`, whose precision is R = float or double and whose lanes are those of `native`.
template <class R>
[[nodiscard]] std::vector<double> native_acceleration(const Model& model, const kernels::PhysicsKernels<R>& native,
                                                      BatchState& state) {
  const auto lanes = static_cast<std::size_t>(native.lanes), nv = static_cast<std::size_t>(model.nv());
  HostBuffer<R> arena(static_cast<std::size_t>(model.scratch_size()) * lanes);
  HostBuffer<R> block_qacc(std::max<std::size_t>(1, nv) * lanes);
  std::vector<double> qacc;
  for (int block = 0; block < state.num_blocks(); ++block) {
    native.acceleration(model.constants<R>(), state.block<R>(block).data(), arena.data(), block_qacc.data());
    for (std::size_t lane = 0; lane < static_cast<std::size_t>(state.worlds_in_block(block)); ++lane) {
      for (std::size_t dof = 0; dof < nv; ++dof) qacc.push_back(static_cast<double>(block_qacc[dof * lanes + lane]));
    }
  }
  return qacc;
}

}  // namespace lockstep::apps
