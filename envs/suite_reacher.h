// dm_control's reacher: what its two tasks share. Values from dm_control 1.0.50, suite/reacher.
//   state [shoulder, wrist (rad), their speeds, target x, y (m)], action: torque / 0.05 N m in [-1, 1]
#pragma once

#include "envs/random_joints.h"
#include "envs/task.h"
#include "envs/tolerance.h"

namespace lockstep::envs::suite_reacher {

constexpr Facts facts(const char* name, const char* suite_name, const char* summary, double success_return) {
  return {.name = name,
          .suite_name = suite_name,
          .summary = summary,
          .source = "dm_control 1.0.50, suite reacher",
          .model = "dm_control/suite/reacher.xml",
          .nq = 2,
          .nv = 2,
          .discrete_actions = 0,
          .control_timestep = 0.02,
          .physics_steps = 1,
          .episode_steps = 1000,
          .success_return = success_return,
          .nheld = 2};
}

template <bool kSmall>
struct Variant {
  static constexpr double kRadii = (kSmall ? 0.015 : 0.05) + 0.01;  // m, of target and finger
  static constexpr double kLink = 0.12, kWrist = 2.792526803190927;
  static constexpr int kStates = 6, kActions = 2, kObservations = 6, kSensed = 3, kBefore = 0;
  static constexpr SensedField kSensors[] = {{"framepos", "geom", "finger", 3}};
  static constexpr StateField kState[kStates] = {{.name = "shoulder", .is_angle = true},
                                                 {.name = "wrist", .low = -kWrist, .high = kWrist},
                                                 {.name = "shoulder_dot"},
                                                 {.name = "wrist_dot"},
                                                 {.name = "target_x"},
                                                 {.name = "target_y"}};
  static constexpr ActionField kAction[kActions] = {{"shoulder", -1, 1}, {"wrist", -1, 1}};
  static constexpr const char* kObservation[kObservations] = {"shoulder",    "wrist",        "to_target_x",
                                                              "to_target_y", "shoulder_dot", "wrist_dot"};
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    for (int i = 0; i < 2; ++i) {
      observation[i] = now.x[i];
      observation[2 + i] = now.x[4 + i] - now.sensed[i];
      observation[4 + i] = now.x[2 + i];
    }
  }

  // 1 where finger and target touch.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&)[kActions]) {
    const T dx = now.x[4] - now.sensed[0], dy = now.x[5] - now.sensed[1];
    return tolerance(kernels::square_root(dx * dx + dy * dy), {.high = kRadii});
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>&) {
    return false;
  }

  // Joints anywhere, at rest; the target in any direction, 0.05 to 0.2 m away.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    randomize_joints(draw, kState, 0, 4, x);
    const T angle = draw.uniform(4, 0, 6.283185307179586), radius = draw.uniform(5, 0.05, 0.2);
    T s, c;
    kernels::sine_cosine(angle, s, c);
    x[4] = radius * s;
    x[5] = radius * c;
  }

  // Planning cost: squared distance (per 0.04 m^2), speeds and action.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    return terminal_cost(x) + T(0.01) * (u[0] * u[0] + u[1] * u[1]);
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    T s1, c1, s2, c2;
    kernels::sine_cosine(x[0], s1, c1);
    kernels::sine_cosine(x[0] + x[1], s2, c2);
    const T dx = x[4] - T(kLink) * (c1 + c2), dy = x[5] - T(kLink) * (s1 + s2);
    return T(25) * (dx * dx + dy * dy) + T(0.001) * (x[2] * x[2] + x[3] * x[3]);
  }
};

}  // namespace lockstep::envs::suite_reacher
