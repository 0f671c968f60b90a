// Tests how a run's settings are merged, split between program and agent, and refused.
#include "apps/run_config.h"
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
