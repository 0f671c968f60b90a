// Which features of a model the native kernels lack.
#pragma once

#include <string>
#include <vector>

struct mjModel_;

namespace lockstep {

// Names of the features that the native pipeline lacks, empty where it supports the model. Decided by what is
// supported: an enum value or option that is not in our lists counts as missing.
[[nodiscard]] std::vector<std::string> missing_native_features(const mjModel_& model);

// Names of the sensors that the native kernels cannot evaluate: they need contact forces, rays or a history.
[[nodiscard]] std::vector<std::string> missing_native_sensors(const mjModel_& model);

}  // namespace lockstep
