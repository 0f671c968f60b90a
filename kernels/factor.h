// Solves (M + diag) x = b by M = L'DL along the tree (Featherstone 2008, section 8.3), left-looking: each row gathers
// from its descendants' rows, so that the inner loop only loads, and rows of one depth are independent.
// The right side travels as column 0 of the augmented rows, so that elimination carries it along.
#pragma once

#include "kernels/workspace.h"

namespace lockstep::kernels {

// target[n] = source[n] - sum over descendants k of (a_k,i / D_k) a_k[column + n], for N neighbouring columns of row i.
// Two sums, by the parity of k - i, keep two chains of multiply-adds in flight.
template <int N, class T>
[[gnu::always_inline]] LS_FN void eliminate_columns(const ModelConstants<Real<T>>& m, const T* rows, const T* inverse,
                                                    int dof, int column, T (&sum)[N]) {
  const int pivot = m.dof_depth[dof] + 1;
  const int end = m.dof_end[dof];
  T other[N];
  for (int n = 0; n < N; ++n) other[n] = T(0);
  int k = dof + 1;
  for (; k + 1 < end; k += 2) {
    const T* a = rows + m.dof_row[k];
    const T* b = rows + m.dof_row[k + 1];
    const T factor_a = a[pivot] * inverse[k];
    const T factor_b = b[pivot] * inverse[k + 1];
    for (int n = 0; n < N; ++n) sum[n] -= factor_a * a[column + n];
    for (int n = 0; n < N; ++n) other[n] -= factor_b * b[column + n];
  }
  if (k < end) {
    const T* a = rows + m.dof_row[k];
    const T factor_a = a[pivot] * inverse[k];
    for (int n = 0; n < N; ++n) sum[n] -= factor_a * a[column + n];
  }
  for (int n = 0; n < N; ++n) sum[n] += other[n];
}

template <int N, class T>
[[gnu::always_inline]] LS_FN void eliminate(const ModelConstants<Real<T>>& m, const T* source, T* rows,
                                            const T* inverse, int dof, int column) {
  T sum[N];
  for (int n = 0; n < N; ++n) sum[n] = source[m.dof_row[dof] + column + n];
  eliminate_columns<N>(m, rows, inverse, dof, column, sum);
  for (int n = 0; n < N; ++n) rows[m.dof_row[dof] + column + n] = sum[n];
}

// One row: `source` rows have the right side in column 0; `added` goes to the diagonal.
template <class T>
LS_FN void factor_row(const ModelConstants<Real<T>>& m, const T* source, T added, T* rows, T* inverse, int dof) {
  const int columns = m.dof_depth[dof] + 2;
  int column = 0;
  for (; column + 4 <= columns; column += 4) eliminate<4>(m, source, rows, inverse, dof, column);
  if (column + 2 <= columns) {
    eliminate<2>(m, source, rows, inverse, dof, column);
    column += 2;
  }
  if (column < columns) eliminate<1>(m, source, rows, inverse, dof, column);
  T& diagonal = rows[m.dof_row[dof] + columns - 1];
  diagonal += added;
  inverse[dof] = T(1) / diagonal;
}

// x_i = (b_i - sum over ancestors of a_it x_t) / D_i, down the tree.
template <class T>
LS_FN void substitute_row(const ModelConstants<Real<T>>& m, const T* rows, const T* inverse, T* x, int dof) {
  const int adr = m.dof_row[dof];
  const int depth = m.dof_depth[dof];
  T sum = rows[adr];
  for (int t = 1; t <= depth; ++t) sum -= rows[adr + t] * x[m.dof_ancestor[adr + t]];
  x[dof] = inverse[dof] * sum;
}

// x [nv] = (source + diag(added))^-1 (column 0 of source). `added` may be null.
template <class G, class T, class Team>
LS_FN void factor_and_solve(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const T* source, const T* added,
                            T* x, const Team& team) {
  dofs_up(m, team, [&](int dof) {
    factor_row(m, source, added == nullptr ? T(0) : added[dof], w.factor_rows, w.inverse_diagonal, dof);
  });
  dofs_down(m, team, [&](int dof) { substitute_row(m, w.factor_rows, w.inverse_diagonal, x, dof); });
}

// Writes b [nv] into the right side of augmented rows.
template <class T, class Team>
LS_FN void set_right_side(const ModelConstants<Real<T>>& m, T* rows, const T* b, const Team& team) {
  team.each(m.nv, [&](int dof) { rows[m.dof_row[dof]] = b[dof]; });
}

// y [nv] = M x.
template <class T, class Team>
LS_FN void multiply_mass(const ModelConstants<Real<T>>& m, const T* rows, const T* x, T* y, const Team& team) {
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
