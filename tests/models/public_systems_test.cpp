// All 24 public systems by one default configuration, against what PySINDy reached with settings chosen for each.
#include "tests/models/public_systems.h"

#include <cstdio>

#include <gtest/gtest.h>

namespace lockstep::models {
namespace {

struct Level {
  int index;
  double noise;
  int least;  // exact supports
};
class PublicSystems : public testing::TestWithParam<Level> {};

TEST_P(PublicSystems, HaveAtLeastSoManyExactSupports) {
  int exact = 0, peers = 0, closer = 0;
  for (const std::string& name : tests::PublicSystem::names()) {
    const tests::Recovery found = tests::recover(name, GetParam().noise, 1);
    const tests::PublicSystem system(name);
    const double peer_error = system.pysindy(GetParam().index)["relerr"];
    const bool peer_is_exact = system.pysindy(GetParam().index)["ok"];
    std::printf("%-26s noise %.2f  exact %d (PySINDy %d)  error %.2e (PySINDy %.2e)\n", name.c_str(), GetParam().noise,
                found.is_exact, peer_is_exact, found.error, peer_error);
    exact += found.is_exact ? 1 : 0;
    peers += peer_is_exact ? 1 : 0;
    closer += found.error <= peer_error ? 1 : 0;
  }
  std::printf("exact %d of 24, PySINDy %d; coefficients closer than PySINDy's: %d\n", exact, peers, closer);
  EXPECT_GE(exact, GetParam().least);
  if (GetParam().noise == 0) {
    EXPECT_EQ(closer, 24);
  }
}

INSTANTIATE_TEST_SUITE_P(Noise, PublicSystems,
                         testing::Values(Level{0, 0, 24}, Level{1, 0.01, 20}, Level{2, 0.05, 17}));

}  // namespace
}  // namespace lockstep::models
