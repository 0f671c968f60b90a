// Reads names of XLand tasks, and finds their rulesets.
#include "envs/xland/tasks.h"
#include "engine/error.h"
#include "engine/text_pieces.h"
#include "envs/task_names.h"
#include "envs/xland/grid_environment.h"
#include "envs/xland/ruleset_file.h"
#include "envs/xland/ruleset_generator.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace lockstep::envs::xland {
namespace {

constexpr std::string_view kPrefix = "xland-", kSuitePrefix = "xland-minigrid-", kOccluded = "occluded";
constexpr std::string_view kForm = "xland-<r1|r2|r4|r6|r9>-<side>x<side>[-trivial|-small|-medium|-high][-occluded]";
constexpr int kTrivialRulesets = 21000, kOtherRulesets = 65536;

struct Registered {
  LayoutKind layout;
  std::vector<int> sides;
};

const std::array<Registered, 5>& registered() {
  static const std::array<Registered, 5> kRegistered{{{LayoutKind::kR1, {9, 11, 13, 15, 17}},
                                                      {LayoutKind::kR2, {9, 11, 13, 15, 17}},
                                                      {LayoutKind::kR4, {9, 11, 13, 15, 17}},
                                                      {LayoutKind::kR6, {13, 17, 19}},
                                                      {LayoutKind::kR9, {16, 19, 25}}}};
  return kRegistered;
}

std::optional<LayoutKind> layout_of(std::string_view word) {
  for (const Registered& entry : registered()) {
    if (layout_name(entry.layout) == word) return entry.layout;
  }
  return std::nullopt;
}

// The number n of "nxn".
std::optional<int> side_of(std::string_view word) {
  int side = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), side);
  if (error != std::errc{} || word != fmt::format("{0}x{0}", side)) return std::nullopt;
  return side;
}

}  // namespace

std::span<const ListedTask> listed_tasks() {
  static const std::vector<ListedTask> kTasks = [] {
    std::vector<ListedTask> tasks;
    for (const Registered& entry : registered()) {
      for (const int side : entry.sides) {
        const int rooms = static_cast<int>(entry.layout);
        tasks.push_back({fmt::format("xland-{}-{}x{}", layout_name(entry.layout), side, side),
                         fmt::format("grid of {} room{} with a goal and rules to find out, another in each trial; also "
                                     "-small, -medium, -high",
                                     rooms, rooms == 1 ? "" : "s")});
      }
    }
    return tasks;
  }();
  return kTasks;
}

bool is_task(std::string_view name) { return normalized(name).starts_with(kPrefix); }

TaskOptions parse_task(std::string_view name) {
  TaskOptions options;
  const std::size_t colon = name.find(':');
  if (colon != std::string_view::npos) options.file = std::string(name.substr(colon + 1));
  std::string rest = normalized(name.substr(0, colon));
  rest.erase(0, rest.starts_with(kSuitePrefix) ? kSuitePrefix.size() : kPrefix.size());
  std::vector<std::string_view> words = split(rest, '-');
  const auto refuse = [&] {
    throw Error(fmt::format("unknown task '{}'", name), "task",
                fmt::format("write {}, or {}:<file of rulesets>", kForm, "xland-r4-13x13"));
  };
  if (words.size() > 2 && words.back() == kOccluded) {
    options.occluded = true;
    words.pop_back();
  }
  const auto layout = layout_of(words[0]);
  const auto side = words.size() > 1 ? side_of(words[1]) : std::nullopt;
  if (!layout || !side || words.size() > 3 || (words.size() == 3 && !options.file.empty())) refuse();
  options.layout = *layout;
  options.side = *side;
  if (words.size() == 3) options.set = std::string(published_set(words[2]).name);
  options.name = fmt::format("xland-{}-{}x{}{}{}{}", layout_name(options.layout), options.side, options.side,
                             words.size() == 3 ? "-" + options.set : "", options.occluded ? "-occluded" : "",
                             options.file.empty() ? "" : ":" + options.file);
  return options;
}

std::vector<Ruleset> task_rulesets(const TaskOptions& options) {
  if (!options.file.empty()) return load_rulesets(options.file);
  return generate_rulesets(published_set(options.set), options.set == "trivial" ? kTrivialRulesets : kOtherRulesets, 0);
}

std::unique_ptr<Environment> make_environment(std::string_view task, const EnvironmentConfig& config) {
  const TaskOptions options = parse_task(task);
  if (config.backend != "auto" && config.backend != "cpu") {
    throw Error(fmt::format("{} does not run on the backend '{}'", options.name, config.backend), "environment",
                "set backend to auto or cpu");
  }
  const char* const unknown = !config.options.empty()       ? "options"
                              : !config.randomise.empty()   ? "physical parameters to draw"
                              : config.episode_steps != 0   ? "time limit but its own"
                              : config.wrapping.is_active() ? "wrapping of actions and observations"
                                                            : nullptr;
  if (unknown != nullptr) {
    throw Error(fmt::format("{} has no {}", options.name, unknown), "environment",
                "leave it out: what a grid world can be told is in its name (docs/xland.md)");
  }
  return std::make_unique<GridEnvironment>(options, config);
}

}  // namespace lockstep::envs::xland
