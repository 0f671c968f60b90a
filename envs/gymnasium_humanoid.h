// Gymnasium's humanoid: what Humanoid-v5 and HumanoidStandup-v5 share. Values from Gymnasium 1.4.0,
// envs/mujoco/humanoid_v5 and humanoidstandup_v5.
//   state qpos [x, y, z (m), quaternion, 17 joints (rad)] and qvel; action: torques / largest gear
#pragma once

#include "envs/task.h"

#include <array>

namespace lockstep::envs::gymnasium_humanoid {

constexpr Facts facts(const char* name, const char* suite_name, const char* summary, const char* source,
                      const char* model) {
  return {.name = name,
          .suite_name = suite_name,
          .summary = summary,
          .source = source,
          .model = model,
          .nq = 24,
          .nv = 23,
          .discrete_actions = 0,
          .control_timestep = 0.015,
          .physics_steps = 5,
          .episode_steps = 1000,
          .success_return = 0,
          .sensing = Sensing::kLastEvaluation};
}

// Options of both, then what each has of its own.
template <bool kStandsUp>
constexpr auto options() {
  constexpr OptionField kFrames = frame_skip_option(5);
  constexpr auto kControl = number_option("ctrl_cost_weight", 0.1, "of the squared action, taken from the reward");
  constexpr auto kNoise = number_option("reset_noise_scale", 1e-2, "how far starts are spread", 0, 1);
  constexpr auto kPlace = flag_option("exclude_current_positions_from_observation", true, "observe no x and y");
  constexpr auto kInertia = flag_option("include_cinert_in_observation", true, "observe inertias of bodies");
  constexpr auto kSpeed = flag_option("include_cvel_in_observation", true, "observe velocities of bodies");
  constexpr auto kTorque = flag_option("include_qfrc_actuator_in_observation", true, "observe torques of actuators");
  constexpr auto kLoad = flag_option("include_cfrc_ext_in_observation", true, "observe contact loads");
  if constexpr (kStandsUp) {
    return std::to_array<OptionField>(
        {kFrames, number_option("uph_cost_weight", 1, "of height (m) per physics step (s) in the reward"), kControl,
         number_option("impact_cost_weight", 0.5e-6, "of the squared contact loads, taken from the reward"),
         range_option("impact_cost_range", -kUnbounded, 10, "where what is taken for contact loads is cut off"), kNoise,
         kPlace, kInertia, kSpeed, kTorque, kLoad});
  } else {
    return std::to_array<OptionField>(
        {kFrames, number_option("forward_reward_weight", 1.25, "of the speed along x (m/s) in the reward"), kControl,
         number_option("contact_cost_weight", 5e-7, "of the squared contact loads, taken from the reward"),
         range_option("contact_cost_range", -kUnbounded, 10, "where what is taken for contact loads is cut off"),
         number_option("healthy_reward", 5, "for a step that ends healthy"),
         flag_option("terminate_when_unhealthy", true, "end the episode there"),
         range_option("healthy_z_range", 1, 2, "m, height of the torso"), kNoise, kPlace, kInertia, kSpeed, kTorque,
         kLoad});
  }
}

template <bool kStandsUp>
struct Variant {
  static constexpr double kHeight = kStandsUp ? 0.105 : 1.4;  // m, of the start
  static constexpr int kBodies = 14;                          // the world among them
  static constexpr int kStates = 47, kActions = 17, kObservations = 350, kBefore = 1;
  // First numbers in `sensed`: centre of mass, then mjData's arrays, and the torques of actuators between them.
  static constexpr int kInertias = 3, kSpeeds = kInertias + 10 * kBodies, kTorques = kSpeeds + 6 * kBodies;
  static constexpr int kLoads = kTorques + kActions, kSensed = kLoads + 6 * kBodies;
  static constexpr SensedField kSensors[] = {{"subtreecom", "body", "world", 3},
                                             {"array", "", "cinert", 10 * kBodies},
                                             {"array", "", "cvel", 6 * kBodies},
                                             {"jointactuatorfrc", "joint", "abdomen_z", 1},
                                             {"jointactuatorfrc", "joint", "abdomen_y", 1},
                                             {"jointactuatorfrc", "joint", "abdomen_x", 1},
                                             {"jointactuatorfrc", "joint", "right_hip_x", 1},
                                             {"jointactuatorfrc", "joint", "right_hip_z", 1},
                                             {"jointactuatorfrc", "joint", "right_hip_y", 1},
                                             {"jointactuatorfrc", "joint", "right_knee", 1},
                                             {"jointactuatorfrc", "joint", "left_hip_x", 1},
                                             {"jointactuatorfrc", "joint", "left_hip_z", 1},
                                             {"jointactuatorfrc", "joint", "left_hip_y", 1},
                                             {"jointactuatorfrc", "joint", "left_knee", 1},
                                             {"jointactuatorfrc", "joint", "right_shoulder1", 1},
                                             {"jointactuatorfrc", "joint", "right_shoulder2", 1},
                                             {"jointactuatorfrc", "joint", "right_elbow", 1},
                                             {"jointactuatorfrc", "joint", "left_shoulder1", 1},
                                             {"jointactuatorfrc", "joint", "left_shoulder2", 1},
                                             {"jointactuatorfrc", "joint", "left_elbow", 1},
                                             {"array", "", "cfrc_ext", 6 * kBodies}};
  static constexpr StateField kState[kStates] = {
      {.name = "x"},
      {.name = "y"},
      {.name = "z"},
      {.name = "quat_w"},
      {.name = "quat_x"},
      {.name = "quat_y"},
      {.name = "quat_z"},
      {.name = "abdomen_z", .low = -45 * kDegree, .high = 45 * kDegree},
      {.name = "abdomen_y", .low = -75 * kDegree, .high = 30 * kDegree},
      {.name = "abdomen_x", .low = -35 * kDegree, .high = 35 * kDegree},
      {.name = "right_hip_x", .low = -25 * kDegree, .high = 5 * kDegree},
      {.name = "right_hip_z", .low = -60 * kDegree, .high = 35 * kDegree},
      {.name = "right_hip_y", .low = -110 * kDegree, .high = 20 * kDegree},
      {.name = "right_knee", .low = -160 * kDegree, .high = -2 * kDegree},
      {.name = "left_hip_x", .low = -25 * kDegree, .high = 5 * kDegree},
      {.name = "left_hip_z", .low = -60 * kDegree, .high = 35 * kDegree},
      {.name = "left_hip_y", .low = (kStandsUp ? -120 : -110) * kDegree, .high = 20 * kDegree},
      {.name = "left_knee", .low = -160 * kDegree, .high = -2 * kDegree},
      {.name = "right_shoulder1", .low = -85 * kDegree, .high = 60 * kDegree},
      {.name = "right_shoulder2", .low = -85 * kDegree, .high = 60 * kDegree},
      {.name = "right_elbow", .low = -90 * kDegree, .high = 50 * kDegree},
      {.name = "left_shoulder1", .low = -60 * kDegree, .high = 85 * kDegree},
      {.name = "left_shoulder2", .low = -60 * kDegree, .high = 85 * kDegree},
      {.name = "left_elbow", .low = -90 * kDegree, .high = 50 * kDegree},
      {.name = "x_dot"},
      {.name = "y_dot"},
      {.name = "z_dot"},
      {.name = "spin_x"},
      {.name = "spin_y"},
      {.name = "spin_z"},
      {.name = "abdomen_z_dot"},
      {.name = "abdomen_y_dot"},
      {.name = "abdomen_x_dot"},
      {.name = "right_hip_x_dot"},
      {.name = "right_hip_z_dot"},
      {.name = "right_hip_y_dot"},
      {.name = "right_knee_dot"},
      {.name = "left_hip_x_dot"},
      {.name = "left_hip_z_dot"},
      {.name = "left_hip_y_dot"},
      {.name = "left_knee_dot"},
      {.name = "right_shoulder1_dot"},
      {.name = "right_shoulder2_dot"},
      {.name = "right_elbow_dot"},
      {.name = "left_shoulder1_dot"},
      {.name = "left_shoulder2_dot"},
      {.name = "left_elbow_dot"}};
  static constexpr ActionField kAction[kActions] = {
      {"abdomen_y", -0.4, 0.4},       {"abdomen_z", -0.4, 0.4},   {"abdomen_x", -0.4, 0.4},
      {"right_hip_x", -0.4, 0.4},     {"right_hip_z", -0.4, 0.4}, {"right_hip_y", -0.4, 0.4},
      {"right_knee", -0.4, 0.4},      {"left_hip_x", -0.4, 0.4},  {"left_hip_z", -0.4, 0.4},
      {"left_hip_y", -0.4, 0.4},      {"left_knee", -0.4, 0.4},   {"right_shoulder1", -0.4, 0.4},
      {"right_shoulder2", -0.4, 0.4}, {"right_elbow", -0.4, 0.4}, {"left_shoulder1", -0.4, 0.4},
      {"left_shoulder2", -0.4, 0.4},  {"left_elbow", -0.4, 0.4}};
  static constexpr auto kOptions = options<kStandsUp>();
  using Options = OptionsOf<kOptions>;
  // The state; inertias [13][10] and velocities [13][6] of bodies about their common centre of mass;
  // torques of actuators; contacts [13][6]. Bodies in the model's order, without the world.
  static constexpr int kFirstSpeed = kStates + 10 * (kBodies - 1), kFirstTorque = kFirstSpeed + 6 * (kBodies - 1);
  static constexpr int kFirstLoad = kFirstTorque + kActions;
  static constexpr OptionalPart kOptionalParts[] = {
      {"exclude_current_positions_from_observation", false, 0, 2},
      {"include_cinert_in_observation", true, kStates, kFirstSpeed - kStates},
      {"include_cvel_in_observation", true, kFirstSpeed, kFirstTorque - kFirstSpeed},
      {"include_qfrc_actuator_in_observation", true, kFirstTorque, kActions},
      {"include_cfrc_ext_in_observation", true, kFirstLoad, kObservations - kFirstLoad}};
  static constexpr std::array<const char*, kObservations> kObservation = [] {
    std::array<const char*, kObservations> names{};
    for (int i = 0; i < kObservations; ++i) {
      names[static_cast<std::size_t>(i)] = i < kStates        ? kState[i].name
                                           : i < kFirstSpeed  ? "cinert"
                                           : i < kFirstTorque ? "cvel"
                                           : i < kFirstLoad   ? "qfrc_actuator"
                                                              : "cfrc_ext";
    }
    return names;
  }();
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    for (int i = 0; i < kStates; ++i) observation[i] = now.x[i];
    for (int i = 0; i < 10 * (kBodies - 1); ++i) observation[kStates + i] = now.sensed[kInertias + 10 + i];
    for (int i = 0; i < 6 * (kBodies - 1); ++i) observation[kFirstSpeed + i] = now.sensed[kSpeeds + 6 + i];
    for (int i = 0; i < kActions; ++i) observation[kFirstTorque + i] = now.sensed[kTorques + i];
    for (int i = 0; i < 6 * (kBodies - 1); ++i) observation[kFirstLoad + i] = now.sensed[kLoads + 6 + i];
  }

  template <class T>
  LS_FN static void remember(const Now<T>& now, T (&before)[kBefore]) {
    before[0] = now.sensed[0];
  }

  // Walking: the mean speed of the centre of mass along x (m/s), and a reward where healthy. Standing up: height of the
  // torso (m) per physics step (s), and 1. Both less the squared action and the squared loads, of the latter what the
  // range allows. All as they are weighed.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&u)[kActions]) {
    T squares = T(0), loads = T(0);
    for (int i = 0; i < kActions; ++i) squares += u[i] * u[i];
    for (int i = 0; i < 6 * kBodies; ++i) loads += now.sensed[kLoads + i] * now.sensed[kLoads + i];
    const Options options(now.options);
    if constexpr (kStandsUp) {
      const T impact = kernels::clamp(T(options["impact_cost_weight"]) * loads, T(options.low("impact_cost_range")),
                                      T(options.high("impact_cost_range")));
      const T costs = T(options["ctrl_cost_weight"]) * squares + impact;
      return now.x[2] * T(options["uph_cost_weight"] / 0.003) - costs + T(1);
    } else {
      const T contact = kernels::clamp(T(options["contact_cost_weight"]) * loads, T(options.low("contact_cost_range")),
                                       T(options.high("contact_cost_range")));
      const T costs = T(options["ctrl_cost_weight"]) * squares + contact;
      const T speed = (now.sensed[0] - now.before[0]) * T(1 / options.control_timestep());
      return T(options["forward_reward_weight"]) * speed +
             kernels::select(is_healthy(now), T(options["healthy_reward"]), T(0)) - costs;
    }
  }

  // Walking: the torso's height in its range.
  template <class T>
  LS_FN static kernels::MaskOf<T> is_healthy(const Now<T>& now) {
    const Options options(now.options);
    return (now.x[2] > T(options.low("healthy_z_range"))) && (now.x[2] < T(options.high("healthy_z_range")));
  }
  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>& now) {
    if constexpr (kStandsUp) {
      return false;
    } else {
      if (!Options(now.options).is_on("terminate_when_unhealthy")) return false;
      return !is_healthy(now);
    }
  }

  // All joints at zero, upright or lying on the back; each number uniform within `reset_noise_scale`.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    const double scale = Options(draw.options)["reset_noise_scale"];
    for (std::uint32_t i = 0; i < kStates; ++i) x[i] = draw.uniform(i, -scale, scale);
    x[2] = T(kHeight) + x[2];
    x[3] = T(1) + x[3];
  }

  // Planning cost: squares of what the torso lacks to 1.4 m of height, of the speed's difference to 1 m/s (walking) or
  // 0, and of the action.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    T cost = terminal_cost(x);
    for (int i = 0; i < kActions; ++i) cost += T(0.1) * u[i] * u[i];
    return cost;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T lack = x[24] - T(kStandsUp ? 0 : 1), height = x[2] - T(1.4);
    return T(0.1) * lack * lack + T(4) * height * height;
  }
};

}  // namespace lockstep::envs::gymnasium_humanoid
