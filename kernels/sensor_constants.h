// Constants of sensors. kernels/sensors.h evaluates them.
#pragma once

#include "kernels/lanes.h"

#include <cstdint>

namespace lockstep::kernels {

enum SensorKind : std::int32_t {
  kForeignSensor,  // none that the kernels know: its numbers become not-a-number
  kJointPosition,  // target: address in qpos
  kJointVelocity,  // target: dof
  kTendonLength,   // target: tendon
  kTendonVelocity,
  kActuatorLength,  // target: actuator in the kernels' order
  kActuatorVelocity,
  kActuatorForce,
  kBallQuaternion,  // target: address in qpos
  kBallVelocity,    // target: dof
  kClock,
  kGyro,  // target: marker, from here to the last of frames
  kVelocimeter,
  kAccelerometer,
  kMagnetometer,
  kFramePosition,  // these may have a marker of reference
  kFrameXAxis,
  kFrameYAxis,
  kFrameZAxis,
  kFrameLinearVelocity,
  kFrameAngularVelocity,
  kFrameLinearAcceleration,  // these not
  kFrameAngularAcceleration,
  kSubtreeCentre,  // target: subtree
  kSubtreeVelocity,
  kSubtreeAngularMomentum
};

struct SensorSizes {
  int num_sensors, nsensordata;
  int num_subtrees;
  int has_acceleration_sensors;
};

template <class R>
struct SensorConstants {
  const std::int32_t* sensor_kind;  // [num_sensors] SensorKind
  const std::int32_t* sensor_target;
  const std::int32_t* sensor_reference;  // marker, -1: the world
  const std::int32_t* sensor_adr;        // in sensordata
  const std::int32_t* sensor_dim;
  const std::int32_t* sensor_cuts_low;  // 1: the cutoff holds at both ends
  const R* sensor_cutoff;               // 0: none
  const R* magnetic;                    // [3] of the world
  // Subtrees [num_subtrees]: their bodies with mass
  const std::int32_t* subtree_adr;     // [num_subtrees + 1] into the next three
  const std::int32_t* subtree_marker;  // inertial frame
  const R* subtree_mass;               // kg
  const R* subtree_inertia;            // [3] kg m^2 about its axes
};

// Calls visit(pointer) for every array of sensors.
template <class Constants, class Visit>
void for_each_sensor_array(Constants& m, Visit&& visit) {
  visit(m.sensor_kind);
  visit(m.sensor_target);
  visit(m.sensor_reference);
  visit(m.sensor_adr);
  visit(m.sensor_dim);
  visit(m.sensor_cuts_low);
  visit(m.sensor_cutoff);
  visit(m.magnetic);
  visit(m.subtree_adr);
  visit(m.subtree_marker);
  visit(m.subtree_mass);
  visit(m.subtree_inertia);
}

}  // namespace lockstep::kernels
