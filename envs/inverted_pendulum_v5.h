// Gymnasium's InvertedPendulum-v5: keep a pole upright on a cart, in MuJoCo.
// Values from Gymnasium 1.4.0, envs/mujoco/inverted_pendulum_v5.
//   state [x (m), theta (rad), x_dot, theta_dot], action: force / 100 N in [-3, 3], |x| <= 1 m, |theta| <= 90 degrees
#pragma once

#include "envs/task.h"

namespace lockstep::envs::inverted_pendulum_v5 {

struct Task {
  static constexpr Facts kFacts{.name = "inverted-pendulum-v5",
                                .suite_name = "InvertedPendulum-v5",
                                .summary = "keep a pole upright on a cart, in MuJoCo",
                                .source = "Gymnasium 1.4.0, InvertedPendulum-v5",
                                .model = "gymnasium/envs/mujoco/assets/inverted_pendulum.xml",
                                .nq = 2,
                                .nv = 2,
                                .discrete_actions = 0,
                                .control_timestep = 0.04,
                                .physics_steps = 2,
                                .episode_steps = 1000,
                                .success_return = 950};
  static constexpr double kMaxAngle = 0.2;  // rad
  static constexpr int kStates = 4, kActions = 1, kObservations = 4, kSensed = 0, kBefore = 0;
  static constexpr StateField kState[kStates] = {
      {.name = "x", .low = -1, .high = 1},
      {.name = "theta", .low = -1.5707963267948966, .high = 1.5707963267948966},
      {.name = "x_dot"},
      {.name = "theta_dot"}};
  static constexpr ActionField kAction[kActions] = {{"force", -3, 3}};
  static constexpr OptionField kOptions[] = {
      frame_skip_option(2), number_option("reset_noise_scale", 0.01, "how far starts are spread", 0, 1)};
  using Options = OptionsOf<kOptions>;
  static constexpr const char* kObservation[kObservations] = {"x", "theta", "x_dot", "theta_dot"};
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    for (int i = 0; i < kStates; ++i) observation[i] = now.x[i];
  }

  // 1 for every step that does not end the episode.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&)[kActions]) {
    return kernels::select(terminated(now), T(0), T(1));
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>& now) {
    return kernels::absolute(now.x[1]) > T(kMaxAngle);
  }

  // All four uniform within `reset_noise_scale`.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    const double scale = Options(draw.options)["reset_noise_scale"];
    for (int i = 0; i < kStates; ++i) x[i] = draw.uniform(static_cast<std::uint32_t>(i), -scale, scale);
  }

  // Planning cost, since the reward has no slope: squares that are 1 where the episode ends and near the end of the
  // rail, speeds, and force.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    const T angle = x[1] / T(kMaxAngle);
    return angle * angle + x[0] * x[0] + T(0.02) * (x[2] * x[2] + x[3] * x[3]) + T(0.01) * u[0] * u[0];
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T none[kActions] = {T(0)};
    return T(5) * stage_cost(x, none);
  }
};

}  // namespace lockstep::envs::inverted_pendulum_v5
