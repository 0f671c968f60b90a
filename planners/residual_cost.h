// Cost made of residuals: a task says what should be zero as lane code, settings say how much of it counts.
#pragma once

#include "engine/cost.h"
#include "kernels/dual.h"
#include "kernels/planning_rows.h"
#include "kernels/residual_norms.h"
#include "planners/lane_problem.h"
#include "planners/residual_terms.h"

#include <utility>
#include <vector>

namespace lockstep::planners {

// stage = risk transform of the sum of weighted norms; terminal = the sum with terminal weights, at u = 0.
// Model has kStates, kActions, kResiduals and residual(x, u, r), a static template on the number type.
// Hessians: exact (second-order duals), or Gauss-Newton: sum of weight norm'' r_z r_z' (first-order duals, semidefinite
// for convex norms). A change of terms() holds from the next evaluation on; make it between two plans.
template <class Model>
class ResidualCost final : public Cost {
 public:
  enum class Hessian { kExact, kGaussNewton };
  explicit ResidualCost(ResidualTerms terms, Hessian hessian = Hessian::kExact)
      : terms_(std::move(terms)), hessian_(hessian) {}

  [[nodiscard]] ResidualTerms& terms() { return terms_; }
  [[nodiscard]] const ResidualTerms& terms() const { return terms_; }

  // The stage cost of one point as numbers of any kind: what a reward is made of too.
  template <class T>
  [[nodiscard]] T of(const T (&x)[Model::kStates], const T (&u)[Model::kActions]) const {
    T residual[Model::kResiduals];
    Model::residual(x, u, residual);
    return kernels::transform_risk(sum<false>(residual), terms_.risk());
  }

  [[nodiscard]] int state_size() const override { return kStates; }
  [[nodiscard]] int control_size() const override { return kActions; }
  void stage(View<const double, 2> x, View<const double, 2> u, View<double, 1> values) const override {
    for_groups(x.extent(0), [&](int first, int rows) {
      T state[kStates], control[kActions];
      Rows::load_rows(first, rows, x.data_handle(), u.data_handle(), state, control);
      Rows::scatter(of(state, control), values.data_handle(), 1, 0, first, rows);
    });
  }
  void terminal(View<const double, 2> x, View<double, 1> values) const override {
    for_groups(x.extent(0), [&](int first, int rows) {
      T state[kStates];
      for (int i = 0; i < kStates; ++i) state[i] = Rows::gather(x.data_handle(), kStates, i, first, rows);
      Rows::scatter(at_end(state), values.data_handle(), 1, 0, first, rows);
    });
  }
  void expand_stage(View<const double, 2> x, View<const double, 2> u, const Expansion& out) const override {
    for_groups(x.extent(0), [&](int first, int rows) {
      const Derivatives d = hessian_ == Hessian::kExact ? exact(first, rows, x, u) : gauss_newton(first, rows, x, u);
      for (int i = 0; i < kInputs; ++i) {
        const bool state = i < kStates;
        Rows::scatter(d.gradient[i], state ? out.x.data_handle() : out.u.data_handle(), state ? kStates : kActions,
                      state ? i : i - kStates, first, rows);
        for (int j = 0; j < kInputs; ++j) write_second(d.hessian[i][j], i, j, out, first, rows);
      }
    });
  }
  void expand_terminal(View<const double, 2> x, View<double, 2> gradient, View<double, 3> hessian) const override {
    using Second = kernels::Dual<T, kStates, 2>;
    for_groups(x.extent(0), [&](int first, int rows) {
      Second state[kStates];
      for (int i = 0; i < kStates; ++i)
        state[i] = Second::input(Rows::gather(x.data_handle(), kStates, i, first, rows), i);
      const Second cost = at_end(state);
      for (int i = 0; i < kStates; ++i) {
        Rows::scatter(cost.gradient[i], gradient.data_handle(), kStates, i, first, rows);
        for (int j = 0; j < kStates; ++j)
          Rows::scatter(cost.second(i, j), hessian.data_handle(), kStates * kStates, i * kStates + j, first, rows);
      }
    });
  }

 private:
  using T = PlanningLanes;
  using Rows = kernels::PlanningRows<Model, T>;
  static constexpr int kStates = Model::kStates, kActions = Model::kActions, kInputs = kStates + kActions;
  static constexpr int kResiduals = Model::kResiduals;
  struct Derivatives {
    T gradient[kInputs], hessian[kInputs][kInputs];
  };

  template <class Function>
  static void for_groups(int rows, const Function& f) {
    for (int first = 0; first < rows; first += Rows::kWidth) f(first, rows);
  }
  template <bool kTerminal, class N>
  [[nodiscard]] N sum(const N (&residual)[kResiduals]) const {
    return kernels::sum_terms<kTerminal>(terms_.terms().data(), static_cast<int>(terms_.terms().size()), residual);
  }
  template <class N>
  [[nodiscard]] N at_end(const N (&x)[kStates]) const {
    N control[kActions], residual[kResiduals];
    for (N& u : control) u = N(0);
    Model::residual(x, control, residual);
    return sum<true>(residual);
  }

  [[nodiscard]] Derivatives exact(int first, int rows, View<const double, 2> x, View<const double, 2> u) const {
    kernels::Dual<T, kInputs, 2> state[kStates], control[kActions];
    Rows::load_rows(first, rows, x.data_handle(), u.data_handle(), state, control);
    const auto cost = of(state, control);
    Derivatives d;
    for (int i = 0; i < kInputs; ++i) {
      d.gradient[i] = cost.gradient[i];
      for (int j = 0; j < kInputs; ++j) d.hessian[i][j] = cost.second(i, j);
    }
    return d;
  }

  // Of l = sum of w n(r): l_z = w n' r_z, l_zz ~ w n'' r_z r_z'; with the transform g(l): g' l_z, g' l_zz + g'' l_z
  // l_z'.
  [[nodiscard]] Derivatives gauss_newton(int first, int rows, View<const double, 2> x, View<const double, 2> u) const {
    kernels::Dual<T, kInputs, 1> state[kStates], control[kActions], residual[kResiduals];
    Rows::load_rows(first, rows, x.data_handle(), u.data_handle(), state, control);
    Model::residual(state, control, residual);
    using Jet = kernels::Dual<T, 1, 2>;
    Derivatives d{};
    T total = T(0);
    for (const kernels::ResidualTerm& term : terms_.terms()) {
      if (term.weight == 0) continue;
      for (int j = term.first; j < term.first + term.count; ++j) {
        const Jet n = kernels::apply_norm(term.norm, Jet::input(residual[j].value, 0), term.parameter);
        const T slope = T(term.weight) * n.gradient[0], curvature = T(term.weight) * n.hessian[0];
        total = total + T(term.weight) * n.value;
        for (int a = 0; a < kInputs; ++a) {
          d.gradient[a] = d.gradient[a] + slope * residual[j].gradient[a];
          for (int b = 0; b < kInputs; ++b)
            d.hessian[a][b] = d.hessian[a][b] + curvature * residual[j].gradient[a] * residual[j].gradient[b];
        }
      }
    }
    if (terms_.risk() == 0) return d;
    const Jet g = kernels::transform_risk(Jet::input(total, 0), terms_.risk());
    for (int a = 0; a < kInputs; ++a)
      for (int b = 0; b < kInputs; ++b)
        d.hessian[a][b] = g.gradient[0] * d.hessian[a][b] + g.hessian[0] * d.gradient[a] * d.gradient[b];
    for (T& slope : d.gradient) slope = g.gradient[0] * slope;
    return d;
  }

  // Of the joint Hessian: the blocks xx, ux and uu; xu is ux transposed.
  static void write_second(T value, int i, int j, const Expansion& out, int first, int rows) {
    if (i < kStates && j < kStates)
      Rows::scatter(value, out.xx.data_handle(), kStates * kStates, i * kStates + j, first, rows);
    else if (i >= kStates && j < kStates)
      Rows::scatter(value, out.ux.data_handle(), kActions * kStates, (i - kStates) * kStates + j, first, rows);
    else if (i >= kStates)
      Rows::scatter(value, out.uu.data_handle(), kActions * kActions, (i - kStates) * kActions + (j - kStates), first,
                    rows);
  }

  ResidualTerms terms_;
  Hessian hessian_;
};

}  // namespace lockstep::planners
