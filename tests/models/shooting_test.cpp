// Shooting against closed forms, the spread over draws of the noise, and the weak form that it begins from.
#include "models/shooting.h"
#include "engine/error.h"
#include "tests/models/public_systems.h"

#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::models {
namespace {

using tests::PublicSystem;

// One motion with its storage.
struct Motion {
  std::vector<double> time;
  PublicSystem::RowMajor x, smooth, u;

  [[nodiscard]] Series series() const {
    const int rows = static_cast<int>(time.size());
    return {time, View<const double, 2>(x.data(), rows, static_cast<int>(x.cols())),
            View<const double, 2>(smooth.data(), rows, static_cast<int>(x.cols())),
            View<const double, 2>(u.data(), rows, static_cast<int>(u.cols()))};
  }
};

Motion motion_of(const PublicSystem& system, double noise, unsigned seed) {
  Motion out{{}, system.motion(noise, seed), {}, system.controls()};
  out.smooth = out.x;
  for (int row = 0; row < out.x.rows(); ++row) out.time.push_back(row * system.timestep());
  for (int i = 0; i < system.nx(); ++i) {
    std::vector<double> signal(static_cast<size_t>(out.x.rows()));
    for (int row = 0; row < out.x.rows(); ++row) signal[static_cast<size_t>(row)] = out.x(row, i);
    const Smoothed found = smooth(signal, 4);
    for (int row = 0; row < out.x.rows(); ++row) out.smooth(row, i) = found.values[static_cast<size_t>(row)];
  }
  return out;
}

Sindy model_of(const PublicSystem& system, const Eigen::MatrixXd& coefficients) {
  return {{.state_size = system.nx(), .control_size = system.nu(), .timestep = system.timestep()},
          system.library(),
          coefficients,
          kernels::SparseIntegrator::kRungeKutta4};
}

// x' = c is a straight line: least squares has a closed form. Jumps of a thousandth of the noise make the windows one.
TEST(Shooting, IsTheStraightLineOfLeastSquares) {
  constexpr int kRows = 200;
  Motion line{{}, PublicSystem::RowMajor(kRows, 1), {}, PublicSystem::RowMajor(kRows, 0)};
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  for (int row = 0; row < kRows; ++row) {
    line.time.push_back(0.01 * row);
    line.x(row, 0) = 2 + 3 * line.time.back() + 0.1 * normal(random);
  }
  line.smooth = line.x;
  const FeatureLibrary library(1, 0, {{}});
  const Sindy start({.state_size = 1, .control_size = 0, .timestep = 0.01}, library,
                    Eigen::MatrixXd::Constant(1, 1, 2.5), kernels::SparseIntegrator::kRungeKutta4);
  const Series series = line.series();
  const Shooting found = refine_by_shooting(std::span(&series, 1), start, {.jump = 1e-3, .tolerance = 1e-4});
  ASSERT_TRUE(found.converged);
  EXPECT_GT(found.windows, 1);
  const double mean_time = std::accumulate(line.time.begin(), line.time.end(), 0.0) / kRows, mean = line.x.mean();
  double tt = 0, tx = 0, square = 0;
  for (int row = 0; row < kRows; ++row) {
    const double t = line.time[static_cast<size_t>(row)] - mean_time;
    tt += t * t, tx += t * (line.x(row, 0) - mean);
  }
  const double slope = tx / tt;
  for (int row = 0; row < kRows; ++row) {
    const double t = line.time[static_cast<size_t>(row)] - mean_time;
    square += std::pow(line.x(row, 0) - mean - slope * t, 2);
  }
  const double noise = std::sqrt(square / kRows), deviation = noise / std::sqrt(tt);
  EXPECT_NEAR(found.model.coefficients()(0, 0), slope, 2e-3 * deviation);
  EXPECT_NEAR(found.deviation(0, 0), deviation, 2e-3 * deviation);
  EXPECT_NEAR(found.noise[0], noise, 1e-3 * noise);
}

// Errors in units of the stated deviations have mean square 1: 12 draws of 4 and 7 coefficients. The mean of so many
// squares strays by sqrt(2 / n), n = 48 and 84, were they independent; three times that is let pass, and twice more for
// correlations.
class ShootingDeviations : public testing::TestWithParam<const char*> {};
TEST_P(ShootingDeviations, AreThoseOfTheErrors) {
  const PublicSystem system(GetParam());
  const Eigen::MatrixXd truth = system.truth(system.library());
  double square = 0, count = 0;
  for (unsigned seed = 1; seed <= 12; ++seed) {
    const Motion motion = motion_of(system, 0.02, seed);
    const Series series = motion.series();
    const Shooting found =
        refine_by_shooting(std::span(&series, 1), model_of(system, 1.02 * truth), {.significance = 0});
    ASSERT_TRUE(found.converged);
    for (Eigen::Index f = 0; f < truth.rows(); ++f) {
      for (Eigen::Index i = 0; i < truth.cols(); ++i) {
        if (truth(f, i) == 0) continue;
        square += std::pow((found.model.coefficients()(f, i) - truth(f, i)) / found.deviation(f, i), 2);
        ++count;
      }
    }
  }
  EXPECT_NEAR(square / count, 1, 3 * std::sqrt(2 * 2 / count));
}
INSTANTIATE_TEST_SUITE_P(Systems, ShootingDeviations, testing::Values("lorenz63", "van_der_pol", "rossler"));

TEST(Shooting, IsSeveralTimesCloserThanTheWeakFormItBeginsFrom) {
  const PublicSystem system("lorenz63");
  const Eigen::MatrixXd truth = system.truth(system.library());
  double weak = 0, refined = 0;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    const Motion motion = motion_of(system, 0.05, seed);
    const Series series = motion.series();
    const auto identified = [&](bool is_refined) {
      return identify(series.x, series.u, system.timestep(), system.library(), {.refine = is_refined}).coefficients;
    };
    weak += (identified(false) - truth).norm() / truth.norm() / 4;
    refined += (identified(true) - truth).norm() / truth.norm() / 4;
  }
  EXPECT_LT(refined, weak / 2);
}

TEST(Shooting, DropsATermThatIsOnlyNoiseAndSaysSo) {
  const PublicSystem system("lorenz63");
  const Eigen::MatrixXd truth = system.truth(system.library());
  Eigen::MatrixXd start = truth;
  start(0, 1) = 0.05;  // a constant in y'
  const Motion motion = motion_of(system, 0.02, 3);
  const Series series = motion.series();
  const Shooting found = refine_by_shooting(std::span(&series, 1), model_of(system, start));
  EXPECT_EQ((found.model.coefficients().array() != 0).count(), (truth.array() != 0).count());
  EXPECT_EQ(found.model.coefficients()(0, 1), 0);
  ASSERT_EQ(found.notes.size(), 1u);
  EXPECT_THAT(found.notes[0], testing::HasSubstr("x1': 1 left out"));
}

// The motion was driven by a smooth control: its mean over a step is nearer than its value at the beginning.
TEST(Shooting, TakesTheControlsThatMakeTheDataLikelier) {
  const PublicSystem system("lorenz63_controlled");
  const Eigen::MatrixXd truth = system.truth(system.library());
  const Motion motion = motion_of(system, 0.002, 3);
  const Series series = motion.series();
  const auto error = [&](const char* controls) {
    const Shooting found = refine_by_shooting(std::span(&series, 1), model_of(system, truth), {.controls = controls});
    return (found.model.coefficients() - truth).norm();
  };
  EXPECT_EQ(error("auto"), error("interpolated"));
  EXPECT_LT(error("auto"), 0.5 * error("held"));
}

TEST(Shooting, NamesTheRowOfAnUnevenStepAndRefusesBadSettings) {
  const PublicSystem system("van_der_pol");
  Motion motion = motion_of(system, 0, 1);
  const Sindy model = model_of(system, system.truth(system.library()));
  motion.time[17] += 0.002;
  const Series series = motion.series();
  try {
    (void)refine_by_shooting(std::span(&series, 1), model);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("trajectory 0, row 17"));
  }
  EXPECT_THROW((void)refine_by_shooting(std::span(&series, 1), model, {.jump = 0}), Error);
  EXPECT_THROW((void)refine_by_shooting({}, model), Error);
}

}  // namespace
}  // namespace lockstep::models
