// What every command of the program shares: how it is added, what it prints, its --json rows and its exit code.
#pragma once

#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json_fwd.hpp>

namespace lockstep::apps {

// Exit codes of the program.
enum ExitCode {
  kDone = 0,
  kCriterionNotMet = 1,  // it ran, but failed its own criterion
  kBadInput = 2,         // Error: bad input or usage
  kMissingResource = 3,  // MissingResource: no display, no GPU, no space
  kInternalError = 70,   // a mistake of ours (an exception that is no Error)
  kInterrupted = 130,    // Ctrl-C or SIGTERM; what was done is kept
};

// One line of --json; keys keep their order. Include <nlohmann/json.hpp> where rows are made.
using JsonRow = nlohmann::ordered_json;

// Handed to every add_<command>. A command is added like this:
//   void add_fit(CLI::App& app, CommandContext& context) {
//     auto options = std::make_shared<FitOptions>();
//     CLI::App& command = context.add(app, "fit", "fit a model to recorded data",
//                                     "lockstep fit data.npz --model sindy\n");
//     command.add_option("DATA", options->data, "npz file")->required();
//     context.on_run(command, [options, &context] { return fit(*options, context); });
//   }
class CommandContext {
 public:
  // A subcommand of `parent` with --help that ends in `examples` (one a line) and with --json FILE.
  CLI::App& add(CLI::App& parent, const std::string& name, const std::string& summary, const std::string& examples);
  // A subcommand that only groups others (`bench physics`).
  CLI::App& add_group(CLI::App& parent, const std::string& name, const std::string& summary);
  // `body` runs when `command` was chosen, after all of the command line was read; it returns the exit code.
  void on_run(CLI::App& command, std::function<int()> body);

  // Text for people: standard output, or standard error where --json - has taken standard output.
  template <class... Args>
  void print(fmt::format_string<Args...> format, Args&&... args) {
    fmt::print(text_stream(), format, std::forward<Args>(args)...);
    std::fflush(text_stream());
  }
  [[nodiscard]] std::FILE* text_stream() const { return json_target_ == "-" ? stderr : stdout; }

  // One row of --json; nothing where it was not asked for. "-" prints at once, a file is written whole by finish().
  void row(const JsonRow& row);

  // Runs the chosen command and writes the --json file. Called by main.
  int run();

 private:
  std::function<int()> body_;
  std::string json_target_;  // empty: not asked for
  std::string json_lines_;
};

// One function for every command of the program, each defined in the source of its name (list.cpp, train.cpp, ...).
// To add a command: declare it here, and name it in apps/CMakeLists.txt, which generates the table that main offers.
void add_view(CLI::App& app, CommandContext& context);
void add_picture(CLI::App& app, CommandContext& context);
void add_train(CLI::App& app, CommandContext& context);
void add_eval(CLI::App& app, CommandContext& context);
void add_export(CLI::App& app, CommandContext& context);
void add_plan(CLI::App& app, CommandContext& context);
void add_fit(CLI::App& app, CommandContext& context);
void add_bench(CLI::App& app, CommandContext& context);
void add_check(CLI::App& app, CommandContext& context);
void add_list(CLI::App& app, CommandContext& context);
void add_info(CLI::App& app, CommandContext& context);

// Adds every command named in apps/CMakeLists.txt, in its order (generated).
void add_commands(CLI::App& app, CommandContext& context);

}  // namespace lockstep::apps
