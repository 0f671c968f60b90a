// Gymnasium's humanoid: what Humanoid-v5 and HumanoidStandup-v5 share. Values from Gymnasium 1.4.0,
// envs/mujoco/humanoid_v5 and humanoidstandup_v5.
//   state qpos [x, y, z (m), quaternion, 17 joints (rad)] and qvel; action: torques / largest gear
#pragma once

#include "envs/task.h"

#include <array>

namespace lockstep::envs::gymnasium_humanoid {

constexpr Facts facts(const char* name, const char* suite_name, const char* summary, const char* source,
                      const char* model) {
  return {.name = name,
          .suite_name = suite_name,
          .summary = summary,
          .source = source,
          .model = model,
          .nq = 24,
          .nv = 23,
          .discrete_actions = 0,
          .control_timestep = 0.015,
          .physics_steps = 5,
          .episode_steps = 1000,
          .success_return = 0,
          .sensing = Sensing::kLastEvaluation};
}

template <bool kStandsUp>
struct Variant {
  static constexpr double kHeight = kStandsUp ? 0.105 : 1.4;  // m, of the start
  static constexpr int kBodies = 14;                          // the world among them
  static constexpr int kStates = 47, kActions = 17, kObservations = 348, kBefore = 1;
  // First numbers in `sensed`: centre of mass, then mjData's arrays, and the torques of actuators between them.
  static constexpr int kInertias = 3, kSpeeds = kInertias + 10 * kBodies, kTorques = kSpeeds + 6 * kBodies;
  static constexpr int kLoads = kTorques + kActions, kSensed = kLoads + 6 * kBodies;
  static constexpr SensedField kSensors[] = {{"subtreecom", "body", "world", 3},
                                             {"array", "", "cinert", 10 * kBodies},
                                             {"array", "", "cvel", 6 * kBodies},
                                             {"jointactuatorfrc", "joint", "abdomen_z", 1},
                                             {"jointactuatorfrc", "joint", "abdomen_y", 1},
                                             {"jointactuatorfrc", "joint", "abdomen_x", 1},
                                             {"jointactuatorfrc", "joint", "right_hip_x", 1},
                                             {"jointactuatorfrc", "joint", "right_hip_z", 1},
                                             {"jointactuatorfrc", "joint", "right_hip_y", 1},
                                             {"jointactuatorfrc", "joint", "right_knee", 1},
                                             {"jointactuatorfrc", "joint", "left_hip_x", 1},
                                             {"jointactuatorfrc", "joint", "left_hip_z", 1},
                                             {"jointactuatorfrc", "joint", "left_hip_y", 1},
                                             {"jointactuatorfrc", "joint", "left_knee", 1},
                                             {"jointactuatorfrc", "joint", "right_shoulder1", 1},
                                             {"jointactuatorfrc", "joint", "right_shoulder2", 1},
                                             {"jointactuatorfrc", "joint", "right_elbow", 1},
                                             {"jointactuatorfrc", "joint", "left_shoulder1", 1},
                                             {"jointactuatorfrc", "joint", "left_shoulder2", 1},
                                             {"jointactuatorfrc", "joint", "left_elbow", 1},
                                             {"array", "", "cfrc_ext", 6 * kBodies}};
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
      {.name = "right_knee", .low = -160 * kDegree, .high = -2 * kDegree},
      {.name = "left_hip_x", .low = -25 * kDegree, .high = 5 * kDegree},
      {.name = "left_hip_z", .low = -60 * kDegree, .high = 35 * kDegree},
      {.name = "left_hip_y", .low = (kStandsUp ? -120 : -110) * kDegree, .high = 20 * kDegree},
      {.name = "left_knee", .low = -160 * kDegree, .high = -2 * kDegree},
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
      {.name = "left_hip_x_dot"},
      {.name = "left_hip_z_dot"},
      {.name = "left_hip_y_dot"},
      {.name = "left_knee_dot"},
      {.name = "right_shoulder1_dot"},
      {.name = "right_shoulder2_dot"},
      {.name = "right_elbow_dot"},
      {.name = "left_shoulder1_dot"},
      {.name = "left_shoulder2_dot"},
      {.name = "left_elbow_dot"}};
  static constexpr ActionField kAction[kActions] = {
      {"abdomen_y", -0.4, 0.4},       {"abdomen_z", -0.4, 0.4},   {"abdomen_x", -0.4, 0.4},
      {"right_hip_x", -0.4, 0.4},     {"right_hip_z", -0.4, 0.4}, {"right_hip_y", -0.4, 0.4},
      {"right_knee", -0.4, 0.4},      {"left_hip_x", -0.4, 0.4},  {"left_hip_z", -0.4, 0.4},
      {"left_hip_y", -0.4, 0.4},      {"left_knee", -0.4, 0.4},   {"right_shoulder1", -0.4, 0.4},
      {"right_shoulder2", -0.4, 0.4}, {"right_elbow", -0.4, 0.4}, {"left_shoulder1", -0.4, 0.4},
      {"left_shoulder2", -0.4, 0.4},  {"left_elbow", -0.4, 0.4}};
  // The state but x and y; inertias [13][10] and velocities [13][6] of bodies about their common centre of mass;
  // torques of actuators; contacts [13][6]. Bodies in the model's order, without the world.
  static constexpr int kFirstSpeed = 45 + 10 * (kBodies - 1), kFirstTorque = kFirstSpeed + 6 * (kBodies - 1);
  static constexpr int kFirstLoad = kFirstTorque + kActions;
  static constexpr std::array<const char*, kObservations> kObservation = [] {
    std::array<const char*, kObservations> names{};
    for (int i = 0; i < kObservations; ++i) {
      names[static_cast<std::size_t>(i)] = i < 45             ? kState[i + 2].name
                                           : i < kFirstSpeed  ? "cinert"
                                           : i < kFirstTorque ? "cvel"
                                           : i < kFirstLoad   ? "qfrc_actuator"
                                                              : "cfrc_ext";
    }
    return names;
  }();
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    for (int i = 0; i < 45; ++i) observation[i] = now.x[i + 2];
    for (int i = 0; i < 10 * (kBodies - 1); ++i) observation[45 + i] = now.sensed[kInertias + 10 + i];
    for (int i = 0; i < 6 * (kBodies - 1); ++i) observation[kFirstSpeed + i] = now.sensed[kSpeeds + 6 + i];
    for (int i = 0; i < kActions; ++i) observation[kFirstTorque + i] = now.sensed[kTorques + i];
    for (int i = 0; i < 6 * (kBodies - 1); ++i) observation[kFirstLoad + i] = now.sensed[kLoads + 6 + i];
  }

  template <class T>
  LS_FN static void remember(const Now<T>& now, T (&before)[kBefore]) {
    before[0] = now.sensed[0];
  }

  // Walking: 1.25 times the mean speed of the centre of mass along x (m/s), and 5 where healthy. Standing up: height of
  // the torso (m) per physics step (s), and 1. Both less a tenth of the squared action and 5e-7 of the squared loads,
  // of the latter at most 10.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&u)[kActions]) {
    T squares = T(0), loads = T(0);
    for (int i = 0; i < kActions; ++i) squares += u[i] * u[i];
    for (int i = 0; i < 6 * kBodies; ++i) loads += now.sensed[kLoads + i] * now.sensed[kLoads + i];
    const T costs = T(0.1) * squares + kernels::minimum(T(5e-7) * loads, T(10));
    if constexpr (kStandsUp) {
      return now.x[2] * T(1 / 0.003) - costs + T(1);
    } else {
      const T speed = (now.sensed[0] - now.before[0]) * T(1 / 0.015);
      return T(1.25) * speed + kernels::select(terminated(now), T(0), T(5)) - costs;
    }
  }

  // Walking, healthy is a torso between 1 and 2 m.
  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>& now) {
    if constexpr (kStandsUp) return false;
    return !((now.x[2] > T(1)) && (now.x[2] < T(2)));
  }

  // All joints at zero, upright or lying on the back; each number uniform within 0.01.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    for (std::uint32_t i = 0; i < kStates; ++i) x[i] = draw.uniform(i, -0.01, 0.01);
    x[2] = T(kHeight) + x[2];
    x[3] = T(1) + x[3];
  }

  // Planning cost: squares of what the torso lacks to 1.4 m of height, of the speed's difference to 1 m/s (walking) or
  // 0, and of the action.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    T cost = terminal_cost(x);
    for (int i = 0; i < kActions; ++i) cost += T(0.1) * u[i] * u[i];
    return cost;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T lack = x[24] - T(kStandsUp ? 0 : 1), height = x[2] - T(1.4);
    return T(0.1) * lack * lack + T(4) * height * height;
  }
};

}  // namespace lockstep::envs::gymnasium_humanoid
