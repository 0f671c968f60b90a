// A Crazyflie 2.x quadrotor in space: hover at the origin, level and still.
// Parameters: J. Panerati et al., Learning to Fly, IROS 2021 (their cf2x). Attitude is a quaternion from body to world
// of which only the direction counts: starts are drawn about the unit one and keep their length.
#pragma once

#include "envs/system.h"

namespace lockstep::envs::quadrotor {

struct System {
  static constexpr double kMass = 0.027;                            // kg
  static constexpr double kInertia[3] = {1.4e-5, 1.4e-5, 2.17e-5};  // kg m^2, about the body's own axes
  static constexpr double kLever = 0.0397 / 1.4142135623730951;     // m, of a motor about the x and y axes
  static constexpr double kTorquePerThrust = 7.94e-12 / 3.16e-10;   // m, of a rotor about its axis
  static constexpr double kGravity = 9.8;                           // m/s^2
  static constexpr double kThrustToWeight = 2.25;                   // of all rotors at full thrust
  static constexpr double kHover = kMass * kGravity / 4;            // N of one rotor
  static constexpr SystemFacts kFacts{.name = "quadrotor",
                                      .summary = "a Crazyflie in space: hover at the origin, level and still",
                                      .source = "J. Panerati et al., IROS 2021 (Crazyflie 2.x)",
                                      .timestep = 0.02,
                                      .substeps = 4,
                                      .horizon = 1,
                                      .episode_steps = 500,
                                      .action_weight = 0.05};
  // Position and velocity in the world, z upwards; rates about the body's axes (x forward, y left, z up).
  static constexpr SystemState kState[] = {{.name = "x", .start = 0, .spread = 1, .weight = 1},  // m
                                           {.name = "y", .start = 0, .spread = 1, .weight = 1},
                                           {.name = "z", .start = 0, .spread = 1, .weight = 1},
                                           {.name = "q_w", .start = 1, .spread = 0.01, .target = 1, .weight = 0.5},
                                           {.name = "q_x", .start = 0, .spread = 0.1, .weight = 1},
                                           {.name = "q_y", .start = 0, .spread = 0.1, .weight = 1},
                                           {.name = "q_z", .start = 0, .spread = 0.3, .weight = 1},
                                           {.name = "x_dot", .start = 0, .spread = 0.5, .weight = 0.1},  // m/s
                                           {.name = "y_dot", .start = 0, .spread = 0.5, .weight = 0.1},
                                           {.name = "z_dot", .start = 0, .spread = 0.5, .weight = 0.1},
                                           {.name = "omega_x", .start = 0, .spread = 0.5, .weight = 0.01},  // rad/s
                                           {.name = "omega_y", .start = 0, .spread = 0.5, .weight = 0.01},
                                           {.name = "omega_z", .start = 0, .spread = 0.5, .weight = 0.01}};
  // Thrust of each rotor, as a share of hovering thrust more (or less) than that. Those at front left and back right
  // turn clockwise seen from above, and so push the body the other way.
  static constexpr ActionField kControl[] = {{"front_left", -1, kThrustToWeight - 1},
                                             {"front_right", -1, kThrustToWeight - 1},
                                             {"back_left", -1, kThrustToWeight - 1},
                                             {"back_right", -1, kThrustToWeight - 1}};

  template <class T>
  LS_FN static void rates(const T (&x)[13], const T (&u)[4], T (&dx)[13]) {
    const T w = x[3], a = x[4], b = x[5], c = x[6], p = x[10], q = x[11], r = x[12];
    for (int i = 0; i < 3; ++i) dx[i] = x[7 + i];
    // q' = 1/2 q (0, omega)
    const T half = T(0.5);
    dx[3] = -half * (a * p + b * q + c * r);
    dx[4] = half * (w * p + b * r - c * q);
    dx[5] = half * (w * q + c * p - a * r);
    dx[6] = half * (w * r + a * q - b * p);
    // The body's z axis in the world times the lift.
    const T lift = T(kGravity / 4) * (T(4) + u[0] + u[1] + u[2] + u[3]);
    const T scale = lift / (w * w + a * a + b * b + c * c);
    dx[7] = scale * T(2) * (a * c + w * b);
    dx[8] = scale * T(2) * (b * c - w * a);
    dx[9] = scale * (w * w - a * a - b * b + c * c) - T(kGravity);
    // Euler's equations.
    const T roll = T(kHover * kLever) * (u[0] - u[1] + u[2] - u[3]);
    const T pitch = T(kHover * kLever) * (u[2] + u[3] - u[0] - u[1]);
    const T yaw = T(kHover * kTorquePerThrust) * (u[0] - u[1] - u[2] + u[3]);
    dx[10] = (roll - T(kInertia[2] - kInertia[1]) * q * r) / T(kInertia[0]);
    dx[11] = (pitch - T(kInertia[0] - kInertia[2]) * r * p) / T(kInertia[1]);
    dx[12] = (yaw - T(kInertia[1] - kInertia[0]) * p * q) / T(kInertia[2]);
  }
};

}  // namespace lockstep::envs::quadrotor
