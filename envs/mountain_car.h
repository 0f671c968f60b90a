// A weak car in a valley: what Gymnasium's MountainCar-v0 and MountainCarContinuous-v0 share.
// Values from Gymnasium 1.4.0, envs/classic_control; A. W. Moore, Efficient Memory-based Learning for Robot Control
// (1990).
#pragma once

#include "envs/task.h"

namespace lockstep::envs::mountain_car {

inline constexpr double kMinPosition = -1.2, kMaxPosition = 0.6, kMaxSpeed = 0.07, kGravity = 0.0025;

struct Valley {
  static constexpr int kStates = 2, kActions = 1, kObservations = 2;
  static constexpr StateField kState[kStates] = {
      {.name = "position", .low = kMinPosition, .high = kMaxPosition},  // -pi/6 is the bottom of the valley
      {.name = "velocity", .low = -kMaxSpeed, .high = kMaxSpeed}};      // per step
  static constexpr const char* kObservation[kObservations] = {"position", "velocity"};

  // One step under a push [velocity per step]; a wall stands at the left end.
  template <class T>
  LS_FN static void move(T (&x)[kStates], T push) {
    using kernels::clamp;
    x[1] = clamp(x[1] + push - T(kGravity) * kernels::cosine(T(3) * x[0]), T(-kMaxSpeed), T(kMaxSpeed));
    x[0] = clamp(x[0] + x[1], T(kMinPosition), T(kMaxPosition));
    x[1] = kernels::select((x[0] <= T(kMinPosition)) && (x[1] < T(0)), T(0), x[1]);
  }

  template <class T>
  LS_FN static void observe(const T (&x)[kStates], T (&observation)[kObservations]) {
    for (int i = 0; i < kStates; ++i) observation[i] = x[i];
  }

  // At rest, position uniform in [-0.6, -0.4).
  template <class T>
  LS_FN static void reset(const ResetDraw<T>& draw, T (&x)[kStates]) {
    x[0] = draw.uniform(0, -0.6, -0.4);
    x[1] = T(0);
  }
};

}  // namespace lockstep::envs::mountain_car
