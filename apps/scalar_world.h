// One world of a model on the scalar kernels in double, stage by stage against MuJoCo's arrays of the same state.
#pragma once

#include "apps/deviations.h"
#include "apps/iterative_contacts.h"
#include "engine/buffer.h"
#include "engine/model.h"
#include "kernels/step.h"

#include <span>
#include <vector>

struct mjData_;

namespace lockstep::apps {

// What accelerations are compared by: what forces alone would do counts too, since what constraints do to it may
// cancel.
[[nodiscard]] double acceleration_scale(const mjModel_& m, const mjData_& d);

// Calls of compare_* follow a `set` to d's state, after mj_forward of it.
class ScalarWorld {
 public:
  explicit ScalarWorld(const Model& model);

  void set(const mjData_& d);
  void compare_poses(const mjData_& d, Deviations& deviations);
  void compare_forces(const mjData_& d, Deviations& deviations);
  // `d` is left with the forces of its constraints at qacc_smooth.
  void compare_constraints(mjData_& d, Deviations& deviations);
  void compare_acceleration(const mjData_& d, Deviations& deviations);
  // Depths and normals of iterative pairs' contacts; then forces and acceleration on MuJoCo's own contacts: what of the
  // state is defined to rounding. `d` is left as by compare_constraints.
  void compare_on_contacts_of_mujoco(mjData_& d, Deviations& deviations);
  // Those that the kernels have; the others read as not-a-number.
  void compare_sensors(const mjData_& d, Deviations& deviations);

 private:
  template <class Geometry>
  using Workspace = kernels::Workspace<Geometry, double>;
  template <class Run>
  void in_geometry(Run&& run);  // run(Workspace) in the geometry of the model
  template <class Geometry>
  void find_all(const Workspace<Geometry>& w);  // smooth forces and constraints of the state
  template <class Geometry>
  std::vector<double> constraint_forces(const Workspace<Geometry>& w, const double* qacc);
  template <class Geometry>
  std::vector<FoundContact> contacts(const Workspace<Geometry>& w);
  template <class Geometry>
  void compare_forces_in(const Workspace<Geometry>& w, const mjData_& d, Deviations& deviations);
  void compare_mass(const double* rows, std::span<const double> mass, Deviations& deviations) const;
  kernels::StateBlock<double> block() { return {state_.data(), 1}; }

  const Model& model_;
  const kernels::ModelConstants<double>& constants_;
  kernels::StateLayout layout_;
  HostBuffer<double> state_, arena_;
  GeomPairs pairs_;
};

}  // namespace lockstep::apps
