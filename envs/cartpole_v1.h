// Gymnasium's CartPole-v1: keep a pole upright by pushing its cart left or right; dynamics of its own.
// Values from Gymnasium 1.4.0, envs/classic_control/cartpole; equations: R. Florian, Correct equations for the dynamics
// of the cart-pole system (2007), eqs. 23-24, without friction.
#pragma once

#include "envs/task.h"

namespace lockstep::envs::cartpole_v1 {

struct Task {
  static constexpr Facts kFacts{.name = "cartpole-v1",
                                .suite_name = "CartPole-v1",
                                .summary = "balance a pole by pushing its cart left or right",
                                .source = "Gymnasium 1.4.0, CartPole-v1",
                                .model = nullptr,
                                .nq = 4,
                                .nv = 0,
                                .discrete_actions = 2,
                                .control_timestep = 0.02,
                                .physics_steps = 1,
                                .episode_steps = 500,
                                .success_return = 475};
  static constexpr double kGravity = 9.8, kCartMass = 1, kPoleMass = 0.1, kTotalMass = kCartMass + kPoleMass;
  static constexpr double kHalfLength = 0.5, kForce = 10, kTimestep = 0.02;
  static constexpr double kMaxPosition = 2.4, kMaxAngle = 12 * 2 * 3.141592653589793238 / 360;

  static constexpr int kStates = 4, kActions = 1, kObservations = 4;
  static constexpr StateField kState[kStates] = {{.name = "x", .low = -kMaxPosition, .high = kMaxPosition},
                                                 {.name = "x_dot"},
                                                 {.name = "theta", .is_angle = true},  // rad, 0 = upright
                                                 {.name = "theta_dot"}};
  static constexpr ActionField kAction[kActions] = {{"push", 0, 1}};  // 0: left, 1: right
  static constexpr const char* kObservation[kObservations] = {"x", "x_dot", "theta", "theta_dot"};

  // The nearest of the two actions: the environment executes this; `advance` itself is linear in the force between
  // them.
  template <class T>
  LS_FN static void discretize(T (&action)[kActions]) {
    action[0] = kernels::select(action[0] > T(0.5), T(1), T(0));
  }

  // Explicit Euler. action 0 pushes with -10 N, 1 with +10 N, planners may take any number between.
  template <class T>
  LS_FN static void advance(T (&x)[kStates], const T (&action)[kActions]) {
    const T force = T(kForce) * (T(2) * action[0] - T(1));
    T s, c;
    kernels::sine_cosine(x[2], s, c);
    const T inverse_mass = T(1 / kTotalMass);
    const T drive = (force + T(kPoleMass * kHalfLength) * x[3] * x[3] * s) * inverse_mass;
    const T theta_acceleration =
        (T(kGravity) * s - c * drive) / (T(kHalfLength * 4 / 3) - T(kHalfLength * kPoleMass / kTotalMass) * c * c);
    const T x_acceleration = drive - T(kPoleMass * kHalfLength) * inverse_mass * theta_acceleration * c;
    const T dt = T(kTimestep);
    x[0] = x[0] + dt * x[1];
    x[1] = x[1] + dt * x_acceleration;
    x[2] = x[2] + dt * x[3];
    x[3] = x[3] + dt * theta_acceleration;
  }

  template <class T>
  LS_FN static void observe(const T (&x)[kStates], T (&observation)[kObservations]) {
    for (int i = 0; i < kStates; ++i) observation[i] = x[i];
  }

  // 1 for every step, the last included.
  template <class T>
  LS_FN static T reward(const T (&)[kStates], const T (&)[kActions]) {
    return T(1);
  }
  static constexpr bool kRewardsStateBefore = true;

  // Cart beyond 2.4 m, or pole beyond 12 degrees.
  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const T (&x)[kStates]) {
    using kernels::absolute;
    return (absolute(x[0]) > T(kMaxPosition)) || (absolute(x[2]) > T(kMaxAngle));
  }

  // All four uniform in [-0.05, 0.05).
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
#pragma GCC unroll 4  // two numbers of one draw at a time
    for (int i = 0; i < kStates; ++i) x[i] = draw.uniform(static_cast<std::uint32_t>(i), -0.05, 0.05);
  }

  // Planning cost, since the reward is the same everywhere: squares that are 1 where an episode ends, and speeds.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    const T position = x[0] / T(kMaxPosition), angle = x[2] / T(kMaxAngle), push = T(2) * u[0] - T(1);
    return T(0.5) * position * position + angle * angle + T(0.02) * (x[1] * x[1] + x[3] * x[3]) +
           T(0.001) * push * push;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T none[kActions] = {T(0.5)};
    return T(5) * stage_cost(x, none);
  }
};

}  // namespace lockstep::envs::cartpole_v1
