// Defaults of Dynamics: finite-difference Jacobians and stepwise rollouts.
#include "engine/dynamics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace lockstep {
namespace {

// Rows of perturbed points: for each world 2 (nx + nu) copies, +h and -h in one input each.
struct Perturbed {
  std::vector<double> x, u, next, h;
};

Perturbed perturb(View<const double, 2> x, View<const double, 2> u) {
  const int worlds = x.extent(0), nx = x.extent(1), nu = u.extent(1), inputs = nx + nu;
  const size_t rows = static_cast<size_t>(worlds) * 2 * static_cast<size_t>(inputs);
  Perturbed p{std::vector<double>(rows * nx), std::vector<double>(rows * nu), std::vector<double>(rows * nx),
              std::vector<double>(rows)};
  const double relative = std::cbrt(std::numeric_limits<double>::epsilon());
  size_t row = 0;
  for (int world = 0; world < worlds; ++world) {
    for (int input = 0; input < inputs; ++input) {
      const double value = input < nx ? x(world, input) : u(world, input - nx);
      const double h = relative * std::max(1.0, std::abs(value));
      for (const double signed_h : {h, -h}) {
        for (int i = 0; i < nx; ++i) p.x[row * nx + i] = x(world, i);
        for (int i = 0; i < nu; ++i) p.u[row * nu + i] = u(world, i);
        (input < nx ? p.x[row * nx + input] : p.u[row * nu + (input - nx)]) += signed_h;
        p.h[row++] = h;
      }
    }
  }
  return p;
}

}  // namespace

void Dynamics::jacobian(View<const double, 2> x, View<const double, 2> u, View<double, 3> A, View<double, 3> B) {
  const int worlds = x.extent(0), nx = x.extent(1), nu = u.extent(1);
  Perturbed p = perturb(x, u);
  const int rows = static_cast<int>(p.h.size());
  step(View<const double, 2>(p.x.data(), rows, nx), View<const double, 2>(p.u.data(), rows, nu),
       View<double, 2>(p.next.data(), rows, nx));
  size_t row = 0;
  for (int world = 0; world < worlds; ++world) {
    for (int input = 0; input < nx + nu; ++input, row += 2) {
      for (int i = 0; i < nx; ++i) {
        const double slope = (p.next[row * nx + i] - p.next[(row + 1) * nx + i]) / (2 * p.h[row]);
        (input < nx ? A(world, i, input) : B(world, i, input - nx)) = slope;
      }
    }
  }
}

void Dynamics::rollout(View<const double, 2> x0, View<const double, 3> controls, View<double, 3> states) {
  const int worlds = x0.extent(0), nx = x0.extent(1), steps = controls.extent(1), nu = controls.extent(2);
  std::vector<double> x(static_cast<size_t>(worlds) * nx), u(static_cast<size_t>(worlds) * nu), next(x.size());
  const View<double, 2> xv(x.data(), worlds, nx), uv(u.data(), worlds, nu), nv(next.data(), worlds, nx);
  for (int world = 0; world < worlds; ++world)
    for (int i = 0; i < nx; ++i) states(world, 0, i) = xv(world, i) = x0(world, i);
  for (int k = 0; k < steps; ++k) {
    for (int world = 0; world < worlds; ++world)
      for (int i = 0; i < nu; ++i) uv(world, i) = controls(world, k, i);
    step(xv, uv, nv);
    for (int world = 0; world < worlds; ++world)
      for (int i = 0; i < nx; ++i) states(world, k + 1, i) = xv(world, i) = nv(world, i);
  }
}

}  // namespace lockstep
