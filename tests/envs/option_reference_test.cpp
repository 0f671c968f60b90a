// Holds tasks under other options than their suite's defaults to what the suite's own Python code gave under them.
#include "engine/error.h"
#include "envs/env.h"
#include "envs/option_values.h"
#include "tests/envs/reference.h"
#include "tests/envs/stepped_environment.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace lockstep::envs {
namespace {

Settings settings_of_json(const nlohmann::json& options) {
  Settings settings;
  for (const auto& [name, value] : options.items()) {
    if (value.is_boolean()) {
      settings.set(name, {value.get<bool>(), "reference"});
    } else if (value.is_number_integer()) {
      settings.set(name, {value.get<std::int64_t>(), "reference"});
    } else if (value.is_number()) {
      settings.set(name, {value.get<double>(), "reference"});
    } else {
      settings.set(name, {value.get<std::string>(), "reference"});
    }
  }
  return settings;
}

class OptionReference : public testing::TestWithParam<std::string> {
 protected:
  [[nodiscard]] std::unique_ptr<Environment> environment(int num_worlds) const {
    return make_environment(task_, {.num_worlds = num_worlds,
                                    .precision = "double",
                                    .auto_reset = false,
                                    .options = settings_of_json(json_.at("options"))});
  }
  const nlohmann::json json_ = read_json("options/" + GetParam() + ".json");
  const std::string task_ = json_.at("task").get<std::string>();
  // As in suite_reference_test.cpp: MuJoCo stops its solver at 1e-8, and that of the humanoids short of the solution.
  const bool is_rough_ = task_.starts_with("humanoid");
  const double tolerance_ = is_rough_ ? 1e-4 : 1e-6;
};

// Observations and rewards are float: a rounding of the exact value, plus that of the sum it may be part of.
constexpr double kFloatRounding = 2 * static_cast<double>(std::numeric_limits<float>::epsilon());

TEST_P(OptionReference, FollowsTheSuitesTrajectories) {
  const auto env = environment(1);
  const std::vector<std::string>& names = env->spec().observation_names;
  for (const Trajectory& trajectory : trajectories_of(json_)) {
    env->reset();
    env->set_state(0, trajectory.states[0]);
    for (std::size_t k = 0; k <= trajectory.actions.size(); ++k) {
      SCOPED_TRACE("after step " + std::to_string(k));
      if (k > 0) {
        const std::vector<float> action(trajectory.actions[k - 1].begin(), trajectory.actions[k - 1].end());
        env->step(View<const float, 2>(action.data(), 1, env->spec().action_size));
        const double reward = trajectory.rewards[k - 1];
        EXPECT_NEAR(env->reward()[0], reward, (kFloatRounding + tolerance_) * std::max(1.0, std::abs(reward)));
        EXPECT_EQ(env->terminated()[0] != 0, trajectory.terminated[k - 1]);
      }
      const auto x = state(*env, 0);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double expected = trajectory.states[k][i];
        ASSERT_NEAR(x[i], expected, tolerance_ * std::max(1.0, std::abs(expected))) << env->spec().state_names[i];
      }
      ASSERT_EQ(trajectory.observations[k].size(), names.size());
      for (std::size_t i = 0; i < names.size(); ++i) {
        const double expected = trajectory.observations[k][i];
        const double bound = kFloatRounding + (is_rough_ && names[i] == "cfrc_ext" ? 5e-3 : tolerance_);
        ASSERT_NEAR(env->observation()(0, static_cast<int>(i)), expected, bound * std::max(1.0, std::abs(expected)))
            << names[i];
      }
    }
  }
}

// Kolmogorov and Smirnov's bound, as in suite_reference_test.cpp.
TEST_P(OptionReference, ResetsAsTheSuiteDoes) {
  if (!json_.contains("resets")) return;
  constexpr int kWorlds = 4000;
  const auto env = environment(kWorlds);
  const auto quantiles = json_.at("resets").at("quantiles").get<Rows>();
  const double bound = 1.95 * std::sqrt(1.0 / kWorlds + 1.0 / json_.at("resets").at("samples").get<int>());
  for (std::size_t i = 0; i < quantiles.size(); ++i) {
    std::vector<double> sample;
    for (int world = 0; world < kWorlds; ++world) sample.push_back(state(*env, world)[i]);
    std::ranges::sort(sample);
    for (std::size_t q = 0; q < quantiles[i].size(); ++q) {
      const auto below = std::ranges::upper_bound(sample, quantiles[i][q]) - sample.begin();
      EXPECT_NEAR(static_cast<double>(below) / kWorlds, static_cast<double>(q) / 20, bound)
          << env->spec().state_names[i] << ", quantile " << q;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tasks, OptionReference,
                         testing::Values("ant-v5", "ant-v5-without-loads", "half-cheetah-v5", "hopper-v5",
                                         "hopper-v5-goes-on", "humanoid-v5", "humanoid-v5-inertias",
                                         "humanoid-standup-v5", "inverted-pendulum-v5", "inverted-double-pendulum-v5",
                                         "pusher-v5", "reacher-v5", "swimmer-v5", "walker2d-v5"),
                         [](const auto& task) {
                           std::string name = task.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

Settings one_option(const std::string& name, const std::variant<bool, std::int64_t, double, std::string>& value) {
  Settings settings;
  settings.set(name, {value, "--option " + name});
  return settings;
}

TEST(TaskOptions, LeaveTheTaskAsItIsWhereTheySayTheDefaults) {
  const Entry& entry = find("ant-v5");
  Settings defaults;
  for (const OptionField& field : entry.options) {
    if (field.kind == OptionKind::kRange) {
      defaults.set(field.name, {default_text(field), "test"});
    } else if (field.kind == OptionKind::kFlag) {
      defaults.set(field.name, {field.value[0] != 0, "test"});
    } else if (field.kind == OptionKind::kCount) {
      defaults.set(field.name, {static_cast<std::int64_t>(field.value[0]), "test"});
    } else {
      defaults.set(field.name, {field.value[0], "test"});
    }
  }
  const auto said = make_environment("ant-v5", {.num_worlds = 5, .seed = 4, .options = defaults});
  const auto silent = make_environment("ant-v5", {.num_worlds = 5, .seed = 4});
  const std::vector<float> actions(40, 0.3f);
  for (int k = 0; k < 20; ++k) {
    for (Environment* const env : {said.get(), silent.get()}) env->step(View<const float, 2>(actions.data(), 5, 8));
  }
  EXPECT_EQ(said->save(), silent->save());
}

TEST(TaskOptions, ChangeWhatIsObservedAndItsNames) {
  const TaskSpec spec =
      envs::spec(find("Humanoid-v5"), {.options = one_option("include_cinert_in_observation", false)});
  EXPECT_EQ(spec.observation_size, 348 - 130);
  EXPECT_EQ(spec.observation_names.size(), 218u);
  EXPECT_EQ(std::ranges::count(spec.observation_names, "cinert"), 0);
  EXPECT_EQ(std::ranges::count(spec.observation_names, "cvel"), 78);
  const TaskSpec with_place =
      envs::spec(find("swimmer-v5"), {.options = one_option("exclude_current_positions_from_observation", false)});
  EXPECT_EQ(with_place.observation_names.front(), "x");
  EXPECT_EQ(with_place.observation_size, 10);
}

TEST(TaskOptions, LengthenAStepByFrameSkip) {
  const auto env = make_environment("hopper-v5", {.options = one_option("frame_skip", std::int64_t{8})});
  EXPECT_EQ(env->spec().physics_steps, 8);
  EXPECT_NEAR(env->spec().control_timestep, 0.016, 1e-15);
  EXPECT_NEAR(env->dynamics()->timestep(), 0.016, 1e-15);
}

TEST(TaskOptions, RefuseAnUnknownNameAndSayTheNearest) {
  try {
    (void)make_environment("ant-v5", {.options = one_option("ctrl_cost_wieght", 1.0)});
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_EQ(error.problem(), "the task ant-v5 has no option 'ctrl_cost_wieght'");
    EXPECT_EQ(error.where(), "--option ctrl_cost_wieght");
    EXPECT_NE(error.fix().find("'ctrl_cost_weight'"), std::string::npos) << error.fix();
  }
}

TEST(TaskOptions, RefuseANameThatIsLikeNoneAndSayAll) {
  try {
    (void)make_environment("reacher-v5", {.options = one_option("zzz", 1.0)});
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE(error.fix().find("frame_skip, reward_dist_weight, reward_control_weight"), std::string::npos)
        << error.fix();
  }
}

TEST(TaskOptions, RefuseAnyOnATaskThatHasNone) {
  try {
    (void)make_environment("pendulum-v1", {.options = one_option("frame_skip", std::int64_t{2})});
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("pendulum-v1 has no options"), std::string::npos) << error.problem();
  }
}

TEST(TaskOptions, RefuseValuesThatAreNotPossibleAndSayWhatIs) {
  const auto fix_of = [](const Settings& options) {
    try {
      (void)make_environment("ant-v5", {.options = options});
    } catch (const Error& error) {
      EXPECT_NE(error.problem().find("ant-v5"), std::string::npos) << error.problem();
      return error.fix();
    }
    return std::string("accepted");
  };
  EXPECT_EQ(fix_of(one_option("frame_skip", std::int64_t{0})),
            "give a whole number from 1 to 1000: physics steps in one env step");
  EXPECT_EQ(fix_of(one_option("frame_skip", 2.5)), "give a whole number from 1 to 1000: physics steps in one env step");
  EXPECT_EQ(fix_of(one_option("reset_noise_scale", -0.1)), "give a number from 0 to 1: how far starts are spread");
  EXPECT_EQ(fix_of(one_option("terminate_when_unhealthy", std::int64_t{1})),
            "give true or false: end the episode there");
  const std::string range = "give two numbers, the lower first, as in \"[0.2, inf]\": m, height of the torso";
  EXPECT_EQ(fix_of(one_option("healthy_z_range", 0.3)), range);
  EXPECT_EQ(fix_of(one_option("healthy_z_range", std::string("1, 0.2"))), range);
  EXPECT_EQ(fix_of(one_option("healthy_z_range", std::string("0.2, x"))), range);
  EXPECT_EQ(fix_of(one_option("healthy_z_range", std::string("(-inf, 2)"))), "accepted");
}

}  // namespace
}  // namespace lockstep::envs
