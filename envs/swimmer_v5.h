// Gymnasium's Swimmer-v5: three links that swim in a plane. Values from Gymnasium 1.4.0, envs/mujoco/swimmer_v5.
//   state qpos [x, y (m), heading, two joints (rad)] and qvel; action: share of each joint's largest torque
#pragma once

#include "envs/state_names.h"
#include "envs/task.h"

namespace lockstep::envs::swimmer_v5 {

struct Task {
  static constexpr Facts kFacts{.name = "swimmer-v5",
                                .suite_name = "Swimmer-v5",
                                .summary = "swim along x with three links",
                                .source = "Gymnasium 1.4.0, Swimmer-v5",
                                .model = "gymnasium/envs/mujoco/assets/swimmer.xml",
                                .nq = 5,
                                .nv = 5,
                                .discrete_actions = 0,
                                .control_timestep = 0.04,
                                .physics_steps = 4,
                                .episode_steps = 1000,
                                .success_return = 360};
  static constexpr double kBend = 1.7453292519943295;  // rad
  static constexpr int kStates = 10, kActions = 2, kObservations = 8, kSensed = 0, kBefore = 1;
  static constexpr StateField kState[kStates] = {{.name = "x"},
                                                 {.name = "y"},
                                                 {.name = "heading", .is_angle = true},
                                                 {.name = "joint1", .low = -kBend, .high = kBend},
                                                 {.name = "joint2", .low = -kBend, .high = kBend},
                                                 {.name = "x_dot"},
                                                 {.name = "y_dot"},
                                                 {.name = "heading_dot"},
                                                 {.name = "joint1_dot"},
                                                 {.name = "joint2_dot"}};
  static constexpr ActionField kAction[kActions] = {{"joint1", -1, 1}, {"joint2", -1, 1}};
  static constexpr auto kObservation = names_of_state<kObservations>(kState, 2);
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  // All but x and y.
  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    for (int i = 0; i < kObservations; ++i) observation[i] = now.x[i + 2];
  }

  template <class T>
  LS_FN static void remember(const Now<T>& now, T (&before)[kBefore]) {
    before[0] = now.x[0];
  }

  // Mean speed along x over the step (m/s), less 0.0001 of the squared action.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&u)[kActions]) {
    return (now.x[0] - now.before[0]) * T(1 / kFacts.control_timestep) - T(1e-4) * (u[0] * u[0] + u[1] * u[1]);
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>&) {
    return false;
  }

  // Each number uniform within 0.1.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    for (std::uint32_t i = 0; i < kStates; ++i) x[i] = draw.uniform(i, -0.1, 0.1);
  }

  // Planning cost: squares of what the speed along x lacks to 1 m/s and of the action.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    return terminal_cost(x) + T(1e-3) * (u[0] * u[0] + u[1] * u[1]);
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T lack = x[5] - T(1);
    return lack * lack;
  }
};

}  // namespace lockstep::envs::swimmer_v5
