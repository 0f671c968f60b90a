// Holds every task to trajectories, resets and limits that the suite's own Python code gave.
#include "envs/bowl_terrain.h"
#include "envs/env.h"
#include "tests/envs/reference.h"
#include "tests/envs/stepped_environment.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include <gtest/gtest.h>
#include <mujoco/mjmodel.h>

namespace lockstep::envs {
namespace {

class SuiteReference : public testing::TestWithParam<std::string> {
 protected:
  static std::unique_ptr<Environment> environment(const char* precision, int num_worlds = 1) {
    return make_environment(GetParam(), {.num_worlds = num_worlds, .precision = precision, .auto_reset = false});
  }
  // Worlds with a ground of their own take 0.3 MB each.
  [[nodiscard]] int num_starts() const { return reference_.bumps.empty() ? 4000 : 400; }
  static void step(Environment& environment, const std::vector<double>& action) {
    envs::step(environment, std::vector<float>(action.begin(), action.end()));
  }
  // A new episode in a recorded state, on the recorded ground.
  void begin(Environment& environment, const std::vector<double>& state) const {
    environment.reset();
    if (!reference_.bumps.empty()) {
      const mjModel& m = *environment.mujoco_model();
      std::vector<float> heights(static_cast<std::size_t>(m.nhfielddata));
      BowlTerrain(m.hfield_nrow[0], m.hfield_size[0]).shape(reference_.bumps, heights);
      environment.set_heights(0, heights);
    }
    environment.set_state(0, state);
  }
  const Reference reference_ = read_reference(GetParam());
};

// Where a joint limit pushes back, MuJoCo stops its solver at a tolerance of 1e-8: the suite's own trajectory moves by
// 6e-7 when it starts cold instead of warm (measured with tolerances of 1e-8 and 1e-15).
constexpr double kAfterLimit = 1e-6;

// So does it where bodies touch.
bool has_contacts(const Environment& env) {
  const mjModel* const m = env.mujoco_model();
  if (m == nullptr || (m->opt.disableflags & (mjDSBL_CONTACT | mjDSBL_CONSTRAINT)) != 0) return false;
  return m->npair > 0 || std::any_of(m->geom_contype, m->geom_contype + m->ngeom, [](int type) { return type != 0; });
}

// Gymnasium's humanoids ask for 50 iterations of PGS, which stop short of the solution: the suite itself with Newton's
// method instead is up to 2e-5 away in these states and 3e-3 in the contact forces among the observations.
bool solves_roughly(const std::string& task) { return task == "humanoid-v5" || task == "humanoid-standup-v5"; }
constexpr double kAfterRoughSolution = 1e-4, kForceAfterRoughSolution = 5e-3;

// Bodies touch here where MuJoCo searches for contacts and stops at 1e-6: the capsules and ellipsoids of a humanoid.
// When it searches on to 1e-10, the suite's own trajectory moves by 2e-5. (dog-fetch was recorded so.)
bool searches_contacts(const std::string& task) { return task.starts_with("humanoid_cmu-"); }
constexpr double kAfterSearch = 4e-5;  // twice that

// This task of the suite rounds its state to float after every step: 60 steps add at most 60 roundings of a position
// below 1.2 to each number, which the valley's slopes pass on without growth.
bool rounds_to_float(const std::string& task) { return task == "mountain-car-continuous-v0"; }
constexpr double kAfterRounding = 60 * 1.2 * static_cast<double>(std::numeric_limits<float>::epsilon()) / 2;

bool is_beyond_the_box(const TaskSpec& spec, const std::vector<double>& x) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] < spec.state_low[i] || x[i] > spec.state_high[i]) return true;
  }
  return false;
}

// Observations and rewards are float: a rounding of the exact value, plus that of the sum it may be part of.
constexpr double kFloatRounding = 2 * std::numeric_limits<float>::epsilon();

TEST_P(SuiteReference, GivesTheSuitesLimits) {
  const auto env = environment("float");
  EXPECT_EQ(env->spec().episode_steps, reference_.episode_steps);
  EXPECT_EQ(env->spec().action_low, reference_.action_low);
  EXPECT_EQ(env->spec().action_high, reference_.action_high);
}

TEST_P(SuiteReference, FollowsTheSuitesTrajectoriesInDouble) {
  const auto env = environment("double");
  for (std::size_t number = 0; number < reference_.trajectories.size(); ++number) {
    const Trajectory& trajectory = reference_.trajectories[number];
    begin(*env, trajectory.states[0]);
    bool at_limit = false;
    for (std::size_t k = 0; k <= trajectory.actions.size(); ++k) {
      SCOPED_TRACE("trajectory " + std::to_string(number) + ", after step " + std::to_string(k));
      at_limit = at_limit || has_contacts(*env) || is_beyond_the_box(env->spec(), trajectory.states[k]);
      const double tolerance = rounds_to_float(GetParam())     ? kAfterRounding
                               : solves_roughly(GetParam())    ? kAfterRoughSolution
                               : searches_contacts(GetParam()) ? kAfterSearch
                               : at_limit                      ? kAfterLimit
                                                               : 1e-9;
      if (k > 0) {
        step(*env, trajectory.actions[k - 1]);
        EXPECT_NEAR(env->reward()[0], trajectory.rewards[k - 1],
                    (kFloatRounding + tolerance) * std::max(1.0, std::abs(trajectory.rewards[k - 1])));
        EXPECT_EQ(env->terminated()[0] != 0, trajectory.terminated[k - 1]);
      }
      const auto x = state(*env);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double expected = trajectory.states[k][i];
        ASSERT_NEAR(x[i], expected, tolerance * std::max(1.0, std::abs(expected))) << env->spec().state_names[i];
      }
      for (std::size_t i = 0; i < trajectory.observations[k].size(); ++i) {
        const double expected = trajectory.observations[k][i];
        const std::string& name = env->spec().observation_names[i];
        const bool is_rough_force = solves_roughly(GetParam()) && name == "cfrc_ext";
        const double bound = kFloatRounding + (is_rough_force ? kForceAfterRoughSolution : tolerance);
        ASSERT_NEAR(env->observation()(0, static_cast<int>(i)), expected, bound * std::max(1.0, std::abs(expected)))
            << name;
      }
    }
  }
}

// The reward is of what sensors saw move since the last step, which a state that was set knows nothing of.
bool rewards_motion_of_sensors(const std::string& task) { return task == "ant-v5" || task == "humanoid-v5"; }

// Numbers of a start that are not drawn on their own: those of a quaternion, and all where physics runs or a start is
// chosen before the episode.
bool draws_together(const std::string& task) {
  return task == "cheetah-run" || task.starts_with("humanoid-") || task.starts_with("fish-") ||
         task.starts_with("humanoid_cmu-") || task.starts_with("finger-") || task == "ball_in_cup-catch" ||
         task == "quadruped-walk" || task == "quadruped-run" || task == "quadruped-escape" || task == "dog-fetch" ||
         task.starts_with("manipulator-") || task.starts_with("stacker-");
}

// Where a rounding goes further in one step, measured on the suite's own steps (in roundings of state and change):
//   15 links in a row: the inertia, of condition number 1.5e5, rounded to float moves a step by 1,200; here 440
//   an object of 45 g in a hand, ten physics steps: half a rounding of the state moves it by 34; here 90
//   the dog, whose finger bones weigh grams, where a contact opens: half a rounding of the state, by 73; here 510
double roundings_of_step(const std::string& task, bool has_contacts) {
  if (task == "swimmer-swimmer15") return 512;
  if (task.starts_with("manipulator-")) return 128;
  if (task.starts_with("dog-")) return 640;
  return has_contacts ? 64 : 32;
}

// One step from each recorded state. The rounding of the state (epsilon) is amplified by the step's Jacobian and
// by the sums inside, both of which scale with how far the step goes: 32 epsilon of state and change covers them, and
// twice that where bodies touch and light links are thrown about.
TEST_P(SuiteReference, MatchesTheSuitesStepsInFloat) {
  const auto env = environment("float");
  for (const Trajectory& trajectory : reference_.trajectories) {
    for (std::size_t k = 0; k < trajectory.actions.size(); ++k) {
      begin(*env, trajectory.states[k]);
      step(*env, trajectory.actions[k]);
      const auto x = state(*env);
      double scale = 1;
      for (std::size_t i = 0; i < x.size(); ++i) {
        scale = std::max({scale, std::abs(trajectory.states[k][i]),
                          std::abs(trajectory.states[k + 1][i] - trajectory.states[k][i]) * 10});
      }
      const double roundings = roundings_of_step(GetParam(), has_contacts(*env));
      const double tolerance = roundings * static_cast<double>(std::numeric_limits<float>::epsilon()) * scale;
      for (std::size_t i = 0; i < x.size(); ++i) {
        EXPECT_NEAR(x[i], trajectory.states[k + 1][i], tolerance) << env->spec().state_names[i] << ", step " << k;
      }
      if (rewards_motion_of_sensors(GetParam())) continue;
      EXPECT_NEAR(env->reward()[0], trajectory.rewards[k], tolerance) << "step " << k;
    }
  }
}

// Two samples of n and m draws from one distribution: their distribution functions differ by more than
// 1.95 sqrt(1/n + 1/m) with probability 0.001 (Kolmogorov, Smirnov). Seeds are fixed. Where single numbers have a
// probability of their own, the quantile lies between the shares below it and up to it.
TEST_P(SuiteReference, ResetsAsTheSuiteDoes) {
  const int worlds = num_starts();
  const auto env = environment("double", worlds);
  const double bound = 1.95 * std::sqrt(1.0 / worlds + 1.0 / reference_.reset_samples);
  for (std::size_t i = 0; i < reference_.reset_quantiles.size(); ++i) {
    SCOPED_TRACE(env->spec().state_names[i]);
    const auto& quantiles = reference_.reset_quantiles[i];
    std::vector<double> sample;
    for (int world = 0; world < worlds; ++world) sample.push_back(state(*env, world)[i]);
    std::ranges::sort(sample);
    if (quantiles.front() == quantiles.back()) {
      EXPECT_EQ(sample.front(), quantiles.front());
      EXPECT_EQ(sample.back(), quantiles.front());
      continue;
    }
    for (std::size_t q = 0; q < quantiles.size(); ++q) {
      const auto below = std::ranges::lower_bound(sample, quantiles[q]) - sample.begin();
      const auto up_to = std::ranges::upper_bound(sample, quantiles[q]) - sample.begin();
      EXPECT_LE(static_cast<double>(below) / worlds, static_cast<double>(q) / 20 + bound) << "quantile " << q;
      EXPECT_GE(static_cast<double>(up_to) / worlds, static_cast<double>(q) / 20 - bound) << "quantile " << q;
    }
  }
}

// Numbers of the state are drawn independently: sample correlations stay within 4.5 / sqrt(n).
TEST_P(SuiteReference, ResetsNumbersIndependently) {
  if (draws_together(GetParam())) return;
  constexpr int kWorlds = 4000;
  const auto env = environment("double", kWorlds);
  const auto nx = static_cast<std::size_t>(env->spec().state_size);
  const auto is_constant = [&](std::size_t i) {  // its mean may have a rounding, and so a variance
    return reference_.reset_quantiles[i].front() == reference_.reset_quantiles[i].back();
  };
  std::vector<double> mean(nx), products(nx * nx);
  for (int world = 0; world < kWorlds; ++world) {
    const auto x = state(*env, world);
    for (std::size_t i = 0; i < nx; ++i) mean[i] += x[i] / kWorlds;
  }
  for (int world = 0; world < kWorlds; ++world) {
    const auto x = state(*env, world);
    for (std::size_t i = 0; i < nx; ++i) {
      for (std::size_t j = 0; j < nx; ++j) products[i * nx + j] += (x[i] - mean[i]) * (x[j] - mean[j]);
    }
  }
  for (std::size_t i = 0; i < nx; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double scale = std::sqrt(products[i * nx + i] * products[j * nx + j]);
      if (scale == 0 || is_constant(i) || is_constant(j)) continue;
      EXPECT_LT(std::abs(products[i * nx + j]) / scale, 4.5 / std::sqrt(kWorlds)) << i << ", " << j;
    }
  }
}

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const Entry* const entry : entries()) {
    // A system is of no suite, and robots have velocity_task_test.cpp.
    if (entry->system == nullptr && entry->facts->robot == nullptr) names.emplace_back(entry->name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Tasks, SuiteReference, testing::ValuesIn(task_names()), [](const auto& task) {
  std::string name = task.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

}  // namespace
}  // namespace lockstep::envs
