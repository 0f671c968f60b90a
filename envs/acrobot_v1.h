// Gymnasium's Acrobot-v1: swing the tip of two links above a line with a motor in the joint between them.
// Values from Gymnasium 1.4.0, envs/classic_control/acrobot; equations: R. S. Sutton, A. G. Barto, Reinforcement
// Learning (1998), section 11.3 (its "book" form).
#pragma once

#include "envs/task.h"

namespace lockstep::envs::acrobot_v1 {

struct Task {
  static constexpr Facts kFacts{.name = "acrobot-v1",
                                .suite_name = "Acrobot-v1",
                                .summary = "swing the tip of two links up by the joint between them",
                                .source = "Gymnasium 1.4.0, Acrobot-v1",
                                .model = nullptr,
                                .nq = 4,
                                .nv = 0,
                                .discrete_actions = 3,
                                .control_timestep = 0.2,
                                .physics_steps = 1,
                                .episode_steps = 500,
                                .success_return = -100};
  // Both links are alike: 1 m, 1 kg, 1 kg m^2 about their middle.
  static constexpr double kLength = 1, kMass = 1, kMiddle = 0.5, kInertia = 1, kGravity = 9.8, kTimestep = 0.2;
  static constexpr double kPi = 3.141592653589793238, kMaxSpeed1 = 4 * kPi, kMaxSpeed2 = 9 * kPi;

  static constexpr int kStates = 4, kActions = 1, kObservations = 6;
  static constexpr StateField kState[kStates] = {
      {.name = "theta1", .is_angle = true},  // rad, 0 = hanging
      {.name = "theta2", .is_angle = true},  // rad, of the second link against the first
      {.name = "theta1_dot", .low = -kMaxSpeed1, .high = kMaxSpeed1},
      {.name = "theta2_dot", .low = -kMaxSpeed2, .high = kMaxSpeed2}};
  static constexpr ActionField kAction[kActions] = {{"torque", 0, 2}};  // 0: -1 N m, 1: none, 2: 1 N m
  static constexpr const char* kObservation[kObservations] = {"cos(theta1)", "sin(theta1)", "cos(theta2)",
                                                              "sin(theta2)", "theta1_dot",  "theta2_dot"};

  // The nearest of the three actions; `advance` itself is smooth in the torque between them.
  template <class T>
  LS_FN static void discretize(T (&action)[kActions]) {
    using kernels::select;
    action[0] = select(action[0] > T(1.5), T(2), select(action[0] > T(0.5), T(1), T(0)));
  }

  template <class T>
  LS_FN static void rates(const T (&x)[kStates], T torque, T (&dx)[kStates]) {
    T s2, c2;
    kernels::sine_cosine(x[1], s2, c2);
    const T coupling = T(kMass * kLength * kMiddle);
    const T d1 = T(kMass * kMiddle * kMiddle + kMass * (kLength * kLength + kMiddle * kMiddle) + 2 * kInertia) +
                 T(2) * coupling * c2;
    const T d2 = T(kMass * kMiddle * kMiddle + kInertia) + coupling * c2;
    // Gravity on the links: cos(angle - pi/2) = sin(angle).
    const T phi2 = T(kMass * kMiddle * kGravity) * kernels::sine(x[0] + x[1]);
    const T phi1 = -coupling * x[3] * x[3] * s2 - T(2) * coupling * x[3] * x[2] * s2 +
                   T((kMass * kMiddle + kMass * kLength) * kGravity) * kernels::sine(x[0]) + phi2;
    const T acceleration2 = (torque + d2 / d1 * phi1 - coupling * x[2] * x[2] * s2 - phi2) /
                            (T(kMass * kMiddle * kMiddle + kInertia) - d2 * d2 / d1);
    dx[0] = x[2];
    dx[1] = x[3];
    dx[2] = -(d2 * acceleration2 + phi1) / d1;
    dx[3] = acceleration2;
  }

  // x into [-pi, pi], by the turns that it is away; x inside stays as it is.
  template <class T>
  LS_FN static T wrapped(T x) {
    const T turn = T(2 * kPi);
    return x + turn * kernels::floor((T(kPi) - x) / turn);
  }

  // One step of the classical Runge-Kutta method; angles wrapped and speeds limited after it.
  template <class T>
  LS_FN static void advance(T (&x)[kStates], const T (&action)[kActions]) {
    using kernels::clamp;
    const T torque = action[0] - T(1);
    T k1[kStates], k2[kStates], k3[kStates], k4[kStates], probe[kStates];
    rates(x, torque, k1);
    for (int i = 0; i < kStates; ++i) probe[i] = x[i] + T(kTimestep / 2) * k1[i];
    rates(probe, torque, k2);
    for (int i = 0; i < kStates; ++i) probe[i] = x[i] + T(kTimestep / 2) * k2[i];
    rates(probe, torque, k3);
    for (int i = 0; i < kStates; ++i) probe[i] = x[i] + T(kTimestep) * k3[i];
    rates(probe, torque, k4);
    for (int i = 0; i < kStates; ++i) x[i] = x[i] + T(kTimestep / 6) * (k1[i] + T(2) * k2[i] + T(2) * k3[i] + k4[i]);
    x[0] = wrapped(x[0]);
    x[1] = wrapped(x[1]);
    x[2] = clamp(x[2], T(-kMaxSpeed1), T(kMaxSpeed1));
    x[3] = clamp(x[3], T(-kMaxSpeed2), T(kMaxSpeed2));
  }

  template <class T>
  LS_FN static void observe(const T (&x)[kStates], T (&observation)[kObservations]) {
    kernels::sine_cosine(x[0], observation[1], observation[0]);
    kernels::sine_cosine(x[1], observation[3], observation[2]);
    observation[4] = x[2];
    observation[5] = x[3];
  }

  // The tip is a link's length above the axle.
  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const T (&x)[kStates]) {
    return -kernels::cosine(x[0]) - kernels::cosine(x[0] + x[1]) > T(1);
  }

  // -1 for every step but the one that gets there.
  template <class T>
  LS_FN static T reward(const T (&x)[kStates], const T (&)[kActions]) {
    return kernels::select(terminated(x), T(0), T(-1));
  }
  static constexpr bool kRewardsStateBefore = false;

  // All four uniform in [-0.1, 0.1).
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    for (int i = 0; i < kStates; ++i) x[i] = draw.uniform(static_cast<std::uint32_t>(i), -0.1, 0.1);
  }

  // Planning cost, since the reward is the same nearly everywhere: how far both links are from upright, and speeds.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    const T torque = u[0] - T(1);
    return T(2) + kernels::cosine(x[0]) + kernels::cosine(x[0] + x[1]) + T(0.005) * (x[2] * x[2] + x[3] * x[3]) +
           T(0.001) * torque * torque;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T none[kActions] = {T(1)};
    return T(5) * stage_cost(x, none);
  }
};

}  // namespace lockstep::envs::acrobot_v1
