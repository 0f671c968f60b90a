// Sensors of the present state, as mj_forward leaves them in sensordata. Those that need the contact forces (touch,
// force, torque) or cast rays read as not-a-number. MuJoCo XML reference, sensor.
#pragma once

#include "kernels/step.h"

namespace lockstep::kernels {

template <class T>
LS_FN void write_vector(T* target, Vector3<T> v) {
  target[0] = v.x;
  target[1] = v.y;
  target[2] = v.z;
}

// A frame in the world: its marker's point from the origin of its tree, where that origin is, axes and motion.
template <class T>
struct SensedFrame {
  Vector3<T> p, origin;
  Matrix3<T> axes;
  Motion<Spatial, T> motion;
  [[nodiscard]] LS_FN Vector3<T> point_velocity() const { return motion.v + cross(motion.w, p); }
};
template <class G, class T>
LS_FN SensedFrame<T> sensed_frame(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int marker) {
  return {marker_from_origin(m, w, marker), marker_origin(m, w, marker), marker_axes(m, w, marker),
          marker_motion(m, w, marker)};
}

// Acceleration of a marker's point, less gravity, and of its frame's spin; the links' accelerations must be there.
template <class G, class T>
LS_FN Motion<Spatial, T> sensed_acceleration(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int marker,
                                             Vector3<T> p) {
  const Vector3<T> gravity = spatial_vector(m, constant_point<G, T>(m.gravity));
  const int link = m.marker_link[marker];
  if (link < 0) return {{T(0), T(0), T(0)}, -gravity};
  const Motion<Spatial, T> a = spatial_motion<G, T>(m, w.link_acceleration[link]);
  Motion<Spatial, T> total{a.w, a.v + cross(a.w, p) + marker_bias(m, w, marker, p) - gravity};
  if constexpr (!G::kPlanar) total.w = total.w + w.bias_angular[link];
  return total;
}

// What qacc adds to the acceleration of each link.
template <class G, class T, class Team>
LS_FN void accelerate_links(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const Team& team) {
  links_down(m, team, [&](int link) {
    Motion<G, T> a = m.link_parent[link] < 0 ? Motion<G, T>{} : w.link_acceleration[m.link_parent[link]];
    for (int dof = m.link_dofadr[link]; dof < m.link_dofadr[link] + m.link_dofnum[link]; ++dof) {
      a = a + w.qacc[dof] * w.cdof[dof];
    }
    w.link_acceleration[link] = a;
  });
}

template <class G, class T>
LS_FN void sense_actuator(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int kind, int actuator,
                          T* target) {
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

// Sensors of one frame alone, in its own axes.
template <class G, class T>
LS_FN Vector3<T> sense_inertial(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int kind, int marker) {
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
LS_FN Vector3<T> sense_frame(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int kind, int marker,
                             int reference) {
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
LS_FN Vector3<T> sense_subtree(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int kind, int subtree) {
  const Vector3<T> zero{T(0), T(0), T(0)};
  Vector3<T> centre = zero, momentum = zero, spin = zero;
  Real<T> mass = 0;
  for (int i = m.subtree_adr[subtree]; i < m.subtree_adr[subtree + 1]; ++i) {
    const SensedFrame<T> frame = sensed_frame(m, w, m.subtree_marker[i]);
    const Vector3<T> p = frame.p + frame.origin, velocity = frame.point_velocity();
    const T part = T(m.subtree_mass[i]);
    centre = centre + part * p;
    momentum = momentum + part * velocity;
    const Vector3<T> local = components(frame.axes, frame.motion.w);
    const Real<T>* inertia = m.subtree_inertia + 3 * i;
    spin = spin + rotate(frame.axes, {T(inertia[0]) * local.x, T(inertia[1]) * local.y, T(inertia[2]) * local.z}) +
           cross(p, part * velocity);
    mass += m.subtree_mass[i];
  }
  const T inverse = T(1 / (mass > Real<T>(1e-15) ? mass : Real<T>(1e-15)));
  if (kind == kSubtreeCentre) return inverse * centre;
  if (kind == kSubtreeVelocity) return inverse * momentum;
  return spin - inverse * cross(centre, momentum);
}

// Numbers of one sensor into `target`, without its cutoff.
template <class G, class T>
LS_FN void sense(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int sensor, T time, T* target) {
  const int kind = m.sensor_kind[sensor], object = m.sensor_target[sensor];
  switch (kind) {
    case kJointPosition:
    case kBallQuaternion:
      for (int i = 0; i < m.sensor_dim[sensor]; ++i) target[i] = w.qpos[object + i];
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
    case kClock:
      target[0] = time;
      break;
    case kSubtreeCentre:
    case kSubtreeVelocity:
    case kSubtreeAngularMomentum:
      write_vector(target, sense_subtree(m, w, kind, object));
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

// sensordata [nsensordata] of the present state of a block.
template <class G, class T, class Team>
LS_FN void sense_group(const ModelConstants<Real<T>>& m, const StateBlock<T>& state, T* arena, T* sensordata,
                       const Team& team) {
  const Workspace<G, T> w(m, arena);
  load_state(m, w, state, team);
  const T time = state.get(state_layout(m).time);
  forward(m, w, w.warmstart, false, team);
  if (m.has_acceleration_sensors) accelerate_links(m, w, team);
  team.each(m.num_sensors, [&](int sensor) {
    T* target = sensordata + m.sensor_adr[sensor];
    sense(m, w, sensor, time, target);
    const Real<T> cutoff = m.sensor_cutoff[sensor];
    for (int i = 0; i < m.sensor_dim[sensor] && cutoff > 0; ++i) {
      target[i] = select(target[i] > T(cutoff), T(cutoff), target[i]);
      if (m.sensor_cuts_low[sensor]) target[i] = select(target[i] < T(-cutoff), T(-cutoff), target[i]);
    }
  });
}
template <class T, class Team>
LS_FN void sensors(const ModelConstants<Real<T>>& m, const StateBlock<T>& state, T* arena, T* sensordata,
                   const Team& team) {
  if (m.planar) {
    sense_group<Planar>(m, state, arena, sensordata, team);
  } else {
    sense_group<Spatial>(m, state, arena, sensordata, team);
  }
}

}  // namespace lockstep::kernels
