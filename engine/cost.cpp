// Defaults of Cost: derivatives by centred finite differences.
#include "engine/cost.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace lockstep {
namespace {

// Fourth root of epsilon: balances rounding against truncation in second differences.
double difference_step(double value) {
  return std::pow(std::numeric_limits<double>::epsilon(), 0.25) * std::max(1.0, std::abs(value));
}

// Gradient [n] and Hessian [n][n] of `f` at `z` by centred differences.
template <class Function>
void differentiate(const Function& f, std::vector<double> z, std::vector<double>& gradient,
                   std::vector<double>& hessian) {
  const size_t n = z.size();
  const std::vector<double> z0 = z;
  const auto shifted = [&](size_t i, double hi, size_t j, double hj) {
    z = z0;
    z[i] += hi;
    z[j] += hj;
    return f(z);
  };
  const double f0 = f(z0);
  for (size_t i = 0; i < n; ++i) {
    const double hi = difference_step(z0[i]);
    const double plus = shifted(i, hi, i, 0), minus = shifted(i, -hi, i, 0);
    gradient[i] = (plus - minus) / (2 * hi);
    hessian[i * n + i] = (plus - 2 * f0 + minus) / (hi * hi);
    for (size_t j = 0; j < i; ++j) {
      const double hj = difference_step(z0[j]);
      const double mixed =
          (shifted(i, hi, j, hj) - shifted(i, hi, j, -hj) - shifted(i, -hi, j, hj) + shifted(i, -hi, j, -hj)) /
          (4 * hi * hj);
      hessian[i * n + j] = hessian[j * n + i] = mixed;
    }
  }
}

}  // namespace

void Cost::expand_stage(View<const double, 2> x, View<const double, 2> u, const Expansion& out) const {
  const int rows = x.extent(0), nx = x.extent(1), nu = u.extent(1), n = nx + nu;
  std::vector<double> z(n), gradient(n), hessian(static_cast<size_t>(n) * n);
  for (int row = 0; row < rows; ++row) {
    for (int i = 0; i < n; ++i) z[i] = i < nx ? x(row, i) : u(row, i - nx);
    const auto value = [&](const std::vector<double>& p) {
      double result = 0;
      stage(View<const double, 2>(p.data(), 1, nx), View<const double, 2>(p.data() + nx, 1, nu),
            View<double, 1>(&result, 1));
      return result;
    };
    differentiate(value, z, gradient, hessian);
    for (int i = 0; i < nx; ++i) {
      out.x(row, i) = gradient[i];
      for (int j = 0; j < nx; ++j) out.xx(row, i, j) = hessian[i * n + j];
    }
    for (int i = 0; i < nu; ++i) {
      out.u(row, i) = gradient[nx + i];
      for (int j = 0; j < nx; ++j) out.ux(row, i, j) = hessian[(nx + i) * n + j];
      for (int j = 0; j < nu; ++j) out.uu(row, i, j) = hessian[(nx + i) * n + nx + j];
    }
  }
}

void Cost::expand_terminal(View<const double, 2> x, View<double, 2> gradient, View<double, 3> hessian) const {
  const int rows = x.extent(0), nx = x.extent(1);
  std::vector<double> z(nx), g(nx), h(static_cast<size_t>(nx) * nx);
  for (int row = 0; row < rows; ++row) {
    for (int i = 0; i < nx; ++i) z[i] = x(row, i);
    const auto value = [&](const std::vector<double>& p) {
      double result = 0;
      terminal(View<const double, 2>(p.data(), 1, nx), View<double, 1>(&result, 1));
      return result;
    };
    differentiate(value, z, g, h);
    for (int i = 0; i < nx; ++i) {
      gradient(row, i) = g[i];
      for (int j = 0; j < nx; ++j) hessian(row, i, j) = h[i * nx + j];
    }
  }
}

}  // namespace lockstep
