// dm_control's humanoid: what its four tasks share. Values from dm_control 1.0.50, suite/humanoid.
//   state qpos [x, y, z (m), quaternion, 21 joints (rad)] and qvel; action: share of each joint's largest torque
#pragma once

#include "envs/humanoids.h"
#include "envs/task.h"

#include <array>

namespace lockstep::envs::suite_humanoid {

constexpr Facts facts(const char* name, const char* suite_name, const char* summary, double success_return) {
  return {.name = name,
          .suite_name = suite_name,
          .summary = summary,
          .source = "dm_control 1.0.50, suite humanoid",
          .model = "dm_control/suite/humanoid.xml",
          .nq = 28,
          .nv = 27,
          .discrete_actions = 0,
          .control_timestep = 0.025,
          .physics_steps = 5,
          .episode_steps = 1000,
          .success_return = success_return};
}

// kSpeed: m/s to walk or run at; 0: to stand. kPure: the observation is the state.
template <int kSpeed, bool kPure>
struct Variant : Humanoid<21> {
  static constexpr double kHeight = 1.5;  // m, of the start's torso
  static constexpr int kObservations = kPure ? kStates : kSeen;
  static constexpr auto kSensors =
      sensors("torso", {"left_hand", "left_foot", "right_hand", "right_foot"}, "torso_subtreelinvel");
  static constexpr StateField kState[kStates] = {
      {.name = "x"},
      {.name = "y"},
      {.name = "z"},
      {.name = "quat_w"},
      {.name = "quat_x"},
      {.name = "quat_y"},
      {.name = "quat_z"},
      {.name = "abdomen_z", .low = -45 * kDegree, .high = 45 * kDegree},
      {.name = "abdomen_y", .low = -75 * kDegree, .high = 30 * kDegree},
      {.name = "abdomen_x", .low = -35 * kDegree, .high = 35 * kDegree},
      {.name = "right_hip_x", .low = -25 * kDegree, .high = 5 * kDegree},
      {.name = "right_hip_z", .low = -60 * kDegree, .high = 35 * kDegree},
      {.name = "right_hip_y", .low = -110 * kDegree, .high = 20 * kDegree},
      {.name = "right_knee", .low = -160 * kDegree, .high = 2 * kDegree},
      {.name = "right_ankle_y", .low = -50 * kDegree, .high = 50 * kDegree},
      {.name = "right_ankle_x", .low = -50 * kDegree, .high = 50 * kDegree},
      {.name = "left_hip_x", .low = -25 * kDegree, .high = 5 * kDegree},
      {.name = "left_hip_z", .low = -60 * kDegree, .high = 35 * kDegree},
      {.name = "left_hip_y", .low = -120 * kDegree, .high = 20 * kDegree},
      {.name = "left_knee", .low = -160 * kDegree, .high = 2 * kDegree},
      {.name = "left_ankle_y", .low = -50 * kDegree, .high = 50 * kDegree},
      {.name = "left_ankle_x", .low = -50 * kDegree, .high = 50 * kDegree},
      {.name = "right_shoulder1", .low = -85 * kDegree, .high = 60 * kDegree},
      {.name = "right_shoulder2", .low = -85 * kDegree, .high = 60 * kDegree},
      {.name = "right_elbow", .low = -90 * kDegree, .high = 50 * kDegree},
      {.name = "left_shoulder1", .low = -60 * kDegree, .high = 85 * kDegree},
      {.name = "left_shoulder2", .low = -60 * kDegree, .high = 85 * kDegree},
      {.name = "left_elbow", .low = -90 * kDegree, .high = 50 * kDegree},
      {.name = "x_dot"},
      {.name = "y_dot"},
      {.name = "z_dot"},
      {.name = "spin_x"},
      {.name = "spin_y"},
      {.name = "spin_z"},
      {.name = "abdomen_z_dot"},
      {.name = "abdomen_y_dot"},
      {.name = "abdomen_x_dot"},
      {.name = "right_hip_x_dot"},
      {.name = "right_hip_z_dot"},
      {.name = "right_hip_y_dot"},
      {.name = "right_knee_dot"},
      {.name = "right_ankle_y_dot"},
      {.name = "right_ankle_x_dot"},
      {.name = "left_hip_x_dot"},
      {.name = "left_hip_z_dot"},
      {.name = "left_hip_y_dot"},
      {.name = "left_knee_dot"},
      {.name = "left_ankle_y_dot"},
      {.name = "left_ankle_x_dot"},
      {.name = "right_shoulder1_dot"},
      {.name = "right_shoulder2_dot"},
      {.name = "right_elbow_dot"},
      {.name = "left_shoulder1_dot"},
      {.name = "left_shoulder2_dot"},
      {.name = "left_elbow_dot"}};
  static constexpr ActionField kAction[kActions] = {
      {"abdomen_y", -1, 1},       {"abdomen_z", -1, 1},    {"abdomen_x", -1, 1},      {"right_hip_x", -1, 1},
      {"right_hip_z", -1, 1},     {"right_hip_y", -1, 1},  {"right_knee", -1, 1},     {"right_ankle_x", -1, 1},
      {"right_ankle_y", -1, 1},   {"left_hip_x", -1, 1},   {"left_hip_z", -1, 1},     {"left_hip_y", -1, 1},
      {"left_knee", -1, 1},       {"left_ankle_x", -1, 1}, {"left_ankle_y", -1, 1},   {"right_shoulder1", -1, 1},
      {"right_shoulder2", -1, 1}, {"right_elbow", -1, 1},  {"left_shoulder1", -1, 1}, {"left_shoulder2", -1, 1},
      {"left_elbow", -1, 1}};
  static constexpr std::array<const char*, kObservations> kObservation = [] {
    std::array<const char*, kObservations> names{};
    for (std::size_t i = 0; i < kObservations; ++i) names[i] = kPure ? kState[i].name : observation_name(kState, i);
    return names;
  }();

  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    if constexpr (kPure) {
      for (int i = 0; i < kStates; ++i) observation[i] = now.x[i];
    } else {
      show(now, observation);
    }
  }

  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&u)[kActions]) {
    const T* const velocity = now.sensed + kVelocity;
    return humanoid_reward<kSpeed>(now.sensed[2], now.sensed[kAxes + 8], velocity[0], velocity[1], u);
  }

  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    start(draw, kState, kHeight, x);
  }

  // Planning cost: squares of the torso's height beside 1.3 m, of its tilt, of what the speed lacks and of the action.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    T cost = terminal_cost(x);
    for (int i = 0; i < kActions; ++i) cost += T(0.01) * u[i] * u[i];
    return cost;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T lack = x[kSpeeds] - T(kSpeed), height = x[2] - T(1.3);
    return T(0.1) * lack * lack + T(4) * height * height + x[4] * x[4] + x[5] * x[5];
  }
};

}  // namespace lockstep::envs::suite_humanoid
