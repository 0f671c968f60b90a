// Rational laws from series: exact recovery of kinetics, several trajectories, and the quotient as a model.
#include "models/implicit_fit.h"
#include "engine/error.h"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>

namespace lockstep::models {
namespace {

struct Motion {
  std::vector<double> time, x, u;
  [[nodiscard]] Series series() const {
    const int rows = static_cast<int>(time.size());
    const View<const double, 2> states(x.data(), rows, 1);
    return {time, states, states, View<const double, 2>(u.data(), rows, u.empty() ? 0 : 1)};
  }
};

Motion sampled(const std::function<double(double, double)>& slope, double x, int rows, double step,
               const std::function<double(double)>& control = {}) {
  Motion motion;
  for (int row = 0; row < rows; ++row) {
    const double t = row * step;
    motion.time.push_back(t);
    motion.x.push_back(x);
    if (control) motion.u.push_back(control(t));
    for (int k = 0; k < 10; ++k) {
      const double h = step / 10, s = t + k * h;
      const double k1 = slope(x, s), k2 = slope(x + h / 2 * k1, s + h / 2), k3 = slope(x + h / 2 * k2, s + h / 2);
      x += h / 6 * (k1 + 2 * k2 + 2 * k3 + slope(x + h * k3, s + h));
    }
  }
  return motion;
}

// Michaelis-Menten: x' = 0.6 - 1.5 x / (0.3 + x). PySINDy's SINDy-PI finds .599 - 2.998 x - 3.331 x x' for
// .6 - 3 x - 3.333 x x' (both sides over 0.3): an error of 7e-4.
TEST(ImplicitFit, FindsMichaelisMentenFromSeveralTrajectories) {
  const auto slope = [](double x, double) { return 0.6 - 1.5 * x / (0.3 + x); };
  std::vector<Motion> motions;
  std::vector<Series> series;
  for (const double start : {0.05, 0.6, 1.5}) motions.push_back(sampled(slope, start, 300, 0.02));
  for (const Motion& motion : motions) series.push_back(motion.series());
  ImplicitFit fit = fit_implicit(series, {.state_size = 1, .timestep = 0.02});
  EXPECT_LT(fit.error[0], 1e-6);
  // The quotient holds where it was not seen.
  for (const double x : {0.01, 0.4, 3.0}) {
    const double inputs[] = {x};
    ASSERT_EQ(fit.model.library().expressions().size(), 1u) << fit.relations[0];
    EXPECT_NEAR(fit.model.library().expressions()[0].value(inputs), slope(x, 0), 1e-4) << fit.relations[0];
  }
  EXPECT_EQ(fit.model.terms(), 1);
}

TEST(ImplicitFit, StepsAndDifferentiatesTheQuotientItFound) {
  const auto slope = [](double x, double) { return 0.6 - 1.5 * x / (0.3 + x); };
  const Motion motion = sampled(slope, 1.5, 400, 0.02);
  const Series series = motion.series();
  ImplicitFit fit = fit_implicit(std::span(&series, 1), {.state_size = 1, .timestep = 0.02});
  double next = 0, a = 0;
  fit.model.step(View<const double, 2>(&motion.x[100], 1, 1), View<const double, 2>(nullptr, 1, 0),
                 View<double, 2>(&next, 1, 1));
  EXPECT_NEAR(next, motion.x[101], 1e-7);
  fit.model.jacobian(View<const double, 2>(&motion.x[100], 1, 1), View<const double, 2>(nullptr, 1, 0),
                     View<double, 3>(&a, 1, 1, 1), View<double, 3>(nullptr, 1, 1, 0));
  const double x = motion.x[100];
  EXPECT_NEAR(a, 1 - 0.02 * 1.5 * 0.3 / ((0.3 + x) * (0.3 + x)), 1e-4);
}

TEST(ImplicitFit, WritesALawWithoutQuotientAsPlainTerms) {
  const Motion motion = sampled([](double x, double t) { return 0.5 * std::sin(t) - x + 0.2 * x * x; }, 0.3, 600, 0.02,
                                [](double t) { return 0.5 * std::sin(t); });
  const Series series = motion.series();
  const ImplicitFit fit = fit_implicit(std::span(&series, 1), {.state_size = 1, .control_size = 1, .timestep = 0.02});
  EXPECT_TRUE(fit.model.library().expressions().empty()) << fit.relations[0];
  EXPECT_EQ(fit.model.equations(3)[0], "x0' = -1 x0 + 1 u0 + 0.2 x0^2");
}

TEST(ImplicitFit, RefusesALibraryItCannotRead) {
  const Motion motion = sampled([](double x, double) { return -x; }, 1, 50, 0.1);
  const Series series = motion.series();
  EXPECT_THROW(
      (void)fit_implicit(std::span(&series, 1), {.state_size = 1, .timestep = 0.1}, {.denominator = "polynom(1)"}),
      Error);
}

}  // namespace
}  // namespace lockstep::models
