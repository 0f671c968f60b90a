// Thresholded regressions on a GPU equal those on the CPU.
#include "engine/device_buffer.h"
#include "models/sparse_path.h"
#include "models/stlsq_cuda.h"
#include "tests/models/regression_data.h"

#include <gtest/gtest.h>

namespace lockstep::models {
namespace {

class StlsqOnGpu : public testing::TestWithParam<int> {};  // features: shared memory, and the arena

TEST_P(StlsqOnGpu, EqualsTheCpuAtEveryPointOfAPath) {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) GTEST_SKIP() << "no GPU here";
  const int p = GetParam(), n = 2;
  const tests::RandomRegression data(600, p, n, 1.0);
  const NormalEquations sums = sums_of_rows(data.rows());
  const auto points = grid(geometric_steps(0.01, 3, 20), {0, 0.1, 10});
  const auto count = static_cast<int>(points.size());
  const kernels::SumsLayout layout{p, n};
  std::vector<double> packed, threshold, alpha;
  const auto write = [&](double value) { packed.insert(packed.end(), points.size(), value); };
  for (int f = 0; f < p; ++f) {
    for (int g = f; g < p; ++g) write(sums.theta_theta(f, g));
    for (int k = 0; k < n; ++k) write(sums.theta_y(f, k));
  }
  for (int k = 0; k < n; ++k) write(sums.y_y(k, k));
  for (const PathPoint& point : points) {
    threshold.push_back(point.threshold);
    alpha.push_back(point.alpha);
  }
  std::vector<double> coefficients(static_cast<size_t>(p * n * count));
  const DeviceBuffer<double> device_sums{std::span<const double>(packed)},
      device_threshold{std::span<const double>(threshold)}, device_alpha{std::span<const double>(alpha)};
  DeviceBuffer<double> device_coefficients(coefficients.size()), pivot(points.size()),
      arena(stlsq_arena(layout, count));
  ASSERT_EQ(launch_stlsq({.layout = layout,
                          .settings = {},
                          .count = count,
                          .sums = device_sums.data(),
                          .threshold = device_threshold.data(),
                          .alpha = device_alpha.data(),
                          .coefficients = device_coefficients.data(),
                          .pivot = pivot.data(),
                          .arena = arena.data()}),
            cudaSuccess);
  device_coefficients.copy_to(coefficients);
  const SparsePath expected = stlsq_path(sums, points);
  for (int i = 0; i < count; ++i) {
    for (int entry = 0; entry < p * n; ++entry) {
      EXPECT_NEAR(coefficients[static_cast<size_t>(entry * count + i)],
                  expected.coefficients[static_cast<size_t>(i)].data()[entry], 1e-10);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Features, StlsqOnGpu, testing::Values(9, 90));

}  // namespace
}  // namespace lockstep::models
