// dm_control's cheetah/run: run forward on two legs in the plane. Values from dm_control 1.0.50, suite/cheetah.
//   state qpos [x, z (m), pitch, six joints (rad)] and qvel; action: share of each joint's largest torque
#pragma once

#include "envs/random_joints.h"
#include "envs/state_names.h"
#include "envs/task.h"
#include "envs/tolerance.h"

namespace lockstep::envs::cheetah_run {

struct Task {
  static constexpr Facts kFacts{.name = "cheetah-run",
                                .suite_name = "cheetah/run",
                                .summary = "run forward on two legs in the plane",
                                .source = "dm_control 1.0.50, suite cheetah",
                                .model = "dm_control/suite/cheetah.xml",
                                .nq = 9,
                                .nv = 9,
                                .discrete_actions = 0,
                                .control_timestep = 0.01,
                                .physics_steps = 1,
                                .episode_steps = 1000,
                                .success_return = 800};
  static constexpr double kSpeed = 10;  // m/s
  static constexpr int kSettleSteps = 199;
  static constexpr int kStates = 18, kActions = 6, kObservations = 17, kSensed = 3, kBefore = 0;
  static constexpr SensedField kSensors[] = {{"own", "", "torso_subtreelinvel", 3}};
  static constexpr StateField kState[kStates] = {{.name = "x"},
                                                 {.name = "z"},
                                                 {.name = "pitch"},
                                                 {.name = "back_thigh", .low = -30 * kDegree, .high = 60 * kDegree},
                                                 {.name = "back_shin", .low = -50 * kDegree, .high = 50 * kDegree},
                                                 {.name = "back_foot", .low = -230 * kDegree, .high = 50 * kDegree},
                                                 {.name = "front_thigh", .low = -57 * kDegree, .high = 0.4 * kDegree},
                                                 {.name = "front_shin", .low = -70 * kDegree, .high = 50 * kDegree},
                                                 {.name = "front_foot", .low = -28 * kDegree, .high = 28 * kDegree},
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
  static constexpr auto kObservation = names_of_state<kObservations>(kState, 1);
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  // All but x.
  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    for (int i = 0; i < kObservations; ++i) observation[i] = now.x[i + 1];
  }

  // The speed of the centre of mass as a share of 10 m/s.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&)[kActions]) {
    return tolerance<Sigmoid::kLinear>(now.sensed[0],
                                       {.low = kSpeed, .high = kUnbounded, .margin = kSpeed, .value_at_margin = 0});
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>&) {
    return false;
  }

  // Joints anywhere in their ranges, then two seconds of physics to come to rest on the ground. In the first of its 200
  // steps the suite still has the forces of the reference pose, which is in free fall: its joints stay where they were
  // drawn.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    constexpr double kFall = -9.81 * 0.01;  // m/s
    randomize_joints(draw, kState, 0, kStates, x);
    x[1] = T(kFall * 0.01);
    x[10] = T(kFall);
  }

  // Planning cost: squares of what the speed lacks to 10 m/s, of the pitch and of the action.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    T cost = terminal_cost(x);
    for (int i = 0; i < kActions; ++i) cost += T(0.01) * u[i] * u[i];
    return cost;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T lack = T(1 / kSpeed) * x[9] - T(1);
    return lack * lack + T(0.05) * x[2] * x[2];
  }
};

}  // namespace lockstep::envs::cheetah_run
