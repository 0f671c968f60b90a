// Gymnasium's Hopper-v5: hop forward on one leg in the plane. Values from Gymnasium 1.4.0, envs/mujoco/hopper_v5.
//   state qpos [x, z (m), pitch, three joints (rad)] and qvel; action: share of each joint's largest torque
#pragma once

#include "envs/state_names.h"
#include "envs/task.h"

namespace lockstep::envs::hopper_v5 {

struct Task {
  static constexpr Facts kFacts{.name = "hopper-v5",
                                .suite_name = "Hopper-v5",
                                .summary = "hop forward on one leg in the plane",
                                .source = "Gymnasium 1.4.0, Hopper-v5",
                                .model = "gymnasium/envs/mujoco/assets/hopper.xml",
                                .nq = 6,
                                .nv = 6,
                                .discrete_actions = 0,
                                .control_timestep = 0.008,
                                .physics_steps = 4,
                                .episode_steps = 1000,
                                .success_return = 3800};
  static constexpr double kHeight = 1.25;  // m, of the start
  static constexpr int kStates = 12, kActions = 3, kObservations = 12, kSensed = 0, kBefore = 1;
  static constexpr StateField kState[kStates] = {
      {.name = "x"},
      {.name = "z"},
      {.name = "pitch", .is_angle = true},
      {.name = "thigh", .low = -2.6179938779914944, .high = 0},
      {.name = "leg", .low = -2.6179938779914944, .high = 0},
      {.name = "foot", .low = -0.7853981633974483, .high = 0.7853981633974483},
      {.name = "x_dot"},
      {.name = "z_dot"},
      {.name = "pitch_dot"},
      {.name = "thigh_dot"},
      {.name = "leg_dot"},
      {.name = "foot_dot"}};
  static constexpr ActionField kAction[kActions] = {{"thigh", -1, 1}, {"leg", -1, 1}, {"foot", -1, 1}};
  static constexpr OptionField kOptions[] = {
      frame_skip_option(4),
      number_option("forward_reward_weight", 1, "of the speed along x (m/s) in the reward"),
      number_option("ctrl_cost_weight", 1e-3, "of the squared action, taken from the reward"),
      number_option("healthy_reward", 1, "for a step that ends healthy"),
      flag_option("terminate_when_unhealthy", true, "end the episode there"),
      range_option("healthy_state_range", -100, 100, "of every number of the state but x and z"),
      range_option("healthy_z_range", 0.7, kUnbounded, "m, height of the torso"),
      range_option("healthy_angle_range", -0.2, 0.2, "rad, pitch of the torso"),
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
    for (int i = 0; i < 6; ++i) observation[i] = now.x[i];
    for (int i = 0; i < 6; ++i) observation[6 + i] = kernels::clamp(now.x[6 + i], T(-10), T(10));
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

  // Height, pitch and the other numbers of the state but x in their ranges.
  template <class T>
  LS_FN static kernels::MaskOf<T> is_healthy(const Now<T>& now) {
    const Options options(now.options);
    const T low = T(options.low("healthy_state_range")), high = T(options.high("healthy_state_range"));
    kernels::MaskOf<T> healthy =
        (now.x[1] > T(options.low("healthy_z_range"))) && (now.x[1] < T(options.high("healthy_z_range"))) &&
        (now.x[2] > T(options.low("healthy_angle_range"))) && (now.x[2] < T(options.high("healthy_angle_range")));
    for (int i = 2; i < kStates; ++i) healthy = healthy && (now.x[i] > low) && (now.x[i] < high);
    return healthy;
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
    const T lack = x[6] - T(3), height = x[1] - T(kHeight);
    return T(0.1) * lack * lack + T(5) * height * height + T(5) * x[2] * x[2];
  }
};

}  // namespace lockstep::envs::hopper_v5
