// The physics kernels of one instruction set, precision and lane count, behind plain function pointers.
// engine/physics_kernels.h chooses among them at run time.
#pragma once

#include "kernels/model_constants.h"

namespace lockstep::kernels {

// R: float or double. `arena` is scratch of scratch_size numbers of type T = `lanes` R each, aligned to 64 bytes.
template <class R>
struct PhysicsKernels {
  const char* isa;  // "baseline", "v3", "v4"
  int lanes;        // worlds in one group

  // `steps` physics steps of the lanes worlds whose state block begins at `state` (kernels/state_layout.h).
  // sensordata [nsensordata][lane]: where not nullptr, the sensors that the last evaluation of forces saw.
  void (*step)(const ModelConstants<R>& model, R* state, R* arena, int steps, R* sensordata);
  // Poses of all bodies of those worlds: xpos [nbody][3][lane], xmat [nbody][9][lane] (row-major 3x3).
  void (*poses)(const ModelConstants<R>& model, R* state, R* arena, R* xpos, R* xmat);
  // qacc [nv][lane] of the present state, as MuJoCo's mj_forward: constraints included, no implicit damping.
  void (*acceleration)(const ModelConstants<R>& model, R* state, R* arena, R* qacc);
  // sensordata [nsensordata][lane] of the present state, as MuJoCo's mj_forward; see kernels/sensors.h for what is
  // left.
  void (*sensors)(const ModelConstants<R>& model, R* state, R* arena, R* sensordata);
  // The same of positions and velocities alone: sensors of accelerations and forces keep their numbers.
  void (*motion_sensors)(const ModelConstants<R>& model, R* state, R* arena, R* sensordata);
};

// What one instruction set offers: its kernels, widest lanes first; and those for worlds with constants of their own
// (kernels/world_constants.h).
struct PhysicsKernelTable {
  PhysicsKernels<float> single[2];
  PhysicsKernels<double> twice[2];
  PhysicsKernels<float> varied_single;
  PhysicsKernels<double> varied_twice;
};

// Defined once per instruction set, by the tag's specialisation.
template <class Isa>
const PhysicsKernelTable& physics_kernel_table();
template <>
const PhysicsKernelTable& physics_kernel_table<isa::Baseline>();
#if defined(__x86_64__)
template <>
const PhysicsKernelTable& physics_kernel_table<isa::V3>();
template <>
const PhysicsKernelTable& physics_kernel_table<isa::V4>();
#endif

}  // namespace lockstep::kernels
