// Transitions of dm_control's cartpole by MuJoCo's own mj_step.
#include "tests/models/cartpole_data.h"
#include "engine/task_models.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <numbers>
#include <random>

#include <mujoco/mujoco.h>

namespace lockstep::tests {

models::SindySystem cartpole_system() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  models::SindySystem system{.state_size = 4,
                             .control_size = 1,
                             .timestep = 0.01,
                             .state_names = {"slider", "hinge_1", "slider_vel", "hinge_1_vel"},
                             .control_names = {"slide"},
                             .state_is_angle = {false, true, false, false},
                             .velocity_of = {},
                             .low = {-1.75, -kInfinity, -kInfinity, -kInfinity},
                             .high = {1.75, kInfinity, kInfinity, kInfinity}};
  system.check();
  return system;
}

TransitionData cartpole_data(int episodes, double seconds, std::uint64_t seed) {
  const std::string path = task_model("dm_control/suite/cartpole.xml").string();
  std::array<char, 1000> problem{};
  const std::unique_ptr<mjModel, decltype(&mj_deleteModel)> model(
      mj_loadXML(path.c_str(), nullptr, problem.data(), static_cast<int>(problem.size())), mj_deleteModel);
  const std::unique_ptr<mjData, decltype(&mj_deleteData)> data(mj_makeData(model.get()), mj_deleteData);
  TransitionData rows(4, 1);
  for (int episode = 0; episode < episodes; ++episode) {
    std::mt19937_64 random(seed + static_cast<std::uint64_t>(episode));
    std::uniform_real_distribution<double> uniform(-1, 1);
    mj_resetData(model.get(), data.get());
    data->qpos[1] = std::numbers::pi + 0.1 * uniform(random);
    const double pump = 0.35 + 0.35 * std::abs(uniform(random));
    double held = 0;
    int left = 0;
    const auto state = [&] {
      return std::array<double, 4>{data->qpos[0], data->qpos[1], data->qvel[0], data->qvel[1]};
    };
    for (int k = 0; k < static_cast<int>(seconds * 100); ++k) {
      if (left-- == 0) {
        held = uniform(random);
        left = 3 + static_cast<int>(10 * std::abs(uniform(random)));
      }
      const std::array<double, 4> x = state();
      const bool is_pumped = episode % 2 == 1;
      const double swing = is_pumped ? -pump * (x[3] * std::cos(x[1]) > 0 ? 1 : -1) : 0;
      const double wish = swing + (is_pumped ? 0.5 : 1.0) * held - 0.4 * x[0] - 0.15 * x[2];
      const std::array<double, 1> u{std::clamp(wish, -1.0, 1.0)};
      data->ctrl[0] = u[0];
      mj_step(model.get(), data.get());
      const std::array<double, 4> next = state();
      rows.append({.x = x, .u = u, .next = next, .trajectory = episode});
    }
  }
  return rows;
}

}  // namespace lockstep::tests
