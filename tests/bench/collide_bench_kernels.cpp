// The colliders on the widest lanes of one instruction set: compiled once for each (cmake/isa.cmake).
#include "tests/bench/collide_bench_kernels.h"
#include "kernels/collide.h"
#include "kernels/physics_lanes.h"

namespace lockstep::kernels {
namespace {

using T = PhysicsLanes<float>::Wide;

Placement<T> load_placement(const float* numbers) {
  const auto vector = [&](int start) {
    return Vector3<T>{load<T>(numbers + start * kLanes<T>), load<T>(numbers + (start + 1) * kLanes<T>),
                      load<T>(numbers + (start + 2) * kLanes<T>)};
  };
  return {vector(0), {vector(3), vector(6), vector(9)}};
}

long collide_groups(const GeomShape<float>& a, const GeomShape<float>& b, const float* pairs, int groups,
                    float margin) {
  long contacts = 0;
  T distances = T(0);  // so that no part of a contact is optimised away
  for (int group = 0; group < groups; ++group) {
    const float* numbers = pairs + group * 24 * kLanes<T>;
    collide_geoms<T>(a, load_placement(numbers), b, load_placement(numbers + 12 * kLanes<T>), T(margin),
                     [&](int, MaskOf<T> touches, const ContactPoint<T>& c) {
                       contacts += count(touches);
                       distances += select(touches, c.distance + c.position.x + c.normal.y + c.tangent.z, T(0));
                     });
  }
  return contacts + (all(is_finite(distances)) ? 0 : 1);
}

}  // namespace

template <>
const ColliderRun& collider_run<NativeIsa>() {
  static constexpr ColliderRun kRun = {kLanes<T>, collide_groups};
  return kRun;
}

}  // namespace lockstep::kernels
