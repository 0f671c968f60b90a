// Second derivatives by differences of Jacobians, for dynamics that have none of their own.
#include "engine/second_order.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace lockstep {
namespace {

size_t product(int a, int b, int c = 1) {
  return static_cast<size_t>(a) * static_cast<size_t>(b) * static_cast<size_t>(c);
}

// Differences of the Jacobian at one row: column j of every Hessian from a move of input j.
void difference_row(Dynamics& dynamics, const double* x, const double* u, View<double, 4> F, int row) {
  const int nx = dynamics.state_size(), nu = dynamics.control_size(), n = nx + nu, points = 2 * n;
  std::vector<double> moved_x(product(points, nx)), moved_u(product(points, nu));
  std::vector<double> A(product(points, nx, nx)), B(product(points, nx, nu)), h(static_cast<size_t>(n));
  // Jacobians may be differences themselves, good to 1e-10: a step of 1e-3 leaves 1e-7 of that and of truncation.
  for (int point = 0; point < points; ++point) {
    std::copy_n(x, nx, &moved_x[product(point, nx)]);
    std::copy_n(u, nu, &moved_u[product(point, nu)]);
    const int input = point / 2;
    double& value = input < nx ? moved_x[product(point, nx) + input] : moved_u[product(point, nu) + (input - nx)];
    h[input] = 1e-3 * std::max(1.0, std::abs(input < nx ? x[input] : u[input - nx]));
    value += point % 2 == 0 ? h[input] : -h[input];
  }
  dynamics.jacobian(View<const double, 2>(moved_x.data(), points, nx),
                    View<const double, 2>(moved_u.data(), points, nu), View<double, 3>(A.data(), points, nx, nx),
                    View<double, 3>(B.data(), points, nx, nu));
  const auto slope = [&](int point, int i, int j) {
    return j < nx ? A[product(point, nx, nx) + product(i, nx) + j]
                  : B[product(point, nx, nu) + product(i, nu) + (j - nx)];
  };
  for (int i = 0; i < nx; ++i)
    for (int j = 0; j < n; ++j)
      for (int k = 0; k <= j; ++k) {
        const double by_j = (slope(2 * j, i, k) - slope(2 * j + 1, i, k)) / (2 * h[j]);
        const double by_k = (slope(2 * k, i, j) - slope(2 * k + 1, i, j)) / (2 * h[k]);
        F(row, i, j, k) = F(row, i, k, j) = 0.5 * (by_j + by_k);
      }
}

}  // namespace

void difference_jacobians(Dynamics& dynamics, View<const double, 2> x, View<const double, 2> u, View<double, 4> F) {
  for (int row = 0; row < x.extent(0); ++row)
    difference_row(dynamics, x.data_handle() + product(row, x.extent(1)), u.data_handle() + product(row, u.extent(1)),
                   F, row);
}

void second_derivatives(Dynamics& dynamics, View<const double, 2> x, View<const double, 2> u, View<double, 4> F) {
  if (auto* exact = dynamic_cast<SecondOrder*>(&dynamics))
    exact->second(x, u, F);
  else
    difference_jacobians(dynamics, x, u, F);
}

}  // namespace lockstep
