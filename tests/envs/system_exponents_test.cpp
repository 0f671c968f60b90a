// Holds the Lyapunov exponents of every system to the spectrum that was published for it, and to those recorded in
// tests/data/systems/; minutes of averaging.
#include "tests/envs/lyapunov.h"
#include "tests/envs/reference.h"

#include <algorithm>
#include <iostream>

#include <gtest/gtest.h>

namespace lockstep::envs {
namespace {

class SystemExponents : public testing::TestWithParam<std::string> {
 protected:
  // 64 worlds, `horizons` horizons each (for a map: that many tens of steps).
  [[nodiscard]] LyapunovRun run(int horizons) const {
    const double horizon = system_.facts.substeps > 0 ? system_.facts.horizon : 10;
    const int steps = static_cast<int>(horizon / system_.facts.timestep);
    return {.transient_steps = 30 * steps, .aligning_steps = 20 * steps, .steps = horizons * steps};
  }
  const SystemRow& system_ = *find(GetParam()).system;
};

TEST_P(SystemExponents, AreThePublishedOnes) {
  if (system_.facts.num_exponents == 0) GTEST_SKIP() << "none were published";
  const auto found = lyapunov_exponents(GetParam(), run(300));
  for (int i = 0; i < system_.num_states; ++i) std::cout << found[static_cast<std::size_t>(i)] << ' ';
  std::cout << "published: " << system_.facts.exponents[0] << '\n';
  EXPECT_NEAR(*std::ranges::max_element(found), system_.facts.exponents[0], system_.facts.exponent_tolerance);
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
