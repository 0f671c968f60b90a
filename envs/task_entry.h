// Makes a task's row of the table out of its Task struct; included by the sources that the build generates per task.
#pragma once

#include "envs/env.h"
#include "envs/step_kernels.h"

namespace lockstep::envs {

template <class Task>
constexpr Entry make_entry(TaskKernels (*kernels)(Isa)) {
  return {.name = Task::kFacts.name,
          .summary = Task::kFacts.summary,
          .facts = &Task::kFacts,
          .state = Task::kState,
          .action = Task::kAction,
          .observation = Task::kObservation,
          .kernels = kernels,
          .float_kernels = &StepOn<Task, float>::table,
          .double_kernels = &StepOn<Task, double>::table};
}

}  // namespace lockstep::envs
