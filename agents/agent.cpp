// Finds agents by name.
#include "agents/agent.h"
#include "engine/named_entry.h"

namespace lockstep::agents {

const Entry& find(std::string_view name) { return find_entry(entries(), "agent", name); }

}  // namespace lockstep::agents
