// dm_control's dog: what its tasks share. Values from dm_control 1.0.50, suite/dog.
//   state qpos [x, y, z (m), quaternion, 73 joints (rad), a ball's x, y, z, quaternion], qvel, 38 filtered controls
//   action: share of each muscle's largest torque
#pragma once

#include "envs/body_axes.h"
#include "envs/hinge_fields.h"
#include "envs/task.h"
#include "envs/tolerance.h"

#include <array>

namespace lockstep::envs::suite_dog {

enum class Kind { kStand, kWalk, kTrot, kRun, kFetch };

constexpr Facts facts(const char* name, const char* suite_name, const char* summary, Kind kind) {
  const bool has_ball = kind == Kind::kFetch;
  return {.name = name,
          .suite_name = suite_name,
          .summary = summary,
          .source = "dm_control 1.0.50, suite dog",
          .model = "dm_control/suite/dog.xml",
          .nq = has_ball ? 87 : 80,
          .nv = has_ball ? 85 : 79,
          .discrete_actions = 0,
          .control_timestep = 0.015,
          .physics_steps = 3,
          .episode_steps = 1000,
          .success_return = has_ball ? 500.0 : 800.0,
          .na = 38};
}

inline constexpr HingeField kHinges[73] = {{"L_1_extend", -24.5, 24.5},
                                           {"L_1_bend", -21, 21},
                                           {"L_2_twist", -16.333, 16.333},
                                           {"L_3_extend", -24.5, 24.5},
                                           {"L_3_bend", -21, 21},
                                           {"L_4_twist", -16.333, 16.333},
                                           {"L_5_extend", -24.5, 24.5},
                                           {"L_5_bend", -21, 21},
                                           {"L_6_twist", -16.333, 16.333},
                                           {"L_7_extend", -24.5, 24.5},
                                           {"L_7_bend", -21, 21},
                                           {"hip_L_supinate", -20, 20},
                                           {"hip_L_abduct", -30, 90},
                                           {"hip_L_extend", -130, 60},
                                           {"knee_L", -120, 10},
                                           {"ankle_L", -100, 20},
                                           {"toe_L", -15, 70},
                                           {"hip_R_supinate", -20, 20},
                                           {"hip_R_abduct", -30, 90},
                                           {"hip_R_extend", -130, 60},
                                           {"knee_R", -120, 10},
                                           {"ankle_R", -100, 20},
                                           {"toe_R", -15, 70},
                                           {"Ca_1_extend", -15, 15},
                                           {"Ca_2_bend", -15, 15},
                                           {"Ca_3_extend", -15, 15},
                                           {"Ca_4_bend", -15, 15},
                                           {"Ca_5_extend", -15, 15},
                                           {"Ca_6_bend", -15, 15},
                                           {"Ca_7_extend", -15, 15},
                                           {"Ca_8_bend", -15, 15},
                                           {"Ca_9_extend", -15, 15},
                                           {"Ca_10_bend", -15, 15},
                                           {"Ca_11_extend", -15, 15},
                                           {"Ca_12_bend", -15, 15},
                                           {"Ca_13_extend", -15, 15},
                                           {"Ca_14_bend", -15, 15},
                                           {"Ca_15_extend", -15, 15},
                                           {"Ca_16_bend", -15, 15},
                                           {"Ca_17_extend", -15, 15},
                                           {"Ca_18_bend", -15, 15},
                                           {"Ca_19_extend", -15, 15},
                                           {"Ca_20_bend", -15, 15},
                                           {"Ca_21_extend", -15, 15},
                                           {"C_7_extend", -17.5, 61.25},
                                           {"C_7_bend", -35, 35},
                                           {"C_6_twist", -23.333, 23.333},
                                           {"C_5_extend", -17.5, 61.25},
                                           {"C_5_bend", -35, 35},
                                           {"C_4_twist", -23.333, 23.333},
                                           {"C_3_extend", -17.5, 61.25},
                                           {"C_3_bend", -35, 35},
                                           {"C_2_twist", -23.333, 23.333},
                                           {"C_1_extend", -17.5, 61.25},
                                           {"C_1_bend", -35, 35},
                                           {"atlas", -15, 30},
                                           {"mandible", -15, 20},
                                           {"scapula_L_supinate", -15, 35},
                                           {"scapula_L_abduct", -15, 20},
                                           {"scapula_L_extend", -30, 30},
                                           {"shoulder_L_supinate", -30, 15},
                                           {"shoulder_L_extend", -40, 60},
                                           {"elbow_L", -100, 30},
                                           {"wrist_L", -110, 10},
                                           {"finger_L", -15, 100},
                                           {"scapula_R_supinate", -15, 35},
                                           {"scapula_R_abduct", -15, 20},
                                           {"scapula_R_extend", -30, 30},
                                           {"shoulder_R_supinate", -30, 15},
                                           {"shoulder_R_extend", -40, 60},
                                           {"elbow_R", -100, 30},
                                           {"wrist_R", -110, 10},
                                           {"finger_R", -15, 100}};
inline constexpr SpeedNames<73> kSpeedNames{kHinges};

template <Kind kKind>
struct Variant {
  static constexpr bool kFetches = kKind == Kind::kFetch;
  static constexpr bool kMoves = kKind == Kind::kWalk || kKind == Kind::kTrot || kKind == Kind::kRun;
  static constexpr double kSpeed = kKind == Kind::kWalk ? 1 : kKind == Kind::kTrot ? 3 : kKind == Kind::kRun ? 9 : 0;
  // Of the first pose: where the root is, how high torso and pelvis stand (m); and the weight (N).
  static constexpr double kRootX = 0.040403, kTorso = 0.41522, kPelvis = 0.4761648999999999;
  static constexpr double kWeight = 100.46366448928629;
  static constexpr double kUpright = 0.8660254037844387;  // cosine of the tilt, 30 degrees, that is upright enough
  static constexpr double kArena = 10, kBite = 0.005, kTarget = 0.1, kBallRadius = 0.05;  // m
  static constexpr int kJoints = 73, kHinge = 7, kBall = 80;
  static constexpr int kSpeeds = kFetches ? 87 : 80, kHingeSpeeds = kSpeeds + 6, kBallSpeeds = kSpeeds + 79;
  static constexpr int kActivations = kSpeeds + (kFetches ? 85 : 79);
  static constexpr int kStates = kActivations + 38, kActions = 38, kObservations = kFetches ? 232 : 223;
  // First numbers in `sensed`: axes of skull, torso and pelvis, the torso's velocity, inertial sensors (acceleration,
  // velocity and spin of the head), forces on the limbs, touch; with a ball the head's place and axes, and the bite's.
  static constexpr int kAxes = 3, kVelocity = 30, kInertial = 33, kForces = 42, kTouch = 54, kHead = 58, kTeeth = 70;
  static constexpr int kSensed = kFetches ? 76 : 58, kBefore = 0;
  static constexpr SensedField kAllSensors[] = {{"framepos", "xbody", "pelvis", 3},
                                                {"framexaxis", "xbody", "skull", 3},
                                                {"frameyaxis", "xbody", "skull", 3},
                                                {"framezaxis", "xbody", "skull", 3},
                                                {"framexaxis", "xbody", "torso", 3},
                                                {"frameyaxis", "xbody", "torso", 3},
                                                {"framezaxis", "xbody", "torso", 3},
                                                {"framexaxis", "xbody", "pelvis", 3},
                                                {"frameyaxis", "xbody", "pelvis", 3},
                                                {"framezaxis", "xbody", "pelvis", 3},
                                                {"own", "", "torso_linvel", 3},
                                                {"own", "", "accelerometer", 3},
                                                {"own", "", "velocimeter", 3},
                                                {"own", "", "gyro", 3},
                                                {"own", "", "foot_L", 3},
                                                {"own", "", "foot_R", 3},
                                                {"own", "", "hand_L", 3},
                                                {"own", "", "hand_R", 3},
                                                {"own", "", "palm_L", 1},
                                                {"own", "", "palm_R", 1},
                                                {"own", "", "sole_L", 1},
                                                {"own", "", "sole_R", 1},
                                                {"framepos", "site", "head", 3},
                                                {"framexaxis", "site", "head", 3},
                                                {"frameyaxis", "site", "head", 3},
                                                {"framezaxis", "site", "head", 3},
                                                {"framepos", "site", "upper_bite", 3},
                                                {"framepos", "site", "lower_bite", 3}};
  static constexpr std::array<SensedField, kFetches ? 28 : 22> kSensors = [] {
    std::array<SensedField, kFetches ? 28 : 22> sensors{};
    for (std::size_t i = 0; i < sensors.size(); ++i) sensors[i] = kAllSensors[i];
    return sensors;
  }();
  static constexpr ActionField kAction[kActions] = {{"lumbar_extend", -1, 1},
                                                    {"lumbar_bend", -1, 1},
                                                    {"lumbar_twist", -1, 1},
                                                    {"cervical_extend", -1, 1},
                                                    {"cervical_bend", -1, 1},
                                                    {"cervical_twist", -1, 1},
                                                    {"caudal_extend", -1, 1},
                                                    {"caudal_bend", -1, 1},
                                                    {"hip_L_supinate", -1, 1},
                                                    {"hip_L_abduct", -1, 1},
                                                    {"hip_L_extend", -1, 1},
                                                    {"knee_L", -1, 1},
                                                    {"ankle_L", -1, 1},
                                                    {"toe_L", -1, 1},
                                                    {"hip_R_supinate", -1, 1},
                                                    {"hip_R_abduct", -1, 1},
                                                    {"hip_R_extend", -1, 1},
                                                    {"knee_R", -1, 1},
                                                    {"ankle_R", -1, 1},
                                                    {"toe_R", -1, 1},
                                                    {"atlas", -1, 1},
                                                    {"mandible", -1, 1},
                                                    {"scapula_L_supinate", -1, 1},
                                                    {"scapula_L_abduct", -1, 1},
                                                    {"scapula_L_extend", -1, 1},
                                                    {"shoulder_L_supinate", -1, 1},
                                                    {"shoulder_L_extend", -1, 1},
                                                    {"elbow_L", -1, 1},
                                                    {"wrist_L", -1, 1},
                                                    {"finger_L", -1, 1},
                                                    {"scapula_R_supinate", -1, 1},
                                                    {"scapula_R_abduct", -1, 1},
                                                    {"scapula_R_extend", -1, 1},
                                                    {"shoulder_R_supinate", -1, 1},
                                                    {"shoulder_R_extend", -1, 1},
                                                    {"elbow_R", -1, 1},
                                                    {"wrist_R", -1, 1},
                                                    {"finger_R", -1, 1}};
  static constexpr std::array<StateField, kStates> kState = [] {
    std::array<StateField, kStates> fields{};
    name_robot(fields, kHinges, kSpeedNames, kSpeeds, kAction, kActivations);
    if constexpr (kFetches) name_ball(fields, kBall, kBallSpeeds);
    return fields;
  }();
  static constexpr std::array<const char*, kObservations> kObservation = [] {
    std::array<const char*, kObservations> names{};
    for (std::size_t i = 0; i < kObservations; ++i) {
      names[i] = i < 146   ? kState[i < 73 ? kHinge + i : kHingeSpeeds + i - 73].name
                 : i < 148 ? "torso_pelvis_height"
                 : i < 157 ? "z_projection"
                 : i < 160 ? "torso_com_velocity"
                 : i < 169 ? "inertial_sensors"
                 : i < 181 ? "foot_forces"
                 : i < 185 ? "touch_sensors"
                 : i < 223 ? kAction[i - 185].name
                 : i < 229 ? "ball_state"
                           : "target_position";
    }
    return names;
  }();
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  // The velocity of the centre of mass along axis k of the torso.
  template <class T>
  LS_FN static T velocity(const Now<T>& now, int k) {
    return component_along(now.sensed + kAxes + 9, now.sensed + kVelocity, k);
  }
  // How far the ball is from the place at `place` (m).
  template <class T>
  LS_FN static T distance_of_ball(const Now<T>& now, const T* place) {
    T square = T(0);
    for (int i = 0; i < 3; ++i) square += (now.x[kBall + i] - place[i]) * (now.x[kBall + i] - place[i]);
    return kernels::square_root(square);
  }

  // Joints and their speeds, heights, tilts, velocity, inertial sensors, forces (N), filtered controls. With a ball:
  // its place and velocity and the target, as seen from the head.
  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    for (int i = 0; i < kJoints; ++i) {
      observation[i] = now.x[kHinge + i];
      observation[73 + i] = now.x[kHingeSpeeds + i];
    }
    observation[146] = now.x[2];
    observation[147] = now.sensed[2];
    for (int i = 0; i < 9; ++i) observation[148 + i] = now.sensed[kAxes + 3 * i + 2];
    for (int k = 0; k < 3; ++k) observation[157 + k] = velocity(now, k);
    for (int i = 0; i < 25; ++i) observation[160 + i] = now.sensed[kInertial + i];
    for (int i = 0; i < kActions; ++i) observation[185 + i] = now.x[kActivations + i];
    if constexpr (kFetches) {
      T to_ball[3], to_target[3];
      for (int i = 0; i < 3; ++i) {
        to_ball[i] = now.x[kBall + i] - now.sensed[kHead + i];
        to_target[i] = -now.sensed[kHead + i];
      }
      const T* const axes = now.sensed + kHead + 3;
      for (int k = 0; k < 3; ++k) {
        observation[223 + k] = component_along(axes, to_ball, k);
        observation[226 + k] = component_along(axes, now.x + kBallSpeeds, k) - now.sensed[kInertial + 3 + k];
        observation[229 + k] = component_along(axes, to_target, k);
      }
    }
  }

  // Torso and pelvis at nine tenths of their first height, all upright, the weight on the paws, multiplied; times the
  // speed ahead, or the ball in the mouth and near the target.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&)[kActions]) {
    constexpr double kLow = 0.9 * kTorso, kLowPelvis = 0.9 * kPelvis;
    T standing = tolerance(now.x[2], {.low = kLow, .high = kUnbounded, .margin = kLow}) *
                 tolerance(now.sensed[2], {.low = kLowPelvis, .high = kUnbounded, .margin = kLowPelvis});
    for (int body = 0; body < 3; ++body) {
      standing = standing * tolerance<Sigmoid::kLinear>(
                                now.sensed[kAxes + 9 * body + 8],
                                {.low = kUpright, .high = kUnbounded, .margin = 1 + kUpright, .value_at_margin = 0});
    }
    T touch = T(0);
    for (int i = 0; i < 4; ++i) touch += now.sensed[kTouch + i];
    standing = standing * tolerance<Sigmoid::kLinear>(
                              touch, {.low = kWeight, .high = kUnbounded, .margin = kWeight, .value_at_margin = 0.9});
    if constexpr (kMoves) {
      const T ahead = tolerance<Sigmoid::kLinear>(
          velocity(now, 0), {.low = kSpeed, .high = 2 * kSpeed, .margin = kSpeed, .value_at_margin = 0});
      return standing * (T(4) * ahead + T(1)) * T(0.2);
    } else if constexpr (kFetches) {
      return standing * fetching(now);
    } else {
      return standing;
    }
  }
  template <class T>
  LS_FN static T fetching(const Now<T>& now) {
    const T middle[3] = {T(0), T(0), T(0)};
    const T to_target = distance_of_ball(now, middle);
    const T to_mouth =
        T(0.5) * (distance_of_ball(now, now.sensed + kTeeth) + distance_of_ball(now, now.sensed + kTeeth + 3));
    const T bite = tolerance<Sigmoid::kReciprocal>(to_mouth, {.high = kBite, .margin = 2});
    const T near = tolerance<Sigmoid::kReciprocal>(to_target, {.high = kTarget, .margin = kArena});
    // Who has brought the ball may let go of it.
    const T reach = kernels::select(to_target < T(2 * kTarget), T(1), (T(6) * bite + T(1)) * T(1.0 / 7));
    return reach * (near + T(1)) * T(0.5);
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>&) {
    return false;
  }

  // In the first pose, turned anyhow about the vertical, pushed and turning, with muscles anyhow. The ball flies in
  // from three quarters of the arena, more or less towards the middle.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    using kernels::sine_cosine, kernels::square_root;
    constexpr double kHalfTurn = 3.141592653589793;
    for (int i = 0; i < kStates; ++i) x[i] = T(0);
    x[0] = T(kRootX);
    x[2] = T(kTorso);
    sine_cosine(draw.uniform(0, 0, kHalfTurn), x[6], x[3]);
    x[kSpeeds] = draw.normal(2, 0, 2);
    x[kSpeeds + 1] = draw.normal(3, 0, 2);
    x[kSpeeds + 5] = draw.normal(4, 0, 2);
    for (std::uint32_t i = 0; i < kActions; ++i) x[kActivations + i] = draw.uniform(6 + i, -1, 1);
    if constexpr (kFetches) {
      T s, c;
      sine_cosine(draw.uniform(44, 0, 2 * kHalfTurn), s, c);
      x[kBall] = T(0.75 * kArena) * s;
      x[kBall + 1] = T(0.75 * kArena) * c;
      x[kBall + 2] = T(kBallRadius);
      x[kBall + 3] = T(1);
      const T speed = draw.uniform(45, 0, 5);
      x[kBallSpeeds] = speed * (draw.normal(48, 0, 0.05) - s);
      x[kBallSpeeds + 1] = speed * (draw.normal(49, 0, 0.05) - c);
      x[kBallSpeeds + 2] = square_root(T(2 * 9.81) * draw.uniform(46, 0, 3));
    }
  }

  // Planning cost: what the torso's height and its speed ahead lack, the tilt, the action, the squared distance of the
  // ball from the torso and from the target (m^2).
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    T cost = terminal_cost(x);
    for (int i = 0; i < kActions; ++i) cost += T(0.01) * u[i] * u[i];
    return cost;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T* const q = x + 3;
    const T low = x[2] - T(kTorso);
    T cost = T(20) * low * low + T(2) * (q[1] * q[1] + q[2] * q[2]);
    if constexpr (kFetches) {
      const T dx = x[kBall] - x[0], dy = x[kBall + 1] - x[1];
      cost += T(0.02) * (dx * dx + dy * dy) + T(0.02) * (x[kBall] * x[kBall] + x[kBall + 1] * x[kBall + 1]);
    } else {
      const T ahead = x[kSpeeds] * (T(1) - T(2) * (q[2] * q[2] + q[3] * q[3])) +
                      x[kSpeeds + 1] * T(2) * (q[1] * q[2] + q[0] * q[3]);
      const T lack = ahead - T(kSpeed);
      cost += T(0.5 / (kMoves ? kSpeed * kSpeed : 1)) * lack * lack;
    }
    return cost;
  }
};

}  // namespace lockstep::envs::suite_dog
