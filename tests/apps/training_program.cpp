// A program that trains the tests' agent and can be told when to be struck by a signal.
// Usage: training_program new|resume FOLDER [SIGNAL PROGRESS_CALLS]
#include "apps/interrupt.h"
#include "apps/training.h"
#include "engine/error.h"
#include "envs/env.h"
#include "tests/apps/linear_search.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  using namespace lockstep;
  const std::vector<std::string> words(argv, argv + argc);
  if (words.size() < 3) return 64;
  try {
    Settings given;
    given.set("task", {std::string("pendulum-v1"), "test"});
    given.set("seed", {std::int64_t{5}, "test"});
    apps::TrainRequest request;
    request.run = apps::resolve_run(given, [](const std::string&) { return kLinearSearch.defaults(); });
    request.folder = words[2];
    request.resume = words[1] == "resume";
    apps::TrainObserver observer;
    long calls = words.size() > 4 ? std::strtol(words[4].c_str(), nullptr, 10) : 0;
    const int signal = words.size() > 4 ? std::atoi(words[3].c_str()) : 0;
    observer.progress = [&](double, const std::string&) {
      if (calls > 0 && --calls == 0) std::raise(signal);
    };
    const apps::InterruptGuard guard;
    const apps::TrainResult result = apps::train(request, kLinearSearch, envs::make_environment, observer);
    return result.is_interrupted ? 130 : result.is_success ? 0 : 1;
  } catch (const Error& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 2;
  }
}
