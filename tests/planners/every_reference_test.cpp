// Tests that each planner for smooth problems solves every reference problem from the file's starts, to a stationary
// point.
#include "planners/ilqr.h"
#include "tests/planners/reference_problems.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::planners::testing {
namespace {

class EveryReference : public ::testing::TestWithParam<std::tuple<std::string, std::string>> {};

double largest(const std::vector<double>& values) {
  double result = 0;
  for (const double value : values) result = std::max(result, std::abs(value));
  return result;
}

ilqr::Config thorough(const std::string& planner, bool convex) {
  ilqr::Config config;
  config.cold_iterations = 500;
  config.starts = 1;
  config.cost_tolerance = 1e-11;
  config.gradient_tolerance = 1e-9;
  config.step_sizes = 11;
  config.mu = convex              ? 0
              : planner == "ilqr" ? 10
                                  : 1;  // a careful beginning where the starts are far from the solution
  config.second_order = planner == "ddp";
  config.regularised = planner == "ddp" ? "control" : "state";
  config.shooting = planner == "fddp" ? "multiple" : "single";
  return config;
}

// The best of the three starts: u = 0 is a stationary point of the swing-ups, and others end in worse minima (the
// file's accept_rel_for_planners leaves room for the minima that it lists).
TEST_P(EveryReference, IsReachedFromTheGivenStarts) {
  const auto& [problem, planner] = GetParam();
  const ReferenceProblem p = reference_problem(problem);
  const nlohmann::json& reference = p.data["reference"];
  const bool convex = reference["status"] == "global";
  double best = std::numeric_limits<double>::infinity();
  std::vector<double> best_controls;
  for (const char* start : {"zero", "sin0.1", "sin0.5"}) {
    ilqr::Ilqr solver(thorough(planner, convex));
    solver.reset(p.problem(), 1);
    auto controls = p.warm_start(start);
    const double before = largest(p.projected_gradient(controls));
    const PlanStats stats = solver.plan(p.x0, View<double, 2>(controls.data(), p.horizon, p.nu));
    EXPECT_NEAR(p.cost_of(controls), stats.cost, 1e-9 * (1 + stats.cost)) << start;
    if (stats.cost >= best) continue;
    best = stats.cost;
    best_controls = controls;
    EXPECT_LT(largest(p.projected_gradient(controls)), 1e-3 * std::max(before, 0.1)) << start << ": " << stats.status;
  }
  // A penalty stands for the one equality, and lowers the cost by 1e-5 of it.
  const double room = p.data["terminal_equality"].is_null() ? 0 : 1e-4;
  const double share =
      convex ? std::max(room, reference["rel_tol"].get<double>()) : reference["accept_rel_for_planners"].get<double>();
  EXPECT_LE(best, p.reference_cost() * (1 + share));
  if (convex) {
    EXPECT_GE(best, p.reference_cost() * (1 - share)) << "below a proven optimum";
  }
  RecordProperty("cost", std::to_string(best));
  RecordProperty("gradient", std::to_string(largest(p.projected_gradient(best_controls))));
}

INSTANTIATE_TEST_SUITE_P(Problems, EveryReference,
                         ::testing::Combine(::testing::ValuesIn(reference_names()),
                                            ::testing::Values("ilqr", "ddp", "fddp")),
                         [](const auto& test) { return std::get<0>(test.param) + "_by_" + std::get<1>(test.param); });

}  // namespace
}  // namespace lockstep::planners::testing
