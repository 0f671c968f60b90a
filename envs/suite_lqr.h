// dm_control's lqr: what its two tasks share. Values from dm_control 1.0.50, suite/lqr.
//   A chain of balls on parallel sliders, each tied to the one before it by a spring. MuJoCo's model has no constraint,
//   so that its motion is the linear equation below.
//   state [q (m): each ball beside the one before it, their speeds, stiffness of each spring (N/m)], action [N]
//   The suite draws the springs when it makes an environment; here each world does, for all of its episodes.
#pragma once

#include "envs/task.h"

#include <array>
#include <cstdint>

namespace lockstep::envs::suite_lqr {

constexpr Facts facts(const char* name, const char* suite_name, const char* summary, int bodies) {
  return {.name = name,
          .suite_name = suite_name,
          .summary = summary,
          .source = "dm_control 1.0.50, suite lqr",
          .model = nullptr,
          .nq = 3 * bodies,
          .nv = 0,
          .discrete_actions = 0,
          .control_timestep = 0.03,
          .physics_steps = 1,
          .episode_steps = 0,
          .success_return = 0};
}

inline constexpr const char* kPlaces[6] = {"q_0", "q_1", "q_2", "q_3", "q_4", "q_5"};
inline constexpr const char* kRates[6] = {"q_0_dot", "q_1_dot", "q_2_dot", "q_3_dot", "q_4_dot", "q_5_dot"};
inline constexpr const char* kSprings[6] = {"stiffness_0", "stiffness_1", "stiffness_2",
                                            "stiffness_3", "stiffness_4", "stiffness_5"};

template <int kBodies, int kMotors>
struct Variant {
  static constexpr double kMass = 4.1887902047863905;  // kg: a ball of radius 0.1 m and density 1000 kg/m^3
  static constexpr double kTimestep = 0.03, kRadius = 1.4142135623730951;  // s; m: length of a starting q
  static constexpr double kSmall = 1e-6;                                   // length of (q, q') that ends an episode
  static constexpr double kControlCost = 0.1;
  static constexpr int kStates = 3 * kBodies, kActions = kMotors, kObservations = 2 * kBodies;
  static constexpr std::array<StateField, kStates> kState = [] {
    std::array<StateField, kStates> fields{};
    for (std::size_t i = 0; i < kBodies; ++i) {
      fields[i].name = kPlaces[i];
      fields[kBodies + i].name = kRates[i];
      fields[2 * kBodies + i].name = kSprings[i];
    }
    return fields;
  }();
  // The suite's motors have no bounds, for which dm_control says 1e10.
  static constexpr std::array<ActionField, kActions> kAction = [] {
    std::array<ActionField, kActions> fields{};
    for (std::size_t i = 0; i < kActions; ++i) fields[i] = {kPlaces[i], -1e10, 1e10};
    return fields;
  }();
  static constexpr std::array<const char*, kObservations> kObservation = [] {
    std::array<const char*, kObservations> names{};
    for (std::size_t i = 0; i < kObservations; ++i) names[i] = kState[i].name;
    return names;
  }();
  static constexpr bool kRewardsStateBefore = false;

  // One semi-implicit Euler step. The force f_i of slider i pushes ball i and holds ball i - 1 back, so that
  // m q_i'' = (f_i - f_i+1) - (f_i-1 - f_i), where f_i = u_i - k_i q_i.
  template <class T>
  LS_FN static void advance(T (&x)[kStates], const T (&action)[kActions]) {
    T force[kBodies];
    for (int i = 0; i < kBodies; ++i) {
      force[i] = -x[2 * kBodies + i] * x[i];
      if (i < kMotors) force[i] = force[i] + action[i];
    }
    for (int i = 0; i < kBodies; ++i) {
      T total = i > 0 ? T(2) * force[i] - force[i - 1] : force[i];
      if (i + 1 < kBodies) total = total - force[i + 1];
      x[kBodies + i] = x[kBodies + i] + T(kTimestep / kMass) * total;
    }
    for (int i = 0; i < kBodies; ++i) x[i] = x[i] + T(kTimestep) * x[kBodies + i];
  }

  template <class T>
  LS_FN static void observe(const T (&x)[kStates], T (&observation)[kObservations]) {
    for (int i = 0; i < kObservations; ++i) observation[i] = x[i];
  }

  // 1 - (|q|^2 + 0.1 |u|^2) / 2
  template <class T>
  LS_FN static T reward(const T (&x)[kStates], const T (&u)[kActions]) {
    return T(1) - cost(x, u);
  }
  template <class T>
  LS_FN static T cost(const T (&x)[kStates], const T (&u)[kActions]) {
    T places = T(0), controls = T(0);
    for (int i = 0; i < kBodies; ++i) places += x[i] * x[i];
    for (int i = 0; i < kActions; ++i) controls += u[i] * u[i];
    return T(0.5) * places + T(0.5 * kControlCost) * controls;
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const T (&x)[kStates]) {
    T square = T(0);
    for (int i = 0; i < kObservations; ++i) square += x[i] * x[i];
    return kernels::square_root(square) < T(kSmall);
  }

  // Somewhere on a sphere, at rest. The springs are a world's own, whatever the episode.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    constexpr std::uint32_t kFirstEpisode[kernels::kLanes<T>] = {};
    ResetDraw<T> of_world = draw;
    of_world.episodes = kFirstEpisode;
    T square = T(0);
    for (std::uint32_t i = 0; i < kBodies; ++i) {
      x[i] = draw.normal(i, 0, 1);
      square += x[i] * x[i];
      x[kBodies + i] = T(0);
      x[2 * kBodies + i] = of_world.uniform(kBodies + 1 + i, 15, 25);
    }
    const T scale = T(kRadius) / kernels::square_root(square);
    for (int i = 0; i < kBodies; ++i) x[i] = scale * x[i];
  }

  // Planning cost: what the reward lacks.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    return cost(x, u);
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T none[kActions] = {};
    return cost(x, none);
  }
};

}  // namespace lockstep::envs::suite_lqr
