// dm_control's ball_in_cup/catch: swing a ball on a string into a cup. Values from dm_control 1.0.50,
// suite/ball_in_cup.
//   state [cup x, z, ball x, z (m), their speeds], action: force on the cup / 5 N in [-1, 1]
#pragma once

#include "envs/task.h"

namespace lockstep::envs::ball_in_cup_catch {

struct Task {
  static constexpr Facts kFacts{.name = "ball_in_cup-catch",
                                .suite_name = "ball_in_cup/catch",
                                .summary = "swing a ball on a string into a cup",
                                .source = "dm_control 1.0.50, suite ball_in_cup",
                                .model = "dm_control/suite/ball_in_cup.xml",
                                .nq = 4,
                                .nv = 4,
                                .discrete_actions = 0,
                                .control_timestep = 0.02,
                                .physics_steps = 10,
                                .episode_steps = 1000,
                                .success_return = 900};
  static constexpr double kReach = 0.05 - 0.025;  // m, half the target's width less the ball's radius
  static constexpr int kStates = 8, kActions = 2, kObservations = 8, kSensed = 7, kBefore = 0;
  static constexpr SensedField kSensors[] = {
      {"framepos", "site", "target", 3}, {"framepos", "xbody", "ball", 3}, {"array", "", "ncon", 1}};
  static constexpr StateField kState[kStates] = {{.name = "cup_x"},      {.name = "cup_z"},     {.name = "ball_x"},
                                                 {.name = "ball_z"},     {.name = "cup_x_dot"}, {.name = "cup_z_dot"},
                                                 {.name = "ball_x_dot"}, {.name = "ball_z_dot"}};
  static constexpr ActionField kAction[kActions] = {{"x", -1, 1}, {"z", -1, 1}};
  static constexpr const char* kObservation[kObservations] = {"cup_x",     "cup_z",     "ball_x",     "ball_z",
                                                              "cup_x_dot", "cup_z_dot", "ball_x_dot", "ball_z_dot"};
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    for (int i = 0; i < kStates; ++i) observation[i] = now.x[i];
  }

  // 1 where the ball is inside the cup.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&)[kActions]) {
    const T dx = kernels::absolute(now.sensed[0] - now.sensed[3]),
            dz = kernels::absolute(now.sensed[2] - now.sensed[5]);
    return kernels::select((dx < T(kReach)) && (dz < T(kReach)), T(1), T(0));
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>&) {
    return false;
  }

  // The ball beside, below or above the cup, where it touches nothing and the string is slack.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    for (int i = 0; i < kStates; ++i) x[i] = T(0);
    x[2] = draw.uniform(0, -0.2, 0.2);
    x[3] = draw.uniform(1, 0.2, 0.5);
  }
  template <class T>
  LS_FN static kernels::MaskOf<T> accepts(const Now<T>& now) {
    return now.sensed[6] < T(0.5);
  }

  // Planning cost: squared distance of ball and cup's middle (per 0.01 m^2), speeds and action. The ball's z is 0 at
  // 0.2 m, the cup's middle is at 0.55 m.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    return terminal_cost(x) + T(0.01) * (u[0] * u[0] + u[1] * u[1]);
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T dx = x[2] - x[0], dz = x[3] - x[1] - T(0.35);
    T cost = T(100) * (dx * dx + dz * dz);
    for (int i = 4; i < kStates; ++i) cost += T(0.001) * x[i] * x[i];
    return cost;
  }
};

}  // namespace lockstep::envs::ball_in_cup_catch
