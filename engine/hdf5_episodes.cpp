// Reads steps out of Minari's and D4RL's arrays; writes Minari's metadata.
#include "engine/hdf5_episodes.h"
#include "engine/atomic_file.h"
#include "engine/error.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace lockstep {
namespace {

constexpr std::string_view kGroup = "episode_";
constexpr std::string_view kMinariFile = "main_data.hdf5";

// The arrays of one episode or of a whole flat file, by name.
class ArrayGroup {
 public:
  ArrayGroup(std::string prefix, const std::string& where) : prefix_(std::move(prefix)), where_(where) {}

  void add(std::string name, const DataArray& array) { arrays_.emplace(std::move(name), &array); }
  [[nodiscard]] bool has(const std::string& name) const { return arrays_.contains(name); }

  [[noreturn]] void fail(const std::string& problem, const std::string& name, const std::string& fix) const {
    throw Error(problem, fmt::format("{}, array '{}{}'", where_, prefix_, name), fix);
  }
  [[nodiscard]] size_t length(const std::string& name) const {
    const DataArray& array = find(name);
    if (array.shape.empty()) fail("a single number where rows were expected", name, kLayouts);
    return static_cast<size_t>(array.shape[0]);
  }
  // Appends rows [rows][width] (or [rows] where width is 1).
  void append(const std::string& name, size_t rows, int width, std::vector<float>& to) const {
    const DataArray& array = find(name);
    const bool is_column = width == 1 && array.shape.size() == 1;
    const bool fits = (is_column || (array.shape.size() == 2 && array.shape[1] == width)) &&
                      array.shape[0] == static_cast<std::int64_t>(rows);
    if (!fits) {
      fail(fmt::format("its shape is [{}], [{}, {}] is expected", fmt::join(array.shape, ", "), rows, width), name,
           "take data of the same task, whose observations and actions have these sizes");
    }
    for (size_t k = 0; k < array.values.size(); ++k) {
      const auto number = static_cast<float>(array.values[k]);
      if (!std::isfinite(number)) {
        fail(fmt::format("row {} holds {}", k / static_cast<size_t>(width), array.values[k]), name,
             "leave out episodes that diverged");
      }
      to.push_back(number);
    }
  }
  // Appends flags [rows], each 0 or 1.
  void append_flags(const std::string& name, size_t rows, std::vector<std::uint8_t>& to) const {
    std::vector<float> numbers;
    append(name, rows, 1, numbers);
    for (size_t k = 0; k < rows; ++k) {
      if (numbers[k] != 0 && numbers[k] != 1) {
        fail(fmt::format("row {} is {}, neither 0 nor 1", k, numbers[k]), name, "write flags as 0 and 1");
      }
      to.push_back(numbers[k] != 0 ? 1 : 0);
    }
  }

 private:
  static constexpr const char* kLayouts = "write the layout of Minari or of D4RL (docs/agents.md, Data sets)";

  [[nodiscard]] const DataArray& find(const std::string& name) const {
    const auto found = arrays_.find(name);
    if (found == arrays_.end()) fail("it is missing", name, kLayouts);
    return *found->second;
  }

  std::string prefix_;
  const std::string& where_;
  std::map<std::string, const DataArray*> arrays_;
};

// The number of an episode's group, and what follows it: "episode_12/rewards" -> 12, "rewards".
std::optional<std::pair<std::int64_t, std::string>> episode_of(const std::string& name) {
  if (!name.starts_with(kGroup)) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data() + kGroup.size(), name.data() + name.size(), number);
  if (error != std::errc() || number < 0 || end == name.data() + name.size() || *end != '/') return std::nullopt;
  return std::pair(number, std::string(end + 1));
}

void append_episode(const ArrayGroup& group, const TaskSpec& task, StepTable& table) {
  const auto width = static_cast<size_t>(task.observation_size);
  const size_t steps = group.length("rewards");
  if (steps == 0) return;
  std::vector<float> seen;
  group.append("observations", steps + 1, task.observation_size, seen);
  group.append("actions", steps, task.action_size, table.actions);
  group.append("rewards", steps, 1, table.rewards);
  group.append_flags("terminations", steps, table.is_terminated);
  group.append_flags("truncations", steps, table.is_last);
  table.observations.insert(table.observations.end(), seen.begin(), seen.end() - static_cast<std::ptrdiff_t>(width));
  table.next_observations.insert(table.next_observations.end(), seen.begin() + static_cast<std::ptrdiff_t>(width),
                                 seen.end());
}

// Rows of a table whose `next_observations` are those of the row after; the last of each episode are left out.
void take_next_from_following(size_t width, StepTable& table) {
  StepTable kept;
  const size_t actions = table.actions.size() / table.rows();
  const auto append = [](const std::vector<float>& from, size_t row, size_t count, std::vector<float>& to) {
    const auto first = from.begin() + static_cast<std::ptrdiff_t>(row * count);
    to.insert(to.end(), first, first + static_cast<std::ptrdiff_t>(count));
  };
  for (size_t row = 0; row + 1 < table.rows(); ++row) {
    if (table.is_last[row] != 0 && table.is_terminated[row] == 0) continue;
    append(table.observations, row, width, kept.observations);
    append(table.actions, row, actions, kept.actions);
    // Nothing follows a termination: whatever stands there is not looked at.
    append(table.observations, table.is_terminated[row] != 0 ? row : row + 1, width, kept.next_observations);
    kept.rewards.push_back(table.rewards[row]);
    kept.is_terminated.push_back(table.is_terminated[row]);
    // Where the next row is left out, this one is its episode's last.
    const bool next_is_left_out =
        row + 2 == table.rows() || (table.is_last[row + 1] != 0 && table.is_terminated[row + 1] == 0);
    kept.is_last.push_back(table.is_last[row] != 0 || next_is_left_out ? 1 : 0);
  }
  table = std::move(kept);
}

StepTable flat_steps(const ArrayGroup& group, const TaskSpec& task) {
  StepTable table;
  const size_t rows = group.length("rewards");
  group.append("observations", rows, task.observation_size, table.observations);
  group.append("actions", rows, task.action_size, table.actions);
  group.append("rewards", rows, 1, table.rewards);
  group.append_flags("terminals", rows, table.is_terminated);
  table.is_last.assign(rows, 0);
  if (group.has("timeouts")) {
    table.is_last.clear();
    group.append_flags("timeouts", rows, table.is_last);
  }
  for (size_t row = 0; row < rows; ++row) table.is_last[row] |= table.is_terminated[row];
  if (group.has("next_observations")) {
    group.append("next_observations", rows, task.observation_size, table.next_observations);
  } else if (rows > 0) {
    take_next_from_following(static_cast<size_t>(task.observation_size), table);
  }
  return table;
}

std::vector<DataArray> arrays_of(const std::filesystem::path& path) {
  const std::vector<std::byte> bytes = read_file(path);
  if (bytes.size() > 1 && bytes[0] == std::byte{'P'} && bytes[1] == std::byte{'K'})
    return read_npz(bytes, path.string());
  return read_hdf5(path);
}

}  // namespace

std::int64_t EpisodeSet::steps() const {
  std::int64_t total = 0;
  for (const RecordedEpisode& episode : episodes) total += static_cast<std::int64_t>(episode.rewards.size());
  return total;
}

StepTable steps_in(const std::vector<DataArray>& arrays, const TaskSpec& task, const std::string& where) {
  ArrayGroup flat("", where);
  std::map<std::int64_t, ArrayGroup> episodes;
  for (const DataArray& array : arrays) {
    flat.add(array.name, array);
    if (const auto found = episode_of(array.name)) {
      episodes.try_emplace(found->first, fmt::format("{}{}/", kGroup, found->first), where)
          .first->second.add(found->second, array);
    }
  }
  StepTable table;
  for (const auto& [number, episode] : episodes) {
    append_episode(episode, task, table);
    if (table.rows() > 0) table.is_last.back() = 1;
  }
  if (episodes.empty()) table = flat_steps(flat, task);
  if (table.rows() == 0) throw Error("there are no steps in it", where, "take a file of at least one step");
  for (size_t row = 0; row < table.rows(); ++row) table.is_last[row] |= table.is_terminated[row];
  table.is_last.back() = 1;
  return table;
}

StepTable read_steps(const std::filesystem::path& path, const TaskSpec& task) {
  std::filesystem::path file = path;
  if (std::filesystem::is_directory(path)) {
    file = path / kMinariFile;
    if (!std::filesystem::exists(file)) file = path / "data" / kMinariFile;
  }
  return steps_in(arrays_of(file), task, file.string());
}

std::string minari_metadata(const EpisodeSet& set) {
  const auto bounds = [](const std::vector<double>& numbers) {
    std::vector<std::string> texts;
    for (const double x : numbers)
      texts.push_back(std::isinf(x) ? (x < 0 ? "-Infinity" : "Infinity") : fmt::format("{}", static_cast<float>(x)));
    return fmt::format("[{}]", fmt::join(texts, ", "));
  };
  const auto box = [&](int size, const std::vector<double>& low, const std::vector<double>& high) {
    return fmt::format(R"({{"type": "Box", "dtype": "float32", "shape": [{}], "low": {}, "high": {}}})", size,
                       bounds(low), bounds(high));
  };
  const std::vector<double> unbounded(static_cast<size_t>(set.observation_size),
                                      std::numeric_limits<double>::infinity());
  std::vector<double> below = unbounded;
  for (double& x : below) x = -x;
  nlohmann::ordered_json data;
  data["dataset_id"] = fmt::format("lockstep/{}/{}-v0", set.task, set.agent);
  data["total_episodes"] = set.episodes.size();
  data["total_steps"] = set.steps();
  data["data_format"] = "hdf5";
  data["jpeg_encoding"] = false;
  data["observation_space"] = box(set.observation_size, below, unbounded);
  data["action_space"] =
      set.discrete_actions > 0
          ? fmt::format(R"({{"type": "Discrete", "dtype": "int64", "start": 0, "n": {}}})", set.discrete_actions)
          : box(set.action_size, set.action_low, set.action_high);
  data["algorithm_name"] = set.agent;
  data["description"] = fmt::format("{} by {}, worlds of seed {}", set.task, set.agent, set.seed);
  data["minari_version"] = "0.5.4";
  return data.dump(2) + "\n";
}

}  // namespace lockstep
