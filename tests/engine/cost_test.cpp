// The default derivatives of Cost, on a cost with cross terms and known derivatives.
#include "engine/cost.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

// stage = cos(x0) + x0 x1 u + u^2, terminal = x0^2 exp(x1)
class CrossCost final : public Cost {
 public:
  int state_size() const override { return 2; }
  int control_size() const override { return 1; }
  void stage(View<const double, 2> x, View<const double, 2> u, View<double, 1> values) const override {
    for (int row = 0; row < x.extent(0); ++row)
      values(row) = std::cos(x(row, 0)) + x(row, 0) * x(row, 1) * u(row, 0) + u(row, 0) * u(row, 0);
  }
  void terminal(View<const double, 2> x, View<double, 1> values) const override {
    for (int row = 0; row < x.extent(0); ++row) values(row) = x(row, 0) * x(row, 0) * std::exp(x(row, 1));
  }
};

// Second differences with h = eps^(1/4) are good to about sqrt(eps) = 1.5e-8 relative.
constexpr double kTolerance = 2e-6;

TEST(Cost, DifferencesTheStageToSecondOrder) {
  const std::vector<double> x = {0.4, -1.5}, u = {0.7};
  std::vector<double> lx(2), lu(1), lxx(4), lux(2), luu(1);
  CrossCost().expand_stage(view(x.data(), 1, 2), view(u.data(), 1, 1),
                           {.x = view(lx.data(), 1, 2),
                            .u = view(lu.data(), 1, 1),
                            .xx = view(lxx.data(), 1, 2, 2),
                            .ux = view(lux.data(), 1, 1, 2),
                            .uu = view(luu.data(), 1, 1, 1)});
  EXPECT_NEAR(lx[0], -std::sin(0.4) - 1.5 * 0.7, kTolerance);
  EXPECT_NEAR(lx[1], 0.4 * 0.7, kTolerance);
  EXPECT_NEAR(lu[0], 0.4 * -1.5 + 2 * 0.7, kTolerance);
  EXPECT_NEAR(lxx[0], -std::cos(0.4), kTolerance);
  EXPECT_NEAR(lxx[1], 0.7, kTolerance);
  EXPECT_NEAR(lxx[3], 0, kTolerance);
  EXPECT_NEAR(lux[0], -1.5, kTolerance);
  EXPECT_NEAR(lux[1], 0.4, kTolerance);
  EXPECT_NEAR(luu[0], 2, kTolerance);
}

TEST(Cost, DifferencesTheTerminalCostToSecondOrder) {
  const std::vector<double> x = {0.4, -0.5};
  std::vector<double> gradient(2), hessian(4);
  CrossCost().expand_terminal(view(x.data(), 1, 2), view(gradient.data(), 1, 2), view(hessian.data(), 1, 2, 2));
  const double e = std::exp(-0.5);
  EXPECT_NEAR(gradient[0], 0.8 * e, kTolerance);
  EXPECT_NEAR(gradient[1], 0.16 * e, kTolerance);
  EXPECT_NEAR(hessian[0], 2 * e, kTolerance);
  EXPECT_NEAR(hessian[1], 0.8 * e, kTolerance);
  EXPECT_NEAR(hessian[2], hessian[1], 0);
  EXPECT_NEAR(hessian[3], 0.16 * e, kTolerance);
}

}  // namespace
}  // namespace lockstep
