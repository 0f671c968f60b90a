// Joint limits as MuJoCo's soft constraints: rows, their impedance and reference acceleration.
// Row r has the Jacobian +-1 at its dof (hinge, slide) or minus a unit axis at three dofs (ball): none is stored as a
// matrix. MuJoCo computation chapter, "Constraint model"; modeling chapter, "Solver parameters".
#pragma once

#include "kernels/math.h"
#include "kernels/quaternion.h"
#include "kernels/workspace.h"

namespace lockstep::kernels {

// J x of one row of a limit. side 0: lower, 1: upper (hinge, slide).
template <class G, class T>
LS_FN T row_product(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int limit, int side, const T* x) {
  const int dof = m.limit_dof[limit];
  if (!m.limit_is_ball[limit]) return side == 0 ? x[dof] : -x[dof];
  const T* axis = w.rows.limit_axis + 3 * m.limit_row[limit];
  return -(axis[0] * x[dof] + axis[1] * x[dof + 1] + axis[2] * x[dof + 2]);
}

LS_FN int limit_sides(int is_ball) { return is_ball ? 1 : 2; }

// Distances of a hinge or slide from its limits. A position near its limit differs from it without rounding; then what
// the limit lost to rounding is put back: an impedance that changes over a millimetre must not see 1e-7 of an angle.
template <class T>
LS_FN T distance_from_low(const ModelConstants<Real<T>>& m, int limit, T q) {
  return (q - T(m.limit_low[limit])) - T(m.limit_low_rest[limit]);
}
template <class T>
LS_FN T distance_from_high(const ModelConstants<Real<T>>& m, int limit, T q) {
  return (T(m.limit_high[limit]) - q) + T(m.limit_high_rest[limit]);
}

// How far each side is from its limit, less the margin: negative where the row is active.
template <class G, class T>
LS_FN T distance_to_activity(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int limit) {
  const Real<T> margin = m.limit_margin[limit];
  if (m.limit_is_ball[limit]) {
    if constexpr (!G::kPlanar) {
      const Vector3<T> turn = rotation_vector(joint_quaternion(w.qpos + m.limit_qposadr[limit]));
      return T(m.limit_high[limit] - margin) - square_root(dot(turn, turn));
    }
  }
  const T q = w.qpos[m.limit_qposadr[limit]];
  return minimum(distance_from_low(m, limit, q), distance_from_high(m, limit, q)) - T(margin);
}

// Impedance in (0, 1) at `violation` = pos - margin <= 0 (MuJoCo's getimpedance).
template <class T>
LS_FN T impedance(const Real<T>* solimp, T violation) {
  const Real<T> low = solimp[0], high = solimp[1], width = solimp[2], middle = solimp[3], exponent = solimp[4];
  if (low == high || width <= Real<T>(1e-15)) return T((low + high) / 2);
  const T x = absolute(violation) / T(width);
  T y = x;
  if (exponent == Real<T>(2)) {
    const T rest = T(1) - x;
    y = select(x <= T(middle), x * x / T(middle), T(1) - rest * rest / T(1 - middle));
  } else if (exponent != Real<T>(1)) {
    const T scale_low = T(1) / power(T(middle), T(exponent - 1));
    const T scale_high = T(1) / power(T(1 - middle), T(exponent - 1));
    const T inside = minimum(x, T(1));
    y = select(x <= T(middle), scale_low * power(inside, T(exponent)),
               T(1) - scale_high * power(T(1) - inside, T(exponent)));
  }
  return select(x >= T(1), T(high), T(low) + y * T(high - low));
}

// D = 1/R and aref of one row at distance `pos` from its limit; D = 0 where it is not active.
template <class G, class T>
LS_FN void write_row(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int limit, int side, T pos) {
  const int row = m.limit_row[limit] + side;
  const T violation = pos - T(m.limit_margin[limit]);
  const T imp = impedance(m.limit_solimp + 5 * limit, violation);
  const T regularisation = maximum((T(1) - imp) / imp * T(of_world<T>(m.limit_invweight)[limit]), T(Real<T>(1e-15)));
  w.rows.limit_D[row] = select(violation < T(0), T(1) / regularisation, T(0));
  w.rows.limit_aref[row] = -(T(m.limit_damping[limit]) * row_product(m, w, limit, side, w.qvel)) -
                           T(m.limit_stiffness[limit]) * imp * violation;
}

// All rows of one limit.
template <class G, class T>
LS_FN void write_limit(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int limit) {
  if (m.limit_is_ball[limit]) {
    if constexpr (!G::kPlanar) {
      const Vector3<T> turn = rotation_vector(joint_quaternion(w.qpos + m.limit_qposadr[limit]));
      const T angle = square_root(dot(turn, turn));
      const T scale = T(1) / maximum(angle, T(Real<T>(1e-15)));
      T* axis = w.rows.limit_axis + 3 * m.limit_row[limit];
      axis[0] = scale * turn.x;
      axis[1] = scale * turn.y;
      axis[2] = scale * turn.z;
      write_row(m, w, limit, 0, T(m.limit_high[limit]) - angle);
    }
    return;
  }
  const T q = w.qpos[m.limit_qposadr[limit]];
  write_row(m, w, limit, 0, distance_from_low(m, limit, q));
  write_row(m, w, limit, 1, distance_from_high(m, limit, q));
}

// The rows of all limits that some world is at, and the list of these limits.
template <class G, class T, class Team>
LS_FN void find_limits(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const Team& team) {
  const ConstraintLists& list = w.rows.list;
  if constexpr (Team::kAlone) {
    int count = 0;
    for (int limit = 0; limit < m.num_limits; ++limit) {
      if (!any(distance_to_activity(m, w, limit) < T(0))) continue;
      write_limit(m, w, limit);
      list.active_limits[count++] = limit;
    }
    *list.num_limits = count;
  } else {
    team.each(m.num_limits, [&](int limit) {
      write_limit(m, w, limit);
      list.active_limits[limit] = limit;
    });
    team.once([&] { *list.num_limits = m.num_limits; });
  }
}

}  // namespace lockstep::kernels
