// The one implementation of Environment: a task's kernels over its worlds, with the bookkeeping of episodes.
#pragma once

#include "engine/environment.h"
#include "envs/env.h"

#include <memory>

namespace lockstep::envs {

// config must be checked already (make_environment does).
std::unique_ptr<Environment> make_task_environment(const Entry& entry, const EnvironmentConfig& config);

}  // namespace lockstep::envs
