// Gymnasium's Pendulum-v1: swing a uniform rod up with a weak motor; dynamics of its own.
// Values from Gymnasium 1.4.0, envs/classic_control/pendulum.
#pragma once

#include "envs/task.h"

namespace lockstep::envs::pendulum_v1 {

struct Task {
  static constexpr Facts kFacts{.name = "pendulum-v1",
                                .suite_name = "Pendulum-v1",
                                .summary = "swing a pendulum up with a weak motor and hold it",
                                .source = "Gymnasium 1.4.0, Pendulum-v1",
                                .model = nullptr,
                                .nq = 2,
                                .nv = 0,
                                .discrete_actions = 0,
                                .control_timestep = 0.05,
                                .physics_steps = 1,
                                .episode_steps = 200,
                                .success_return = -400};
  static constexpr int kStates = 2, kActions = 1, kObservations = 3;
  static constexpr StateField kState[kStates] = {{.name = "theta", .is_angle = true},       // rad, 0 = upright
                                                 {.name = "omega", .low = -8, .high = 8}};  // rad/s
  static constexpr ActionField kAction[kActions] = {{"torque", -2, 2}};                     // N m
  static constexpr const char* kObservation[kObservations] = {"cos(theta)", "sin(theta)", "omega"};

  static constexpr double kTimestep = 0.05, kMaxSpeed = 8, kMaxTorque = 2;
  static constexpr double kGravity = 10, kMass = 1, kLength = 1;

  // Semi-implicit Euler of a rod about its end: omega' = 3g/(2l) sin(theta) + 3/(m l^2) u, speed limited to 8 rad/s.
  template <class T>
  LS_FN static void advance(T (&x)[kStates], const T (&action)[kActions]) {
    using kernels::clamp;
    const T torque = clamp(action[0], T(-kMaxTorque), T(kMaxTorque));
    const T gravity_term = T(3 * kGravity / (2 * kLength)) * kernels::sine(x[0]);
    const T torque_term = T(3 / (kMass * kLength * kLength)) * torque;
    x[1] = clamp(x[1] + (gravity_term + torque_term) * T(kTimestep), T(-kMaxSpeed), T(kMaxSpeed));
    x[0] = x[0] + x[1] * T(kTimestep);
  }

  template <class T>
  LS_FN static void observe(const T (&x)[kStates], T (&observation)[kObservations]) {
    kernels::sine_cosine(x[0], observation[1], observation[0]);
    observation[2] = x[1];
  }

  // Of the state before the step: -(angle^2 + 0.1 omega^2 + 0.001 torque^2), the angle taken into [-pi, pi).
  template <class T>
  LS_FN static T reward(const T (&x)[kStates], const T (&action)[kActions]) {
    const T torque = kernels::clamp(action[0], T(-kMaxTorque), T(kMaxTorque));
    const T turn = T(6.283185307179586477), half_turn = T(3.141592653589793238);
    const T shifted = x[0] + half_turn;
    const T angle = shifted - turn * kernels::floor(shifted / turn) - half_turn;
    return -(angle * angle + T(0.1) * x[1] * x[1] + T(0.001) * torque * torque);
  }
  static constexpr bool kRewardsStateBefore = true;

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const T (&)[kStates]) {
    return false;
  }

  // Angle in [-pi, pi), speed in [-1, 1).
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    x[0] = draw.uniform(0, -3.141592653589793238, 3.141592653589793238);
    x[1] = draw.uniform(1, -1, 1);
  }

  // Planning cost: -reward with 2 (1 - cos(theta)) in place of the squared angle, whose kink at the bottom has no
  // derivative; both agree to second order at the top.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    return T(2) * (T(1) - kernels::cosine(x[0])) + T(0.1) * x[1] * x[1] + T(0.001) * u[0] * u[0];
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T none[kActions] = {T(0)};
    return T(5) * stage_cost(x, none);
  }
};

}  // namespace lockstep::envs::pendulum_v1
