// Options of benchmarks.
#include "apps/bench_turns.h"

namespace lockstep::apps {

void add_turn_options(CLI::App& command, int& repeats, double& seconds) {
  command.add_option("--repeats", repeats, "turns of every measurement")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command.add_option("--seconds", seconds, "least length of a turn")
      ->capture_default_str()
      ->check(CLI::Range(1e-3, 60.0));
}

}  // namespace lockstep::apps
