// Tests of episodes in files: what is written is read again, both layouts, arrays that do not fit, damaged files.
#include "engine/hdf5_episodes.h"
#include "engine/atomic_file.h"
#include "engine/error.h"
#include "tests/engine/npz_writer.h"
#include "tests/engine/temporary_folder.h"
#include "tests/mutation.h"

#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace lockstep {
namespace {

// A task of two observations and one action.
TaskSpec small_task() {
  TaskSpec task;
  task.name = "small-v0";
  task.observation_size = 2;
  task.action_size = 1;
  task.action_low = {-2};
  task.action_high = {2};
  return task;
}

DataArray array(std::string name, std::vector<std::int64_t> shape, std::vector<double> values) {
  return {.name = std::move(name), .shape = std::move(shape), .values = std::move(values), .columns = {}, .units = {}};
}

// Two episodes in D4RL's layout: one cut after two steps, one terminated after one.
std::vector<DataArray> flat_arrays() {
  return {array("observations", {3, 2}, {0, 10, 1, 11, 5, 15}),
          array("actions", {3, 1}, {-1, 0.5, 2}),
          array("rewards", {3}, {1, 2, 3}),
          array("terminals", {3}, {0, 0, 1}),
          array("timeouts", {3}, {0, 1, 0}),
          array("next_observations", {3, 2}, {1, 11, 2, 12, 6, 16})};
}

// The same two in Minari's.
std::vector<DataArray> minari_arrays() {
  return {array("episode_0/observations", {3, 2}, {0, 10, 1, 11, 2, 12}),
          array("episode_0/actions", {2, 1}, {-1, 0.5}),
          array("episode_0/rewards", {2}, {1, 2}),
          array("episode_0/terminations", {2}, {0, 0}),
          array("episode_0/truncations", {2}, {0, 1}),
          array("episode_0/infos/energy", {3}, {7, 7, 7}),
          array("episode_1/observations", {2, 2}, {5, 15, 6, 16}),
          array("episode_1/actions", {1, 1}, {2}),
          array("episode_1/rewards", {1}, {3}),
          array("episode_1/terminations", {1}, {1}),
          array("episode_1/truncations", {1}, {0})};
}

void expect_the_two_episodes(const StepTable& steps) {
  EXPECT_EQ(steps.observations, (std::vector<float>{0, 10, 1, 11, 5, 15}));
  EXPECT_EQ(steps.next_observations, (std::vector<float>{1, 11, 2, 12, 6, 16}));
  EXPECT_EQ(steps.actions, (std::vector<float>{-1, 0.5f, 2}));
  EXPECT_EQ(steps.rewards, (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(steps.is_terminated, (std::vector<std::uint8_t>{0, 0, 1}));
  EXPECT_EQ(steps.is_last, (std::vector<std::uint8_t>{0, 1, 1}));
}

TEST(Steps, AreReadFromEitherLayout) {
  expect_the_two_episodes(steps_in(flat_arrays(), small_task(), "a test"));
  expect_the_two_episodes(steps_in(minari_arrays(), small_task(), "a test"));
}

TEST(Steps, FollowTheNumbersOfTheirEpisodesAndNotTheOrderOfTheirNames) {
  std::vector<DataArray> arrays = minari_arrays();
  for (DataArray& a : arrays) {
    if (a.name.starts_with("episode_0")) a.name.replace(0, 9, "episode_9");
    if (a.name.starts_with("episode_1")) a.name.replace(0, 9, "episode_10");
  }
  expect_the_two_episodes(steps_in(arrays, small_task(), "a test"));
}

// What follows the cut step is unknown, as it is what follows the file's last; a termination needs no next state.
TEST(Steps, WithoutNextObservationsTakeThoseOfTheRowAfter) {
  const std::vector<DataArray> arrays = {
      array("observations", {6, 2}, {0, 0, 1, 1, 2, 2, 5, 5, 6, 6, 9, 9}), array("actions", {6, 1}, {0, 1, 2, 3, 4, 5}),
      array("rewards", {6, 1}, {0, 1, 2, 3, 4, 5}), array("terminals", {6}, {0, 0, 0, 0, 1, 0}),
      array("timeouts", {6}, {0, 0, 1, 0, 0, 0})};
  const StepTable steps = steps_in(arrays, small_task(), "a test");
  EXPECT_EQ(steps.rewards, (std::vector<float>{0, 1, 3, 4}));
  EXPECT_EQ(steps.next_observations, (std::vector<float>{1, 1, 2, 2, 6, 6, 6, 6}));
  EXPECT_EQ(steps.is_terminated, (std::vector<std::uint8_t>{0, 0, 0, 1}));
  EXPECT_EQ(steps.is_last, (std::vector<std::uint8_t>{0, 1, 0, 1}));
}

struct Fault {
  const char* name;
  std::function<void(std::vector<DataArray>&)> spoil;
  const char* problem;
  const char* place;
};

class SpoiltSteps : public testing::TestWithParam<Fault> {};

TEST_P(SpoiltSteps, AreRefusedWithTheArrayNamed) {
  std::vector<DataArray> arrays = flat_arrays();
  GetParam().spoil(arrays);
  try {
    (void)steps_in(arrays, small_task(), "data.h5");
    FAIL() << "they were read";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find(GetParam().problem), std::string::npos) << error.problem();
    EXPECT_NE(error.where().find(GetParam().place), std::string::npos) << error.where();
    EXPECT_FALSE(error.fix().empty());
  }
}
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
INSTANTIATE_TEST_SUITE_P(
    Faults, SpoiltSteps,
    testing::Values(
        Fault{"missing", [](auto& a) { a.erase(a.begin() + 1); }, "missing", "data.h5, array 'actions'"},
        Fault{"wider",
              [](auto& a) {
                a[0] = array("observations", {3, 4}, std::vector<double>(12));
              },
              "its shape is [3, 4], [3, 2] is expected", "'observations'"},
        Fault{"shorter",
              [](auto& a) {
                a[3] = array("terminals", {2}, {0, 0});
              },
              "[2], [3, 1]", "'terminals'"},
        Fault{"not_finite", [](auto& a) { a[5].values[3] = kNan; }, "row 1 holds nan", "'next_observations'"},
        Fault{"no_flag", [](auto& a) { a[4].values[2] = 0.5; }, "row 2 is 0.5, neither 0 nor 1", "'timeouts'"},
        Fault{"single_number", [](auto& a) { a[2] = array("rewards", {}, {1}); }, "a single number", "'rewards'"}),
    [](const auto& example) { return std::string(example.param.name); });

TEST(Steps, OfNoRowsAreRefused) {
  const std::vector<DataArray> none = {array("observations", {0, 2}, {}), array("actions", {0, 1}, {}),
                                       array("rewards", {0}, {}), array("terminals", {0}, {})};
  EXPECT_THROW((void)steps_in(none, small_task(), "a test"), Error);
}

TEST(Steps, AreReadFromNumpyArchivesToo) {
  tests::NpzWriter writer;
  for (const DataArray& a : flat_arrays())
    writer.add(a.name, std::vector<int>(a.shape.begin(), a.shape.end()), a.values);
  const TemporaryFolder folder;
  write_file(folder / "data.npz", writer.bytes());
  expect_the_two_episodes(read_steps(folder / "data.npz", small_task()));
}

// The two episodes as they are recorded.
EpisodeSet episode_set() {
  return {.task = "small-v0",
          .agent = "sac",
          .observation_size = 2,
          .action_size = 1,
          .discrete_actions = 0,
          .action_low = {-2},
          .action_high = {std::numeric_limits<double>::infinity()},
          .seed = 7,
          .episodes = {
              {.observations = {0, 10, 1, 11, 2, 12},
               .actions = {-1, 0.5f},
               .rewards = {1, 2},
               .terminated = {0, 0},
               .truncated = {0, 1}},
              {.observations = {5, 15, 6, 16}, .actions = {2}, .rewards = {3}, .terminated = {1}, .truncated = {0}}}};
}

TEST(MinariMetadata, CountsAndDescribesTheSpacesAsGymnasiumDoes) {
  const auto data = nlohmann::json::parse(minari_metadata(episode_set()));
  EXPECT_EQ(data.at("total_episodes"), 2);
  EXPECT_EQ(data.at("total_steps"), 3);
  EXPECT_EQ(data.at("dataset_id"), "lockstep/small-v0/sac-v0");
  EXPECT_EQ(data.at("action_space"),
            R"({"type": "Box", "dtype": "float32", "shape": [1], "low": [-2], "high": [Infinity]})");
  EpisodeSet discrete = episode_set();
  discrete.discrete_actions = 3;
  EXPECT_EQ(nlohmann::json::parse(minari_metadata(discrete)).at("action_space"),
            R"({"type": "Discrete", "dtype": "int64", "start": 0, "n": 3})");
}

#if LOCKSTEP_HAS_HDF5
TEST(EpisodeFiles, AreReadAsTheyWereWritten) {
  const TemporaryFolder folder;
  write_flat_hdf5(folder / "flat.h5", episode_set());
  write_minari(folder / "minari", episode_set());
  expect_the_two_episodes(read_steps(folder / "flat.h5", small_task()));
  expect_the_two_episodes(read_steps(folder / "minari", small_task()));
  expect_the_two_episodes(read_steps(folder / "minari" / "main_data.hdf5", small_task()));
}

TEST(EpisodeFiles, RefuseAFolderThatIsThereAndLeaveNothingWhereTheyFail) {
  const TemporaryFolder folder;
  write_minari(folder / "minari", episode_set());
  EXPECT_THROW(write_minari(folder / "minari", episode_set()), Error);
  EXPECT_THROW(write_minari(folder / "no" / "such", episode_set()), Error);
  EXPECT_THROW(write_flat_hdf5(folder / "no" / "such.h5", episode_set()), Error);
  EXPECT_FALSE(std::filesystem::exists(folder / "no"));
  expect_the_two_episodes(read_steps(folder / "minari", small_task()));
}

// The library itself crashes or hangs on some of these: an Error is told all the same.
TEST(EpisodeFiles, ThatAreDamagedGiveErrorOrWholeSteps) {
  const TemporaryFolder folder;
  write_flat_hdf5(folder / "flat.h5", episode_set());
  const std::vector<std::byte> whole = read_file(folder / "flat.h5");
  std::mt19937 random(1);
  int read = 0;
  for (int k = 0; k < 60; ++k) {
    std::vector<std::byte> bytes = whole;
    for (int edit = 0; edit < 8; ++edit) bytes[random() % bytes.size()] = static_cast<std::byte>(random() % 256);
    write_file(folder / "fuzz.h5", bytes);
    try {
      const StepTable steps = read_steps(folder / "fuzz.h5", small_task());
      ASSERT_EQ(steps.observations.size(), 2 * steps.rows());
      ++read;
    } catch (const Error& error) {
      EXPECT_FALSE(error.problem().empty());
    }
  }
  EXPECT_GT(read, 2);
}
#endif

// Arrays of any names and shapes, as a file may hold them.
TEST(StepsFuzz, AnyArraysGiveErrorOrWholeSteps) {
  std::mt19937 random(2);
  int read = 0;
  for (int k = 0; k < 20000; ++k) {
    std::vector<DataArray> arrays = random() % 2 == 0 ? flat_arrays() : minari_arrays();
    for (size_t edits = random() % 4; edits > 0; --edits) {
      DataArray& a = arrays[random() % arrays.size()];
      if (random() % 3 == 0) a.name = tests::mutated(a.name, random);
      if (random() % 3 == 0) a.shape.resize(random() % 4, 1);
      if (random() % 3 == 0 && !a.values.empty()) a.values[random() % a.values.size()] = random() % 8 == 0 ? kNan : 1;
      size_t count = 1;
      for (const std::int64_t extent : a.shape) count *= static_cast<size_t>(extent);
      a.values.resize(count);
    }
    try {
      const StepTable steps = steps_in(arrays, small_task(), "fuzz");
      ASSERT_GT(steps.rows(), 0u);
      ASSERT_EQ(steps.observations.size(), 2 * steps.rows());
      ASSERT_EQ(steps.next_observations.size(), 2 * steps.rows());
      ASSERT_EQ(steps.actions.size(), steps.rows());
      ASSERT_EQ(steps.is_last.size(), steps.rows());
      ASSERT_EQ(steps.is_last.back(), 1);
      for (const float x : steps.observations) ASSERT_TRUE(std::isfinite(x));
      ++read;
    } catch (const Error& error) {
      EXPECT_FALSE(error.problem().empty());
    }
  }
  EXPECT_GT(read, 1000);
}

}  // namespace
}  // namespace lockstep
