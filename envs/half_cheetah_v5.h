// Gymnasium's HalfCheetah-v5: run forward in the plane. Values from Gymnasium 1.4.0, envs/mujoco/half_cheetah_v5.
//   state qpos [x, z (m), pitch, six joints (rad)] and qvel; action: share of each joint's largest torque
#pragma once

#include "envs/state_names.h"
#include "envs/task.h"

namespace lockstep::envs::half_cheetah_v5 {

struct Task {
  static constexpr Facts kFacts{.name = "half-cheetah-v5",
                                .suite_name = "HalfCheetah-v5",
                                .summary = "run forward on two legs in the plane",
                                .source = "Gymnasium 1.4.0, HalfCheetah-v5",
                                .model = "gymnasium/envs/mujoco/assets/half_cheetah.xml",
                                .nq = 9,
                                .nv = 9,
                                .discrete_actions = 0,
                                .control_timestep = 0.05,
                                .physics_steps = 5,
                                .episode_steps = 1000,
                                .success_return = 4800};
  static constexpr int kStates = 18, kActions = 6, kObservations = 18, kSensed = 0, kBefore = 1;
  static constexpr StateField kState[kStates] = {{.name = "x"},
                                                 {.name = "z"},
                                                 {.name = "pitch", .is_angle = true},
                                                 {.name = "back_thigh", .low = -0.52, .high = 1.05},
                                                 {.name = "back_shin", .low = -0.785, .high = 0.785},
                                                 {.name = "back_foot", .low = -0.4, .high = 0.785},
                                                 {.name = "front_thigh", .low = -1, .high = 0.7},
                                                 {.name = "front_shin", .low = -1.2, .high = 0.87},
                                                 {.name = "front_foot", .low = -0.5, .high = 0.5},
                                                 {.name = "x_dot"},
                                                 {.name = "z_dot"},
                                                 {.name = "pitch_dot"},
                                                 {.name = "back_thigh_dot"},
                                                 {.name = "back_shin_dot"},
                                                 {.name = "back_foot_dot"},
                                                 {.name = "front_thigh_dot"},
                                                 {.name = "front_shin_dot"},
                                                 {.name = "front_foot_dot"}};
  static constexpr ActionField kAction[kActions] = {{"back_thigh", -1, 1}, {"back_shin", -1, 1},
                                                    {"back_foot", -1, 1},  {"front_thigh", -1, 1},
                                                    {"front_shin", -1, 1}, {"front_foot", -1, 1}};
  static constexpr OptionField kOptions[] = {
      frame_skip_option(5), number_option("forward_reward_weight", 1, "of the speed along x (m/s) in the reward"),
      number_option("ctrl_cost_weight", 0.1, "of the squared action, taken from the reward"),
      number_option("reset_noise_scale", 0.1, "how far starts are spread", 0, 1),
      flag_option("exclude_current_positions_from_observation", true, "observe no x")};
  using Options = OptionsOf<kOptions>;
  static constexpr auto kObservation = names_of_state<kObservations>(kState, 0);
  static constexpr OptionalPart kOptionalParts[] = {{"exclude_current_positions_from_observation", false, 0, 1}};
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  // The state; x is hidden unless asked for.
  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    for (int i = 0; i < kObservations; ++i) observation[i] = now.x[i];
  }

  template <class T>
  LS_FN static void remember(const Now<T>& now, T (&before)[kBefore]) {
    before[0] = now.x[0];
  }

  // Mean speed over the step (m/s), less the weighed squared action.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&u)[kActions]) {
    T squares = T(0);
    for (int i = 0; i < kActions; ++i) squares += u[i] * u[i];
    const Options options(now.options);
    const double per_metre = options["forward_reward_weight"] / options.control_timestep();
    return (now.x[0] - now.before[0]) * T(per_metre) - T(options["ctrl_cost_weight"]) * squares;
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>&) {
    return false;
  }

  // Positions uniform around zero, speeds normal, both by `reset_noise_scale`.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    const double scale = Options(draw.options)["reset_noise_scale"];
    for (std::uint32_t i = 0; i < 9; ++i) x[i] = draw.uniform(i, -scale, scale);
    for (std::uint32_t i = 0; i < 9; ++i) x[9 + i] = draw.normal(10 + i, 0, scale);
  }

  // Planning cost: squares of what the speed lacks to 10 m/s, of the pitch and of the action.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    T cost = terminal_cost(x);
    for (int i = 0; i < kActions; ++i) cost += T(0.1) * u[i] * u[i];
    return cost;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T lack = T(0.1) * x[9] - T(1);
    return lack * lack + T(0.05) * x[2] * x[2];
  }
};

}  // namespace lockstep::envs::half_cheetah_v5
