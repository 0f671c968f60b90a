// Collects the arrays of a ModelConstants<double> while a model is read: shared by the files that fill them.
#pragma once

#include "engine/link_tree.h"
#include "kernels/model_constants.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <mujoco/mujoco.h>

namespace lockstep {

// Every array of the constants must be set once.
class Packing {
 public:
  using Ints = std::vector<std::int32_t>;
  using Reals = std::vector<double>;

  Packing(const mjModel& model, const LinkTree& links) : m(model), tree(links) {}

  void set(const std::int32_t*& target, Ints list) {
    ints_.push_back(std::move(list));
    target = ints_.back().data();
    sizes_[&target] = ints_.back().size();
  }
  void set(const double*& target, Reals list) {
    reals_.push_back(std::move(list));
    target = reals_.back().data();
    sizes_[&target] = reals_.back().size();
  }
  // What rounding the numbers of `list` takes from them: nothing in double, filled in when they are stored as float.
  void set_rest(const double*& target, const Reals& list) {
    set(target, list);
    rests_.insert(&target);
  }
  [[nodiscard]] std::size_t size_of(const void* member) const { return sizes_.at(member); }
  [[nodiscard]] bool is_rest(const void* member) const { return rests_.contains(member); }
  [[nodiscard]] bool disabled(int flag) const { return (m.opt.disableflags & flag) != 0; }

  // A frame fixed in a body, as the constants hold it. Returns its index among the markers.
  int add_marker(int body, const RigidPose& pose_in_body);
  int add_marker(int body, const mjtNum* pos, const mjtNum* quat);
  void set_markers();

  const mjModel& m;
  const LinkTree& tree;
  kernels::ModelConstants<double> c{};

 private:
  std::deque<Ints> ints_;
  std::deque<Reals> reals_;
  std::map<const void*, std::size_t> sizes_;
  std::set<const void*> rests_;
  Ints marker_link_;
  Reals marker_offset_, marker_turn_;
};

// Where a frame that is fixed in a link (or in the world: -1) stands, as body_offset and body_turn hold it.
[[nodiscard]] RigidPose constant_pose(const LinkTree& tree, int link, const RigidPose& pose_in_link);

void append(Packing::Reals& list, const Eigen::Vector3d& v);
void append(Packing::Reals& list, const double* values, int count);
void append(Packing::Reals& list, const Eigen::Matrix3d& columns);  // column by column

// K and B of a constraint's reference acceleration, from its solref and the largest impedance (MuJoCo computation
// chapter, "Reference"; positive solref gives time constant and damping ratio, negative ones stiffness and damping).
[[nodiscard]] std::pair<double, double> reference_gains(const Packing& packing, const double* solref,
                                                        double largest_impedance);
// solimp as MuJoCo clips it: dmin, dmax, width, midpoint, power.
[[nodiscard]] std::array<double, 5> clipped_impedance(const double* solimp);

// Joint limits, friction loss, and contacts: geoms, pairs and what their contacts are made of.
void pack_limits(Packing& packing);
void pack_friction_loss(Packing& packing);
void pack_contacts(Packing& packing);
// Hulls and height fields of these geoms (ids of the model).
void pack_shapes(Packing& packing, const std::vector<int>& geoms);
// Limits and friction loss of tendons, equalities of joints and tendons.
void pack_scalar_rows(Packing& packing);

// Tendons, general actuators, fluid and gravity compensation.
void pack_tendons(Packing& packing);
void pack_general_actuators(Packing& packing, const std::vector<int>& general);
void pack_body_forces(Packing& packing);
void pack_sensors(Packing& packing);

// Actuators in the kernels' order: those that a hinge's or slide's own constants describe, sorted by dof, then the
// general ones.
struct ActuatorOrder {
  std::vector<int> simple, general;
};
[[nodiscard]] ActuatorOrder actuator_order(const mjModel& model);

}  // namespace lockstep
