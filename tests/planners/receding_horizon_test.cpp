// The plan - act - shift loop, around a planner whose plans are known beforehand.
#include "planners/receding_horizon.h"
#include "engine/error.h"

#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::planners {
namespace {

constexpr int kHorizon = 4;

class NoDynamics final : public Dynamics {
 public:
  [[nodiscard]] int state_size() const override { return 1; }
  [[nodiscard]] int control_size() const override { return 1; }
  [[nodiscard]] double timestep() const override { return 1; }
  [[nodiscard]] std::string name() const override { return "none"; }
  void step(View<const double, 2>, View<const double, 2>, View<double, 2>) override {}
  [[nodiscard]] std::unique_ptr<Dynamics> clone() const override { return std::make_unique<NoDynamics>(); }
};

class NoCost final : public Cost {
 public:
  [[nodiscard]] int state_size() const override { return 1; }
  [[nodiscard]] int control_size() const override { return 1; }
  void stage(View<const double, 2>, View<const double, 2>, View<double, 1>) const override {}
  void terminal(View<const double, 2>, View<double, 1>) const override {}
};

// The plan of call c is 10 c + k at step k, with gain 0.5 about a predicted state of 0; it keeps what it was given.
class CountingPlanner final : public Planner {
 public:
  explicit CountingPlanner(std::vector<std::vector<double>>& given) : given_(given) {}
  [[nodiscard]] std::string_view name() const override { return "counting"; }
  void reset(const Problem&, std::uint64_t) override { calls_ = 0; }
  PlanStats plan(std::span<const double>, View<double, 2> controls) override {
    given_.emplace_back(controls.data_handle(), controls.data_handle() + kHorizon);
    for (int k = 0; k < kHorizon; ++k) controls(k, 0) = 10 * calls_ + k;
    ++calls_;
    return {};
  }
  [[nodiscard]] View<const double, 2> predicted() const override { return view(states_.data(), kHorizon + 1, 1); }
  [[nodiscard]] View<const double, 3> gains() const override { return view(gains_.data(), kHorizon, 1, 1); }
  [[nodiscard]] std::vector<std::byte> save() const override { return {}; }
  void load(std::span<const std::byte>) override {}

 private:
  std::vector<std::vector<double>>& given_;
  std::vector<double> states_ = std::vector<double>(kHorizon + 1, 0.0);
  std::vector<double> gains_ = std::vector<double>(kHorizon, 0.5);
  int calls_ = 0;
};

struct RecedingHorizonTest : testing::Test {
  RecedingHorizon make(int replan_steps, bool feedback, double u_max = 100) {
    const double low = -100;
    return {std::make_unique<CountingPlanner>(given), dynamics,    cost,
            std::span<const double>(&low, 1),         {&u_max, 1}, {kHorizon, replan_steps, feedback}};
  }
  static double act(RecedingHorizon& loop, double x) { return loop.act({&x, 1})[0]; }
  NoDynamics dynamics;
  NoCost cost;
  std::vector<std::vector<double>> given;
};

TEST_F(RecedingHorizonTest, StartsAnEpisodeFromZeroControls) {
  RecedingHorizon loop = make(1, false);
  loop.reset(0);
  act(loop, 0);
  loop.reset(0);
  act(loop, 0);
  EXPECT_EQ(given[1], std::vector<double>(kHorizon, 0.0));
}

TEST_F(RecedingHorizonTest, WarmStartsWithTheShiftedPlanAndItsLastControlTwice) {
  RecedingHorizon loop = make(1, false);
  loop.reset(0);
  EXPECT_EQ(act(loop, 0), 0);
  EXPECT_EQ(act(loop, 0), 10);
  EXPECT_EQ(given[1], (std::vector<double>{1, 2, 3, 3}));
}

TEST_F(RecedingHorizonTest, FollowsThePlanBetweenTwoPlans) {
  RecedingHorizon loop = make(3, false);
  loop.reset(0);
  const std::vector<double> applied = {act(loop, 0), act(loop, 0), act(loop, 0), act(loop, 0)};
  EXPECT_EQ(applied, (std::vector<double>{0, 1, 2, 10}));
  EXPECT_EQ(given[1], (std::vector<double>{3, 3, 3, 3}));
}

TEST_F(RecedingHorizonTest, CorrectsByTheGainsBetweenTwoPlansOnly) {
  RecedingHorizon loop = make(2, true);
  loop.reset(0);
  EXPECT_EQ(act(loop, 8), 0);
  EXPECT_EQ(act(loop, 8), 1 + 0.5 * 8);
}

TEST_F(RecedingHorizonTest, KeepsCorrectedControlsInBounds) {
  RecedingHorizon loop = make(2, true, 2.5);
  loop.reset(0);
  act(loop, 0);
  EXPECT_EQ(act(loop, 1000), 2.5);
}

TEST_F(RecedingHorizonTest, ReturnsThePlannedControlWhereTheStateIsNotFinite) {
  RecedingHorizon loop = make(2, true);
  loop.reset(0);
  act(loop, 0);
  EXPECT_EQ(act(loop, std::numeric_limits<double>::quiet_NaN()), 1);
}

TEST_F(RecedingHorizonTest, RefusesToReplanLaterThanItsHorizon) { EXPECT_THROW(make(kHorizon + 1, true), Error); }

}  // namespace
}  // namespace lockstep::planners
