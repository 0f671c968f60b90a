// Tests the planner thread beside the simulation, around a planner that takes as long as a test says.
#include "planners/asynchronous_horizon.h"
#include "engine/error.h"
#include "planners/abandonable_dynamics.h"
#include "planners/ilqr.h"
#include "tests/planners/function_problem.h"

#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::planners::testing {
namespace {

constexpr int kHorizon = 8;

// What the test and the planner thread tell each other.
struct Desk {
  std::atomic<int> begun{0}, allowed{0};  // plans begun; plans that may be finished
  std::atomic<int> abandoned{0};          // plans that ended because the model was taken away
  std::atomic<bool> throws{false};
  std::mutex mutex;
  std::vector<std::vector<double>> starts, warm_starts;  // of each plan
};

// Works by stepping the model until the test allows it to finish, or the model explodes. The plan of the c-th call
// after reset with seed s is 1000 s + 100 c + k at step k, with gain 0.5 about the states that it predicts, all x0.
class SlowPlanner final : public Planner {
 public:
  explicit SlowPlanner(Desk& desk) : desk_(desk) {}
  [[nodiscard]] std::string_view name() const override { return "slow"; }
  void reset(const Problem& problem, std::uint64_t seed) override {
    problem_ = problem;
    seed_ = static_cast<double>(seed);
    calls_ = 0;
  }
  PlanStats plan(std::span<const double> x0, View<double, 2> controls) override {
    {
      const std::lock_guard lock(desk_.mutex);
      desk_.starts.emplace_back(x0.begin(), x0.end());
      desk_.warm_starts.emplace_back(controls.data_handle(), controls.data_handle() + kHorizon);
    }
    ++desk_.begun;
    if (desk_.throws) throw Error("the model has no bottom", "SlowPlanner", "give it one");
    std::vector<double> x(x0.begin(), x0.end()), u(1), next(x.size());
    const int nx = static_cast<int>(x.size());
    while (!take_permission()) {
      problem_.dynamics->step(view<const double>(x.data(), 1, nx), view<const double>(u.data(), 1, 1),
                              view(next.data(), 1, nx));
      if (!std::isfinite(next[0])) {
        ++desk_.abandoned;
        break;
      }
      std::this_thread::yield();
    }
    for (int k = 0; k < kHorizon; ++k) controls(k, 0) = 1000 * seed_ + 100 * calls_ + k;
    for (int k = 0; k <= kHorizon; ++k)
      for (int i = 0; i < nx; ++i) states_[static_cast<size_t>(k * nx + i)] = x0[i];
    ++calls_;
    PlanStats stats;
    stats.iterations = calls_;
    return stats;
  }
  [[nodiscard]] View<const double, 2> predicted() const override { return view(states_.data(), kHorizon + 1, 2); }
  [[nodiscard]] View<const double, 3> gains() const override { return view(gains_.data(), kHorizon, 1, 2); }
  [[nodiscard]] std::vector<std::byte> save() const override { return {}; }
  void load(std::span<const std::byte>) override {}

 private:
  bool take_permission() {
    int allowed = desk_.allowed;
    while (allowed > 0)
      if (desk_.allowed.compare_exchange_weak(allowed, allowed - 1)) return true;
    return false;
  }
  Desk& desk_;
  Problem problem_;
  double seed_ = 0;
  int calls_ = 0;
  std::vector<double> states_ = std::vector<double>(2 * (kHorizon + 1), 0.0);
  std::vector<double> gains_ = std::vector<double>(2 * kHorizon, 0.5);
};

void wait_for(const std::function<bool()>& claim) {
  while (!claim()) std::this_thread::yield();
}

class Asynchronous : public ::testing::Test {
 protected:
  std::unique_ptr<AsynchronousHorizon> make(const AsynchronousConfig& config, double bound = 1e6) {
    const double low = -bound;
    return std::make_unique<AsynchronousHorizon>(std::make_unique<SlowPlanner>(desk_), dynamics_, cost_,
                                                 std::span<const double>(&low, 1), std::span<const double>(&bound, 1),
                                                 config);
  }
  static AsynchronousConfig config(int delay_steps, bool plan_first, bool feedback = false) {
    return {.loop = {.horizon = kHorizon, .feedback = feedback}, .delay_steps = delay_steps, .plan_first = plan_first};
  }
  // Lets the planner finish the plan that it is at, and waits until the loop has it.
  void finish_plan(const AsynchronousHorizon& loop) {
    const int plans = loop.timing().latency.plans;
    ++desk_.allowed;
    wait_for([&] { return loop.timing().latency.plans > plans; });
  }
  void wait_until_begun(int plans) {
    wait_for([&] { return desk_.begun >= plans; });
  }
  // One control step of the plant.
  double act(AsynchronousHorizon& loop) {
    const double u = loop.act(x_)[0];
    std::vector<double> next(2);
    dynamics_.step(view<const double>(x_.data(), 1, 2), view<const double>(&u, 1, 1), view(next.data(), 1, 2));
    x_ = next;
    return u;
  }
  LinearDynamics dynamics_{2, 1, 0.1, {1, 0.1, 0, 0.9}, {0.005, 0.1}};
  DiagonalCost cost_{{1, 0.1}, {0.01}, {10, 1}};
  std::vector<double> x_ = {1, 0};
  Desk desk_;
};

TEST_F(Asynchronous, NeverWaitsForAPlan) {
  const auto loop = make(config(1, false));
  loop->reset(1, x_);
  for (int step = 0; step < 1000; ++step) EXPECT_EQ(act(*loop), 0);
  EXPECT_EQ(loop->timing().latency.plans, 0);
  EXPECT_EQ(loop->timing().steps_without_plan, 1000);
}

TEST_F(Asynchronous, StartsTheClockWithAPlanWhereItIsTold) {
  const auto loop = make(config(1, true));
  desk_.allowed = 1;
  loop->reset(2, x_);
  EXPECT_EQ(act(*loop), 2000);
  EXPECT_EQ(act(*loop), 2001);
  EXPECT_EQ(loop->timing().steps_without_plan, 0);
}

TEST_F(Asynchronous, PlansFromTheStateThatThePlantIsInWhenThePlanIsReady) {
  const auto loop = make(config(3, true));
  desk_.allowed = 1;
  loop->reset(1, x_);
  act(*loop);           // step 0, whose state the next plan is made of
  wait_until_begun(2);  // for step 3
  act(*loop);
  act(*loop);
  const std::lock_guard lock(desk_.mutex);
  EXPECT_EQ(desk_.starts[1], x_);  // the same arithmetic, thus the same bits
  EXPECT_EQ(desk_.warm_starts[1], (std::vector<double>{1003, 1004, 1005, 1006, 1007, 1007, 1007, 1007}));
}

TEST_F(Asynchronous, PredictsWithTheFeedbackThatWillAct) {
  const auto loop = make(config(3, true, true));
  desk_.allowed = 1;
  loop->reset(1, x_);
  act(*loop);
  wait_until_begun(2);
  act(*loop);
  const double u = act(*loop);
  EXPECT_NE(u, 1002);  // the gains have corrected it
  const std::lock_guard lock(desk_.mutex);
  EXPECT_EQ(desk_.starts[1], x_);
}

TEST_F(Asynchronous, LetsAnEarlyPlanWaitForItsStep) {
  const auto loop = make(config(3, true));
  desk_.allowed = 1;
  loop->reset(1, x_);
  std::vector<double> applied = {act(*loop)};
  wait_until_begun(2);
  finish_plan(*loop);  // made of step 0, for step 3
  for (int step = 1; step < 5; ++step) applied.push_back(act(*loop));
  EXPECT_EQ(applied, (std::vector<double>{1000, 1001, 1002, 1100, 1101}));
  EXPECT_EQ(loop->timing().missed_deadlines, 0);
}

TEST_F(Asynchronous, ActsOnALatePlanFromTheRowOfThePresentStep) {
  const auto loop = make(config(1, true));
  desk_.allowed = 1;
  loop->reset(1, x_);
  std::vector<double> applied = {act(*loop)};
  wait_until_begun(2);  // made of step 0, for step 1
  for (int step = 1; step < 4; ++step) applied.push_back(act(*loop));
  finish_plan(*loop);
  for (int step = 4; step < 6; ++step) applied.push_back(act(*loop));
  EXPECT_EQ(applied, (std::vector<double>{1000, 1001, 1002, 1003, 1103, 1104}));
  EXPECT_EQ(loop->timing().missed_deadlines, 1);
  EXPECT_DOUBLE_EQ(loop->timing().age_max_ms, 500);  // step 5 acts on a plan made of step 0; steps are 100 ms
}

TEST_F(Asynchronous, HoldsTheLastControlOfAPlanThatHasRunOut) {
  const auto loop = make(config(1, true));
  desk_.allowed = 1;
  loop->reset(1, x_);
  double last = 0;
  for (int step = 0; step < kHorizon + 3; ++step) last = act(*loop);
  EXPECT_EQ(last, 1000 + kHorizon - 1);
  EXPECT_EQ(loop->timing().steps_without_plan, 3);
}

TEST_F(Asynchronous, ExpectsPlansToTakeAsLongAsTheyTook) {
  const auto loop = make(config(0, true));
  desk_.allowed = 1;
  loop->reset(1, x_);
  int begun = 1;
  for (int plan = 0; plan < 4; ++plan) {
    act(*loop);
    wait_until_begun(++begun);
    for (int step = 0; step < 3; ++step) act(*loop);
    finish_plan(*loop);
    wait_until_begun(++begun);  // it goes on at once, with the newest state
    finish_plan(*loop);
  }
  EXPECT_EQ(loop->delay_steps(), 4);
  EXPECT_LE(loop->timing().missed_deadlines, 2);
  const auto calm = make(config(0, true));
  EXPECT_EQ(calm->delay_steps(), 1);
}

TEST_F(Asynchronous, NeverActsOnAPlanOfAnotherEpisode) {
  const auto loop = make(config(1, false));
  loop->reset(1, x_);
  act(*loop);
  wait_until_begun(1);
  loop->reset(2, x_);  // does not wait either
  wait_for([&] { return desk_.abandoned == 1; });
  EXPECT_EQ(act(*loop), 0);
  wait_until_begun(2);
  finish_plan(*loop);
  EXPECT_EQ(act(*loop), 2000);
}

TEST_F(Asynchronous, ForgetsAFinishedPlanWithItsEpisode) {
  const auto loop = make(config(1, true));
  desk_.allowed = 1;
  loop->reset(1, x_);
  act(*loop);
  wait_until_begun(2);
  finish_plan(*loop);
  desk_.allowed = 1;
  loop->reset(3, x_);
  EXPECT_EQ(act(*loop), 3000);
  const std::lock_guard lock(desk_.mutex);
  EXPECT_EQ(desk_.warm_starts[2], std::vector<double>(kHorizon, 0.0));
}

TEST_F(Asynchronous, StopsInTheMiddleOfAPlanThatWouldNotEnd) {
  auto loop = make(config(1, false));
  loop->reset(1, x_);
  act(*loop);
  wait_until_begun(1);
  loop.reset();  // would hang
  EXPECT_EQ(desk_.abandoned, 1);
}

TEST_F(Asynchronous, HandsAnExceptionOfThePlannerToTheSimulation) {
  const auto loop = make(config(1, false));
  loop->reset(1, x_);
  desk_.throws = true;
  act(*loop);
  std::string message;
  wait_for([&] {
    try {
      loop->act(x_);
    } catch (const Error& error) {
      message = error.problem();
    }
    return !message.empty();
  });
  EXPECT_EQ(message, "the model has no bottom");
  EXPECT_THROW(loop->act(x_), Error);  // until the next episode
  desk_.throws = false;
  loop->reset(4, x_);
  EXPECT_EQ(act(*loop), 0);
  wait_until_begun(2);
  finish_plan(*loop);
  EXPECT_EQ(act(*loop), 4000);
}

TEST_F(Asynchronous, ThrowsFromResetWhatTheFirstPlanThrows) {
  const auto loop = make(config(1, true));
  desk_.throws = true;
  EXPECT_THROW(loop->reset(1, x_), Error);
}

TEST_F(Asynchronous, KeepsTheBoundsAndGivesNumbersForAStateThatIsNone) {
  const auto loop = make(config(1, true, true), 1001.5);
  desk_.allowed = 1;
  loop->reset(1, x_);
  EXPECT_EQ(loop->act(std::vector<double>{1e9, 0})[0], 1001.5);
  EXPECT_EQ(loop->act(std::vector<double>{std::numeric_limits<double>::quiet_NaN(), 0})[0], 1001);
}

TEST_F(Asynchronous, RefusesADelayThatPlansDoNotReach) {
  try {
    make(config(kHorizon, true));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.problem(), "delay_steps = 8 is not below horizon = 8");
  }
}

// The plant that iLQR knows exactly, in closed loop for 80 steps; at step 10 comes a push that no plan has foreseen.
struct Plant {
  LinearDynamics dynamics{2, 1, 0.1, {1, 0.1, 0, 1}, {0.005, 0.1}};
  DiagonalCost cost{{1, 0.1}, {0.01}, {10, 1}};
  double low = -100, high = 100;
  std::vector<double> start = {1, 0};

  // Sum of stage costs under act(step, x).
  double run(const std::function<double(int, const std::vector<double>&)>& act, double push) {
    double total = 0;
    std::vector<double> x = start, next(2);
    for (int step = 0; step < 80; ++step) {
      const double u = act(step, x);
      double stage = 0;
      cost.stage(view<const double>(x.data(), 1, 2), view<const double>(&u, 1, 1), view(&stage, 1));
      total += stage;
      dynamics.step(view<const double>(x.data(), 1, 2), view<const double>(&u, 1, 1), view(next.data(), 1, 2));
      x = next;
      if (step == 10) x[1] += push;
    }
    return total;
  }
  [[nodiscard]] std::unique_ptr<Planner> planner() const {
    return std::make_unique<ilqr::Ilqr>(ilqr::Config{.starts = 1});
  }
  double run_synchronous(double push) {
    RecedingHorizon loop(planner(), dynamics, cost, {&low, 1}, {&high, 1}, {.horizon = 50});
    loop.reset(0);
    return run([&](int, const std::vector<double>& x) { return loop.act(x)[0]; }, push);
  }
  // Every state is planned from, for `delay` steps later; the plan is there by then.
  double run_late(int delay, double push) {
    AsynchronousHorizon loop(planner(), dynamics, cost, {&low, 1}, {&high, 1},
                             {.loop = {.horizon = 50, .feedback = false}, .delay_steps = delay});
    loop.reset(0, start);
    return run(
        [&](int step, const std::vector<double>& x) {
          const double u = loop.act(x)[0];
          wait_for([&] { return loop.timing().latency.plans > step; });
          return u;
        },
        push);
  }
};

TEST(AsynchronousIlqr, CostsNothingBehindItsLatencyWhereNothingUnforeseenHappens) {
  // The same controls but for the end of the horizon, which a plan acted on four steps later has four steps nearer.
  const double synchronous = Plant{}.run_synchronous(0);
  EXPECT_NEAR(Plant{}.run_late(1, 0), synchronous, 1e-4 * synchronous);
  EXPECT_NEAR(Plant{}.run_late(4, 0), synchronous, 1e-4 * synchronous);
}

TEST(AsynchronousIlqr, AnswersAPushAsLateAsItsLatencySays) {
  const double synchronous = Plant{}.run_synchronous(1);
  const double soon = Plant{}.run_late(1, 1), late = Plant{}.run_late(4, 1);
  EXPECT_GT(soon, synchronous);
  EXPECT_GT(late, soon);
  // Drifting at 1 m/s for 0.4 s more, then the regulator's own cost from there; without prediction it would oscillate.
  EXPECT_LT(late, 2 * synchronous);
}

TEST(Abandonable, IsTheDynamicsUntilItIsAbandoned) {
  std::atomic<bool> abandoned = false;
  const LinearDynamics plain{2, 1, 0.1, {1, 0.1, 0, 1}, {0.005, 0.1}};
  AbandonableDynamics dynamics(plain.clone(), abandoned);
  const auto clone = dynamics.clone();
  const std::vector<double> x = {1, 2}, u = {3};
  std::vector<double> next(2), A(4), B(2), F(18), states(4);
  const auto call_all = [&] {
    clone->step(view(x.data(), 1, 2), view(u.data(), 1, 1), view(next.data(), 1, 2));
    dynamics.jacobian(view(x.data(), 1, 2), view(u.data(), 1, 1), view(A.data(), 1, 2, 2), view(B.data(), 1, 2, 1));
    dynamics.second(view(x.data(), 1, 2), view(u.data(), 1, 1), view(F.data(), 1, 2, 3, 3));
    dynamics.rollout(view(x.data(), 1, 2), view(u.data(), 1, 1, 1), view(states.data(), 1, 2, 2));
  };
  call_all();
  EXPECT_EQ(A, plain.a());
  EXPECT_EQ(B, plain.b());
  EXPECT_EQ(next, (std::vector<double>{1 + 0.1 * 2 + 0.005 * 3, 2 + 0.1 * 3}));
  EXPECT_EQ(std::vector<double>(states.begin() + 2, states.end()), next);
  for (const double value : F) EXPECT_NEAR(value, 0, 1e-6);
  abandoned = true;
  call_all();
  for (const auto* numbers : {&next, &A, &B, &F, &states})
    for (const double value : *numbers) EXPECT_TRUE(std::isnan(value));
}

}  // namespace
}  // namespace lockstep::planners::testing
