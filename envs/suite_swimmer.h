// dm_control's swimmer: what its tasks share. Values from dm_control 1.0.50, suite/swimmer.
//   state [x, y (m), heading, joints (rad), their speeds, target x, y (m)], action: torque / 0.0005 N m in [-1, 1]
#pragma once

#include "envs/random_joints.h"
#include "envs/task.h"
#include "envs/tolerance.h"

#include <array>

namespace lockstep::envs::suite_swimmer {

constexpr Facts facts(const char* name, const char* suite_name, const char* summary, int bodies) {
  return {.name = name,
          .suite_name = suite_name,
          .summary = summary,
          .source = "dm_control 1.0.50, suite swimmer",
          .model = "dm_control/suite/swimmer.xml",
          .nq = bodies + 2,
          .nv = bodies + 2,
          .discrete_actions = 0,
          .control_timestep = 0.03,
          .physics_steps = 15,
          .episode_steps = 1000,
          .success_return = 700,
          .nheld = 2,
          .swimmer_bodies = bodies};
}

// What is numbered along the chain, of the longest.
inline constexpr const char* kSites[14] = {"site_0", "site_1", "site_2", "site_3",  "site_4",  "site_5",  "site_6",
                                           "site_7", "site_8", "site_9", "site_10", "site_11", "site_12", "site_13"};
inline constexpr const char* kJoints[14] = {"joint_0",  "joint_1",  "joint_2",  "joint_3", "joint_4",
                                            "joint_5",  "joint_6",  "joint_7",  "joint_8", "joint_9",
                                            "joint_10", "joint_11", "joint_12", "joint_13"};
inline constexpr const char* kSpeeds[14] = {
    "joint_0_dot", "joint_1_dot", "joint_2_dot", "joint_3_dot",  "joint_4_dot",  "joint_5_dot",  "joint_6_dot",
    "joint_7_dot", "joint_8_dot", "joint_9_dot", "joint_10_dot", "joint_11_dot", "joint_12_dot", "joint_13_dot"};

template <int kBodies>
struct Variant {
  static constexpr double kTarget = 0.1, kHeight = 0.05;  // m: radius of the target, and its centre's height
  static constexpr double kBend = 6.283185307179586 / kBodies;
  static constexpr int kActions = kBodies - 1, kDofs = kBodies + 2, kStates = 2 * kDofs + 2;
  static constexpr int kObservations = kActions + 2 + 3 * kBodies, kBefore = 0;
  // First numbers in `sensed`: the nose, the head's axes, and of each body velocity and spin in its own axes.
  static constexpr int kAxes = 3, kMotions = 9, kSensed = kMotions + 6 * kBodies;
  static constexpr std::array<SensedField, 5 + 2 * kActions> kSensors = [] {
    std::array<SensedField, 5 + 2 * kActions> sensors{
        SensedField{"own", "", "nose_pos", 3}, SensedField{"own", "", "head_xaxis", 3},
        SensedField{"own", "", "head_yaxis", 3}, SensedField{"own", "", "head_vel", 3},
        SensedField{"own", "", "head_gyro", 3}};
    for (std::size_t i = 0; i < kActions; ++i) {
      sensors[5 + 2 * i] = {"velocimeter", "site", kSites[i], 3};
      sensors[6 + 2 * i] = {"gyro", "site", kSites[i], 3};
    }
    return sensors;
  }();
  static constexpr std::array<StateField, kStates> kState = [] {
    std::array<StateField, kStates> fields{};
    fields[0].name = "x";
    fields[1].name = "y";
    fields[2] = {.name = "heading", .is_angle = true};
    fields[kDofs].name = "x_dot";
    fields[kDofs + 1].name = "y_dot";
    fields[kDofs + 2].name = "heading_dot";
    for (std::size_t i = 0; i < kActions; ++i) {
      fields[3 + i] = {.name = kJoints[i], .low = -kBend, .high = kBend};
      fields[kDofs + 3 + i].name = kSpeeds[i];
    }
    fields[2 * kDofs].name = "target_x";
    fields[2 * kDofs + 1].name = "target_y";
    return fields;
  }();
  static constexpr std::array<ActionField, kActions> kAction = [] {
    std::array<ActionField, kActions> fields{};
    for (std::size_t i = 0; i < kActions; ++i) fields[i] = {kJoints[i], -1, 1};
    return fields;
  }();
  static constexpr std::array<const char*, kObservations> kObservation = [] {
    std::array<const char*, kObservations> names{};
    for (std::size_t i = 0; i < kActions; ++i) names[i] = kJoints[i];
    names[kActions] = "to_target_x";
    names[kActions + 1] = "to_target_y";
    for (std::size_t i = kActions + 2; i < kObservations; ++i) names[i] = "body velocities";
    return names;
  }();
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  // From the nose to the target along the head's x (k = 0) or y axis (m).
  template <class T>
  LS_FN static T to_target(const Now<T>& now, int k) {
    const T* const axis = now.sensed + kAxes + 3 * k;
    return (now.x[2 * kDofs] - now.sensed[0]) * axis[0] + (now.x[2 * kDofs + 1] - now.sensed[1]) * axis[1] +
           (T(kHeight) - now.sensed[2]) * axis[2];
  }

  // Joints, the target, and of each body its velocity along x and y and its spin about z.
  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    for (int i = 0; i < kActions; ++i) observation[i] = now.x[3 + i];
    for (int k = 0; k < 2; ++k) observation[kActions + k] = to_target(now, k);
    for (int body = 0; body < kBodies; ++body) {
      const T* const motion = now.sensed + kMotions + 6 * body;
      T* const target = observation + kActions + 2 + 3 * body;
      target[0] = motion[0];
      target[1] = motion[1];
      target[2] = motion[5];
    }
  }

  // How near the nose is to the target: 1 inside it, 0.1 half a metre from it.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&)[kActions]) {
    const T dx = to_target(now, 0), dy = to_target(now, 1);
    return tolerance<Sigmoid::kLongTail>(kernels::square_root(dx * dx + dy * dy),
                                         {.high = kTarget, .margin = 5 * kTarget});
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>&) {
    return false;
  }

  // Any heading and joints in their ranges; the target in a square of 4 m, or one time in five of 0.6 m.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    randomize_joints(draw, kState, 0, 2 * kDofs, x);
    constexpr std::uint32_t kFirst = 2 * kDofs;
    const T box = kernels::select(draw.uniform(kFirst, 0, 1) < T(0.2), T(0.3), T(2));
    x[2 * kDofs] = box * draw.uniform(kFirst + 1, -1, 1);
    x[2 * kDofs + 1] = box * draw.uniform(kFirst + 2, -1, 1);
  }

  // Planning cost: squared distance of head and target (m^2), and the action.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    T cost = terminal_cost(x);
    for (int i = 0; i < kActions; ++i) cost += T(0.001) * u[i] * u[i];
    return cost;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T dx = x[2 * kDofs] - x[0], dy = x[2 * kDofs + 1] - x[1];
    return dx * dx + dy * dy;
  }
};

}  // namespace lockstep::envs::suite_swimmer
