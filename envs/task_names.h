// All tasks by name: those of the table (envs/env.h), and grid worlds, whose names say how they are made.
#pragma once

#include "engine/environment.h"

#include <string>
#include <string_view>

namespace lockstep::envs {

// The spelling that all suites' names share: lower case, '-' between words.
[[nodiscard]] std::string normalized(std::string_view name);
// The full spelling of a task's name, and what is fixed for that task under a configuration. Both throw Error with the
// nearest name where there is none.
[[nodiscard]] std::string task_name(std::string_view task);
[[nodiscard]] TaskSpec task_spec(std::string_view task, const EnvironmentConfig& config = {});

}  // namespace lockstep::envs
