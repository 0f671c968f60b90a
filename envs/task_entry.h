// Makes a task's row of the table out of its Task struct; included by the sources that the build generates per task.
#pragma once

#include "envs/env.h"
#include "envs/step_kernels.h"

namespace lockstep::envs {

template <class Task>
constexpr std::span<const SensedField> sensors_of() {
  if constexpr (sensed_size<Task>() > 0) {
    static_assert(numbers_of(Task::kSensors) == Task::kSensed);
    return Task::kSensors;
  } else {
    return {};
  }
}

template <class Task>
constexpr std::span<const OptionField> options_of() {
  if constexpr (requires { Task::kOptions; }) {
    static_assert(std::size(Task::kOptions) <= kMostOptions);
    return Task::kOptions;
  } else {
    return {};
  }
}
template <class Task>
constexpr std::span<const OptionalPart> parts_of() {
  if constexpr (kHasOptionalParts<Task>) {
    static_assert(std::size(Task::kOptionalParts) <= kMostParts);
    return Task::kOptionalParts;
  } else {
    return {};
  }
}

template <class Task>
constexpr std::span<const double> noise_of() {
  if constexpr (requires { Task::kObservationNoise; }) {
    static_assert(!kHasOptionalParts<Task>, "noise is listed for all numbers of an observation");
    return Task::kObservationNoise;
  } else {
    return {};
  }
}

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
          .double_kernels = &StepOn<Task, double>::table,
          .options = options_of<Task>(),
          .parts = parts_of<Task>(),
          .observation_noise = noise_of<Task>(),
          .sensors = sensors_of<Task>(),
          .before_size = before_size<Task>(),
          .settle_steps = settle_steps<Task>(),
          .starts_in_physics = kStartsInPhysics<Task>};
}

}  // namespace lockstep::envs
