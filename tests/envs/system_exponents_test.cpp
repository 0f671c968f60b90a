// Holds the Lyapunov exponents of every system to the spectrum that was published for it, and to those recorded in
// tests/data/systems/; minutes of averaging.
#include "tests/envs/lyapunov.h"
#include "tests/envs/reference.h"

#include <algorithm>
#include <cmath>
#include <iostream>

#include <gtest/gtest.h>

namespace lockstep::envs {
namespace {

// The recorded spectrum and its tolerance; empty where there is none.
struct Recorded {
  std::vector<double> spectrum, start;
  double tolerance = 0;
};
Recorded recorded(const std::string& name) {
  std::ifstream file(std::filesystem::path(LOCKSTEP_TEST_DATA) / "systems" / "polynomial_systems.json");
  const nlohmann::json systems = nlohmann::json::parse(file).at("systems");
  if (!systems.contains(name) || !systems.at(name).contains("lyapunov")) return {};
  const nlohmann::json& item = systems.at(name);
  return {item.at("lyapunov").get<std::vector<double>>(), item.at("x0").get<std::vector<double>>(),
          item.at("tolerance")};
}

class SystemExponents : public testing::TestWithParam<std::string> {
 protected:
  const SystemRow& system_ = *find(GetParam()).system;
};

// 64 worlds of 300 Lyapunov times each (1,000 steps of a map): statistical errors of 1% and less. Where no volume is
// lost, every orbit has exponents of its own: the recorded one is followed, for as long as they were.
// The recorded tolerance is the change over the second half of their average, and says as much as one standard
// deviation: three of it, and our own error.
TEST_P(SystemExponents, AreThePublishedAndTheRecordedOnes) {
  const Recorded reference = recorded(GetParam());
  if (system_.facts.num_exponents == 0 && reference.spectrum.empty()) GTEST_SKIP() << "none are known";
  const double horizon = system_.facts.substeps > 0 ? system_.facts.horizon : 100;
  const int steps = static_cast<int>(horizon / system_.facts.timestep);
  LyapunovRun run{.transient_steps = 30 * steps, .aligning_steps = 20 * steps, .steps = 300 * steps};
  double sum = 0;
  for (const double exponent : reference.spectrum) sum += exponent;
  if (!reference.spectrum.empty() && std::abs(sum) < 1e-3) {
    run = {.worlds = 1, .transient_steps = 0, .aligning_steps = 0, .steps = 4000000, .start = reference.start};
  }
  const auto found = lyapunov_exponents(GetParam(), run);
  const double largest = *std::ranges::max_element(found);
  if (system_.facts.num_exponents > 0) {
    EXPECT_NEAR(largest, system_.facts.exponents[0], system_.facts.exponent_tolerance) << "published";
  }
  if (!reference.spectrum.empty()) {
    const double own_error = 0.02 * std::abs(reference.spectrum[0]) + 1e-3;
    EXPECT_NEAR(largest, reference.spectrum[0], 3 * reference.tolerance + own_error) << "recorded";
  }
}

INSTANTIATE_TEST_SUITE_P(Systems, SystemExponents, testing::ValuesIn([] {
                           std::vector<std::string> names;
                           for (const Entry* const entry : entries()) {
                             if (entry->system != nullptr) names.emplace_back(entry->name);
                           }
                           return names;
                         }()),
                         [](const auto& system) {
                           std::string name = system.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace lockstep::envs
