// Tests the program end to end: exit codes, error texts, JSON lines, and that bad input leaves nothing behind.
#include "engine/atomic_file.h"
#include "engine/checkpoint.h"
#include "engine/run_folder.h"
#include "tests/apps/child_process.h"
#include "tests/engine/temporary_folder.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace lockstep {
namespace {

ChildResult lockstep_with(std::vector<std::string> words, const std::filesystem::path& folder) {
  words.insert(words.begin(), LOCKSTEP_PROGRAM);
  return run_program(words, folder);
}

// "error: ...", "  where: ...", "  fix: ...", and no more.
void expect_one_error(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 3u) << text;
  EXPECT_TRUE(lines[0].starts_with("error: ")) << text;
  EXPECT_TRUE(lines[1].starts_with("  where: ")) << text;
  EXPECT_TRUE(lines[2].starts_with("  fix: ") && lines[2].size() > 8) << text;
}

struct BadInput {
  const char* name;
  std::vector<std::string> words;
  const char* said;  // in the error text
};

class BadInputTo : public testing::TestWithParam<BadInput> {};

TEST_P(BadInputTo, GivesOneErrorAndLeavesNothing) {
  const TemporaryFolder folder;
  const TemporaryFolder elsewhere;
  write_file(elsewhere / "broken.toml", "seed = = 3\n");
  write_file(elsewhere / "broken.xml", "<mujoco><worldbody>");
  write_file(elsewhere / "massless.xml", "<mujoco><worldbody><body><joint/></body></worldbody></mujoco>");
  write_file(elsewhere / "compiled.mjb", "model");
  std::vector<std::string> words = GetParam().words;
  for (std::string& word : words)
    if (word.starts_with("@")) word = elsewhere / word.substr(1);
  const ChildResult result = lockstep_with(words, folder.path());
  EXPECT_EQ(result.exit_code, 2) << result.err;
  expect_one_error(result.err);
  EXPECT_NE(result.err.find(GetParam().said), std::string::npos) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

INSTANTIATE_TEST_SUITE_P(
    Program, BadInputTo,
    testing::Values(BadInput{"NoCommand", {}, "--help"}, BadInput{"UnknownCommand", {"trian"}, "did you mean 'train'?"},
                    BadInput{"UnknownOption", {"train", "pendulum-v1", "--sede", "3"}, "did you mean '--seed'?"},
                    BadInput{"OptionOfAnotherType", {"train", "pendulum-v1", "--seed", "x"}, "--seed"},
                    BadInput{"UnknownTask", {"train", "pendulum-v2"}, "did you mean 'pendulum-v1'?"},
                    BadInput{"NoTask", {"train"}, "no task was named"},
                    BadInput{"SeedsThatAreNone", {"train", "pendulum-v1", "--seeds", "0..x"}, "'x' is no seed"},
                    BadInput{"SeedBesideSeeds", {"train", "pendulum-v1", "--seeds", "0,1", "--seed", "3"}, "--seeds"},
                    BadInput{"NoJobs", {"train", "pendulum-v1", "--seeds", "0,1", "--jobs", "0"}, "--jobs"},
                    BadInput{"SweepOfUnknownKey", {"train", "pendulum-v1", "--seeds", "0,1", "--set", "x=1"}, "'x'"},
                    BadInput{"ResumeOfNoSweep", {"train", "--resume", "nowhere", "--seeds", "0,1"}, "no sweep"},
                    BadInput{"UnknownAgent", {"train", "pendulum-v1", "--agent", "sindy-mcp"}, "sindy-mcp"},
                    BadInput{"MissingConfig", {"train", "pendulum-v1", "--config", "@none.toml"}, "none.toml"},
                    BadInput{"BrokenConfig", {"train", "pendulum-v1", "--config", "@broken.toml"}, "line 1"},
                    BadInput{"BadAssignment", {"train", "pendulum-v1", "--set", "seed"}, "KEY=VALUE"},
                    BadInput{"ValueOutOfRange", {"train", "pendulum-v1", "--set", "max_iterations=-1"}, "outside"},
                    BadInput{"ValueOfAnotherType", {"train", "pendulum-v1", "--set", "video=maybe"}, "true or false"},
                    BadInput{"ResumeOfNoRun", {"train", "--resume", "nowhere"}, "not a run folder"},
                    BadInput{"EvalOfNoRun", {"eval", "nowhere"}, "not a run folder"},
                    BadInput{"ExportOfNoRun", {"export", "nowhere", "--format", "c", "-o", "a.h"}, "not a run folder"},
                    BadInput{"ExportOfUnknownFormat", {"export", "nowhere", "--format", "tf", "-o", "a"}, "onnx"},
                    BadInput{"ExportToNoFile", {"export", "nowhere", "--format", "c"}, "--output"},
                    BadInput{"UnknownTaskOption",
                             {"train", "ant-v5", "--agent", "ppo", "--option", "ctrl_cost_wieght=1"},
                             "did you mean 'ctrl_cost_weight'?"},
                    BadInput{"TaskOptionOutOfRange",
                             {"bench", "tasks", "hopper-v5", "--option", "frame_skip=0"},
                             "a whole number from 1 to 1000"},
                    BadInput{"TaskOptionWithoutValue", {"plan", "hopper-v5", "--option", "frame_skip"}, "NAME=VALUE"},
                    BadInput{"OptionOfATaskWithoutAny",
                             {"train", "pendulum-v1", "--option", "x=1"},
                             "the task pendulum-v1 has no options"},
                    BadInput{"RepeatOutOfRange", {"train", "pendulum-v1", "--action-repeat", "0"}, "outside"},
                    BadInput{"PictureOfUnknownTask", {"picture", "hoper-v5"}, "did you mean 'hopper-v5'?"},
                    BadInput{"PictureOfNoSize", {"picture", "hopper-v5", "--size", "9"}, "WIDTHxHEIGHT"},
                    BadInput{"MissingModel", {"check", "none.xml"}, "none.xml"},
                    BadInput{"BrokenModel", {"check", "@broken.xml"}, "broken.xml"},
                    BadInput{"ModelWithoutMass", {"check", "@massless.xml"}, "mass and inertia"},
                    BadInput{"CompiledModel", {"check", "@compiled.mjb"}, "MJB"},
                    BadInput{"ClosedLoopWithoutSettings",
                             {"bench", "closed-loop", "hopper-v5"},
                             "no settings are known for 'hopper-v5'"},
                    BadInput{"BenchOfUnknownTask", {"bench", "tasks", "hoper-v5"}, "did you mean 'hopper-v5'?"},
                    BadInput{"PlanOfUnknownTask", {"plan", "cartpole-swingdown"}, "cartpole-swingup"},
                    BadInput{"FitOfNothing", {"fit", "none.csv"}, "none.csv"},
                    BadInput{"KeysOfUnknownAgent", {"list", "keys", "nobody"}, "unknown agent"}),
    [](const auto& example) { return std::string(example.param.name); });

// A run folder whose checkpoint is `bytes`.
void make_run(const std::filesystem::path& folder, std::span<const std::byte> bytes) {
  std::filesystem::create_directory(folder);
  write_file(folder / "config.toml", "task = \"pendulum-v1\"\nagent = \"sindy-mpc\"\n");
  write_file(folder / "checkpoint.lockstep", bytes);
}

TEST(Program, RefusesACheckpointThatWasCutShort) {
  const TemporaryFolder folder;
  const std::vector<std::byte> whole = encode_checkpoint({{"agent", std::vector<std::byte>(100)}});
  make_run(folder / "run", std::span(whole).first(whole.size() - 1));
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"train", "--resume", "run"}, {"eval", "run"}}) {
    const ChildResult result = lockstep_with(words, folder.path());
    EXPECT_EQ(result.exit_code, 2);
    expect_one_error(result.err);
    EXPECT_NE(result.err.find("cut short"), std::string::npos) << result.err;
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "run"), {}), 2);
}

TEST(Program, RefusesACheckpointOfAnotherRelease) {
  const TemporaryFolder folder;
  make_run(folder / "run", encode_checkpoint({{"agent", std::vector<std::byte>(100)}}, "99.0.0"));
  const ChildResult result = lockstep_with({"train", "--resume", "run"}, folder.path());
  EXPECT_EQ(result.exit_code, 2);
  expect_one_error(result.err);
  EXPECT_NE(result.err.find("99.0.0"), std::string::npos) << result.err;
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "run"), {}), 2);
}

TEST(Program, ListsTasksAsJsonLines) {
  const TemporaryFolder folder;
  const ChildResult result = lockstep_with({"list", "tasks", "--json", "-"}, folder.path());
  EXPECT_EQ(result.exit_code, 0);
  std::vector<std::string> names;
  std::istringstream stream(result.out);
  for (std::string line; std::getline(stream, line);) {
    const auto row = nlohmann::json::parse(line);
    EXPECT_FALSE(row.at("summary").get<std::string>().empty());
    names.push_back(row.at("name"));
  }
  EXPECT_NE(std::ranges::find(names, "pendulum-v1"), names.end());
  EXPECT_NE(result.err.find("pendulum-v1"), std::string::npos);  // for people, who still read along
}

TEST(Program, ListsTheOptionsOfATask) {
  const TemporaryFolder folder;
  const ChildResult result = lockstep_with({"list", "tasks", "Hopper-v5", "--json", "-"}, folder.path());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  bool has_range = false;
  std::istringstream stream(result.out);
  for (std::string line; std::getline(stream, line);) {
    const auto row = nlohmann::json::parse(line);
    if (row.at("name") != "healthy_z_range") continue;
    has_range = true;
    EXPECT_EQ(row.at("default"), "[0.7, inf]");
  }
  EXPECT_TRUE(has_range) << result.out;
}

TEST(Program, GoesOnWithTheOptionsThatARunWasTrainedUnder) {
  const TemporaryFolder folder;
  const ChildResult trained = lockstep_with({"train",
                                             "inverted-pendulum-v5",
                                             "--agent",
                                             "ppo",
                                             "--agent-defaults",
                                             "--iterations",
                                             "1",
                                             "--option",
                                             "reset_noise_scale=0.05",
                                             "--frame-stack",
                                             "2",
                                             "--normalise-observations",
                                             "--no-video",
                                             "--no-view",
                                             "--run-dir",
                                             "run",
                                             "--set",
                                             "worlds=4",
                                             "--set",
                                             "steps=8"},
                                            folder.path());
  ASSERT_LE(trained.exit_code, 1) << trained.err;
  std::ifstream file(folder / "run" / "config.toml");
  const std::string config((std::istreambuf_iterator<char>(file)), {});
  EXPECT_NE(config.find("environment.options.reset_noise_scale = 0.05"), std::string::npos) << config;
  const ChildResult resumed =
      lockstep_with({"train", "--resume", "run", "--iterations", "2", "--no-video", "--no-view"}, folder.path());
  EXPECT_LE(resumed.exit_code, 1) << resumed.err;
  const ChildResult judged = lockstep_with({"eval", "run", "--episodes", "3"}, folder.path());
  EXPECT_LE(judged.exit_code, 1) << judged.err;
  const ChildResult harder =
      lockstep_with({"eval", "run", "--episodes", "3", "--option", "reset_noise_scale=1"}, folder.path());
  EXPECT_LE(harder.exit_code, 1) << harder.err;
  EXPECT_NE(judged.out, harder.out);
  const ChildResult exported = lockstep_with({"export", "run", "--format", "c", "-o", "policy.h"}, folder.path());
  EXPECT_EQ(exported.exit_code, 2);
  EXPECT_NE(exported.err.find("normalise_observations"), std::string::npos) << exported.err;
}

TEST(Program, DrawsTasksWithoutADisplay) {
  const TemporaryFolder folder;
  const ChildResult result =
      lockstep_with({"picture", "hopper-v5", "cartpole-v1", "-o", "pictures", "--size", "64x48"}, folder.path());
  if (result.exit_code == 3) GTEST_SKIP() << result.err;
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* const name : {"hopper-v5.png", "cartpole-v1.png"}) {
    std::ifstream file(folder / "pictures" / name, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    EXPECT_TRUE(bytes.starts_with("\x89PNG")) << name;
  }
}

TEST(Program, ListsCheckedInSettingsWithWhatTheyReached) {
  const TemporaryFolder folder;
  const ChildResult result = lockstep_with({"train", "--list", "--json", "-"}, folder.path());
  EXPECT_EQ(result.exit_code, 0);
  std::vector<std::string> pairs;
  std::istringstream stream(result.out);
  for (std::string line; std::getline(stream, line);) {
    const auto row = nlohmann::json::parse(line);
    EXPECT_GT(row.at("env_steps").get<double>(), 0);
    EXPECT_TRUE(row.at("command").get<std::string>().starts_with("lockstep train "));
    pairs.push_back(row.at("task").get<std::string>() + " " + row.at("agent").get<std::string>());
  }
  EXPECT_NE(std::ranges::find(pairs, "cartpole-v1 ppo"), pairs.end());
  EXPECT_NE(result.err.find("agents/configs/cartpole-v1-ppo.toml"), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

const std::vector<std::string> kSmallRun = {"--set",     "worlds=4",   "--set",       "steps=16",
                                            "--set",     "epochs=1",   "--set",       "evaluations=1",
                                            "--no-view", "--no-video", "--iterations"};

std::vector<std::string> small_run(const std::vector<std::string>& words, const char* iterations) {
  std::vector<std::string> all = words;
  all.insert(all.end(), kSmallRun.begin(), kSmallRun.end());
  all.emplace_back(iterations);
  return all;
}

TEST(Program, TakesCheckedInSettingsUnlessToldNotTo) {
  const TemporaryFolder folder;
  const ChildResult taken =
      lockstep_with(small_run({"train", "CartPole-v1", "--agent", "ppo", "--run-dir", "a"}, "1"), folder.path());
  EXPECT_NE(taken.out.find("settings of agents/configs/cartpole-v1-ppo.toml"), std::string::npos) << taken.err;
  const ChildResult defaults = lockstep_with(
      small_run({"train", "cartpole-v1", "--agent", "ppo", "--run-dir", "b", "--agent-defaults"}, "1"), folder.path());
  EXPECT_EQ(defaults.out.find("settings of"), std::string::npos) << defaults.out;
  const ChildResult file = lockstep_with({"train", "--config", "a/config.toml", "--run-dir", "c"}, folder.path());
  EXPECT_EQ(file.out.find("settings of"), std::string::npos) << file.out;
  EXPECT_EQ(read_run(folder / "a").config.to_toml(), read_run(folder / "c").config.to_toml());
}

TEST(Program, ExportsALearnedPolicyInEveryFormat) {
  const TemporaryFolder folder;
  (void)lockstep_with(small_run({"train", "pendulum-v1", "--agent", "ppo", "--run-dir", "run"}, "1"), folder.path());
  for (const auto& [format, file] :
       {std::pair{"onnx", "policy.onnx"}, {"c", "policy.h"}, {"safetensors", "policy.safetensors"}}) {
    const ChildResult result =
        lockstep_with({"export", "run", "--format", format, "-o", file, "--json", "-"}, folder.path());
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const auto row = nlohmann::json::parse(result.out);
    EXPECT_EQ(row.at("observation_size"), 3);
    EXPECT_EQ(row.at("bytes"), std::filesystem::file_size(folder / file));
  }
}

// Every seed of a sweep is a run of its own, with the bits of a single run.
TEST(Program, SweepsOverSeedsSideBySide) {
  const TemporaryFolder folder;
  const ChildResult sweep = lockstep_with(small_run({"train", "pendulum-v1", "--agent", "ppo", "--seeds", "3,5..6",
                                                     "--jobs", "2", "--run-dir", "sweep", "--json", "rows.jsonl"},
                                                    "2"),
                                          folder.path());
  EXPECT_EQ(sweep.exit_code, 1) << sweep.err;  // two iterations solve nothing
  for (const char* file : {"sweep.toml", "sweep.csv", "report.html", "seed-3/report.html", "seed-6/config.toml"})
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "sweep" / file)) << file;
  (void)lockstep_with(small_run({"train", "pendulum-v1", "--agent", "ppo", "--seed", "5", "--run-dir", "single"}, "2"),
                      folder.path());
  EXPECT_EQ(read_run(folder.path() / "sweep" / "seed-5").state.value().agent,
            read_run(folder / "single").state.value().agent);
  std::ifstream rows(folder / "rows.jsonl");
  std::string line, last;
  while (std::getline(rows, line)) last = line;
  EXPECT_EQ(nlohmann::json::parse(last).at("seeds"), "3,5,6");
  const ChildResult of_sweep = lockstep_with({"eval", "sweep"}, folder.path());
  EXPECT_EQ(of_sweep.exit_code, 2);
  EXPECT_NE(of_sweep.err.find("sweep/seed-3"), std::string::npos) << of_sweep.err;
  const ChildResult again = lockstep_with({"train", "--resume", "sweep", "--no-view"}, folder.path());
  EXPECT_EQ(again.exit_code, 1) << again.err;
  EXPECT_NE(again.out.find("3 of 3 ended"), std::string::npos) << again.out;
}

TEST(Program, MeasuresTasksBesideMujoco) {
  const TemporaryFolder folder;
  const ChildResult result = lockstep_with({"bench", "tasks", "pendulum-v1", "reacher-v5", "--worlds", "16",
                                            "--repeats", "1", "--seconds", "0.001", "--json", "-"},
                                           folder.path());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  std::istringstream stream(result.out);
  std::string line;
  ASSERT_TRUE(std::getline(stream, line));
  const auto own = nlohmann::json::parse(line);
  EXPECT_EQ(own.at("name"), "pendulum-v1");
  EXPECT_GT(own.at("ours").get<double>(), 0);
  EXPECT_TRUE(own.at("peer").is_null()) << "MuJoCo has no model of it";
  ASSERT_TRUE(std::getline(stream, line));
  const auto physics = nlohmann::json::parse(line);
  EXPECT_EQ(physics.at("name"), "reacher-v5");
  EXPECT_NEAR(physics.at("ratio").get<double>(), physics.at("ours").get<double>() / physics.at("peer").get<double>(),
              1e-9 * physics.at("ratio").get<double>());
  EXPECT_FALSE(std::getline(stream, line));
}

TEST(Program, WritesAJsonFileWholeAndTextToStandardOutput) {
  const TemporaryFolder folder;
  const ChildResult result = lockstep_with({"info", "--json", "info.json"}, folder.path());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_FALSE(result.out.empty());
  std::ifstream file(folder / "info.json");
  EXPECT_EQ(nlohmann::json::parse(file).at("version"), program_version());
}

TEST(Program, SaysWhichJsonFileItCannotWrite) {
  const TemporaryFolder folder;
  const ChildResult result = lockstep_with({"info", "--json", "no/such/folder.json"}, folder.path());
  EXPECT_EQ(result.exit_code, 2);
  expect_one_error(result.err);
}

class HelpOf : public testing::TestWithParam<const char*> {};

TEST_P(HelpOf, HasExamplesAndJson) {
  const TemporaryFolder folder;
  std::istringstream words(GetParam());
  std::vector<std::string> command((std::istream_iterator<std::string>(words)), {});
  command.emplace_back("--help");
  const ChildResult result = lockstep_with(command, folder.path());
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.out.find("Examples:\n  lockstep " + std::string(GetParam())), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("--json"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Program, HelpOf,
                         testing::Values("train", "eval", "export", "fit", "plan", "picture", "bench tasks",
                                         "list tasks", "list keys", "check", "info"),
                         [](const auto& example) {
                           std::string name = example.param;
                           std::ranges::replace(name, ' ', '_');
                           return name;
                         });

}  // namespace
}  // namespace lockstep
