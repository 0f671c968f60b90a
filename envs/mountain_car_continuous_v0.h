// Gymnasium's MountainCarContinuous-v0: rock a weak car out of a valley with a push of any strength, at a price.
// The suite rounds its state to float after every step; ours keeps the precision that it runs in.
#pragma once

#include "envs/mountain_car.h"

namespace lockstep::envs::mountain_car_continuous_v0 {

struct Task : mountain_car::Valley {
  static constexpr Facts kFacts{.name = "mountain-car-continuous-v0",
                                .suite_name = "MountainCarContinuous-v0",
                                .summary = "rock a weak car out of a valley, gently",
                                .source = "Gymnasium 1.4.0, MountainCarContinuous-v0",
                                .model = nullptr,
                                .nq = 2,
                                .nv = 0,
                                .discrete_actions = 0,
                                .control_timestep = 1,
                                .physics_steps = 1,
                                .episode_steps = 999,
                                .success_return = 90};
  static constexpr ActionField kAction[kActions] = {{"push", -1, 1}};
  static constexpr double kPower = 0.0015, kGoal = 0.45;

  template <class T>
  LS_FN static void advance(T (&x)[kStates], const T (&action)[kActions]) {
    move(x, T(kPower) * kernels::clamp(action[0], T(-1), T(1)));
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const T (&x)[kStates]) {
    return (x[0] >= T(kGoal)) && (x[1] >= T(0));
  }
  // 100 at the goal, less a tenth of the squared push, as it was before it was limited.
  template <class T>
  LS_FN static T reward(const T (&x)[kStates], const T (&action)[kActions]) {
    return kernels::select(terminated(x), T(100), T(0)) - T(0.1) * action[0] * action[0];
  }
  static constexpr bool kRewardsStateBefore = false;

  // Planning cost: the squared way to the goal, since the reward has no slope towards it, and the price of pushing.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    const T way = x[0] - T(kGoal);
    return way * way + T(0.01) * u[0] * u[0];
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T none[kActions] = {T(0)};
    return T(5) * stage_cost(x, none);
  }
};

}  // namespace lockstep::envs::mountain_car_continuous_v0
