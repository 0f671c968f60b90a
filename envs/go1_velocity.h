// Unitree's Go1 follows commanded velocities on flat ground. Numbers of mjlab 1.6.0: go1_constants.py and
// tasks/velocity/config/go1.
#pragma once

#include "envs/legged_velocity.h"

namespace lockstep::envs::go1_velocity {

// Inertia of a rotor behind a gear (kg m^2).
constexpr double reflected(double gear) { return 0.000111842 * gear * gear; }
constexpr legged_velocity::Joint hip(const char* name, const char* speed, double first) {
  return {name, speed, -0.863, 0.863, first, 0.05, 0.3, 0.3, legged_velocity::servo(reflected(6), 23.7)};
}
constexpr legged_velocity::Joint thigh(const char* name, const char* speed) {
  return {name, speed, -0.686, 4.501, 0.9, 0.05, 0.3, 0.3, legged_velocity::servo(reflected(6), 23.7)};
}
constexpr legged_velocity::Joint calf(const char* name, const char* speed) {
  return {name, speed, -2.818, -0.888, -1.8, 0.1, 0.6, 0.6, legged_velocity::servo(reflected(9), 35.55)};
}

struct Robot {
  using Joint = legged_velocity::Joint;
  static constexpr int kJoints = 12, kFeet = 4, kFootNumbers = 6, kOtherNumbers = 0;
  static constexpr const char* kName = "go1";
  static constexpr const char* kModel = "mjlab/asset_zoo/robots/unitree_go1/xmls/go1.xml";
  static constexpr double kHeight = 0.278;                                           // m, of the trunk
  static constexpr double kSensorPlace[3] = {-0.01592, -0.06659, -0.00617};          // m, in the trunk
  static constexpr int kActuated[kJoints] = {0, 1, 3, 4, 6, 7, 9, 10, 2, 5, 8, 11};  // joints in the order of servos
  // mjlab's friction of the feet and shift of the trunk's centre of mass, drawn for every episode; and its mass.
  static constexpr const char* kRandomise =
      "geom_friction[*_foot_collision].0 = uniform(0.3, 1.5) shared;"
      "geom_friction[*_foot_collision].1 = log_uniform(1e-4, 2e-2) shared;"
      "geom_friction[*_foot_collision].2 = log_uniform(1e-5, 5e-3) shared;"
      "body_ipos[trunk].0 += uniform(-0.025, 0.025); body_ipos[trunk].1 += uniform(-0.025, 0.025);"
      "body_ipos[trunk].2 += uniform(-0.03, 0.03); body_mass+body_inertia[trunk] *= uniform(0.9, 1.1)";

  static constexpr const auto& kOptions = legged_velocity::kOfAllRobots;

  static constexpr Joint kJoint[kJoints] = {
      hip("FR_hip", "FR_hip_dot", 0.1),  thigh("FR_thigh", "FR_thigh_dot"), calf("FR_calf", "FR_calf_dot"),
      hip("FL_hip", "FL_hip_dot", -0.1), thigh("FL_thigh", "FL_thigh_dot"), calf("FL_calf", "FL_calf_dot"),
      hip("RR_hip", "RR_hip_dot", 0.1),  thigh("RR_thigh", "RR_thigh_dot"), calf("RR_calf", "RR_calf_dot"),
      hip("RL_hip", "RL_hip_dot", -0.1), thigh("RL_thigh", "RL_thigh_dot"), calf("RL_calf", "RL_calf_dot")};

  // Feet are spheres of this radius (m) about their sites.
  template <class T>
  LS_FN static T clearance(const T* foot) {
    return foot[2] - T(0.023);
  }
  // Squared sine of the trunk's tilt.
  template <class T>
  LS_FN static T tilt(const legged_velocity::Vector<T>& down, const T*) {
    return down.x * down.x + down.y * down.y;
  }
  template <class Options, class T>
  LS_FN static T own_terms(const Options&, const T*) {
    return T(0);
  }
};

struct Task : legged_velocity::Variant<Robot> {
  static constexpr Facts kFacts = facts("go1-velocity", "Mjlab-Velocity-Flat-Unitree-Go1",
                                        "a quadruped follows commanded velocities, pushed, on flat ground");
  static constexpr SensedField kSensors[] = {{"framepos", "site", "FR", 3}, {"framelinvel", "site", "FR", 3},
                                             {"framepos", "site", "FL", 3}, {"framelinvel", "site", "FL", 3},
                                             {"framepos", "site", "RR", 3}, {"framelinvel", "site", "RR", 3},
                                             {"framepos", "site", "RL", 3}, {"framelinvel", "site", "RL", 3}};
};

}  // namespace lockstep::envs::go1_velocity
