// SINDy models: exact recovery under each integrator, equations, saving, lanes, divergence, errors.
#include "engine/error.h"
#include "models/sindy_fit.h"
#include "tests/models/allocation_count.h"

#include <cmath>
#include <functional>
#include <limits>

#include <gtest/gtest.h>

namespace lockstep::models {
namespace {

using State = std::vector<double>;

// Trajectories of a controlled system from `starts`, under a sum of sines.
TransitionData trajectories(const std::vector<State>& starts, int steps, double timestep,
                            const std::function<State(const State&, double)>& advance) {
  TransitionData data(static_cast<int>(starts[0].size()), 1);
  for (size_t t = 0; t < starts.size(); ++t) {
    State x = starts[t];
    for (int k = 0; k < steps; ++k) {
      const double time = k * timestep + 10.0 * static_cast<double>(t);
      const State u{1.5 * std::sin(1.1 * time) + std::cos(2.7 * time)};
      const State next = advance(x, u[0]);
      data.append({.x = x, .u = u, .next = next, .trajectory = static_cast<std::int64_t>(t)});
      x = next;
    }
  }
  return data;
}

// Pendulum from upright: w' = 9.81 sin th - 0.15 w + 2 u.
State pendulum_field(const State& x, double u) { return {x[1], 9.81 * std::sin(x[0]) - 0.15 * x[1] + 2 * u}; }
constexpr double kStep = 0.02;

SindySystem pendulum_system() {
  return {.state_size = 2,
          .control_size = 1,
          .timestep = kStep,
          .state_names = {"th", "w"},
          .control_names = {"torque"},
          .state_is_angle = {true, false},
          .velocity_of = {},
          .low = {},
          .high = {}};
}

State semi_implicit(const State& x, double u) {
  const double w = x[1] + kStep * pendulum_field(x, u)[1];
  return {x[0] + kStep * w, w};
}

State explicit_euler(const State& x, double u) {
  const State f = pendulum_field(x, u);
  return {x[0] + kStep * f[0], x[1] + kStep * f[1]};
}

State runge_kutta(const State& x, double u) {
  const auto at = [&](const State& k, double h) { return State{x[0] + h * k[0], x[1] + h * k[1]}; };
  const State k1 = pendulum_field(x, u), k2 = pendulum_field(at(k1, kStep / 2), u);
  const State k3 = pendulum_field(at(k2, kStep / 2), u), k4 = pendulum_field(at(k3, kStep), u);
  State next = x;
  for (size_t i = 0; i < 2; ++i) next[i] += kStep / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
  return next;
}

const std::vector<State> kStarts{{3, 0}, {2, 1}, {1, -2}, {0.5, 0}};

double coefficient(const Sindy& model, const std::string& feature, int state) {
  const std::vector<std::string> names = model.library().names();
  const auto found = std::find(names.begin(), names.end(), feature);
  return found == names.end() ? 0 : model.coefficients()(found - names.begin(), state);
}

struct IntegratorCase {
  const char* name;
  State (*advance)(const State&, double);
  double tolerance;
};

void PrintTo(const IntegratorCase& c, std::ostream* out) { *out << c.name; }

class SindyIntegrator : public testing::TestWithParam<IntegratorCase> {};

TEST_P(SindyIntegrator, IsChosenByHeldOutErrorAndRecoversTheFieldExactly) {
  const SindyFit fit = fit_sindy(trajectories(kStarts, 300, kStep, GetParam().advance), pendulum_system());
  EXPECT_EQ(fit.report.integrator, GetParam().name);
  EXPECT_EQ(fit.report.terms, 3);
  EXPECT_NEAR(coefficient(fit.model, "sin(x0)", 1), 9.81, GetParam().tolerance);
  EXPECT_NEAR(coefficient(fit.model, "x1", 1), -0.15, GetParam().tolerance);
  EXPECT_NEAR(coefficient(fit.model, "u0", 1), 2, GetParam().tolerance);
}

// Collocation has an error of h^4 / 2880 times the field's fourth derivatives: about 1e-7 here; the others are exact.
INSTANTIATE_TEST_SUITE_P(Pendulum, SindyIntegrator,
                         testing::Values(IntegratorCase{"semi_implicit", semi_implicit, 1e-9},
                                         IntegratorCase{"euler", explicit_euler, 1e-9},
                                         IntegratorCase{"rk4", runge_kutta, 2e-5}),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(Sindy, RecoversADiscreteMap) {
  const TransitionData data = trajectories({{0.1, 0.1}}, 500, 1, [](const State& x, double) {
    return State{1 - 1.4 * x[0] * x[0] + x[1], 0.3 * x[0]};  // Henon
  });
  const SindyFit fit = fit_sindy(data, {.state_size = 2, .control_size = 1, .timestep = 1},
                                 {.library = "polynomial", .degree = 3, .integrator = "map"});
  EXPECT_EQ(fit.model.equations(6), (std::vector<std::string>{"x0' = 1 + 1 x1 - 1.4 x0^2", "x1' = 0.3 x0"}));
}

Sindy pendulum_model() {
  return fit_sindy(trajectories(kStarts, 300, kStep, runge_kutta), pendulum_system(), {.integrator = "rk4"}).model;
}

TEST(Sindy, PrintsEquationsInTheStatesNames) {
  EXPECT_EQ(pendulum_model().equations(3),
            (std::vector<std::string>{"th' = w", "w' = 9.81 sin(th) - 0.15 w + 2 torque"}));
}

TEST(Sindy, ListsTermsWithGenericNames) {
  const auto terms = pendulum_model().equation_terms();
  ASSERT_EQ(terms.size(), 2u);
  EXPECT_EQ(terms[0], (std::vector<std::pair<double, std::string>>{{1.0, "x1"}}));
  ASSERT_EQ(terms[1].size(), 3u);
  EXPECT_EQ(terms[1][0].second, "sin(x0)");
}

TEST(Sindy, LoadsWhatItSavedToTheSameBytesAndSteps) {
  Sindy model = pendulum_model();
  const auto bytes_of = [](const Sindy& m) {
    ByteWriter writer("sindy model", 1);
    m.save(writer);
    return std::move(writer).finish();
  };
  const std::vector<std::byte> bytes = bytes_of(model);
  ByteReader reader(bytes, "sindy model", 1, "test");
  Sindy loaded = Sindy::load(reader);
  reader.expect_end();
  EXPECT_EQ(bytes_of(loaded), bytes);
  const State x{0.3, -2}, u{0.4};
  State a(2), b(2);
  const View<const double, 2> xv(x.data(), 1, 2), uv(u.data(), 1, 1);
  model.step(xv, uv, View<double, 2>(a.data(), 1, 2));
  loaded.step(xv, uv, View<double, 2>(b.data(), 1, 2));
  EXPECT_EQ(a, b);
}

// 21 worlds: whole groups of lanes and a part of one.
class SindyLanes : public testing::Test {
 protected:
  static constexpr int kWorlds = 21;
  SindyLanes() : x_(2 * kWorlds), u_(kWorlds), next_(2 * kWorlds) {
    for (size_t i = 0; i < x_.size(); ++i) x_[i] = 2 * std::sin(2.3 * static_cast<double>(i));
    for (size_t i = 0; i < u_.size(); ++i) u_[i] = std::cos(static_cast<double>(i));
  }
  void step() {
    model_.step(View<const double, 2>(x_.data(), kWorlds, 2), View<const double, 2>(u_.data(), kWorlds, 1),
                View<double, 2>(next_.data(), kWorlds, 2));
  }

  Sindy model_ = pendulum_model();
  State x_, u_, next_;
};

TEST_F(SindyLanes, AWorldDoesNotDependOnItsNeighbours) {
  step();
  for (int world = 0; world < kWorlds; ++world) {
    State alone(2);
    model_.step(View<const double, 2>(x_.data() + 2 * world, 1, 2), View<const double, 2>(u_.data() + world, 1, 1),
                View<double, 2>(alone.data(), 1, 2));
    EXPECT_EQ(alone[0], next_[static_cast<size_t>(2 * world)]) << world;
    EXPECT_EQ(alone[1], next_[static_cast<size_t>(2 * world + 1)]) << world;
  }
}

TEST_F(SindyLanes, ADivergedWorldIsNotANumberInItsOwnRowOnly) {
  step();
  const State healthy = next_;
  x_[2 * 5 + 1] = 2e6;
  x_[2 * 9] = std::numeric_limits<double>::quiet_NaN();
  u_[20] = std::numeric_limits<double>::infinity();
  step();
  for (int world = 0; world < kWorlds; ++world) {
    const auto at = static_cast<size_t>(2 * world);
    const bool is_lost = world == 5 || world == 9 || world == 20;
    EXPECT_EQ(std::isnan(next_[at]), is_lost) << world;
    EXPECT_EQ(std::isnan(next_[at + 1]), is_lost) << world;
    if (!is_lost) {
      EXPECT_EQ(next_[at + 1], healthy[at + 1]) << world;
    }
  }
}

TEST_F(SindyLanes, AStepAllocatesNothing) {
  step();
  const long before = tests::allocation_count();
  step();
  EXPECT_EQ(tests::allocation_count(), before);
}

TEST_F(SindyLanes, ACloneStepsAlike) {
  step();
  const State first = next_;
  const std::unique_ptr<Dynamics> clone = model_.clone();
  clone->step(View<const double, 2>(x_.data(), kWorlds, 2), View<const double, 2>(u_.data(), kWorlds, 1),
              View<double, 2>(next_.data(), kWorlds, 2));
  EXPECT_EQ(next_, first);
}

TEST(SindyJacobian, EqualsFiniteDifferencesUnderEveryIntegrator) {
  const Sindy fitted = pendulum_model();
  const State x{0.3, -2, 1.2, 0.5, 2.9, 3}, u{0.4, -1, 0.7};
  const View<const double, 2> xv(x.data(), 3, 2), uv(u.data(), 3, 1);
  using kernels::SparseIntegrator;
  for (const auto integrator : {SparseIntegrator::kMap, SparseIntegrator::kEuler, SparseIntegrator::kSemiImplicit,
                                SparseIntegrator::kRungeKutta4}) {
    Sindy model(fitted.system(), fitted.library(), fitted.coefficients(), integrator);
    State a(12), b(6), a_differences(12), b_differences(6);
    model.jacobian(xv, uv, View<double, 3>(a.data(), 3, 2, 2), View<double, 3>(b.data(), 3, 2, 1));
    model.Dynamics::jacobian(xv, uv, View<double, 3>(a_differences.data(), 3, 2, 2),
                             View<double, 3>(b_differences.data(), 3, 2, 1));
    for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], a_differences[i], 1e-9) << integrator_name(integrator);
    for (size_t i = 0; i < b.size(); ++i) EXPECT_NEAR(b[i], b_differences[i], 1e-9) << integrator_name(integrator);
  }
}

// ---- Errors ----

void expect_error(const std::function<void()>& act, const std::string& part) {
  try {
    act();
    FAIL() << "no Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find(part), std::string::npos) << error.what();
    EXPECT_FALSE(error.fix().empty());
  }
}

TEST(SindyFit, RefusesEmptyData) {
  expect_error([] { (void)fit_sindy(TransitionData(2, 1), pendulum_system()); }, "no transitions");
}

TEST(SindyFit, RefusesDataOfOtherSizes) {
  expect_error(
      [] {
        TransitionData data(3, 1);
        const State x{1, 2, 3}, u{0};
        data.append({.x = x, .u = u, .next = x});
        (void)fit_sindy(data, pendulum_system());
      },
      "transitions of 3 states");
}

TEST(SindyFit, NamesTheRowAndStateThatIsNotFinite) {
  TransitionData data = trajectories(kStarts, 50, kStep, runge_kutta);
  const State bad{0, std::numeric_limits<double>::quiet_NaN()}, x{0, 0}, u{0};
  data.append({.x = x, .u = u, .next = bad, .trajectory = 77});
  expect_error([&] { (void)fit_sindy(data, pendulum_system()); }, "next state w of row 200");
}

TEST(SindyFit, RefusesFewerRowsThanFeaturesWithoutRidge) {
  const TransitionData data = trajectories({{3, 0}}, 12, kStep, runge_kutta);
  SindyConfig config;
  config.regression.alpha = 0;
  expect_error([&] { (void)fit_sindy(data, pendulum_system(), config); }, "features and no ridge");
}

TEST(SindyFit, RefusesATimeStepOfZero) {
  SindySystem system = pendulum_system();
  system.timestep = 0;
  expect_error([&] { (void)fit_sindy(trajectories(kStarts, 50, kStep, runge_kutta), system); }, "time step of 0");
}

TEST(SindyFit, RefusesABoxThatLeavesNothing) {
  SindySystem system = pendulum_system();
  system.low = {-0.001, -0.001};
  system.high = {0.001, 0.001};
  expect_error([&] { (void)fit_sindy(trajectories(kStarts, 50, kStep, runge_kutta), system); },
               "no transition lies inside");
}

TEST(SindyConfig, IsFilledFromSettingsAndRefusesAnUnknownIntegrator) {
  Settings settings;
  settings.set_from_argument("regression.threshold=0.01");
  settings.set_from_argument("integrator=rk4");
  EXPECT_EQ(configured<SindyConfig>(settings).regression.threshold, 0.01);
  settings.set_from_argument("integrator=rk5");
  EXPECT_THROW((void)configured<SindyConfig>(settings), Error);
}

}  // namespace
}  // namespace lockstep::models
