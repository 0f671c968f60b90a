// The links of a model: bodies with joints and mocap bodies, each together with the bodies welded to it. What the
// packing of the native kernels' constants is computed from.
#pragma once

#include <vector>

#include <Eigen/Dense>

struct mjModel_;

namespace lockstep {

// A pose in some parent frame: points go to position + rotation * point.
struct RigidPose {
  Eigen::Vector3d position = Eigen::Vector3d::Zero();
  Eigen::Matrix3d rotation = Eigen::Matrix3d::Identity();
  friend RigidPose operator*(const RigidPose& a, const RigidPose& b) {
    return {a.position + a.rotation * b.position, a.rotation * b.rotation};
  }
};

// Frames in their bodies, as mj_kinematics places them: one that the compiler found to be its body's, or its body's
// inertial one, to 1e-6 (geom_sameframe and the like) is taken to be that one.
[[nodiscard]] RigidPose inertial_frame(const mjModel_& model, int body);
[[nodiscard]] RigidPose geom_frame(const mjModel_& model, int geom);
[[nodiscard]] RigidPose site_frame(const mjModel_& model, int site);

struct Link {
  int body = 0;     // its MuJoCo body
  int parent = -1;  // link, or -1: the world
  int root = 0;     // first link of its tree
  int depth = 0;
  int mocapid = -1;         // its pose is part of the state
  RigidPose frame;          // in the parent link's frame (root: in the world), joints at their reference
  RigidPose world;          // the same frame in the world, all joints at their reference
  double mass = 0;          // kg, welded bodies included
  double subtree_mass = 0;  // kg
  Eigen::Vector3d com = Eigen::Vector3d::Zero();      // m, in the link's frame
  Eigen::Matrix3d inertia = Eigen::Matrix3d::Zero();  // kg m^2 about the centre of mass, in the link's frame
  std::vector<int> children;
};

struct LinkTree {
  std::vector<Link> links;              // parents first, MuJoCo's order of bodies
  std::vector<int> body_link;           // [nbody] -1: welded to the world
  std::vector<RigidPose> body_in_link;  // [nbody] pose in the link's frame (or in the world)

  // Planar models: all links move parallel to one plane, spanned by the first two columns; the third is its normal.
  bool planar = false;
  Eigen::Matrix3d plane = Eigen::Matrix3d::Identity();
};

[[nodiscard]] LinkTree link_tree(const mjModel_& model);

}  // namespace lockstep
