// Gymnasium's Reacher-v5: bring the tip of a two-link arm to a target. Values from Gymnasium 1.4.0,
// envs/mujoco/reacher_v5.
//   state qpos [two joints (rad), target x, y (m)] and qvel; action: share of each joint's largest torque
#pragma once

#include "envs/task.h"

namespace lockstep::envs::reacher_v5 {

struct Task {
  static constexpr Facts kFacts{.name = "reacher-v5",
                                .suite_name = "Reacher-v5",
                                .summary = "bring the tip of a two-link arm to a target",
                                .source = "Gymnasium 1.4.0, Reacher-v5",
                                .model = "gymnasium/envs/mujoco/assets/reacher.xml",
                                .nq = 4,
                                .nv = 4,
                                .discrete_actions = 0,
                                .control_timestep = 0.02,
                                .physics_steps = 2,
                                .episode_steps = 50,
                                .success_return = -3.75,
                                .sensing = Sensing::kLastEvaluation};
  static constexpr double kUpper = 0.1, kLower = 0.11;   // m, from joint to joint, and to the tip
  static constexpr double kAway = 0.27, kTargets = 0.2;  // m
  static constexpr int kStates = 8, kActions = 2, kObservations = 10, kSensed = 6, kBefore = 0;
  static constexpr SensedField kSensors[] = {{"framepos", "xbody", "fingertip", 3}, {"framepos", "xbody", "target", 3}};
  static constexpr StateField kState[kStates] = {{.name = "joint0", .is_angle = true},
                                                 {.name = "joint1", .low = -3, .high = 3},
                                                 {.name = "target_x", .low = -kAway, .high = kAway},
                                                 {.name = "target_y", .low = -kAway, .high = kAway},
                                                 {.name = "joint0_dot"},
                                                 {.name = "joint1_dot"},
                                                 {.name = "target_x_dot"},
                                                 {.name = "target_y_dot"}};
  static constexpr ActionField kAction[kActions] = {{"joint0", -1, 1}, {"joint1", -1, 1}};
  static constexpr OptionField kOptions[] = {
      frame_skip_option(2), number_option("reward_dist_weight", 1, "of the distance (m), taken from the reward", 0),
      number_option("reward_control_weight", 1, "of the squared action, taken from the reward")};
  using Options = OptionsOf<kOptions>;
  static constexpr const char* kObservation[kObservations] = {
      "cos(joint0)", "cos(joint1)", "sin(joint0)", "sin(joint1)",      "target_x",
      "target_y",    "joint0_dot",  "joint1_dot",  "tip_x - target_x", "tip_y - target_y"};
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    kernels::sine_cosine(now.x[0], observation[2], observation[0]);
    kernels::sine_cosine(now.x[1], observation[3], observation[1]);
    for (int i = 0; i < 4; ++i) observation[4 + i] = now.x[2 + i];
    for (int i = 0; i < 2; ++i) observation[8 + i] = now.sensed[i] - now.sensed[3 + i];
  }

  // Minus the distance from tip to target (m), less the squared action, as they are weighed.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&u)[kActions]) {
    T square = T(0);
    for (int i = 0; i < 3; ++i) square += (now.sensed[i] - now.sensed[3 + i]) * (now.sensed[i] - now.sensed[3 + i]);
    const Options options(now.options);
    const double weight = options["reward_dist_weight"];
    return -kernels::square_root(T(weight * weight) * square) -
           T(options["reward_control_weight"]) * (u[0] * u[0] + u[1] * u[1]);
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>&) {
    return false;
  }

  // The arm nearly straight along x; the target in the disc of 0.2 m, for which points of the square around it are
  // drawn until one is inside.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    for (std::uint32_t i = 0; i < 2; ++i) {
      x[i] = draw.uniform(i, -0.1, 0.1);
      x[2 + i] = draw.uniform(2 + i, -kTargets, kTargets);
      x[4 + i] = draw.uniform(4 + i, -0.005, 0.005);
      x[6 + i] = T(0);
    }
  }
  template <class T>
  LS_FN static kernels::MaskOf<T> accepts(const Now<T>& now) {
    return now.x[2] * now.x[2] + now.x[3] * now.x[3] < T(kTargets * kTargets);
  }

  // Planning cost: squared distance (per 0.01 m^2), speeds and action.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    return terminal_cost(x) + T(0.1) * (u[0] * u[0] + u[1] * u[1]);
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    T s0, c0, s1, c1;
    kernels::sine_cosine(x[0], s0, c0);
    kernels::sine_cosine(x[0] + x[1], s1, c1);
    const T dx = T(kUpper) * c0 + T(kLower) * c1 - x[2], dy = T(kUpper) * s0 + T(kLower) * s1 - x[3];
    return T(100) * (dx * dx + dy * dy) + T(0.001) * (x[4] * x[4] + x[5] * x[5]);
  }
};

}  // namespace lockstep::envs::reacher_v5
