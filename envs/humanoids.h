// What dm_control's humanoids share: what they read, show and are rewarded for, and how they start. (dm_control 1.0.50,
// suite/humanoid and suite/humanoid_CMU.)
#pragma once

#include "envs/random_joints.h"
#include "envs/task.h"
#include "envs/tolerance.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace lockstep::envs {

// A high head (1.4 m), an upright torso and small control, times standing still or moving, multiplied.
//   head_height (m), upright: cosine of the torso's tilt; vx, vy (m/s) of the centre of mass; kSpeed 0: to stand
template <int kSpeed, class T, int kActions>
[[gnu::always_inline]] LS_FN T humanoid_reward(T head_height, T upright, T vx, T vy, const T (&u)[kActions]) {
  constexpr double kStandHeight = 1.4;
  const T standing = tolerance(head_height, {.low = kStandHeight, .high = kUnbounded, .margin = kStandHeight / 4});
  const T level =
      tolerance<Sigmoid::kLinear>(upright, {.low = 0.9, .high = kUnbounded, .margin = 1.9, .value_at_margin = 0});
  T small = T(0);
  for (int i = 0; i < kActions; ++i) {
    small += tolerance<Sigmoid::kQuadratic>(u[i], {.margin = 1, .value_at_margin = 0});
  }
  const T stand = standing * level * (T(4) + T(1.0 / kActions) * small) * T(0.2);
  if constexpr (kSpeed == 0) {
    return stand * (tolerance(vx, {.margin = 2}) + tolerance(vy, {.margin = 2})) * T(0.5);
  } else {
    const T move =
        tolerance<Sigmoid::kLinear>(kernels::square_root(vx * vx + vy * vy),
                                    {.low = kSpeed, .high = kUnbounded, .margin = kSpeed, .value_at_margin = 0});
    return stand * (T(5) * move + T(1)) * T(1.0 / 6);
  }
}

// A humanoid with kHinges joints: the free root's pose, the joints, their speeds; one action for each joint.
template <int kHinges>
struct Humanoid {
  static constexpr int kStates = 2 * kHinges + 13, kActions = kHinges, kSensed = 28, kBefore = 0;
  static constexpr int kSpeeds = 7 + kHinges;                                   // first of the state
  static constexpr int kSeen = 2 * kHinges + 25;                                // numbers of the observation
  static constexpr int kAxes = 3, kLimbs = 12, kVelocity = 24, kContacts = 27;  // first numbers in `sensed`
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  // The head's place, axes of the upper body, hands and feet in its frame, the velocity of the centre of mass,
  // contacts.
  static constexpr std::array<SensedField, 10> sensors(const char* body, const char* (&&limbs)[4],
                                                       const char* velocity) {
    return {{{"framepos", "xbody", "head", 3},
             {"framexaxis", "xbody", body, 3},
             {"frameyaxis", "xbody", body, 3},
             {"framezaxis", "xbody", body, 3},
             {"framepos", "xbody", limbs[0], 3, "xbody", body},
             {"framepos", "xbody", limbs[1], 3, "xbody", body},
             {"framepos", "xbody", limbs[2], 3, "xbody", body},
             {"framepos", "xbody", limbs[3], 3, "xbody", body},
             {"own", "", velocity, 3},
             {"array", "", "ncon", 1}}};
  }
  template <class State>
  static constexpr const char* observation_name(const State& state, std::size_t i) {
    constexpr std::size_t n = kHinges;
    return i < n        ? state[7 + i].name
           : i < n + 1  ? "head_height"
           : i < n + 13 ? "extremities"
           : i < n + 16 ? "torso_vertical"
           : i < n + 19 ? "com_velocity"
                        : state[kSpeeds + i - n - 19].name;
  }

  // Joints, the head's height, hands and feet, the vertical in the upper body's frame, velocity (m/s), speeds.
  template <class T>
  LS_FN static void show(const Now<T>& now, T (&observation)[kSeen]) {
    for (int i = 0; i < kHinges; ++i) observation[i] = now.x[7 + i];
    observation[kHinges] = now.sensed[2];
    for (int i = 0; i < 12; ++i) observation[kHinges + 1 + i] = now.sensed[kLimbs + i];
    for (int i = 0; i < 3; ++i) observation[kHinges + 13 + i] = now.sensed[kAxes + 3 * i + 2];
    for (int i = 0; i < 3; ++i) observation[kHinges + 16 + i] = now.sensed[kVelocity + i];
    for (int i = 0; i < kHinges + 6; ++i) observation[kHinges + 19 + i] = now.x[kSpeeds + i];
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>&) {
    return false;
  }

  // In the air at `height` (m), joints anywhere in their ranges where nothing touches. The quaternion's four numbers
  // are drawn in [0, 1) before they are scaled, as the suite has it.
  template <class T, class State>
  LS_FN static void start(const ResetDraw<T>& draw, const State& state, double height, T (&x)[kStates]) {
    randomize_joints(draw, state, 0, kStates, x);
    for (std::uint32_t i = 3; i < 7; ++i) x[i] = draw.uniform(i, 0, 1);
    normalize_quaternion(x + 3);
    x[2] = T(height);
  }
  template <class T>
  LS_FN static kernels::MaskOf<T> accepts(const Now<T>& now) {
    return now.sensed[kContacts] < T(0.5);
  }
};

}  // namespace lockstep::envs
