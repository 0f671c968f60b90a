// Free bodies without descendants under implicitfast: their six equations are solved once more, by elimination, with
// the derivative of the gyroscopic forces, which the symmetric solve leaves out. MuJoCo computation chapter,
// "Numerical integration".
#pragma once

#include "kernels/workspace.h"

namespace lockstep::kernels {

// a [6][7]: solves a[.][0..5] x = a[.][6] in place, without pivoting: a is an inertia, changed by a time step's worth.
template <class T>
LS_FN void eliminate_block(T (&a)[6][7]) {
  for (int k = 0; k < 6; ++k) {
    const T inverse = T(1) / a[k][k];
    for (int i = k + 1; i < 6; ++i) {
      const T factor = a[i][k] * inverse;
      for (int j = k + 1; j < 7; ++j) a[i][j] -= factor * a[k][j];
    }
  }
  for (int k = 5; k >= 0; --k) {
    for (int j = k + 1; j < 6; ++j) a[k][6] -= a[k][j] * a[j][6];
    a[k][6] = a[k][6] / a[k][k];
  }
}

// Adds the time step times the derivative of the bias force by the angular velocity, all in the dofs' coordinates:
//   d(w x (w x h)) = e x (w x h) + w x (e x h),   d(w x J w) = e x J w + w x J e   for a change e of w
template <class T>
LS_FN void add_gyroscopic_derivative(const ModelConstants<Real<T>>& m, const Workspace<Spatial, T>& w, int link,
                                     T (&a)[6][7]) {
  const T h = T(m.timestep);
  const Matrix3<T>& r = w.rotation[link];
  const Inertia<Spatial, T>& inertia = w.inertia[link];
  const Vector3<T> spin = w.velocity[link].w;
  const Vector3<T> momentum = product(inertia.J, spin), swing = cross(spin, inertia.h);
  const Vector3<T> axes[3] = {r.x, r.y, r.z};
  for (int k = 0; k < 3; ++k) {
    const Vector3<T> force = cross(axes[k], swing) + cross(spin, cross(axes[k], inertia.h));
    const Vector3<T> torque = cross(axes[k], momentum) + cross(spin, product(inertia.J, axes[k]));
    a[0][3 + k] += h * force.x;
    a[1][3 + k] += h * force.y;
    a[2][3 + k] += h * force.z;
    for (int i = 0; i < 3; ++i) a[3 + i][3 + k] += h * dot(axes[i], torque);
  }
}

// qacc of a lone body from the augmented rows of the symmetric solve and what it adds to their diagonal.
template <class T>
LS_FN void solve_lone_body(const ModelConstants<Real<T>>& m, const Workspace<Spatial, T>& w, int link, const T* rows,
                           const T* added) {
  const int first = m.link_dofadr[link];
  T a[6][7];
  for (int i = 0; i < 6; ++i) {
    const T* row = rows + m.dof_row[first + i];
    for (int j = 0; j <= i; ++j) a[i][j] = a[j][i] = row[1 + j];
    a[i][i] += added[first + i];
    a[i][6] = row[0];
  }
  add_gyroscopic_derivative(m, w, link, a);
  eliminate_block(a);
  for (int i = 0; i < 6; ++i) w.qacc[first + i] = a[i][6];
}

template <class G, class T, class Team>
[[gnu::noinline]] LS_FN void solve_lone_bodies(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                               const T* rows, const T* added, const Team& team) {
  if constexpr (!G::kPlanar) {
    team.each(m.num_lone_bodies, [&](int i) { solve_lone_body(m, w, m.lone_link[i], rows, added); });
  }
}

}  // namespace lockstep::kernels
