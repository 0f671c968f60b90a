// Interpolates bumps by a cubic B-spline with mirrored ends, as one matrix for each of the two directions.
#include "envs/bowl_terrain.h"
#include "kernels/philox.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numbers>
#include <vector>

namespace lockstep::envs {
namespace {

constexpr std::uint32_t kTerrainStream = 0x7e44a100;
constexpr double kSmoothness = 0.15;  // 0: bumps as high as the bowl, 1: none
constexpr double kBumpSize = 2;       // m
constexpr double kLeastRadius = 0.04;

// Coefficients of the cubic spline through `values`, mirrored at both ends.
Eigen::VectorXd spline_coefficients(const Eigen::VectorXd& values) {
  const double pole = std::sqrt(3.0) - 2;
  const Eigen::Index n = values.size();
  Eigen::VectorXd c = 6 * values;
  double first = c[0] + std::pow(pole, n - 1) * c[n - 1];
  for (Eigen::Index k = 1; k < n - 1; ++k) first += (std::pow(pole, k) + std::pow(pole, 2 * n - 2 - k)) * c[k];
  c[0] = first / (1 - std::pow(pole, 2 * n - 2));
  for (Eigen::Index k = 1; k < n; ++k) c[k] += pole * c[k - 1];
  c[n - 1] = pole / (pole * pole - 1) * (c[n - 1] + pole * c[n - 2]);
  for (Eigen::Index k = n - 2; k >= 0; --k) c[k] = pole * (c[k + 1] - c[k]);
  return c;
}

// Weights of the four coefficients around a place that is `t` in [0, 1] behind the second.
std::array<double, 4> spline_weights(double t) {
  const double rest = 1 - t;
  return {rest * rest * rest / 6, (4 + t * t * (3 * t - 6)) / 6, (4 + rest * rest * (3 * rest - 6)) / 6, t * t * t / 6};
}

// From numbers at `from` places of a line to those at `to` places of it, ends on ends.
Eigen::MatrixXd zoom(int from, int to) {
  Eigen::MatrixXd from_coefficients = Eigen::MatrixXd::Zero(to, from), coefficients(from, from);
  for (int k = 0; k < from; ++k) coefficients.col(k) = spline_coefficients(Eigen::VectorXd::Unit(from, k));
  for (int i = 0; i < to; ++i) {
    const double place = static_cast<double>(i) * (from - 1) / (to - 1);
    const int second = std::min(static_cast<int>(place), from - 2);
    const std::array<double, 4> weights = spline_weights(place - second);
    for (int k = 0; k < 4; ++k) {
      const int index = std::abs(second - 1 + k);
      const int mirrored = index < from ? index : 2 * (from - 1) - index;
      from_coefficients(i, mirrored) += weights[static_cast<std::size_t>(k)];
    }
  }
  return from_coefficients * coefficients;
}

}  // namespace

BowlTerrain::BowlTerrain(int resolution, double half_width)
    : bowl_(resolution, resolution), spread_(zoom(static_cast<int>(2 * half_width / kBumpSize), resolution)) {
  const auto along = [&](Eigen::Index i) { return -1 + 2 * static_cast<double>(i) / (resolution - 1); };
  for (Eigen::Index row = 0; row < resolution; ++row) {
    for (Eigen::Index column = 0; column < resolution; ++column) {
      const double radius = std::clamp(std::hypot(along(row), along(column)), kLeastRadius, 1.0);
      bowl_(row, column) = 0.5 - std::cos(2 * std::numbers::pi * radius) / 2;
    }
  }
}

void BowlTerrain::shape(std::span<const double> bumps, std::span<float> heights) const {
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  assert(bumps.size() == static_cast<std::size_t>(num_bumps() * num_bumps()));
  assert(heights.size() == static_cast<std::size_t>(bowl_.size()));
  const Eigen::Map<const RowMajor> drawn(bumps.data(), num_bumps(), num_bumps());
  Eigen::Map<Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> result(heights.data(), resolution(),
                                                                                           resolution());
  result = bowl_.cwiseProduct(spread_ * drawn * spread_.transpose()).cast<float>();
}

void BowlTerrain::draw(std::uint64_t seed, std::uint32_t world, std::uint32_t episode, std::span<float> heights) const {
  const kernels::RandomStream stream{.seed = seed, .stream = kTerrainStream};
  std::vector<double> bumps(static_cast<std::size_t>(num_bumps() * num_bumps()));
  for (std::size_t i = 0; i < bumps.size(); ++i) {
    const auto words = kernels::philox(stream, world, episode, static_cast<std::uint32_t>(i / 2));
    const std::size_t pair = 2 * (i % 2);
    bumps[i] =
        kSmoothness + (1 - kSmoothness) * kernels::uniform_from_words<double>(words.word[pair], words.word[pair + 1]);
  }
  shape(bumps, heights);
}

}  // namespace lockstep::envs
