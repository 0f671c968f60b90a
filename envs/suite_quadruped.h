// dm_control's quadruped: what its tasks share. Values from dm_control 1.0.50, suite/quadruped.
//   state qpos [x, y, z (m), quaternion, 16 joints (rad), a ball's x, y, z, quaternion], qvel, 12 filtered controls
//   action: angle of each leg's yaw, and lengths of the tendons that lift and extend it (rad)
#pragma once

#include "envs/body_axes.h"
#include "envs/hinge_fields.h"
#include "envs/random_joints.h"
#include "envs/task.h"
#include "envs/tolerance.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace lockstep::envs::suite_quadruped {

enum class Kind { kWalk, kRun, kEscape, kFetch };

constexpr Facts facts(const char* name, const char* suite_name, const char* summary, Kind kind) {
  const bool has_ball = kind == Kind::kFetch;
  return {.name = name,
          .suite_name = suite_name,
          .summary = summary,
          .source = "dm_control 1.0.50, suite quadruped",
          .model = "dm_control/suite/quadruped.xml",
          .nq = has_ball ? 30 : 23,
          .nv = has_ball ? 28 : 22,
          .discrete_actions = 0,
          .control_timestep = 0.02,
          .physics_steps = 4,
          .episode_steps = 1000,
          .success_return = has_ball ? 700.0 : 900.0,
          .na = 12,
          .terrain = kind == Kind::kEscape ? Terrain::kBowl : Terrain::kOfModel};
}

inline constexpr HingeField kHinges[16] = {
    {"yaw_front_left", -50, 50},   {"pitch_front_left", -20, 60},  {"knee_front_left", -60, 50},
    {"ankle_front_left", -45, 55}, {"yaw_front_right", -50, 50},   {"pitch_front_right", -20, 60},
    {"knee_front_right", -60, 50}, {"ankle_front_right", -45, 55}, {"yaw_back_right", -50, 50},
    {"pitch_back_right", -20, 60}, {"knee_back_right", -60, 50},   {"ankle_back_right", -45, 55},
    {"yaw_back_left", -50, 50},    {"pitch_back_left", -20, 60},   {"knee_back_left", -60, 50},
    {"ankle_back_left", -45, 55}};
inline constexpr SpeedNames<16> kSpeedNames{kHinges};

// How far the body reaches below its middle (m), joints at 0. down: the world's -z axis in the body's frame.
template <class T>
LS_FN T reach_below(const T (&down)[3]) {
  using kernels::maximum, kernels::square_root;
  const auto length = [](T a, T b, T c) { return square_root(a * a + b * b + c * c); };
  T reach = length(T(0.3) * down[0], T(0.27) * down[1], T(0.2) * down[2]);  // the torso's ellipsoid
  // A leg's capsules end at these places of its plane (m): hip, knee, ankle, foot; a ball is the toe.
  constexpr double kOut[] = {0, 0.3, 0.3, 0.55, 0.55, 0.55, 0.55}, kUp[] = {0, 0.11, 0.11, -0.14, -0.14, -0.39, -0.44};
  constexpr double kRadius[] = {0.08, 0.08, 0.065, 0.065, 0.055, 0.055, 0.08}, kHip = 0.2,
                   kDiagonal = 0.7071067811865476;
  for (int leg = 0; leg < 4; ++leg) {
    const T outwards = (leg < 2 ? down[0] : -down[0]) + (leg % 2 == 0 ? down[1] : -down[1]);
    for (int i = 0; i < 7; ++i) {
      reach = maximum(reach, T(kHip + kDiagonal * kOut[i]) * outwards + T(kUp[i]) * down[2] + T(kRadius[i]));
    }
  }
  // Eyes: cylinders of radius 5 cm, 21 cm ahead and 4 cm down from end to end.
  constexpr double kAxisX = 0.9823385664224746, kAxisZ = -0.1871121078899952;
  const T along = T(kAxisX) * down[0] + T(kAxisZ) * down[2];
  const T rim = T(0.05) * square_root(maximum(T(1) - along * along, T(0)));
  for (int side = -1; side <= 1; side += 2) {
    const T sideways = T(0.07 * side) * down[1] + rim;
    reach = maximum(reach, T(0.1) * down[0] + T(0.12) * down[2] + sideways);
    reach = maximum(reach, T(0.31) * down[0] + T(0.08) * down[2] + sideways);
  }
  return reach;
}

inline constexpr const char* kRayNames[20] = {"rf_00", "rf_01", "rf_02", "rf_03", "rf_04", "rf_10", "rf_11",
                                              "rf_12", "rf_13", "rf_14", "rf_20", "rf_21", "rf_22", "rf_23",
                                              "rf_24", "rf_30", "rf_31", "rf_32", "rf_33", "rf_34"};

template <Kind kKind>
struct Variant {
  static constexpr bool kFetches = kKind == Kind::kFetch, kEscapes = kKind == Kind::kEscape;
  static constexpr double kSpeed = kKind == Kind::kRun ? 5 : 0.5;  // m/s to walk or run at
  static constexpr double kArena = 15;                             // m, from the middle to a wall
  static constexpr double kReach = 0.45, kTarget = 0.4;  // m: radii of workspace and ball together, and of the target
  static constexpr double kRim = 30;                     // m, from the middle of the bowl
  static constexpr double kUpright = kEscapes ? 0.9396926207859084 : 1;  // of the torso's z axis: cos 20 degrees
  static constexpr int kHinge = 7, kBall = 23, kSpeeds = kFetches ? 30 : 23, kHingeSpeeds = kSpeeds + 6;
  static constexpr int kBallSpeeds = kSpeeds + 22, kActivations = kFetches ? 58 : 45;
  static constexpr int kStates = kActivations + 12, kActions = 12, kObservations = kFetches ? 90 : kEscapes ? 101 : 78;
  static constexpr int kMotion = 3, kLoads = 9, kAxes = 33, kWorkspace = 42;  // first numbers in `sensed`
  static constexpr int kRays = 45, kContacts = 65;                            // of the bowl alone
  static constexpr int kSensed = kEscapes ? 66 : 45, kBefore = 0;
  static constexpr SensedField kOnFlatGround[] = {{"own", "", "velocimeter", 3},
                                                  {"own", "", "imu_accel", 3},
                                                  {"own", "", "imu_gyro", 3},
                                                  {"own", "", "force_toe_front_left", 3},
                                                  {"own", "", "force_toe_front_right", 3},
                                                  {"own", "", "force_toe_back_right", 3},
                                                  {"own", "", "force_toe_back_left", 3},
                                                  {"own", "", "torque_toe_front_left", 3},
                                                  {"own", "", "torque_toe_front_right", 3},
                                                  {"own", "", "torque_toe_back_right", 3},
                                                  {"own", "", "torque_toe_back_left", 3},
                                                  {"framexaxis", "xbody", "torso", 3},
                                                  {"frameyaxis", "xbody", "torso", 3},
                                                  {"framezaxis", "xbody", "torso", 3},
                                                  {"framepos", "site", "workspace", 3}};
  static constexpr std::size_t kFlatSensors = std::size(kOnFlatGround);
  static constexpr std::array<SensedField, kFlatSensors + (kEscapes ? 21 : 0)> kSensors = [] {
    std::array<SensedField, kFlatSensors + (kEscapes ? 21 : 0)> fields{};
    std::copy(std::begin(kOnFlatGround), std::end(kOnFlatGround), fields.begin());
    if constexpr (kEscapes) {
      for (std::size_t ray = 0; ray < 20; ++ray) fields[kFlatSensors + ray] = {"own", "", kRayNames[ray], 1};
      fields[kFlatSensors + 20] = {"array", "", "ncon", 1};
    }
    return fields;
  }();
  static constexpr ActionField kAction[kActions] = {
      {"yaw_front_left", -1, 1},  {"lift_front_left", -1, 1.1},  {"extend_front_left", -0.8, 0.8},
      {"yaw_front_right", -1, 1}, {"lift_front_right", -1, 1.1}, {"extend_front_right", -0.8, 0.8},
      {"yaw_back_right", -1, 1},  {"lift_back_right", -1, 1.1},  {"extend_back_right", -0.8, 0.8},
      {"yaw_back_left", -1, 1},   {"lift_back_left", -1, 1.1},   {"extend_back_left", -0.8, 0.8}};
  static constexpr std::array<StateField, kStates> kState = [] {
    std::array<StateField, kStates> fields{};
    name_robot(fields, kHinges, kSpeedNames, kSpeeds, kAction, kActivations);
    if constexpr (kFetches) name_ball(fields, kBall, kBallSpeeds);
    return fields;
  }();
  static constexpr std::array<const char*, kObservations> kObservation = [] {
    std::array<const char*, kObservations> names{};
    for (std::size_t i = 0; i < kObservations; ++i) {
      names[i] = i < 32     ? kState[i < 16 ? kHinge + i : kHingeSpeeds + i - 16].name
                 : i < 44   ? kAction[i - 32].name
                 : i < 47   ? "torso_velocity"
                 : i < 48   ? "torso_upright"
                 : i < 54   ? "imu"
                 : i < 78   ? "force_torque"
                 : kEscapes ? (i < 81 ? "origin" : "rangefinder")
                 : i < 87   ? "ball_state"
                            : "target_position";
    }
    return names;
  }();
  static constexpr bool kRewardsStateBefore = false;
  template <class T>
  using Now = Scene<T, kStates, kSensed, kBefore>;

  // arsinh
  template <class T>
  LS_FN static T compressed(T x) {
    const T size = kernels::absolute(x);
    return kernels::copy_sign(kernels::logarithm(size + kernels::square_root(size * size + T(1))), x);
  }
  // The horizontal length of (x, y), m.
  template <class T>
  LS_FN static T length(T x, T y) {
    return kernels::square_root(x * x + y * y);
  }

  // Joints, speeds, filtered controls; the torso's speed, tilt, acceleration and spin; arsinh of forces (N) and torques
  // (N m) at the toes. With a ball: how it lies, moves and spins, and the target, as seen from the torso. In the bowl:
  // its middle as seen from the torso, and tanh of what rangefinders read (m), 1 where they see nothing.
  template <class T>
  LS_FN static void observe(const Now<T>& now, T (&observation)[kObservations]) {
    for (int i = 0; i < 16; ++i) {
      observation[i] = now.x[kHinge + i];
      observation[16 + i] = now.x[kHingeSpeeds + i];
    }
    for (int i = 0; i < 12; ++i) observation[32 + i] = now.x[kActivations + i];
    for (int i = 0; i < 3; ++i) observation[44 + i] = now.sensed[i];
    observation[47] = now.sensed[kAxes + 8];
    for (int i = 0; i < 6; ++i) observation[48 + i] = now.sensed[kMotion + i];
    for (int i = 0; i < 24; ++i) observation[54 + i] = compressed(now.sensed[kLoads + i]);
    if constexpr (kEscapes) {
      const T middle[3] = {-now.x[0], -now.x[1], -now.x[2]};
      for (int k = 0; k < 3; ++k) observation[78 + k] = component_along(now.sensed + kAxes, middle, k);
      for (int ray = 0; ray < 20; ++ray) {
        const T distance = now.sensed[kRays + ray];
        observation[81 + ray] = kernels::select(distance < T(0), T(1), kernels::hyperbolic_tangent(distance));
      }
    }
    if constexpr (kFetches) {
      T place[3], speed[3], spin[3], target[3];
      for (int i = 0; i < 3; ++i) {
        place[i] = now.x[kBall + i] - now.x[i];
        speed[i] = now.x[kBallSpeeds + i] - now.x[kSpeeds + i];
        spin[i] = now.x[kBallSpeeds + 3 + i];
        target[i] = T(i == 2 ? 0.05 : 0) - now.x[i];
      }
      const T* const axes = now.sensed + kAxes;
      for (int k = 0; k < 3; ++k) {
        observation[78 + k] = component_along(axes, place, k);
        observation[81 + k] = component_along(axes, speed, k);
        observation[84 + k] = component_along(axes, spin, k);
        observation[87 + k] = component_along(axes, target, k);
      }
    }
  }

  // Upright, times the speed ahead; or the distance from the middle of the bowl; or the ball in reach, twice as much at
  // the target.
  template <class T>
  LS_FN static T reward(const Now<T>& now, const T (&)[kActions]) {
    const T upright = tolerance<Sigmoid::kLinear>(
        now.sensed[kAxes + 8], {.low = kUpright, .high = kUnbounded, .margin = 1 + kUpright, .value_at_margin = 0});
    if constexpr (kEscapes) {
      const T* const at = now.sensed + kWorkspace;
      const T distance = kernels::square_root(at[0] * at[0] + at[1] * at[1] + at[2] * at[2]);
      return upright * tolerance<Sigmoid::kLinear>(
                           distance, {.low = kRim, .high = kUnbounded, .margin = kRim, .value_at_margin = 0});
    } else if constexpr (kFetches) {
      constexpr double kFar = kArena * 1.4142135623730951;
      const T* const ball = now.x + kBall;
      const T from_reach = length(now.sensed[kWorkspace] - ball[0], now.sensed[kWorkspace + 1] - ball[1]);
      const T reach = tolerance<Sigmoid::kLinear>(from_reach, {.high = kReach, .margin = kFar, .value_at_margin = 0});
      const T fetch = tolerance<Sigmoid::kLinear>(length(ball[0], ball[1]),
                                                  {.high = kTarget, .margin = kFar, .value_at_margin = 0});
      return upright * reach * (T(0.5) + T(0.5) * fetch);
    } else {
      return upright *
             tolerance<Sigmoid::kLinear>(now.sensed[0],
                                         {.low = kSpeed, .high = kUnbounded, .margin = kSpeed, .value_at_margin = 0.5});
    }
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const Now<T>&) {
    return false;
  }

  // Turned anyhow, in the lowest of heights 1 cm apart in which nothing touches: on flat ground that is known, and in
  // the bowl every attempt is one higher. With a ball: upright, anywhere, and the ball thrown from anywhere, 2 m high.
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    for (int i = 0; i < kStates; ++i) x[i] = T(0);
    if constexpr (kFetches) {
      constexpr double kSpawn = 0.9 * kArena, kHalfTurn = 3.141592653589793;
      kernels::sine_cosine(draw.uniform(0, 0, kHalfTurn), x[6], x[3]);
      for (std::uint32_t i = 0; i < 2; ++i) {
        x[i] = draw.uniform(1 + i, -kSpawn, kSpawn);
        x[kBall + i] = draw.uniform(3 + i, -kSpawn, kSpawn);
        x[kBallSpeeds + i] = draw.normal(6 + i, 0, 5);
      }
      x[2] = T(0.5200000000000002);  // what the suite's 52 additions of 1 cm come to
      x[kBall + 2] = T(2);
      x[kBall + 3] = T(1);
    } else {
      ResetDraw<T> turn = draw;
      turn.attempt = 0;
      for (std::uint32_t i = 0; i < 4; ++i) x[3 + i] = turn.normal(i, 0, 1);
      normalize_quaternion(x + 3);
      const T down[3] = {T(2) * (x[3] * x[5] - x[4] * x[6]), T(-2) * (x[5] * x[6] + x[3] * x[4]),
                         T(2) * (x[4] * x[4] + x[5] * x[5]) - T(1)};
      x[2] = T(0.01) *
             (kernels::floor(T(100) * reach_below(down)) + T(1) + T(kEscapes ? static_cast<int>(draw.attempt) : 0));
    }
  }
  template <class T>
  LS_FN static kernels::MaskOf<T> accepts(const Now<T>& now) requires(kEscapes) {
    return now.sensed[kContacts] == T(0);
  }

  // Planning cost: the tilt, the action, and squares of what the speed ahead lacks, or of the distances (m^2) from the
  // torso to the ball and from the ball to the target; or how far inside the rim of the bowl, as its share, squared.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    T cost = terminal_cost(x);
    for (int i = 0; i < kActions; ++i) cost += T(0.01) * u[i] * u[i];
    return cost;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T tilt = T(2) * (x[4] * x[4] + x[5] * x[5]);
    if constexpr (kFetches) {
      const T dx = x[kBall] - x[0], dy = x[kBall + 1] - x[1];
      return tilt + T(0.05) * (dx * dx + dy * dy) + T(0.05) * (x[kBall] * x[kBall] + x[kBall + 1] * x[kBall + 1]);
    } else if constexpr (kEscapes) {
      const T inside = T(1) - T(1 / (kRim * kRim)) * (x[0] * x[0] + x[1] * x[1]);
      return tilt + inside * inside;
    } else {
      const T* const q = x + 3;
      const T ahead[3] = {T(1) - T(2) * (q[2] * q[2] + q[3] * q[3]), T(2) * (q[1] * q[2] + q[0] * q[3]),
                          T(2) * (q[1] * q[3] - q[0] * q[2])};
      const T* const v = x + kSpeeds;
      const T lack = v[0] * ahead[0] + v[1] * ahead[1] + v[2] * ahead[2] - T(kSpeed);
      return tilt + T(0.5 / (kSpeed * kSpeed)) * lack * lack;
    }
  }
};

}  // namespace lockstep::envs::suite_quadruped
