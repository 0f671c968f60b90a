// Makes a system's row of the table of tasks out of its System struct; included by the source that the build generates.
#pragma once

#include "envs/env.h"
#include "envs/system_kernels.h"

#include <array>

namespace lockstep::envs {

// What the rows of a system point to.
template <class System>
struct SystemTable {
  static constexpr int kStates = kSystemStates<System>, kControls = kSystemControls<System>;

  static constexpr Facts kFacts{.name = System::kFacts.name,
                                .suite_name = System::kFacts.name,
                                .summary = System::kFacts.summary,
                                .source = System::kFacts.source,
                                .model = nullptr,
                                .nq = kStates,
                                .nv = 0,
                                .discrete_actions = 0,
                                .control_timestep = System::kFacts.timestep,
                                .physics_steps = System::kFacts.substeps > 0 ? System::kFacts.substeps : 1,
                                .episode_steps = System::kFacts.episode_steps,
                                .success_return = 0};

  static constexpr std::array<StateField, kStates> kState = [] {
    std::array<StateField, kStates> fields{};
    for (int i = 0; i < kStates; ++i)
      fields[i] = {.name = System::kState[i].name, .is_angle = System::kState[i].is_angle};
    return fields;
  }();
  static constexpr std::array<const char*, kStates> kObservation = [] {
    std::array<const char*, kStates> names{};
    for (int i = 0; i < kStates; ++i) names[i] = System::kState[i].name;
    return names;
  }();

  static constexpr const ActionField* controls() {
    if constexpr (kControls > 0) {
      return System::kControl;
    } else {
      return nullptr;
    }
  }
  static void rates(const double* x, const double* u, double* dx) {
    double state[kStates], control[kControlRoom<System>] = {}, slope[kStates];
    for (int i = 0; i < kStates; ++i) state[i] = x[i];
    for (int i = 0; i < kControls; ++i) control[i] = u[i];
    system_rates<System>(state, control, slope);
    for (int i = 0; i < kStates; ++i) dx[i] = slope[i];
  }
  static constexpr SystemRow kRow{.facts = System::kFacts,
                                  .states = System::kState,
                                  .num_states = kStates,
                                  .controls = controls(),
                                  .num_controls = kControls,
                                  .rates = &rates};
};

template <class System>
constexpr Entry make_system_entry(TaskKernels (*kernels)(Isa)) {
  using Table = SystemTable<System>;
  return {.name = Table::kFacts.name,
          .summary = Table::kFacts.summary,
          .facts = &Table::kFacts,
          .state = Table::kState,
          .action = std::span<const ActionField>(Table::controls(), static_cast<std::size_t>(Table::kControls)),
          .observation = Table::kObservation,
          .kernels = kernels,
          .float_kernels = &system_step<System, float>,
          .double_kernels = &system_step<System, double>,
          .system = &Table::kRow};
}

}  // namespace lockstep::envs
