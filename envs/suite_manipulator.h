// dm_control's manipulator: what its tasks share. Values from dm_control 1.0.50, suite/manipulator.
//   state [arm (envs/planar_arm.h), object x, z (m), angle (rad)], their speeds, target x, z (m), its quaternion's w,
//   y; or the pose of what it is put into, which stands there: x, y, z (m), quaternion
#pragma once

#include "envs/planar_arm.h"
#include "envs/tolerance.h"

#include <array>

namespace lockstep::envs::suite_manipulator {

enum class Object { kBall, kPeg };

constexpr Facts facts(const char* name, const char* suite_name, const char* summary, bool inserts) {
  return {.name = name,
          .suite_name = suite_name,
          .summary = summary,
          .source = "dm_control 1.0.50, suite manipulator",
          .model = "dm_control/suite/manipulator.xml",
          .nq = 11,
          .nv = 11,
          .discrete_actions = 0,
          .control_timestep = 0.01,
          .physics_steps = 10,
          .episode_steps = 1000,
          .success_return = 700,
          .nheld = inserts ? 7 : 4};
}

// kInserts: into a cup or a slot that stands where the target is.
template <Object kObject, bool kInserts>
struct Variant {
  static constexpr bool kIsPeg = kObject == Object::kPeg;
  static constexpr double kClose = 0.01;  // m
  // Places of the peg on its axis (m): its middle, where it is pinched, its tip; it is grasped at 0.
  static constexpr double kMiddle = -0.063, kPinched = -0.025, kTip = -0.113;
  static constexpr double kInHand = 0.1, kInTarget = 0.2;  // shares of starts: the first, and both together
  static constexpr int kPlace = 8, kSpeeds = 11, kThrow = 19, kTarget = 22;  // first numbers in the state
  // Where the target's x, z and its quaternion's w, y are.
  static constexpr int kGoal[4] = {kTarget, kTarget + (kInserts ? 2 : 1), kTarget + (kInserts ? 3 : 2),
                                   kTarget + (kInserts ? 5 : 3)};
  static constexpr int kStates = kTarget + (kInserts ? 7 : 4), kActions = planar_arm::kActions, kObservations = 44,
                       kSensed = planar_arm::kSensed, kBefore = 0;
  static constexpr auto& kSensors = planar_arm::kSensors;
  static constexpr std::array<StateField, kStates> kState = [] {
    std::array<StateField, kStates> fields{};
    planar_arm::name_arm(fields, kSpeeds);
    constexpr const char *kNames[] = {"object_x", "object_z"}, *kRates[] = {"object_x_dot", "object_z_dot"};
    for (std::size_t i = 0; i < 2; ++i) {
      fields[kPlace + i].name = kNames[i];
      fields[kThrow + i].name = kRates[i];
    }
    fields[kPlace + 2] = {.name = "object_angle", .is_angle = true};
    fields[kThrow + 2].name = "object_spin";
    if constexpr (kInserts) {
      fields[kTarget + 1].name = "target_y";
      fields[kTarget + 4].name = "target_qx";
      fields[kTarget + 6].name = "target_qz";
    }
    constexpr const char* kTargets[] = {"target_x", "target_z", "target_qw", "target_qy"};
    for (std::size_t i = 0; i < 4; ++i) fields[static_cast<std::size_t>(kGoal[i])].name = kTargets[i];
    return fields;
  }();
  static constexpr auto& kAction = planar_arm::kAction;
  static constexpr std::array<const char*, kObservations> kObservation = [] {
    constexpr const char* kRest[] = {"object_x",     "object_z",     "object_qw",   "object_qy",
                                     "object_x_dot", "object_z_dot", "object_spin", "target_x",
                                     "target_z",     "target_qw",    "target_qy"};
    std::array<const char*, kObservations> names{};
    for (std::size_t i = 0; i < kObservations; ++i) names[i] = i < 33 ? planar_arm::kObservation[i] : kRest[i - 33];
    return names;
  }();
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    planar_arm::observe(now.x, now.x + kSpeeds, now.sensed, observation);
    planar_arm::observe_object(now.x + kPlace, observation + 33);
    for (int i = 0; i < 3; ++i) observation[37 + i] = now.x[kThrow + i];
    for (int i = 0; i < 4; ++i) observation[40 + i] = now.x[kGoal[i]];
  }

  // Places on the axis of the peg or of its target, `along` (m) from its origin. s, c: sine and cosine of its angle.
  template <class T>
  LS_FN static void on_axis(const T (&origin)[2], T s, T c, double along, T (&place)[2]) {
    place[0] = origin[0] + T(along) * s;
    place[1] = origin[1] + T(along) * c;
  }
  template <class T>
  LS_FN static T is_close(T distance) {
    return tolerance(distance, {.high = kClose, .margin = 2 * kClose});
  }
  // How near the ball is to its target; or the better of the peg at its target, and a third of the peg in the hand.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&)[kActions]) {
    using planar_arm::distance, planar_arm::kBehind;
    const T object[2] = {now.x[kPlace], now.x[kPlace + 1]}, target[2] = {now.x[kGoal[0]], now.x[kGoal[1]]};
    if constexpr (kIsPeg) {
      const T half_c = now.x[kGoal[2]], half_s = now.x[kGoal[3]];
      const T target_s = T(2) * half_c * half_s, target_c = T(1) - T(2) * half_s * half_s;
      T s, c;
      kernels::sine_cosine(now.x[kPlace + 2], s, c);
      const auto gap = [&](double along) {
        T peg[2], goal[2];
        on_axis(object, s, c, along, peg);
        on_axis(target, target_s, target_c, along, goal);
        return is_close(distance(peg, goal, kBehind));
      };
      const auto held = [&](double along, double out) {
        T peg[2], place[2];
        on_axis(object, s, c, along, peg);
        planar_arm::place_in_hand(planar_arm::hand(now.x), out, place);
        return is_close(distance(peg, place, 0));
      };
      const T bringing = T(0.5) * (gap(kMiddle) + gap(kTip));
      const T grasping = T(0.5) * (held(0, planar_arm::kGrasp) + held(kPinched, planar_arm::kPinch));
      return kernels::maximum(bringing, T(1.0 / 3) * grasping);
    } else {
      return is_close(distance(object, target, kBehind));
    }
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>&) {
    return false;
  }

  // The object in the hand, in the target, or thrown from anywhere; drawn again until nothing touches. The speed is
  // that of the last throw: the suite leaves it standing where a later draw of the episode throws no more.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    using kernels::select;
    constexpr double kHalfTurn = 3.141592653589793, kTilt = kInserts ? kHalfTurn / 3 : kHalfTurn;
    for (int i = 0; i < kStates; ++i) x[i] = T(0);
    planar_arm::draw_arm(draw, x);
    x[kGoal[0]] = draw.uniform(8, -0.4, 0.4);
    x[kGoal[1]] = draw.uniform(9, 0.1, 0.4);
    const T angle = draw.uniform(10, -kTilt, kTilt);
    kernels::sine_cosine(T(0.5) * angle, x[kGoal[3]], x[kGoal[2]]);

    const auto h = planar_arm::hand(x);
    T grasp[2];
    planar_arm::place_in_hand(h, planar_arm::kGrasp, grasp);
    const T in_hand[3] = {grasp[0], grasp[1], T(kHalfTurn) - kernels::arctangent2(h.s, h.c)};
    const T in_target[3] = {x[kGoal[0]], x[kGoal[1]], angle};
    const T thrown[3] = {draw.uniform(12, -0.5, 0.5), draw.uniform(13, 0, 0.7), draw.uniform(14, 0, 2 * kHalfTurn)};
    const T kind = draw.uniform(11, 0, 1);
    for (int i = 0; i < 3; ++i) {
      x[kPlace + i] = select(kind < T(kInHand), in_hand[i], select(kind < T(kInTarget), in_target[i], thrown[i]));
    }
    ResetDraw<T> past = draw;
    for (past.attempt = 0; past.attempt <= draw.attempt; ++past.attempt) {
      x[kThrow] = select(past.uniform(11, 0, 1) < T(kInTarget), x[kThrow], past.uniform(15, -5, 5));
    }
  }
  template <class T>
  LS_FN static kernels::MaskOf<T> accepts(const Now<T>& now) {
    return planar_arm::is_apart(now.sensed);
  }

  // Planning cost: squared distances (per 0.01 m^2) of the object from the target and of the hand's grasp from it; and
  // the action.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    T cost = terminal_cost(x);
    for (int i = 0; i < kActions; ++i) cost += T(0.01) * u[i] * u[i];
    return cost;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    return planar_arm::bringing_cost(x, x + kPlace, x[kGoal[0]], x[kGoal[1]]);
  }
};

}  // namespace lockstep::envs::suite_manipulator
