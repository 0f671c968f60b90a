// How a command is added, and where its text and its --json rows go.
#include "apps/commands.h"
#include "engine/atomic_file.h"

#include <utility>

#include <nlohmann/json.hpp>

namespace lockstep::apps {

CLI::App& CommandContext::add(CLI::App& parent, const std::string& name, const std::string& summary,
                              const std::string& examples) {
  CLI::App& command = *parent.add_subcommand(name, summary);
  command.footer("Examples:\n" + examples);
  command.add_option("--json", json_target_, "Write results as JSON lines to FILE; - is standard output")
      ->type_name("FILE");
  return command;
}

CLI::App& CommandContext::add_group(CLI::App& parent, const std::string& name, const std::string& summary) {
  CLI::App& group = *parent.add_subcommand(name, summary);
  group.require_subcommand(1);
  return group;
}

void CommandContext::on_run(CLI::App& command, std::function<int()> body) {
  command.callback([this, body = std::move(body)] { body_ = body; });
}

void CommandContext::row(const JsonRow& row) {
  if (json_target_.empty()) return;
  const std::string line = row.dump() + "\n";
  if (json_target_ != "-") {
    json_lines_ += line;
    return;
  }
  fmt::print(stdout, "{}", line);
  std::fflush(stdout);
}

int CommandContext::run() {
  const int code = body_();
  if (!json_target_.empty() && json_target_ != "-") write_file(json_target_, json_lines_);
  return code;
}

}  // namespace lockstep::apps
