// What benchmarks that alternate between contestants have in common: how often, how long, and how a rate is taken.
#pragma once

#include <chrono>

#include <CLI/CLI.hpp>

namespace lockstep::apps {

// Adds --repeats and --seconds: turns of every measurement, and the least length of one in s.
void add_turn_options(CLI::App& command, int& repeats, double& seconds);

// Calls work(), which returns how much it did, until `seconds` are over: how much per second.
template <class Work>
double work_rate(double seconds, Work&& work) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  double spent = 0, done = 0;
  do {
    done += work();
    spent = std::chrono::duration<double>(Clock::now() - begin).count();
  } while (spent < seconds);
  return done / spent;
}

}  // namespace lockstep::apps
