// Adds a task's sensors to the model of its suite, and takes out the model's own that nobody reads.
#include "envs/model_sensors.h"
#include "engine/error.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <mujoco/mujoco.h>

namespace lockstep::envs {
namespace {

mjtSensor sensor_type(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, mjtSensor>, 16> kTypes{{{"framepos", mjSENS_FRAMEPOS},
                                                                           {"framequat", mjSENS_FRAMEQUAT},
                                                                           {"framexaxis", mjSENS_FRAMEXAXIS},
                                                                           {"frameyaxis", mjSENS_FRAMEYAXIS},
                                                                           {"framezaxis", mjSENS_FRAMEZAXIS},
                                                                           {"framelinvel", mjSENS_FRAMELINVEL},
                                                                           {"frameangvel", mjSENS_FRAMEANGVEL},
                                                                           {"subtreecom", mjSENS_SUBTREECOM},
                                                                           {"subtreelinvel", mjSENS_SUBTREELINVEL},
                                                                           {"velocimeter", mjSENS_VELOCIMETER},
                                                                           {"gyro", mjSENS_GYRO},
                                                                           {"jointpos", mjSENS_JOINTPOS},
                                                                           {"jointvel", mjSENS_JOINTVEL},
                                                                           {"jointactuatorfrc", mjSENS_JOINTACTFRC},
                                                                           {"jointlimitfrc", mjSENS_JOINTLIMITFRC},
                                                                           {"array", mjSENS_USER}}};
  const auto* const found = std::ranges::find(kTypes, name, &std::pair<std::string_view, mjtSensor>::first);
  if (found == kTypes.end()) {
    throw Error(fmt::format("a task's sensor has the unknown type '{}'", name), "envs/model_sensors.cpp",
                "add it to the types there");
  }
  return found->second;
}

void add_sensor(mjSpec& spec, const SensedField& field) {
  mjsSensor& sensor = *mjs_addSensor(&spec);
  sensor.type = sensor_type(field.type);
  if (sensor.type == mjSENS_USER) {
    mjs_setName(sensor.element, field.object);
    sensor.datatype = mjDATATYPE_REAL;
    // The number of contacts is asked for at starts alone, and no reason to read forces in every step.
    sensor.needstage = std::string_view(field.object) == "ncon" ? mjSTAGE_POS : mjSTAGE_ACC;
    sensor.dim = field.numbers;
    return;
  }
  sensor.objtype = static_cast<mjtObj>(mju_str2Type(field.kind));
  mjs_setString(sensor.objname, field.object);
  if (field.reference == nullptr) return;
  sensor.reftype = static_cast<mjtObj>(mju_str2Type(field.reference_kind));
  mjs_setString(sensor.refname, field.reference);
}

// The model's own sensor of this name goes to the end of the list.
void move_to_end(mjSpec& spec, const char* name, const std::string& file) {
  mjsElement* const element = mjs_findElement(&spec, mjOBJ_SENSOR, name);
  if (element == nullptr) {
    throw Error(fmt::format("this model has no sensor '{}', which the task reads", name), file,
                "use the suite's own model file: run `make setup`, or mend LOCKSTEP_MODELS");
  }
  const mjsSensor own = *mjs_asSensor(element);
  mjsSensor& copy = *mjs_addSensor(&spec);
  copy.type = own.type;
  copy.objtype = own.objtype;
  copy.reftype = own.reftype;
  mjs_setString(copy.objname, mjs_getString(own.objname));
  mjs_setString(copy.refname, mjs_getString(own.refname));
  std::copy_n(own.intprm, mjNSENS, copy.intprm);
  copy.datatype = own.datatype;
  copy.needstage = own.needstage;
  copy.dim = own.dim;
  copy.cutoff = own.cutoff;
}

}  // namespace

void set_sensors(mjSpec& spec, std::span<const SensedField> sensors, const std::string& file) {
  std::vector<mjsElement*> own;
  for (mjsElement* e = mjs_firstElement(&spec, mjOBJ_SENSOR); e != nullptr; e = mjs_nextElement(&spec, e)) {
    own.push_back(e);
  }
  for (const SensedField& field : sensors) {
    if (std::string_view(field.type) == "own") {
      move_to_end(spec, field.object, file);
    } else {
      add_sensor(spec, field);
    }
  }
  for (mjsElement* const element : own) mjs_delete(&spec, element);
}

bool reads_forces(const mjModel& m) {
  return std::any_of(m.sensor_needstage, m.sensor_needstage + m.nsensor,
                     [](int stage) { return stage == mjSTAGE_ACC; });
}

}  // namespace lockstep::envs
