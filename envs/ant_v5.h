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
  static constexpr int kStates = 29, kActions = 8, kObservations = 107, kSensed = 3 + 6 * kBodies, kBefore = 1;
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
  static constexpr OptionField kOptions[] = {
      frame_skip_option(5),
      number_option("forward_reward_weight", 1, "of the speed along x (m/s) in the reward"),
      number_option("ctrl_cost_weight", 0.5, "of the squared action, taken from the reward"),
      number_option("contact_cost_weight", 5e-4, "of the squared contact loads, taken from the reward"),
      number_option("healthy_reward", 1, "for a step that ends healthy"),
      flag_option("terminate_when_unhealthy", true, "end the episode there"),
      range_option("healthy_z_range", 0.2, 1, "m, height of the torso"),
      range_option("contact_force_range", -1, 1, "where contact loads (N m, N) are cut off"),
      number_option("reset_noise_scale", 0.1, "how far starts are spread", 0, 1),
      flag_option("exclude_current_positions_from_observation", true, "observe no x and y"),
      flag_option("include_cfrc_ext_in_observation", true, "observe contact loads")};
  using Options = OptionsOf<kOptions>;
  static constexpr OptionalPart kOptionalParts[] = {
      {"exclude_current_positions_from_observation", false, 0, 2},
      {"include_cfrc_ext_in_observation", true, kStates, kObservations - kStates}};
  // The state, then torque and force of contacts on each body but the world, in the model's order.
  static constexpr std::array<const char*, kObservations> kObservation = [] {
    std::array<const char*, kObservations> names{};
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = i < kStates ? kState[i].name : "cfrc_ext";
    return names;
  }();
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    const Options options(now.options);
    const T low = T(options.low("contact_force_range")), high = T(options.high("contact_force_range"));
    for (int i = 0; i < kStates; ++i) observation[i] = now.x[i];
    for (int i = 0; i < 6 * (kBodies - 1); ++i) {
      observation[kStates + i] = kernels::clamp(now.sensed[kLoads + 6 + i], low, high);
    }
  }

  template <class T>
  LS_FN static void remember(const Now<T>& now, T (&before)[kBefore]) {
    before[0] = now.sensed[0];
  }

  // Mean speed of the torso along x (m/s), a reward where healthy, less the squared action and the squared loads, as
  // they are weighed.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&u)[kActions]) {
    const Options options(now.options);
    const T low = T(options.low("contact_force_range")), high = T(options.high("contact_force_range"));
    T squares = T(0), loads = T(0);
    for (int i = 0; i < kActions; ++i) squares += u[i] * u[i];
    for (int i = 0; i < 6 * kBodies; ++i) {
      const T load = kernels::clamp(now.sensed[kLoads + i], low, high);
      loads += load * load;
    }
    const double per_metre = options["forward_reward_weight"] / options.control_timestep();
    return (now.sensed[0] - now.before[0]) * T(per_metre) +
           kernels::select(is_healthy(now), T(options["healthy_reward"]), T(0)) -
           (T(options["ctrl_cost_weight"]) * squares + T(options["contact_cost_weight"]) * loads);
  }

  // The torso's height in its range.
  template <class T>
  LS_FN static kernels::MaskOf<T> is_healthy(const Now<T>& now) {
    const Options options(now.options);
    return (now.x[2] >= T(options.low("healthy_z_range"))) && (now.x[2] <= T(options.high("healthy_z_range")));
  }
  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>& now) {
    if (!Options(now.options).is_on("terminate_when_unhealthy")) return false;
    return !is_healthy(now);
  }

  // All joints at zero: positions (the quaternion's numbers too) uniform, speeds normal, both by `reset_noise_scale`.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    const double scale = Options(draw.options)["reset_noise_scale"];
    for (std::uint32_t i = 0; i < 15; ++i) x[i] = draw.uniform(i, -scale, scale);
    for (std::uint32_t i = 0; i < 14; ++i) x[15 + i] = draw.normal(16 + i, 0, scale);
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
