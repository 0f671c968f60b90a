// Gymnasium's MountainCar-v0: rock a weak car out of a valley by pushing left, not at all, or right.
#pragma once

#include "envs/mountain_car.h"

namespace lockstep::envs::mountain_car_v0 {

struct Task : mountain_car::Valley {
  static constexpr Facts kFacts{.name = "mountain-car-v0",
                                .suite_name = "MountainCar-v0",
                                .summary = "rock a weak car out of a valley with three pushes",
                                .source = "Gymnasium 1.4.0, MountainCar-v0",
                                .model = nullptr,
                                .nq = 2,
                                .nv = 0,
                                .discrete_actions = 3,
                                .control_timestep = 1,
                                .physics_steps = 1,
                                .episode_steps = 200,
                                .success_return = -110};
  static constexpr ActionField kAction[kActions] = {{"push", 0, 2}};  // 0: left, 1: none, 2: right
  static constexpr double kForce = 0.001, kGoal = 0.5;

  // The nearest of the three actions; `advance` itself is linear in the push between them.
  template <class T>
  LS_FN static void discretize(T (&action)[kActions]) {
    using kernels::select;
    action[0] = select(action[0] > T(1.5), T(2), select(action[0] > T(0.5), T(1), T(0)));
  }
  template <class T>
  LS_FN static void advance(T (&x)[kStates], const T (&action)[kActions]) {
    move(x, T(kForce) * (action[0] - T(1)));
  }

  template <class T>
  LS_FN static kernels::MaskOf<T> terminated(const T (&x)[kStates]) {
    return (x[0] >= T(kGoal)) && (x[1] >= T(0));
  }
  // -1 for every step, the last included.
  template <class T>
  LS_FN static T reward(const T (&)[kStates], const T (&)[kActions]) {
    return T(-1);
  }
  static constexpr bool kRewardsStateBefore = false;

  // Planning cost, since the reward is the same everywhere: the squared way to the goal, and a little for pushing.
  template <class T>
  LS_FN static T stage_cost(const T (&x)[kStates], const T (&u)[kActions]) {
    const T way = x[0] - T(kGoal), push = u[0] - T(1);
    return way * way + T(0.001) * push * push;
  }
  template <class T>
  LS_FN static T terminal_cost(const T (&x)[kStates]) {
    const T none[kActions] = {T(1)};
    return T(5) * stage_cost(x, none);
  }
};

}  // namespace lockstep::envs::mountain_car_v0
