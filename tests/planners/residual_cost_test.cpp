// Tests residual costs: norms by hand, derivatives by differences, weights and settings.
#include "planners/residual_cost.h"
#include "engine/error.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::planners::testing {
namespace {

using kernels::Norm;

TEST(ApplyNorm, HasTheValuesOfItsFormula) {
  using kernels::apply_norm;
  EXPECT_DOUBLE_EQ(apply_norm(Norm::kQuadratic, 3.0, 1), 4.5);
  EXPECT_DOUBLE_EQ(apply_norm(Norm::kAbsolute, -3.0, 1), 3);
  EXPECT_DOUBLE_EQ(apply_norm(Norm::kSmoothAbs, 4.0, 3), 2);
  EXPECT_DOUBLE_EQ(apply_norm(Norm::kHuber, 0.5, 1), 0.125);
  EXPECT_DOUBLE_EQ(apply_norm(Norm::kHuber, -3.0, 1), 2.5);
  EXPECT_NEAR(apply_norm(Norm::kCosh, 1.0, 0.5), 0.25 * (std::cosh(2.0) - 1), 1e-14);
  EXPECT_NEAR(apply_norm(Norm::kPower, -2.0, 3), 8, 1e-10);
  EXPECT_NEAR(apply_norm(Norm::kPower, 0.0, 1.5), 0, 1e-15);
}

// Residuals of two states and a control that are not linear.
struct Curved {
  static constexpr int kStates = 2, kActions = 1, kResiduals = 4;
  template <class T>
  static void residual(const T (&x)[2], const T (&u)[1], T (&r)[4]) {
    r[0] = kernels::sine(x[0]) - T(0.3);
    r[1] = x[0] * x[1];
    r[2] = x[1] + T(2) * u[0];
    r[3] = u[0];
  }
};

struct Linear {
  static constexpr int kStates = 2, kActions = 1, kResiduals = 2;
  template <class T>
  static void residual(const T (&x)[2], const T (&u)[1], T (&r)[2]) {
    r[0] = x[0] - T(2) * x[1];
    r[1] = x[1] + T(3) * u[0];
  }
};

ResidualTerms terms_with(Norm norm, double risk) {
  return ResidualTerms({{"first", {0, 2, norm, 0.7, 2.0, 1.4}},
                        {"reach", {2, 1, Norm::kQuadratic, 1.5, 0.0, 1}},
                        {"effort", {3, 1, Norm::kQuadratic, 0.1, 0, 1}}},
                       risk);
}

struct Expanded {
  double x[2], u[1], xx[4], ux[2], uu[1];
  [[nodiscard]] Cost::Expansion views() {
    return {View<double, 2>(x, 1, 2), View<double, 2>(u, 1, 1), View<double, 3>(xx, 1, 2, 2),
            View<double, 3>(ux, 1, 1, 2), View<double, 3>(uu, 1, 1, 1)};
  }
  [[nodiscard]] std::vector<double> all() const { return {x[0], x[1], u[0], xx[0], xx[1], xx[3], ux[0], ux[1], uu[0]}; }
};

struct NormAndRisk {
  Norm norm;
  double risk;
};
class ResidualCostWith : public ::testing::TestWithParam<NormAndRisk> {};

TEST_P(ResidualCostWith, HasTheDerivativesOfItsValues) {
  const ResidualCost<Curved> cost(terms_with(GetParam().norm, GetParam().risk));
  const double x[2] = {0.8, -0.6}, u[1] = {0.4};
  const View<const double, 2> xv(x, 1, 2), uv(u, 1, 1);
  Expanded exact, differences;
  cost.expand_stage(xv, uv, exact.views());
  cost.Cost::expand_stage(xv, uv, differences.views());
  for (size_t i = 0; i < exact.all().size(); ++i)
    EXPECT_NEAR(exact.all()[i], differences.all()[i], 1e-6 * (1 + std::abs(exact.all()[i]))) << i;
  double gradient[2], hessian[4], gradient_differences[2], hessian_differences[4];
  cost.expand_terminal(xv, View<double, 2>(gradient, 1, 2), View<double, 3>(hessian, 1, 2, 2));
  cost.Cost::expand_terminal(xv, View<double, 2>(gradient_differences, 1, 2),
                             View<double, 3>(hessian_differences, 1, 2, 2));
  for (int i = 0; i < 2; ++i) EXPECT_NEAR(gradient[i], gradient_differences[i], 1e-6);
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(hessian[i], hessian_differences[i], 1e-5);
}

TEST_P(ResidualCostWith, GaussNewtonHasTheExactGradient) {
  const ResidualCost<Curved> exact(terms_with(GetParam().norm, GetParam().risk));
  const ResidualCost<Curved> approximate(terms_with(GetParam().norm, GetParam().risk),
                                         ResidualCost<Curved>::Hessian::kGaussNewton);
  const double x[2] = {0.8, -0.6}, u[1] = {0.4};
  Expanded a, b;
  exact.expand_stage(View<const double, 2>(x, 1, 2), View<const double, 2>(u, 1, 1), a.views());
  approximate.expand_stage(View<const double, 2>(x, 1, 2), View<const double, 2>(u, 1, 1), b.views());
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(a.all()[i], b.all()[i], 1e-13);
}

INSTANTIATE_TEST_SUITE_P(Norms, ResidualCostWith,
                         ::testing::Values(NormAndRisk{Norm::kQuadratic, 0}, NormAndRisk{Norm::kQuadratic, 0.3},
                                           NormAndRisk{Norm::kQuadratic, -0.3}, NormAndRisk{Norm::kAbsolute, 0},
                                           NormAndRisk{Norm::kSmoothAbs, 0.2}, NormAndRisk{Norm::kHuber, 0},
                                           NormAndRisk{Norm::kCosh, 0}, NormAndRisk{Norm::kPower, 0}),
                         [](const auto& test) {
                           std::string name(norm_name(test.param.norm));
                           for (char& c : name)
                             if (c == '-') c = '_';
                           return name + (test.param.risk > 0 ? "_shunning" : test.param.risk < 0 ? "_seeking" : "");
                         });

TEST(ResidualCost, GaussNewtonIsExactForLinearResiduals) {
  const ResidualTerms terms({{"both", {0, 2, Norm::kSmoothAbs, 0.7, 0, 0.4}}});
  const ResidualCost<Linear> exact(terms), approximate(terms, ResidualCost<Linear>::Hessian::kGaussNewton);
  const double x[2] = {0.3, 0.1}, u[1] = {-0.2};
  Expanded a, b;
  exact.expand_stage(View<const double, 2>(x, 1, 2), View<const double, 2>(u, 1, 1), a.views());
  approximate.expand_stage(View<const double, 2>(x, 1, 2), View<const double, 2>(u, 1, 1), b.views());
  for (size_t i = 0; i < a.all().size(); ++i) EXPECT_NEAR(a.all()[i], b.all()[i], 1e-12);
}

TEST(ResidualCost, GivesEveryRowItsOwnCostWhateverTheOthersAre) {
  const ResidualCost<Curved> cost(terms_with(Norm::kCosh, 0.1));
  double x[14], u[7], together[7], alone = 0;
  for (int i = 0; i < 14; ++i) x[i] = 0.1 * i - 0.4;
  for (int i = 0; i < 7; ++i) u[i] = 0.2 * i;
  x[6] = std::numeric_limits<double>::quiet_NaN();
  cost.stage(View<const double, 2>(x, 7, 2), View<const double, 2>(u, 7, 1), View<double, 1>(together, 7));
  for (int row = 0; row < 7; ++row) {
    cost.stage(View<const double, 2>(x + 2 * row, 1, 2), View<const double, 2>(u + row, 1, 1),
               View<double, 1>(&alone, 1));
    if (row == 3) {
      EXPECT_TRUE(std::isnan(together[row]));
    } else {
      EXPECT_EQ(together[row], alone);
    }
  }
}

TEST(ResidualCost, TakesWeightsAndNormsWhileItLives) {
  ResidualCost<Linear> cost(
      ResidualTerms({{"lean", {0, 1, Norm::kQuadratic, 1, 0, 1}}, {"effort", {1, 1, Norm::kQuadratic, 1, 0, 1}}}));
  const double x[2] = {2, 0}, u[1] = {1};
  const auto value = [&] {
    double result = 0;
    cost.stage(View<const double, 2>(x, 1, 2), View<const double, 2>(u, 1, 1), View<double, 1>(&result, 1));
    return result;
  };
  EXPECT_DOUBLE_EQ(value(), 2 + 4.5);
  Settings settings;
  settings.set_from_argument("lean.weight=10");
  settings.set_from_argument("effort.norm=absolute");
  cost.terms().apply(settings);
  EXPECT_DOUBLE_EQ(value(), 20 + 3);
  Settings zero;
  zero.set_from_argument("lean.weight=0");
  zero.set_from_argument("effort.weight=0");
  cost.terms().apply(zero);
  EXPECT_EQ(value(), 0);
  Settings back;
  back.merge(cost.terms().values());
  EXPECT_NO_THROW(cost.terms().apply(back));
}

TEST(ResidualTerms, RefuseWhatTheyDoNotKnowAndChangeNothing) {
  ResidualTerms terms({{"lean", {0, 1, Norm::kQuadratic, 1, 0, 1}}});
  for (const char* wrong : {"lena.weight=2", "lean.weight=-1", "lean.norm=cubic", "lean.parameter=0"}) {
    Settings settings;
    settings.set_from_argument("risk=0.5");
    settings.set_from_argument(wrong);
    EXPECT_THROW(terms.apply(settings), Error) << wrong;
    EXPECT_EQ(terms.risk(), 0);
    EXPECT_EQ(terms.terms()[0].weight, 1);
  }
  EXPECT_THROW(ResidualTerms({{"a", {}}, {"a", {}}}), Error);
}

}  // namespace
}  // namespace lockstep::planners::testing
