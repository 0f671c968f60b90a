// dm_control's point_mass/hard: bring a mass to the middle of a square, pushed in directions that each episode draws.
// Values from dm_control 1.0.50, suite/point_mass.
//   state [x, y (m), their speeds, two directions of unit length], action: force / 0.1 N along each in [-1, 1]
//   The suite writes the directions into its model's tendons; here they are numbers of the state, and the motion of the
//   mass between its walls is the equations below, MuJoCo's for two sliders.
#pragma once

#include "envs/point_mass_easy.h"
#include "envs/task.h"

namespace lockstep::envs::point_mass_hard {

struct Task {
  using Easy = point_mass_easy::Task;
  static constexpr Facts kFacts{.name = "point_mass-hard",
                                .suite_name = "point_mass/hard",
                                .summary = "bring a mass to the middle of a square, pushed in unknown directions",
                                .source = "dm_control 1.0.50, suite point_mass",
                                .model = nullptr,
                                .nq = 8,
                                .nv = 0,
                                .discrete_actions = 0,
                                .control_timestep = 0.02,
                                .physics_steps = 1,
                                .episode_steps = 1000,
                                .success_return = 800};
  static constexpr double kWall = Easy::kWall;
  static constexpr double kMass = 0.3, kForce = 0.1, kDamping = 1, kTimestep = 0.02;  // kg, N, N s/m, s
  static constexpr int kStates = 8, kActions = 2, kObservations = 4;
  static constexpr StateField kState[kStates] = {{.name = "x", .low = -kWall, .high = kWall},
                                                 {.name = "y", .low = -kWall, .high = kWall},
                                                 {.name = "x_dot"},
                                                 {.name = "y_dot"},
                                                 {.name = "first_x"},
                                                 {.name = "first_y"},
                                                 {.name = "second_x"},
                                                 {.name = "second_y"}};
  static constexpr ActionField kAction[kActions] = {{"first", -1, 1}, {"second", -1, 1}};
  static constexpr const char* kObservation[kObservations] = {"x", "y", "x_dot", "y_dot"};
  static constexpr bool kRewardsStateBefore = false;

  // The force (N) of a wall on one slider: MuJoCo's soft limit (its computation chapter, "Constraint model") with the
  // default solref 0.02 s, 1 and solimp 0.9, 0.95, 0.001 m, 0.5, 2, from the acceleration `free` without it.
  //   distance (m) to the wall, below 0 behind it; speed away from it (m/s)
  template <class T>
  LS_FN static T wall_force(T distance, T speed, T free) {
    using kernels::minimum, kernels::select;
    constexpr double kTimeConstant = 0.04, kLow = 0.9, kHigh = 0.95, kWidth = 0.001;  // s: no less than 2 steps
    constexpr double kB = 2 / (kHigh * kTimeConstant), kK = 1 / (kHigh * kHigh * kTimeConstant * kTimeConstant);
    const T depth = minimum(kernels::absolute(distance) * T(1 / kWidth), T(1));
    const T rest = T(1) - depth;
    const T ramp = select(depth <= T(0.5), T(2) * depth * depth, T(1) - T(2) * rest * rest);
    const T impedance = T(kLow) + ramp * T(kHigh - kLow);
    const T wanted = T(-kB) * speed - T(kK) * impedance * distance;
    // A = 1 / m, R = (1 - d) / d A: the force f with A f + free = wanted - R f.
    const T force = (wanted - free) * impedance * T(kMass);
    return select(distance < T(0), kernels::maximum(force, T(0)), T(0));
  }

  // One semi-implicit Euler step of both sliders, with damping at the speed after it.
  template <class T>
  LS_FN static void advance(T (&x)[kStates], const T (&action)[kActions]) {
    const T first = kernels::clamp(action[0], T(-1), T(1)), second = kernels::clamp(action[1], T(-1), T(1));
    for (int i = 0; i < 2; ++i) {
      const T force = T(kForce) * (x[4 + i] * first + x[6 + i] * second) - T(kDamping) * x[2 + i];
      const T free = force * T(1 / kMass);
      const T total =
          force + wall_force(x[i] + T(kWall), x[2 + i], free) - wall_force(T(kWall) - x[i], -x[2 + i], -free);
      x[2 + i] = x[2 + i] + T(kTimestep / (kMass + kTimestep * kDamping)) * total;
      x[i] = x[i] + T(kTimestep) * x[2 + i];
    }
  }

  template <class T>
  LS_FN static void observe(const T (&x)[kStates], T (&observation)[kObservations]) {
    for (int i = 0; i < kObservations; ++i) observation[i] = x[i];
  }
  template <class T>
  LS_FN static void moving(const T (&x)[kStates], T (&part)[Easy::kStates]) {
    for (int i = 0; i < Easy::kStates; ++i) part[i] = x[i];
  }
  template <class T>
  LS_FN static T reward(const T (&x)[kStates], const T (&u)[kActions]) {
    T part[Easy::kStates];
    moving(x, part);
    return Easy::reward(part, u);
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const T (&)[kStates]) {
    return false;
  }

  // Anywhere, at rest; two directions whose cosine is at most 0.9 either way.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    constexpr double kTurn = 6.283185307179586, kLeast = 0.45102681179626236;  // arccos 0.9
    randomize_joints(draw, kState, 0, 2, x);
    x[2] = T(0);
    x[3] = T(0);
    const T first = draw.uniform(2, 0, kTurn), between = draw.uniform(3, kLeast, kTurn / 2 - kLeast);
    const T second = first + kernels::select(draw.uniform(4, 0, 1) < T(0.5), between, -between);
    kernels::sine_cosine(first, x[5], x[4]);
    kernels::sine_cosine(second, x[7], x[6]);
  }

  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    T part[Easy::kStates];
    moving(x, part);
    return Easy::stage_cost(part, u);
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    T part[Easy::kStates];
    moving(x, part);
    return Easy::terminal_cost(part);
  }
};

}  // namespace lockstep::envs::point_mass_hard
