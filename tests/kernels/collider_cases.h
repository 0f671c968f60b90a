// The pairs of geoms that collider tests and benchmarks run: their sizes, depths, and where MuJoCo's answer is
// undefined.
#pragma once

#include "tests/kernels/geom_pair.h"

#include <cmath>
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
  bool snaps = false;  // contacts jump where an edge comes to lie on a face
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

// A field of 7 by 9 hills up to 0.1 m high on cells of 0.25 and 0.2 m.
inline GeomText hills() {
  std::string heights;
  for (int i = 0; i < 63; ++i) heights += std::to_string((i * 37 % 64) / 64.0) + " ";
  return {kHeightField, "hfield=\"hills\"",
          "<hfield name=\"hills\" nrow=\"7\" ncol=\"9\" size=\"1 0.6 0.1 0.5\" elevation=\"" + heights + "\"/>"};
}

// An oblique prism of seven sides, and a rounder body of 40 vertices on an ellipsoid.
inline GeomText prism() {
  std::string vertices;
  for (int i = 0; i < 14; ++i) {
    const double angle = 0.7 * (i % 7) + 0.15 * (i % 2), z = i < 7 ? -0.1 : 0.1;
    vertices += std::to_string(0.2 * std::cos(angle) + 0.2 * z) + " " + std::to_string(0.15 * std::sin(angle)) + " " +
                std::to_string(z) + " ";
  }
  return {kMesh, "mesh=\"prism\"", "<mesh name=\"prism\" vertex=\"" + vertices + "\"/>"};
}
inline GeomText pebble() {
  std::string vertices;
  for (int i = 0; i < 40; ++i) {
    const double z = (i + 0.5) / 20 - 1, angle = 2.39996 * i, r = std::sqrt(1 - z * z);
    vertices += std::to_string(0.2 * r * std::cos(angle)) + " " + std::to_string(0.15 * r * std::sin(angle)) + " " +
                std::to_string(0.12 * z) + " ";
  }
  return {kMesh, "mesh=\"pebble\"", "<mesh name=\"pebble\" vertex=\"" + vertices + "\"/>"};
}

// Pairs with a closed form in MuJoCo: the same numbers but for rounding.
inline const std::vector<ColliderCase>& exact_cases() {
  static const std::vector<ColliderCase> cases = {
      {"PlaneSphere", kPlaneText, kSphereText, 0.2},
      {"PlaneCapsule", kPlaneText, kCapsuleText, 0.2, Open::kTangent},
      {"PlaneEllipsoid", kPlaneText, kEllipsoidText, 0.2},
      {"PlaneCylinder", kPlaneText, kCylinderText, 0.2, Open::kPoints},
      {"PlaneBox", kPlaneText, kBoxText, 0.2},
      {"PlaneMesh", kPlaneText, prism(), 0.1},
      {"PlaneRoundMesh", kPlaneText, pebble(), 0.1},
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
inline const std::vector<ColliderCase>& single_contact_cases() {
  static const std::vector<ColliderCase> cases = {
      {"SphereEllipsoid", kSphereText, kEllipsoidText, 0.03, Open::kNothing, true},
      {"CapsuleEllipsoid", kCapsuleText, kEllipsoidText, 0.03, Open::kNothing, true},
      {"EllipsoidEllipsoid", kEllipsoidText, kFlatEllipsoidText, 0.03, Open::kNothing, true},
      {"EllipsoidCylinder", kEllipsoidText, kCylinderText, 0.03, Open::kNothing, true},
      {"EllipsoidBox", kEllipsoidText, kBoxText, 0.03, Open::kNothing, true},
      {"SphereMesh", kSphereText, prism(), 0.03, Open::kNothing, true},
      {"SphereRoundMesh", kSphereText, pebble(), 0.03, Open::kNothing, true},
      {"EllipsoidMesh", kEllipsoidText, prism(), 0.03, Open::kNothing, true},
  };
  return cases;
}

// The same where an edge or a face may lie on a cap: several contacts.
inline const std::vector<ColliderCase>& cylinder_cases() {
  static const std::vector<ColliderCase> cases = {
      {"CapsuleCylinder", kCapsuleText, kCylinderText, 0.03, Open::kNothing, true, true},
      {"CylinderCylinder", kCylinderText, kCylinderText, 0.03, Open::kNothing, true, true},
      {"CylinderBox", kCylinderText, kBoxText, 0.03, Open::kNothing, true, true},
  };
  return cases;
}

inline const std::vector<ColliderCase>& height_field_cases() {
  static const std::vector<ColliderCase> cases = {
      {"HeightFieldSphere", hills(), kSphereText, 0.02, Open::kNothing, true},
      {"HeightFieldCapsule", hills(), kCapsuleText, 0.02, Open::kNothing, true},
      {"HeightFieldEllipsoid", hills(), kEllipsoidText, 0.02, Open::kNothing, true},
      {"HeightFieldCylinder", hills(), kCylinderText, 0.02, Open::kNothing, true},
      {"HeightFieldBox", hills(), kBoxText, 0.02, Open::kNothing, true},
  };
  return cases;
}

inline const std::vector<ColliderCase>& mesh_cases() {
  static const std::vector<ColliderCase> cases = {
      {"CapsuleMesh", kCapsuleText, prism(), 0.03, Open::kNothing, true, true},
      {"BoxMesh", kBoxText, prism(), 0.03, Open::kNothing, true, true},
      {"MeshMesh", prism(), prism(), 0.03, Open::kNothing, true, true},
      {"CylinderMesh", kCylinderText, prism(), 0.03, Open::kNothing, true, true},
      {"RoundMeshes", pebble(), pebble(), 0.005, Open::kNothing, true, true},
  };
  return cases;
}

inline std::vector<ColliderCase> all_cases() {
  std::vector<ColliderCase> cases = exact_cases();
  for (const auto* more : {&single_contact_cases(), &cylinder_cases(), &mesh_cases(), &height_field_cases()}) {
    cases.insert(cases.end(), more->begin(), more->end());
  }
  return cases;
}

}  // namespace lockstep::kernels
