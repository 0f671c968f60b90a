// The collider of two geoms, chosen by their types: which pairs have one, how many contacts it may report.
#pragma once

#include "kernels/collide_box.h"
#include "kernels/collide_boxes.h"
#include "kernels/collide_convex.h"
#include "kernels/collide_cylinder.h"
#include "kernels/collide_heightfield.h"
#include "kernels/collide_mesh.h"
#include "kernels/collide_patch.h"
#include "kernels/collide_plane.h"
#include "kernels/collide_round.h"

namespace lockstep::kernels {

// One number for each pair of types.
constexpr int pair_of(int type1, int type2) { return type1 * kNumGeomTypes + type2; }

// The largest number of slots that the pair's collider uses; 0 where there is none. type1 <= type2.
constexpr int max_contacts(int type1, int type2) {
  switch (pair_of(type1, type2)) {
    case pair_of(kPlane, kSphere):
    case pair_of(kPlane, kEllipsoid):
    case pair_of(kSphere, kSphere):
    case pair_of(kSphere, kCapsule):
    case pair_of(kSphere, kCylinder):
    case pair_of(kSphere, kBox):
    case pair_of(kSphere, kMesh):
    case pair_of(kEllipsoid, kMesh):
    case pair_of(kSphere, kEllipsoid):
    case pair_of(kCapsule, kEllipsoid):
    case pair_of(kEllipsoid, kEllipsoid):
    case pair_of(kEllipsoid, kCylinder):
    case pair_of(kEllipsoid, kBox):
      return 1;
    case pair_of(kPlane, kCapsule):
    case pair_of(kCapsule, kCapsule):
    case pair_of(kCapsule, kBox):
    case pair_of(kCapsule, kCylinder):
      return 2;
    case pair_of(kPlane, kCylinder):
    case pair_of(kPlane, kMesh):
    case pair_of(kCapsule, kMesh):
    case pair_of(kCylinder, kCylinder):
    case pair_of(kCylinder, kBox):
    case pair_of(kCylinder, kMesh):
    case pair_of(kBox, kMesh):
    case pair_of(kMesh, kMesh):
      return 4;
    case pair_of(kPlane, kBox):
      return 8;
    case pair_of(kHeightField, kSphere):
    case pair_of(kHeightField, kCapsule):
    case pair_of(kHeightField, kEllipsoid):
    case pair_of(kHeightField, kCylinder):
    case pair_of(kHeightField, kBox):
    case pair_of(kHeightField, kMesh):
      return kHeightFieldContacts;
    case pair_of(kBox, kBox):
      return detail::kBoxVertices;
    default:
      return 0;
  }
}

constexpr bool has_collider(int type1, int type2) { return max_contacts(type1, type2) > 0; }

// Pairs whose contacts are in closed form. The others search by support points: not on a GPU, where the code of all
// those searches would take many minutes to compile.
constexpr bool has_closed_collider(int type1, int type2) {
  switch (pair_of(type1, type2)) {
    case pair_of(kPlane, kSphere):
    case pair_of(kPlane, kCapsule):
    case pair_of(kPlane, kEllipsoid):
    case pair_of(kPlane, kCylinder):
    case pair_of(kPlane, kBox):
    case pair_of(kPlane, kMesh):
    case pair_of(kSphere, kSphere):
    case pair_of(kSphere, kCapsule):
    case pair_of(kSphere, kCylinder):
    case pair_of(kSphere, kBox):
    case pair_of(kCapsule, kCapsule):
    case pair_of(kCapsule, kBox):
    case pair_of(kBox, kBox):
      return true;
    default:
      return false;
  }
}

namespace detail {

// Pairs that only their support points are asked for.
template <class T, class Emit>
LS_FN void collide_by_support(const GeomShape<Real<T>>& shape_a, const Placement<T>& a,
                              const GeomShape<Real<T>>& shape_b, const Placement<T>& b, T margin, Emit&& emit) {
  switch (pair_of(shape_a.type, shape_b.type)) {
    case pair_of(kSphere, kEllipsoid):
      return collide_convex<kSphere, kEllipsoid, T>(shape_a, a, shape_b, b, margin, emit);
    case pair_of(kCapsule, kEllipsoid):
      return collide_convex<kCapsule, kEllipsoid, T>(shape_a, a, shape_b, b, margin, emit);
    case pair_of(kEllipsoid, kEllipsoid):
      return collide_convex<kEllipsoid, kEllipsoid, T>(shape_a, a, shape_b, b, margin, emit);
    case pair_of(kEllipsoid, kCylinder):
      return collide_convex<kEllipsoid, kCylinder, T>(shape_a, a, shape_b, b, margin, emit);
    case pair_of(kEllipsoid, kBox):
      return collide_convex<kEllipsoid, kBox, T>(shape_a, a, shape_b, b, margin, emit);
    case pair_of(kHeightField, kSphere):
      return collide_height_field<kSphere, T>(*shape_a.height_field, a, shape_b, b, margin, emit);
    case pair_of(kHeightField, kCapsule):
      return collide_height_field<kCapsule, T>(*shape_a.height_field, a, shape_b, b, margin, emit);
    case pair_of(kHeightField, kEllipsoid):
      return collide_height_field<kEllipsoid, T>(*shape_a.height_field, a, shape_b, b, margin, emit);
    case pair_of(kHeightField, kCylinder):
      return collide_height_field<kCylinder, T>(*shape_a.height_field, a, shape_b, b, margin, emit);
    case pair_of(kHeightField, kBox):
      return collide_height_field<kBox, T>(*shape_a.height_field, a, shape_b, b, margin, emit);
    case pair_of(kSphere, kMesh):
      return collide_convex<kSphere, kMesh, T>(shape_a, a, shape_b, b, margin, emit);
    case pair_of(kEllipsoid, kMesh):
      return collide_convex<kEllipsoid, kMesh, T>(shape_a, a, shape_b, b, margin, emit);
    case pair_of(kCapsule, kMesh):
      return collide_flat<kCapsule, kMesh, T>(shape_a, a, shape_b, b, margin, emit);
    case pair_of(kCylinder, kCylinder):
      return collide_flat<kCylinder, kCylinder, T>(shape_a, a, shape_b, b, margin, emit);
    case pair_of(kCylinder, kBox):
      return collide_flat<kCylinder, kBox, T>(shape_a, a, shape_b, b, margin, emit);
    case pair_of(kCylinder, kMesh):
      return collide_flat<kCylinder, kMesh, T>(shape_a, a, shape_b, b, margin, emit);
    case pair_of(kBox, kMesh):
      return collide_flat<kBox, kMesh, T>(shape_a, a, shape_b, b, margin, emit);
    case pair_of(kMesh, kMesh):
      return collide_flat<kMesh, kMesh, T>(shape_a, a, shape_b, b, margin, emit);
    case pair_of(kHeightField, kMesh):
      return collide_height_field<kMesh, T>(*shape_a.height_field, a, shape_b, b, margin, emit);
    default:
      return;
  }
}

}  // namespace detail

// Emits the contacts of two geoms with type1 <= type2 that are nearer than the margin (m): the sum of MuJoCo's margin
// and gap. Pairs without a collider emit nothing; without kBySupport, nor do those without a closed one.
template <class T, bool kBySupport = true, class Emit>
LS_FN void collide_geoms(const GeomShape<Real<T>>& shape_a, const Placement<T>& a, const GeomShape<Real<T>>& shape_b,
                         const Placement<T>& b, T margin, Emit&& emit) {
  switch (pair_of(shape_a.type, shape_b.type)) {
    case pair_of(kPlane, kSphere):
      return collide_plane_sphere<T>(a, shape_a.size, b, shape_b.size, margin, emit);
    case pair_of(kPlane, kCapsule):
      return collide_plane_capsule<T>(a, shape_a.size, b, shape_b.size, margin, emit);
    case pair_of(kPlane, kEllipsoid):
      return collide_plane_ellipsoid<T>(a, shape_a.size, b, shape_b.size, margin, emit);
    case pair_of(kPlane, kCylinder):
      return collide_plane_cylinder<T>(a, shape_a.size, b, shape_b.size, margin, emit);
    case pair_of(kPlane, kBox):
      return collide_plane_box<T>(a, shape_a.size, b, shape_b.size, margin, emit);
    case pair_of(kSphere, kSphere):
      return collide_sphere_sphere<T>(a, shape_a.size, b, shape_b.size, margin, emit);
    case pair_of(kSphere, kCapsule):
      return collide_sphere_capsule<T>(a, shape_a.size, b, shape_b.size, margin, emit);
    case pair_of(kCapsule, kCapsule):
      return collide_capsule_capsule<T>(a, shape_a.size, b, shape_b.size, margin, emit);
    case pair_of(kSphere, kCylinder):
      return collide_sphere_cylinder<T>(a, shape_a.size, b, shape_b.size, margin, emit);
    case pair_of(kSphere, kBox):
      return collide_sphere_box<T>(a, shape_a.size, b, shape_b.size, margin, emit);
    case pair_of(kCapsule, kBox):
      return collide_capsule_box<T>(a, shape_a.size, b, shape_b.size, margin, emit);
    case pair_of(kBox, kBox):
      return collide_box_box<T>(a, shape_a.size, b, shape_b.size, margin, emit);
    case pair_of(kPlane, kMesh):
      return collide_plane_mesh<T>(a, b, *shape_b.mesh, margin, emit);
    case pair_of(kCapsule, kCylinder):
      if constexpr (kBySupport) collide_capsule_cylinder<T>(a, shape_a.size, b, shape_b.size, margin, emit);
      return;
    default:
      if constexpr (kBySupport) detail::collide_by_support<T>(shape_a, a, shape_b, b, margin, emit);
  }
}

}  // namespace lockstep::kernels
