// Fills the constants of sensors (kernels/sensor_constants.h).
#include "engine/constant_packing.h"
#include "engine/native_support.h"
#include "engine/sensor_lists.h"
#include "kernels/contact_point.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace lockstep {
namespace {

using Ints = Packing::Ints;
using Reals = Packing::Reals;

kernels::SensorKind kind_of_type(int type) {
  constexpr std::array<std::pair<int, kernels::SensorKind>, 40> kKinds{{
      {mjSENS_JOINTPOS, kernels::kJointPosition},
      {mjSENS_JOINTVEL, kernels::kJointVelocity},
      {mjSENS_TENDONPOS, kernels::kTendonLength},
      {mjSENS_TENDONVEL, kernels::kTendonVelocity},
      {mjSENS_ACTUATORPOS, kernels::kActuatorLength},
      {mjSENS_ACTUATORVEL, kernels::kActuatorVelocity},
      {mjSENS_ACTUATORFRC, kernels::kActuatorForce},
      {mjSENS_JOINTACTFRC, kernels::kJointActuatorForce},
      {mjSENS_TENDONACTFRC, kernels::kTendonActuatorForce},
      {mjSENS_BALLQUAT, kernels::kBallQuaternion},
      {mjSENS_BALLANGVEL, kernels::kBallVelocity},
      {mjSENS_JOINTLIMITPOS, kernels::kJointLimitPosition},
      {mjSENS_JOINTLIMITVEL, kernels::kJointLimitVelocity},
      {mjSENS_JOINTLIMITFRC, kernels::kJointLimitForce},
      {mjSENS_TENDONLIMITPOS, kernels::kTendonLimitPosition},
      {mjSENS_TENDONLIMITVEL, kernels::kTendonLimitVelocity},
      {mjSENS_TENDONLIMITFRC, kernels::kTendonLimitForce},
      {mjSENS_CLOCK, kernels::kClock},
      {mjSENS_E_POTENTIAL, kernels::kPotentialEnergy},
      {mjSENS_E_KINETIC, kernels::kKineticEnergy},
      {mjSENS_FRAMEQUAT, kernels::kFrameQuaternion},
      {mjSENS_GYRO, kernels::kGyro},
      {mjSENS_VELOCIMETER, kernels::kVelocimeter},
      {mjSENS_ACCELEROMETER, kernels::kAccelerometer},
      {mjSENS_MAGNETOMETER, kernels::kMagnetometer},
      {mjSENS_FRAMEPOS, kernels::kFramePosition},
      {mjSENS_FRAMEXAXIS, kernels::kFrameXAxis},
      {mjSENS_FRAMEYAXIS, kernels::kFrameYAxis},
      {mjSENS_FRAMEZAXIS, kernels::kFrameZAxis},
      {mjSENS_FRAMELINVEL, kernels::kFrameLinearVelocity},
      {mjSENS_FRAMEANGVEL, kernels::kFrameAngularVelocity},
      {mjSENS_FRAMELINACC, kernels::kFrameLinearAcceleration},
      {mjSENS_FRAMEANGACC, kernels::kFrameAngularAcceleration},
      {mjSENS_TOUCH, kernels::kTouch},
      {mjSENS_FORCE, kernels::kForce},
      {mjSENS_TORQUE, kernels::kTorque},
      {mjSENS_RANGEFINDER, kernels::kRangefinder},
      {mjSENS_SUBTREECOM, kernels::kSubtreeCentre},
      {mjSENS_SUBTREELINVEL, kernels::kSubtreeVelocity},
      {mjSENS_SUBTREEANGMOM, kernels::kSubtreeAngularMomentum},
  }};
  const auto* found =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& entry) { return entry.first == type; });
  return found == kKinds.end() ? kernels::kForeignSensor : found->second;
}

bool is_one_of(kernels::SensorKind kind, std::initializer_list<kernels::SensorKind> list) {
  return std::find(list.begin(), list.end(), kind) != list.end();
}
bool has_frame(kernels::SensorKind kind) {
  return kind >= kernels::kFrameQuaternion && kind <= kernels::kFrameAngularAcceleration;
}
bool may_have_reference(kernels::SensorKind kind) {
  return kind == kernels::kFrameQuaternion ||
         (kind >= kernels::kFramePosition && kind <= kernels::kFrameAngularVelocity);
}

bool is_frame(int object_type) {
  return object_type == mjOBJ_BODY || object_type == mjOBJ_XBODY || object_type == mjOBJ_GEOM ||
         object_type == mjOBJ_SITE;
}
bool are_frames(const mjModel& m, int sensor) {
  return is_frame(m.sensor_objtype[sensor]) && (m.sensor_refid[sensor] < 0 || is_frame(m.sensor_reftype[sensor]));
}

bool has_spatial_tendons(const mjModel& m) {
  for (int t = 0; t < m.ntendon; ++t) {
    if (m.wrap_type[m.tendon_adr[t]] != mjWRAP_JOINT) return true;
  }
  return false;
}

// Arrays of mjData that the kernels read as sensors: those of type user with the array's name and size.
kernels::SensorKind kind_of_array(const mjModel& m, int sensor) {
  const char* name = mj_id2name(&m, mjOBJ_SENSOR, sensor);
  if (m.sensor_type[sensor] != mjSENS_USER || name == nullptr) return kernels::kForeignSensor;
  const auto is = [&](std::string_view array, int numbers) {
    return name == array && m.sensor_dim[sensor] == numbers * m.nbody;
  };
  if (name == std::string_view("ncon") && m.sensor_dim[sensor] == 1) return kernels::kContactCount;
  if (is("cinert", 10)) return kernels::kBodyInertias;
  if (is("cvel", 6)) return kernels::kBodyVelocities;
  return is("cfrc_ext", 6) ? kernels::kBodyLoads : kernels::kForeignSensor;
}

// A sensor of a kind that the kernels know, but in a way that they do not.
bool is_beyond_kernels(const mjModel& m, int sensor, kernels::SensorKind kind) {
  const bool no_actuation = m.opt.disableactuator != 0 || (m.opt.disableflags & mjDSBL_ACTUATION) != 0;
  switch (kind) {
    case kernels::kActuatorLength:
    case kernels::kActuatorVelocity:
    case kernels::kActuatorForce:
      return m.sensor_dim[sensor] != 1 || no_actuation;
    case kernels::kJointActuatorForce:
    case kernels::kTendonActuatorForce:
      return no_actuation;
    case kernels::kTouch:
      return m.site_type[m.sensor_objid[sensor]] == mjGEOM_MESH;
    case kernels::kForce:
      return has_spatial_tendons(m);
    case kernels::kTorque:
      // MuJoCo adds up the torques on the world about a different point for each tree.
      return m.site_bodyid[m.sensor_objid[sensor]] == 0 || has_spatial_tendons(m);
    case kernels::kRangefinder:
      return m.sensor_objtype[sensor] != mjOBJ_SITE || m.sensor_intprm[mjNSENS * sensor] != 1 << mjRAYDATA_DIST;
    default:
      return has_frame(kind) && !are_frames(m, sensor);
  }
}

kernels::SensorKind sensor_kind(const mjModel& m, int sensor) {
  if (const kernels::SensorKind array = kind_of_array(m, sensor); array != kernels::kForeignSensor) return array;
  const kernels::SensorKind kind = kind_of_type(m.sensor_type[sensor]);
  const bool delayed = m.sensor_delay[sensor] != 0 || m.sensor_historyadr[sensor] >= 0;
  return delayed || is_beyond_kernels(m, sensor, kind) ? kernels::kForeignSensor : kind;
}

// The kernels' limit of a joint, -1 where it has none.
int limit_of_joint(const Packing& p, int joint) {
  for (int limit = 0; limit < p.c.num_limits; ++limit) {
    if (p.c.limit_dof[limit] == p.m.jnt_dofadr[joint]) return limit;
  }
  return -1;
}
// The scalar row of a tendon's lower limit, -1 where it has none.
int limit_row_of_tendon(const Packing& p, int tendon) {
  for (int row = 0; row < p.c.num_scalar_rows; ++row) {
    if (p.c.scalar_kind[row] == kernels::kRowLimit && p.c.scalar_first[row] == tendon) return row;
  }
  return -1;
}

// Where each actuator of the model stands among the kernels'.
Ints actuator_places(const mjModel& m) {
  Ints places(static_cast<std::size_t>(m.nactuator), -1);
  const ActuatorOrder order = actuator_order(m);
  int next = 0;
  for (const auto* list : {&order.simple, &order.general}) {
    for (const int actuator : *list) places[static_cast<std::size_t>(actuator)] = next++;
  }
  return places;
}

// The lists that sensors point into, while they are filled.
struct SensorLists {
  Subtrees subtrees;
  TouchZones zones;
  Turns turns;
};

int sensor_target(Packing& p, int sensor, kernels::SensorKind kind, SensorLists& lists) {
  const mjModel& m = p.m;
  const int id = m.sensor_objid[sensor], type = m.sensor_objtype[sensor];
  switch (kind) {
    case kernels::kForeignSensor:
    case kernels::kClock:
    case kernels::kKineticEnergy:
    case kernels::kContactCount:
      return 0;
    case kernels::kPotentialEnergy:
      return lists.subtrees.add(p, 0, false);
    case kernels::kBodyInertias:
    case kernels::kBodyVelocities:
    case kernels::kBodyLoads:
      return lists.subtrees.add(p, 0, true);
    case kernels::kJointPosition:
    case kernels::kBallQuaternion:
      return m.jnt_qposadr[id];
    case kernels::kJointVelocity:
    case kernels::kBallVelocity:
    case kernels::kJointActuatorForce:
      return m.jnt_dofadr[id];
    case kernels::kJointLimitPosition:
    case kernels::kJointLimitVelocity:
    case kernels::kJointLimitForce:
      return limit_of_joint(p, id);
    case kernels::kTendonLimitPosition:
    case kernels::kTendonLimitVelocity:
    case kernels::kTendonLimitForce:
      return limit_row_of_tendon(p, id);
    case kernels::kTendonLength:
    case kernels::kTendonVelocity:
    case kernels::kTendonActuatorForce:
      return id;
    case kernels::kActuatorLength:
    case kernels::kActuatorVelocity:
    case kernels::kActuatorForce:
      return actuator_places(m)[static_cast<std::size_t>(id)];
    case kernels::kSubtreeCentre:
    case kernels::kSubtreeVelocity:
    case kernels::kSubtreeAngularMomentum:
      return lists.subtrees.add(p, id, false);
    case kernels::kFrameQuaternion:
      return lists.turns.add(p, type, id);
    default:
      return marker_of_frame(p, type, id);
  }
}

int sensor_reference(Packing& p, int sensor, kernels::SensorKind kind, SensorLists& lists) {
  const mjModel& m = p.m;
  const int id = m.sensor_objid[sensor], reference = m.sensor_refid[sensor];
  switch (kind) {
    case kernels::kTouch:
      return lists.zones.add(p, id);
    case kernels::kForce:
    case kernels::kTorque:
      return lists.subtrees.add(p, m.site_bodyid[id], true);
    case kernels::kRangefinder:
      return m.site_bodyid[id];
    default:
      break;
  }
  if (!may_have_reference(kind) || reference < 0) return -1;
  const int type = m.sensor_reftype[sensor];
  return kind == kernels::kFrameQuaternion ? lists.turns.add(p, type, reference) : marker_of_frame(p, type, reference);
}

void note_needs(Packing& p, kernels::SensorKind kind) {
  const bool weighs = kind == kernels::kForce || kind == kernels::kTorque;
  if (weighs || is_one_of(kind, {kernels::kAccelerometer, kernels::kFrameLinearAcceleration,
                                 kernels::kFrameAngularAcceleration})) {
    p.c.has_acceleration_sensors = 1;
  }
  if (weighs || kind == kernels::kTouch || kind == kernels::kBodyLoads)
    p.c.has_contact_sensors = p.c.has_force_sensors = 1;
  if (is_one_of(kind, {kernels::kJointLimitForce, kernels::kTendonLimitForce, kernels::kContactCount}))
    p.c.has_force_sensors = 1;
}

}  // namespace

std::vector<std::string> missing_native_sensors(const mjModel& m) {
  std::vector<std::string> missing;
  for (int sensor = 0; sensor < m.nsensor; ++sensor) {
    if (sensor_kind(m, sensor) != kernels::kForeignSensor) continue;
    const char* name = mj_id2name(&m, mjOBJ_SENSOR, sensor);
    missing.push_back(name == nullptr ? "sensor " + std::to_string(sensor) : std::string(name));
  }
  return missing;
}

void pack_sensors(Packing& p) {
  const mjModel& m = p.m;
  Ints kinds, target, reference, cuts_low;
  Reals cutoff;
  SensorLists lists;
  bool casts_rays = false;
  for (int sensor = 0; sensor < m.nsensor; ++sensor) {
    const kernels::SensorKind kind = sensor_kind(m, sensor);
    kinds.push_back(kind);
    target.push_back(sensor_target(p, sensor, kind, lists));
    reference.push_back(sensor_reference(p, sensor, kind, lists));
    const int datatype = m.sensor_datatype[sensor];
    cuts_low.push_back(datatype == mjDATATYPE_REAL ? 1 : 0);
    cutoff.push_back(datatype == mjDATATYPE_REAL || datatype == mjDATATYPE_POSITIVE ? m.sensor_cutoff[sensor] : 0);
    note_needs(p, kind);
    casts_rays |= kind == kernels::kRangefinder;
  }
  p.c.num_sensors = static_cast<int>(m.nsensor);
  p.c.nsensordata = static_cast<int>(m.nsensordata);
  p.set(p.c.sensor_kind, kinds);
  p.set(p.c.sensor_target, target);
  p.set(p.c.sensor_reference, reference);
  p.set(p.c.sensor_adr, Ints(m.sensor_adr, m.sensor_adr + m.nsensor));
  p.set(p.c.sensor_dim, Ints(m.sensor_dim, m.sensor_dim + m.nsensor));
  p.set(p.c.sensor_cuts_low, cuts_low);
  p.set(p.c.sensor_cutoff, cutoff);
  p.set(p.c.magnetic, Reals(m.opt.magnetic, m.opt.magnetic + 3));
  p.set(p.c.body_root, Ints(m.body_rootid, m.body_rootid + m.nbody));
  lists.subtrees.set(p);
  lists.zones.set(p);
  lists.turns.set(p);
  pack_ray_geoms(p, casts_rays);
}

}  // namespace lockstep
