// Defaults of Constraints: Jacobians by centred finite differences.
#include "planners/constraints.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace lockstep::planners {
namespace {

// jacobian(i, j) = d values[i] / d point[j] at `point` [n]; evaluate(point, values [count]).
template <class Evaluate, class Put>
void differentiate(std::vector<double> point, int count, const Evaluate& evaluate, const Put& put) {
  std::vector<double> up(static_cast<size_t>(count)), down(up);
  for (size_t j = 0; j < point.size(); ++j) {
    const double value = point[j];
    const double h = std::cbrt(std::numeric_limits<double>::epsilon()) * std::max(1.0, std::abs(value));
    point[j] = value + h;
    evaluate(point.data(), up.data());
    point[j] = value - h;
    evaluate(point.data(), down.data());
    point[j] = value;
    for (int i = 0; i < count; ++i) put(i, static_cast<int>(j), (up[i] - down[i]) / (2 * h));
  }
}

}  // namespace

void Constraints::stage_jacobian(View<const double, 2> x, View<const double, 2> u, View<double, 3> c_x,
                                 View<double, 3> c_u) const {
  const int nx = x.extent(1), nu = u.extent(1), count = stage_count();
  std::vector<double> point(static_cast<size_t>(nx + nu));
  for (int row = 0; row < x.extent(0); ++row) {
    for (int i = 0; i < nx + nu; ++i) point[i] = i < nx ? x(row, i) : u(row, i - nx);
    differentiate(
        point, count,
        [&](const double* p, double* values) {
          stage(View<const double, 2>(p, 1, nx), View<const double, 2>(p + nx, 1, nu),
                View<double, 2>(values, 1, count));
        },
        [&](int i, int j, double slope) { (j < nx ? c_x(row, i, j) : c_u(row, i, j - nx)) = slope; });
  }
}

void Constraints::terminal_jacobian(View<const double, 2> x, View<double, 3> c_x) const {
  const int nx = x.extent(1), count = terminal_count();
  std::vector<double> point(static_cast<size_t>(nx));
  for (int row = 0; row < x.extent(0); ++row) {
    for (int i = 0; i < nx; ++i) point[i] = x(row, i);
    differentiate(
        point, count,
        [&](const double* p, double* values) {
          terminal(View<const double, 2>(p, 1, nx), View<double, 2>(values, 1, count));
        },
        [&](int i, int j, double slope) { c_x(row, i, j) = slope; });
  }
}

}  // namespace lockstep::planners
