// Physical parameters that may differ from world to world of a batch: masses, inertias, friction, damping, gains,
// geoms' sizes and places, gravity. Names and units are those of mjModel's arrays.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct mjModel_;

namespace lockstep {

enum class Parameter {
  kBodyMass,
  kBodyInertia,
  kBodyIpos,
  kDofArmature,
  kDofDamping,
  kDofFrictionloss,
  kJntStiffness,
  kActuatorGainprm,
  kActuatorBiasprm,
  kGeomFriction,
  kGeomSize,
  kGeomPos,
  kGravity,
};
inline constexpr int kNumParameters = 13;

// What a parameter is: a row of numbers for each element of one kind.
struct ParameterFacts {
  Parameter parameter;
  std::string_view name;     // "body_mass"
  std::string_view element;  // "body", "joint", "actuator", "geom"; "" for gravity, which is the world's
  int width;                 // numbers of an element
  std::string_view meaning;  // with its unit
};
// In the order of the enumeration.
[[nodiscard]] std::span<const ParameterFacts, kNumParameters> parameter_table();
[[nodiscard]] const ParameterFacts& facts_of(Parameter parameter);
// Throws Error with the nearest name where there is none.
[[nodiscard]] Parameter parameter_named(std::string_view name);

// How many elements a model has that the parameter belongs to, and their names ("torso"; those of dofs are their
// joints', "[3]" where there is none).
[[nodiscard]] int num_elements(const mjModel_& model, Parameter parameter);
[[nodiscard]] std::string element_label(const mjModel_& model, Parameter parameter, int element);

// All parameters of one world.
class ParameterValues {
 public:
  // Those of the model.
  explicit ParameterValues(const mjModel_& model);

  // [elements][width], and the numbers of one element.
  [[nodiscard]] std::span<double> of(Parameter parameter);
  [[nodiscard]] std::span<const double> of(Parameter parameter) const;
  [[nodiscard]] std::span<double> element(Parameter parameter, int index);
  [[nodiscard]] std::span<const double> element(Parameter parameter, int index) const;

  // Writes them into a model of the same sizes; what follows from them (mj_setConst) is the caller's to do.
  void write_to(mjModel_& model) const;

 private:
  std::array<std::vector<double>, kNumParameters> numbers_;
};

// Which elements have values of their own in each world; empty lists: none.
struct VariedElements {
  std::array<std::vector<bool>, kNumParameters> of;  // [elements]

  [[nodiscard]] bool any() const;
  [[nodiscard]] bool has(Parameter parameter) const;
  [[nodiscard]] bool has(Parameter parameter, int element) const;
  void add(const mjModel_& model, Parameter parameter, int element);
};

// Error where a world with such values would be no physics: a mass or size that is not above zero, inertias that no
// body has (A + B < C), negative damping, armature, stiffness or friction, numbers that are not finite. The text names
// parameter and element; `where` says where the values come from.
void check_physics(const mjModel_& model, const ParameterValues& values, std::string_view where);

}  // namespace lockstep
