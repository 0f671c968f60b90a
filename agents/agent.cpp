// Finds agents by name.
#include "agents/agent.h"
#include "engine/error.h"

#include <string>
#include <vector>

#include <fmt/format.h>

namespace lockstep::agents {

const Entry& find(std::string_view name) {
  std::vector<std::string> names;
  for (const Entry* entry : entries()) {
    if (entry->name == name) return *entry;
    names.emplace_back(entry->name);
  }
  const std::string nearest = nearest_name(name, names);
  throw Error(fmt::format("unknown agent '{}'", name), "agent",
              nearest.empty() ? fmt::format("choose one of: {}", fmt::join(names, ", "))
                              : fmt::format("did you mean '{}'?", nearest));
}

}  // namespace lockstep::agents
