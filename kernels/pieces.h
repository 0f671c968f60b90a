// Parts of a step whose arithmetic is the same for every state of a model: no branch in them hangs on a world's
// numbers. Each is a kernel on a workspace, and may have been compiled for the model at hand
// (engine/specialised_kernels.h): straight-line code that reads and writes the same arrays.
#pragma once

#include "kernels/workspace.h"

namespace lockstep::kernels {

enum Piece : int {
  kSmoothForces,        // smooth_forces
  kSmoothAcceleration,  // accelerate_smoothly, as the model's integrator has it
  kMove,                // move_state: x is the time step of each world [1]
  kPlaceGeoms,          // place_geoms
  kPairGaps,            // find_gaps
  kMassProduct,         // multiply_mass: y [nv] = M x [nv]
  kLinkMotions,         // link_motions of x [nv]
  kNewtonStep,          // solve_on_tree, where contacts couple no branches
  kNumPieces,
  kGatherLink = kNumPieces  // gather_dofs of one link that feels stiffness, where contacts couple no branches
};

// Code compiled for one model, one instruction set and one lane type; null: the kernels themselves. `workspace` is a
// Workspace<G, T>, x and y point to numbers of type T.
struct SpecialisedPieces {
  using Function = void (*)(const void* workspace, const void* x, void* y);
  Function of[kNumPieces];
  const Function* gather_link;  // [num_links]
};

// Runs the compiled form of a piece; false where there is none.
template <class G, class T, class Team>
[[gnu::always_inline]] LS_FN bool run_specialised(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                  Piece piece, const Team&, const T* x = nullptr, T* y = nullptr) {
  if constexpr (Team::kAlone) {
    if (m.specialised == nullptr || m.specialised->of[piece] == nullptr) return false;
    m.specialised->of[piece](&w, x, y);
    return true;
  }
  return false;
}

template <class G, class T, class Team>
[[gnu::always_inline]] LS_FN bool run_specialised_link(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                       int link, const Team&) {
  if constexpr (Team::kAlone) {
    if (m.specialised == nullptr || m.specialised->gather_link == nullptr) return false;
    if (m.specialised->gather_link[link] == nullptr) return false;
    m.specialised->gather_link[link](&w, nullptr, nullptr);
    return true;
  }
  return false;
}

// visit(pointer member of the workspace, count of numbers): every array through which pieces and the other kernels
// meet.
template <class G, class T, class Visit>
void for_each_shared_array(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, Visit&& visit) {
  constexpr int kPoint = G::kPoint, kSpin = G::kPlanar ? 1 : 3, kRotation = G::kPlanar ? 2 : 9;
  visit(w.qpos, m.nq);
  visit(w.qvel, m.nv);
  visit(w.act, m.na);
  visit(w.ctrl, m.nu);
  visit(w.mocap_pos, 3 * m.nmocap);
  visit(w.mocap_quat, 4 * m.nmocap);
  visit(w.rotation, kRotation * m.num_links);
  visit(w.point, kPoint * m.num_links);
  visit(w.velocity, (kSpin + kPoint) * m.num_links);
  visit(w.cdof, (kSpin + kPoint) * m.nv);
  visit(w.mass_rows, m.row_numbers);
  visit(w.qfrc, m.nv);
  visit(w.implicit_diagonal, m.nv);
  visit(w.qacc, m.nv);
  visit(w.act_dot, m.na);
  visit(w.ten_length, m.ntendon);
  visit(w.ten_velocity, m.ntendon);
  visit(w.ten_force, m.ntendon);
  visit(w.ten_bias, m.ntendon);
  visit(w.ten_J, m.num_tendon_entries);
  visit(w.actuator_length, m.num_general);
  visit(w.actuator_velocity, m.num_general);
  visit(w.actuator_force, m.num_general);
  visit(w.actuator_slope, m.num_general);
  visit(w.actuator_moment, m.num_moments);
  if (m.num_clamped_dofs != 0 || m.has_lifted_dofs) visit(w.qfrc_actuator, m.nv);
  if (m.has_lifted_dofs) visit(w.qfrc_gravcomp, m.nv);
  if (m.num_lone_bodies != 0) {
    visit(w.inertia, (G::kPlanar ? 3 : 9) * m.num_links);
  }
  if (m.has_acceleration_sensors || m.num_body_equalities != 0) {
    visit(w.bias_linear, kPoint * m.num_links);
    if (!G::kPlanar) visit(w.bias_angular, kSpin * m.num_links);
  }
  if (m.has_constraints == 0) return;
  visit(w.rows.hessian_rows, m.row_numbers);
  visit(w.rows.search, m.nv);
  visit(w.rows.gradient, m.nv);
  visit(w.rows.link_motion, (kSpin + kPoint) * m.num_links);
  visit(w.rows.link_wrench, (kSpin + kPoint) * m.num_links);
  visit(w.rows.link_stiffness, (G::kPlanar ? 6 : 21) * m.num_links);
  if (m.num_contact_slots == 0) return;
  visit(w.rows.geom_point, 3 * m.num_geoms);
  visit(w.rows.geom_axes, 9 * m.num_geoms);
  visit(w.rows.tree_origin, 3 * m.num_links);
  visit(w.rows.pair_gap, m.num_pairs);
}

}  // namespace lockstep::kernels
