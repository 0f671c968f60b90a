// Sparse Jacobian rows of tendons and actuators: forces of the rows onto the dofs, and weighted squares onto matrices
// with the pattern of M. Sums are ordered by row, whatever the team.
#pragma once

#include "kernels/workspace.h"

namespace lockstep::kernels {

// Rows of a sparse matrix with nv columns, and the same entries by column: those of dof d at [dof_adr[d],
// dof_adr[d + 1]).
template <class T>
struct SparseRows {
  const std::int32_t *rowadr, *rownnz, *colind;
  const std::int32_t *dof_adr, *dof_entry, *dof_row;
  const T* values;
};

template <class G, class T>
LS_FN SparseRows<T> tendon_rows(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w) {
  return {m.ten_J_rowadr, m.ten_J_rownnz, m.ten_J_colind, m.ten_dof_adr, m.ten_dof_entry, m.ten_dof_tendon, w.ten_J};
}
template <class G, class T>
LS_FN SparseRows<T> moment_rows(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w) {
  return {m.moment_rowadr,    m.moment_rownnz,  m.moment_colind,  m.moment_dof_adr,
          m.moment_dof_entry, m.moment_dof_row, w.actuator_moment};
}

// J x of one row.
template <class T>
LS_FN T sparse_row_product(const SparseRows<T>& rows, int row, const T* x) {
  T sum = T(0);
  for (int k = rows.rowadr[row]; k < rows.rowadr[row] + rows.rownnz[row]; ++k)
    sum += rows.values[k] * x[rows.colind[k]];
  return sum;
}

// target [nv] += J' force.
template <class T, class Team>
LS_FN void add_transposed_product(const ModelConstants<Real<T>>& m, const SparseRows<T>& rows, const T* force,
                                  T* target, const Team& team) {
  team.each(m.nv, [&](int dof) {
    const int first = rows.dof_adr[dof], end = rows.dof_adr[dof + 1];
    if (first == end) return;
    T sum = target[dof];
    for (int k = first; k < end; ++k) sum += rows.values[rows.dof_entry[k]] * force[rows.dof_row[k]];
    target[dof] = sum;
  });
}

// Adds J' diag(weight) J to augmented rows with the pattern of M; entries outside the pattern are left out, as in
// MuJoCo. weight(row) is of type T.
template <class T, class Weight, class Team>
LS_FN void add_weighted_squares(const ModelConstants<Real<T>>& m, const SparseRows<T>& rows, Weight&& weight, T* target,
                                const Team& team) {
  team.each(m.nv, [&](int dof) {
    const int adr = m.dof_row[dof] + 1;
    for (int k = rows.dof_adr[dof]; k < rows.dof_adr[dof + 1]; ++k) {
      const int row = rows.dof_row[k];
      const T scaled = weight(row) * rows.values[rows.dof_entry[k]];
      for (int e = rows.rowadr[row]; e < rows.rowadr[row] + rows.rownnz[row] && rows.colind[e] <= dof; ++e) {
        const int depth = m.dof_depth[rows.colind[e]];
        const bool is_ancestor = depth <= m.dof_depth[dof] && m.dof_ancestor[adr + depth] == rows.colind[e];
        if (is_ancestor) target[adr + depth] += scaled * rows.values[e];
      }
    }
  });
}

}  // namespace lockstep::kernels
