// Looks up a row of a generated table (planners, agents) by its name.
#pragma once

#include "engine/error.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace lockstep {

// The entry of that name. Throws Error with the nearest name, or all names where none is near; `kind` says what the
// table lists ("planner").
template <class Entry>
const Entry& find_entry(std::span<const Entry* const> entries, std::string_view kind, std::string_view name) {
  std::vector<std::string> names;
  names.reserve(entries.size());
  for (const Entry* entry : entries) {
    if (entry->name == name) return *entry;
    names.emplace_back(entry->name);
  }
  const std::string nearest = nearest_name(name, names);
  throw Error(fmt::format("unknown {} '{}'", kind, name), std::string(kind),
              nearest.empty() ? fmt::format("choose one of: {}", fmt::join(names, ", "))
                              : fmt::format("did you mean '{}'?", nearest));
}

}  // namespace lockstep
