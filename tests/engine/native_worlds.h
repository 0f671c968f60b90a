// Worlds of a model in lane groups on the compiled kernels of one instruction set: for tests of the kernels themselves.
#pragma once

#include "engine/buffer.h"
#include "engine/error.h"
#include "engine/model.h"
#include "engine/physics_kernels.h"
#include "tests/engine/mujoco_reference.h"

#include <algorithm>
#include <cstddef>

namespace lockstep {

template <class R>
class NativeWorlds {
 public:
  NativeWorlds(const Model& model, int num_worlds, const kernels::PhysicsKernels<R>& kernels)
      : model_(model),
        kernels_(kernels),
        layout_(model.state_layout()),
        groups_((num_worlds + kernels.lanes - 1) / kernels.lanes),
        state_(static_cast<std::size_t>(groups_ * layout_.size * kernels.lanes)),
        arena_(static_cast<std::size_t>(model.scratch_size() * kernels.lanes)) {
    // Lanes without a world are worlds too: at rest in the reference pose, whose quaternions have length 1.
    for (int world = 0; world < groups_ * kernels.lanes; ++world) {
      for (int i = 0; i < model.nq(); ++i) at(world, layout_.qpos + i) = static_cast<R>(model.mj()->qpos0[i]);
    }
  }

  R& at(int world, int field) {
    const int lanes = kernels_.lanes;
    return state_[static_cast<std::size_t>((world / lanes) * layout_.size * lanes + field * lanes + world % lanes)];
  }
  void read(int world, const mjData& d) {
    for (int i = 0; i < model_.nq(); ++i) at(world, layout_.qpos + i) = static_cast<R>(d.qpos[i]);
    for (int i = 0; i < model_.nv(); ++i) at(world, layout_.qvel + i) = static_cast<R>(d.qvel[i]);
    for (int i = 0; i < model_.na(); ++i) at(world, layout_.act + i) = static_cast<R>(d.act[i]);
    for (int i = 0; i < model_.nu(); ++i) at(world, layout_.ctrl + i) = static_cast<R>(d.ctrl[i]);
    const int nmocap = static_cast<int>(model_.mj()->nmocap);
    for (int i = 0; i < 3 * nmocap; ++i) at(world, layout_.mocap_pos + i) = static_cast<R>(d.mocap_pos[i]);
    for (int i = 0; i < 4 * nmocap; ++i) at(world, layout_.mocap_quat + i) = static_cast<R>(d.mocap_quat[i]);
  }
  void step(int steps) {
    for (int group = 0; group < groups_; ++group) {
      kernels_.step(model_.constants<R>(), group_state(group), arena_.data(), steps, nullptr);
    }
  }
  // qacc [nv] of one world.
  std::vector<R> acceleration(int world) { return evaluated(kernels_.acceleration, model_.nv(), world); }
  // sensordata [nsensordata] of one world.
  std::vector<R> sensors(int world) {
    return evaluated(kernels_.sensors, static_cast<int>(model_.mj()->nsensordata), world);
  }
  [[nodiscard]] const kernels::StateLayout& layout() const { return layout_; }

 private:
  template <class Kernel>
  std::vector<R> evaluated(Kernel kernel, int count, int world) {
    const int lanes = kernels_.lanes;
    HostBuffer<R> numbers(static_cast<std::size_t>(count * lanes));
    kernel(model_.constants<R>(), group_state(world / lanes), arena_.data(), numbers.data());
    std::vector<R> result;
    for (int i = 0; i < count; ++i) result.push_back(numbers[static_cast<std::size_t>(i * lanes + world % lanes)]);
    return result;
  }
  R* group_state(int group) {
    return state_.data() + static_cast<std::ptrdiff_t>(group) * layout_.size * kernels_.lanes;
  }

  const Model& model_;
  const kernels::PhysicsKernels<R>& kernels_;
  kernels::StateLayout layout_;
  int groups_;
  HostBuffer<R> state_, arena_;
};

// The instruction sets that this processor can run.
inline std::vector<Isa> runnable_isas() {
  std::vector<Isa> list;
  for (const Isa isa : {Isa::kBaseline, Isa::kV3, Isa::kV4}) {
    if (isa <= best_isa()) list.push_back(isa);
  }
  return list;
}

}  // namespace lockstep
