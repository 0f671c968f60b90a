// The models that people train on, by name: dm_control's suite, Gymnasium's MuJoCo v5, mjlab's Unitree robots.
#pragma once

#include "engine/model.h"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

// "SUITE/MODEL" of every model, suite by suite.
[[nodiscard]] const std::vector<std::string>& known_models();

// Those that `wanted` names: one, or all of a suite; empty where it names none.
[[nodiscard]] std::vector<std::string> known_models(std::string_view wanted);

// The MJCF file of "SUITE/MODEL"; of mjlab's robots the file alone, without what mjlab_robot adds. Throws as below.
[[nodiscard]] std::filesystem::path known_model_file(const std::string& name);

// Loads "SUITE/MODEL". Error for another name, MissingResource where the suite's files are not on this machine.
[[nodiscard]] std::shared_ptr<const Model> load_known_model(const std::string& name, const Model::Adjust& adjust = {});

}  // namespace lockstep
