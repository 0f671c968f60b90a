// Gymnasium's Swimmer-v5: three links that swim in a plane. Values from Gymnasium 1.4.0, envs/mujoco/swimmer_v5.
//   state qpos [x, y (m), heading, two joints (rad)] and qvel; action: share of each joint's largest torque
#pragma once

#include "envs/state_names.h"
#include "envs/task.h"

namespace lockstep::envs::swimmer_v5 {

struct Task {
  static constexpr Facts kFacts{.name = "swimmer-v5",
                                .suite_name = "Swimmer-v5",
                                .summary = "swim along x with three links",
                                .source = "Gymnasium 1.4.0, Swimmer-v5",
                                .model = "gymnasium/envs/mujoco/assets/swimmer.xml",
                                .nq = 5,
                                .nv = 5,
                                .discrete_actions = 0,
                                .control_timestep = 0.04,
                                .physics_steps = 4,
                                .episode_steps = 1000,
                                .success_return = 360};
  static constexpr double kBend = 1.7453292519943295;  // rad
  static constexpr int kStates = 10, kActions = 2, kObservations = 10, kSensed = 0, kBefore = 1;
  static constexpr StateField kState[kStates] = {{.name = "x"},
                                                 {.name = "y"},
                                                 {.name = "heading", .is_angle = true},
                                                 {.name = "joint1", .low = -kBend, .high = kBend},
                                                 {.name = "joint2", .low = -kBend, .high = kBend},
                                                 {.name = "x_dot"},
                                                 {.name = "y_dot"},
                                                 {.name = "heading_dot"},
                                                 {.name = "joint1_dot"},
                                                 {.name = "joint2_dot"}};
  static constexpr ActionField kAction[kActions] = {{"joint1", -1, 1}, {"joint2", -1, 1}};
  static constexpr OptionField kOptions[] = {
      frame_skip_option(4), number_option("forward_reward_weight", 1, "of the speed along x (m/s) in the reward"),
      number_option("ctrl_cost_weight", 1e-4, "of the squared action, taken from the reward"),
      number_option("reset_noise_scale", 0.1, "how far starts are spread", 0, 1),
      flag_option("exclude_current_positions_from_observation", true, "observe no x and y")};
  using Options = OptionsOf<kOptions>;
  static constexpr auto kObservation = names_of_state<kObservations>(kState, 0);
  static constexpr OptionalPart kOptionalParts[] = {{"exclude_current_positions_from_observation", false, 0, 2}};
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  // The state; x and y are hidden unless asked for.
  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    for (int i = 0; i < kObservations; ++i) observation[i] = now.x[i];
  }

  template <class T>
  LS_FN static void remember(const Now<T>& now, T (&before)[kBefore]) {
    before[0] = now.x[0];
  }

  // Mean speed along x over the step (m/s), less the weighed squared action.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&u)[kActions]) {
    const Options options(now.options);
    const double per_metre = options["forward_reward_weight"] / options.control_timestep();
    return (now.x[0] - now.before[0]) * T(per_metre) - T(options["ctrl_cost_weight"]) * (u[0] * u[0] + u[1] * u[1]);
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>&) {
    return false;
  }

  // Each number uniform within `reset_noise_scale`.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    const double scale = Options(draw.options)["reset_noise_scale"];
    for (std::uint32_t i = 0; i < kStates; ++i) x[i] = draw.uniform(i, -scale, scale);
  }

  // Planning cost: squares of what the speed along x lacks to 1 m/s and of the action.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    return terminal_cost(x) + T(1e-3) * (u[0] * u[0] + u[1] * u[1]);
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T lack = x[5] - T(1);
    return lack * lack;
  }
};

}  // namespace lockstep::envs::swimmer_v5
