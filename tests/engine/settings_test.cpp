// Tests settings from TOML and --set, and the fields that they fill.
#include "engine/settings.h"
#include "engine/atomic_file.h"
#include "engine/error.h"
#include "tests/engine/temporary_folder.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

struct InnerConfig {
  double step = 0.5;
  void describe(Fields& fields) { fields.add("step", step, "size of a step", {0, 1}); }
};
struct ExampleConfig {
  int horizon = 15;
  std::uint64_t seed = 1;
  float scale = 0.5f;
  bool is_on = false;
  std::string mode = "fast";
  InnerConfig inner;
  void describe(Fields& fields) {
    fields.add("horizon", horizon, "steps planned ahead", {1, 100});
    fields.add("seed", seed, "of all random numbers");
    fields.add("scale", scale, "share of the range", {0, 1});
    fields.add("is_on", is_on, "whether it is on");
    fields.add_choice("mode", mode, "how it runs", {"fast", "exact"});
    fields.add_section("inner", inner);
  }
};

Settings from(const std::string& toml) { return Settings::from_toml(toml, "test.toml"); }
Settings from_argument(const std::string& argument) {
  Settings settings;
  settings.set_from_argument(argument);
  return settings;
}

// The Error that filling an ExampleConfig with `settings` gives.
Error error_of(const Settings& settings) {
  try {
    (void)configured<ExampleConfig>(settings);
  } catch (const Error& error) {
    return error;
  }
  return {"no error", "", ""};
}

TEST(Settings, FillTheFieldsOfAStruct) {
  const auto config = configured<ExampleConfig>(
      from("horizon = 30\nseed = 7\nscale = 0.25\nis_on = true\nmode = \"exact\"\n[inner]\nstep = 1\n"));
  EXPECT_EQ(config.horizon, 30);
  EXPECT_EQ(config.seed, 7u);
  EXPECT_EQ(config.scale, 0.25f);
  EXPECT_TRUE(config.is_on);
  EXPECT_EQ(config.mode, "exact");
  EXPECT_EQ(config.inner.step, 1.0);
}

TEST(Settings, LeaveDefaultsAloneWhereNothingIsSet) { EXPECT_EQ(configured<ExampleConfig>({}).horizon, 15); }

TEST(Settings, ComeBackFromTheirOwnToml) {
  Settings settings;
  settings.set("a", {true, ""});
  settings.set("b.c", {std::numeric_limits<std::int64_t>::min(), ""});
  settings.set("b.d", {0.1, ""});
  settings.set("b.e", {1e300, ""});
  settings.set("b.whole", {2.0, ""});
  settings.set("f", {std::string("quote \" backslash \\ line\nend, tab\t, \x01, non-ASCII é"), ""});
  settings.set("g", {std::numeric_limits<double>::infinity(), ""});
  settings.set("h", {-std::numeric_limits<double>::infinity(), ""});
  const Settings back = from(settings.to_toml());
  ASSERT_EQ(back.values().size(), settings.values().size());
  for (const auto& [key, setting] : settings.values()) EXPECT_EQ(back.values().at(key).value, setting.value) << key;
}

TEST(Settings, ComeBackWhereAKeyIsAlsoThePrefixOfOthers) {
  Settings settings;
  settings.set("planner", {std::string("ilqr"), ""});
  settings.set("planner.horizon", {std::int64_t{30}, ""});
  settings.set("planner.line.steps", {std::int64_t{8}, ""});
  const Settings back = from(settings.to_toml());
  EXPECT_EQ(back.to_toml(), settings.to_toml());
  EXPECT_EQ(std::get<std::int64_t>(back.values().at("planner.line.steps").value), 8);
}

TEST(Settings, OfAStructComeBackThroughToml) {
  ExampleConfig config;
  config.scale = 0.1f;
  config.seed = 123456789012345678;
  const auto back = configured<ExampleConfig>(from(settings_of(config).to_toml()));
  EXPECT_EQ(back.scale, 0.1f);
  EXPECT_EQ(back.seed, config.seed);
}

TEST(Settings, SuggestTheNearestKeyForAnUnknownOne) {
  const Error error = error_of(from("horizn = 3\n"));
  EXPECT_EQ(error.problem(), "unknown key 'horizn'");
  EXPECT_EQ(error.where(), "test.toml, line 1");
  EXPECT_EQ(error.fix(), "did you mean 'horizon'?");
}

TEST(Settings, SayLineAndRangeForAValueOutsideIt) {
  const Error error = error_of(from("seed = 1\nhorizon = 0\n"));
  EXPECT_EQ(error.problem(), "horizon = 0 is outside [1, 100]");
  EXPECT_EQ(error.where(), "test.toml, line 2");
  EXPECT_NE(error.fix().find("steps planned ahead"), std::string::npos);
}

TEST(Settings, RefuseAnotherType) {
  EXPECT_NE(error_of(from("horizon = 1.5")).problem().find("not a whole number"), std::string::npos);
  EXPECT_NE(error_of(from("is_on = 1")).problem().find("not true or false"), std::string::npos);
  EXPECT_NE(error_of(from("mode = 3")).problem().find("not a string"), std::string::npos);
  EXPECT_NE(error_of(from("scale = \"big\"")).problem().find("not a number"), std::string::npos);
}

TEST(Settings, RefuseANumberThatIsNone) {
  EXPECT_NE(error_of(from("inner.step = nan")).problem().find("outside"), std::string::npos);
  EXPECT_NE(error_of(from("inner.step = inf")).problem().find("outside"), std::string::npos);
}

TEST(Settings, RefuseWholeNumbersThatDoNotFit) {
  EXPECT_NE(error_of(from("seed = -1")).problem().find("seed = -1"), std::string::npos);
  EXPECT_NE(error_of(from("horizon = 99999999999")).problem().find("outside"), std::string::npos);
}

TEST(Settings, SuggestTheNearestChoice) {
  const Error error = error_of(from("mode = \"exat\""));
  EXPECT_EQ(error.fix(), "did you mean \"exact\"?");
}

TEST(Settings, ChangeNothingWhenOneOfThemIsWrong) {
  ExampleConfig config;
  Fields fields;
  config.describe(fields);
  EXPECT_THROW(fields.apply(from("horizon = 30\nscale = 9")), Error);
  EXPECT_EQ(config.horizon, 15);
}

TEST(Settings, SayTheLineOfASyntaxError) {
  try {
    (void)from("horizon = 3\nscale = = 2\n");
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "test.toml, line 2");
  }
}

TEST(Settings, RefuseArraysAndDates) {
  EXPECT_THROW((void)from("a = [1, 2]"), Error);
  EXPECT_THROW((void)from("a = 2024-01-01"), Error);
}

TEST(Settings, SayWhichFileCannotBeRead) {
  const TemporaryFolder folder;
  EXPECT_THROW((void)Settings::from_file(folder / "none.toml"), Error);
  EXPECT_THROW((void)Settings::from_file(folder.path().string()), Error);
}

TEST(SettingsArgument, IsReadAsToml) {
  EXPECT_EQ(std::get<std::int64_t>(from_argument("planner.horizon=30").values().at("planner.horizon").value), 30);
  EXPECT_EQ(std::get<double>(from_argument("a=1e-3").values().at("a").value), 1e-3);
  EXPECT_TRUE(std::get<bool>(from_argument("a=true").values().at("a").value));
  EXPECT_EQ(std::get<std::string>(from_argument("a=\"x y\"").values().at("a").value), "x y");
}

TEST(SettingsArgument, IsABareWordWhereItIsNoToml) {
  EXPECT_EQ(std::get<std::string>(from_argument("task=cartpole-swingup").values().at("task").value),
            "cartpole-swingup");
  EXPECT_EQ(std::get<std::string>(from_argument("a=x=y").values().at("a").value), "x=y");
}

TEST(SettingsArgument, CannotSmuggleInAnotherKey) {
  EXPECT_THROW((void)from_argument("a=1\nb=2"), Error);
  EXPECT_THROW((void)from_argument("a b=1"), Error);
  EXPECT_THROW((void)from_argument("=1"), Error);
  EXPECT_THROW((void)from_argument("a"), Error);
}

TEST(SettingsArgument, RefusesAnArray) { EXPECT_THROW((void)from_argument("a=[1, 2]"), Error); }

TEST(Settings, LaterOnesWin) {
  Settings settings = from("a = 1\nb = 2");
  settings.merge(from_argument("b=3"));
  EXPECT_EQ(std::get<std::int64_t>(settings.values().at("b").value), 3);
  EXPECT_EQ(settings.values().at("b").origin, "--set b=3");
}

TEST(Settings, SectionAndPrefixAreInverse) {
  const Settings inner = from("planner.horizon = 3\nplannerx.horizon = 4\n").section("planner");
  ASSERT_EQ(inner.values().size(), 1u);
  EXPECT_EQ(inner.prefixed("planner").values().begin()->first, "planner.horizon");
}

TEST(Settings, WithoutASectionAreTheOthers) {
  Settings all = from("planner.horizon = 3\nplannerx.horizon = 4\n");
  all.set_from_argument("planner=2");
  const Settings rest = all.without_section("planner");
  EXPECT_EQ(rest.values().size(), 2u);
  EXPECT_EQ(rest.values().count("planner.horizon"), 0u);
}

}  // namespace
}  // namespace lockstep
