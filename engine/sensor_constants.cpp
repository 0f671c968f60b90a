// Fills the constants of sensors (kernels/sensor_constants.h).
#include "engine/constant_packing.h"
#include "engine/native_support.h"

#include <algorithm>
#include <array>
#include <utility>

namespace lockstep {
namespace {

using Ints = Packing::Ints;
using Reals = Packing::Reals;

kernels::SensorKind kind_of_type(int type) {
  constexpr std::array<std::pair<int, kernels::SensorKind>, 25> kKinds{{
      {mjSENS_JOINTPOS, kernels::kJointPosition},
      {mjSENS_JOINTVEL, kernels::kJointVelocity},
      {mjSENS_TENDONPOS, kernels::kTendonLength},
      {mjSENS_TENDONVEL, kernels::kTendonVelocity},
      {mjSENS_ACTUATORPOS, kernels::kActuatorLength},
      {mjSENS_ACTUATORVEL, kernels::kActuatorVelocity},
      {mjSENS_ACTUATORFRC, kernels::kActuatorForce},
      {mjSENS_BALLQUAT, kernels::kBallQuaternion},
      {mjSENS_BALLANGVEL, kernels::kBallVelocity},
      {mjSENS_CLOCK, kernels::kClock},
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
      {mjSENS_SUBTREECOM, kernels::kSubtreeCentre},
      {mjSENS_SUBTREELINVEL, kernels::kSubtreeVelocity},
      {mjSENS_SUBTREEANGMOM, kernels::kSubtreeAngularMomentum},
  }};
  const auto* found =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& entry) { return entry.first == type; });
  return found == kKinds.end() ? kernels::kForeignSensor : found->second;
}

bool is_frame(int object_type) {
  return object_type == mjOBJ_BODY || object_type == mjOBJ_XBODY || object_type == mjOBJ_GEOM ||
         object_type == mjOBJ_SITE;
}

kernels::SensorKind sensor_kind(const mjModel& m, int sensor) {
  const kernels::SensorKind kind = kind_of_type(m.sensor_type[sensor]);
  const bool delayed = m.sensor_delay[sensor] != 0 || m.sensor_historyadr[sensor] >= 0;
  const bool frames =
      kind < kernels::kGyro || kind >= kernels::kSubtreeCentre ||
      (is_frame(m.sensor_objtype[sensor]) && (m.sensor_refid[sensor] < 0 || is_frame(m.sensor_reftype[sensor])));
  const bool several = kind >= kernels::kActuatorLength && kind <= kernels::kActuatorForce && m.sensor_dim[sensor] != 1;
  // A disabled actuator is none of the kernels'.
  const bool disabled = kind >= kernels::kActuatorLength && kind <= kernels::kActuatorForce &&
                        (m.opt.disableactuator != 0 || (m.opt.disableflags & mjDSBL_ACTUATION) != 0);
  return delayed || !frames || several || disabled ? kernels::kForeignSensor : kind;
}

int marker_of_frame(Packing& p, int type, int id) {
  const mjModel& m = p.m;
  constexpr std::array<mjtNum, 3> kOrigin{};
  constexpr std::array<mjtNum, 4> kUnturned{1, 0, 0, 0};
  switch (type) {
    case mjOBJ_SITE:
      return p.add_marker(m.site_bodyid[id], site_frame(m, id));
    case mjOBJ_GEOM:
      return p.add_marker(m.geom_bodyid[id], geom_frame(m, id));
    case mjOBJ_BODY:
      return p.add_marker(id, inertial_frame(m, id));
    default:
      return p.add_marker(id, kOrigin.data(), kUnturned.data());
  }
}

// The bodies with mass under one body, itself included.
class Subtrees {
 public:
  int add(Packing& p, int root) {
    const mjModel& m = p.m;
    for (int body = std::max(1, root); body < m.nbody; ++body) {
      int above = body;
      while (above > root) above = m.body_parentid[above];
      if (above != root || m.body_mass[body] <= 0) continue;
      marker_.push_back(p.add_marker(body, inertial_frame(m, body)));
      mass_.push_back(m.body_mass[body]);
      inertia_.insert(inertia_.end(), m.body_inertia + 3 * body, m.body_inertia + 3 * body + 3);
    }
    adr_.push_back(static_cast<int>(marker_.size()));
    return static_cast<int>(adr_.size()) - 2;
  }
  void set(Packing& p) {
    p.c.num_subtrees = static_cast<int>(adr_.size()) - 1;
    p.set(p.c.subtree_adr, adr_);
    p.set(p.c.subtree_marker, marker_);
    p.set(p.c.subtree_mass, mass_);
    p.set(p.c.subtree_inertia, inertia_);
  }

 private:
  Ints adr_{0}, marker_;
  Reals mass_, inertia_;
};

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

int sensor_target(Packing& p, int sensor, kernels::SensorKind kind, Subtrees& subtrees) {
  const mjModel& m = p.m;
  const int id = m.sensor_objid[sensor];
  switch (kind) {
    case kernels::kForeignSensor:
    case kernels::kClock:
      return 0;
    case kernels::kJointPosition:
    case kernels::kBallQuaternion:
      return m.jnt_qposadr[id];
    case kernels::kJointVelocity:
    case kernels::kBallVelocity:
      return m.jnt_dofadr[id];
    case kernels::kTendonLength:
    case kernels::kTendonVelocity:
      return id;
    case kernels::kActuatorLength:
    case kernels::kActuatorVelocity:
    case kernels::kActuatorForce:
      return actuator_places(m)[static_cast<std::size_t>(id)];
    case kernels::kSubtreeCentre:
    case kernels::kSubtreeVelocity:
    case kernels::kSubtreeAngularMomentum:
      return subtrees.add(p, id);
    default:
      return marker_of_frame(p, m.sensor_objtype[sensor], id);
  }
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
  Subtrees subtrees;
  for (int sensor = 0; sensor < m.nsensor; ++sensor) {
    const kernels::SensorKind kind = sensor_kind(m, sensor);
    kinds.push_back(kind);
    target.push_back(sensor_target(p, sensor, kind, subtrees));
    const bool has_reference =
        kind >= kernels::kFramePosition && kind <= kernels::kFrameAngularVelocity && m.sensor_refid[sensor] >= 0;
    reference.push_back(has_reference ? marker_of_frame(p, m.sensor_reftype[sensor], m.sensor_refid[sensor]) : -1);
    const int datatype = m.sensor_datatype[sensor];
    cuts_low.push_back(datatype == mjDATATYPE_REAL ? 1 : 0);
    cutoff.push_back(datatype == mjDATATYPE_REAL || datatype == mjDATATYPE_POSITIVE ? m.sensor_cutoff[sensor] : 0);
    if (kind == kernels::kAccelerometer || kind == kernels::kFrameLinearAcceleration ||
        kind == kernels::kFrameAngularAcceleration) {
      p.c.has_acceleration_sensors = 1;
    }
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
  subtrees.set(p);
}

}  // namespace lockstep
