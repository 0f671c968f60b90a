// Gymnasium's Pusher-v5: push an object to a goal with a seven-joint arm. Values from Gymnasium 1.4.0,
// envs/mujoco/pusher_v5.
//   state qpos [seven joints (rad), object y, x, goal y, x (m)] and qvel; action: torques (N m)
#pragma once

#include "envs/task.h"

namespace lockstep::envs::pusher_v5 {

struct Task {
  static constexpr Facts kFacts{.name = "pusher-v5",
                                .suite_name = "Pusher-v5",
                                .summary = "push an object to a goal with a seven-joint arm",
                                .source = "Gymnasium 1.4.0, Pusher-v5",
                                .model = "gymnasium/envs/mujoco/assets/pusher_v5.xml",
                                .nq = 11,
                                .nv = 11,
                                .discrete_actions = 0,
                                .control_timestep = 0.05,
                                .physics_steps = 5,
                                .episode_steps = 100,
                                .success_return = 0,
                                .sensing = Sensing::kLastEvaluation};
  static constexpr double kApart = 0.17;  // m, least distance of object and goal at the start
  static constexpr int kStates = 22, kActions = 7, kObservations = 23, kSensed = 9, kBefore = 0;
  static constexpr SensedField kSensors[] = {
      {"framepos", "xbody", "tips_arm", 3}, {"framepos", "xbody", "object", 3}, {"framepos", "xbody", "goal", 3}};
  static constexpr StateField kState[kStates] = {{.name = "shoulder_pan", .low = -2.2854, .high = 1.714602},
                                                 {.name = "shoulder_lift", .low = -0.5236, .high = 1.3963},
                                                 {.name = "upper_arm_roll", .low = -1.5, .high = 1.7},
                                                 {.name = "elbow_flex", .low = -2.3213, .high = 0},
                                                 {.name = "forearm_roll", .low = -1.5, .high = 1.5},
                                                 {.name = "wrist_flex", .low = -1.094, .high = 0},
                                                 {.name = "wrist_roll", .low = -1.5, .high = 1.5},
                                                 {.name = "object_y", .low = -10.3213, .high = 10.3},
                                                 {.name = "object_x", .low = -10.3213, .high = 10.3},
                                                 {.name = "goal_y", .low = -10.3213, .high = 10.3},
                                                 {.name = "goal_x", .low = -10.3213, .high = 10.3},
                                                 {.name = "shoulder_pan_dot"},
                                                 {.name = "shoulder_lift_dot"},
                                                 {.name = "upper_arm_roll_dot"},
                                                 {.name = "elbow_flex_dot"},
                                                 {.name = "forearm_roll_dot"},
                                                 {.name = "wrist_flex_dot"},
                                                 {.name = "wrist_roll_dot"},
                                                 {.name = "object_y_dot"},
                                                 {.name = "object_x_dot"},
                                                 {.name = "goal_y_dot"},
                                                 {.name = "goal_x_dot"}};
  static constexpr ActionField kAction[kActions] = {
      {"shoulder_pan", -2, 2}, {"shoulder_lift", -2, 2}, {"upper_arm_roll", -2, 2}, {"elbow_flex", -2, 2},
      {"forearm_roll", -2, 2}, {"wrist_flex", -2, 2},    {"wrist_roll", -2, 2}};
  static constexpr const char* kObservation[kObservations] = {"shoulder_pan",
                                                              "shoulder_lift",
                                                              "upper_arm_roll",
                                                              "elbow_flex",
                                                              "forearm_roll",
                                                              "wrist_flex",
                                                              "wrist_roll",
                                                              "shoulder_pan_dot",
                                                              "shoulder_lift_dot",
                                                              "upper_arm_roll_dot",
                                                              "elbow_flex_dot",
                                                              "forearm_roll_dot",
                                                              "wrist_flex_dot",
                                                              "wrist_roll_dot",
                                                              "tip.x",
                                                              "tip.y",
                                                              "tip.z",
                                                              "object.x",
                                                              "object.y",
                                                              "object.z",
                                                              "goal.x",
                                                              "goal.y",
                                                              "goal.z"};
  static constexpr OptionField kOptions[] = {
      frame_skip_option(5),
      number_option("reward_near_weight", 0.5, "of the distance of object and tip (m), taken from the reward"),
      number_option("reward_dist_weight", 1, "of the distance of object and goal (m), taken from the reward", 0),
      number_option("reward_control_weight", 0.1, "of the squared action, taken from the reward")};
  using Options = OptionsOf<kOptions>;
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    for (int i = 0; i < 7; ++i) observation[i] = now.x[i];
    for (int i = 0; i < 7; ++i) observation[7 + i] = now.x[11 + i];
    for (int i = 0; i < kSensed; ++i) observation[14 + i] = now.sensed[i];
  }

  // Minus the distance of object and goal and that of object and tip (m), less the squared action, as they are weighed.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&u)[kActions]) {
    T squares = T(0), to_tip = T(0), to_goal = T(0);
    for (int i = 0; i < kActions; ++i) squares += u[i] * u[i];
    for (int i = 0; i < 3; ++i) {
      const T tip = now.sensed[3 + i] - now.sensed[i], goal = now.sensed[3 + i] - now.sensed[6 + i];
      to_tip += tip * tip;
      to_goal += goal * goal;
    }
    const Options options(now.options);
    const double weight = options["reward_dist_weight"];
    return -kernels::square_root(T(weight * weight) * to_goal) - T(options["reward_control_weight"]) * squares -
           T(options["reward_near_weight"]) * kernels::square_root(to_tip);
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>&) {
    return false;
  }

  // The arm stretched out, the goal at zero; the object in a rectangle, where points are drawn until one is far enough
  // from the goal.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    for (std::uint32_t i = 0; i < kStates; ++i) x[i] = T(0);
    x[7] = draw.uniform(0, -0.3, 0);
    x[8] = draw.uniform(1, -0.2, 0.2);
    for (std::uint32_t i = 0; i < 7; ++i) x[11 + i] = draw.uniform(2 + i, -0.005, 0.005);
  }
  template <class T>
  LS_FN static kernels::MaskOf<T> accepts(const Now<T>& now) {
    return now.x[7] * now.x[7] + now.x[8] * now.x[8] > T(kApart * kApart);
  }

  // Planning cost: squared distance of object and goal (per 0.01 m^2), speeds of the arm and the action.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    T cost = terminal_cost(x);
    for (int i = 0; i < kActions; ++i) cost += T(0.01) * u[i] * u[i];
    return cost;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T dy = x[7] - x[9], dx = x[8] - x[10];
    T cost = T(100) * (dx * dx + dy * dy);
    for (int i = 0; i < 7; ++i) cost += T(0.001) * x[11 + i] * x[11 + i];
    return cost;
  }
};

}  // namespace lockstep::envs::pusher_v5
