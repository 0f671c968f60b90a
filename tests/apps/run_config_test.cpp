// Tests how a run's settings are merged, split between program and agent, and refused.
#include "apps/run_config.h"
#include "apps/environment_flags.h"
#include "engine/atomic_file.h"
#include "engine/error.h"
#include "tests/engine/temporary_folder.h"

#include <string>

#include <gtest/gtest.h>

namespace lockstep::apps {
namespace {

Settings defaults_of(const std::string& agent) {
  if (agent != "sindy-mpc") throw Error("unknown agent '" + agent + "'", "agent", "");
  Settings defaults;
  defaults.set("planner.horizon", {std::int64_t{30}, "default"});
  return defaults;
}

Settings settings(const std::string& toml) { return Settings::from_toml(toml, "run.toml"); }

TEST(ResolvedRun, GivesEachKeyToWhomItBelongs) {
  const ResolvedRun run = resolve_run(settings("task = \"a\"\nseed = 7\nplanner.horizon = 40\n"), defaults_of);
  EXPECT_EQ(run.config.seed, 7u);
  EXPECT_EQ(run.config.environment.seed, 7u);
  EXPECT_EQ(std::get<std::int64_t>(run.agent.values().at("planner.horizon").value), 40);
}

TEST(ResolvedRun, ComesBackFromItsOwnToml) {
  const ResolvedRun run = resolve_run(settings("task = \"a\"\nenvironment.threads = 2\n"), defaults_of);
  const ResolvedRun again = resolve_run(settings(run.all().to_toml()), defaults_of);
  EXPECT_EQ(again.all().to_toml(), run.all().to_toml());
  EXPECT_EQ(again.config.environment.threads, 2);
}

TEST(ResolvedRun, SuggestsTheNearestKeyOfProgramOrAgent) {
  for (const auto& [wrong, right] :
       {std::pair{"planer.horizon", "planner.horizon"}, {"max_iteration", "max_iterations"}}) {
    try {
      (void)resolve_run(settings(std::string("task = \"a\"\n") + wrong + " = 3\n"), defaults_of);
      FAIL() << "expected Error";
    } catch (const Error& error) {
      EXPECT_EQ(error.problem(), std::string("unknown key '") + wrong + "'");
      EXPECT_EQ(error.where(), "run.toml, line 2");
      EXPECT_EQ(error.fix(), std::string("did you mean '") + right + "'?");
    }
  }
}

TEST(ResolvedRun, GivesTheEnvironmentItsOptionsAndWrapping) {
  const std::string toml =
      "task = \"a\"\n[environment]\naction_repeat = 2\nframe_stack = 3\nepisode_steps = 50\n"
      "[environment.options]\nctrl_cost_weight = 0.25\nhealthy_z_range = \"[0.3, inf]\"\n";
  const ResolvedRun run = resolve_run(settings(toml), defaults_of);
  const EnvironmentConfig& environment = run.config.environment;
  EXPECT_EQ(environment.wrapping.action_repeat, 2);
  EXPECT_EQ(environment.wrapping.frame_stack, 3);
  EXPECT_EQ(environment.episode_steps, 50);
  EXPECT_EQ(std::get<double>(environment.options.values().at("ctrl_cost_weight").value), 0.25);
  EXPECT_EQ(environment.options.values().at("healthy_z_range").origin, "run.toml, line 8");
  const ResolvedRun again = resolve_run(settings(run.all().to_toml()), defaults_of);
  EXPECT_EQ(again.all().to_toml(), run.all().to_toml());
  EXPECT_EQ(std::get<std::string>(again.config.environment.options.values().at("healthy_z_range").value), "[0.3, inf]");
}

EnvironmentFlags parsed_flags(const std::string& line) {
  EnvironmentFlags flags;
  CLI::App app;
  add_environment_flags(app, flags);
  app.parse(line);
  return flags;
}

TEST(EnvironmentFlags, AreTheKeysOfTheConfiguration) {
  const EnvironmentFlags flags = parsed_flags(
      "--option ctrl_cost_weight=0.5 --option healthy_z_range=[0.3,1] --action-repeat 4 --normalise-observations "
      "--episode-steps 99");
  const EnvironmentConfig config = flags.config();
  EXPECT_EQ(config.wrapping.action_repeat, 4);
  EXPECT_TRUE(config.wrapping.normalise_observations);
  EXPECT_EQ(config.episode_steps, 99);
  EXPECT_EQ(std::get<std::string>(config.options.values().at("healthy_z_range").value), "[0.3,1]");
  EXPECT_EQ(config.options.values().at("ctrl_cost_weight").origin, "--option ctrl_cost_weight=0.5");
  EXPECT_EQ(flags.settings().values().at("environment.action_repeat").origin, "--action-repeat 4");
}

TEST(EnvironmentFlags, RefuseWhatTheConfigurationRefuses) {
  EXPECT_THROW((void)parsed_flags("--frame-stack 0").config(), Error);
  EXPECT_THROW((void)parsed_flags("--frame-stack two").config(), Error);
  EXPECT_THROW((void)parsed_flags("--option ctrl_cost_weight").config(), Error);
}

TEST(ResolvedRun, WantsATask) { EXPECT_THROW((void)resolve_run({}, defaults_of), Error); }

TEST(MergedSettings, LetSetWinOverOptionsAndOptionsOverTheFile) {
  const TemporaryFolder folder;
  write_file(folder / "run.toml", "seed = 1\ntask = \"file\"\nagent = \"file\"\n");
  const SettingsOptions from{(folder / "run.toml").string(), {"agent=assigned"}};
  const Settings merged = merged_settings(from, settings("task = \"option\"\nagent = \"option\"\n"));
  EXPECT_EQ(std::get<std::int64_t>(merged.values().at("seed").value), 1);
  EXPECT_EQ(std::get<std::string>(merged.values().at("task").value), "option");
  EXPECT_EQ(std::get<std::string>(merged.values().at("agent").value), "assigned");
}

}  // namespace
}  // namespace lockstep::apps
