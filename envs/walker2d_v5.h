// Gymnasium's Walker2d-v5: walk forward on two legs in the plane. Values from Gymnasium 1.4.0, envs/mujoco/walker2d_v5.
//   state qpos [x, z (m), pitch, six joints (rad)] and qvel; action: share of each joint's largest torque
#pragma once

#include "envs/state_names.h"
#include "envs/task.h"

namespace lockstep::envs::walker2d_v5 {

struct Task {
  static constexpr Facts kFacts{.name = "walker2d-v5",
                                .suite_name = "Walker2d-v5",
                                .summary = "walk forward on two legs in the plane",
                                .source = "Gymnasium 1.4.0, Walker2d-v5",
                                .model = "gymnasium/envs/mujoco/assets/walker2d_v5.xml",
                                .nq = 9,
                                .nv = 9,
                                .discrete_actions = 0,
                                .control_timestep = 0.008,
                                .physics_steps = 4,
                                .episode_steps = 1000,
                                .success_return = 0};
  static constexpr double kHeight = 1.25;  // m, of the start
  static constexpr double kLow = -2.6179938779914944, kFoot = 0.7853981633974483;
  static constexpr int kStates = 18, kActions = 6, kObservations = 18, kSensed = 0, kBefore = 1;
  static constexpr StateField kState[kStates] = {{.name = "x"},
                                                 {.name = "z"},
                                                 {.name = "pitch", .is_angle = true},
                                                 {.name = "right_thigh", .low = kLow, .high = 0},
                                                 {.name = "right_leg", .low = kLow, .high = 0},
                                                 {.name = "right_foot", .low = -kFoot, .high = kFoot},
                                                 {.name = "left_thigh", .low = kLow, .high = 0},
                                                 {.name = "left_leg", .low = kLow, .high = 0},
                                                 {.name = "left_foot", .low = -kFoot, .high = kFoot},
                                                 {.name = "x_dot"},
                                                 {.name = "z_dot"},
                                                 {.name = "pitch_dot"},
                                                 {.name = "right_thigh_dot"},
                                                 {.name = "right_leg_dot"},
                                                 {.name = "right_foot_dot"},
                                                 {.name = "left_thigh_dot"},
                                                 {.name = "left_leg_dot"},
                                                 {.name = "left_foot_dot"}};
  static constexpr ActionField kAction[kActions] = {{"right_thigh", -1, 1}, {"right_leg", -1, 1}, {"right_foot", -1, 1},
                                                    {"left_thigh", -1, 1},  {"left_leg", -1, 1},  {"left_foot", -1, 1}};
  static constexpr OptionField kOptions[] = {
      frame_skip_option(4),
      number_option("forward_reward_weight", 1, "of the speed along x (m/s) in the reward"),
      number_option("ctrl_cost_weight", 1e-3, "of the squared action, taken from the reward"),
      number_option("healthy_reward", 1, "for a step that ends healthy"),
      flag_option("terminate_when_unhealthy", true, "end the episode there"),
      range_option("healthy_z_range", 0.8, 2, "m, height of the torso"),
      range_option("healthy_angle_range", -1, 1, "rad, pitch of the torso"),
      number_option("reset_noise_scale", 5e-3, "how far starts are spread", 0, 1),
      flag_option("exclude_current_positions_from_observation", true, "observe no x")};
  using Options = OptionsOf<kOptions>;
  static constexpr auto kObservation = names_of_state<kObservations>(kState, 0);
  static constexpr OptionalPart kOptionalParts[] = {{"exclude_current_positions_from_observation", false, 0, 1}};
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  // The state, with speeds cut off at 10; x is hidden unless asked for.
  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    for (int i = 0; i < 9; ++i) observation[i] = now.x[i];
    for (int i = 0; i < 9; ++i) observation[9 + i] = kernels::clamp(now.x[9 + i], T(-10), T(10));
  }

  template <class T>
  LS_FN static void remember(const Now<T>& now, T (&before)[kBefore]) {
    before[0] = now.x[0];
  }

  // Mean speed over the step (m/s), a reward where healthy, less the squared action, as they are weighed.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&u)[kActions]) {
    T squares = T(0);
    for (int i = 0; i < kActions; ++i) squares += u[i] * u[i];
    const Options options(now.options);
    const double per_metre = options["forward_reward_weight"] / options.control_timestep();
    return (now.x[0] - now.before[0]) * T(per_metre) +
           kernels::select(is_healthy(now), T(options["healthy_reward"]), T(0)) -
           T(options["ctrl_cost_weight"]) * squares;
  }

  // Height and pitch in their ranges.
  template <class T>
  LS_FN static kernels::MaskOf<T> is_healthy(const Now<T>& now) {
    const Options options(now.options);
    return (now.x[1] > T(options.low("healthy_z_range"))) && (now.x[1] < T(options.high("healthy_z_range"))) &&
           (now.x[2] > T(options.low("healthy_angle_range"))) && (now.x[2] < T(options.high("healthy_angle_range")));
  }
  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>& now) {
    if (!Options(now.options).is_on("terminate_when_unhealthy")) return false;
    return !is_healthy(now);
  }

  // Standing, each number uniform within `reset_noise_scale`.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    const double scale = Options(draw.options)["reset_noise_scale"];
    for (std::uint32_t i = 0; i < kStates; ++i) x[i] = draw.uniform(i, -scale, scale);
    x[1] = T(kHeight) + x[1];
  }

  // Planning cost: squares of what the speed lacks to 3 m/s, of height and pitch, and of the action.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    T cost = terminal_cost(x);
    for (int i = 0; i < kActions; ++i) cost += T(0.001) * u[i] * u[i];
    return cost;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T lack = x[9] - T(3), height = x[1] - T(kHeight);
    return T(0.1) * lack * lack + T(5) * height * height + T(2) * x[2] * x[2];
  }
};

}  // namespace lockstep::envs::walker2d_v5
