// Libraries of candidate terms: order, names, values and derivatives.
#include "models/feature_library.h"
#include "engine/error.h"
#include "kernels/feature_library.h"

#include <cmath>

#include <gtest/gtest.h>

namespace lockstep::models {
namespace {

using Kind = Factor::Kind;

TEST(FeatureLibrary, OrdersMonomialsByDegreeThenInput) {
  const FeatureLibrary library(2, 1, polynomial_features({0, 1, 2}, {.degree = 2}));
  EXPECT_EQ(library.names(),
            (std::vector<std::string>{"1", "x0", "x1", "u0", "x0^2", "x0 x1", "x0 u0", "x1^2", "x1 u0", "u0^2"}));
}

TEST(FeatureLibrary, LeavesConstantAndCrossTermsOutWhereAsked) {
  const FeatureLibrary library(2, 0,
                               polynomial_features({0, 1}, {.degree = 2, .constant = false, .cross_terms = false}));
  EXPECT_EQ(library.names(), (std::vector<std::string>{"x0", "x1", "x0^2", "x1^2"}));
}

TEST(FeatureLibrary, NamesProductsWithPowersFirst) {
  const FeatureLibrary library(2, 1,
                               {{{Kind::kSine, 0, 1}, {Kind::kPower, 1, 2}},
                                {{Kind::kCosine, 0, 3}, {Kind::kPower, 2, 1}},
                                {{Kind::kSine, 0, 1}, {Kind::kCosine, 1, 2}}});
  EXPECT_EQ(library.names(), (std::vector<std::string>{"x1^2 sin(x0)", "u0 cos(3 x0)", "sin(x0) cos(2 x1)"}));
  EXPECT_EQ(library.names({{"hinge", "hinge_vel"}, {"motor"}})[1], "motor cos(3 hinge)");
}

TEST(FeatureLibrary, MergesPowersOfOneInputAndDropsRepetitions) {
  const FeatureLibrary library(1, 0, {{{Kind::kPower, 0, 1}, {Kind::kPower, 0, 2}}, {{Kind::kPower, 0, 3}}});
  EXPECT_EQ(library.names(), std::vector<std::string>{"x0^3"});
}

TEST(FeatureLibrary, RefusesAFactorOfAnInputThatIsNotThere) {
  EXPECT_THROW(FeatureLibrary(1, 1, {{{Kind::kPower, 2, 1}}}), Error);
  EXPECT_THROW(FeatureLibrary(1, 1, {}), Error);
}

TEST(FeatureLibrary, TensorsHoldTheTermsOfACartpole) {
  const auto factors = polynomial_features({3, 4}, {.degree = 2});
  const auto products = tensor_features(factors, {{}, {{Kind::kSine, 1, 1}}, {{Kind::kCosine, 1, 1}}});
  const FeatureLibrary library(4, 1, products);
  const std::vector<std::string> names = library.names();
  for (const char* needed : {"x3^2 sin(x1)", "u0 cos(x1)", "x3", "sin(x1)"}) {
    EXPECT_EQ(std::count(names.begin(), names.end(), needed), 1) << needed;
  }
}

FeatureLibrary mixed_library() {
  std::vector<Feature> features =
      tensor_features(polynomial_features({0, 1, 2}, {.degree = 3}), harmonic_features({1, 0}, 3));
  const std::vector<Feature> plain = polynomial_features({0, 1, 2}, {.degree = 3});
  features.insert(features.end(), plain.begin(), plain.end());
  return {2, 1, features};
}

double value_of(const Feature& feature, const std::vector<double>& z) {
  double product = 1;
  for (const Factor& factor : feature) {
    const double input = z[static_cast<size_t>(factor.input)];
    if (factor.kind == Kind::kPower) product *= std::pow(input, factor.order);
    if (factor.kind == Kind::kSine) product *= std::sin(factor.order * input);
    if (factor.kind == Kind::kCosine) product *= std::cos(factor.order * input);
  }
  return product;
}

TEST(FeatureLibrary, EvaluatesTheProductsOfItsFactors) {
  const FeatureLibrary library = mixed_library();
  const int rows = 131;  // one block and a part of the next
  std::vector<double> x(rows * 2), u(rows), theta(static_cast<size_t>(rows) * static_cast<size_t>(library.size()));
  for (size_t i = 0; i < x.size(); ++i) x[i] = 3 * std::sin(1.3 * static_cast<double>(i));
  for (size_t i = 0; i < u.size(); ++i) u[i] = std::cos(0.7 * static_cast<double>(i));
  const View<double, 2> out(theta.data(), rows, library.size());
  library.evaluate(View<const double, 2>(x.data(), rows, 2), View<const double, 2>(u.data(), rows, 1), out);
  double worst = 0;
  for (int row = 0; row < rows; ++row) {
    const auto at = static_cast<size_t>(row);
    const std::vector<double> z{x[2 * at], x[2 * at + 1], u[at]};
    for (int f = 0; f < library.size(); ++f) {
      worst = std::max(worst, std::abs(out(row, f) - value_of(library.features()[static_cast<size_t>(f)], z)));
    }
  }
  EXPECT_LT(worst, 27 * 20e-16);  // values up to 3^3, some ten roundings each
}

TEST(FeatureProgram, PullsBackTheGradientOfEveryFeature) {
  const FeatureLibrary library = mixed_library();
  const kernels::FeatureProgram program = library.compiled().program();
  const std::vector<double> z{0.7, -1.1, 0.4};
  std::vector<double> atoms(static_cast<size_t>(program.num_atoms)), atom_bar(atoms.size());
  std::vector<double> values(static_cast<size_t>(program.num_nodes));
  kernels::evaluate_atoms(program, z.data(), atoms.data());
  kernels::evaluate_nodes(program, atoms.data(), values.data());
  double worst = 0;
  for (int f = 0; f < library.size(); ++f) {
    std::vector<double> seeds(values.size(), 0), gradient(3, 0);
    seeds[static_cast<size_t>(library.compiled().node_of()[static_cast<size_t>(f)])] = 1;
    kernels::pull_back(program, atoms.data(), values.data(), seeds.data(), atom_bar.data(), gradient.data());
    for (size_t input = 0; input < 3; ++input) {
      const double h = 1e-5;
      std::vector<double> plus = z, minus = z;
      plus[input] += h;
      minus[input] -= h;
      const Feature& feature = library.features()[static_cast<size_t>(f)];
      worst =
          std::max(worst, std::abs(gradient[input] - (value_of(feature, plus) - value_of(feature, minus)) / (2 * h)));
    }
  }
  EXPECT_LT(worst, 2e-9);  // third derivatives up to 60, times h^2 / 6
}

TEST(FeatureLibrary, SharesProductsBetweenFeatures) {
  const FeatureLibrary library = mixed_library();
  EXPECT_LT(library.compiled().program().num_nodes, 1.2 * library.size());
}

TEST(FeatureLibrary, LoadsWhatItSaved) {
  const FeatureLibrary library = mixed_library();
  ByteWriter writer("library", 1);
  library.save(writer);
  const std::vector<std::byte> bytes = std::move(writer).finish();
  ByteReader reader(bytes, "library", 1, "test");
  EXPECT_EQ(FeatureLibrary::load(reader).features(), library.features());
}

}  // namespace
}  // namespace lockstep::models
