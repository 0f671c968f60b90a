// Partial differential equations recovered from closed-form solutions in one and two dimensions; errors name the axis.
#include "models/pde_fit.h"
#include "engine/error.h"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>

namespace lockstep::models {
namespace {

std::vector<double> axis(int points, double from, double to) {
  std::vector<double> out;
  for (int k = 0; k < points; ++k) out.push_back(from + (to - from) * k / (points - 1));
  return out;
}

struct Grid {
  std::vector<double> time, x, y, values;
  [[nodiscard]] FieldGrid view() const { return {.time = time, .x = x, .y = y, .values = values}; }
};

Grid sampled(const std::vector<double>& time, const std::vector<double>& x,
             const std::function<double(double, double)>& u) {
  Grid grid{time, x, {}, {}};
  for (const double t : time) {
    for (const double at : x) grid.values.push_back(u(t, at));
  }
  return grid;
}

// Cole and Hopf: u = -2 nu phi_x / phi with phi a sum of exp(k x + nu k^2 t) solves u_t = -u u_x + nu u_xx.
double burgers(double t, double x) {
  constexpr double kNu = 0.1;
  double phi = 0, slope = 0;
  for (const auto& [a, k] : {std::pair{1.0, -4.0}, {0.7, 1.0}, {0.4, 6.0}, {1.2, -9.0}}) {
    const double e = a * std::exp(k * x + kNu * k * k * t);
    phi += e;
    slope += k * e;
  }
  return -2 * kNu * slope / phi;
}

TEST(PdeFit, FindsBurgersEquation) {
  const PdeFit fit = fit_pde(sampled(axis(101, 0, 0.5), axis(161, -1, 1), burgers).view());
  EXPECT_EQ(fit.equations(3), std::vector<std::string>{"u_t = 0.1 u_xx - 1 u u_x"});
  EXPECT_GT(fit.score[0], 0.999999);
  EXPECT_EQ(fit.inputs, (std::vector<std::string>{"u", "u_x", "u_xx"}));
}

// Two solitons of Korteweg and de Vries: u = 2 (log F)_xx solves u_t = -6 u u_x - u_xxx.
double solitons(double t, double x) {
  const double k1 = 1.0, k2 = 1.6, a = std::pow((k1 - k2) / (k1 + k2), 2);
  const double e1 = std::exp(k1 * x - k1 * k1 * k1 * t), e2 = std::exp(k2 * (x + 4) - k2 * k2 * k2 * t);
  const double k12 = k1 + k2, f = 1 + e1 + e2 + a * e1 * e2;
  const double fx = k1 * e1 + k2 * e2 + k12 * a * e1 * e2, fxx = k1 * k1 * e1 + k2 * k2 * e2 + k12 * k12 * a * e1 * e2;
  return 2 * (fxx * f - fx * fx) / (f * f);
}

TEST(PdeFit, FindsTheEquationOfKortewegAndDeVries) {
  const PdeFit fit =
      fit_pde(sampled(axis(121, 0, 3), axis(241, -12, 12), solitons).view(), {.derivatives = 3, .accuracy = 8});
  EXPECT_EQ(fit.equations(3), std::vector<std::string>{"u_t = -1 u_xxx - 6 u u_x"});
}

TEST(PdeFit, TakesUnevenAxes) {
  std::vector<double> x = axis(161, -1, 1);
  for (double& at : x) at += 0.1 * std::sin(3 * at);
  const PdeFit fit = fit_pde(sampled(axis(101, 0, 0.5), x, burgers).view());
  EXPECT_EQ(fit.equations(2), std::vector<std::string>{"u_t = 0.1 u_xx - 1 u u_x"});
}

// Sums of decaying, drifting waves solve u_t = 0.2 u_xx + 0.05 u_yy - 0.7 u_x + 0.3 u_y.
TEST(PdeFit, FindsDriftAndDiffusionInThePlane) {
  Grid grid{axis(31, 0, 0.6), axis(41, 0, 3), axis(37, 0, 2), {}};
  for (const double t : grid.time) {
    for (const double x : grid.x) {
      for (const double y : grid.y) {
        double u = 0;
        for (const auto& [k, l, a] : {std::array{1.0, 2.0, 1.0}, std::array{2.5, -1.0, 0.6}, std::array{-0.8, 3.1, 0.5},
                                      std::array{3.3, 0.7, 0.4}, std::array{1.9, -2.6, 0.7}, std::array{0.4, 1.2, 0.9},
                                      std::array{-2.2, -0.5, 0.3}}) {
          u += a * std::exp(-(0.2 * k * k + 0.05 * l * l) * t) * std::cos(k * (x - 0.7 * t) + l * (y + 0.3 * t) + a);
        }
        grid.values.push_back(u);
      }
    }
  }
  const PdeFit fit = fit_pde(grid.view(), {.degree = 1, .accuracy = 6});
  EXPECT_EQ(fit.equations(3), std::vector<std::string>{"u_t = -0.7 u_x + 0.3 u_y + 0.2 u_xx + 0.05 u_yy"});
  EXPECT_EQ(fit.inputs, (std::vector<std::string>{"u", "u_x", "u_y", "u_xx", "u_xy", "u_yy"}));
}

TEST(PdeFitErrors, NameAxisAndPoint) {
  const auto expect = [](Grid grid, const std::string& part) {
    try {
      (void)fit_pde(grid.view());
      FAIL() << "no Error";
    } catch (const Error& error) {
      EXPECT_NE(error.problem().find(part), std::string::npos) << error.what();
      EXPECT_FALSE(error.fix().empty());
    }
  };
  const Grid good = sampled(axis(20, 0, 1), axis(20, 0, 1), burgers);
  Grid bad = good;
  bad.values[3 * 20 + 7] = std::nan("");
  expect(bad, "u at time 3, x 7, y 0 is nan");
  bad = good;
  bad.x[5] = bad.x[4];
  expect(bad, "point 5 along x");
  bad = good;
  bad.values.pop_back();
  expect(bad, "399 values");
  expect(sampled(axis(4, 0, 1), axis(20, 0, 1), burgers), "4 points along t");
}

}  // namespace
}  // namespace lockstep::models
