// The lists that the constants of sensors point into (kernels/sensor_constants.h), while they are filled.
#pragma once

#include "engine/constant_packing.h"

#include <Eigen/Geometry>

namespace lockstep {

// A marker at a site, a geom, a body's inertial frame (mjOBJ_BODY) or its own (mjOBJ_XBODY).
[[nodiscard]] int marker_of_frame(Packing& packing, int object_type, int id);

// The bodies under one body, itself included.
class Subtrees {
 public:
  // Returns the index of the subtree of `root`; without its massless bodies unless `all` are wanted.
  int add(Packing& packing, int root, bool all);
  void set(Packing& packing) const;

 private:
  Packing::Ints adr_{0}, range_, body_, marker_;
  Packing::Reals mass_, inertia_;
};

// The sites of touch sensors.
class TouchZones {
 public:
  int add(const Packing& packing, int site);
  void set(Packing& packing) const;

 private:
  Packing::Ints body_, type_;
  Packing::Reals size_;
};

// Orientations as products of MuJoCo's quaternions along the chain of bodies.
class Turns {
 public:
  int add(const Packing& packing, int object_type, int id);
  void set(Packing& packing) const;

 private:
  Packing::Ints link_;
  Packing::Reals quaternion_;
};

// The geoms that rays may hit, as mj_ray chooses them; none unless some sensor casts rays.
void pack_ray_geoms(Packing& packing, bool casts_rays);

}  // namespace lockstep
