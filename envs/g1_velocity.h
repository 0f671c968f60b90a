// Unitree's G1, a humanoid of 29 joints, follows commanded velocities on flat ground. Numbers of mjlab 1.6.0:
// g1_constants.py and tasks/velocity/config/g1.
#pragma once

#include "envs/legged_velocity.h"

namespace lockstep::envs::g1_velocity {

using legged_velocity::Joint;
using legged_velocity::Servo;

// Inertia (kg m^2) of a planetary gearbox's rotors, seen behind its two stages.
constexpr double planetary(double first, double second, double third, double gear, double last_gear) {
  return first * (gear * last_gear) * (gear * last_gear) + second * last_gear * last_gear + third;
}
inline constexpr double kSmall = planetary(0.139e-4, 0.017e-4, 0.169e-4, 1 + 46.0 / 18, 1 + 56.0 / 16);
inline constexpr Servo kArm = legged_velocity::servo(kSmall, 25), kPair = legged_velocity::servo(2 * kSmall, 50);
inline constexpr Servo kHip = legged_velocity::servo(planetary(0.489e-4, 0.098e-4, 0.533e-4, 4.5, 1 + 48.0 / 22), 88);
inline constexpr Servo kKnee = legged_velocity::servo(planetary(0.489e-4, 0.109e-4, 0.738e-4, 4.5, 5), 139);
inline constexpr Servo kWrist = legged_velocity::servo(planetary(0.068e-4, 0, 0, 5, 5), 5);

// Standing, all joints keep within 0.05 rad of the first pose.
constexpr Joint joint(const char* name, const char* speed, double low, double high, double first, double walking,
                      double running, Servo servo) {
  return {name, speed, low, high, first, 0.05, walking, running, servo};
}

struct Robot {
  static constexpr int kJoints = 29, kFeet = 2, kFootNumbers = 12, kOtherNumbers = 9;
  static constexpr const char* kName = "g1";
  static constexpr const char* kModel = "mjlab/asset_zoo/robots/unitree_g1/xmls/g1.xml";
  static constexpr double kHeight = 0.76;                            // m, of the pelvis
  static constexpr double kSensorPlace[3] = {0.04525, 0, -0.08339};  // m, in the pelvis
  // Joints in the order of servos: arms and wrists' rolls, hips and waist, knees, wrists, waist, ankles.
  static constexpr int kActuated[kJoints] = {15, 16, 17, 18, 19, 22, 23, 24, 25, 26, 0, 2, 6,  8, 12,
                                             1,  3,  7,  9,  20, 21, 27, 28, 13, 14, 4, 5, 10, 11};
  // mjlab's friction of the feet and shift of the torso's centre of mass, drawn for every episode; and its mass.
  static constexpr const char* kRandomise =
      "geom_friction[*_foot?_collision].0 = uniform(0.3, 1.2) shared;"
      "body_ipos[torso_link].0 += uniform(-0.025, 0.025); body_ipos[torso_link].1 += uniform(-0.025, 0.025);"
      "body_ipos[torso_link].2 += uniform(-0.03, 0.03); body_mass+body_inertia[torso_link] *= uniform(0.9, 1.1)";
  static constexpr OptionField kOwnOptions[] = {
      number_option("torso_spin_weight", -0.05, "of the torso's squared spin about level axes (rad^2/s^2)"),
      number_option("momentum_weight", -0.02, "of the squared angular momentum (kg^2 m^4/s^2)")};
  static constexpr auto kOptions = legged_velocity::options_with(kOwnOptions);

  static constexpr Joint kJoint[kJoints] = {
      joint("left_hip_pitch", "left_hip_pitch_dot", -2.5307, 2.8798, -0.312, 0.3, 0.5, kHip),
      joint("left_hip_roll", "left_hip_roll_dot", -0.5236, 2.9671, 0, 0.15, 0.2, kKnee),
      joint("left_hip_yaw", "left_hip_yaw_dot", -2.7576, 2.7576, 0, 0.15, 0.2, kHip),
      joint("left_knee", "left_knee_dot", -0.087267, 2.8798, 0.669, 0.35, 0.6, kKnee),
      joint("left_ankle_pitch", "left_ankle_pitch_dot", -0.87267, 0.5236, -0.363, 0.25, 0.35, kPair),
      joint("left_ankle_roll", "left_ankle_roll_dot", -0.2618, 0.2618, 0, 0.1, 0.15, kPair),
      joint("right_hip_pitch", "right_hip_pitch_dot", -2.5307, 2.8798, -0.312, 0.3, 0.5, kHip),
      joint("right_hip_roll", "right_hip_roll_dot", -2.9671, 0.5236, 0, 0.15, 0.2, kKnee),
      joint("right_hip_yaw", "right_hip_yaw_dot", -2.7576, 2.7576, 0, 0.15, 0.2, kHip),
      joint("right_knee", "right_knee_dot", -0.087267, 2.8798, 0.669, 0.35, 0.6, kKnee),
      joint("right_ankle_pitch", "right_ankle_pitch_dot", -0.87267, 0.5236, -0.363, 0.25, 0.35, kPair),
      joint("right_ankle_roll", "right_ankle_roll_dot", -0.2618, 0.2618, 0, 0.1, 0.15, kPair),
      joint("waist_yaw", "waist_yaw_dot", -2.618, 2.618, 0, 0.2, 0.3, kHip),
      joint("waist_roll", "waist_roll_dot", -0.52, 0.52, 0, 0.08, 0.08, kPair),
      joint("waist_pitch", "waist_pitch_dot", -0.52, 0.52, 0, 0.1, 0.2, kPair),
      joint("left_shoulder_pitch", "left_shoulder_pitch_dot", -3.0892, 2.6704, 0.2, 0.15, 0.5, kArm),
      joint("left_shoulder_roll", "left_shoulder_roll_dot", -1.5882, 2.2515, 0.2, 0.15, 0.2, kArm),
      joint("left_shoulder_yaw", "left_shoulder_yaw_dot", -2.618, 2.618, 0, 0.1, 0.15, kArm),
      joint("left_elbow", "left_elbow_dot", -1.0472, 2.0944, 0.6, 0.15, 0.35, kArm),
      joint("left_wrist_roll", "left_wrist_roll_dot", -1.97222, 1.97222, 0, 0.3, 0.3, kArm),
      joint("left_wrist_pitch", "left_wrist_pitch_dot", -1.61443, 1.61443, 0, 0.3, 0.3, kWrist),
      joint("left_wrist_yaw", "left_wrist_yaw_dot", -1.61443, 1.61443, 0, 0.3, 0.3, kWrist),
      joint("right_shoulder_pitch", "right_shoulder_pitch_dot", -3.0892, 2.6704, 0.2, 0.15, 0.5, kArm),
      joint("right_shoulder_roll", "right_shoulder_roll_dot", -2.2515, 1.5882, -0.2, 0.15, 0.2, kArm),
      joint("right_shoulder_yaw", "right_shoulder_yaw_dot", -2.618, 2.618, 0, 0.1, 0.15, kArm),
      joint("right_elbow", "right_elbow_dot", -1.0472, 2.0944, 0.6, 0.15, 0.35, kArm),
      joint("right_wrist_roll", "right_wrist_roll_dot", -1.97222, 1.97222, 0, 0.3, 0.3, kArm),
      joint("right_wrist_pitch", "right_wrist_pitch_dot", -1.61443, 1.61443, 0, 0.3, 0.3, kWrist),
      joint("right_wrist_yaw", "right_wrist_yaw_dot", -1.61443, 1.61443, 0, 0.3, 0.3, kWrist)};

  // A sole is a rectangle of 186 by 52 mm, 10 mm thick, whose middle is 12 mm above its site.
  template <class T>
  LS_FN static T clearance(const T* foot) {
    const T *const x = foot + 6, *const y = foot + 9;
    const T up = x[0] * y[1] - x[1] * y[0];
    return foot[2] + T(0.012) * up - T(0.093) * kernels::absolute(x[2]) - T(0.026) * kernels::absolute(y[2]) - T(0.01);
  }
  // Squared sine of the torso's tilt; others: its upward axis, its spin, angular momentum of the whole robot.
  template <class T>
  LS_FN static T tilt(const legged_velocity::Vector<T>&, const T* others) {
    return T(1) - others[2] * others[2];
  }
  template <class Options, class T>
  LS_FN static T own_terms(const Options& options, const T* others) {
    const T spin = others[3] * others[3] + others[4] * others[4];
    const T momentum = others[6] * others[6] + others[7] * others[7] + others[8] * others[8];
    return T(options["torso_spin_weight"]) * spin + T(options["momentum_weight"]) * momentum;
  }
};

struct Task : legged_velocity::Variant<Robot> {
  static constexpr Facts kFacts = facts("g1-velocity", "Mjlab-Velocity-Flat-Unitree-G1",
                                        "a humanoid follows commanded velocities, pushed, on flat ground");
  static constexpr SensedField kSensors[] = {{"framepos", "site", "left_foot", 3},
                                             {"framelinvel", "site", "left_foot", 3},
                                             {"framexaxis", "site", "left_foot", 3},
                                             {"frameyaxis", "site", "left_foot", 3},
                                             {"framepos", "site", "right_foot", 3},
                                             {"framelinvel", "site", "right_foot", 3},
                                             {"framexaxis", "site", "right_foot", 3},
                                             {"frameyaxis", "site", "right_foot", 3},
                                             {"framezaxis", "xbody", "torso_link", 3},
                                             {"frameangvel", "xbody", "torso_link", 3},
                                             {"own", "", "root_angmom", 3}};
};

}  // namespace lockstep::envs::g1_velocity
