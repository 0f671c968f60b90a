// Reads and writes parameters in an mjModel, and checks that they make physics.
#include "engine/world_parameters.h"
#include "engine/error.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include <fmt/format.h>
#include <mujoco/mujoco.h>

namespace lockstep {
namespace {

constexpr std::array<ParameterFacts, kNumParameters> kTable{{
    {Parameter::kBodyMass, "body_mass", "body", 1, "mass (kg)"},
    {Parameter::kBodyInertia, "body_inertia", "body", 3, "principal moments of inertia (kg m^2)"},
    {Parameter::kBodyIpos, "body_ipos", "body", 3, "centre of mass in the body's frame (m)"},
    {Parameter::kDofArmature, "dof_armature", "joint", 1, "inertia of the rotor (kg m^2 or kg)"},
    {Parameter::kDofDamping, "dof_damping", "joint", 1, "damping (N m s/rad or N s/m)"},
    {Parameter::kDofFrictionloss, "dof_frictionloss", "joint", 1, "dry friction (N m or N)"},
    {Parameter::kJntStiffness, "jnt_stiffness", "joint", 1, "stiffness of the joint's spring (N m/rad or N/m)"},
    {Parameter::kActuatorGainprm, "actuator_gainprm", "actuator", 3, "gain: constant, by length, by velocity"},
    {Parameter::kActuatorBiasprm, "actuator_biasprm", "actuator", 3, "bias: constant, by length, by velocity"},
    {Parameter::kGeomFriction, "geom_friction", "geom", 3, "friction: sliding, torsional (m), rolling (m)"},
    {Parameter::kGeomSize, "geom_size", "geom", 3, "size (m), as the type of the geom has it"},
    {Parameter::kGeomPos, "geom_pos", "geom", 3, "place in the body's frame (m)"},
    {Parameter::kGravity, "gravity", "", 3, "gravity (m/s^2)"},
}};

// Numbers of mjModel's row of one element.
int stride_of(Parameter parameter) {
  if (parameter == Parameter::kActuatorGainprm) return mjNGAIN;
  if (parameter == Parameter::kActuatorBiasprm) return mjNBIAS;
  return facts_of(parameter).width;
}

const mjtNum* first_number(const mjModel& m, Parameter parameter) {
  switch (parameter) {
    case Parameter::kBodyMass:
      return m.body_mass;
    case Parameter::kBodyInertia:
      return m.body_inertia;
    case Parameter::kBodyIpos:
      return m.body_ipos;
    case Parameter::kDofArmature:
      return m.dof_armature;
    case Parameter::kDofDamping:
      return m.dof_damping;
    case Parameter::kDofFrictionloss:
      return m.dof_frictionloss;
    case Parameter::kJntStiffness:
      return m.jnt_stiffness;
    case Parameter::kActuatorGainprm:
      return m.actuator_gainprm;
    case Parameter::kActuatorBiasprm:
      return m.actuator_biasprm;
    case Parameter::kGeomFriction:
      return m.geom_friction;
    case Parameter::kGeomSize:
      return m.geom_size;
    case Parameter::kGeomPos:
      return m.geom_pos;
    case Parameter::kGravity:
      break;
  }
  return m.opt.gravity;
}
mjtNum* first_number(mjModel& m, Parameter parameter) {
  return const_cast<mjtNum*>(first_number(static_cast<const mjModel&>(m), parameter));
}

int object_of(Parameter parameter) {
  const std::string_view element = facts_of(parameter).element;
  if (element == "body") return mjOBJ_BODY;
  if (element == "geom") return mjOBJ_GEOM;
  return element == "actuator" ? mjOBJ_ACTUATOR : mjOBJ_JOINT;
}

bool is_of_dofs(Parameter parameter) {
  return parameter == Parameter::kDofArmature || parameter == Parameter::kDofDamping ||
         parameter == Parameter::kDofFrictionloss;
}

// How many of geom_size's numbers a type uses, and must be above zero.
int used_sizes(int type) {
  switch (type) {
    case mjGEOM_SPHERE:
      return 1;
    case mjGEOM_CAPSULE:
    case mjGEOM_CYLINDER:
      return 2;
    case mjGEOM_ELLIPSOID:
    case mjGEOM_BOX:
      return 3;
    default:
      return 0;
  }
}

// What is wrong with an element's numbers; empty: nothing. `model` is what MuJoCo made of the file.
std::string fault_of(const mjModel& model, Parameter parameter, int element, std::span<const double> now) {
  for (const double number : now) {
    if (!std::isfinite(number)) return "is not finite";
  }
  const bool moves = object_of(parameter) != mjOBJ_BODY || model.body_weldid[element] != 0;
  switch (parameter) {
    case Parameter::kBodyMass:
      return moves && model.body_mass[element] > 0 && now[0] < mjMINVAL ? "is not above zero" : "";
    case Parameter::kBodyInertia: {
      const double sum = now[0] + now[1] + now[2], largest = std::max({now[0], now[1], now[2]});
      const bool had = *std::min_element(model.body_inertia + 3 * element, model.body_inertia + 3 * element + 3) > 0;
      if (moves && had && std::min({now[0], now[1], now[2]}) < mjMINVAL) return "is not above zero";
      return moves && sum - 2 * largest < -1e-6 * sum ? "is no body's: one moment is larger than the others' sum" : "";
    }
    case Parameter::kDofArmature:
    case Parameter::kDofDamping:
    case Parameter::kDofFrictionloss:
    case Parameter::kJntStiffness:
    case Parameter::kGeomFriction:
      return std::any_of(now.begin(), now.end(), [](double x) { return x < 0; }) ? "is below zero" : "";
    case Parameter::kGeomSize: {
      const auto used = now.first(static_cast<std::size_t>(used_sizes(model.geom_type[element])));
      return std::any_of(used.begin(), used.end(), [](double x) { return x < mjMINVAL; }) ? "is not above zero" : "";
    }
    default:
      return "";
  }
}

}  // namespace

std::span<const ParameterFacts, kNumParameters> parameter_table() { return kTable; }

const ParameterFacts& facts_of(Parameter parameter) { return kTable[static_cast<std::size_t>(parameter)]; }

Parameter parameter_named(std::string_view name) {
  std::vector<std::string> names;
  for (const ParameterFacts& facts : kTable) {
    if (facts.name == name) return facts.parameter;
    names.emplace_back(facts.name);
  }
  const std::string near = nearest_name(name, names);
  throw Error(fmt::format("no parameter '{}' can differ from world to world", name), "randomise",
              near.empty() ? fmt::format("choose one of: {}", fmt::join(names, ", "))
                           : fmt::format("did you mean '{}'?", near));
}

int num_elements(const mjModel& m, Parameter parameter) {
  if (parameter == Parameter::kGravity) return 1;
  if (is_of_dofs(parameter)) return static_cast<int>(m.nv);
  const int object = object_of(parameter);
  if (object == mjOBJ_BODY) return static_cast<int>(m.nbody);
  if (object == mjOBJ_GEOM) return static_cast<int>(m.ngeom);
  return static_cast<int>(object == mjOBJ_ACTUATOR ? m.nactuator : m.njnt);
}

std::string element_label(const mjModel& m, Parameter parameter, int element) {
  if (parameter == Parameter::kGravity) return "";
  const int id = is_of_dofs(parameter) ? m.dof_jntid[element] : element;
  const char* const name = mj_id2name(&m, object_of(parameter), id);
  return name == nullptr || *name == '\0' ? fmt::format("[{}]", id) : name;
}

ParameterValues::ParameterValues(const mjModel& m) {
  for (const ParameterFacts& facts : kTable) {
    const int count = num_elements(m, facts.parameter), stride = stride_of(facts.parameter);
    auto& numbers = numbers_[static_cast<std::size_t>(facts.parameter)];
    if (count == 0) continue;
    const mjtNum* const source = first_number(m, facts.parameter);
    for (int i = 0; i < count; ++i)
      numbers.insert(numbers.end(), source + i * stride, source + i * stride + facts.width);
  }
}

std::span<double> ParameterValues::of(Parameter parameter) { return numbers_[static_cast<std::size_t>(parameter)]; }
std::span<const double> ParameterValues::of(Parameter parameter) const {
  return numbers_[static_cast<std::size_t>(parameter)];
}
std::span<double> ParameterValues::element(Parameter parameter, int index) {
  const auto width = static_cast<std::size_t>(facts_of(parameter).width);
  return of(parameter).subspan(static_cast<std::size_t>(index) * width, width);
}
std::span<const double> ParameterValues::element(Parameter parameter, int index) const {
  const auto width = static_cast<std::size_t>(facts_of(parameter).width);
  return of(parameter).subspan(static_cast<std::size_t>(index) * width, width);
}

void ParameterValues::write_to(mjModel& m) const {
  for (const ParameterFacts& facts : kTable) {
    const int stride = stride_of(facts.parameter);
    for (int i = 0; i < num_elements(m, facts.parameter); ++i) {
      const std::span<const double> numbers = element(facts.parameter, i);
      std::copy(numbers.begin(), numbers.end(), first_number(m, facts.parameter) + i * stride);
    }
  }
}

bool VariedElements::has(Parameter parameter) const {
  const std::vector<bool>& list = of[static_cast<std::size_t>(parameter)];
  return std::find(list.begin(), list.end(), true) != list.end();
}
bool VariedElements::has(Parameter parameter, int element) const {
  const std::vector<bool>& list = of[static_cast<std::size_t>(parameter)];
  return !list.empty() && list[static_cast<std::size_t>(element)];
}
bool VariedElements::any() const {
  return std::any_of(kTable.begin(), kTable.end(), [&](const ParameterFacts& facts) { return has(facts.parameter); });
}
void VariedElements::add(const mjModel& model, Parameter parameter, int element) {
  std::vector<bool>& list = of[static_cast<std::size_t>(parameter)];
  list.resize(static_cast<std::size_t>(num_elements(model, parameter)));
  list[static_cast<std::size_t>(element)] = true;
}

void check_physics(const mjModel& m, const ParameterValues& values, std::string_view where) {
  for (const ParameterFacts& facts : kTable) {
    for (int i = 0; i < num_elements(m, facts.parameter); ++i) {
      const std::span<const double> now = values.element(facts.parameter, i);
      const std::string fault = fault_of(m, facts.parameter, i, now);
      if (fault.empty()) continue;
      throw Error(fmt::format("{} of {} = {} {}", facts.name, element_label(m, facts.parameter, i),
                              fmt::join(now, ", "), fault),
                  std::string(where), "narrow the range that it is drawn from");
    }
  }
}

}  // namespace lockstep
