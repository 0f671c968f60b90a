// Solves (M + diag) x = b by M = L'DL along the tree (Featherstone 2008, section 8.3), left-looking: each row gathers
// from its descendants' rows, so that the inner loop only loads, and rows of one depth are independent.
// The right side travels as column 0 of the augmented rows, so that elimination carries it along.
#pragma once

#include "kernels/workspace.h"

#include <utility>

namespace lockstep::kernels {

// What an elimination reads and writes: rows of the matrix, of its factor, and the inverse of D.
template <class T>
struct Elimination {
  const T* source;
  T* rows;
  T* inverse;
};

// rows[column + n] of row i = source[...] - sum over descendants k of (a_k,i / D_k) a_k[column + n], for neighbouring
// columns n = 0, 1, ... . Few columns get two sums, by the parity of k: more multiply-adds in flight. The row that was
// finished last, k = i + 1, comes last: the others need not wait for it. The columns are a parameter pack, because the
// compiler keeps an array that loops run over in memory.
template <class T, int... n>
[[gnu::always_inline]] LS_FN void eliminate_columns(const ModelConstants<Real<T>>& m, const Elimination<T>& e, int dof,
                                                    int column, std::integer_sequence<int, n...>) {
  constexpr bool kTwoSums = sizeof...(n) <= 4;
  const int adr = m.dof_row[dof] + column;
  const int pivot = m.dof_depth[dof] + 1;
  T sum[] = {e.source[adr + n]...};
  int k = m.dof_end[dof] - 1;
  if constexpr (kTwoSums) {
    T other[] = {T(0 * n)...};
    for (; k > dof + 1; k -= 2) {
      const T* a = e.rows + m.dof_row[k];
      const T* b = e.rows + m.dof_row[k - 1];
      const T factor_a = a[pivot] * e.inverse[k];
      const T factor_b = b[pivot] * e.inverse[k - 1];
      ((sum[n] -= factor_a * a[column + n]), ...);
      ((other[n] -= factor_b * b[column + n]), ...);
    }
    ((sum[n] += other[n]), ...);
  }
  for (; k > dof; --k) {
    const T* a = e.rows + m.dof_row[k];
    const T factor = a[pivot] * e.inverse[k];
    ((sum[n] -= factor * a[column + n]), ...);
  }
  ((e.rows[adr + n] = sum[n]), ...);
}
template <int N, class T>
[[gnu::always_inline]] LS_FN void eliminate(const ModelConstants<Real<T>>& m, const Elimination<T>& e, int dof,
                                            int column) {
  eliminate_columns(m, e, dof, column, std::make_integer_sequence<int, N>{});
}

// The same for the last `count` < 8 columns.
template <class T>
[[gnu::always_inline]] LS_FN void eliminate_rest(const ModelConstants<Real<T>>& m, const Elimination<T>& e, int dof,
                                                 int column, int count) {
  switch (count) {
    case 1:
      return eliminate<1>(m, e, dof, column);
    case 2:
      return eliminate<2>(m, e, dof, column);
    case 3:
      return eliminate<3>(m, e, dof, column);
    case 4:
      return eliminate<4>(m, e, dof, column);
    case 5:
      return eliminate<5>(m, e, dof, column);
    case 6:
      return eliminate<6>(m, e, dof, column);
    case 7:
      return eliminate<7>(m, e, dof, column);
    default:
      return;
  }
}

// One row: `source` rows have the right side in column 0; `added` goes to the diagonal.
template <class T>
[[gnu::always_inline]] LS_FN void factor_row(const ModelConstants<Real<T>>& m, const Elimination<T>& e, T added,
                                             int dof) {
  const int columns = m.dof_depth[dof] + 2;
  int column = 0;
  for (; column + 8 <= columns; column += 8) eliminate<8>(m, e, dof, column);
  eliminate_rest(m, e, dof, column, columns - column);
  T& diagonal = e.rows[m.dof_row[dof] + columns - 1];
  diagonal += added;
  e.inverse[dof] = T(1) / diagonal;
}

// x_i = (b_i - sum over ancestors of a_it x_t) / D_i, down the tree.
template <class T>
[[gnu::always_inline]] LS_FN void substitute_row(const ModelConstants<Real<T>>& m, const T* rows, const T* inverse,
                                                 T* x, int dof) {
  const int adr = m.dof_row[dof];
  const int depth = m.dof_depth[dof];
  T sum = rows[adr], other = T(0);  // two chains of multiply-adds
  int t = 1;
  for (; t < depth; t += 2) {
    sum -= rows[adr + t] * x[m.dof_ancestor[adr + t]];
    other -= rows[adr + t + 1] * x[m.dof_ancestor[adr + t + 1]];
  }
  if (t <= depth) sum -= rows[adr + t] * x[m.dof_ancestor[adr + t]];
  x[dof] = inverse[dof] * (sum + other);
}

// x [nv] = (source + diag(added))^-1 (column 0 of source). `added` may be null.
template <class G, class T, class Team>
LS_FN void factor_and_solve(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const T* source, const T* added,
                            T* x, const Team& team) {
  dofs_up(m, team, [&](int dof) {
    factor_row(m, Elimination<T>{source, w.factor_rows, w.inverse_diagonal}, added == nullptr ? T(0) : added[dof], dof);
  });
  dofs_down(m, team, [&](int dof) { substitute_row(m, w.factor_rows, w.inverse_diagonal, x, dof); });
}

// Leaves the factor of M in factor_rows and inverse_diagonal.
template <class G, class T, class Team>
LS_FN void factor_mass(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const Team& team) {
  dofs_up(m, team, [&](int dof) {
    factor_row(m, Elimination<T>{w.mass_rows, w.factor_rows, w.inverse_diagonal}, T(0), dof);
  });
}

// Writes b [nv] into the right side of augmented rows.
template <class T, class Team>
[[gnu::always_inline]] LS_FN void set_right_side(const ModelConstants<Real<T>>& m, T* rows, const T* b,
                                                 const Team& team) {
  team.each(m.nv, [&](int dof) { rows[m.dof_row[dof]] = b[dof]; });
}

// y [nv] = M x.
template <class T, class Team>
[[gnu::noinline]] LS_FN void multiply_mass(const ModelConstants<Real<T>>& m, const T* rows, const T* x, T* y,
                                           const Team& team) {
  team.each(m.nv, [&](int dof) {
    const int adr = m.dof_row[dof] + 1;
    const int depth = m.dof_depth[dof];
    T sum = rows[adr + depth] * x[dof];
    for (int t = 0; t < depth; ++t) sum += rows[adr + t] * x[m.dof_ancestor[adr + t]];
    for (int k = dof + 1; k < m.dof_end[dof]; ++k) sum += rows[m.dof_row[k] + 1 + depth] * x[k];
    y[dof] = sum;
  });
}

}  // namespace lockstep::kernels
