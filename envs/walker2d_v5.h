// Gymnasium's Walker2d-v5: walk forward on two legs in the plane. Values from Gymnasium 1.4.0, envs/mujoco/walker2d_v5.
//   state qpos [x, z (m), pitch, six joints (rad)] and qvel; action: share of each joint's largest torque
#pragma once

#include "envs/state_names.h"
#include "envs/task.h"

namespace lockstep::envs::walker2d_v5 {

struct Task {
  static constexpr Facts kFacts{.name = "walker2d-v5",
                                .suite_name = "Walker2d-v5",
                                .summary = "walk forward on two legs in the plane",
                                .source = "Gymnasium 1.4.0, Walker2d-v5",
                                .model = "gymnasium/envs/mujoco/assets/walker2d_v5.xml",
                                .nq = 9,
                                .nv = 9,
                                .discrete_actions = 0,
                                .control_timestep = 0.008,
                                .physics_steps = 4,
                                .episode_steps = 1000,
                                .success_return = 0};
  static constexpr double kHeight = 1.25;  // m, of the start
  static constexpr double kLow = -2.6179938779914944, kFoot = 0.7853981633974483;
  static constexpr int kStates = 18, kActions = 6, kObservations = 17, kSensed = 0, kBefore = 1;
  static constexpr StateField kState[kStates] = {{.name = "x"},
                                                 {.name = "z"},
                                                 {.name = "pitch", .is_angle = true},
                                                 {.name = "right_thigh", .low = kLow, .high = 0},
                                                 {.name = "right_leg", .low = kLow, .high = 0},
                                                 {.name = "right_foot", .low = -kFoot, .high = kFoot},
                                                 {.name = "left_thigh", .low = kLow, .high = 0},
                                                 {.name = "left_leg", .low = kLow, .high = 0},
                                                 {.name = "left_foot", .low = -kFoot, .high = kFoot},
                                                 {.name = "x_dot"},
                                                 {.name = "z_dot"},
                                                 {.name = "pitch_dot"},
                                                 {.name = "right_thigh_dot"},
                                                 {.name = "right_leg_dot"},
                                                 {.name = "right_foot_dot"},
                                                 {.name = "left_thigh_dot"},
                                                 {.name = "left_leg_dot"},
                                                 {.name = "left_foot_dot"}};
  static constexpr ActionField kAction[kActions] = {{"right_thigh", -1, 1}, {"right_leg", -1, 1}, {"right_foot", -1, 1},
                                                    {"left_thigh", -1, 1},  {"left_leg", -1, 1},  {"left_foot", -1, 1}};
  static constexpr auto kObservation = names_of_state<kObservations>(kState, 1);
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  // All but x, with speeds cut off at 10.
  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    for (int i = 0; i < 8; ++i) observation[i] = now.x[i + 1];
    for (int i = 0; i < 9; ++i) observation[8 + i] = kernels::clamp(now.x[9 + i], T(-10), T(10));
  }

  template <class T>
  LS_FN static void remember(const Now<T>& now, T (&before)[kBefore]) {
    before[0] = now.x[0];
  }

  // Mean speed over the step (m/s), 1 where healthy, less a thousandth of the squared action.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&u)[kActions]) {
    T squares = T(0);
    for (int i = 0; i < kActions; ++i) squares += u[i] * u[i];
    return (now.x[0] - now.before[0]) * T(1 / kFacts.control_timestep) + kernels::select(terminated(now), T(0), T(1)) -
           T(0.001) * squares;
  }

  // Healthy: between 0.8 and 2 m, within 1 rad of upright.
  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>& now) {
    return !((now.x[1] > T(0.8)) && (now.x[1] < T(2)) && (kernels::absolute(now.x[2]) < T(1)));
  }

  // Standing, each number uniform within 0.005.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    for (std::uint32_t i = 0; i < kStates; ++i) x[i] = draw.uniform(i, -0.005, 0.005);
    x[1] = T(kHeight) + x[1];
  }

  // Planning cost: squares of what the speed lacks to 3 m/s, of height and pitch, and of the action.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    T cost = terminal_cost(x);
    for (int i = 0; i < kActions; ++i) cost += T(0.001) * u[i] * u[i];
    return cost;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T lack = x[9] - T(3), height = x[1] - T(kHeight);
    return T(0.1) * lack * lack + T(5) * height * height + T(2) * x[2] * x[2];
  }
};

}  // namespace lockstep::envs::walker2d_v5
