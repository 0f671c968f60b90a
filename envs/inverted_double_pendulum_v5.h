// Gymnasium's InvertedDoublePendulum-v5: keep two poles upright on a cart. Values from Gymnasium 1.4.0,
// envs/mujoco/inverted_double_pendulum_v5.
//   state [x (m), lower pole, upper pole against it (rad), their speeds], action: force / 500 N; |x| <= 1 m
#pragma once

#include "envs/task.h"

namespace lockstep::envs::inverted_double_pendulum_v5 {

struct Task {
  static constexpr Facts kFacts{.name = "inverted-double-pendulum-v5",
                                .suite_name = "InvertedDoublePendulum-v5",
                                .summary = "keep two poles upright on a cart",
                                .source = "Gymnasium 1.4.0, InvertedDoublePendulum-v5",
                                .model = "gymnasium/envs/mujoco/assets/inverted_double_pendulum.xml",
                                .nq = 3,
                                .nv = 3,
                                .discrete_actions = 0,
                                .control_timestep = 0.05,
                                .physics_steps = 5,
                                .episode_steps = 1000,
                                .success_return = 9100,
                                .sensing = Sensing::kLastEvaluation};
  static constexpr int kStates = 6, kActions = 1, kObservations = 9, kSensed = 4, kBefore = 0;
  static constexpr SensedField kSensors[] = {{"framepos", "site", "tip", 3}, {"jointlimitfrc", "joint", "slider", 1}};
  static constexpr StateField kState[kStates] = {{.name = "x", .low = -1, .high = 1},
                                                 {.name = "lower", .is_angle = true},
                                                 {.name = "upper", .is_angle = true},
                                                 {.name = "x_dot"},
                                                 {.name = "lower_dot"},
                                                 {.name = "upper_dot"}};
  static constexpr ActionField kAction[kActions] = {{"force", -1, 1}};
  static constexpr OptionField kOptions[] = {
      frame_skip_option(5), number_option("healthy_reward", 10, "for a step that does not end the episode"),
      number_option("reset_noise_scale", 0.1, "how far starts are spread", 0, 1)};
  using Options = OptionsOf<kOptions>;
  static constexpr const char* kObservation[kObservations] = {"x",          "sin(lower)", "sin(upper)",
                                                              "cos(lower)", "cos(upper)", "x_dot",
                                                              "lower_dot",  "upper_dot",  "force of the end"};
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  // Speeds and the force (N) of the rail's end on the cart are cut off at 10.
  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    observation[0] = now.x[0];
    kernels::sine_cosine(now.x[1], observation[1], observation[3]);
    kernels::sine_cosine(now.x[2], observation[2], observation[4]);
    for (int i = 0; i < 3; ++i) observation[5 + i] = kernels::clamp(now.x[3 + i], T(-10), T(10));
    const T push = kernels::select(now.x[0] > T(0), -now.sensed[3], now.sensed[3]);
    observation[8] = kernels::clamp(push, T(-10), T(10));
  }

  // `healthy_reward` for a step that does not end the episode, less squares of the tip's place beside 2 m of height and
  // of speeds.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&)[kActions]) {
    const T x = now.sensed[0], lack = now.sensed[2] - T(2);
    return kernels::select(terminated(now), T(0), T(Options(now.options)["healthy_reward"])) -
           (T(0.01) * x * x + lack * lack) - (T(1e-3) * now.x[4] * now.x[4] + T(5e-3) * now.x[5] * now.x[5]);
  }

  // The tip at 1 m or below.
  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>& now) {
    return now.sensed[2] <= T(1);
  }

  // Upright: positions uniform, speeds normal, both by `reset_noise_scale`.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    const double scale = Options(draw.options)["reset_noise_scale"];
    for (std::uint32_t i = 0; i < 3; ++i) {
      x[i] = draw.uniform(i, -scale, scale);
      x[3 + i] = draw.normal(4 + i, 0, scale);
    }
  }

  // Planning cost: what both poles' heights lack, squares of the cart's place, of speeds and of the force.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    return terminal_cost(x) + T(0.01) * u[0] * u[0];
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T lack = T(2) - kernels::cosine(x[1]) - kernels::cosine(x[1] + x[2]);
    return T(2) * lack + T(0.1) * x[0] * x[0] + T(0.01) * (x[3] * x[3] + x[4] * x[4] + x[5] * x[5]);
  }
};

}  // namespace lockstep::envs::inverted_double_pendulum_v5
