// Constraint forces of joint limits: the minimum over qacc of
//   1/2 (qacc - qacc_smooth)' M (qacc - qacc_smooth) + sum over rows of 1/2 D min(0, J qacc - aref)^2
// by Newton's method with an exact line search, as MuJoCo does (computation chapter, "Solver"). The cost is piecewise
// quadratic: a full step after which no row changes its side is the exact minimum, and ends the iteration. That rule
// serves float and double alike; a world that has ended moves no more, whatever its neighbours in the lanes do.
#pragma once

#include "kernels/factor.h"
#include "kernels/limits.h"

namespace lockstep::kernels {

// gradient = M a - qfrc + J' D (J a - aref) over pushing rows, and the Hessian M + J' D J with it.
template <class G, class T>
LS_FN void add_limit_to_hessian(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int limit) {
  const int dof = m.limit_dof[limit];
  for (int side = 0; side < limit_sides(m.limit_is_ball[limit]); ++side) {
    const int row = m.limit_row[limit] + side;
    const T jar = w.row_jar[row];
    const T stiffness = select(jar < T(0), w.row_D[row], T(0));
    const T push = stiffness * jar;
    if (!m.limit_is_ball[limit]) {
      w.gradient[dof] += side == 0 ? push : -push;
      w.hessian_rows[m.dof_row[dof] + 1 + m.dof_depth[dof]] += stiffness;
      continue;
    }
    const T* axis = w.row_axis + 3 * row;
    for (int i = 0; i < 3; ++i) {
      w.gradient[dof + i] -= axis[i] * push;
      T* entries = w.hessian_rows + m.dof_row[dof + i] + 1 + m.dof_depth[dof];
      for (int j = 0; j <= i; ++j) entries[j] += stiffness * axis[i] * axis[j];
    }
  }
}

// Slope and curvature of the cost at `alpha` along the search direction; `same` loses the worlds where a row has
// changed its side since alpha = 0.
template <class T>
struct LinePoint {
  T slope, curvature;
  MaskOf<T> same;
};
template <class G, class T>
LS_FN LinePoint<T> line_point(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, T alpha, T slope0,
                              T curvature0) {
  LinePoint<T> point{slope0 + alpha * curvature0, curvature0, MaskOf<T>(true)};
  for (int row = 0; row < m.num_rows; ++row) {
    const T D = w.row_D[row], jv = w.row_jv[row], jar = w.row_jar[row];
    const T moved = jar + alpha * jv;
    const T stiffness = select(moved < T(0), D, T(0));
    point.slope += stiffness * jv * moved;
    point.curvature += stiffness * jv * jv;
    const MaskOf<T> crossed = (moved < T(0)) ^ (jar < T(0));
    point.same = point.same & !(crossed & (D != T(0)));
  }
  return point;
}

// The minimum of the cost along the search direction for the worlds in `searching`: Newton's method on the slope inside
// a bracket. slope0, curvature0: of the smooth part at alpha = 0 (row terms excluded).
template <class G, class T>
LS_FN T line_search(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, MaskOf<T> searching, T slope0,
                    T curvature0) {
  const Real<T> tolerance = sizeof(Real<T>) == 4 ? Real<T>(1e-4) : Real<T>(1e-10);
  const T small = T(tolerance) * absolute(line_point(m, w, T(0), slope0, curvature0).slope);
  T low = T(0), high = T(Real<T>(__builtin_huge_val())), alpha = T(1);
  for (int iteration = 0; iteration < 30; ++iteration) {
    const LinePoint<T> point = line_point(m, w, alpha, slope0, curvature0);
    searching = searching & (absolute(point.slope) > small);
    if (none(searching)) break;
    low = select(searching & (point.slope < T(0)), alpha, low);
    high = select(searching & (point.slope > T(0)), alpha, high);
    T next = alpha - point.slope / point.curvature;
    const MaskOf<T> outside = !((next > low) & (next < high));
    const T middle = select(is_finite(high), T(Real<T>(0.5)) * (low + high), low + low + T(1));
    next = select(outside, middle, next);
    alpha = select(searching, next, alpha);
  }
  return alpha;
}

// One Newton iteration for the worlds not in `done`; returns those that are done after it.
template <class G, class T, class Team>
LS_FN MaskOf<T> newton_iteration(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, MaskOf<T> done,
                                 const Team& team) {
  team.each(m.row_numbers, [&](int i) { w.hessian_rows[i] = w.mass_rows[i]; });
  team.each(m.nv, [&](int dof) { w.gradient[dof] = w.Ma[dof] - w.qfrc[dof]; });
  T smooth_slope = T(0);
  team.each(m.num_limits, [&](int limit) { add_limit_to_hessian(m, w, limit); });
  team.each(m.nv, [&](int dof) { w.hessian_rows[m.dof_row[dof]] = -w.gradient[dof]; });
  factor_and_solve(m, w, w.hessian_rows, static_cast<const T*>(nullptr), w.search, team);
  multiply_mass(m, w.mass_rows, w.search, w.Mv, team);
  team.each(m.num_limits, [&](int limit) {
    for (int side = 0; side < limit_sides(m.limit_is_ball[limit]); ++side) {
      w.row_jv[m.limit_row[limit] + side] = row_product(m, w, limit, side, w.search);
    }
  });
  T curvature = T(0), decrement = T(0), scale = T(0);
  for (int dof = 0; dof < m.nv; ++dof) {
    smooth_slope += w.search[dof] * (w.Ma[dof] - w.qfrc[dof]);
    curvature += w.search[dof] * w.Mv[dof];
    decrement -= w.search[dof] * w.gradient[dof];
    scale += w.solution[dof] * w.Ma[dof];
  }
  const MaskOf<T> exact = line_point(m, w, T(1), smooth_slope, curvature).same;
  // No step larger than rounding is left: a row that stands on its edge must not keep the world going.
  const Real<T> rounding = sizeof(Real<T>) == 4 ? Real<T>(1e-12) : Real<T>(1e-28);
  const MaskOf<T> still = !(decrement > T(rounding) * absolute(scale));
  T alpha = T(1);
  const MaskOf<T> searching = !(done | exact | still);
  if (any(searching)) alpha = select(searching, line_search(m, w, searching, smooth_slope, curvature), T(1));
  alpha = select(done, T(0), alpha);
  team.sync();
  team.each(m.nv, [&](int dof) {
    w.solution[dof] += alpha * w.search[dof];
    w.Ma[dof] += alpha * w.Mv[dof];
  });
  team.each(m.num_rows, [&](int row) { w.row_jar[row] += alpha * w.row_jv[row]; });
  return done | exact | still;
}

// Finds the constraint forces at `solution` (on entry the warm start) and adds them to qfrc. Rows must be written.
template <class G, class T, class Team>
[[gnu::noinline]] LS_FN void add_limit_forces(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                              MaskOf<T> active, const Team& team) {
  team.each(m.num_limits, [&](int limit) {
    write_limit(m, w, limit);
    for (int side = 0; side < limit_sides(m.limit_is_ball[limit]); ++side) {
      const int row = m.limit_row[limit] + side;
      w.row_jar[row] = row_product(m, w, limit, side, w.solution) - w.row_aref[row];
    }
  });
  multiply_mass(m, w.mass_rows, w.solution, w.Ma, team);
  MaskOf<T> done = !active;
  for (int iteration = 0; iteration < m.solver_iterations && !all(done); ++iteration) {
    done = newton_iteration(m, w, done, team);
  }
  team.each(m.num_limits, [&](int limit) {
    const int dof = m.limit_dof[limit];
    for (int side = 0; side < limit_sides(m.limit_is_ball[limit]); ++side) {
      const int row = m.limit_row[limit] + side;
      const T push = select(w.row_jar[row] < T(0), w.row_D[row] * w.row_jar[row], T(0));
      if (!m.limit_is_ball[limit]) {
        w.qfrc[dof] -= side == 0 ? push : -push;
        continue;
      }
      for (int i = 0; i < 3; ++i) w.qfrc[dof + i] += w.row_axis[3 * row + i] * push;
    }
  });
}

}  // namespace lockstep::kernels
