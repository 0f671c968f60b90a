// dm_control's fish: what its two tasks share. Values from dm_control 1.0.50, suite/fish.
//   state qpos [x, y, z (m), quaternion, seven joints (rad)], qvel, where it swims the target x, y, z (m)
#pragma once

#include "envs/random_joints.h"
#include "envs/task.h"
#include "envs/tolerance.h"

#include <array>

namespace lockstep::envs::suite_fish {

constexpr Facts facts(const char* name, const char* suite_name, const char* summary, int nheld) {
  return {.name = name,
          .suite_name = suite_name,
          .summary = summary,
          .source = "dm_control 1.0.50, suite fish",
          .model = "dm_control/suite/fish.xml",
          .nq = 14,
          .nv = 13,
          .discrete_actions = 0,
          .control_timestep = 0.04,
          .physics_steps = 10,
          .episode_steps = 1000,
          .success_return = 700,
          .nheld = nheld};
}

template <bool kSwims>
struct Variant {
  static constexpr double kRadii = 0.005 + 0.04;  // m, of mouth and target
  static constexpr int kStates = kSwims ? 30 : 27, kActions = 5, kObservations = kSwims ? 24 : 21;
  static constexpr int kSensed = 15, kBefore = 0;
  static constexpr SensedField kSensors[] = {{"framezaxis", "xbody", "torso", 3},
                                             {"framepos", "geom", "mouth", 3},
                                             {"framexaxis", "geom", "mouth", 3},
                                             {"frameyaxis", "geom", "mouth", 3},
                                             {"framezaxis", "geom", "mouth", 3}};
  static constexpr StateField kAllStates[30] = {{.name = "x"},
                                                {.name = "y"},
                                                {.name = "z"},
                                                {.name = "quat_w"},
                                                {.name = "quat_x"},
                                                {.name = "quat_y"},
                                                {.name = "quat_z"},
                                                {.name = "tail1"},
                                                {.name = "tail_twist"},
                                                {.name = "tail2"},
                                                {.name = "finright_roll"},
                                                {.name = "finright_pitch"},
                                                {.name = "finleft_roll"},
                                                {.name = "finleft_pitch"},
                                                {.name = "x_dot"},
                                                {.name = "y_dot"},
                                                {.name = "z_dot"},
                                                {.name = "spin_x"},
                                                {.name = "spin_y"},
                                                {.name = "spin_z"},
                                                {.name = "tail1_dot"},
                                                {.name = "tail_twist_dot"},
                                                {.name = "tail2_dot"},
                                                {.name = "finright_roll_dot"},
                                                {.name = "finright_pitch_dot"},
                                                {.name = "finleft_roll_dot"},
                                                {.name = "finleft_pitch_dot"},
                                                {.name = "target_x"},
                                                {.name = "target_y"},
                                                {.name = "target_z"}};
  static constexpr std::array<StateField, kStates> kState = [] {
    std::array<StateField, kStates> fields{};
    for (std::size_t i = 0; i < fields.size(); ++i) fields[i] = kAllStates[i];
    return fields;
  }();
  static constexpr ActionField kAction[kActions] = {{"tail", -1, 1},
                                                    {"tail_twist", -1, 1},
                                                    {"fins_flap", -1, 1},
                                                    {"finleft_pitch", -1, 1},
                                                    {"finright_pitch", -1, 1}};
  static constexpr std::array<const char*, kObservations> kObservation = [] {
    constexpr int kSpeeds = kSwims ? 11 : 8;
    std::array<const char*, kObservations> names{};
    for (int i = 0; i < kObservations; ++i) {
      names[static_cast<std::size_t>(i)] = i < 7         ? kAllStates[7 + i].name
                                           : i < 8       ? "upright"
                                           : i < kSpeeds ? "mouth to target"
                                                         : kAllStates[14 + i - kSpeeds].name;
    }
    return names;
  }();
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  // From the mouth to the target along axis `k` of the mouth (m).
  template <class T>
  LS_FN static T to_target(const Now<T>& now, int k) {
    T sum = T(0);
    for (int i = 0; i < 3; ++i) sum += (now.x[27 + i] - now.sensed[3 + i]) * now.sensed[6 + 3 * k + i];
    return sum;
  }

  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    for (int i = 0; i < 7; ++i) observation[i] = now.x[7 + i];
    observation[7] = now.sensed[2];
    if constexpr (kSwims) {
      for (int k = 0; k < 3; ++k) observation[8 + k] = to_target(now, k);
    }
    for (int i = 0; i < 13; ++i) observation[kObservations - 13 + i] = now.x[14 + i];
  }

  // Upright; swimming, the mouth at the target seven times as much.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&)[kActions]) {
    if constexpr (kSwims) {
      T square = T(0);
      for (int k = 0; k < 3; ++k) square += to_target(now, k) * to_target(now, k);
      const T in_target = tolerance(kernels::square_root(square), {.high = kRadii, .margin = 2 * kRadii});
      return (T(7) * in_target + T(0.5) * (now.sensed[2] + T(1))) * T(0.125);
    } else {
      return tolerance(now.sensed[2], {.low = 1, .high = 1, .margin = 1});
    }
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>&) {
    return false;
  }

  // Turned anyhow, joints within 0.2 rad; the target in a box of 0.8 x 0.8 x 0.2 m.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    for (int i = 0; i < kStates; ++i) x[i] = T(0);
    x[2] = T(0.1);
    for (std::uint32_t i = 0; i < 4; ++i) x[3 + i] = draw.normal(i, 0, 1);
    normalize_quaternion(x + 3);
    for (std::uint32_t i = 0; i < 7; ++i) x[7 + i] = draw.uniform(4 + i, -0.2, 0.2);
    if constexpr (kSwims) {
      x[27] = draw.uniform(11, -0.4, 0.4);
      x[28] = draw.uniform(12, -0.4, 0.4);
      x[29] = draw.uniform(13, 0.1, 0.3);
    }
  }

  // Planning cost: the tilt, the squared distance of the fish to the target, speeds and the action.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    T cost = terminal_cost(x);
    for (int i = 0; i < kActions; ++i) cost += T(0.01) * u[i] * u[i];
    return cost;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    T cost = x[4] * x[4] + x[5] * x[5];
    for (int i = 0; i < 3; ++i) {
      cost += T(0.01) * x[14 + i] * x[14 + i];
      if constexpr (kSwims) cost += T(4) * (x[27 + i] - x[i]) * (x[27 + i] - x[i]);
    }
    return cost;
  }
};

}  // namespace lockstep::envs::suite_fish
