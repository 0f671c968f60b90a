// One control step of a sparse model on T, and its Jacobian: x' from the field f(x, u) = Xi Theta(x, u).
#pragma once

#include "kernels/feature_library.h"

namespace lockstep::kernels {

// How a step is made of the field f; the control is held over the step of h seconds.
enum class SparseIntegrator : int {
  kMap,           // x' = f(x, u)
  kEuler,         // x' = x + h f(x, u)
  kSemiImplicit,  // velocities by Euler, then positions by the new velocities: MuJoCo's Euler
  kRungeKutta4,   // the classical fourth-order method
};

struct SparseTerm {
  int node = 0;  // of the library's program
  double coefficient = 0;
};

// Does not own its arrays.
struct SparseDynamics {
  FeatureProgram library;
  const int* first_term = nullptr;  // [nx + 1] terms of state i: first_term[i] .. first_term[i + 1] - 1
  const SparseTerm* terms = nullptr;
  const int* velocity_of = nullptr;  // [nx] the state that is the derivative of state i, or -1: then it has terms
  int nx = 0;
  int nu = 0;
  SparseIntegrator integrator = SparseIntegrator::kMap;
  double timestep = 1;          // h (s)
  double divergence_limit = 0;  // a world with |x'| beyond it, or not finite, becomes NaN
};

// Parts of the scratch of one lane group, in numbers of type T.
template <class T>
struct SparseScratch {
  T *inputs, *atoms, *values, *value_bar, *atom_bar, *slope, *sum, *field_jacobian, *stage_jacobian, *slope_jacobian,
      *sum_jacobian;

  static LS_FN int size(const SparseDynamics& m) {
    const int nz = m.nx + m.nu;
    return nz + 2 * (m.library.num_atoms + m.library.num_nodes) + 2 * m.nx + 4 * m.nx * nz;
  }
  LS_FN SparseScratch(const SparseDynamics& m, T* memory) {
    const int nz = m.nx + m.nu;
    inputs = memory;
    atoms = inputs + nz;
    atom_bar = atoms + m.library.num_atoms;
    values = atom_bar + m.library.num_atoms;
    value_bar = values + m.library.num_nodes;
    slope = value_bar + m.library.num_nodes;
    sum = slope + m.nx;
    field_jacobian = sum + m.nx;
    stage_jacobian = field_jacobian + m.nx * nz;
    slope_jacobian = stage_jacobian + m.nx * nz;
    sum_jacobian = slope_jacobian + m.nx * nz;
  }
};

template <class T>
LS_FN T sparse_constant(double value) {
  return T(static_cast<Real<T>>(value));
}

// f(inputs) -> out [nx]; leaves atoms and values in the scratch.
template <class T>
LS_FN void sparse_field(const SparseDynamics& m, const T* inputs, T* out, const SparseScratch<T>& s) {
  evaluate_atoms(m.library, inputs, s.atoms);
  evaluate_nodes(m.library, s.atoms, s.values);
  for (int i = 0; i < m.nx; ++i) {
    if (m.velocity_of[i] >= 0) {
      out[i] = inputs[m.velocity_of[i]];
      continue;
    }
    T sum = T(0);
    for (int k = m.first_term[i]; k < m.first_term[i + 1]; ++k) {
      sum = sum + sparse_constant<T>(m.terms[k].coefficient) * s.values[m.terms[k].node];
    }
    out[i] = sum;
  }
}

// df/d(inputs) -> out [nx][nx + nu], after sparse_field at the same inputs.
template <class T>
LS_FN void sparse_field_jacobian(const SparseDynamics& m, T* out, const SparseScratch<T>& s) {
  const int nz = m.nx + m.nu;
  for (int i = 0; i < m.nx; ++i) {
    T* const row = out + i * nz;
    for (int j = 0; j < nz; ++j) row[j] = T(0);
    if (m.velocity_of[i] >= 0) {
      row[m.velocity_of[i]] = T(1);
      continue;
    }
    for (int node = 0; node < m.library.num_nodes; ++node) s.value_bar[node] = T(0);
    for (int k = m.first_term[i]; k < m.first_term[i + 1]; ++k) {
      s.value_bar[m.terms[k].node] = sparse_constant<T>(m.terms[k].coefficient);
    }
    pull_back(m.library, s.atoms, s.values, s.value_bar, s.atom_bar, row);
  }
}

namespace detail {

// slope_jacobian = f_x stage_jacobian + f_u, where stage_jacobian = d(stage state)/d(x, u) [nx][nz].
template <class T>
LS_FN void chain_slope(const SparseDynamics& m, const SparseScratch<T>& s) {
  const int nz = m.nx + m.nu;
  for (int i = 0; i < m.nx; ++i) {
    for (int j = 0; j < nz; ++j) {
      T sum = j < m.nx ? T(0) : s.field_jacobian[i * nz + j];
      for (int l = 0; l < m.nx; ++l) sum = sum + s.field_jacobian[i * nz + l] * s.stage_jacobian[l * nz + j];
      s.slope_jacobian[i * nz + j] = sum;
    }
  }
}

template <class T>
LS_FN T identity_entry(int i, int j) {
  return T(i == j ? 1 : 0);
}

template <class T, bool kWithJacobian>
LS_FN void runge_kutta_step(const SparseDynamics& m, const T* x, T* next, T* jacobian, const SparseScratch<T>& s) {
  const int nz = m.nx + m.nu;
  for (int i = 0; i < m.nx; ++i) s.sum[i] = T(0);
  if constexpr (kWithJacobian) {
    for (int e = 0; e < m.nx * nz; ++e) {
      s.sum_jacobian[e] = T(0);
      s.stage_jacobian[e] = identity_entry<T>(e / nz, e % nz);
    }
  }
  for (int stage = 0; stage < 4; ++stage) {
    // x' = x + h/6 (k1 + 2 k2 + 2 k3 + k4); `ahead` is where the next stage is evaluated.
    const T weight = sparse_constant<T>((stage == 0 || stage == 3 ? 1.0 : 2.0) * m.timestep / 6);
    const T ahead = sparse_constant<T>((stage == 2 ? 1.0 : 0.5) * m.timestep);
    sparse_field(m, s.inputs, s.slope, s);
    for (int i = 0; i < m.nx; ++i) s.sum[i] = s.sum[i] + weight * s.slope[i];
    if constexpr (kWithJacobian) {
      sparse_field_jacobian(m, s.field_jacobian, s);
      chain_slope(m, s);
      for (int e = 0; e < m.nx * nz; ++e) {
        s.sum_jacobian[e] = s.sum_jacobian[e] + weight * s.slope_jacobian[e];
        s.stage_jacobian[e] = identity_entry<T>(e / nz, e % nz) + ahead * s.slope_jacobian[e];
      }
    }
    for (int i = 0; i < m.nx; ++i) s.inputs[i] = x[i] + ahead * s.slope[i];
  }
  for (int i = 0; i < m.nx; ++i) next[i] = x[i] + s.sum[i];
  if constexpr (kWithJacobian) {
    for (int e = 0; e < m.nx * nz; ++e) jacobian[e] = identity_entry<T>(e / nz, e % nz) + s.sum_jacobian[e];
  }
}

template <class T, bool kWithJacobian>
LS_FN void single_stage_step(const SparseDynamics& m, const T* x, T* next, T* jacobian, const SparseScratch<T>& s) {
  const int nz = m.nx + m.nu;
  const bool is_map = m.integrator == SparseIntegrator::kMap;
  const T h = sparse_constant<T>(is_map ? 1.0 : m.timestep);
  sparse_field(m, s.inputs, s.slope, s);
  if constexpr (kWithJacobian) sparse_field_jacobian(m, s.field_jacobian, s);
  // Velocities (and states of no known derivative) first, then positions by the new velocities.
  for (int pass = 0; pass < 2; ++pass) {
    for (int i = 0; i < m.nx; ++i) {
      const int velocity = m.velocity_of[i];
      const bool is_second = m.integrator == SparseIntegrator::kSemiImplicit && velocity >= 0;
      if (is_second != (pass == 1)) continue;
      const T start = is_map ? T(0) : x[i];
      next[i] = start + h * (is_second ? next[velocity] : s.slope[i]);
      if constexpr (kWithJacobian) {
        for (int j = 0; j < nz; ++j) {
          const T inner = is_second ? jacobian[velocity * nz + j] : s.field_jacobian[i * nz + j];
          jacobian[i * nz + j] = (is_map ? T(0) : identity_entry<T>(i, j)) + h * inner;
        }
      }
    }
  }
}

}  // namespace detail

// x [nx], u [nu] -> next [nx], and with kWithJacobian also d next / d (x, u) in jacobian [nx][nx + nu] (else nullptr).
template <class T, bool kWithJacobian>
LS_FN void sparse_step(const SparseDynamics& m, const T* x, const T* u, T* next, T* jacobian, T* memory) {
  const SparseScratch<T> s(m, memory);
  for (int i = 0; i < m.nx; ++i) s.inputs[i] = x[i];
  for (int i = 0; i < m.nu; ++i) s.inputs[m.nx + i] = u[i];
  if (m.integrator == SparseIntegrator::kRungeKutta4) {
    detail::runge_kutta_step<T, kWithJacobian>(m, x, next, jacobian, s);
  } else {
    detail::single_stage_step<T, kWithJacobian>(m, x, next, jacobian, s);
  }
  MaskOf<T> is_sane = MaskOf<T>(true);
  const T limit = sparse_constant<T>(m.divergence_limit);
  for (int i = 0; i < m.nx; ++i) is_sane = is_sane && absolute(next[i]) <= limit;
  const T nan = T(static_cast<Real<T>>(__builtin_nan("")));
  for (int i = 0; i < m.nx; ++i) next[i] = select(is_sane, next[i], nan);
}

}  // namespace lockstep::kernels
