// Tasks of XLand-MiniGrid by name: "xland-r4-13x13-high".
#pragma once

#include "engine/environment.h"
#include "envs/xland/ruleset.h"
#include "envs/xland/worlds.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::envs::xland {

// A row of `lockstep list tasks`.
struct ListedTask {
  std::string name;     // "xland-r4-13x13"
  std::string summary;  // one line
};

// The layouts and sizes that XLand-MiniGrid registers, with the rulesets that are taken where a name has none.
[[nodiscard]] std::span<const ListedTask> listed_tasks();

// What a name asks for.
struct TaskOptions {
  std::string name;  // in its full spelling, the name of the environment
  LayoutKind layout = LayoutKind::kR4;
  int side = 13;
  bool occluded = false;
  std::string set = "trivial";  // a published set; unused with a file
  std::string file;             // of rulesets; empty: none
};

// Whether a name is to be read by parse_task: it begins with "xland-" or "XLand-MiniGrid-".
[[nodiscard]] bool is_task(std::string_view name);
// Reads xland-<layout>-<side>x<side>[-<set>][-occluded][:<file>], in any case of letters but the file's. Throws Error
// for what it does not understand.
[[nodiscard]] TaskOptions parse_task(std::string_view name);

[[nodiscard]] TaskSpec spec(const TaskOptions& options);

// The rulesets of a set as tasks use them: 21,000 of trivial, as published, and 65,536 of the others; the same on every
// machine, whatever the seed of the environment. With a file, those in it.
[[nodiscard]] std::vector<Ruleset> task_rulesets(const TaskOptions& options);

// An environment of such a task. Its observation is the view as numbers, tile and colour in turn; its actions are 0..5;
// a world keeps its ruleset for a trial of 12,800 steps. Throws Error for an unknown name and for a backend that it has
// not. precision is of no matter: the state is bytes.
[[nodiscard]] std::unique_ptr<Environment> make_environment(std::string_view task, const EnvironmentConfig& config);

}  // namespace lockstep::envs::xland
