// `lockstep info`: what this program was built from and what it finds on this machine, for bug reports.
#include "apps/commands.h"
#include "engine/checkpoint.h"

#include <string>
#include <utility>
#include <vector>

#include <mujoco/mujoco.h>
#include <nlohmann/json.hpp>

namespace lockstep::apps {
namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

Facts facts() {
  return {
      {"version", std::string(program_version())},
      {"compiler", std::string("g++ ") + __VERSION__},
      {"mujoco", mj_versionString()},
  };
}

int info(CommandContext& context) {
  JsonRow row;
  for (const auto& [name, value] : facts()) {
    context.print("{:<14} {}\n", name, value);
    row[name] = value;
  }
  context.row(row);
  return kDone;
}

}  // namespace

void add_info(CLI::App& app, CommandContext& context) {
  CLI::App& command = context.add(app, "info", "show versions, processor, GPU, display and folders, for bug reports",
                                  "  lockstep info\n  lockstep info --json -\n");
  context.on_run(command, [&context] { return info(context); });
}

}  // namespace lockstep::apps
