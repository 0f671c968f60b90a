// Puts the sensors that a task reads into its model, before MuJoCo compiles it.
#pragma once

#include "envs/task_facts.h"

#include <span>
#include <string>

struct mjModel_;
struct mjSpec_;

namespace lockstep::envs {

// Leaves in the model the task's sensors alone, in the task's order, so that sensordata is what the task reads.
// Error where the model has no object or sensor of that name; `file` stands for the model there.
void set_sensors(mjSpec_& spec, std::span<const SensedField> sensors, const std::string& file);

// Whether one of the model's sensors reads accelerations or forces.
[[nodiscard]] bool reads_forces(const mjModel_& m);

}  // namespace lockstep::envs
