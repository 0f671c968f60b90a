// Tests the checked-in configurations: each is whole, is accepted by its agent, and is found by its pair.
#include "agents/checked_configs.h"
#include "agents/agent.h"
#include "engine/error.h"
#include "envs/env.h"

#include <algorithm>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace lockstep::agents {
namespace {

class EveryConfig : public testing::TestWithParam<ConfigFile> {};

TEST_P(EveryConfig, SaysWhatItReachedAndByWhichCommand) {
  const CheckedConfig config = parse_config(GetParam());
  EXPECT_EQ(find_config(config.task, config.agent)->name, GetParam().name);
  EXPECT_GT(config.env_steps, 0);
  EXPECT_GT(config.seconds, 0);
  EXPECT_NE(config.reached_return, 0);
  EXPECT_TRUE(config.command.starts_with("lockstep train " + config.task + " --agent " + config.agent + " --seeds " +
                                         config.seeds))
      << config.command;
  EXPECT_EQ(envs::find(config.task).name, config.task);
}

TEST_P(EveryConfig, HasKeysThatAreTheAgentsOrTheProgramsOnly) {
  const CheckedConfig config = parse_config(GetParam());
  const Settings defaults = find(config.agent).defaults();
  for (const auto& [key, setting] : config.settings.values()) {
    if (key == "task" || key == "agent" || key == "max_iterations" || key.starts_with("environment.")) continue;
    EXPECT_TRUE(defaults.values().contains(key)) << setting.origin;
  }
}

TEST_P(EveryConfig, IsAcceptedByItsAgent) {
  const CheckedConfig config = parse_config(GetParam());
  AgentInputs inputs;
  inputs.make_environment = envs::make_environment;
  inputs.task = config.task;
  inputs.settings = find(config.agent).defaults();
  for (const auto& [key, setting] : config.settings.values())
    if (inputs.settings.values().contains(key)) inputs.settings.set(key, setting);
  EXPECT_NE(find(config.agent).make(inputs), nullptr);
}

INSTANTIATE_TEST_SUITE_P(CheckedConfigs, EveryConfig, testing::ValuesIn(config_files().begin(), config_files().end()),
                         [](const auto& example) {
                           std::string name(example.param.name);
                           name = name.substr(name.rfind('/') + 1);
                           name.resize(name.rfind('.'));
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(CheckedConfigs, AreNoneForAPairThatHasNone) { EXPECT_EQ(find_config("pendulum-v1", "nobody"), nullptr); }

constexpr const char* kWhole =
    "# return: -150.5\n# return_interval: -160 to -140\n# env_steps: 100\n# seconds: 2.5\n# seeds: 0..4\n"
    "# machine: one core\n# command: lockstep train a --agent b --seeds 0..4\ntask = \"a\"\nagent = \"b\"\n";

TEST(CheckedConfigs, ReadTheCommentsAtTheirHead) {
  const CheckedConfig config = parse_config({"some.toml", kWhole});
  EXPECT_EQ(config.reached_return, -150.5);
  EXPECT_EQ(config.return_interval, "-160 to -140");
  EXPECT_EQ(config.env_steps, 100);
  EXPECT_EQ(config.seconds, 2.5);
  EXPECT_EQ(config.machine, "one core");
  EXPECT_EQ(config.settings.values().size(), 2u);
}

TEST(CheckedConfigs, SayWhichCommentIsMissingOrIsNoNumber) {
  for (const auto& [from, to] : {std::pair{"# seconds: 2.5\n", ""}, {"# seconds: 2.5", "# seconds: 2.5 s"}}) {
    std::string text = kWhole;
    text.replace(text.find(from), std::string(from).size(), to);
    try {
      (void)parse_config({"some.toml", text});
      FAIL() << "expected Error";
    } catch (const Error& error) {
      EXPECT_NE((error.problem() + error.where()).find("seconds"), std::string::npos);
      EXPECT_NE(error.where().find("some.toml"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace lockstep::agents
