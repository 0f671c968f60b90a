// A Crazyflie 2.x quadrotor that moves in a vertical plane on two pairs of rotors: hover at the origin.
// Parameters: J. Panerati et al., Learning to Fly, IROS 2021 (their cf2x); equations: rigid body in the plane.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::quadrotor_planar {

struct System {
  static constexpr double kMass = 0.027;                       // kg
  static constexpr double kInertia = 1.4e-5;                   // kg m^2, about the pitch axis
  static constexpr double kArm = 0.0397;                       // m from the centre to a motor
  static constexpr double kLever = kArm / 1.4142135623730951;  // m, of an x configuration
  static constexpr double kGravity = 9.8;                      // m/s^2
  static constexpr double kThrustToWeight = 2.25;              // of all rotors at full thrust
  static constexpr SystemFacts kFacts{.name = "quadrotor-planar",
                                      .summary = "a Crazyflie in a vertical plane: hover at the origin",
                                      .source = "J. Panerati et al., IROS 2021 (Crazyflie 2.x)",
                                      .timestep = 0.02,
                                      .substeps = 4,
                                      .horizon = 1,
                                      .episode_steps = 500,
                                      .action_weight = 0.05};
  // Pitch is positive where the quadrotor would fly towards +x.
  static constexpr SystemState kState[] = {
      {.name = "x", .start = 0, .spread = 1, .weight = 1},                            // m
      {.name = "z", .start = 0, .spread = 1, .weight = 1},                            // m, upwards
      {.name = "pitch", .start = 0, .spread = 0.3, .is_angle = true, .weight = 0.1},  // rad
      {.name = "x_dot", .start = 0, .spread = 0.5, .weight = 0.1},                    // m/s
      {.name = "z_dot", .start = 0, .spread = 0.5, .weight = 0.1},                    // m/s
      {.name = "pitch_dot", .start = 0, .spread = 0.5, .weight = 0.01}};              // rad/s
  // Thrust of the rotors at the back and at the front, as a share of hovering thrust more (or less) than that.
  static constexpr ActionField kControl[] = {{"back", -1, kThrustToWeight - 1}, {"front", -1, kThrustToWeight - 1}};

  template <class T>
  LS_FN static void rates(const T (&x)[6], const T (&u)[2], T (&dx)[6]) {
    T s, c;
    kernels::sine_cosine(x[2], s, c);
    const T lift = T(kGravity / 2) * (T(2) + u[0] + u[1]);  // m/s^2
    dx[0] = x[3];
    dx[1] = x[4];
    dx[2] = x[5];
    dx[3] = lift * s;
    dx[4] = lift * c - T(kGravity);
    dx[5] = T(kMass * kGravity / 2 * kLever / kInertia) * (u[0] - u[1]);
  }
};

}  // namespace lockstep::envs::quadrotor_planar
