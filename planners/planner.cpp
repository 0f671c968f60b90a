// Finds planners by name.
#include "planners/planner.h"
#include "engine/named_entry.h"

namespace lockstep::planners {

const Entry& find(std::string_view name) { return find_entry(entries(), "planner", name); }

}  // namespace lockstep::planners
