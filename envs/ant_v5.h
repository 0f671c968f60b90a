// Gymnasium's Ant-v5: run along x on four legs. Values from Gymnasium 1.4.0, envs/mujoco/ant_v5.
//   state qpos [x, y, z (m), quaternion, eight joints (rad)] and qvel; action: share of each joint's largest torque
#pragma once

#include "envs/task.h"

#include <array>

namespace lockstep::envs::ant_v5 {

struct Task {
  static constexpr Facts kFacts{.name = "ant-v5",
                                .suite_name = "Ant-v5",
                                .summary = "run along x on four legs",
                                .source = "Gymnasium 1.4.0, Ant-v5",
                                .model = "gymnasium/envs/mujoco/assets/ant.xml",
                                .nq = 15,
                                .nv = 14,
                                .discrete_actions = 0,
                                .control_timestep = 0.05,
                                .physics_steps = 5,
                                .episode_steps = 1000,
                                .success_return = 6000,
                                .sensing = Sensing::kLastEvaluation};
  static constexpr double kHeight = 0.75;  // m, of the start
  static constexpr double kHip = 0.5235987755982988, kAnkle = 1.2217304763960306;
  static constexpr int kBodies = 14, kLoads = 3;  // the world among them; first number of cfrc_ext in `sensed`
  static constexpr int kStates = 29, kActions = 8, kObservations = 105, kSensed = 3 + 6 * kBodies, kBefore = 1;
  static constexpr SensedField kSensors[] = {{"framepos", "xbody", "torso", 3}, {"array", "", "cfrc_ext", 6 * kBodies}};
  static constexpr StateField kState[kStates] = {{.name = "x"},
                                                 {.name = "y"},
                                                 {.name = "z"},
                                                 {.name = "quat_w"},
                                                 {.name = "quat_x"},
                                                 {.name = "quat_y"},
                                                 {.name = "quat_z"},
                                                 {.name = "hip_1", .low = -kHip, .high = kHip},
                                                 {.name = "ankle_1", .low = kHip, .high = kAnkle},
                                                 {.name = "hip_2", .low = -kHip, .high = kHip},
                                                 {.name = "ankle_2", .low = -kAnkle, .high = -kHip},
                                                 {.name = "hip_3", .low = -kHip, .high = kHip},
                                                 {.name = "ankle_3", .low = -kAnkle, .high = -kHip},
                                                 {.name = "hip_4", .low = -kHip, .high = kHip},
                                                 {.name = "ankle_4", .low = kHip, .high = kAnkle},
                                                 {.name = "x_dot"},
                                                 {.name = "y_dot"},
                                                 {.name = "z_dot"},
                                                 {.name = "spin_x"},
                                                 {.name = "spin_y"},
                                                 {.name = "spin_z"},
                                                 {.name = "hip_1_dot"},
                                                 {.name = "ankle_1_dot"},
                                                 {.name = "hip_2_dot"},
                                                 {.name = "ankle_2_dot"},
                                                 {.name = "hip_3_dot"},
                                                 {.name = "ankle_3_dot"},
                                                 {.name = "hip_4_dot"},
                                                 {.name = "ankle_4_dot"}};
  static constexpr ActionField kAction[kActions] = {{"hip_4", -1, 1},   {"ankle_4", -1, 1}, {"hip_1", -1, 1},
                                                    {"ankle_1", -1, 1}, {"hip_2", -1, 1},   {"ankle_2", -1, 1},
                                                    {"hip_3", -1, 1},   {"ankle_3", -1, 1}};
  // The state but x and y, then torque and force of contacts on each body but the world, in the model's order.
  static constexpr std::array<const char*, kObservations> kObservation = [] {
    std::array<const char*, kObservations> names{};
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = i < 27 ? kState[i + 2].name : "cfrc_ext";
    return names;
  }();
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  // Torque or force `i` of cfrc_ext, cut off at 1.
  template <class T>
  LS_FN static T load(const Now<T>& now, int i) {
    return kernels::clamp(now.sensed[kLoads + i], T(-1), T(1));
  }

  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    for (int i = 0; i < 27; ++i) observation[i] = now.x[i + 2];
    for (int i = 0; i < 6 * (kBodies - 1); ++i) observation[27 + i] = load(now, 6 + i);
  }

  template <class T>
  LS_FN static void remember(const Now<T>& now, T (&before)[kBefore]) {
    before[0] = now.sensed[0];
  }

  // Mean speed of the torso along x (m/s), 1 where healthy, less half the squared action and 0.0005 of the squared
  // loads.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&u)[kActions]) {
    T squares = T(0), loads = T(0);
    for (int i = 0; i < kActions; ++i) squares += u[i] * u[i];
    for (int i = 0; i < 6 * kBodies; ++i) loads += load(now, i) * load(now, i);
    return (now.sensed[0] - now.before[0]) * T(1 / kFacts.control_timestep) +
           kernels::select(terminated(now), T(0), T(1)) - (T(0.5) * squares + T(5e-4) * loads);
  }

  // Healthy: between 0.2 and 1 m.
  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>& now) {
    return !((now.x[2] >= T(0.2)) && (now.x[2] <= T(1)));
  }

  // All joints at zero: positions (the quaternion's numbers too) uniform within 0.1, speeds normal with deviation 0.1.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    for (std::uint32_t i = 0; i < 15; ++i) x[i] = draw.uniform(i, -0.1, 0.1);
    for (std::uint32_t i = 0; i < 14; ++i) x[15 + i] = draw.normal(16 + i, 0, 0.1);
    x[2] = T(kHeight) + x[2];
    x[3] = T(1) + x[3];
  }

  // Planning cost: squares of what the speed lacks to 3 m/s, of height, of the tilt and of the action.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    T cost = terminal_cost(x);
    for (int i = 0; i < kActions; ++i) cost += T(0.05) * u[i] * u[i];
    return cost;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T lack = x[15] - T(3), height = x[2] - T(kHeight);
    return T(0.1) * lack * lack + T(2) * height * height + x[4] * x[4] + x[5] * x[5];
  }
};

}  // namespace lockstep::envs::ant_v5
