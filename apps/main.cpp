// The program `lockstep`: reads the command line, runs one command, and turns errors into text and exit codes.
#include "apps/commands.h"
#include "apps/interrupt.h"
#include "engine/checkpoint.h"
#include "engine/error.h"

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace lockstep::apps {
namespace {

// Standard error is for people and logs; standard output is for results.
void log_to_stderr() {
  const auto logger = spdlog::stderr_color_mt("lockstep");
  logger->set_pattern("%^%l%$: %v");
  spdlog::set_default_logger(logger);
}

int print_error(const Error& error, int code) {
  fmt::print(stderr, "error: {}\n", error.what());
  return code;
}

// The innermost command that was named, whose --help answers the question.
const CLI::App& chosen_command(const CLI::App& app) {
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  return chosen.empty() ? app : chosen_command(*chosen.front());
}

std::string full_name(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name() : full_name(*app.get_parent()) + " " + app.get_name();
}

// Names that `unknown` may have been meant for: options where it begins with '-', else subcommands.
std::vector<std::string> names_like(const CLI::App& command, const std::string& unknown) {
  std::vector<std::string> names;
  if (unknown.starts_with("-")) {
    for (const CLI::Option* option : command.get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  } else {
    for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; }))
      names.push_back(sub->get_name());
  }
  return names;
}

Error usage_error(const CLI::App& app, const CLI::ParseError& parse) {
  const CLI::App& command = chosen_command(app);
  const std::string name = full_name(command);
  const std::vector<std::string> unknown = app.remaining(true);
  if (unknown.empty()) return {parse.what(), name, fmt::format("`{} --help` shows how it is called", name)};
  const std::vector<std::string> known = names_like(command, unknown.front());
  const std::string near = nearest_name(unknown.front().substr(0, unknown.front().find('=')), known);
  const bool is_command = !known.empty() && !unknown.front().starts_with("-");
  std::string fix = fmt::format("`{} --help` shows what there is", name);
  if (!near.empty()) fix = fmt::format("did you mean '{}'? {}", near, fix);
  return {fmt::format("unknown {} '{}'", is_command ? "command" : "argument", unknown.front()), name, fix};
}

int run(int argc, const char* const* argv) {
  CLI::App app("Steps thousands of copies of a MuJoCo model in lockstep, learns their dynamics, and plans with them.",
               "lockstep");
  app.set_version_flag("--version", fmt::format("lockstep {}", program_version()));
  app.require_subcommand(1);
  app.footer(
      "`lockstep COMMAND --help` shows a command's options and examples.\n"
      "Exit codes: 0 done, 1 failed its own criterion, 2 bad input, 3 the machine lacks something, "
      "130 interrupted.");
  CommandContext context;
  add_commands(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked_for) {
    return app.exit(asked_for);  // --help, --version
  } catch (const CLI::ParseError& parse) {
    throw usage_error(app, parse);
  }
  return context.run();
}

}  // namespace
}  // namespace lockstep::apps

int main(int argc, char** argv) {
  using namespace lockstep::apps;
  try {
    log_to_stderr();
    return run(argc, argv);
  } catch (const Interrupted&) {
    return kInterrupted;
  } catch (const lockstep::MissingResource& error) {
    return print_error(error, kMissingResource);
  } catch (const lockstep::Error& error) {
    return print_error(error, kBadInput);
  } catch (const std::exception& mistake) {
    return print_error({mistake.what(), "inside lockstep",
                        "this is a mistake of ours: please report it with the "
                        "command and the output of `lockstep info`"},
                       kInternalError);
  }
}
