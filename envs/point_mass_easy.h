// dm_control's point_mass/easy: bring a mass to the middle of a square. Values from dm_control 1.0.50,
// suite/point_mass.
//   state [x, y (m), their speeds], action: force / 0.1 N in [-1, 1]; |x|, |y| <= 0.29 m
#pragma once

#include "envs/random_joints.h"
#include "envs/task.h"
#include "envs/tolerance.h"

namespace lockstep::envs::point_mass_easy {

struct Task {
  static constexpr Facts kFacts{.name = "point_mass-easy",
                                .suite_name = "point_mass/easy",
                                .summary = "bring a mass to the middle of a square",
                                .source = "dm_control 1.0.50, suite point_mass",
                                .model = "dm_control/suite/point_mass.xml",
                                .nq = 2,
                                .nv = 2,
                                .discrete_actions = 0,
                                .control_timestep = 0.02,
                                .physics_steps = 1,
                                .episode_steps = 1000,
                                .success_return = 800};
  static constexpr double kTarget = 0.015, kWall = 0.29;  // m
  static constexpr int kStates = 4, kActions = 2, kObservations = 4;
  static constexpr StateField kState[kStates] = {{.name = "x", .low = -kWall, .high = kWall},
                                                 {.name = "y", .low = -kWall, .high = kWall},
                                                 {.name = "x_dot"},
                                                 {.name = "y_dot"}};
  static constexpr ActionField kAction[kActions] = {{"x", -1, 1}, {"y", -1, 1}};
  static constexpr const char* kObservation[kObservations] = {"x", "y", "x_dot", "y_dot"};
  static constexpr bool kRewardsStateBefore = false;

  template <class T>
  LS_FN static void observe(const T (&x)[kStates], T (&observation)[kObservations]) {
    for (int i = 0; i < kStates; ++i) observation[i] = x[i];
  }

  // Near the middle, and with little force.
  template <class T>
  LS_FN static T reward(const T (&x)[kStates], const T (&u)[kActions]) {
    const T distance = kernels::square_root(x[0] * x[0] + x[1] * x[1]);
    const T near = tolerance(distance, {.high = kTarget, .margin = kTarget});
    T small = T(0);
    for (int i = 0; i < kActions; ++i) {
      small += tolerance<Sigmoid::kQuadratic>(u[i], {.margin = 1, .value_at_margin = 0});
    }
    return near * (T(0.5) * small + T(4)) * T(0.2);
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const T (&)[kStates]) {
    return false;
  }

  // Anywhere, at rest.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    randomize_joints(draw, kState, 0, kStates, x);
  }

  // Planning cost: squared distance (per 0.01 m^2), speeds and force.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    return terminal_cost(x) + T(0.01) * (u[0] * u[0] + u[1] * u[1]);
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    return T(100) * (x[0] * x[0] + x[1] * x[1]) + T(0.1) * (x[2] * x[2] + x[3] * x[3]);
  }
};

}  // namespace lockstep::envs::point_mass_easy
