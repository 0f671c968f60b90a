// Constraints of one number each, whose Jacobian is a sparse row: limits and friction loss of tendons, equalities of
// joints and of tendons. MuJoCo computation chapter, "Constraint model"; XML reference, equality/joint,
// equality/tendon.
#pragma once

#include "kernels/limits.h"
#include "kernels/tendons.h"

namespace lockstep::kernels {

// How far the constrained number is from where it should be, and minus how fast that place moves with the second one.
template <class T>
struct ScalarPlace {
  T position, follow;
};
template <class G, class T>
[[gnu::always_inline]] LS_FN ScalarPlace<T> scalar_place(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                         int row) {
  const bool on_joint = m.scalar_on_joint[row] != 0;
  const T* const source = on_joint ? w.qpos : w.ten_length;
  const T first = source[m.scalar_first[row]] - T(m.scalar_reference[2 * row]);
  if (m.scalar_kind[row] != kRowEquality) return {T(m.scalar_sign[row]) * first, T(0)};
  const Real<T>* const a = m.scalar_polynomial + 5 * row;
  if (m.scalar_second[row] < 0) return {first - T(a[0]), T(0)};
  const T x = source[m.scalar_second[row]] - T(m.scalar_reference[2 * row + 1]);
  const T wanted = T(a[0]) + x * (T(a[1]) + x * (T(a[2]) + x * (T(a[3]) + x * T(a[4]))));
  const T slope = T(a[1]) + x * (T(2 * a[2]) + x * (T(3 * a[3]) + x * T(4 * a[4])));
  return {first - wanted, -slope};
}

// J x of one row.
template <class G, class T>
[[gnu::always_inline]] LS_FN T scalar_product(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int row,
                                              const T* x) {
  T sum = T(0);
  for (int e = m.scalar_adr[row]; e < m.scalar_adr[row + 1]; ++e) sum += w.rows.scalar_J[e] * x[m.scalar_dof[e]];
  return sum;
}

// Jacobian, D and reference acceleration of one row; D = 0 where a limit is not active.
template <class G, class T>
LS_FN void write_scalar_row(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int row) {
  const ScalarPlace<T> place = scalar_place(m, w, row);
  const bool on_joint = m.scalar_on_joint[row] != 0;
  const T sign = T(m.scalar_sign[row]);
  for (int e = m.scalar_adr[row]; e < m.scalar_adr[row + 1]; ++e) {
    const int first = m.scalar_entry_first[e], second = m.scalar_entry_second[e];
    T value = T(0);
    if (first >= 0) value += on_joint ? T(1) : w.ten_J[first];
    if (second >= 0) value += place.follow * (on_joint ? T(1) : w.ten_J[second]);
    w.rows.scalar_J[e] = sign * value;
  }
  const int kind = m.scalar_kind[row];
  const T violation = kind == kRowFriction ? T(0) : place.position - T(m.scalar_margin[row]);
  const T imp = impedance(m.scalar_solimp + 5 * row, violation);
  const T regularisation = maximum((T(1) - imp) / imp * T(of_world<T>(m.scalar_invweight)[row]), T(Real<T>(1e-15)));
  const T D = T(1) / regularisation;
  w.rows.scalar_D[row] = kind == kRowLimit ? select(violation < T(0), D, T(0)) : D;
  w.rows.scalar_aref[row] =
      -(T(m.scalar_damping[row]) * scalar_product(m, w, row, w.qvel)) - T(m.scalar_stiffness[row]) * imp * violation;
}

// All rows that some world has, and their list. Tendons must be placed.
template <class G, class T, class Team>
LS_FN void find_scalar_rows(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const Team& team) {
  const ConstraintLists& list = w.rows.list;
  team.each(m.num_scalar_rows, [&](int row) {
    const bool near =
        m.scalar_kind[row] != kRowLimit || any(scalar_place(m, w, row).position < T(m.scalar_margin[row]));
    list.scalar_is_active[row] = near ? 1 : 0;
    if (near) write_scalar_row(m, w, row);
  });
  team.once([&] {
    int count = 0;
    for (int row = 0; row < m.num_scalar_rows; ++row) {
      if (list.scalar_is_active[row] != 0) list.active_scalars[count++] = row;
    }
    *list.num_scalars = count;
  });
}

// What a row does at `jar`: force against it, stiffness, and which of its pieces it is on (neither: the middle one).
template <class T>
struct ScalarPoint {
  T force, stiffness;
  MaskOf<T> above, below;
};
// Friction loss: quadratic near zero, then a constant force.
template <class T>
[[gnu::always_inline]] LS_FN ScalarPoint<T> friction_point(T D, T loss, T jar) {
  const T force = D * jar;
  const MaskOf<T> above = force >= loss, below = force <= -loss;
  return {clamp(force, -loss, loss), select(above | below, T(0), D), above, below};
}
template <class G, class T>
[[gnu::always_inline]] LS_FN ScalarPoint<T> scalar_point(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                         int row, T jar) {
  const T zero = T(0), D = w.rows.scalar_D[row];
  const int kind = m.scalar_kind[row];
  if (kind == kRowFriction) return friction_point(D, T(m.scalar_loss[row]), jar);
  const T force = D * jar;
  if (kind == kRowEquality) return {force, D, MaskOf<T>(false), MaskOf<T>(false)};
  const MaskOf<T> pushes = jar < zero;
  const MaskOf<T> satisfied = (!pushes) & (D != zero);
  return {select(pushes, force, zero), select(pushes, D, zero), satisfied, MaskOf<T>(false)};
}
template <class T>
[[gnu::always_inline]] LS_FN ScalarPoint<T> dof_friction_point(const ModelConstants<Real<T>>& m, int friction, T jar) {
  return friction_point(T(of_world<T>(m.friction_D)[friction]), T(of_world<T>(m.friction_loss)[friction]), jar);
}

// Gradient and Hessian of one row. For a team: the items are the row's entries.
template <class G, class T>
[[gnu::always_inline]] LS_FN void respond_scalar_entry(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                       int row, int entry, const ScalarPoint<T>& point) {
  const EliminationTree& tree = w.rows.tree;
  const int dof = m.scalar_dof[entry];
  const T J = w.rows.scalar_J[entry];
  w.rows.gradient[dof] += point.force * J;
  const T scaled = point.stiffness * J;
  T* const target = w.rows.hessian_rows + tree.row[dof] + 1;
  for (int e = m.scalar_adr[row]; e <= entry; ++e) target[tree.depth[m.scalar_dof[e]]] += scaled * w.rows.scalar_J[e];
}
template <class G, class T, class Team>
LS_FN void respond_scalars(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const Team& team) {
  for (int i = 0; i < *w.rows.list.num_scalars; ++i) {
    const int row = w.rows.list.active_scalars[i], first = m.scalar_adr[row];
    const ScalarPoint<T> point = scalar_point(m, w, row, w.rows.scalar_jar[row]);
    team.each(m.scalar_adr[row + 1] - first, [&](int e) { respond_scalar_entry(m, w, row, first + e, point); });
  }
}

}  // namespace lockstep::kernels
