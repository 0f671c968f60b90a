// The sparsity of the constraint Hessian M + J' D J, for one lane group and one step, and its factorisation.
// Without contacts between moving links it is that of M: row i has an entry for each ancestor of dof i. A contact that
// couples two branches merges their chains of ancestors into one, in the order of the dofs, so that every row still has
// all of its ancestors, in order: rows of descendants begin with the columns of their ancestors' rows (elimination
// tree, T. A. Davis, Direct Methods for Sparse Linear Systems, 2006, section 4.1). A world's numbers must not depend on
// the couplings of its neighbours in the lanes: sums over descendants run in two chains by the parity of the dof, sums
// over ancestors in one; a neighbour's coupling then adds exact zeros.
#pragma once

#include "kernels/model_constants.h"
#include "kernels/team.h"

#include <utility>

namespace lockstep::kernels {

// Index lists in the scratch of a lane group; entries [nv] unless stated.
struct EliminationTree {
  std::int32_t* parent;
  std::int32_t* depth;     // number of ancestors
  std::int32_t* row;       // first number of the row: [right side, ancestors from the root on, itself]
  std::int32_t* ancestor;  // [numbers of all rows] at row + 1 + t: the ancestor of depth t
  std::int32_t* below;     // [numbers of all rows] descendants of dof i from below_adr[i] on: even ones, then odd ones,
  std::int32_t* below_adr;  // both falling
  std::int32_t* num_even;   // of descendants
  std::int32_t* num_below;
  std::int32_t* num_coupled;  // [1] of `coupled`; 0: as in M, -1: not made yet
  std::int32_t* coupled;      // [num_couplings] what it was made for: pairs and scalar rows that couple branches
};

// Numbers that rows can have at most: all of them, where contacts couple links.
LS_FN int most_row_numbers(const ModelSizes& m) { return m.num_couplings == 0 ? m.row_numbers : m.nv * (m.nv + 3) / 2; }

// The tree of M.
template <class R>
LS_FN void reset_parents(const ModelConstants<R>& m, const EliminationTree& tree) {
  for (int dof = 0; dof < m.nv; ++dof) {
    const int depth = m.dof_depth[dof];
    tree.parent[dof] = depth == 0 ? -1 : m.dof_ancestor[m.dof_row[dof] + depth];
  }
}

// Makes one chain of the chains that dofs a and b hang on.
LS_FN void merge_chains(const EliminationTree& tree, int a, int b) {
  while (a >= 0 && b >= 0 && a != b) {
    if (a < b) {
      const int smaller = a;
      a = b;
      b = smaller;
    }
    const int parent = tree.parent[a];
    if (parent < b) {
      tree.parent[a] = b;
      a = b;
      b = parent;
    } else {
      a = parent;
    }
  }
}

// Depths, rows and lists from the parents. For one thread of the team.
LS_FN void finish_tree(const EliminationTree& tree, int nv) {
  int numbers = 0;
  for (int dof = 0; dof < nv; ++dof) {
    const int parent = tree.parent[dof];
    const int depth = parent < 0 ? 0 : tree.depth[parent] + 1;
    tree.depth[dof] = depth;
    tree.row[dof] = numbers;
    const std::int32_t* source = tree.ancestor + (parent < 0 ? 0 : tree.row[parent] + 1);
    std::int32_t* target = tree.ancestor + numbers + 1;
    for (int t = 0; t < depth; ++t) target[t] = source[t];
    target[depth] = dof;
    numbers += depth + 2;
    tree.num_even[dof] = tree.num_below[dof] = 0;
  }
  for (int dof = 0; dof < nv; ++dof) {
    for (int t = 0; t < tree.depth[dof]; ++t) {
      const int above = tree.ancestor[tree.row[dof] + 1 + t];
      ++tree.num_below[above];
      if (dof % 2 == 0) ++tree.num_even[above];
    }
  }
  int adr = 0;
  for (int dof = 0; dof < nv; ++dof) {
    tree.below_adr[dof] = adr;
    adr += tree.num_below[dof];
    tree.num_below[dof] = 0;  // counted again while the lists are filled
  }
  for (int parity = 0; parity < 2; ++parity) {
    for (int dof = nv - 1; dof >= 0; --dof) {
      if (dof % 2 != parity) continue;
      for (int t = 0; t < tree.depth[dof]; ++t) {
        const int above = tree.ancestor[tree.row[dof] + 1 + t];
        tree.below[tree.below_adr[above] + tree.num_below[above]++] = dof;
      }
    }
  }
}

// rows[column + n] of row i -= sum over descendants k of (a_k,i / D_k) a_k[column + n]. The columns are a parameter
// pack, because the compiler keeps an array that loops run over in memory.
template <class T, int... n>
[[gnu::always_inline]] LS_FN void eliminate_tree_columns(const EliminationTree& tree, T* rows, const T* inverse,
                                                         int dof, int column, std::integer_sequence<int, n...>) {
  T* const target = rows + tree.row[dof] + column;
  const int pivot = tree.depth[dof] + 1;
  const int even = tree.num_even[dof], total = tree.num_below[dof], odd = total - even;
  const std::int32_t* const evens = tree.below + tree.below_adr[dof];
  const std::int32_t* const odds = evens + even;
  T sum[] = {target[n]...};
  T other[] = {T(0 * n)...};
  const int both = even < odd ? even : odd;
  for (int i = 0; i < both; ++i) {
    const T* a = rows + tree.row[evens[i]];
    const T* b = rows + tree.row[odds[i]];
    const T factor_a = a[pivot] * inverse[evens[i]];
    const T factor_b = b[pivot] * inverse[odds[i]];
    ((sum[n] -= factor_a * a[column + n]), ...);
    ((other[n] -= factor_b * b[column + n]), ...);
  }
  for (int i = both; i < even; ++i) {
    const T* a = rows + tree.row[evens[i]];
    const T factor = a[pivot] * inverse[evens[i]];
    ((sum[n] -= factor * a[column + n]), ...);
  }
  for (int i = both; i < odd; ++i) {
    const T* b = rows + tree.row[odds[i]];
    const T factor = b[pivot] * inverse[odds[i]];
    ((other[n] -= factor * b[column + n]), ...);
  }
  ((target[n] = sum[n] + other[n]), ...);
}
template <int N, class T>
[[gnu::always_inline]] LS_FN void eliminate_tree(const EliminationTree& tree, T* rows, const T* inverse, int dof,
                                                 int column) {
  eliminate_tree_columns(tree, rows, inverse, dof, column, std::make_integer_sequence<int, N>{});
}

// Row i of L'DL in place, its right side with it.
template <class T>
[[gnu::always_inline]] LS_FN void factor_tree_row(const EliminationTree& tree, T* rows, T* inverse, int dof) {
  const int columns = tree.depth[dof] + 2;
  int column = 0;
  if (tree.num_below[dof] != 0) {
    for (; column + 6 <= columns; column += 6) eliminate_tree<6>(tree, rows, inverse, dof, column);
    switch (columns - column) {
      case 1:
        eliminate_tree<1>(tree, rows, inverse, dof, column);
        break;
      case 2:
        eliminate_tree<2>(tree, rows, inverse, dof, column);
        break;
      case 3:
        eliminate_tree<3>(tree, rows, inverse, dof, column);
        break;
      case 4:
        eliminate_tree<4>(tree, rows, inverse, dof, column);
        break;
      case 5:
        eliminate_tree<5>(tree, rows, inverse, dof, column);
        break;
      default:
        break;
    }
  }
  inverse[dof] = T(1) / rows[tree.row[dof] + columns - 1];
}

// x [nv] = rows^-1 (column 0 of rows), which become their L'DL factor.
//   inverse [nv]: scratch, the inverse of D
template <class T, class Team>
[[gnu::noinline]] LS_FN void solve_on_tree(const EliminationTree& tree, int nv, T* rows, T* inverse, T* x,
                                           const Team& team) {
  if constexpr (Team::kAlone) {
    for (int dof = nv - 1; dof >= 0; --dof) factor_tree_row(tree, rows, inverse, dof);
    for (int dof = 0; dof < nv; ++dof) {
      const T solved = inverse[dof] * rows[tree.row[dof]];
      x[dof] = solved;
      const int pivot = tree.depth[dof] + 1;
      const std::int32_t* below = tree.below + tree.below_adr[dof];
      for (int i = 0; i < tree.num_below[dof]; ++i) {  // every chain of sums runs down the tree
        T* row = rows + tree.row[below[i]];
        row[0] -= row[pivot] * solved;
      }
    }
  } else {
    for (int level = nv - 1; level >= 0; --level) {
      team.each(nv, [&](int dof) {
        if (tree.depth[dof] == level) factor_tree_row(tree, rows, inverse, dof);
      });
    }
    for (int level = 0; level < nv; ++level) {
      team.each(nv, [&](int dof) {
        if (tree.depth[dof] != level) return;
        const T* row = rows + tree.row[dof];
        T sum = row[0];
        for (int t = 0; t < level; ++t) sum -= row[t + 1] * x[tree.ancestor[tree.row[dof] + 1 + t]];
        x[dof] = inverse[dof] * sum;
      });
    }
  }
}

}  // namespace lockstep::kernels
