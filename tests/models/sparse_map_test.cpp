// Sparse reward models and distilled policies: known functions are found, and pendulum dynamics as the reference has
// them.
#include "models/sparse_map.h"
#include "engine/error.h"

#include <cmath>
#include <limits>
#include <random>

#include <Eigen/Cholesky>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::models {
namespace {

using Eigen::MatrixXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

View<const double, 2> view_of(const RowMajor& m) {
  return View<const double, 2>(m.data(), static_cast<int>(m.rows()), static_cast<int>(m.cols()));
}

RowMajor normal_rows(int rows, int columns, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  RowMajor m(rows, columns);
  for (double& v : m.reshaped()) v = normal(random);
  return m;
}

int index_of(const FeatureLibrary& library, const std::string& name) {
  const auto names = library.names();
  return static_cast<int>(std::find(names.begin(), names.end(), name) - names.begin());
}

TransitionData rewarded(int rows, double noise) {
  const RowMajor x = normal_rows(rows, 2, 1), u = normal_rows(rows, 1, 2), e = normal_rows(rows, 1, 3);
  TransitionData data(2, 1);
  for (int row = 0; row < rows; ++row) {
    const std::vector<double> state{x(row, 0), x(row, 1)}, control{u(row, 0)};
    const double reward = 1 - 2 * state[0] * state[0] - 0.5 * state[1] * state[1] - 0.1 * control[0] * control[0];
    data.append({.x = state, .u = control, .next = state, .reward = reward + noise * e(row, 0)});
  }
  return data;
}

TEST(RewardModel, FindsAQuadraticReward) {
  const FeatureLibrary library(2, 1, polynomial_features({0, 1, 2}, {.degree = 2}));
  SparseMapConfig config;
  config.bootstrap.drop_features = 0;  // a member without one of the four terms bends the others
  const SparseMapFit fit = fit_reward(rewarded(2000, 0.05), library, config);
  EXPECT_EQ(fit.map.terms(), 4);
  EXPECT_NEAR(fit.map.coefficients()(index_of(library, "1"), 0), 1, 0.01);
  EXPECT_NEAR(fit.map.coefficients()(index_of(library, "x0^2"), 0), -2, 0.01);
  EXPECT_NEAR(fit.map.coefficients()(index_of(library, "x1^2"), 0), -0.5, 0.01);
  EXPECT_NEAR(fit.map.coefficients()(index_of(library, "u0^2"), 0), -0.1, 0.01);
  EXPECT_NEAR(fit.rmse[0], 0.05, 0.005);
  EXPECT_GT(fit.score[0], 0.999);
}

TEST(RewardModel, NamesTheRowWhoseRewardIsNotFinite) {
  TransitionData data = rewarded(50, 0);
  const std::vector<double> x{0, 0}, u{0};
  data.append({.x = x, .u = u, .next = x, .reward = std::numeric_limits<double>::quiet_NaN()});
  try {
    (void)fit_reward(data, FeatureLibrary(2, 1, polynomial_features({0, 1}, {})));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("the reward of row 50 is nan"));
  }
}

TEST(SparseMapEnsemble, OfOneMemberWithoutThresholdIsRidge) {
  const FeatureLibrary library(2, 0, polynomial_features({0, 1}, {.degree = 2}));
  const RowMajor x = normal_rows(200, 2, 1), y = normal_rows(200, 2, 2);
  SparseMapConfig config;
  config.regression = {.threshold = 0, .alpha = 3, .unbias = false};
  config.bootstrap = {.members = 1, .resample = "none"};
  const SparseMapFit fit = fit_map(library, view_of(x), View<const double, 2>(x.data(), 200, 0), view_of(y), config);
  RowMajor theta(200, library.size());
  library.evaluate(view_of(x), View<const double, 2>(x.data(), 200, 0),
                   View<double, 2>(theta.data(), 200, library.size()));
  MatrixXd matrix = theta.transpose() * theta;
  matrix.diagonal().array() += 3;
  const MatrixXd expected = matrix.llt().solve(MatrixXd(theta.transpose() * y));
  EXPECT_LT((fit.map.coefficients() - expected).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(SparseMapBytes, ComeBackAsTheyWere) {
  const FeatureLibrary library(2, 0, polynomial_features({0, 1}, {.degree = 2}));
  MatrixXd c = MatrixXd::Zero(library.size(), 1);
  c(3, 0) = 7;
  ByteWriter out("sparse map", 1);
  SparseMap(library, c, -1, 1).save(out);
  const auto bytes = std::move(out).finish();
  ByteReader in(bytes, "sparse map", 1, "test");
  const SparseMap loaded = SparseMap::load(in);
  const RowMajor x = normal_rows(5, 2, 1);
  RowMajor y(5, 1);
  loaded.evaluate(view_of(x), View<const double, 2>(x.data(), 5, 0), View<double, 2>(y.data(), 5, 1));
  for (int row = 0; row < 5; ++row) EXPECT_EQ(y(row, 0), std::clamp(7 * x(row, 0) * x(row, 0), -1.0, 1.0));
}

// ---- Distillation ----

// A cubic feedback law, as a network that learned it would act.
void cubic_law(View<const double, 2> x, View<double, 2> u) {
  for (int row = 0; row < x.extent(0); ++row)
    u(row, 0) = -1.5 * x(row, 0) - 0.8 * x(row, 1) + 0.4 * x(row, 0) * x(row, 0) * x(row, 0);
}

TEST(Distillation, FindsAPolynomialPolicyAndItsTerms) {
  const FeatureLibrary library(2, 0, polynomial_features({0, 1}, {.degree = 3, .constant = false}));
  const RowMajor states = 0.5 * normal_rows(1000, 2, 4);
  const Distilled policy = distill_policy(cubic_law, 1, view_of(states), library);
  EXPECT_EQ(policy.fit.map.terms(), 3);
  EXPECT_NEAR(policy.fit.map.coefficients()(index_of(library, "x0"), 0), -1.5, 1e-3);
  EXPECT_LT(policy.error, 1e-3);
  // Its actions are clipped.
  RowMajor far(1, 2), action(1, 1);
  far << 2, 5;
  policy.fit.map.evaluate(view_of(far), View<const double, 2>(far.data(), 1, 0), View<double, 2>(action.data(), 1, 1));
  EXPECT_EQ(action(0, 0), -1);
}

// A saturating policy (tanh, as networks end) is followed closely by a cubic where its states are.
TEST(Distillation, FollowsASaturatingPolicyOnItsStates) {
  const FeatureLibrary library(2, 0, polynomial_features({0, 1}, {.degree = 3, .constant = false}));
  const RowMajor states = 0.5 * normal_rows(1000, 2, 4);
  const PolicyMean law = [](View<const double, 2> x, View<double, 2> u) {
    for (int row = 0; row < x.extent(0); ++row) u(row, 0) = 2 * std::tanh(-x(row, 0) - 0.7 * x(row, 1));
  };
  const Distilled policy = distill_policy(law, 1, view_of(states), library);
  EXPECT_LT(policy.error, 0.05);
  EXPECT_LE(policy.fit.map.terms(), 6);
}

TEST(Distillation, RefusesALibraryWithControls) {
  const RowMajor states = normal_rows(10, 2, 4);
  EXPECT_THROW(
      (void)distill_policy(cubic_law, 1, view_of(states), FeatureLibrary(2, 1, polynomial_features({0, 2}, {}))),
      Error);
}

// ---- SINDy-RL's ensemble dynamics on the pendulum of the Gym (speed clipped at 8, torque at 2, 0.05 s) ----

struct Pendulum {
  double angle = 0, rate = 0;
  void step(double torque) {
    rate = std::clamp(rate + (15 * std::sin(angle) + 3 * torque) * 0.05, -8.0, 8.0);
    angle += rate * 0.05;
  }
};

// Affine in the control: phi(x), u, phi(x) u with monomials phi of degree 1 and 2.
FeatureLibrary control_affine() {
  std::vector<Feature> features = polynomial_features({0, 1, 2}, {.degree = 2, .constant = false});
  const std::vector<Feature> control{{{Factor::Kind::kPower, 3, 1}}}, products = tensor_features(features, control);
  features.insert(features.end(), control.begin(), control.end());
  features.insert(features.end(), products.begin(), products.end());
  return {3, 1, features};
}

TEST(EnsembleDynamics, OfThePendulumHaveTheReferencesErrors) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> uniform(-1, 1);
  const int rows = 4000;
  RowMajor x(rows, 3), u(rows, 1), next(rows, 3);
  Pendulum pendulum;
  for (int row = 0; row < rows; ++row) {
    if (row % 200 == 0) pendulum = {3.14159265358979 * uniform(random), uniform(random)};
    u(row, 0) = 2 * uniform(random);
    x.row(row) << std::cos(pendulum.angle), std::sin(pendulum.angle), pendulum.rate;
    pendulum.step(u(row, 0));
    next.row(row) << std::cos(pendulum.angle), std::sin(pendulum.angle), pendulum.rate;
  }
  SparseMapConfig config;
  config.regression = {.threshold = 7e-3, .alpha = 5e-5};
  const FeatureLibrary library = control_affine();
  ASSERT_EQ(library.size(), 19);
  const SparseMapFit fit = fit_map(library, view_of(x), view_of(u), view_of(next), config);
  EXPECT_NEAR(fit.rmse[0], 0.016, 0.25 * 0.016);
  EXPECT_NEAR(fit.rmse[1], 0.011, 0.25 * 0.011);
  EXPECT_NEAR(fit.rmse[2], 0.022, 0.25 * 0.022);
}

}  // namespace
}  // namespace lockstep::models
