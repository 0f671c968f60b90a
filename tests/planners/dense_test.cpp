// Tests the dense products of every instruction set that this machine has against Eigen.
#include "engine/isa.h"
#include "kernels/dense.h"

#include <string>
#include <vector>

#include <Eigen/Dense>
#include <gtest/gtest.h>

namespace lockstep::planners::testing {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

std::vector<kernels::DenseKernels> all_kernels() {
  std::vector<kernels::DenseKernels> list = {kernels::dense_kernels<kernels::isa::Baseline>()};
#if defined(__x86_64__)
  if (best_isa() >= Isa::kV3) list.push_back(kernels::dense_kernels<kernels::isa::V3>());
  if (best_isa() >= Isa::kV4) list.push_back(kernels::dense_kernels<kernels::isa::V4>());
#endif
  return list;
}

struct Sizes {
  int m, n, k;
};
class DenseOf : public ::testing::TestWithParam<Sizes> {};

TEST_P(DenseOf, MultipliesAndAdds) {
  const auto [m, n, k] = GetParam();
  const RowMajor A = RowMajor::Random(k, m), B = RowMajor::Random(k, n), C = RowMajor::Random(m, n);
  for (const kernels::DenseKernels& dense : all_kernels()) {
    RowMajor product = C, sum = C;
    dense.transposed_product(m, n, k, A.data(), B.data(), product.data(), false);
    dense.transposed_product(m, n, k, A.data(), B.data(), sum.data(), true);
    const double rounding = 4e-16 * (k + 1);
    EXPECT_LT((product - A.transpose() * B).cwiseAbs().maxCoeff(), rounding);
    EXPECT_LT((sum - C - A.transpose() * B).cwiseAbs().maxCoeff(), rounding);
  }
}

TEST_P(DenseOf, SolvesByCholesky) {
  const auto [m, n, k] = GetParam();
  const RowMajor half = RowMajor::Random(m, m);
  const Eigen::MatrixXd H = half * half.transpose() + Eigen::MatrixXd::Identity(m, m);
  const RowMajor L = Eigen::LLT<Eigen::MatrixXd>(H).matrixL(), B = RowMajor::Random(m, n);
  for (const kernels::DenseKernels& dense : all_kernels()) {
    RowMajor X = B;
    dense.solve_cholesky(m, n, L.data(), X.data());
    EXPECT_LT((H * X - B).cwiseAbs().maxCoeff(), 1e-11);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, DenseOf,
                         ::testing::Values(Sizes{36, 36, 36}, Sizes{12, 36, 36}, Sizes{12, 12, 36}, Sizes{14, 14, 14},
                                           Sizes{7, 14, 14}, Sizes{1, 1, 1}, Sizes{5, 3, 2}, Sizes{13, 27, 4},
                                           Sizes{6, 24, 9}),
                         [](const auto& test) {
                           return std::to_string(test.param.m) + "x" + std::to_string(test.param.n) + "x" +
                                  std::to_string(test.param.k);
                         });

}  // namespace
}  // namespace lockstep::planners::testing
