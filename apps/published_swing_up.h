// Gymnasium's pendulum with its own reward as the cost: the swing-up that gradients and CEM are compared on.
#pragma once

#include "engine/settings.h"
#include "envs/pendulum_v1.h"
#include "kernels/philox.h"
#include "planners/lane_problem.h"
#include "planners/planner.h"

#include <string>
#include <vector>

namespace lockstep::apps {

struct GymPendulum {
  using Task = envs::pendulum_v1::Task;
  static constexpr int kStates = 2, kActions = 1;
  static constexpr double kTimestep = Task::kTimestep;
  static constexpr const char* kName = "pendulum-v1";
  template <class T>
  static void advance(T (&x)[2], const T (&u)[1]) {
    Task::advance(x, u);
  }
  template <class T>
  static T stage_cost(const T (&x)[2], const T (&u)[1]) {
    return -Task::reward(x, u);
  }
  template <class T>
  static T terminal_cost(const T (&)[2]) {
    return T(0);
  }
};

// Costs [40] of the first plans (40 steps, from no torque) of 40 starts: hanging, with a speed in [-1, 1) rad/s.
inline std::vector<double> swing_up_costs(const std::string& planner, const std::vector<std::string>& assignments) {
  Settings settings;
  for (const std::string& assignment : assignments) settings.set_from_argument(assignment);
  planners::LaneDynamics<GymPendulum> dynamics;
  const planners::LaneCost<GymPendulum> cost;
  const double low = -2, high = 2;
  std::vector<double> costs;
  for (std::uint32_t start = 0; start < 40; ++start) {
    const auto own = planners::find(planner).make(settings);
    own->reset({&dynamics, &cost, {&low, 1}, {&high, 1}, 40}, start);
    const std::vector<double> x0 = {3.141592653589793, 2 * kernels::uniform<double>({7, 0x73746172}, start, 0) - 1};
    std::vector<double> controls(40);
    costs.push_back(own->plan(x0, view(controls.data(), 40, 1)).cost);
  }
  return costs;
}

}  // namespace lockstep::apps
