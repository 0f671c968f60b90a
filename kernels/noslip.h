// The noslip pass: after the constraint solver, friction forces alone are found again without regularisation, normal
// forces kept, by MuJoCo's projected Gauss-Seidel sweeps in MuJoCo's order (XML reference, option/noslip_iterations).
// The sweeps work on changes of forces against the solver's solution. With M = L'DL and u = L^-T J' of a row, which is
// zero but on the dofs above the row's own, J M^-1 J' is a dot product of two u: no row of M^-1 J' is ever made.
#pragma once

#include "kernels/solver.h"

namespace lockstep::kernels {

// A row's dofs and all above them, rising; and u on them, indexed by dof.
template <class T>
struct EliminatedRow {
  const std::int32_t* dofs;
  int count;
  T* u;
};

// Merges a dof and those above it into `dofs` [count] (rising); returns their number then.
template <class R>
LS_FN int merge_ancestors(const ModelConstants<R>& m, std::int32_t* dofs, int count, int dof) {
  const std::int32_t* const chain = m.dof_ancestor + m.dof_row[dof] + 1;
  const int length = m.dof_depth[dof] + 1;
  int shared = 0;  // both lists are chains or unions of chains: what they share stands in both, in order
  for (int i = 0, j = 0; i < count && j < length;) {
    if (dofs[i] == chain[j])
      ++shared, ++i, ++j;
    else if (dofs[i] < chain[j])
      ++i;
    else
      ++j;
  }
  const int total = count + length - shared;
  for (int i = count - 1, j = length - 1, k = total - 1; j >= 0; --k) {
    if (i >= 0 && dofs[i] >= chain[j]) {
      if (dofs[i] == chain[j]) --j;
      dofs[k] = dofs[i--];
    } else {
      dofs[k] = chain[j--];
    }
  }
  return total;
}

// J' in row.u becomes L^-T J'. factor_rows must hold the factor of M.
template <class G, class T>
[[gnu::noinline]] LS_FN void eliminate_row(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                           const EliminatedRow<T>& row) {
  for (int i = row.count - 1; i >= 0; --i) {
    const int dof = row.dofs[i], adr = m.dof_row[dof] + 1;
    const T scaled = w.inverse_diagonal[dof] * row.u[dof];
    for (int t = 0; t < m.dof_depth[dof]; ++t) row.u[m.dof_ancestor[adr + t]] -= w.factor_rows[adr + t] * scaled;
  }
}

// u' D^-1 v.
template <class G, class T>
[[gnu::noinline]] LS_FN T inverse_product(const Workspace<G, T>& w, const EliminatedRow<T>& row, const T* v) {
  T sum = T(0);
  for (int i = 0; i < row.count; ++i) {
    const int dof = row.dofs[i];
    sum += row.u[dof] * w.inverse_diagonal[dof] * v[dof];
  }
  return sum;
}

template <class G, class T>
LS_FN void push_row(const Workspace<G, T>& w, const EliminatedRow<T>& row, T change) {
  for (int i = 0; i < row.count; ++i) w.rows.noslip_push[row.dofs[i]] += change * row.u[row.dofs[i]];
}

// Worlds that sweep, and how much the dual cost has fallen in the present sweep.
template <class T>
struct NoslipSweep {
  MaskOf<T> worlds;
  T improvement;
};
// Costs that rise by more than this are rounding: MuJoCo then keeps the old force.
template <class R>
inline constexpr R kLargestRise = R(1e-10);

// One force with bounds: its minimum given all others. `force` is the solver's, `change` what the sweeps added to it.
template <class G, class T>
[[gnu::noinline]] LS_FN void sweep_bounded_force(const Workspace<G, T>& w, const EliminatedRow<T>& row, T force,
                                                 T bound, T jar, T& change, NoslipSweep<T>& sweep) {
  const T slip = jar + inverse_product(w, row, w.rows.noslip_push);
  const T weight = inverse_product(w, row, row.u);
  const MaskOf<T> still = !(weight > T(Real<T>(1e-15)));
  const T wanted = select(still, T(0), force + change - slip / select(still, T(1), weight));
  const T step = clamp(wanted, -bound, bound) - (force + change);
  const T rise = T(Real<T>(0.5)) * weight * step * step + step * slip;
  const MaskOf<T> moves = sweep.worlds & (rise <= T(kLargestRise<Real<T>>));
  const T moved = select(moves, step, T(0));
  change += moved;
  sweep.improvement -= select(moves, rise, T(0));
  push_row(w, row, moved);
}

// The direction of a contact's row k in its dofs: J_k', then eliminated.
template <class G, class T>
[[gnu::noinline]] LS_FN EliminatedRow<T> contact_row(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                     int slot, int k, T* u) {
  const int pair = m.slot_pair[slot];
  const ContactFrame<G, T>& c = w.rows.contact[slot];
  int count = 0;
  for (int side = 0; side < 2; ++side) {
    if (const int dof = m.pair_last_dof[2 * pair + side]; dof >= 0) {
      count = merge_ancestors(m, w.rows.list.noslip_dofs, count, dof);
    }
  }
  const EliminatedRow<T> row{w.rows.list.noslip_dofs, count, u};
  for (int i = 0; i < count; ++i) u[row.dofs[i]] = T(0);
  for (int side = 0; side < 2; ++side) {
    const int last = m.pair_last_dof[2 * pair + side];
    if (last < 0) continue;
    const auto arm = side == 0 ? c.arm_first : c.arm_second;
    const Force<G, T> wrench =
        k < 3 ? Force<G, T>{cross(arm, c.axis[k]), c.axis[k]} : Force<G, T>{c.turn_axis(k - 3), {}};
    for (int t = 0; t <= m.dof_depth[last]; ++t) {
      const int dof = m.dof_ancestor[m.dof_row[last] + 1 + t];
      const T J = dot(w.cdof[dof], wrench);
      u[dof] = side == 0 ? u[dof] - J : u[dof] + J;
    }
  }
  eliminate_row(m, w, row);
  return row;
}

// Friction of a pyramid: each pair of opposing edges shifts force from one to the other.
template <class G, class T>
[[gnu::noinline]] LS_FN void sweep_pyramid(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int slot,
                                           NoslipSweep<T>& sweep) {
  const int pair = m.slot_pair[slot], first = slot * m.contact_rows;
  const T* const jar = w.rows.contact_jar + first;
  for (int k = 1; k < m.pair_dim[pair]; ++k) {
    const T mu = T(of_world<T>(m.pair_friction)[5 * pair + k - 1]), D = w.rows.contact[slot].D;
    const T up = -(D * minimum(jar[0] + mu * jar[k], T(0))), down = -(D * minimum(jar[0] - mu * jar[k], T(0)));
    const EliminatedRow<T> row = contact_row(m, w, slot, k, w.rows.noslip_rows);
    sweep_bounded_force(w, row, mu * (up - down), mu * (up + down), jar[k], w.rows.noslip_change[first + k], sweep);
  }
}

// The part of an elliptic contact that its n = dim - 1 friction rows see.
template <class T>
struct FrictionBlock {
  int n;
  T A[25], slip[5], force[5];  // A: n x n
  T normal;
};

// Cholesky factor of A + shift I (lower, in L), by rows of n. Returns what MuJoCo calls singular below 1e-10: the
// determinant (n <= 3), else the smallest pivot.
template <class T>
[[gnu::noinline]] LS_FN T factor_block(const T* A, T shift, int n, T* L) {
  T determinant = T(1), smallest = T(Real<T>(1e30));
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j <= i; ++j) {
      T sum = A[n * i + j] + (i == j ? shift : T(0));
      for (int k = 0; k < j; ++k) sum -= L[n * i + k] * L[n * j + k];
      L[n * i + j] = sum / (i == j ? T(1) : L[n * j + j]);
    }
    const T pivot = L[n * i + i];
    determinant *= pivot;
    smallest = minimum(smallest, pivot);
    L[n * i + i] = square_root(maximum(pivot, T(Real<T>(1e-30))));
  }
  return n <= 3 ? determinant : smallest;
}
template <class T>
LS_FN void solve_block(const T* L, const T* b, int n, T* x) {
  for (int i = 0; i < n; ++i) {
    T sum = b[i];
    for (int k = 0; k < i; ++k) sum -= L[n * i + k] * x[k];
    x[i] = sum / L[n * i + i];
  }
  for (int i = n - 1; i >= 0; --i) {
    T sum = x[i];
    for (int k = i + 1; k < n; ++k) sum -= L[n * k + i] * x[k];
    x[i] = sum / L[n * i + i];
  }
}

// x = argmin 1/2 x'Ax + x'b in the ellipsoid sum of (x_k / friction_k)^2 <= normal^2: Newton's method on the
// multiplier.
template <class T>
[[gnu::noinline]] LS_FN void minimise_in_ellipsoid(const FrictionBlock<T>& block, const T* b,
                                                   WorldConstants<T> friction, T* x) {
  const int n = block.n;
  T scaled[25], right[5], L[25], y[5];
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) scaled[n * i + j] = T(friction[i] * friction[j]) * block.A[n * i + j];
    right[i] = -(T(friction[i]) * b[i]);
  }
  const T square = block.normal * block.normal, small = T(Real<T>(1e-10));
  T multiplier = T(0);
  MaskOf<T> searching = MaskOf<T>(true), singular = MaskOf<T>(false);
  for (int iteration = 0; iteration < 20; ++iteration) {
    singular = singular | (searching & (factor_block(scaled, multiplier, n, L) < small));
    searching = searching & !singular;
    solve_block(L, right, n, x);
    T excess = -square, slope = T(0);
    solve_block(L, x, n, y);
    for (int i = 0; i < n; ++i) {
      excess += x[i] * x[i];
      slope += x[i] * y[i];
    }
    searching = searching & (excess >= small);
    const T step = T(Real<T>(0.5)) * excess / select(slope > T(0), slope, T(1));
    searching = searching & (step >= small);
    if (none(searching)) break;
    multiplier = select(searching, multiplier + step, multiplier);
  }
  T length = T(0);
  for (int i = 0; i < n; ++i) length += x[i] * x[i];
  // On the ellipsoid exactly, where it binds.
  const MaskOf<T> binds = (multiplier > T(0)) & !singular;
  const T shrink = select(binds, block.normal / square_root(select(binds, length, T(1))), T(1));
  for (int i = 0; i < n; ++i) x[i] = select(singular, T(0), T(friction[i]) * shrink * x[i]);
}

template <class G, class T>
[[gnu::noinline]] LS_FN FrictionBlock<T> friction_block(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                        int slot, EliminatedRow<T>* rows) {
  const int pair = m.slot_pair[slot], first = slot * m.contact_rows;
  const T* const jar = w.rows.contact_jar + first;
  FrictionBlock<T> block;
  block.n = m.pair_dim[pair] - 1;
  const ConeForce<T> force = cone_force(jar, w.rows.contact[slot].D, of_world<T>(m.pair_mu)[pair],
                                        of_world<T>(m.pair_friction) + 5 * pair, m.pair_dim[pair]);
  block.normal = force.normal;
  for (int i = 0; i < block.n; ++i) {
    rows[i] = contact_row(m, w, slot, i + 1, w.rows.noslip_rows + i * m.nv);
    block.slip[i] = jar[i + 1] + inverse_product(w, rows[i], w.rows.noslip_push);
    block.force[i] = force.friction[i] + w.rows.noslip_change[first + i + 1];
    for (int j = 0; j <= i; ++j) {
      const T product = inverse_product(w, rows[i], rows[j].u);
      block.A[block.n * i + j] = block.A[block.n * j + i] = i == j ? maximum(product, T(Real<T>(1e-10))) : product;
    }
  }
  return block;
}

// Friction of an elliptic cone: all its rows at once.
template <class G, class T>
[[gnu::noinline]] LS_FN void sweep_cone(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int slot,
                                        NoslipSweep<T>& sweep) {
  const int pair = m.slot_pair[slot], first = slot * m.contact_rows;
  EliminatedRow<T> rows[5];
  const FrictionBlock<T> block = friction_block(m, w, slot, rows);
  const int n = block.n;
  T b[5] = {}, x[5];
  for (int i = 0; i < n; ++i) {
    b[i] = block.slip[i];
    for (int j = 0; j < n; ++j) b[i] -= block.A[n * i + j] * block.force[j];
  }
  minimise_in_ellipsoid(block, b, of_world<T>(m.pair_friction) + 5 * pair, x);
  const MaskOf<T> lifted = block.normal < T(Real<T>(1e-15));
  T step[5], rise = T(0);
  for (int i = 0; i < n; ++i) step[i] = select(lifted, T(0), x[i]) - block.force[i];
  for (int i = 0; i < n; ++i) {
    rise += step[i] * block.slip[i];
    for (int j = 0; j < n; ++j) rise += T(Real<T>(0.5)) * step[i] * block.A[n * i + j] * step[j];
  }
  const MaskOf<T> moves = sweep.worlds & (rise <= T(kLargestRise<Real<T>>));
  sweep.improvement -= select(moves, rise, T(0));
  for (int i = 0; i < n; ++i) {
    const T moved = select(moves, step[i], T(0));
    w.rows.noslip_change[first + i + 1] += moved;
    push_row(w, rows[i], moved);
  }
}

template <class G, class T>
LS_FN void sweep_dof_friction(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int friction,
                              NoslipSweep<T>& sweep) {
  const int dof = m.friction_dof[friction];
  const EliminatedRow<T> row{w.rows.list.noslip_dofs, merge_ancestors(m, w.rows.list.noslip_dofs, 0, dof),
                             w.rows.noslip_rows};
  for (int i = 0; i < row.count; ++i) row.u[row.dofs[i]] = T(0);
  row.u[dof] = T(1);
  eliminate_row(m, w, row);
  const T jar = w.rows.friction_jar[friction];
  sweep_bounded_force(w, row, -dof_friction_point(m, friction, jar).force, T(of_world<T>(m.friction_loss)[friction]),
                      jar, w.rows.noslip_friction_change[friction], sweep);
}

template <class G, class T>
LS_FN void sweep_tendon_friction(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int scalar,
                                 NoslipSweep<T>& sweep) {
  int count = 0;
  for (int e = m.scalar_adr[scalar]; e < m.scalar_adr[scalar + 1]; ++e) {
    count = merge_ancestors(m, w.rows.list.noslip_dofs, count, m.scalar_dof[e]);
  }
  const EliminatedRow<T> row{w.rows.list.noslip_dofs, count, w.rows.noslip_rows};
  for (int i = 0; i < count; ++i) row.u[row.dofs[i]] = T(0);
  for (int e = m.scalar_adr[scalar]; e < m.scalar_adr[scalar + 1]; ++e) row.u[m.scalar_dof[e]] = w.rows.scalar_J[e];
  eliminate_row(m, w, row);
  const T jar = w.rows.scalar_jar[scalar];
  sweep_bounded_force(w, row, -scalar_point(m, w, scalar, jar).force, T(m.scalar_loss[scalar]), jar,
                      w.rows.noslip_scalar_change[scalar], sweep);
}

// One sweep over all friction rows, in MuJoCo's order (that of the pairs is arranged so by the model's constants).
template <class G, class T>
LS_FN void sweep_frictions(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, NoslipSweep<T>& sweep) {
  for (int i = 0; i < m.num_frictions; ++i) sweep_dof_friction(m, w, i, sweep);
  for_each_scalar(w.rows.list, [&](int scalar) {
    if (m.scalar_kind[scalar] == kRowFriction) sweep_tendon_friction(m, w, scalar, sweep);
  });
  for_each_contact(m, w.rows.list, [&](int slot, int pair) {
    if (is_equality(m, pair) || m.pair_dim[pair] == 1) return;
    if (m.has_elliptic_cones != 0) {
      sweep_cone(m, w, slot, sweep);
    } else {
      sweep_pyramid(m, w, slot, sweep);
    }
  });
}

// Half the sum of R f^2 over all rows: what the first sweep gains by leaving the regularisation out.
template <class G, class T>
[[gnu::noinline]] LS_FN T regularisation_energy(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w) {
  const T zero = T(0);
  T twice = zero;
  const auto add = [&](T force, T D) { twice += select(D > zero, force * force / select(D > zero, D, T(1)), zero); };
  for (int i = 0; i < m.num_frictions; ++i) {
    add(dof_friction_point(m, i, w.rows.friction_jar[i]).force, T(of_world<T>(m.friction_D)[i]));
  }
  for_each_limit_row(m, w.rows.list, [&](int, int, int row) {
    add(w.rows.limit_D[row] * minimum(w.rows.limit_jar[row], zero), w.rows.limit_D[row]);
  });
  for_each_scalar(w.rows.list,
                  [&](int row) { add(scalar_point(m, w, row, w.rows.scalar_jar[row]).force, w.rows.scalar_D[row]); });
  for_each_contact(m, w.rows.list, [&](int slot, int pair) {
    for_each_row_force(m, pair, w.rows.contact[slot].D, w.rows.contact_jar + slot * m.contact_rows, add);
  });
  return T(Real<T>(0.5)) * twice;
}

// Adds J' times the changes of the forces to qfrc: noslip_push = L^-T of that.
template <class G, class T>
LS_FN void add_pushed_forces(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w) {
  for (int dof = m.nv - 1; dof >= 0; --dof) {
    const T push = w.rows.noslip_push[dof];
    w.qfrc[dof] += push;
    const T scaled = w.inverse_diagonal[dof] * push;
    const int adr = m.dof_row[dof] + 1;
    for (int t = 0; t < m.dof_depth[dof]; ++t) w.qfrc[m.dof_ancestor[adr + t]] += w.factor_rows[adr + t] * scaled;
  }
}

// Finds the friction forces of the worlds in `active` again; their qfrc changes accordingly. The solver must have run,
// with all its rows still listed.
template <class G, class T, class Team>
[[gnu::noinline]] LS_FN void remove_slip(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, MaskOf<T> active,
                                         const Team& team) {
  set_right_side(m, w.mass_rows, w.qfrc, team);
  factor_mass(m, w, team);
  team.each(m.nv, [&](int dof) { w.rows.noslip_push[dof] = T(0); });
  team.each(m.num_frictions, [&](int i) { w.rows.noslip_friction_change[i] = T(0); });
  team.each(m.num_scalar_rows, [&](int i) { w.rows.noslip_scalar_change[i] = T(0); });
  team.each(*w.rows.list.num_contacts, [&](int i) {
    const int first = w.rows.list.active_contacts[i] * m.contact_rows;
    for (int k = first; k < first + m.contact_rows; ++k) w.rows.noslip_change[k] = T(0);
  });
  team.once([&] {
    NoslipSweep<T> sweep{active, regularisation_energy(m, w)};
    for (int iteration = 0; iteration < m.noslip_iterations && any(sweep.worlds); ++iteration) {
      sweep_frictions(m, w, sweep);
      sweep.worlds = sweep.worlds & (sweep.improvement >= T(m.noslip_least_gain));
      sweep.improvement = T(0);
    }
    add_pushed_forces(m, w);
  });
}

}  // namespace lockstep::kernels
