// The physics kernels of one instruction set: compiled once for each (cmake/isa.cmake). Includes kernels only.
#include "kernels/physics_kernels.h"
#include "kernels/physics_lanes.h"
#include "kernels/poses.h"
#include "kernels/sensors.h"
#include "kernels/step.h"
#include "kernels/team.h"

namespace lockstep::kernels {
namespace {

template <class T>
void step_worlds(const ModelConstants<Real<T>>& model, Real<T>* state, Real<T>* arena, int steps, Real<T>* sensordata) {
  step_and_sense(model, StateBlock<T>{state, kLanes<T>}, reinterpret_cast<T*>(arena), steps,
                 reinterpret_cast<T*>(sensordata), Solo{});
}

template <class T>
void pose_worlds(const ModelConstants<Real<T>>& model, Real<T>* state, Real<T>* arena, Real<T>* xpos, Real<T>* xmat) {
  poses(model, StateBlock<T>{state, kLanes<T>}, reinterpret_cast<T*>(arena), reinterpret_cast<T*>(xpos),
        reinterpret_cast<T*>(xmat), Solo{});
}

template <class T>
void accelerate_worlds(const ModelConstants<Real<T>>& model, Real<T>* state, Real<T>* arena, Real<T>* qacc) {
  acceleration(model, StateBlock<T>{state, kLanes<T>}, reinterpret_cast<T*>(arena), reinterpret_cast<T*>(qacc), Solo{});
}

template <class T, SensedStage kStage>
void sense_worlds(const ModelConstants<Real<T>>& model, Real<T>* state, Real<T>* arena, Real<T>* sensordata) {
  sensors(model, StateBlock<T>{state, kLanes<T>}, reinterpret_cast<T*>(arena), reinterpret_cast<T*>(sensordata), Solo{},
          kStage);
}

template <class T>
constexpr PhysicsKernels<Real<T>> kernels_of(const char* isa) {
  return {isa,
          kLanes<T>,
          step_worlds<T>,
          pose_worlds<T>,
          accelerate_worlds<T>,
          sense_worlds<T, SensedStage::kAll>,
          sense_worlds<T, SensedStage::kMotion>};
}

template <class Isa>
constexpr const char* isa_label() {
  if constexpr (std::same_as<Isa, isa::V4>) return "v4";
  if constexpr (std::same_as<Isa, isa::V3>) return "v3";
  return "baseline";
}

}  // namespace

template <>
const PhysicsKernelTable& physics_kernel_table<NativeIsa>() {
  constexpr const char* kIsa = isa_label<NativeIsa>();
  static constexpr PhysicsKernelTable kTable = {
      {kernels_of<PhysicsLanes<float>::Wide>(kIsa), kernels_of<PhysicsLanes<float>::Narrow>(kIsa)},
      {kernels_of<PhysicsLanes<double>::Wide>(kIsa), kernels_of<PhysicsLanes<double>::Narrow>(kIsa)},
      kernels_of<PhysicsLanes<float>::Varied>(kIsa),
      kernels_of<PhysicsLanes<double>::Varied>(kIsa)};
  return kTable;
}

}  // namespace lockstep::kernels
