// Collects the arrays of a ModelConstants<double> while a model is read: shared by the files that fill them.
#pragma once

#include "engine/contact_pairs.h"
#include "engine/link_tree.h"
#include "engine/model_constants.h"
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

// Parts that the kernels must provide for although the model at hand lacks them, because they may differ from world to
// world (engine/world_constants.h). Empty lists: none.
struct VariedParts {
  bool inertias = false;                          // masses, and centres and axes of inertia, of all links
  std::vector<bool> springs, dampers, frictions;  // [njnt], [nv], [nv]

  [[nodiscard]] static bool has(const std::vector<bool>& list, int i) {
    return !list.empty() && list[static_cast<std::size_t>(i)];
  }
};

// What a marker's place follows from: the pose of a geom, a body's frame of inertia, or the centre of what gravity
// compensation lifts of a link; else nothing that could differ from world to world.
struct MarkerSource {
  enum Kind { kFixed, kGeom, kInertia, kLifted } kind = kFixed;
  int id = -1;  // geom, body, link
};

// Every array of the constants must be set once.
class Packing {
 public:
  using Ints = std::vector<std::int32_t>;
  using Reals = std::vector<double>;

  Packing(const mjModel& model, const LinkTree& links, VariedParts parts = {})
      : m(model), tree(links), varied(std::move(parts)) {}

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
  [[nodiscard]] bool is_set(const void* member) const { return sizes_.contains(member); }
  [[nodiscard]] bool is_rest(const void* member) const { return rests_.contains(member); }
  [[nodiscard]] bool disabled(int flag) const { return (m.opt.disableflags & flag) != 0; }

  // A frame fixed in a body, as the constants hold it. Returns its index among the markers.
  int add_marker(int body, const RigidPose& pose_in_body, MarkerSource source = {});
  int add_marker(int body, const mjtNum* pos, const mjtNum* quat);
  void set_markers();

  const mjModel& m;
  const LinkTree& tree;
  const VariedParts varied;
  kernels::ModelConstants<double> c{};
  std::vector<MarkerSource> marker_source;  // [num_markers]
  std::vector<ContactPair> pairs;           // [num_pairs] in the kernels' order
  std::vector<int> geoms;                   // [num_geoms] ids

 private:
  std::deque<Ints> ints_;
  std::deque<Reals> reals_;
  std::map<const void*, std::size_t> sizes_;
  std::set<const void*> rests_;
  Ints marker_link_;
  Reals marker_offset_, marker_turn_;
};

// Sets every array of the constants.
void pack_all(Packing& packing);
// What has been set, in both precisions.
[[nodiscard]] ConstantSets stored(Packing& packing);

// Where a frame that is fixed in a link (or in the world: -1) stands, as body_offset and body_turn hold it.
[[nodiscard]] RigidPose constant_pose(const LinkTree& tree, int link, const RigidPose& pose_in_link);

void append(Packing::Reals& list, const Eigen::Vector3d& v);
void append(Packing::Reals& list, const double* values, int count);
void append(Packing::Reals& list, const Eigen::Matrix3d& columns);  // column by column
// The heights of all height fields, as hfield_data has them.
[[nodiscard]] Packing::Reals all_heights(const mjModel& m);

// K and B of a constraint's reference acceleration, from its solref and the largest impedance (MuJoCo computation
// chapter, "Reference"; positive solref gives time constant and damping ratio, negative ones stiffness and damping).
[[nodiscard]] std::pair<double, double> reference_gains(const Packing& packing, const double* solref,
                                                        double largest_impedance);
// solimp as MuJoCo clips it: dmin, dmax, width, midpoint, power.
[[nodiscard]] std::array<double, 5> clipped_impedance(const double* solimp);

// Options, and all that is no contact, constraint, tendon, general actuator or sensor.
void pack_gravity(Packing& packing);
void pack_link_masses(Packing& packing);
void pack_armature(Packing& packing);
void pack_passive(Packing& packing);
void pack_gains(Packing& packing);

// Joint limits, friction loss, and contacts: geoms, pairs and what their contacts are made of.
void pack_limits(Packing& packing);
void pack_friction_loss(Packing& packing);
void pack_contacts(Packing& packing);
// Of these, where packing.geoms are, and what follows from friction and inverse weights in the rows of packing.pairs
// and of connects and welds.
void pack_geom_places(Packing& packing);
void pack_pair_rows(Packing& packing);
// Hulls and height fields of these geoms (ids of the model).
void pack_shapes(Packing& packing, const std::vector<int>& geoms);
// Limits and friction loss of tendons, equalities of joints and tendons.
void pack_scalar_rows(Packing& packing);

// What gravity compensation lifts of a link (kg), and its centre in the link's frame (m).
struct LiftedMass {
  double mass = 0;
  Eigen::Vector3d centre = Eigen::Vector3d::Zero();
};
[[nodiscard]] LiftedMass lifted_mass(const Packing& packing, int link);

// Tendons, general actuators, fluid and gravity compensation.
void pack_tendons(Packing& packing);
void pack_general_actuators(Packing& packing, const std::vector<int>& general);
void pack_body_forces(Packing& packing);
void pack_sensors(Packing& packing);

// Actuators in the kernels' order: those that a hinge's or slide's own constants describe, sorted by dof, then the
// general ones.
struct ActuatorOrder {
  std::vector<int> simple, general;

  [[nodiscard]] std::vector<int> all() const {
    std::vector<int> order = simple;
    order.insert(order.end(), general.begin(), general.end());
    return order;
  }
};
[[nodiscard]] ActuatorOrder actuator_order(const mjModel& model);

}  // namespace lockstep
