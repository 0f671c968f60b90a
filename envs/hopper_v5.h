// Gymnasium's Hopper-v5: hop forward on one leg in the plane. Values from Gymnasium 1.4.0, envs/mujoco/hopper_v5.
//   state qpos [x, z (m), pitch, three joints (rad)] and qvel; action: share of each joint's largest torque
#pragma once

#include "envs/state_names.h"
#include "envs/task.h"

namespace lockstep::envs::hopper_v5 {

struct Task {
  static constexpr Facts kFacts{.name = "hopper-v5",
                                .suite_name = "Hopper-v5",
                                .summary = "hop forward on one leg in the plane",
                                .source = "Gymnasium 1.4.0, Hopper-v5",
                                .model = "gymnasium/envs/mujoco/assets/hopper.xml",
                                .nq = 6,
                                .nv = 6,
                                .discrete_actions = 0,
                                .control_timestep = 0.008,
                                .physics_steps = 4,
                                .episode_steps = 1000,
                                .success_return = 3800};
  static constexpr double kHeight = 1.25;  // m, of the start
  static constexpr int kStates = 12, kActions = 3, kObservations = 11, kSensed = 0, kBefore = 1;
  static constexpr StateField kState[kStates] = {
      {.name = "x"},
      {.name = "z"},
      {.name = "pitch", .is_angle = true},
      {.name = "thigh", .low = -2.6179938779914944, .high = 0},
      {.name = "leg", .low = -2.6179938779914944, .high = 0},
      {.name = "foot", .low = -0.7853981633974483, .high = 0.7853981633974483},
      {.name = "x_dot"},
      {.name = "z_dot"},
      {.name = "pitch_dot"},
      {.name = "thigh_dot"},
      {.name = "leg_dot"},
      {.name = "foot_dot"}};
  static constexpr ActionField kAction[kActions] = {{"thigh", -1, 1}, {"leg", -1, 1}, {"foot", -1, 1}};
  static constexpr auto kObservation = names_of_state<kObservations>(kState, 1);
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  // All but x, with speeds cut off at 10.
  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    for (int i = 0; i < 5; ++i) observation[i] = now.x[i + 1];
    for (int i = 0; i < 6; ++i) observation[5 + i] = kernels::clamp(now.x[6 + i], T(-10), T(10));
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

  // Healthy: above 0.7 m, within 0.2 rad of upright, and no other number of the state but x beyond 100.
  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>& now) {
    kernels::MaskOf<T> healthy = (now.x[1] > T(0.7)) && (kernels::absolute(now.x[2]) < T(0.2));
    for (int i = 2; i < kStates; ++i) healthy = healthy && (kernels::absolute(now.x[i]) < T(100));
    return !healthy;
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
    const T lack = x[6] - T(3), height = x[1] - T(kHeight);
    return T(0.1) * lack * lack + T(5) * height * height + T(5) * x[2] * x[2];
  }
};

}  // namespace lockstep::envs::hopper_v5
