// The collider of two geoms, chosen by their types: which pairs have one, how many contacts it may report.
#pragma once

#include "kernels/collide_plane.h"
#include "kernels/collide_round.h"

namespace lockstep::kernels {

// The largest number of slots that the pair's collider uses; 0 where there is none. type1 <= type2.
constexpr int max_contacts(int type1, int type2) {
  switch (type1 * kNumGeomTypes + type2) {
    case kPlane* kNumGeomTypes + kSphere:
    case kPlane* kNumGeomTypes + kEllipsoid:
    case kSphere* kNumGeomTypes + kSphere:
    case kSphere* kNumGeomTypes + kCapsule:
      return 1;
    case kPlane* kNumGeomTypes + kCapsule:
    case kCapsule* kNumGeomTypes + kCapsule:
      return 2;
    case kPlane* kNumGeomTypes + kCylinder:
      return 4;
    case kPlane* kNumGeomTypes + kBox:
      return 8;
    default:
      return 0;
  }
}

constexpr bool has_collider(int type1, int type2) { return max_contacts(type1, type2) > 0; }

// Emits the contacts of two geoms with type1 <= type2 that are nearer than the margin (m): the sum of MuJoCo's margin
// and gap. Pairs without a collider emit nothing.
template <class T, class Emit>
LS_FN void collide_geoms(const GeomShape<Real<T>>& shape_a, const Placement<T>& a, const GeomShape<Real<T>>& shape_b,
                         const Placement<T>& b, T margin, Emit&& emit) {
  switch (shape_a.type * kNumGeomTypes + shape_b.type) {
    case kPlane* kNumGeomTypes + kSphere:
      return collide_plane_sphere<T>(a, shape_a.size, b, shape_b.size, margin, emit);
    case kPlane* kNumGeomTypes + kCapsule:
      return collide_plane_capsule<T>(a, shape_a.size, b, shape_b.size, margin, emit);
    case kPlane* kNumGeomTypes + kEllipsoid:
      return collide_plane_ellipsoid<T>(a, shape_a.size, b, shape_b.size, margin, emit);
    case kPlane* kNumGeomTypes + kCylinder:
      return collide_plane_cylinder<T>(a, shape_a.size, b, shape_b.size, margin, emit);
    case kPlane* kNumGeomTypes + kBox:
      return collide_plane_box<T>(a, shape_a.size, b, shape_b.size, margin, emit);
    case kSphere* kNumGeomTypes + kSphere:
      return collide_sphere_sphere<T>(a, shape_a.size, b, shape_b.size, margin, emit);
    case kSphere* kNumGeomTypes + kCapsule:
      return collide_sphere_capsule<T>(a, shape_a.size, b, shape_b.size, margin, emit);
    case kCapsule* kNumGeomTypes + kCapsule:
      return collide_capsule_capsule<T>(a, shape_a.size, b, shape_b.size, margin, emit);
    default:
      return;
  }
}

}  // namespace lockstep::kernels
