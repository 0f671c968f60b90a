// Streaming normal equations: equal to the batch ones however the rows come, merged, weighted and saved.
#include "models/gram.h"
#include "engine/error.h"

#include <random>

#include <Eigen/Dense>
#include <gtest/gtest.h>

namespace lockstep::models {
namespace {

constexpr int kRows = 1000, kFeatures = 7, kTargets = 2;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

class GramOfRandomRows : public testing::Test {
 protected:
  GramOfRandomRows() : theta_(RowMajor::Random(kRows, kFeatures)), y_(RowMajor::Random(kRows, kTargets)) {}

  void add(Gram& gram, int first, int count) const {
    gram.add(View<const double, 2>(theta_.data() + first * kFeatures, count, kFeatures),
             View<const double, 2>(y_.data() + first * kTargets, count, kTargets));
  }
  [[nodiscard]] Gram whole() const {
    Gram gram(kFeatures, kTargets);
    add(gram, 0, kRows);
    return gram;
  }

  RowMajor theta_, y_;
};

TEST_F(GramOfRandomRows, EqualsTheMatrixProducts) {
  const NormalEquations sums = whole().normal_equations();
  // 1000 products of size below 1, summed with a relative error of 1e-16 each.
  EXPECT_LT((sums.theta_theta - theta_.transpose() * theta_).cwiseAbs().maxCoeff(), 1e-11);
  EXPECT_LT((sums.theta_y - theta_.transpose() * y_).cwiseAbs().maxCoeff(), 1e-11);
  EXPECT_LT((sums.y_y - y_.transpose() * y_).cwiseAbs().maxCoeff(), 1e-11);
  EXPECT_EQ(sums.weight, kRows);
}

TEST_F(GramOfRandomRows, DoesNotDependOnHowTheRowsWereCut) {
  Gram pieces(kFeatures, kTargets);
  for (int first = 0, count = 1; first < kRows; first += count, count = std::min(count * 2, kRows - first)) {
    add(pieces, first, count);
  }
  EXPECT_EQ(pieces.normal_equations().theta_theta, whole().normal_equations().theta_theta);
  EXPECT_EQ(pieces.normal_equations().theta_y, whole().normal_equations().theta_y);
}

TEST_F(GramOfRandomRows, MergedEqualsAddedUpToRounding) {
  Gram first(kFeatures, kTargets), second(kFeatures, kTargets);
  add(first, 0, 333);
  add(second, 333, kRows - 333);
  first.merge(second);
  EXPECT_EQ(first.rows(), kRows);
  EXPECT_LT((first.normal_equations().theta_theta - whole().normal_equations().theta_theta).cwiseAbs().maxCoeff(),
            1e-11);
}

TEST_F(GramOfRandomRows, ContinuesBitEquallyAfterSaveAndLoad) {
  Gram half(kFeatures, kTargets);
  add(half, 0, 500);
  ByteWriter writer("gram", 1);
  half.save(writer);
  const std::vector<std::byte> bytes = std::move(writer).finish();
  ByteReader reader(bytes, "gram", 1, "test");
  Gram loaded = Gram::load(reader);
  add(loaded, 500, kRows - 500);
  EXPECT_EQ(loaded.normal_equations().theta_theta, whole().normal_equations().theta_theta);
  EXPECT_EQ(loaded.normal_equations().weight, kRows);
}

TEST_F(GramOfRandomRows, RefusesARowThatIsNotFiniteAndNamesIt) {
  Gram gram(kFeatures, kTargets);
  theta_(17, 3) = std::numeric_limits<double>::quiet_NaN();
  try {
    add(gram, 0, kRows);
    FAIL() << "no Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("row 17, column 3"), std::string::npos) << error.problem();
  }
  EXPECT_EQ(gram.rows(), 0);
}

TEST_F(GramOfRandomRows, RefusesANegativeWeight) {
  Gram gram(kFeatures, kTargets);
  const std::vector<double> weights{1, -1};
  EXPECT_THROW(gram.add(View<const double, 2>(theta_.data(), 2, kFeatures),
                        View<const double, 2>(y_.data(), 2, kTargets), weights),
               Error);
}

}  // namespace
}  // namespace lockstep::models
