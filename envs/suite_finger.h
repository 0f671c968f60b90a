// dm_control's finger: what its three tasks share. Values from dm_control 1.0.50, suite/finger.
//   state [proximal, distal, spinner (rad), their speeds], with a target its x, z (m); action: share of the largest
//   torque
#pragma once

#include "envs/random_joints.h"
#include "envs/task.h"

#include <array>

namespace lockstep::envs::suite_finger {

enum class Kind { kSpin, kTurnEasy, kTurnHard };

constexpr Facts facts(const char* name, const char* suite_name, const char* summary, Kind kind) {
  Facts facts{.name = name,
              .suite_name = suite_name,
              .summary = summary,
              .source = "dm_control 1.0.50, suite finger",
              .model = "dm_control/suite/finger.xml",
              .nq = 3,
              .nv = 3,
              .discrete_actions = 0,
              .control_timestep = 0.02,
              .physics_steps = 2,
              .episode_steps = 1000,
              .success_return = 900};
  if (kind == Kind::kSpin) facts.damping = {"hinge", 0.03};
  facts.nheld = kind == Kind::kSpin ? 0 : 2;
  return facts;
}

template <Kind kKind>
struct Variant {
  static constexpr bool kTurns = kKind != Kind::kSpin;
  static constexpr double kSpinSpeed = 15;                                   // rad/s, against the axis
  static constexpr double kRadius = kKind == Kind::kTurnEasy ? 0.07 : 0.03;  // m, of the target
  static constexpr double kAxisX = 0.2, kAxisZ = 0.4, kReach = 0.13;  // m: the spinner's axis, and length of an arm
  static constexpr double kRange = 1.9198621771937625;                // rad
  static constexpr int kStates = kTurns ? 8 : 6, kActions = 2, kObservations = kTurns ? 12 : 9;
  static constexpr int kSensed = 9, kBefore = 0;
  static constexpr SensedField kSensors[] = {{"own", "", "tip", 3},
                                             {"own", "", "spinner", 3},
                                             {"own", "", "touchtop", 1},
                                             {"own", "", "touchbottom", 1},
                                             {"array", "", "ncon", 1}};
  static constexpr StateField kAllStates[8] = {{.name = "proximal", .low = -kRange, .high = kRange},
                                               {.name = "distal", .low = -kRange, .high = kRange},
                                               {.name = "hinge", .is_angle = true},
                                               {.name = "proximal_dot"},
                                               {.name = "distal_dot"},
                                               {.name = "hinge_dot"},
                                               {.name = "target_x"},
                                               {.name = "target_z"}};
  static constexpr std::array<StateField, kStates> kState = [] {
    std::array<StateField, kStates> fields{};
    for (std::size_t i = 0; i < fields.size(); ++i) fields[i] = kAllStates[i];
    return fields;
  }();
  static constexpr ActionField kAction[kActions] = {{"proximal", -1, 1}, {"distal", -1, 1}};
  static constexpr const char* kAllObservations[12] = {"proximal",     "distal",     "tip_x",     "tip_z",
                                                       "proximal_dot", "distal_dot", "hinge_dot", "touch_top",
                                                       "touch_bottom", "target_x",   "target_z",  "distance to target"};
  static constexpr std::array<const char*, kObservations> kObservation = [] {
    std::array<const char*, kObservations> names{};
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = kAllObservations[i];
    return names;
  }();
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  // Distance (m) from the spinner's tip to the target's surface, negative inside it.
  template <class T>
  LS_FN static T distance(const Now<T>& now) {
    const T dx = now.x[6] - now.sensed[0], dz = now.x[7] - now.sensed[2];
    return kernels::square_root(dx * dx + dz * dz) - T(kRadius);
  }

  // Places are seen from the spinner's axis; touch is ln(1 + force (N)).
  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    for (int i = 0; i < 2; ++i) {
      observation[i] = now.x[i];
      observation[2 + i] = now.sensed[2 * i] - now.sensed[3 + 2 * i];
      observation[7 + i] = kernels::logarithm(T(1) + now.sensed[6 + i]);
      if constexpr (kTurns) observation[9 + i] = now.x[6 + i] - now.sensed[3 + 2 * i];
    }
    for (int i = 0; i < 3; ++i) observation[4 + i] = now.x[3 + i];
    if constexpr (kTurns) observation[11] = distance(now);
  }

  // 1 where the spinner turns fast enough, or its tip is in the target.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&)[kActions]) {
    if constexpr (kTurns) {
      return kernels::select(distance(now) <= T(0), T(1), T(0));
    } else {
      return kernels::select(now.x[5] <= T(-kSpinSpeed), T(1), T(0));
    }
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>&) {
    return false;
  }

  // Joints anywhere in their ranges where nothing touches; the target anywhere on the circle of the tip.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    randomize_joints(draw, kAllStates, 0, 6, x);
    if constexpr (kTurns) {
      T s, c;
      kernels::sine_cosine(draw.uniform(6, -3.141592653589793, 3.141592653589793), s, c);
      x[6] = T(kAxisX) + T(kReach) * s;
      x[7] = T(kAxisZ) + T(kReach) * c;
    }
  }
  template <class T>
  LS_FN static kernels::MaskOf<T> accepts(const Now<T>& now) {
    return now.sensed[8] < T(0.5);
  }

  // Planning cost: what the spin lacks, or the squared distance of the tip as a share of its largest; and the action.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    return terminal_cost(x) + T(0.01) * (u[0] * u[0] + u[1] * u[1]);
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    if constexpr (kTurns) {
      T s, c;  // the hinge turns about -y
      kernels::sine_cosine(x[2], s, c);
      const T dx = x[6] - T(kAxisX) + T(kReach) * s, dz = x[7] - T(kAxisZ) - T(kReach) * c;
      return (dx * dx + dz * dz) * T(0.25 / (kReach * kReach)) + T(1e-4) * x[5] * x[5];
    } else {
      const T lack = x[5] * T(1 / kSpinSpeed) + T(1);
      return lack * lack;
    }
  }
};

}  // namespace lockstep::envs::suite_finger
