// dm_control's pendulum/swingup: swing a pendulum up with a motor much weaker than its weight.
// Values from dm_control 1.0.50, suite/pendulum.
//   state [theta (rad, 0 = upright), omega (rad/s)], action: torque (N m) in [-1, 1]
#pragma once

#include "envs/task.h"
#include "envs/tolerance.h"

namespace lockstep::envs::pendulum_swingup {

struct Task {
  static constexpr Facts kFacts{.name = "pendulum-swingup",
                                .suite_name = "pendulum/swingup",
                                .summary = "swing a pendulum up with a very weak motor and hold it, scored 0 or 1",
                                .source = "dm_control 1.0.50, suite pendulum",
                                .model = "dm_control/suite/pendulum.xml",
                                .nq = 1,
                                .nv = 1,
                                .discrete_actions = 0,
                                .control_timestep = 0.02,
                                .physics_steps = 1,
                                .episode_steps = 1000,
                                .success_return = 700};
  static constexpr int kStates = 2, kActions = 1, kObservations = 3;
  static constexpr StateField kState[kStates] = {{.name = "theta", .is_angle = true}, {.name = "omega"}};
  static constexpr ActionField kAction[kActions] = {{"torque", -1, 1}};
  static constexpr const char* kObservation[kObservations] = {"cos(theta)", "sin(theta)", "omega"};
  static constexpr bool kRewardsStateBefore = false;

  static constexpr double kUprightCosine = 0.99026806874157031;  // cos(8 degrees)

  template <class T>
  LS_FN static void observe(const T (&x)[kStates], T (&observation)[kObservations]) {
    kernels::sine_cosine(x[0], observation[1], observation[0]);
    observation[2] = x[1];
  }

  // 1 within 8 degrees of upright, else 0.
  template <class T>
  LS_FN static T reward(const T (&x)[kStates], const T (&)[kActions]) {
    return tolerance(kernels::cosine(x[0]), {.low = kUprightCosine, .high = 1});
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const T (&)[kStates]) {
    return false;
  }

  // Any angle, at rest.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    x[0] = draw.uniform(0, -3.141592653589793238, 3.141592653589793238);
    x[1] = T(0);
  }

  // Planning cost, since the reward has no slope: how far from upright, and how far the energy (per that of the fall
  // from upright to hanging) is from what carries the pendulum up (K. Astrom, K. Furuta, Automatica 36, 2000).
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    constexpr double kInertia = 0.251, kWeight = 9.81 * 0.5;  // kg m^2 about the hinge; N m at 90 degrees
    const T low = T(0.5) * (T(1) - kernels::cosine(x[0]));
    const T energy = T(0.5 * kInertia / (2 * kWeight)) * x[1] * x[1] - low;  // 0: just reaches the top
    return low + T(2) * energy * energy + T(0.002) * x[1] * x[1] * (T(1) - low) + T(0.001) * u[0] * u[0];
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T none[kActions] = {T(0)};
    return T(10) * stage_cost(x, none);
  }
};

}  // namespace lockstep::envs::pendulum_swingup
