// dm_control's stacker: what its two tasks share. Values from dm_control 1.0.50, suite/stacker.
//   state [arm (envs/planar_arm.h), of each box x, z (m), angle (rad)], their speeds, target x, z (m)
#pragma once

#include "envs/planar_arm.h"
#include "envs/tolerance.h"

#include <array>

namespace lockstep::envs::suite_stacker {

constexpr Facts facts(const char* name, const char* suite_name, const char* summary, int boxes) {
  return {.name = name,
          .suite_name = suite_name,
          .summary = summary,
          .source = "dm_control 1.0.50, suite stacker",
          .model = "dm_control/suite/stacker.xml",
          .nq = 8 + 3 * boxes,
          .nv = 8 + 3 * boxes,
          .discrete_actions = 0,
          .control_timestep = 0.01,
          .physics_steps = 10,
          .episode_steps = 1000,
          .success_return = 500,
          .nheld = 2};
}

inline constexpr const char* kPlaces[12] = {"box0_x", "box0_z", "box0_angle", "box1_x", "box1_z", "box1_angle",
                                            "box2_x", "box2_z", "box2_angle", "box3_x", "box3_z", "box3_angle"};
inline constexpr const char* kRates[12] = {"box0_x_dot", "box0_z_dot", "box0_spin",  "box1_x_dot",
                                           "box1_z_dot", "box1_spin",  "box2_x_dot", "box2_z_dot",
                                           "box2_spin",  "box3_x_dot", "box3_z_dot", "box3_spin"};

template <int kBoxes>
struct Variant {
  static constexpr double kHalfBox = 0.022, kFar = 0.1, kClose = 0.01;  // m
  static constexpr int kPlace = 8, kSpeeds = 8 + 3 * kBoxes, kTarget = 2 * kSpeeds;
  static constexpr int kStates = kTarget + 2, kActions = planar_arm::kActions;
  static constexpr int kObservations = 33 + 7 * kBoxes + 2, kSensed = planar_arm::kSensed, kBefore = 0;
  static constexpr auto& kSensors = planar_arm::kSensors;
  static constexpr std::array<StateField, kStates> kState = [] {
    std::array<StateField, kStates> fields{};
    planar_arm::name_arm(fields, kSpeeds);
    for (std::size_t i = 0; i < 3 * kBoxes; ++i) {
      fields[kPlace + i] = {.name = kPlaces[i], .is_angle = i % 3 == 2};
      fields[kSpeeds + kPlace + i].name = kRates[i];
    }
    fields[kTarget].name = "target_x";
    fields[kTarget + 1].name = "target_z";
    return fields;
  }();
  static constexpr auto& kAction = planar_arm::kAction;
  static constexpr std::array<const char*, kObservations> kObservation = [] {
    std::array<const char*, kObservations> names{};
    for (std::size_t i = 0; i < kObservations; ++i) {
      names[i] = i < 33                ? planar_arm::kObservation[i]
                 : i < 33 + 4 * kBoxes ? "box_pos"
                 : i < 33 + 7 * kBoxes ? "box_vel"
                                       : "target_pos";
    }
    return names;
  }();
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    planar_arm::observe(now.x, now.x + kSpeeds, now.sensed, observation);
    for (int box = 0; box < kBoxes; ++box) {
      planar_arm::observe_object(now.x + kPlace + 3 * box, observation + 33 + 4 * box);
    }
    constexpr int kOrder[3] = {0, 2, 1};  // the suite lists x, angle, z
    for (int i = 0; i < 3 * kBoxes; ++i) {
      observation[33 + 4 * kBoxes + i] = now.x[kSpeeds + kPlace + i / 3 * 3 + kOrder[i % 3]];
    }
    for (int i = 0; i < 2; ++i) observation[33 + 7 * kBoxes + i] = now.x[kTarget + i];
  }

  // The nearest box at the target, times the hand away from it.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&)[kActions]) {
    using planar_arm::distance, planar_arm::kBehind;
    const T target[2] = {now.x[kTarget], now.x[kTarget + 1]};
    T nearest = T(0);
    for (int i = 0; i < kBoxes; ++i) {
      const T box[2] = {now.x[kPlace + 3 * i], now.x[kPlace + 3 * i + 1]};
      const T left = distance(box, target, kBehind);
      nearest = i == 0 ? left : kernels::minimum(nearest, left);
    }
    T grasp[2];
    planar_arm::place_in_hand(planar_arm::hand(now.x), planar_arm::kGrasp, grasp);
    return tolerance(nearest, {.margin = 2 * kHalfBox}) *
           tolerance(distance(grasp, target, kBehind), {.low = kFar, .high = kUnbounded, .margin = kClose});
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>&) {
    return false;
  }

  // Boxes anywhere on the right, the target at the height of one of a stack; drawn again until nothing touches.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    for (int i = 0; i < kStates; ++i) x[i] = T(0);
    planar_arm::draw_arm(draw, x);
    const T below = kernels::floor(draw.uniform(8, 0, kBoxes));
    x[kTarget] = draw.uniform(9, -0.37, 0.37);
    x[kTarget + 1] = T(kHalfBox) * (T(2) * below + T(1));
    for (std::uint32_t box = 0; box < kBoxes; ++box) {
      T* const place = x + kPlace + 3 * box;
      place[0] = draw.uniform(10 + 3 * box, 0.1, 0.3);
      place[1] = draw.uniform(11 + 3 * box, 0, 0.7);
      place[2] = draw.uniform(12 + 3 * box, 0, 6.283185307179586);
    }
  }
  template <class T>
  LS_FN static kernels::MaskOf<T> accepts(const Now<T>& now) {
    return planar_arm::is_apart(now.sensed);
  }

  // Planning cost: squared distances (per 0.01 m^2) of the first box from the target and of the hand's grasp from it;
  // and the action.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    T cost = terminal_cost(x);
    for (int i = 0; i < kActions; ++i) cost += T(0.01) * u[i] * u[i];
    return cost;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    return planar_arm::bringing_cost(x, x + kPlace, x[kTarget], x[kTarget + 1]);
  }
};

}  // namespace lockstep::envs::suite_stacker
