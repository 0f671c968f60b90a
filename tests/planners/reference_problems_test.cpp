// Checks the test problems themselves against the probes and solutions of the data file.
#include "tests/planners/reference_problems.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace lockstep::planners::testing {
namespace {

class ReferenceProblemNamed : public ::testing::TestWithParam<std::string> {};

TEST_P(ReferenceProblemNamed, AgreesWithTheProbes) {
  const ReferenceProblem p = reference_problem(GetParam());
  ASSERT_EQ(p.data["probes"].size(), 3U);
  for (const auto& probe : p.data["probes"]) {
    const auto x = probe["x"].get<std::vector<double>>(), u = probe["u"].get<std::vector<double>>();
    const auto expected = probe["x_next"].get<std::vector<double>>();
    std::vector<double> next(x.size());
    double stage = 0, terminal = 0;
    const View<const double, 2> xv(x.data(), 1, p.nx), uv(u.data(), 1, p.nu);
    p.dynamics->step(xv, uv, View<double, 2>(next.data(), 1, p.nx));
    p.cost->stage(xv, uv, View<double, 1>(&stage, 1));
    p.cost->terminal(xv, View<double, 1>(&terminal, 1));
    for (int i = 0; i < p.nx; ++i) EXPECT_NEAR(next[i], expected[i], 1e-12 * std::max(1.0, std::abs(expected[i])));
    EXPECT_NEAR(stage, probe["stage_cost"].get<double>(), 1e-12 * std::max(1.0, stage));
    // The one problem with a terminal equality has a penalty here in its place.
    if (!p.data["terminal_equality"].is_null()) continue;
    EXPECT_NEAR(terminal, probe["terminal_cost"].get<double>(), 1e-12 * std::max(1.0, terminal));
  }
}

TEST_P(ReferenceProblemNamed, ReplaysTheSolutionToItsCost) {
  const ReferenceProblem p = reference_problem(GetParam());
  std::vector<double> controls;
  for (const auto& row : p.data["solution_controls"])
    for (const double value : row) controls.push_back(value);
  EXPECT_NEAR(p.cost_of(controls), p.reference_cost(), 1e-5 * p.reference_cost());
}

std::string test_name(const ::testing::TestParamInfo<std::string>& info) { return info.param; }
INSTANTIATE_TEST_SUITE_P(All, ReferenceProblemNamed, ::testing::ValuesIn(reference_names()), test_name);

}  // namespace
}  // namespace lockstep::planners::testing
