// The state of one world (or lane group) as one block of fields [field][lane], and access to it.
#pragma once

#include "kernels/lanes.h"

#include <cstdint>

namespace lockstep::kernels {

// First field of each array in the block; `size` fields in all.
struct StateLayout {
  int qpos, qvel, act, qacc_warmstart, ctrl, time, fault;
  int mocap_pos, mocap_quat;       // [nmocap][3] m, [nmocap][4]
  int qfrc_applied, xfrc_applied;  // [nv], [nbody][6] force (N) and torque (N m); only where applied_bodies is not 0
  int size;

  // fault: one field, 0 while the world is well, 1 from the step on in which its state or control stopped being finite.
  // applied_bodies: nbody in batches with applied forces, else 0.
  LS_FN static StateLayout of(int nq, int nv, int na, int nu, int nmocap = 0, int applied_bodies = 0) {
    StateLayout layout{};
    layout.qpos = 0;
    layout.qvel = layout.qpos + nq;
    layout.act = layout.qvel + nv;
    layout.qacc_warmstart = layout.act + na;
    layout.ctrl = layout.qacc_warmstart + nv;
    layout.time = layout.ctrl + nu;
    layout.fault = layout.time + 1;
    layout.mocap_pos = layout.fault + 1;
    layout.mocap_quat = layout.mocap_pos + 3 * nmocap;
    layout.qfrc_applied = layout.mocap_quat + 4 * nmocap;
    layout.xfrc_applied = layout.qfrc_applied + (applied_bodies != 0 ? nv : 0);
    layout.size = layout.xfrc_applied + 6 * applied_bodies;
    return layout;
  }
};

// Fields of kLanes<T> worlds in memory: field f of lane i lies at base[f * stride + i].
//   CPU: base = the block, stride = lanes.   GPU: base = first number + world, stride = num_worlds.
template <class T>
struct StateBlock {
  Real<T>* base;
  long stride;

  [[nodiscard]] LS_FN T get(int field) const { return load<T>(base + field * stride); }
  LS_FN void set(int field, T value) const { store<T>(base + field * stride, value); }
};

}  // namespace lockstep::kernels
