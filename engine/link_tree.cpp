// Finds the links of a model, their inertia, and whether they all move in one plane.
#include "engine/link_tree.h"

#include <cmath>
#include <cstddef>

#include <mujoco/mujoco.h>

namespace lockstep {
namespace {

Eigen::Vector3d vector(const mjtNum* p) { return {p[0], p[1], p[2]}; }

Eigen::Matrix3d rotation(const mjtNum* quat) {
  return Eigen::Quaterniond(quat[0], quat[1], quat[2], quat[3]).normalized().toRotationMatrix();
}

RigidPose frame_or_same(const mjModel& m, int body, int sameframe, const mjtNum* pos, const mjtNum* quat) {
  switch (sameframe) {
    case mjSAMEFRAME_BODY:
      return {};
    case mjSAMEFRAME_INERTIA:
      return inertial_frame(m, body);
    case mjSAMEFRAME_BODYROT:
      return {vector(pos), Eigen::Matrix3d::Identity()};
    case mjSAMEFRAME_INERTIAROT:
      return {vector(pos), inertial_frame(m, body).rotation};
    default:
      return {vector(pos), rotation(quat)};
  }
}

// m (d.d 1 - d d'): what moving a mass by d adds to its inertia.
Eigen::Matrix3d steiner(double mass, const Eigen::Vector3d& d) {
  return mass * (d.squaredNorm() * Eigen::Matrix3d::Identity() - d * d.transpose());
}

void add_body_mass(const mjModel& m, int body, const RigidPose& pose, Link& link) {
  const double mass = m.body_mass[body];
  if (mass <= 0) return;
  const auto [com, axes] = pose * inertial_frame(m, body);
  const Eigen::Matrix3d inertia = axes * vector(m.body_inertia + 3 * body).asDiagonal() * axes.transpose();
  const double total = link.mass + mass;
  const Eigen::Vector3d centre = (link.mass * link.com + mass * com) / total;
  link.inertia = link.inertia + steiner(link.mass, link.com - centre) + inertia + steiner(mass, com - centre);
  link.com = centre;
  link.mass = total;
}

void add_link(const mjModel& m, int body, LinkTree& tree) {
  const auto parent_body = static_cast<std::size_t>(m.body_parentid[body]);
  Link link;
  link.body = body;
  link.parent = tree.body_link[parent_body];
  link.frame =
      tree.body_in_link[parent_body] * RigidPose{vector(m.body_pos + 3 * body), rotation(m.body_quat + 4 * body)};
  const int index = static_cast<int>(tree.links.size());
  link.root = index;
  link.world = link.frame;
  const int first = m.body_jntadr[body];
  link.mocapid = m.body_mocapid[body];
  if (m.body_jntnum[body] > 0 &&
      m.jnt_type[first] == mjJNT_FREE) {  // stands where qpos says, whatever the body's own pose
    const mjtNum* qpos = m.qpos0 + m.jnt_qposadr[first];
    link.world = link.frame = {vector(qpos), rotation(qpos + 3)};
  }
  if (link.parent >= 0) {
    Link& parent = tree.links[static_cast<std::size_t>(link.parent)];
    parent.children.push_back(index);
    link.root = parent.root;
    link.depth = parent.depth + 1;
    link.world = parent.world * link.frame;
  }
  tree.body_link[static_cast<std::size_t>(body)] = index;
  tree.body_in_link[static_cast<std::size_t>(body)] = {};
  tree.links.push_back(std::move(link));
}

constexpr double kParallel = 1e-12;  // sines of smaller angles count as zero

// The axis of a joint in the world, at the reference.
Eigen::Vector3d world_axis(const mjModel& m, const LinkTree& tree, int joint) {
  const int link = tree.body_link[static_cast<std::size_t>(m.jnt_bodyid[joint])];
  return tree.links[static_cast<std::size_t>(link)].world.rotation * vector(m.jnt_axis + 3 * joint);
}

// The normal that all hinges share (or, without hinges, one that is perpendicular to all slides); zero if there is
// none.
Eigen::Vector3d plane_normal(const mjModel& m, const LinkTree& tree) {
  if (m.nmocap != 0) return Eigen::Vector3d::Zero();  // they move as they like
  Eigen::Vector3d normal = Eigen::Vector3d::Zero(), slide = Eigen::Vector3d::Zero();
  for (int joint = 0; joint < m.njnt; ++joint) {
    const int type = m.jnt_type[joint];
    if (type != mjJNT_HINGE && type != mjJNT_SLIDE) return Eigen::Vector3d::Zero();
    const Eigen::Vector3d axis = world_axis(m, tree, joint);
    if (type == mjJNT_HINGE && normal.isZero()) normal = axis;
    if (type == mjJNT_SLIDE) {
      const Eigen::Vector3d across = slide.cross(axis);
      if (normal.isZero() && across.norm() > 0.1) normal = across.normalized();
      if (slide.isZero()) slide = axis;
    }
  }
  if (normal.isZero() && !slide.isZero()) normal = slide.unitOrthogonal();
  for (int joint = 0; joint < m.njnt && !normal.isZero(); ++joint) {
    const Eigen::Vector3d axis = world_axis(m, tree, joint);
    const double wrong = m.jnt_type[joint] == mjJNT_HINGE ? normal.cross(axis).norm() : std::abs(normal.dot(axis));
    if (wrong > kParallel) return Eigen::Vector3d::Zero();
  }
  return normal;
}

// e1 and e2 along the world's axes where the normal is one of them.
Eigen::Matrix3d plane_axes(const Eigen::Vector3d& normal) {
  int least = 0;
  normal.cwiseAbs().minCoeff(&least);
  const Eigen::Vector3d start = Eigen::Vector3d::Unit(least);
  const Eigen::Vector3d e1 = (start - normal.dot(start) * normal).normalized();
  Eigen::Matrix3d axes;
  axes << e1, normal.cross(e1), normal;
  return axes;
}

}  // namespace

RigidPose inertial_frame(const mjModel& m, int body) {
  const int same = m.body_sameframe[body];
  if (same == mjSAMEFRAME_BODY) return {};
  const Eigen::Vector3d position = vector(m.body_ipos + 3 * body);
  if (same == mjSAMEFRAME_BODYROT) return {position, Eigen::Matrix3d::Identity()};
  return {position, rotation(m.body_iquat + 4 * body)};
}
RigidPose geom_frame(const mjModel& m, int geom) {
  return frame_or_same(m, m.geom_bodyid[geom], m.geom_sameframe[geom], m.geom_pos + 3 * geom, m.geom_quat + 4 * geom);
}
RigidPose site_frame(const mjModel& m, int site) {
  return frame_or_same(m, m.site_bodyid[site], m.site_sameframe[site], m.site_pos + 3 * site, m.site_quat + 4 * site);
}

LinkTree link_tree(const mjModel& m) {
  LinkTree tree;
  tree.body_link.assign(static_cast<std::size_t>(m.nbody), -1);
  tree.body_in_link.resize(static_cast<std::size_t>(m.nbody));
  for (int body = 1; body < m.nbody; ++body) {
    const auto index = static_cast<std::size_t>(body);
    const auto parent = static_cast<std::size_t>(m.body_parentid[body]);
    if (m.body_jntnum[body] > 0 || m.body_mocapid[body] >= 0) {
      add_link(m, body, tree);
    } else {
      tree.body_link[index] = tree.body_link[parent];
      tree.body_in_link[index] =
          tree.body_in_link[parent] * RigidPose{vector(m.body_pos + 3 * body), rotation(m.body_quat + 4 * body)};
    }
    const int link = tree.body_link[index];
    if (link >= 0) add_body_mass(m, body, tree.body_in_link[index], tree.links[static_cast<std::size_t>(link)]);
  }
  for (std::size_t i = tree.links.size(); i-- > 0;) {
    Link& link = tree.links[i];
    link.subtree_mass += link.mass;
    if (link.parent >= 0) tree.links[static_cast<std::size_t>(link.parent)].subtree_mass += link.subtree_mass;
  }
  const Eigen::Vector3d normal = plane_normal(m, tree);
  tree.planar = !normal.isZero();
  if (tree.planar) tree.plane = plane_axes(normal);
  return tree;
}

}  // namespace lockstep
