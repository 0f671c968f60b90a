// Passes calls on, or fills their results with NaN.
#include "planners/abandonable_dynamics.h"

#include <algorithm>
#include <limits>

namespace lockstep::planners {
namespace {

template <int Rank>
void lose(View<double, Rank> values) {
  std::fill_n(values.data_handle(), values.size(), std::numeric_limits<double>::quiet_NaN());
}

}  // namespace

void AbandonableDynamics::step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) {
  if (is_abandoned()) return lose<2>(next);
  dynamics_->step(x, u, next);
}

void AbandonableDynamics::jacobian(View<const double, 2> x, View<const double, 2> u, View<double, 3> A,
                                   View<double, 3> B) {
  if (is_abandoned()) {
    lose<3>(A);
    return lose<3>(B);
  }
  dynamics_->jacobian(x, u, A, B);
}

void AbandonableDynamics::rollout(View<const double, 2> x0, View<const double, 3> controls, View<double, 3> states) {
  if (is_abandoned()) return lose<3>(states);
  dynamics_->rollout(x0, controls, states);
}

void AbandonableDynamics::second(View<const double, 2> x, View<const double, 2> u, View<double, 4> F) {
  if (is_abandoned()) return lose<4>(F);
  second_derivatives(*dynamics_, x, u, F);
}

}  // namespace lockstep::planners
