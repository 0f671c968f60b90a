// Hands rows of states and controls to a task's own equations.
#include "envs/own_dynamics.h"

#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

namespace lockstep::envs {

OwnDynamics::OwnDynamics(const PlanningKernels& kernels, Shape shape) : kernels_(kernels), shape_(std::move(shape)) {
  assert(kernels_.advance != nullptr && kernels_.jacobian != nullptr);
}

void OwnDynamics::step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) {
  const int rows = x.extent(0), nx = shape_.states;
  kernels_.advance(rows, x.data_handle(), u.data_handle(), next.data_handle());
  for (int row = 0; row < rows; ++row) {
    bool finite = true;
    for (int i = 0; i < nx; ++i) finite = finite && std::isfinite(next(row, i));
    for (int i = 0; i < nx && !finite; ++i) next(row, i) = std::numeric_limits<double>::quiet_NaN();
  }
}

void OwnDynamics::jacobian(View<const double, 2> x, View<const double, 2> u, View<double, 3> A, View<double, 3> B) {
  kernels_.jacobian(x.extent(0), x.data_handle(), u.data_handle(), A.data_handle(), B.data_handle());
}

}  // namespace lockstep::envs
