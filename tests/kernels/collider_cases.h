// The pairs of geoms that collider tests and benchmarks run: their sizes, depths, and where MuJoCo's answer is
// undefined.
#pragma once

#include "tests/kernels/geom_pair.h"

#include <ostream>

namespace lockstep::kernels {

// What MuJoCo leaves to rounding where the second geom's z axis is within 1e-6 rad of the first's.
enum class Open { kNothing, kTangent, kPoints };

struct ColliderCase {
  const char* name;
  GeomText a, b;
  double depth;  // of the deepest penetration tried (m)
  Open open_along_axis = Open::kNothing;
  bool iterative = false;
};
inline void PrintTo(const ColliderCase& c, std::ostream* out) { *out << c.name; }

inline const GeomText kPlaneText{kPlane, "size=\"1 1 1\""};
inline const GeomText kSphereText{kSphere, "size=\"0.1\""};
inline const GeomText kCapsuleText{kCapsule, "size=\"0.1 0.3\""};
inline const GeomText kShortCapsuleText{kCapsule, "size=\"0.12 0.2\""};
inline const GeomText kEllipsoidText{kEllipsoid, "size=\"0.1 0.2 0.3\""};
inline const GeomText kFlatEllipsoidText{kEllipsoid, "size=\"0.2 0.25 0.08\""};
inline const GeomText kCylinderText{kCylinder, "size=\"0.15 0.2\""};
inline const GeomText kBoxText{kBox, "size=\"0.1 0.2 0.15\""};
inline const GeomText kFlatBoxText{kBox, "size=\"0.25 0.2 0.05\""};

// Pairs with a closed form in MuJoCo: the same numbers but for rounding.
inline const std::vector<ColliderCase>& exact_cases() {
  static const std::vector<ColliderCase> cases = {
      {"PlaneSphere", kPlaneText, kSphereText, 0.2},
      {"PlaneCapsule", kPlaneText, kCapsuleText, 0.2, Open::kTangent},
      {"PlaneEllipsoid", kPlaneText, kEllipsoidText, 0.2},
      {"PlaneCylinder", kPlaneText, kCylinderText, 0.2, Open::kPoints},
      {"PlaneBox", kPlaneText, kBoxText, 0.2},
      {"SphereSphere", kSphereText, kSphereText, 0.15},
      {"SphereCapsule", kSphereText, kCapsuleText, 0.15},
      {"CapsuleCapsule", kCapsuleText, kShortCapsuleText, 0.15},
      {"SphereCylinder", kSphereText, kCylinderText, 0.2},
      {"SphereBox", kSphereText, kBoxText, 0.2},
      {"CapsuleBox", kCapsuleText, kBoxText, 0.2},
      {"BoxBox", kBoxText, kFlatBoxText, 0.15},
      {"EqualBoxes", kBoxText, kBoxText, 0.15},
  };
  return cases;
}

// Pairs that MuJoCo iterates on: its own answer is good to 1e-6 in depth, the witness points to less.
inline const std::vector<ColliderCase>& iterative_cases() {
  static const std::vector<ColliderCase> cases = {
      {"SphereEllipsoid", kSphereText, kEllipsoidText, 0.03, Open::kNothing, true},
      {"CapsuleEllipsoid", kCapsuleText, kEllipsoidText, 0.03, Open::kNothing, true},
      {"EllipsoidEllipsoid", kEllipsoidText, kFlatEllipsoidText, 0.03, Open::kNothing, true},
      {"EllipsoidCylinder", kEllipsoidText, kCylinderText, 0.03, Open::kNothing, true},
      {"EllipsoidBox", kEllipsoidText, kBoxText, 0.03, Open::kNothing, true},
  };
  return cases;
}

inline std::vector<ColliderCase> all_cases() {
  std::vector<ColliderCase> cases = exact_cases();
  cases.insert(cases.end(), iterative_cases().begin(), iterative_cases().end());
  return cases;
}

}  // namespace lockstep::kernels
