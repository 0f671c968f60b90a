// Sensors of the present state, as mj_forward leaves them in sensordata, or of the last evaluation of forces in a step;
// those that the kernels do not know read as not-a-number. MuJoCo XML reference, sensor.
#pragma once

#include "kernels/body_arrays.h"
#include "kernels/contact_sensors.h"
#include "kernels/rangefinder.h"
#include "kernels/sensed_frames.h"
#include "kernels/step.h"

namespace lockstep::kernels {

template <class T>
LS_FN void write_vector(T* target, Vector3<T> v) {
  target[0] = v.x;
  target[1] = v.y;
  target[2] = v.z;
}

template <class T>
LS_FN void write_quaternion(T* target, Quaternion<T> q) {
  target[0] = q.w;
  write_vector(target + 1, {q.x, q.y, q.z});
}

template <class G, class T>
[[gnu::noinline]] LS_FN void sense_actuator(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int kind,
                                            int actuator, T* target) {
  const int general = actuator - (m.num_actuators - m.num_general);
  if (general >= 0) {
    target[0] = kind == kActuatorLength     ? w.actuator_length[general]
                : kind == kActuatorVelocity ? w.actuator_velocity[general]
                                            : w.actuator_force[general];
    return;
  }
  const T gear = T(m.actuator_gear[actuator]);
  const T length = gear * w.qpos[m.actuator_qposadr[actuator]], velocity = gear * w.qvel[m.actuator_dof[actuator]];
  T slope;
  const T input = actuator_input(m, w, actuator);
  const T force = limited_force(m, actuator, affine_force(m, actuator, input, length, velocity, slope), slope);
  target[0] = kind == kActuatorLength ? length : kind == kActuatorVelocity ? velocity : force;
}

// Total force of the actuators on a hinge or slide, with what they lift, in its range.
template <class G, class T>
[[gnu::noinline]] LS_FN T sense_joint_actuation(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int dof) {
  T force = T(0);
  for (int group = 0; group < m.num_actuated; ++group) {
    if (m.actuator_dof[m.actuated_adr[group]] == dof) force += dof_actuation(m, w, group).force;
  }
  if (m.num_clamped_dofs != 0 || m.has_lifted_dofs) return force + w.qfrc_actuator[dof];
  for (int k = m.moment_dof_adr[dof]; k < m.moment_dof_adr[dof + 1]; ++k) {
    force += w.actuator_moment[m.moment_dof_entry[k]] * w.actuator_force[m.moment_dof_row[k]];
  }
  return force;
}

template <class G, class T>
[[gnu::noinline]] LS_FN T sense_tendon_actuation(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                 int tendon) {
  T force = T(0);
  for (int i = 0; i < m.num_general; ++i) {
    if (m.general_kind[i] == kTendon && m.general_target[i] == tendon) force += w.actuator_force[i];
  }
  return force;
}

// Position (less the margin), velocity or force of one side of a limit; nothing where it is not active.
//   velocity and jar: J qvel and J qacc - aref of its row
template <class T>
LS_FN T sense_limit_row(int quantity, T violation, T velocity, T D, T jar) {
  const T value = quantity == 0 ? violation : quantity == 1 ? velocity : select(jar < T(0), -(D * jar), T(0));
  return select(violation < T(0), value, T(0));
}

// Of a joint's limit: of its lower side, where that is active, else of its upper side.
template <class G, class T>
[[gnu::noinline]] LS_FN T sense_joint_limit(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int quantity,
                                            int limit) {
  if (limit < 0) return T(0);
  const T margin = T(m.limit_margin[limit]);
  const auto side = [&](int s, T distance) {
    const int row = m.limit_row[limit] + s;
    const T velocity = row_product(m, w, limit, s, w.qvel);
    if (quantity < 2) return sense_limit_row(quantity, distance - margin, velocity, T(0), T(0));
    return sense_limit_row(quantity, distance - margin, velocity, w.rows.limit_D[row], w.rows.limit_jar[row]);
  };
  if (m.limit_is_ball[limit]) return side(0, distance_to_activity(m, w, limit) + margin);
  const T q = w.qpos[m.limit_qposadr[limit]];
  const T low = distance_from_low(m, limit, q);
  return select(low < margin, side(0, low), side(1, distance_from_high(m, limit, q)));
}

// Of a tendon's limit, likewise; `row` is that of its lower side.
template <class G, class T>
[[gnu::noinline]] LS_FN T sense_tendon_limit(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int quantity,
                                             int row) {
  if (row < 0) return T(0);
  const auto violation = [&](int r) { return scalar_place(m, w, r).position - T(m.scalar_margin[r]); };
  const auto side = [&](int r) {
    const T velocity = T(m.scalar_sign[r]) * w.ten_velocity[m.scalar_first[r]];
    if (quantity < 2) return sense_limit_row(quantity, violation(r), velocity, T(0), T(0));
    return sense_limit_row(quantity, violation(r), velocity, w.rows.scalar_D[r], w.rows.scalar_jar[r]);
  };
  return select(violation(row) < T(0), side(row), side(row + 1));
}

// Sensors of one frame alone, in its own axes.
template <class G, class T>
[[gnu::noinline]] LS_FN Vector3<T> sense_inertial(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int kind,
                                                  int marker) {
  const SensedFrame<T> frame = sensed_frame(m, w, marker);
  switch (kind) {
    case kGyro:
      return components(frame.axes, frame.motion.w);
    case kVelocimeter:
      return components(frame.axes, frame.point_velocity());
    case kMagnetometer:
      return components(frame.axes, vector_of<T>(m.magnetic));
    case kFrameLinearAcceleration:
      return sensed_acceleration(m, w, marker, frame.p).v;
    case kFrameAngularAcceleration:
      return sensed_acceleration(m, w, marker, frame.p).w;
    default:  // kAccelerometer
      return components(frame.axes, sensed_acceleration(m, w, marker, frame.p).v);
  }
}

// Pose and velocity of a frame in the world, or as seen from a frame of reference that may move.
template <class G, class T>
[[gnu::noinline]] LS_FN Vector3<T> sense_frame(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int kind,
                                               int marker, int reference) {
  const SensedFrame<T> frame = sensed_frame(m, w, marker);
  SensedFrame<T> from{};
  if (reference >= 0) from = sensed_frame(m, w, reference);
  const Vector3<T> between = (frame.p - from.p) + (frame.origin - from.origin);
  Vector3<T> sensed = between;
  if (kind == kFrameXAxis) sensed = frame.axes.x;
  if (kind == kFrameYAxis) sensed = frame.axes.y;
  if (kind == kFrameZAxis) sensed = frame.axes.z;
  if (kind == kFrameAngularVelocity) sensed = frame.motion.w - from.motion.w;
  if (kind == kFrameLinearVelocity) {
    sensed = frame.point_velocity() - from.point_velocity() - cross(from.motion.w, between);
  }
  return reference >= 0 ? components(from.axes, sensed) : sensed;
}

// Centre of mass of a subtree, its velocity, or its angular momentum about it.
template <class G, class T>
[[gnu::noinline]] LS_FN Vector3<T> sense_subtree(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int kind,
                                                 int subtree) {
  const Vector3<T> zero{T(0), T(0), T(0)};
  Vector3<T> centre = zero, momentum = zero, spin = zero;
  WorldConstant<T> mass = 0;
  for (int i = m.subtree_adr[subtree]; i < m.subtree_adr[subtree + 1]; ++i) {
    const SensedFrame<T> frame = sensed_frame(m, w, m.subtree_marker[i]);
    const Vector3<T> p = frame.p + frame.origin, velocity = frame.point_velocity();
    const WorldConstant<T> part_mass = of_world<T>(m.subtree_mass)[i];
    const T part = T(part_mass);
    centre = centre + part * p;
    momentum = momentum + part * velocity;
    const Vector3<T> local = components(frame.axes, frame.motion.w);
    const WorldConstants<T> inertia = of_world<T>(m.subtree_inertia) + 3 * i;
    spin = spin + rotate(frame.axes, {T(inertia[0]) * local.x, T(inertia[1]) * local.y, T(inertia[2]) * local.z}) +
           cross(p, part * velocity);
    mass += part_mass;
  }
  const T inverse = T(1 / maximum(mass, WorldConstant<T>(Real<T>(1e-15))));
  if (kind == kSubtreeCentre) return inverse * centre;
  if (kind == kSubtreeVelocity) return inverse * momentum;
  return spin - inverse * cross(centre, momentum);
}

// 1/2 qvel' M qvel (J).
template <class G, class T>
LS_FN T kinetic_energy(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w) {
  T twice = T(0);
  for (int dof = 0; dof < m.nv; ++dof) {
    const int depth = m.dof_depth[dof], first = m.dof_row[dof] + 1;
    T row = T(0);
    for (int t = 0; t < depth; ++t) row += w.mass_rows[first + t] * w.qvel[m.dof_ancestor[first + t]];
    twice += w.qvel[dof] * (row + row + w.mass_rows[first + depth] * w.qvel[dof]);
  }
  return T(Real<T>(0.5)) * twice;
}

// Of a spring with the force -(a x + b x^2 + c x^3).
template <class T>
LS_FN T spring_energy(WorldConstants<T> stiffness, T x) {
  return x * x * (T(stiffness[0] / 2) + x * (T(stiffness[1] / 3) + x * T(stiffness[2] / 4)));
}
template <class G, class T>
[[gnu::noinline]] LS_FN T joint_spring_energy(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int spring) {
  const int joint = m.spring_joint[spring], kind = m.joint_kind[joint];
  const WorldConstants<T> stiffness = of_world<T>(m.spring_stiffness) + 3 * spring;
  const Real<T>* rest = m.spring_reference + 7 * spring;
  const T* qpos = w.qpos + m.jnt_qposadr[joint];
  if (kind >= kSlide) return spring_energy(stiffness, qpos[0] - T(rest[0]));
  T energy = T(0);
  if (kind == kFree) {
    const Vector3<T> x{qpos[0] - T(rest[0]), qpos[1] - T(rest[1]), qpos[2] - T(rest[2])};
    energy = spring_energy(stiffness, square_root(dot(x, x)));
    qpos += 3;
    rest += 3;
  }
  const Vector3<T> turn = rotation_vector(product(conjugate(constant_quaternion<T>(rest)), joint_quaternion(qpos)));
  return energy + spring_energy(stiffness, square_root(dot(turn, turn)));
}

// Of gravity, and of the springs of joints and tendons (J); the subtree is the world's.
template <class G, class T>
[[gnu::noinline]] LS_FN T potential_energy(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int subtree) {
  const Vector3<T> gravity = constant_point<Spatial, T>(of_world<T>(m.world_gravity));
  T energy = T(0);
  for (int i = m.subtree_adr[subtree]; i < m.subtree_adr[subtree + 1]; ++i) {
    const int marker = m.subtree_marker[i];
    const Vector3<T> p = marker_from_origin(m, w, marker) + marker_origin(m, w, marker);
    energy -= T(of_world<T>(m.subtree_mass)[i]) * dot(gravity, p);
  }
  for (int spring = 0; spring < m.num_springs; ++spring) energy += joint_spring_energy(m, w, spring);
  if (!m.has_tendon_passive) return energy;
  for (int tendon = 0; tendon < m.ntendon; ++tendon) {
    energy += spring_energy(of_world<T>(m.tendon_stiffness) + 3 * tendon, tendon_stretch(m, w, tendon));
  }
  return energy;
}

// Orientation of a frame in the world, or seen from a frame of reference.
template <class G, class T>
[[gnu::noinline]] LS_FN Quaternion<T> sense_quaternion(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                       int turn, int reference) {
  const Quaternion<T> q = turn_in_world(m, w, turn);
  return reference < 0 ? q : product(conjugate(turn_in_world(m, w, reference)), q);
}

// Numbers of one sensor into `target`, without its cutoff.
template <class G, class T>
[[gnu::noinline]] LS_FN void sense(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int sensor, T time,
                                   T* target) {
  const int kind = m.sensor_kind[sensor], object = m.sensor_target[sensor];
  switch (kind) {
    case kJointPosition:
      target[0] = w.qpos[object];
      break;
    case kBallQuaternion:
      write_quaternion(target, joint_quaternion(w.qpos + object));
      break;
    case kJointVelocity:
    case kBallVelocity:
      for (int i = 0; i < m.sensor_dim[sensor]; ++i) target[i] = w.qvel[object + i];
      break;
    case kTendonLength:
      target[0] = w.ten_length[object];
      break;
    case kTendonVelocity:
      target[0] = w.ten_velocity[object];
      break;
    case kActuatorLength:
    case kActuatorVelocity:
    case kActuatorForce:
      sense_actuator(m, w, kind, object, target);
      break;
    case kJointActuatorForce:
      target[0] = sense_joint_actuation(m, w, object);
      break;
    case kTendonActuatorForce:
      target[0] = sense_tendon_actuation(m, w, object);
      break;
    case kJointLimitPosition:
    case kJointLimitVelocity:
    case kJointLimitForce:
      target[0] = sense_joint_limit(m, w, kind - kJointLimitPosition, object);
      break;
    case kTendonLimitPosition:
    case kTendonLimitVelocity:
    case kTendonLimitForce:
      target[0] = sense_tendon_limit(m, w, kind - kTendonLimitPosition, object);
      break;
    case kClock:
      target[0] = time;
      break;
    case kPotentialEnergy:
      target[0] = potential_energy(m, w, object);
      break;
    case kKineticEnergy:
      target[0] = kinetic_energy(m, w);
      break;
    case kFrameQuaternion:
      write_quaternion(target, sense_quaternion(m, w, object, m.sensor_reference[sensor]));
      break;
    case kTouch:
      target[0] = sense_touch(m, w, object, m.sensor_reference[sensor]);
      break;
    case kForce:
      write_vector(target, sense_interaction(m, w, object, m.sensor_reference[sensor]).f);
      break;
    case kTorque:
      write_vector(target, sense_interaction(m, w, object, m.sensor_reference[sensor]).n);
      break;
    case kRangefinder:
      target[0] = sense_range(m, w, object, m.sensor_reference[sensor]);
      break;
    case kSubtreeCentre:
    case kSubtreeVelocity:
    case kSubtreeAngularMomentum:
      write_vector(target, sense_subtree(m, w, kind, object));
      break;
    case kBodyInertias:
      write_body_inertias(m, w, object, target);
      break;
    case kBodyVelocities:
      write_body_velocities(m, w, object, target);
      break;
    case kBodyLoads:
      write_body_loads(m, w, object, target);
      break;
    case kContactCount:
      target[0] = contact_count(m, w);
      break;
    case kForeignSensor:
      for (int i = 0; i < m.sensor_dim[sensor]; ++i) target[i] = T(Real<T>(__builtin_nan("")));
      break;
    default: {
      const bool is_pose = kind >= kFramePosition && kind <= kFrameAngularVelocity;
      write_vector(target, is_pose ? sense_frame(m, w, kind, object, m.sensor_reference[sensor])
                                   : sense_inertial(m, w, kind, object));
    }
  }
}

// Which sensors are read: all, or those of position and velocity alone, which need no acceleration.
enum class SensedStage : std::int32_t { kAll, kMotion };

// sensordata [nsensordata] of the state whose forces (for kAll: acceleration and constraints) are in the workspace.
template <class G, class T, class Team>
[[gnu::noinline]] LS_FN void read_sensors(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, T time,
                                          SensedStage stage, T* sensordata, const Team& team) {
  if (stage == SensedStage::kAll) {
    if (m.has_acceleration_sensors) accelerate_links(m, w, team);
    if (m.has_constraints != 0 && m.has_force_sensors) find_constraint_forces(m, w, team);
  }
  team.each(m.num_sensors, [&](int sensor) {
    if (stage == SensedStage::kMotion && needs_acceleration(m.sensor_kind[sensor])) return;
    T* target = sensordata + m.sensor_adr[sensor];
    sense(m, w, sensor, time, target);
    const Real<T> cutoff = m.sensor_cutoff[sensor];
    for (int i = 0; i < m.sensor_dim[sensor] && cutoff > 0; ++i) {
      target[i] = select(target[i] > T(cutoff), T(cutoff), target[i]);
      if (m.sensor_cuts_low[sensor]) target[i] = select(target[i] < T(-cutoff), T(-cutoff), target[i]);
    }
  });
}

// sensordata [nsensordata] of the present state of a block; of kMotion, the numbers of other sensors stay.
template <class G, class T, class Team>
LS_FN void sense_group(const ModelConstants<Real<T>>& m, const StateBlock<T>& state, T* arena, SensedStage stage,
                       T* sensordata, const Team& team) {
  const Workspace<G, T> w(m, arena);
  load_state(m, w, state, team);
  if (stage == SensedStage::kAll) {
    forward(m, w, w.warmstart, false, team);
  } else {
    smooth_forces(m, w, team);
  }
  read_sensors(m, w, state.get(state_layout(m).time), stage, sensordata, team);
}
template <class T, class Team>
LS_FN void sensors(const ModelConstants<Real<T>>& m, const StateBlock<T>& state, T* arena, T* sensordata,
                   const Team& team, SensedStage stage = SensedStage::kAll) {
  if (m.planar) {
    sense_group<Planar>(m, state, arena, stage, sensordata, team);
  } else {
    sense_group<Spatial>(m, state, arena, stage, sensordata, team);
  }
}

// Reads all sensors where a step shows its last evaluation of forces; nullptr: none.
template <class T, class Team>
struct SensorObserver {
  static constexpr bool kLooks = true;
  const ModelConstants<Real<T>>& m;
  const StateBlock<T>& state;
  T* sensordata;
  const Team& team;
  [[nodiscard]] LS_FN bool looks() const { return sensordata != nullptr; }
  template <class G>
  LS_FN void operator()(const Workspace<G, T>& w) const {
    read_sensors(m, w, state.get(state_layout(m).time), SensedStage::kAll, sensordata, team);
  }
};

// As step; sensordata [nsensordata] gets the sensors that the last evaluation of forces saw, where it is not nullptr:
// what mj_step leaves in mjData's arrays, one step (in RK4: a part of one) behind the state.
template <class T, class Team>
LS_FN void step_and_sense(const ModelConstants<Real<T>>& m, const StateBlock<T>& state, T* arena, int steps,
                          T* sensordata, const Team& team) {
  const SensorObserver<T, Team> observe{m, state, sensordata, team};
  if (m.planar) {
    step_group<Planar>(m, state, arena, steps, team, observe);
  } else {
    step_group<Spatial>(m, state, arena, steps, team, observe);
  }
}

}  // namespace lockstep::kernels
