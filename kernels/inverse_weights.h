// Inverse weights: how much a unit force moves dofs, bodies and tendons at the present state, J M^-1 J' on average over
// the directions of a joint or body. mj_setConst finds them at qpos0; constraints take them for the diagonal of A.
#pragma once

#include "kernels/dynamics.h"
#include "kernels/markers.h"
#include "kernels/noslip.h"

namespace lockstep::kernels {

// Where they go; names and layouts as mjModel's.
template <class T>
struct InverseWeights {
  T* dof;     // [nv]
  T* body;    // [nbody][2] along the axes and about them; zero for bodies that nothing moves
  T* tendon;  // [ntendon]
};

// Room to work in.
template <class T>
struct InverseWeightScratch {
  std::int32_t* dofs;  // [nv]
  T* u;                // [nv]
};

template <class G, class T>
LS_FN T weigh_row(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const EliminatedRow<T>& row) {
  eliminate_row(m, w, row);
  return inverse_product(w, row, row.u);
}

template <class G, class T>
LS_FN void weigh_joint(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int joint,
                       const InverseWeightScratch<T>& scratch, T* weights) {
  const int kind = m.joint_kind[joint], first = m.jnt_dofadr[joint];
  const int count = kind == kFree ? 6 : kind == kBall ? 3 : 1;
  for (int dof = first; dof < first + count; ++dof) {
    const EliminatedRow<T> row{scratch.dofs, merge_ancestors(m, scratch.dofs, 0, dof), scratch.u};
    for (int i = 0; i < row.count; ++i) row.u[row.dofs[i]] = T(0);
    row.u[dof] = T(1);
    weights[dof] = weigh_row(m, w, row);
  }
  for (int start = first; count > 1 && start < first + count; start += 3) {
    const T mean = (weights[start] + weights[start + 1] + weights[start + 2]) / T(3);
    weights[start] = weights[start + 1] = weights[start + 2] = mean;
  }
}

// The last dof that moves a link; -1: none does.
template <class R>
LS_FN int last_dof_of(const ModelConstants<R>& m, int link) {
  while (link >= 0 && m.link_dofnum[link] == 0) link = m.link_parent[link];
  return link < 0 ? -1 : m.link_dofadr[link] + m.link_dofnum[link] - 1;
}

// com: the body's centre of mass, as body_offset.
template <class G, class T>
LS_FN void weigh_body(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int link, const Real<T>* com,
                      const InverseWeightScratch<T>& scratch, T* weights) {
  weights[0] = weights[1] = T(0);
  const int last = last_dof_of(m, link);
  if (last < 0) return;
  const EliminatedRow<T> row{scratch.dofs, merge_ancestors(m, scratch.dofs, 0, last), scratch.u};
  const Real<T> upright[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  const Vector3<T> p = place_frame(m, w, link, com, upright).p;
  for (int k = 0; k < 6; ++k) {
    for (int i = 0; i < row.count; ++i) {
      const Motion<Spatial, T> s = spatial_motion<G, T>(m, w.cdof[row.dofs[i]]);
      row.u[row.dofs[i]] = element(k < 3 ? s.v + cross(s.w, p) : s.w, k % 3);
    }
    weights[k / 3] += weigh_row(m, w, row) / T(3);
  }
}

template <class G, class T>
LS_FN void weigh_tendon(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int tendon,
                        const InverseWeightScratch<T>& scratch, T* weights) {
  const int first = m.ten_J_rowadr[tendon], end = first + m.ten_J_rownnz[tendon];
  int count = 0;
  for (int e = first; e < end; ++e) count = merge_ancestors(m, scratch.dofs, count, m.ten_J_colind[e]);
  const EliminatedRow<T> row{scratch.dofs, count, scratch.u};
  for (int i = 0; i < count; ++i) row.u[row.dofs[i]] = T(0);
  for (int e = first; e < end; ++e) row.u[m.ten_J_colind[e]] = w.ten_J[e];
  weights[tendon] = weigh_row(m, w, row);
}

// All of them, at the state in the workspace. `com` [nbody][3]: centres of mass, as body_offset.
template <class G, class T, class Team>
LS_FN void find_inverse_weights(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, const Real<T>* com,
                                const InverseWeightScratch<T>& scratch, const InverseWeights<T>& out,
                                const Team& team) {
  mass_and_bias(m, w, team);
  factor_mass(m, w, team);
  for (int joint = 0; joint < m.num_joints; ++joint) weigh_joint(m, w, joint, scratch, out.dof);
  for (int body = 0; body < m.nbody; ++body) {
    weigh_body(m, w, m.body_link[body], com + 3 * body, scratch, out.body + 2 * body);
  }
  for (int tendon = 0; tendon < m.ntendon; ++tendon) weigh_tendon(m, w, tendon, scratch, out.tendon);
}

}  // namespace lockstep::kernels
