// The kernels are instantiated here for plain numbers, in both geometries.
#include "apps/scalar_world.h"
#include "kernels/poses.h"
#include "kernels/sensors.h"
#include "kernels/team.h"

#include <algorithm>
#include <functional>
#include <span>
#include <string>

#include <mujoco/mujoco.h>

namespace lockstep::apps {
namespace {

// Rounding of a chain of some thousand operations, with room for ill-conditioned mass matrices, and the constraint
// solver's tolerance on top.
constexpr double kAllowedStage = 1e-9, kAllowedAcceleration = 1e-6, kAllowedSensors = 1e-8;

// The scale is the largest entry of MuJoCo's array.
void add_stage(const std::string& stage, std::span<const double> ours, std::span<const double> theirs,
               Deviations& deviations) {
  deviations.add(stage, relative_deviation(ours, theirs, 0), kAllowedStage);
}

// The forces of all constraints if qacc were qacc_smooth: d.qfrc_constraint.
void constraint_forces_of_mujoco(const mjModel& m, mjData& d) {
  std::vector<double> jar(static_cast<std::size_t>(d.nefc));
  mj_mulJacVec(&m, &d, jar.data(), d.qacc_smooth);
  for (std::size_t row = 0; row < jar.size(); ++row) jar[row] -= d.efc_aref[row];
  mju_zero(d.qfrc_constraint, static_cast<int>(m.nv));
  if (d.nefc > 0) mj_constraintUpdate(&m, &d, jar.data(), nullptr, 0);
}

// [nv][nv]
std::vector<double> mass_of_mujoco(const mjModel& m, const mjData& d) {
  std::vector<double> mass(static_cast<std::size_t>(m.nv * m.nv));
  mj_fullM(&m, const_cast<mjData*>(&d), mass.data());  // reads it
  return mass;
}

}  // namespace

double acceleration_scale(const mjModel& m, const mjData& d) { return largest_entry(numbers(d.qacc_smooth, m.nv)); }

ScalarWorld::ScalarWorld(const Model& model)
    : model_(model),
      constants_(model.constants<double>()),
      layout_(model.state_layout()),
      state_(static_cast<std::size_t>(layout_.size)),
      arena_(static_cast<std::size_t>(model.scratch_size())),
      pairs_(*model.mj(), constants_) {}

template <class Run>
void ScalarWorld::in_geometry(Run&& run) {
  if (constants_.planar != 0) {
    run(Workspace<kernels::Planar>(constants_, arena_.data()));
  } else {
    run(Workspace<kernels::Spatial>(constants_, arena_.data()));
  }
}

void ScalarWorld::set(const mjData& d) {
  const auto put = [&](int field, const mjtNum* source, int count) {
    std::copy_n(source, count, state_.data() + field);
  };
  put(layout_.qpos, d.qpos, model_.nq());
  put(layout_.qvel, d.qvel, model_.nv());
  put(layout_.act, d.act, model_.na());
  put(layout_.ctrl, d.ctrl, model_.nu());
  put(layout_.qacc_warmstart, d.qacc_warmstart, model_.nv());
  put(layout_.mocap_pos, d.mocap_pos, 3 * constants_.nmocap);
  put(layout_.mocap_quat, d.mocap_quat, 4 * constants_.nmocap);
  state_[static_cast<std::size_t>(layout_.time)] = d.time;
}

void ScalarWorld::compare_poses(const mjData& d, Deviations& deviations) {
  std::vector<double> xpos(static_cast<std::size_t>(3 * model_.nbody())), xmat(3 * xpos.size());
  kernels::poses(constants_, block(), arena_.data(), xpos.data(), xmat.data(), kernels::Solo{});
  add_stage("xpos", xpos, numbers(d.xpos, 3 * model_.nbody()), deviations);
  add_stage("xmat", xmat, numbers(d.xmat, 9 * model_.nbody()), deviations);
}

void ScalarWorld::compare_forces(const mjData& d, Deviations& deviations) {
  in_geometry([&](const auto& w) { compare_forces_in(w, d, deviations); });
}

template <class Geometry>
void ScalarWorld::compare_forces_in(const Workspace<Geometry>& w, const mjData& d, Deviations& deviations) {
  const kernels::Solo team;
  const auto& c = constants_;
  const int nv = model_.nv();
  load_state(c, w, block(), team);
  mass_and_bias(c, w, team);
  const std::vector<double> mass = mass_of_mujoco(*model_.mj(), d);
  compare_mass(w.mass_rows, mass, deviations);
  if (c.ntendon > 0) {
    add_stage("ten_length", numbers(w.ten_length, c.ntendon), numbers(d.ten_length, c.ntendon), deviations);
    add_stage("ten_velocity", numbers(w.ten_velocity, c.ntendon), numbers(d.ten_velocity, c.ntendon), deviations);
    add_stage("ten_J", numbers(w.ten_J, c.num_tendon_entries), numbers(d.ten_J, c.num_tendon_entries), deviations);
  }
  std::vector<double> force(static_cast<std::size_t>(nv));
  const auto take = [&](double sign) {
    for (int dof = 0; dof < nv; ++dof) force[static_cast<std::size_t>(dof)] = sign * w.qfrc[dof];
    std::fill_n(w.qfrc, nv, 0.0);
  };
  take(-1);
  // Products of velocities that cancel where a body hardly turns: rounding goes with them, not with what is left.
  const double speed = largest_entry(numbers(d.qvel, nv));
  const double terms = 1e-3 * largest_entry(mass) * speed * speed;
  deviations.add("qfrc_bias", relative_deviation(force, numbers(d.qfrc_bias, nv), terms), kAllowedStage);
  add_passive(c, w, team);
  take(1);
  add_stage("qfrc_passive", force, numbers(d.qfrc_passive, nv), deviations);
  add_actuation(c, w, static_cast<double*>(nullptr), team);
  take(1);
  add_stage("qfrc_actuator", force, numbers(d.qfrc_actuator, nv), deviations);
  if (model_.na() > 0) {
    add_stage("act_dot", numbers(w.act_dot, model_.na()), numbers(d.act_dot, model_.na()), deviations);
  }
}

void ScalarWorld::compare_mass(const double* rows, std::span<const double> mass, Deviations& deviations) const {
  const int nv = model_.nv();
  std::vector<double> ours(mass.size());
  for (int dof = 0; dof < nv; ++dof) {
    for (int t = 0; t <= constants_.dof_depth[dof]; ++t) {
      const int entry = constants_.dof_row[dof] + 1 + t, ancestor = constants_.dof_ancestor[entry];
      ours[static_cast<std::size_t>(dof * nv + ancestor)] = rows[entry];
      ours[static_cast<std::size_t>(ancestor * nv + dof)] = rows[entry];
    }
  }
  add_stage("M", ours, mass, deviations);
}

template <class Geometry>
void ScalarWorld::find_all(const Workspace<Geometry>& w) {
  const kernels::Solo team;
  load_state(constants_, w, block(), team);
  smooth_forces(constants_, w, team);
  find_constraints(constants_, w, team);
}

// [nv] of the rows that were found.
template <class Geometry>
std::vector<double> ScalarWorld::constraint_forces(const Workspace<Geometry>& w, const double* qacc) {
  const kernels::Solo team;
  std::vector<double> force(static_cast<std::size_t>(model_.nv()));
  if (!constrained_worlds(constants_, w)) return force;
  std::copy_n(qacc, model_.nv(), w.rows.solution);
  plan_hessian(constants_, w);
  start_rows(constants_, w, team);
  // The gradient of the cost is M qacc - qfrc_smooth - qfrc_constraint: the first two are set to zero.
  std::fill_n(w.rows.Ma, model_.nv(), 0.0);
  std::fill_n(w.qfrc, model_.nv(), 0.0);
  write_newton_system(constants_, w, team);
  std::transform(w.rows.gradient, w.rows.gradient + model_.nv(), force.begin(), std::negate<>{});
  return force;
}

void ScalarWorld::compare_constraints(mjData& d, Deviations& deviations) {
  if (constants_.has_constraints == 0) return;
  constraint_forces_of_mujoco(*model_.mj(), d);
  in_geometry([&](const auto& w) {
    find_all(w);
    const std::vector<double> ours = constraint_forces(w, d.qacc_smooth);
    deviations.add_with_contacts("qfrc_constraint",
                                 relative_deviation(ours, numbers(d.qfrc_constraint, model_.nv()), 0), kAllowedStage);
  });
}

void ScalarWorld::compare_acceleration(const mjData& d, Deviations& deviations) {
  std::vector<double> qacc(static_cast<std::size_t>(model_.nv()));
  kernels::acceleration(constants_, block(), arena_.data(), qacc.data(), kernels::Solo{});
  deviations.add_with_contacts(
      "qacc", relative_deviation(qacc, numbers(d.qacc, model_.nv()), acceleration_scale(*model_.mj(), d)),
      kAllowedAcceleration);
}

// After find_all.
template <class Geometry>
std::vector<FoundContact> ScalarWorld::contacts(const Workspace<Geometry>& w) {
  std::vector<FoundContact> list;
  visit_contacts(constants_, w, kernels::Solo{},
                 [&](int slot, bool, const kernels::ContactPoint<double>& contact, const auto&) {
                   const auto& n = contact.normal;
                   list.push_back({constants_.slot_pair[slot], contact.distance, {n.x, n.y, n.z}});
                 });
  return list;
}

void ScalarWorld::compare_on_contacts_of_mujoco(mjData& d, Deviations& deviations) {
  const mjModel& m = *model_.mj();
  constraint_forces_of_mujoco(m, d);
  in_geometry([&]<class Geometry>(const Workspace<Geometry>& w) {
    find_all(w);
    compare_contacts(constants_, pairs_, d, contacts(w), deviations);
    if (!take_contacts(constants_, pairs_, d, w)) return;
    const std::vector<double> forces = constraint_forces(w, d.qacc_smooth);
    deviations.add("qfrc_constraint on MuJoCo's contacts",
                   relative_deviation(forces, numbers(d.qfrc_constraint, m.nv), 0), kAllowedStage);
    find_all(w);
    if (!take_contacts(constants_, pairs_, d, w)) return;
    accelerate(constants_, w, constrained_worlds(constants_, w), w.warmstart, false, kernels::Solo{});
    deviations.add("qacc on MuJoCo's contacts",
                   relative_deviation(numbers(w.qacc, m.nv), numbers(d.qacc, m.nv), acceleration_scale(m, d)),
                   kAllowedAcceleration);
  });
}

void ScalarWorld::compare_sensors(const mjData& d, Deviations& deviations) {
  const auto& c = constants_;
  std::vector<double> ours(static_cast<std::size_t>(c.nsensordata)), theirs(ours.size());
  kernels::sensors(c, block(), arena_.data(), ours.data(), kernels::Solo{});
  for (int sensor = 0; sensor < c.num_sensors; ++sensor) {
    const auto adr = static_cast<std::size_t>(c.sensor_adr[sensor]);
    const auto dim = static_cast<std::size_t>(c.sensor_dim[sensor]);
    const bool known = c.sensor_kind[sensor] != kernels::kForeignSensor;
    if (known) std::copy_n(d.sensordata + adr, dim, theirs.data() + adr);
    if (!known) std::fill_n(ours.data() + adr, dim, 0.0);
  }
  if (c.num_sensors > 0) {
    deviations.add_with_contacts("sensordata", relative_deviation(ours, theirs, 0), kAllowedSensors);
  }
}

}  // namespace lockstep::apps
