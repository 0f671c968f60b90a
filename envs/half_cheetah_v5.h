// Gymnasium's HalfCheetah-v5: run forward in the plane. Values from Gymnasium 1.4.0, envs/mujoco/half_cheetah_v5.
//   state qpos [x, z (m), pitch, six joints (rad)] and qvel; action: share of each joint's largest torque
#pragma once

#include "envs/state_names.h"
#include "envs/task.h"

namespace lockstep::envs::half_cheetah_v5 {

struct Task {
  static constexpr Facts kFacts{.name = "half-cheetah-v5",
                                .suite_name = "HalfCheetah-v5",
                                .summary = "run forward on two legs in the plane",
                                .source = "Gymnasium 1.4.0, HalfCheetah-v5",
                                .model = "gymnasium/envs/mujoco/assets/half_cheetah.xml",
                                .nq = 9,
                                .nv = 9,
                                .discrete_actions = 0,
                                .control_timestep = 0.05,
                                .physics_steps = 5,
                                .episode_steps = 1000,
                                .success_return = 4800};
  static constexpr int kStates = 18, kActions = 6, kObservations = 17, kSensed = 0, kBefore = 1;
  static constexpr StateField kState[kStates] = {{.name = "x"},
                                                 {.name = "z"},
                                                 {.name = "pitch", .is_angle = true},
                                                 {.name = "back_thigh", .low = -0.52, .high = 1.05},
                                                 {.name = "back_shin", .low = -0.785, .high = 0.785},
                                                 {.name = "back_foot", .low = -0.4, .high = 0.785},
                                                 {.name = "front_thigh", .low = -1, .high = 0.7},
                                                 {.name = "front_shin", .low = -1.2, .high = 0.87},
                                                 {.name = "front_foot", .low = -0.5, .high = 0.5},
                                                 {.name = "x_dot"},
                                                 {.name = "z_dot"},
                                                 {.name = "pitch_dot"},
                                                 {.name = "back_thigh_dot"},
                                                 {.name = "back_shin_dot"},
                                                 {.name = "back_foot_dot"},
                                                 {.name = "front_thigh_dot"},
                                                 {.name = "front_shin_dot"},
                                                 {.name = "front_foot_dot"}};
  static constexpr ActionField kAction[kActions] = {{"back_thigh", -1, 1}, {"back_shin", -1, 1},
                                                    {"back_foot", -1, 1},  {"front_thigh", -1, 1},
                                                    {"front_shin", -1, 1}, {"front_foot", -1, 1}};
  static constexpr auto kObservation = names_of_state<kObservations>(kState, 1);
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  // All but x.
  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    for (int i = 0; i < kObservations; ++i) observation[i] = now.x[i + 1];
  }

  template <class T>
  LS_FN static void remember(const Now<T>& now, T (&before)[kBefore]) {
    before[0] = now.x[0];
  }

  // Mean speed over the step (m/s), less a tenth of the squared action.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&u)[kActions]) {
    T squares = T(0);
    for (int i = 0; i < kActions; ++i) squares += u[i] * u[i];
    return (now.x[0] - now.before[0]) * T(1 / kFacts.control_timestep) - T(0.1) * squares;
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>&) {
    return false;
  }

  // Positions uniform within 0.1 of zero, speeds normal with deviation 0.1.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    for (std::uint32_t i = 0; i < 9; ++i) x[i] = draw.uniform(i, -0.1, 0.1);
    for (std::uint32_t i = 0; i < 9; ++i) x[9 + i] = draw.normal(10 + i, 0, 0.1);
  }

  // Planning cost: squares of what the speed lacks to 10 m/s, of the pitch and of the action.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    T cost = terminal_cost(x);
    for (int i = 0; i < kActions; ++i) cost += T(0.1) * u[i] * u[i];
    return cost;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T lack = T(0.1) * x[9] - T(1);
    return lack * lack + T(0.05) * x[2] * x[2];
  }
};

}  // namespace lockstep::envs::half_cheetah_v5
