// Which features of a model the native kernels lack.
#pragma once

#include <string>
#include <vector>

struct mjModel_;

namespace lockstep {

// "joint 'knee'", or "joint 3" where it has no name. `kind` is a mjtObj.
[[nodiscard]] std::string element_name(const mjModel_& model, int kind, int id);

// Names of the features that the native pipeline lacks, with the first element that has each; empty where it supports
// the model. Decided by what is supported: an enum value or option that is not in our lists counts as missing.
[[nodiscard]] std::vector<std::string> missing_native_features(const mjModel_& model);

// Names of the sensors that the native kernels cannot evaluate: they need contact forces, rays or a history.
[[nodiscard]] std::vector<std::string> missing_native_sensors(const mjModel_& model);

}  // namespace lockstep
