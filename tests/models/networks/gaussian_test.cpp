// Tests of Gaussian networks and their ensembles: gradients, accuracy, calibration, doubt outside the data, exactness.
#include "engine/error.h"
#include "models/networks/gaussian_ensemble.h"
#include "tests/models/networks/central_difference.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::models::networks {
namespace {

TEST(GaussianNetwork, GradientEqualsDifferencesInsideAndNearTheBounds) {
  constexpr int kRows = 5, kInputs = 3, kOutputs = 2;
  const std::vector<int> hidden{6, 6};
  const GaussianNetwork<double> network(kInputs, perceptron(hidden, 2 * kOutputs, Activation::kSilu, 1));
  std::vector<double> parameters(static_cast<size_t>(network.num_parameters()));
  network.initialise(1, 2, parameters);
  // Bounds so near that the logarithms of variances press against both.
  for (size_t k = 1; k <= 2 * kOutputs; ++k) parameters[parameters.size() - k] = k <= kOutputs ? -0.3 : 0.2;
  std::vector<double> inputs(kRows * kInputs), targets(kRows * kOutputs);
  for (size_t k = 0; k < inputs.size(); ++k) inputs[k] = std::sin(static_cast<double>(5 * k));
  for (size_t k = 0; k < targets.size(); ++k) targets[k] = std::cos(static_cast<double>(3 * k));
  GaussianNetwork<double>::Scratch scratch;
  std::vector<double> gradient(parameters.size()), unused(parameters.size());
  const auto loss = [&](std::vector<double>& into) {
    return network.add_gradient(parameters, view(std::as_const(inputs).data(), kRows, kInputs),
                                view(std::as_const(targets).data(), kRows, kOutputs), 0.01, scratch, into);
  };
  loss(gradient);
  for (size_t k = 0; k < parameters.size(); ++k) {
    const double expected = central_difference(parameters[k], 1e-5, [&] { return loss(unused); });
    EXPECT_NEAR(gradient[k], expected, 1e-8 + 1e-6 * std::abs(expected)) << "parameter " << k;
  }
}

TEST(GaussianNetwork, RefusesAnOddNumberOfOutputs) { EXPECT_THROW(GaussianNetwork<float>(2, {{.outputs = 3}}), Error); }

// One step of Gymnasium's Pendulum-v1 from (angle, speed) under a torque: what the ensemble is to learn.
struct PendulumRows {
  std::vector<float> inputs, targets;  // [rows][4]: cos, sin, speed, torque; [rows][3]: changes of the first three
  int rows;

  PendulumRows(int count, double largest_speed, double noise, unsigned seed) : rows(count) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> unit(-1, 1);
    std::normal_distribution<double> normal;
    for (int k = 0; k < count; ++k) {
      const double angle = std::numbers::pi * unit(random), speed = largest_speed * unit(random),
                   torque = 2 * unit(random);
      const double next_speed = speed + 0.05 * (15 * std::sin(angle) + 3 * torque),
                   next_angle = angle + 0.05 * next_speed;
      for (const double x : {std::cos(angle), std::sin(angle), speed, torque}) inputs.push_back(static_cast<float>(x));
      for (const double y :
           {std::cos(next_angle) - std::cos(angle), std::sin(next_angle) - std::sin(angle), next_speed - speed})
        targets.push_back(static_cast<float>(y + noise * normal(random)));
    }
  }
  [[nodiscard]] View<const float, 2> x() const { return view(inputs.data(), rows, 4); }
  [[nodiscard]] View<const float, 2> y() const { return view(targets.data(), rows, 3); }
};

const GaussianEnsembleConfig kSmall{.members = 3, .elites = 2, .layers = 2, .width = 64, .most_epochs = 60};

TEST(GaussianEnsemble, PredictsTheNextStateOfAPendulumFromFiveThousandSteps) {
  ThreadPool pool(2);
  GaussianEnsemble ensemble(4, 3, kSmall, 1, pool);
  const PendulumRows training(5000, 8, 0, 1), test(1000, 8, 0, 2);
  const GaussianEnsembleFit fit = ensemble.fit(training.x(), training.y(), {1, 1});
  EXPECT_EQ(fit.holdout_error.size(), 3u);
  std::vector<float> means(3000), deviations(3000);
  ensemble.predict(ensemble.elites()[0], test.x(), view(means.data(), 1000, 3), view(deviations.data(), 1000, 3));
  for (size_t i = 0; i < 3; ++i) {
    double error = 0, sum = 0, square = 0;
    for (size_t k = i; k < means.size(); k += 3) {
      error += std::pow(static_cast<double>(means[k] - test.targets[k]), 2);
      sum += static_cast<double>(test.targets[k]);
      square += std::pow(static_cast<double>(test.targets[k]), 2);
    }
    EXPECT_GT(1 - error / (square - sum * sum / 1000), 0.999) << "output " << i;
  }
}

TEST(GaussianEnsemble, CoversNoisyOutcomesAsOftenAsItSays) {
  ThreadPool pool(2);
  GaussianEnsemble ensemble(4, 3, kSmall, 1, pool);
  const PendulumRows training(5000, 8, 0.05, 1), test(2000, 8, 0.05, 2);
  ensemble.fit(training.x(), training.y(), {1, 1});
  std::vector<float> means(6000), deviations(6000);
  ensemble.predict(ensemble.elites()[0], test.x(), view(means.data(), 2000, 3), view(deviations.data(), 2000, 3));
  int covered = 0;
  for (size_t k = 0; k < means.size(); ++k)
    covered += std::abs(means[k] - test.targets[k]) < 1.645f * deviations[k] ? 1 : 0;  // 90 % of a normal
  EXPECT_GT(covered / 6000.0, 0.85);
  EXPECT_LT(covered / 6000.0, 0.95);
}

// Root mean square distance between two members at states of one speed.
double disagreement(GaussianEnsemble& ensemble, float speed) {
  std::vector<float> inputs, first(600), second(600), unused(600);
  for (int k = 0; k < 200; ++k) {
    const double angle = 2 * std::numbers::pi * k / 200;
    for (const double x : {std::cos(angle), std::sin(angle)}) inputs.push_back(static_cast<float>(x));
    inputs.insert(inputs.end(), {speed, 0.5f});
  }
  const auto x = view(std::as_const(inputs).data(), 200, 4);
  ensemble.predict(0, x, view(first.data(), 200, 3), view(unused.data(), 200, 3));
  ensemble.predict(1, x, view(second.data(), 200, 3), view(unused.data(), 200, 3));
  double square = 0;
  for (size_t k = 0; k < first.size(); ++k) square += std::pow(static_cast<double>(first[k] - second[k]), 2);
  return std::sqrt(square / 600);
}

TEST(GaussianEnsemble, DisagreesWhereThereWasNoData) {
  ThreadPool pool(2);
  GaussianEnsemble ensemble(4, 3, kSmall, 1, pool);
  const PendulumRows training(5000, 8, 0, 1);
  ensemble.fit(training.x(), training.y(), {1, 1});
  EXPECT_GT(disagreement(ensemble, 16), 5 * disagreement(ensemble, 2));
}

TEST(GaussianEnsemble, DrawsFromItsElitesWithTheirMeansAndDeviations) {
  ThreadPool pool(2);
  GaussianEnsembleConfig config = kSmall;
  config.elites = 1;
  GaussianEnsemble ensemble(4, 3, config, 1, pool);
  const PendulumRows training(2000, 8, 0.1, 1);
  ensemble.fit(training.x(), training.y(), {1, 1});
  // The same state in every row: draws then scatter as the elite says.
  constexpr int kRows = 4000;
  std::vector<float> inputs, drawn(kRows * 3), means(kRows * 3), deviations(kRows * 3);
  for (int k = 0; k < kRows; ++k) inputs.insert(inputs.end(), training.inputs.begin(), training.inputs.begin() + 4);
  const auto x = view(std::as_const(inputs).data(), kRows, 4);
  ensemble.sample(x, {5, 5}, 7, view(drawn.data(), kRows, 3));
  ensemble.predict(ensemble.elites()[0], x, view(means.data(), kRows, 3), view(deviations.data(), kRows, 3));
  for (size_t i = 0; i < 3; ++i) {
    double sum = 0, square = 0;
    for (size_t k = i; k < drawn.size(); k += 3) {
      const double z = static_cast<double>((drawn[k] - means[k]) / deviations[k]);
      sum += z;
      square += z * z;
    }
    EXPECT_NEAR(sum / kRows, 0, 4 / std::sqrt(double{kRows}));
    EXPECT_NEAR(square / kRows, 1, 4 * std::sqrt(2.0 / kRows));
  }
}

TEST(GaussianEnsemble, IsTheSameBitsOnTwoThreadsAndFromSavedBytes) {
  const PendulumRows training(600, 8, 0, 1), more(800, 8, 0, 3);
  GaussianEnsembleConfig config = kSmall;
  config.most_epochs = 3;
  ThreadPool one(1), two(2);
  GaussianEnsemble straight(4, 3, config, 1, one), threaded(4, 3, config, 1, two), resumed(4, 3, config, 9, one);
  straight.fit(training.x(), training.y(), {1, 1});
  threaded.fit(training.x(), training.y(), {1, 1});
  const auto bytes_of = [](const GaussianEnsemble& ensemble) {
    ByteWriter out("ensemble", 1);
    ensemble.save(out);
    return std::move(out).finish();
  };
  const auto bytes = bytes_of(straight);
  EXPECT_EQ(bytes_of(threaded), bytes);
  ByteReader in(bytes, "ensemble", 1, "a test");
  resumed.load(in);
  straight.fit(more.x(), more.y(), {1, 1});
  resumed.fit(more.x(), more.y(), {1, 1});
  EXPECT_EQ(bytes_of(resumed), bytes_of(straight));
}

TEST(GaussianEnsemble, NamesTheNumberThatIsNotFinite) {
  ThreadPool pool(1);
  GaussianEnsemble ensemble(4, 3, kSmall, 1, pool);
  PendulumRows rows(10, 8, 0, 1);
  rows.targets[7] = std::numeric_limits<float>::quiet_NaN();
  try {
    ensemble.fit(rows.x(), rows.y(), {1, 1});
    FAIL() << "a target that is not a number was accepted";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("targets row 2, column 1 is nan"), std::string::npos) << error.problem();
  }
}

TEST(GaussianEnsemble, RefusesMoreElitesThanMembers) {
  ThreadPool pool(1);
  GaussianEnsembleConfig config = kSmall;
  config.elites = 4;
  EXPECT_THROW(GaussianEnsemble(4, 3, config, 1, pool), Error);
}

TEST(GaussianEnsemble, NamesMemberAndEpochOfALossThatIsNotFinite) {
  ThreadPool pool(1);
  GaussianEnsembleConfig config = kSmall;
  config.learning_rate = 10;
  config.layers = 14;
  config.patience = 60;
  GaussianEnsemble ensemble(4, 3, config, 1, pool);
  const PendulumRows rows(2000, 8, 0, 1);
  try {
    ensemble.fit(rows.x(), rows.y(), {1, 1});
    FAIL() << "steps of 10 went well";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("the loss of member"), std::string::npos) << error.problem();
    EXPECT_NE(error.problem().find("in epoch"), std::string::npos) << error.problem();
  }
}

}  // namespace
}  // namespace lockstep::models::networks
