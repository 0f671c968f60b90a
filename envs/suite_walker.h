// dm_control's walker: what its three tasks share. Values from dm_control 1.0.50, suite/walker.
//   state qpos [z, x (m), pitch, six joints (rad)] and qvel; action: share of each joint's largest torque
#pragma once

#include "envs/random_joints.h"
#include "envs/task.h"
#include "envs/tolerance.h"

namespace lockstep::envs::suite_walker {

constexpr Facts facts(const char* name, const char* suite_name, const char* summary, double success_return) {
  return {.name = name,
          .suite_name = suite_name,
          .summary = summary,
          .source = "dm_control 1.0.50, suite walker",
          .model = "dm_control/suite/walker.xml",
          .nq = 9,
          .nv = 9,
          .discrete_actions = 0,
          .control_timestep = 0.025,
          .physics_steps = 10,
          .episode_steps = 1000,
          .success_return = success_return};
}

// kSpeed: m/s to walk or run at; 0: to stand.
template <int kSpeed>
struct Variant {
  static constexpr double kStandHeight = 1.2;  // m
  static constexpr int kBodies = 7;
  static constexpr int kStates = 18, kActions = 6, kObservations = 24, kSensed = 6 + 3 * kBodies, kBefore = 0;
  static constexpr SensedField kSensors[] = {
      {"framepos", "xbody", "torso", 3},        {"own", "", "torso_subtreelinvel", 3},
      {"framexaxis", "xbody", "torso", 3},      {"framexaxis", "xbody", "right_thigh", 3},
      {"framexaxis", "xbody", "right_leg", 3},  {"framexaxis", "xbody", "right_foot", 3},
      {"framexaxis", "xbody", "left_thigh", 3}, {"framexaxis", "xbody", "left_leg", 3},
      {"framexaxis", "xbody", "left_foot", 3}};
  static constexpr StateField kState[kStates] = {{.name = "z"},
                                                 {.name = "x"},
                                                 {.name = "pitch", .is_angle = true},
                                                 {.name = "right_hip", .low = -20 * kDegree, .high = 100 * kDegree},
                                                 {.name = "right_knee", .low = -150 * kDegree, .high = 0},
                                                 {.name = "right_ankle", .low = -45 * kDegree, .high = 45 * kDegree},
                                                 {.name = "left_hip", .low = -20 * kDegree, .high = 100 * kDegree},
                                                 {.name = "left_knee", .low = -150 * kDegree, .high = 0},
                                                 {.name = "left_ankle", .low = -45 * kDegree, .high = 45 * kDegree},
                                                 {.name = "z_dot"},
                                                 {.name = "x_dot"},
                                                 {.name = "pitch_dot"},
                                                 {.name = "right_hip_dot"},
                                                 {.name = "right_knee_dot"},
                                                 {.name = "right_ankle_dot"},
                                                 {.name = "left_hip_dot"},
                                                 {.name = "left_knee_dot"},
                                                 {.name = "left_ankle_dot"}};
  static constexpr ActionField kAction[kActions] = {{"right_hip", -1, 1}, {"right_knee", -1, 1}, {"right_ankle", -1, 1},
                                                    {"left_hip", -1, 1},  {"left_knee", -1, 1},  {"left_ankle", -1, 1}};
  // Cosine and sine of each body's pitch in the world, the torso's height, speeds.
  static constexpr const char* kObservation[kObservations] = {
      "cos(torso)",      "sin(torso)",      "cos(right_thigh)", "sin(right_thigh)", "cos(right_leg)",
      "sin(right_leg)",  "cos(right_foot)", "sin(right_foot)",  "cos(left_thigh)",  "sin(left_thigh)",
      "cos(left_leg)",   "sin(left_leg)",   "cos(left_foot)",   "sin(left_foot)",   "height",
      "z_dot",           "x_dot",           "pitch_dot",        "right_hip_dot",    "right_knee_dot",
      "right_ankle_dot", "left_hip_dot",    "left_knee_dot",    "left_ankle_dot"};
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    for (int body = 0; body < kBodies; ++body) {
      observation[2 * body] = now.sensed[6 + 3 * body];
      observation[2 * body + 1] = -now.sensed[6 + 3 * body + 2];
    }
    observation[14] = now.sensed[2];
    for (int i = 0; i < 9; ++i) observation[15 + i] = now.x[9 + i];
  }

  // Standing: the torso above 1.2 m and upright; times the speed, if it is to move.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&)[kActions]) {
    const T standing = tolerance(now.sensed[2], {.low = kStandHeight, .high = kUnbounded, .margin = kStandHeight / 2});
    const T upright = (T(1) + now.sensed[6]) * T(0.5);
    const T stand = (T(3) * standing + upright) * T(0.25);
    if constexpr (kSpeed == 0) {
      return stand;
    } else {
      const T move = tolerance<Sigmoid::kLinear>(
          now.sensed[3], {.low = kSpeed, .high = kUnbounded, .margin = kSpeed / 2.0, .value_at_margin = 0.5});
      return stand * (T(5) * move + T(1)) * T(1.0 / 6);
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

  // Planning cost: squares of the torso's height beside its 1.3 m at z = 0, of what the speed lacks, of the action; and
  // the tilt.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    T cost = terminal_cost(x);
    for (int i = 0; i < kActions; ++i) cost += T(0.01) * u[i] * u[i];
    return cost;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T lack = x[10] - T(kSpeed);
    return T(0.1) * lack * lack + x[0] * x[0] + T(1) - kernels::cosine(x[2]);
  }
};

}  // namespace lockstep::envs::suite_walker
