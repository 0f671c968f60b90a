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
  kJointActuatorForce,   // target: dof
  kTendonActuatorForce,  // target: tendon
  kBallQuaternion,       // target: address in qpos
  kBallVelocity,         // target: dof
  kJointLimitPosition,   // target: limit, -1: none
  kJointLimitVelocity,
  kJointLimitForce,
  kTendonLimitPosition,  // target: scalar row of the lower limit (that of the upper follows), -1: none
  kTendonLimitVelocity,
  kTendonLimitForce,
  kClock,
  kPotentialEnergy,  // target: subtree of the world
  kKineticEnergy,
  kFrameQuaternion,  // target and reference: turn
  kGyro,             // target: marker, from here to the last of frames
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
  kTouch,          // target: marker of a site; reference: zone
  kForce,          // target: marker of a site; reference: subtree
  kTorque,         // likewise
  kRangefinder,    // target: marker of a site; reference: body that its ray passes through
  kSubtreeCentre,  // target: subtree
  kSubtreeVelocity,
  kSubtreeAngularMomentum,
  kBodyInertias,    // target: subtree of the world; mjData's cinert [nbody][10]
  kBodyVelocities,  // cvel [nbody][6]
  kBodyLoads,       // cfrc_ext [nbody][6]
  kContactCount     // ncon
};

// Whether a sensor reads accelerations or forces, which mj_step finds after positions and velocities.
[[gnu::always_inline]] LS_FN constexpr bool needs_acceleration(std::int32_t kind) {
  switch (kind) {
    case kActuatorForce:
    case kJointActuatorForce:
    case kTendonActuatorForce:
    case kJointLimitForce:
    case kTendonLimitForce:
    case kAccelerometer:
    case kFrameLinearAcceleration:
    case kFrameAngularAcceleration:
    case kTouch:
    case kForce:
    case kTorque:
    case kBodyLoads:
    case kContactCount:
      return true;
    default:
      return false;
  }
}

struct SensorSizes {
  int num_sensors, nsensordata;
  int num_subtrees, num_ray_geoms;
  int has_acceleration_sensors;
  int has_contact_sensors;  // that need the forces of contacts
  int has_force_sensors;    // that need the forces of any constraint
};

template <class R>
struct SensorConstants {
  const std::int32_t* sensor_kind;  // [num_sensors] SensorKind
  const std::int32_t* sensor_target;
  const std::int32_t* sensor_reference;  // of frames: marker, -1: the world
  const std::int32_t* sensor_adr;        // in sensordata
  const std::int32_t* sensor_dim;
  const std::int32_t* sensor_cuts_low;  // 1: the cutoff holds at both ends
  const R* sensor_cutoff;               // 0: none
  const R* magnetic;                    // [3] of the world
  const R* world_gravity;               // [3] m/s^2, also what of it is across the plane of a planar model
  // Subtrees [num_subtrees]: their bodies, of those for forces all, of others those with mass
  const std::int32_t* subtree_adr;     // [num_subtrees + 1] into the next four
  const std::int32_t* subtree_range;   // [num_subtrees][2] first body, and one behind the last
  const std::int32_t* subtree_body;    // rising
  const std::int32_t* subtree_marker;  // inertial frame
  const R* subtree_mass;               // kg
  const R* subtree_inertia;            // [3] kg m^2 about its axes
  const std::int32_t* body_root;       // [nbody] the body under the world that it hangs from, 0 for the world
  // Zones of touch sensors: sites
  const std::int32_t* zone_body;
  const std::int32_t* zone_type;  // GeomType
  const R* zone_size;             // [3] m
  // Turns: orientations as products of quaternions, which have a sign
  const std::int32_t* turn_link;  // -1: the world
  const R* turn_quaternion;       // [4] to the frame of its link
  const R* link_quaternion;       // [num_links][4] to the parent link's frame, joints at their reference
  const R* quaternion_axis;       // [num_joints][3] of hinges in their link's frame; both only where there are turns
  // Geoms that rays may hit [num_ray_geoms]
  const std::int32_t* ray_marker;
  const std::int32_t* ray_body;
  const std::int32_t* ray_type;        // GeomType
  const std::int32_t* ray_shape;       // mesh or height field, else -1
  const R* ray_size;                   // [3] m
  const R* ray_bound;                  // radius of a sphere around it (m); 0: none
  const std::int32_t* ray_mesh_adr;    // [meshes + 1] into ray_triangles
  const R* ray_triangles;              // [.][3][3] m
  const std::int32_t* ray_field_base;  // [fields][3] rows, columns, first height
  const R* ray_field_size;             // [fields][4] m
  const R* ray_field_heights;          // as field_heights
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
  visit(m.world_gravity);
  visit(m.subtree_adr);
  visit(m.subtree_range);
  visit(m.subtree_body);
  visit(m.subtree_marker);
  visit(m.subtree_mass);
  visit(m.subtree_inertia);
  visit(m.body_root);
  visit(m.zone_body);
  visit(m.zone_type);
  visit(m.zone_size);
  visit(m.turn_link);
  visit(m.turn_quaternion);
  visit(m.link_quaternion);
  visit(m.quaternion_axis);
  visit(m.ray_marker);
  visit(m.ray_body);
  visit(m.ray_type);
  visit(m.ray_shape);
  visit(m.ray_size);
  visit(m.ray_bound);
  visit(m.ray_mesh_adr);
  visit(m.ray_triangles);
  visit(m.ray_field_base);
  visit(m.ray_field_size);
  visit(m.ray_field_heights);
}

}  // namespace lockstep::kernels
