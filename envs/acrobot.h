// dm_control's acrobot: two links, a motor at the elbow alone. What its two tasks share.
// Values from dm_control 1.0.50, suite/acrobot.
//   state [shoulder, elbow (rad, 0 = straight up), their speeds (rad/s)], action: torque / 2 N m in [-1, 1]
#pragma once

#include "envs/task.h"
#include "envs/tolerance.h"

namespace lockstep::envs::acrobot {

constexpr Facts facts(const char* name, const char* suite_name, const char* summary, double success_return) {
  return {.name = name,
          .suite_name = suite_name,
          .summary = summary,
          .source = "dm_control 1.0.50, suite acrobot",
          .model = "dm_control/suite/acrobot.xml",
          .nq = 2,
          .nv = 2,
          .discrete_actions = 0,
          .control_timestep = 0.01,
          .physics_steps = 1,
          .episode_steps = 1000,
          .success_return = success_return};
}

template <bool kSparse>
struct Variant {
  static constexpr int kStates = 4, kActions = 1, kObservations = 6;
  static constexpr StateField kState[kStates] = {{.name = "shoulder", .is_angle = true},
                                                 {.name = "elbow", .is_angle = true},
                                                 {.name = "shoulder_dot"},
                                                 {.name = "elbow_dot"}};
  static constexpr ActionField kAction[kActions] = {{"torque", -1, 1}};
  static constexpr const char* kObservation[kObservations] = {"sin(upper)", "sin(lower)",   "cos(upper)",
                                                              "cos(lower)", "shoulder_dot", "elbow_dot"};
  static constexpr bool kRewardsStateBefore = false;
  static constexpr double kTargetRadius = 0.2;  // m

  // Angles of the links against the vertical.
  template <class T>
  LS_FN static void observe(const T (&x)[kStates], T (&observation)[kObservations]) {
    kernels::sine_cosine(x[0], observation[0], observation[2]);
    kernels::sine_cosine(x[0] + x[1], observation[1], observation[3]);
    observation[4] = x[2];
    observation[5] = x[3];
  }

  // Square of the distance (m) from the tip to the target, where the tip is with both links (1 m each) upright.
  template <class T>
  LS_FN static T squared_distance(const T (&x)[kStates]) {
    T s1, c1, s2, c2;
    kernels::sine_cosine(x[0], s1, c1);
    kernels::sine_cosine(x[0] + x[1], s2, c2);
    const T across = s1 + s2, below = T(2) - c1 - c2;
    return across * across + below * below;
  }

  // How near the tip is to the target: 1 within its radius; outside, smooth (0.1 at 1 m) or 0.
  template <class T>
  LS_FN static T reward(const T (&x)[kStates], const T (&)[kActions]) {
    return tolerance(kernels::square_root(squared_distance(x)), {.high = kTargetRadius, .margin = kSparse ? 0.0 : 1.0});
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const T (&)[kStates]) {
    return false;
  }

  // Any angles, at rest.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    x[0] = draw.uniform(0, -3.141592653589793238, 3.141592653589793238);
    x[1] = draw.uniform(1, -3.141592653589793238, 3.141592653589793238);
    x[2] = T(0);
    x[3] = T(0);
  }

  // Energy above that of standing upright at rest, per twice the fall from there to hanging: 0 upright, -1 hanging.
  // Two rods of 1 kg and 1 m, their middles 0.5 m from their joints; inertia about a middle 1/12 kg m^2 (of a thin
  // rod).
  template <class T>
  LS_FN static T energy_share(const T (&x)[kStates]) {
    constexpr double kGravity = 9.81, kInertia = 1.0 / 12;
    const T lower_speed = x[2] + x[3];
    const T kinetic = T(0.5 * (kInertia + 0.25 + 1)) * x[2] * x[2] +
                      T(0.5 * (kInertia + 0.25)) * lower_speed * lower_speed +
                      T(0.5) * x[2] * lower_speed * kernels::cosine(x[1]);
    const T height = T(1.5) * kernels::cosine(x[0]) + T(0.5) * kernels::cosine(x[0] + x[1]) - T(2);
    return (kinetic + T(kGravity) * height) * T(1 / (4 * kGravity));
  }

  // Planning cost: the squared distance as a share of its largest (16 m^2), which has a slope nearly everywhere; what a
  // smooth reward of that distance lacks to 1, which draws the tip into the target and makes it stay; and the energy
  // that lacks for the way up, without which plans stay hanging from some starts. iLQR over 250 steps then returns 460
  // to 900 of 1000 from six starts (`lockstep plan acrobot-swingup --episodes 6 --set mpc.horizon=250`).
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    constexpr double kLogTenth = -2.302585092994045684;  // of the reward 1 m from the target
    const T square = squared_distance(x);
    const T near = kernels::exponential(T(kLogTenth) * square);
    const T energy = energy_share(x);
    return T(0.5) * square * T(1.0 / 16) + T(0.5) * (T(1) - near) + T(0.01) * (x[2] * x[2] + x[3] * x[3]) * near +
           energy * energy + T(0.002) * u[0] * u[0];
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T none[kActions] = {T(0)};
    return T(20) * stage_cost(x, none);
  }
};

}  // namespace lockstep::envs::acrobot
