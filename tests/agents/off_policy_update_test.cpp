// Tests of what SAC and TD3 step along: densities of squashed actions, gradients against differences, targets against
// their formulas, no allocations, no dependence on threads.
#include "agents/sac_update.h"
#include "agents/squashed_gaussian.h"
#include "agents/td3_update.h"
#include "engine/error.h"
#include "tests/models/allocation_count.h"
#include "tests/models/networks/central_difference.h"

#include <cmath>
#include <vector>

#include <Eigen/SVD>
#include <gtest/gtest.h>

namespace lockstep::agents {
namespace {

constexpr int kRows = 7, kObservations = 3, kActions = 2;

// Smooth units, so that differences exist everywhere but where the two critics cross.
const OffPolicyNetworkConfig kNetwork{.layers = 2, .width = 6, .activation = "tanh"};

template <class R>
Minibatch<R> example_rows() {
  Minibatch<R> rows(kRows, kObservations, kActions);
  for (int k = 0; k < kRows; ++k) {
    const auto wave = [&](int i) { return std::sin(static_cast<float>(13 * k + 5 * i)); };
    const std::vector<float> now{wave(0), wave(1), wave(2)}, next{wave(3), wave(4), wave(5)}, action{wave(6), wave(7)};
    rows.set(k, {now, action, next, wave(8), k % 3 == 0 ? 0.0f : 0.9f});
  }
  return rows;
}

std::vector<double> example_noise() {
  std::vector<double> noise(kRows * kActions);
  for (size_t k = 0; k < noise.size(); ++k) noise[k] = 1.5 * std::cos(static_cast<double>(3 * k + 1));
  return noise;
}

// Moves parameters away from the small ones that a policy begins with.
void stir(std::span<double> parameters, double size) {
  for (size_t k = 0; k < parameters.size(); ++k) parameters[k] += size * std::sin(static_cast<double>(7 * k + 3));
}

struct Sac {
  ThreadPool pool{1};
  SacUpdate<double> update{{kObservations, kActions}, {.initial_temperature = 0.3}, kNetwork, {}, 5, pool};
  Sac() {
    stir(update.actor_parameters(), 0.4);
    stir(update.critics().parameters(), 0.4);
  }
};

struct Td3 {
  ThreadPool pool{1};
  Td3Update<double> update{{kObservations, kActions}, {}, kNetwork, {}, 5, pool};
  Td3() {
    stir(update.actor_parameters(), 0.4);
    stir(update.critics().parameters(), 0.4);
  }
};

// The values of a critic at a row, by a network of its own.
double value_of(Critics<double>& critics, std::span<const double> parameters, int critic,
                const std::vector<double>& joint) {
  const models::networks::Network<double> network(kObservations + kActions, kNetwork.layers_to(1, 1, false));
  models::networks::Tape<double> tape;
  const auto size = static_cast<size_t>(network.num_parameters());
  EXPECT_EQ(parameters.size(), size * static_cast<size_t>(critics.count()));
  return network.forward(parameters.subspan(static_cast<size_t>(critic) * size, size),
                         view(joint.data(), 1, kObservations + kActions), tape)(0, 0);
}

TEST(SquashedGaussian, HasTheDensityThatItsDrawsSayAcrossTheWholeRange) {
  // The density of a = tanh(u) over (-1, 1), summed by midpoints of u, is 1, whatever mean and deviation.
  for (const double mean : {-3.0, 0.0, 1.0, 8.0}) {
    for (const double log_deviation : {-2.0, 0.0, 1.0}) {
      constexpr int kPoints = 4000;
      std::vector<double> outputs, noise, actions(kPoints), log_probs(kPoints);
      for (int k = 0; k < kPoints; ++k) {
        outputs.insert(outputs.end(), {mean, log_deviation});
        noise.push_back(-9 + 18 * (k + 0.5) / kPoints);
      }
      squashed_gaussian<double>().draw({kPoints, 1, outputs.data(), noise.data(), actions.data(), 1, log_probs.data()});
      double sum = 0;
      for (size_t k = 0; k < kPoints; ++k) {
        const double u = mean + std::exp(log_deviation) * noise[k];
        EXPECT_NEAR(actions[k], std::tanh(u), 1e-12);
        // da = du / cosh^2 u, by logarithms: far out cosh overflows no double here
        sum += std::exp(log_probs[k] - 2 * std::log(std::cosh(u))) * std::exp(log_deviation) * 18 / kPoints;
      }
      EXPECT_NEAR(sum, 1, 1e-9) << "mean " << mean << ", log deviation " << log_deviation;
    }
  }
}

TEST(SquashedGaussian, StaysFiniteInFloatWhereTanhIsOne) {
  const std::vector<float> outputs{200, 2, -200, 2}, noise{3, -3};
  std::vector<float> actions(2), log_probs(2);
  squashed_gaussian<float>().draw({2, 1, outputs.data(), noise.data(), actions.data(), 1, log_probs.data()});
  EXPECT_EQ(actions, (std::vector<float>{1, -1}));
  // 2 |u| - 2 log 2 minus what the Gaussian takes
  const float u = 200 + 3 * std::exp(2.0f);
  EXPECT_NEAR(log_probs[0], 2 * u - 2 * std::log(2.0f) - 4.5f - 2 - 0.918939f, 1e-3f);
  EXPECT_EQ(log_probs[0], log_probs[1]);
}

TEST(SquashedGaussian, DrawsNormalNumbersThatDoNotDependOnHowManyAreAsked) {
  std::vector<double> many(20001), few(7);
  squashed_gaussian<double>().fill_normal({3, 4}, 5, static_cast<long>(many.size()), many.data());
  squashed_gaussian<double>().fill_normal({3, 4}, 5, static_cast<long>(few.size()), few.data());
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
  double sum = 0, square = 0, fourth = 0;
  for (const double x : many) {
    sum += x;
    square += x * x;
    fourth += x * x * x * x;
  }
  const auto count = static_cast<double>(many.size());
  EXPECT_NEAR(sum / count, 0, 4 / std::sqrt(count));
  EXPECT_NEAR(square / count, 1, 4 * std::sqrt(2 / count));
  EXPECT_NEAR(fourth / count, 3, 4 * std::sqrt(96 / count));
}

TEST(SacUpdate, ActorGradientEqualsDifferences) {
  Sac sac;
  const Minibatch<double> rows = example_rows<double>();
  const std::vector<double> noise = example_noise();
  std::vector<double> gradient(sac.update.actor_parameters().size()), unused(gradient.size());
  const auto loss = [&] { return sac.update.actor_gradient(rows.transitions().observations, noise, unused); };
  sac.update.actor_gradient(rows.transitions().observations, noise, gradient);
  double largest = 0;
  for (size_t k = 0; k < gradient.size(); ++k) {
    const double expected = central_difference(sac.update.actor_parameters()[k], 1e-5, loss);
    EXPECT_NEAR(gradient[k], expected, 1e-8 + 1e-6 * std::abs(expected)) << "parameter " << k;
    largest = std::max(largest, std::abs(expected));
  }
  EXPECT_GT(largest, 1e-3);
}

TEST(SacUpdate, TakesNoGradientThroughADeviationAtItsBound) {
  Sac sac;
  // The head's biases of the deviations, beyond the largest logarithm.
  const auto parameters = sac.update.actor_parameters();
  for (size_t k = 1; k <= kActions; ++k) parameters[parameters.size() - k] = 50;
  const std::vector<double> noise = example_noise();
  std::vector<double> gradient(parameters.size());
  sac.update.actor_gradient(example_rows<double>().transitions().observations, noise, gradient);
  for (size_t k = 1; k <= kActions; ++k) EXPECT_EQ(gradient[gradient.size() - k], 0);
  EXPECT_NE(gradient[gradient.size() - kActions - 1], 0);
}

TEST(SacUpdate, TargetsAreTheFormulaOfEachRow) {
  Sac sac;
  const Minibatch<double> rows = example_rows<double>();
  const Transitions<double> batch = rows.transitions();
  const std::vector<double> noise = example_noise();
  std::vector<double> targets(kRows);
  sac.update.bootstrap(batch, noise, targets);
  models::networks::Tape<double> tape;
  const auto outputs = sac.update.actor().forward(sac.update.actor_parameters(), batch.next_observations, tape);
  std::vector<int> least(2);
  for (int row = 0; row < kRows; ++row) {
    std::vector<double> joint;
    for (int i = 0; i < kObservations; ++i) joint.push_back(batch.next_observations(row, i));
    double log_prob = 0;
    for (int i = 0; i < kActions; ++i) {
      const double deviation = std::exp(outputs(row, kActions + i)),
                   draw = noise[static_cast<size_t>(row * kActions + i)];
      const double action = std::tanh(outputs(row, i) + deviation * draw);
      joint.push_back(action);
      log_prob -= draw * draw / 2 + std::log(deviation) + std::log(2 * M_PI) / 2 + std::log(1 - action * action);
    }
    const double q0 = value_of(sac.update.critics(), sac.update.critics().target_parameters(), 0, joint);
    const double q1 = value_of(sac.update.critics(), sac.update.critics().target_parameters(), 1, joint);
    ++least[q0 < q1 ? 0 : 1];
    const auto k = static_cast<size_t>(row);
    EXPECT_NEAR(targets[k], batch.rewards[k] + batch.discounts[k] * (std::min(q0, q1) - 0.3 * log_prob), 1e-10);
  }
  EXPECT_GT(std::min(least[0], least[1]), 0) << "every row chose the same critic: the minimum was not exercised";
}

TEST(Critics, RegressionGradientEqualsDifferencesWithLayerNorms) {
  ThreadPool pool(1);
  OffPolicyNetworkConfig config = kNetwork;
  config.normalise_critics = true;
  Critics<double> critics({kObservations, kActions}, 2, config, 1, 2, pool);
  const Minibatch<double> rows = example_rows<double>();
  std::vector<double> joint(kRows * (kObservations + kActions)), targets(kRows);
  join_rows(rows.transitions().observations, rows.transitions().actions, std::span(joint));
  for (size_t k = 0; k < kRows; ++k) targets[k] = std::cos(static_cast<double>(k));
  const auto inputs = rows_of(joint, kRows, kObservations + kActions);
  std::vector<double> gradient(critics.parameters().size()), unused(gradient.size());
  const auto loss = [&] { return critics.regression_gradient(inputs, targets, unused); };
  critics.regression_gradient(inputs, targets, gradient);
  for (size_t k = 0; k < gradient.size(); ++k) {
    const double expected = central_difference(critics.parameters()[k], 1e-5, loss);
    EXPECT_NEAR(gradient[k], expected, 1e-8 + 1e-6 * std::abs(expected)) << "parameter " << k;
  }
}

TEST(Critics, WeighEveryRowOfTheRegressionAndTellItsError) {
  ThreadPool pool(1);
  Critics<double> critics({kObservations, kActions}, 2, kNetwork, 1, 2, pool);
  const Minibatch<double> rows = example_rows<double>();
  std::vector<double> joint(kRows * (kObservations + kActions)), targets(kRows), weights(kRows);
  join_rows(rows.transitions().observations, rows.transitions().actions, std::span(joint));
  const size_t width = joint.size() / kRows;
  double expected_loss = 0;
  std::vector<double> expected_errors(kRows);
  for (size_t k = 0; k < kRows; ++k) {
    targets[k] = std::cos(static_cast<double>(k));
    weights[k] = 1.0 / (1.0 + static_cast<double>(k));
    const std::vector<double> row(&joint[k * width], &joint[k * width] + width);
    for (int critic = 0; critic < 2; ++critic) {
      const double error = value_of(critics, critics.parameters(), critic, row) - targets[k];
      expected_loss += weights[k] * error * error / 2 / kRows;
      expected_errors[k] += std::abs(error) / 2;
    }
  }
  const auto inputs = rows_of(joint, kRows, kObservations + kActions);
  std::vector<double> gradient(critics.parameters().size()), unused(gradient.size());
  const auto loss = [&] { return critics.regression_gradient(inputs, targets, unused, weights); };
  EXPECT_NEAR(critics.regression_gradient(inputs, targets, gradient, weights), expected_loss, 1e-12);
  std::vector<float> errors(kRows);
  critics.mean_errors(targets, errors);
  for (size_t k = 0; k < kRows; ++k) EXPECT_FLOAT_EQ(errors[k], static_cast<float>(expected_errors[k]));
  for (size_t k = 0; k < gradient.size(); ++k) {
    const double expected = central_difference(critics.parameters()[k], 1e-5, loss);
    EXPECT_NEAR(gradient[k], expected, 1e-8 + 1e-6 * std::abs(expected)) << "parameter " << k;
  }
}

TEST(Critics, SlowCopiesMoveTheirShareOfTheWay) {
  ThreadPool pool(1);
  Critics<double> critics({kObservations, kActions}, 2, kNetwork, 1, 2, pool);
  const std::vector<double> before(critics.target_parameters().begin(), critics.target_parameters().end());
  models::networks::Adam<double> adam(static_cast<long>(before.size()), {});
  std::vector<double> gradient(before.size());
  stir(std::span(gradient), 1);
  critics.step(adam, gradient, 0.1, 0.25);
  for (size_t k = 0; k < before.size(); ++k)
    EXPECT_NEAR(critics.target_parameters()[k], before[k] + 0.25 * (critics.parameters()[k] - before[k]), 1e-12);
}

OffPolicyNetworkConfig limited_network() {
  OffPolicyNetworkConfig config = kNetwork;
  config.spectral_limit = 0.7;
  return config;
}

// Kernels begin with norms of root 2. One iteration a step follows a kernel that moves by the learning rate.
TEST(Critics, KernelsOfLearnedAndSlowCopiesStayBelowTheirSpectralLimit) {
  ThreadPool pool(1);
  Critics<double> critics({kObservations, kActions}, 2, limited_network(), 1, 2, pool);
  models::networks::Adam<double> adam(static_cast<long>(critics.parameters().size()), {});
  std::vector<double> gradient(critics.parameters().size());
  for (int step = 0; step < 200; ++step) {
    stir(std::span(gradient), 1);
    critics.step(adam, gradient, 1e-3, 0.1);
  }
  const models::networks::Network<double> network(critics.inputs(), kNetwork.layers_to(1, 1, false));
  for (const std::span<const double> copy :
       {std::span<const double>(critics.parameters()), critics.target_parameters()}) {
    for (const models::networks::ParameterBlock& block : network.parameter_blocks()) {
      if (block.shape.size() < 2) continue;
      const Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> kernel(
          copy.data() + block.offset, block.shape[0], block.shape[1]);
      EXPECT_LE(kernel.jacobiSvd().singularValues()(0), 0.7 * 1.02) << block.name;
    }
  }
}

TEST(Critics, RefuseASpectralLimitBesideLayerNormsAndSayHowToMendIt) {
  ThreadPool pool(1);
  OffPolicyNetworkConfig config = limited_network();
  config.normalise_critics = true;
  try {
    const Critics<double> critics({kObservations, kActions}, 2, config, 1, 2, pool);
    FAIL() << "both were accepted";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("spectral"), std::string::npos);
    EXPECT_NE(error.fix().find("normalise_critics"), std::string::npos);
  }
}

TEST(SacUpdate, GoesOnFromSavedBytesToTheSameBitsWhereNormsAreLimited) {
  ThreadPool pool(1);
  const Minibatch<double> rows = example_rows<double>();
  const auto fresh = [&] { return SacUpdate<double>({kObservations, kActions}, {}, limited_network(), {}, 5, pool); };
  SacUpdate<double> straight = fresh(), resumed = fresh();
  for (int k = 0; k < 3; ++k) straight.update(rows.transitions(), {1, 1});
  ByteWriter out("sac", 1);
  straight.save(out);
  const auto bytes = std::move(out).finish();
  ByteReader in(bytes, "sac", 1, "test");
  resumed.load(in, "test");
  for (int k = 0; k < 3; ++k) {
    straight.update(rows.transitions(), {1, 1});
    resumed.update(rows.transitions(), {1, 1});
  }
  const auto a = straight.critics().parameters(), b = resumed.critics().parameters();
  EXPECT_TRUE(std::ranges::equal(a, b));
}

// Where the entropy is above its target the temperature falls, below it rises.
TEST(SacUpdate, TemperatureMovesTowardsTheEntropyTarget) {
  const Minibatch<double> rows = example_rows<double>();
  for (const double target : {-50.0, 50.0}) {
    ThreadPool pool(1);
    SacUpdate<double> update({kObservations, kActions},
                             {.temperature_rate = 1e-2, .initial_temperature = 0.3, .entropy_per_action = target},
                             kNetwork, {}, 5, pool);
    update.update(rows.transitions(), {1, 1});
    EXPECT_NEAR(std::log(update.temperature() / 0.3), target < 0 ? -1e-2 : 1e-2,
                1e-6);  // Adam's first step is its rate
  }
}

TEST(SacUpdate, KeepsATemperatureThatIsGiven) {
  ThreadPool pool(1);
  SacUpdate<double> update({kObservations, kActions}, {.temperature = 0.2}, kNetwork, {}, 5, pool);
  update.update(example_rows<double>().transitions(), {1, 1});
  EXPECT_NEAR(update.temperature(), 0.2, 1e-15);
}

TEST(Td3Update, ActorGradientEqualsDifferences) {
  Td3 td3;
  const Minibatch<double> rows = example_rows<double>();
  std::vector<double> gradient(td3.update.actor_parameters().size()), unused(gradient.size());
  const auto loss = [&] { return td3.update.actor_gradient(rows.transitions().observations, unused); };
  td3.update.actor_gradient(rows.transitions().observations, gradient);
  double largest = 0;
  for (size_t k = 0; k < gradient.size(); ++k) {
    const double expected = central_difference(td3.update.actor_parameters()[k], 1e-5, loss);
    EXPECT_NEAR(gradient[k], expected, 1e-8 + 1e-6 * std::abs(expected)) << "parameter " << k;
    largest = std::max(largest, std::abs(expected));
  }
  EXPECT_GT(largest, 1e-3);
}

TEST(Td3Update, TargetsCutTheNoiseAndTheAction) {
  Td3 td3;
  const Minibatch<double> rows = example_rows<double>();
  const Transitions<double> batch = rows.transitions();
  // Noise far beyond the limit counts as at the limit, 0.5: deviation 0.2 times 2.5.
  const std::vector<double> far(kRows * kActions, 1e3), at_limit(kRows * kActions, 2.5), inside(kRows * kActions, 1.0);
  std::vector<double> of_far(kRows), of_limit(kRows), of_inside(kRows);
  td3.update.bootstrap(batch, far, of_far);
  td3.update.bootstrap(batch, at_limit, of_limit);
  td3.update.bootstrap(batch, inside, of_inside);
  for (size_t row = 0; row < kRows; ++row) EXPECT_NEAR(of_far[row], of_limit[row], 1e-14);
  EXPECT_NE(of_far[1], of_inside[1]);
  EXPECT_EQ(of_far[0], batch.rewards[0]);  // terminated: nothing follows
}

TEST(Td3Update, StepsThePolicyEveryOtherUpdateAlone) {
  Td3 td3;
  const Minibatch<double> rows = example_rows<double>();
  const auto policy = [&] {
    return std::vector<double>(td3.update.actor_parameters().begin(), td3.update.actor_parameters().end());
  };
  const std::vector<double> before = policy();
  td3.update.update(rows.transitions(), {1, 1});
  EXPECT_EQ(policy(), before);
  td3.update.update(rows.transitions(), {1, 1});
  EXPECT_NE(policy(), before);
}

template <class Update>
class OffPolicyUpdates : public testing::Test {};
using Updates = testing::Types<SacUpdate<float>, Td3Update<float>>;
TYPED_TEST_SUITE(OffPolicyUpdates, Updates, );

TYPED_TEST(OffPolicyUpdates, AllocateNothingAfterTheFirstOfOneSize) {
  ThreadPool pool(2);
  TypeParam update({kObservations, kActions}, {}, kNetwork, {}, 5, pool);
  const Minibatch<float> rows = example_rows<float>();
  for (int k = 0; k < 2; ++k) update.update(rows.transitions(), {1, 1});
  const long before = tests::allocation_count();
  for (int k = 0; k < 4; ++k) update.update(rows.transitions(), {1, 1});
  EXPECT_EQ(tests::allocation_count(), before);
}

TYPED_TEST(OffPolicyUpdates, AreTheSameBitsOnTwoThreads) {
  std::vector<std::vector<float>> found;
  for (const int threads : {1, 2}) {
    ThreadPool pool(threads);
    TypeParam update({kObservations, kActions}, {}, kNetwork, {}, 5, pool);
    const Minibatch<float> rows = example_rows<float>();
    for (int k = 0; k < 20; ++k) update.update(rows.transitions(), {1, 1});
    found.emplace_back(update.actor_parameters().begin(), update.actor_parameters().end());
  }
  EXPECT_EQ(found[0], found[1]);
}

}  // namespace
}  // namespace lockstep::agents
