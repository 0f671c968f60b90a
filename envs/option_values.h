// What a user said of a task's options, checked, as lane code and the environment read it.
#pragma once

#include "engine/settings.h"
#include "envs/env.h"

#include <string>
#include <vector>

namespace lockstep::envs {

// A task under its options.
struct ChosenOptions {
  OptionValues values;
  int physics_steps = 1;                       // in one env step
  std::vector<std::string> observation_names;  // of what is shown
};

// The options of `given` (name -> value), and the defaults of all others. Error, naming the task and what is possible,
// for an unknown option, a value of another kind, and one outside its range.
[[nodiscard]] ChosenOptions choose_options(const Entry& entry, const Settings& given);

// The default of an option, and what is possible, as words: "0.5", "true", "[0.2, 1]"; "a number of at least 0".
[[nodiscard]] std::string default_text(const OptionField& field);
[[nodiscard]] std::string possible_text(const OptionField& field);

}  // namespace lockstep::envs
