// dm_control's hopper: what its two tasks share. Values from dm_control 1.0.50, suite/hopper.
//   state qpos [x, z (m), pitch, four joints (rad)] and qvel; action: share of each joint's largest torque
#pragma once

#include "envs/random_joints.h"
#include "envs/task.h"
#include "envs/tolerance.h"

namespace lockstep::envs::suite_hopper {

constexpr Facts facts(const char* name, const char* suite_name, const char* summary, double success_return) {
  return {.name = name,
          .suite_name = suite_name,
          .summary = summary,
          .source = "dm_control 1.0.50, suite hopper",
          .model = "dm_control/suite/hopper.xml",
          .nq = 7,
          .nv = 7,
          .discrete_actions = 0,
          .control_timestep = 0.02,
          .physics_steps = 4,
          .episode_steps = 1000,
          .success_return = success_return};
}

template <bool kHops>
struct Variant {
  static constexpr double kStandHeight = 0.6, kSpeed = 2;  // m, m/s
  static constexpr int kStates = 14, kActions = 4, kObservations = 15, kSensed = 11, kBefore = 0;
  static constexpr SensedField kSensors[] = {{"framepos", "body", "torso", 3},
                                             {"framepos", "body", "foot", 3},
                                             {"own", "", "torso_subtreelinvel", 3},
                                             {"own", "", "touch_toe", 1},
                                             {"own", "", "touch_heel", 1}};
  static constexpr StateField kState[kStates] = {{.name = "x"},
                                                 {.name = "z"},
                                                 {.name = "pitch", .is_angle = true},
                                                 {.name = "waist", .low = -30 * kDegree, .high = 30 * kDegree},
                                                 {.name = "hip", .low = -170 * kDegree, .high = 10 * kDegree},
                                                 {.name = "knee", .low = 5 * kDegree, .high = 150 * kDegree},
                                                 {.name = "ankle", .low = -45 * kDegree, .high = 45 * kDegree},
                                                 {.name = "x_dot"},
                                                 {.name = "z_dot"},
                                                 {.name = "pitch_dot"},
                                                 {.name = "waist_dot"},
                                                 {.name = "hip_dot"},
                                                 {.name = "knee_dot"},
                                                 {.name = "ankle_dot"}};
  static constexpr ActionField kAction[kActions] = {
      {"waist", -1, 1}, {"hip", -1, 1}, {"knee", -1, 1}, {"ankle", -1, 1}};
  static constexpr const char* kObservation[kObservations] = {
      "z",         "pitch",     "waist",   "hip",      "knee",      "ankle",     "x_dot",     "z_dot",
      "pitch_dot", "waist_dot", "hip_dot", "knee_dot", "ankle_dot", "touch_toe", "touch_heel"};
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  // All but x, and ln(1 + force (N)) of both ends of the foot.
  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    for (int i = 0; i < 13; ++i) observation[i] = now.x[i + 1];
    for (int i = 0; i < 2; ++i) observation[13 + i] = kernels::logarithm(T(1) + now.sensed[9 + i]);
  }

  // Standing: the torso's centre 0.6 to 2 m above the foot's; times small control, or times speed.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&u)[kActions]) {
    const T standing = tolerance(now.sensed[2] - now.sensed[5], {.low = kStandHeight, .high = 2});
    if constexpr (kHops) {
      return standing *
             tolerance<Sigmoid::kLinear>(
                 now.sensed[6], {.low = kSpeed, .high = kUnbounded, .margin = kSpeed / 2, .value_at_margin = 0.5});
    } else {
      T small = T(0);
      for (int i = 0; i < kActions; ++i) {
        small += tolerance<Sigmoid::kQuadratic>(u[i], {.margin = 1, .value_at_margin = 0});
      }
      return standing * (T(1.0 / kActions) * small + T(4)) * T(0.2);
    }
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>&) {
    return false;
  }

  // Any pitch, joints anywhere in their ranges.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    randomize_joints(draw, kState, 0, kStates, x);
  }

  // Planning cost: squares of the pitch, of height, of what the speed lacks (2 m/s, or 0 where it stands), and of the
  // action.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    T cost = terminal_cost(x);
    for (int i = 0; i < kActions; ++i) cost += T(0.01) * u[i] * u[i];
    return cost;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T lack = x[7] - T(kHops ? kSpeed : 0);
    return T(0.1) * lack * lack + x[1] * x[1] + T(1) - kernels::cosine(x[2]);
  }
};

}  // namespace lockstep::envs::suite_hopper
