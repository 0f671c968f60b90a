// Constants of one model, as kernels read them: plain pointers and numbers, bound to host or device memory.
// engine/model_constants.h fills them from an mjModel. Names are MuJoCo's where MuJoCo has the quantity.
//
// A link is a body with joints of its own together with all bodies welded to it; links are in MuJoCo's order (parents
// first, a subtree's links and dofs contiguous). In a planar model points are in-plane pairs (the third number is
// unused) and link_rot holds cosine and sine.
#pragma once

#include "kernels/force_constants.h"
#include "kernels/lanes.h"
#include "kernels/sensor_constants.h"

#include <cstdint>

namespace lockstep::kernels {

enum class Integrator : std::int32_t { kEuler, kRk4, kImplicitFast };

// How a joint moves its link. The last three: a hinge about an axis of its link's frame, which needs less work.
enum JointKind : std::int32_t { kFree, kBall, kSlide, kHinge, kHingeX, kHingeY, kHingeZ };

// What a slide does to the origin that spatial vectors of its tree refer to (the root link's reference point).
enum SlideMode : std::int32_t { kMovesLink, kMovesOrigin, kMovesOriginAndShifts };

enum GainKind : std::int32_t { kNoVelocityOrLength, kAffine };
enum ActivationKind : std::int32_t { kNoActivation, kIntegrator, kFilter, kFilterExact, kMuscleActivation };

// What hull_bases holds of each hull: counts, then where its numbers begin.
enum HullBase : std::int32_t {
  kHullVertices,
  kHullFaces,
  kHullFirstVertex,
  kHullFirstNormal,
  kHullFaceStart,
  kHullFaceVertices,
  kHullEdgeStart,
  kHullNeighbours,
  kHullVertexFaceStart,
  kHullVertexFaces,
  kHullBases
};

enum ScalarRowKind : std::int32_t { kRowLimit, kRowFriction, kRowEquality };

// Sizes and choices of a model.
struct ModelSizes : ForceSizes, SensorSizes {
  int nq, nv, nu, na, nbody, nmocap;
  int num_links, num_joints, num_actuators, num_actuated, num_springs, num_dampers, num_limits;
  int num_rows;  // limit rows: two for each hinge or slide, one for each ball
  int num_frictions, num_scalar_rows, num_scalar_entries, num_geoms, num_pairs, num_body_equalities;
  int num_contact_slots;   // contacts that all pairs together can have
  int contact_rows;        // of the contact that has most
  int num_couplings;       // pairs of which both geoms move, and rows that couple branches
  int has_elliptic_cones;  // 0: pyramids
  int has_constraints;     // 1: there is any
  int row_numbers;         // numbers in all augmented rows of the mass matrix
  int num_link_levels, num_dof_levels;
  int planar;  // all links move in one plane
  Integrator integrator;
  int has_implicit_diagonal;  // the integrator adds to the diagonal of M: damping (Euler), all of it (implicitfast)
  int solver_iterations, noslip_iterations;
  int field_lane_stride;  // from the heights of one world of a block to those of the next; 0: all worlds' are the same
};

struct SpecialisedPieces;

template <class R>
struct ModelConstants : ModelSizes, ForceConstants<R>, SensorConstants<R> {
  R timestep;           // s
  R noslip_least_gain;  // the noslip pass ends with the sweep that gains less (of the dual cost, unscaled)
  R plane[9];           // planar: e1, e2 and the normal in world coordinates
  const SpecialisedPieces* specialised;  // parts of the step compiled for this model (kernels/pieces.h), or nullptr

  const R* gravity;  // [3] m/s^2; in a planar model its two in-plane components

  // links [num_links]
  const std::int32_t* link_parent;    // -1: the world
  const std::int32_t* link_jointadr;  // first joint
  const std::int32_t* link_jointnum;
  const std::int32_t* link_dofadr;
  const std::int32_t* link_dofnum;
  const std::int32_t* link_childadr;  // into link_children
  const std::int32_t* link_childnum;
  const std::int32_t* link_children;
  const std::int32_t* link_is_turned;      // 0: link_rot is the identity
  const std::int32_t* link_root;           // first link of its tree
  const std::int32_t* link_has_free_root;  // 1: its tree begins with a free joint
  const std::int32_t* link_mocapid;        // its pose is part of the state; -1: it follows from the joints
  const std::int32_t* link_offset_axes;    // bit k: link_pos[k] is not zero
  const R* link_pos;                       // [3] in the parent link's frame (m); roots: in the world
  const R* link_rot;                       // [9] columns of the rotation to the parent link's frame
  const R* link_mass;                      // kg
  const R* link_com;                       // [3] in the link's frame (m)
  const std::int32_t* link_com_axes;       // bit k: link_com[k] is not zero
  const R* link_subtree_mass;              // kg
  // Inertia about the centre of mass: isotropic 1 + sum over terms of weight a a'. In a planar model isotropic alone.
  const R* link_isotropic;             // kg m^2
  const std::int32_t* link_num_terms;  // 0 to 2
  const std::int32_t* link_term_axis;  // [2] 0, 1, 2: a is that axis of the link's frame; -1: link_term_vector
  const R* link_term_weight;           // [2] kg m^2
  const R* link_term_vector;           // [2][3]
  const std::int32_t* link_level_adr;  // [num_link_levels + 1] into link_levels
  const std::int32_t* link_levels;     // links by depth

  // bodies [nbody], for the poses that tasks read
  const std::int32_t* body_link;  // -1: welded to the world
  const R* body_offset;  // [3] from the link's point (m); planar: in world axes at the reference; -1: in the world
  const R* body_turn;    // [9] columns of the rotation to the link's frame, likewise

  // joints [num_joints]
  const std::int32_t* joint_kind;        // JointKind
  const std::int32_t* joint_slide_mode;  // SlideMode
  const std::int32_t* joint_has_offset;  // 1: jnt_pos is not zero
  const std::int32_t* jnt_qposadr;
  const std::int32_t* jnt_dofadr;
  const R* jnt_axis;         // [3] in the link's frame; planar hinge: [0] is +-1, its sense about the normal
  const R* joint_sense;      // +-1 for hinges about an axis of the frame
  const R* jnt_pos;          // [3] anchor in the link's frame (m)
  const R* joint_reference;  // qpos0 of hinges and slides (rad, m)

  // dofs [nv]
  const std::int32_t* dof_link;
  const std::int32_t* dof_depth;      // number of ancestors
  const std::int32_t* dof_end;        // one behind its last descendant
  const std::int32_t* dof_row;        // of its augmented row: [right side, ancestors from the root on, itself]
  const std::int32_t* dof_ancestor;   // at dof_row + 1 + t: the ancestor of depth t
  const std::int32_t* dof_level_adr;  // [num_dof_levels + 1] into dof_levels
  const std::int32_t* dof_levels;     // dofs by depth
  const R* dof_armature;              // kg m^2 or kg
  // passive forces
  const std::int32_t* spring_joint;  // [num_springs]
  const R* spring_stiffness;         // [num_springs][3]
  const R* spring_reference;         // [num_springs][7] qpos_spring of the joint
  const std::int32_t* damper_dof;    // [num_dampers]
  const R* damper_damping;           // [num_dampers][3]
  const std::int32_t* damper_is_linear;

  // actuators [num_actuators]: first those on hinges and slides, sorted by dof, then num_general general ones
  const std::int32_t* actuator_dof;  // of the former
  const std::int32_t* actuator_qposadr;
  const std::int32_t* actuator_ctrladr;
  const std::int32_t* actuator_actadr;      // -1: none
  const std::int32_t* actuator_activation;  // ActivationKind
  const std::int32_t* actuator_acts_early;
  const std::int32_t* actuator_gain_kind;  // GainKind
  const std::int32_t* actuator_bias_kind;
  const R* actuator_gear;
  const R* actuator_time_constant;  // s, of filters
  const R* actuator_gain;           // [3]
  const R* actuator_bias;           // [3]
  const R* actuator_ctrlrange;      // [2]
  const R* actuator_forcerange;     // [2]
  const R* actuator_actrange;       // [2]
  const std::int32_t* actuator_has_ctrlrange;
  const std::int32_t* actuator_has_forcerange;
  const std::int32_t* actuator_has_actrange;
  // actuated dofs [num_actuated]: those of one dof stand together
  const std::int32_t* actuated_adr;        // [num_actuated + 1] into the actuators
  const std::int32_t* actuated_has_range;  // 1: the joint has an actuatorfrcrange
  const R* actuated_range;                 // [2] N or N m

  // joint limits [num_limits]
  const std::int32_t* limit_is_ball;
  const std::int32_t* limit_dof;  // first dof
  const std::int32_t* limit_qposadr;
  const std::int32_t* limit_row;  // first of its rows
  const R* limit_low;             // rad or m; ball: unused
  const R* limit_high;            // ball: largest angle
  const R* limit_low_rest;        // what rounding to R took from them: near a limit, the distance needs it in float
  const R* limit_high_rest;
  const R* limit_margin;     // active where distance < margin
  const R* limit_invweight;  // dof_invweight0: approximate diagonal of A
  const R* limit_stiffness;  // K of aref = -b v - k imp (pos - margin)
  const R* limit_damping;    // B
  const R* limit_solimp;     // [5] dmin, dmax, width, midpoint, power (clipped)

  // friction loss of dofs [num_frictions]
  const std::int32_t* friction_dof;
  const R* friction_loss;     // N or N m
  const R* friction_D;        // 1 / R: the position of such a row is always zero
  const R* friction_damping;  // B of aref = -B v

  // rows of one number each: limits and friction loss of tendons, equalities [num_scalar_rows]
  const std::int32_t* scalar_kind;          // ScalarRowKind
  const std::int32_t* scalar_on_joint;      // 1: of qpos, 0: of tendons
  const std::int32_t* scalar_first;         // qpos address or tendon
  const std::int32_t* scalar_second;        // what an equality follows; -1: a constant
  const std::int32_t* scalar_is_coupling;   // 1: its dofs are on more than one branch
  const std::int32_t* scalar_adr;           // [num_scalar_rows + 1] into the entries of its Jacobian row
  const std::int32_t* scalar_dof;           // [num_scalar_entries] rising in each row
  const std::int32_t* scalar_entry_first;   // the entry of ten_J (of joints: 0) that the first gives, -1: none
  const std::int32_t* scalar_entry_second;  // likewise
  const R* scalar_sign;                     // -1: upper limits
  const R* scalar_reference;                // [2] limit, or the values at which an equality holds at rest
  const R* scalar_polynomial;               // [5] first = a0 + a1 x + ... with x the second
  const R* scalar_margin;
  const R* scalar_invweight;  // approximate diagonal of A
  const R* scalar_stiffness;  // K of aref
  const R* scalar_damping;    // B
  const R* scalar_solimp;     // [5]
  const R* scalar_loss;       // N or N m

  // geoms that can touch something [num_geoms]
  const std::int32_t* geom_link;   // -1: fixed to the world
  const std::int32_t* geom_type;   // GeomType of kernels/contact_point.h
  const R* geom_offset;            // [3] as body_offset
  const R* geom_turn;              // [9] as body_turn
  const R* geom_size;              // [3] m
  const std::int32_t* geom_shape;  // its hull (meshes) or field (height fields), else -1
  // convex hulls of meshes and height fields, as kernels/collision_shapes.h has them; bases are into hull_numbers
  // (vertices and normals: into their arrays, three numbers each)
  const std::int32_t* hull_bases;    // [hulls][kHullBases]
  const std::int32_t* hull_numbers;  // faces, edges and vertices
  const R* hull_vertices;            // [.][3] m
  const R* hull_normals;             // [.][3]
  const R* hull_extent;              // [hulls] m
  const std::int32_t* field_bases;   // [fields][3] rows, columns, first height
  const R* field_size;               // [fields][4] m
  const R* field_heights;            // as hfield_data, 0..1; of the first world where each has its own

  // pairs of geoms that may touch [num_pairs], the first with the lower type; behind them stand the pairs of bodies
  // that a connect or weld holds together [num_body_equalities], in the arrays marked *
  const std::int32_t* pair_geom;         // [2]
  const std::int32_t* pair_link;         // * [2] of the geoms
  const std::int32_t* pair_body;         // * [2]
  const std::int32_t* pair_slot;         // * [+ 1] first contact slot
  const std::int32_t* slot_pair;         // [num_contact_slots]
  const std::int32_t* pair_dim;          // * rows of its contacts: 1, 3, 4 or 6
  const std::int32_t* pair_chain_adr;    // * [+ 1] dofs that move the geoms against each other: of pairs of
  const std::int32_t* pair_chain_dof;    // which both geoms move, rising
  const std::int32_t* pair_chain_sign;   // 1: moves the second, -1: the first, 0: both
  const std::int32_t* pair_coupled_dof;  // * [2] last dofs of the two links where they are on two branches, else -1
  const std::int32_t* pair_last_dof;     // [2] last dofs of the two links; -1: nothing moves it
  const R* pair_reach;                   // bounding radii and margin (m)
  const R* pair_margin;                  // rows push where the distance is below it (m)
  const R* pair_friction;                // * [5]; of an equality, [0]: stiffness of turning rows by that of the others
  const R* pair_mu;                      // of the regularised cone: friction / sqrt(impratio)
  const R* pair_diagonal;                // * approximate diagonal of A of the first row
  const R* pair_edge_scale;              // R of an edge by that of the normal
  const R* pair_stiffness;               // * K of aref = -b v - k imp (pos - margin)
  const R* pair_damping;                 // * B
  const R* pair_solimp;                  // * [5]
  const std::int32_t* equality_marker;   // [num_body_equalities][2] the frames that shall coincide
  const R* equality_torquescale;         // by how much a weld's turning rows count, against its others
};

// Calls visit(pointer) for every array of links, bodies, joints and dofs.
template <class Constants, class Visit>
void for_each_tree_array(Constants& m, Visit&& visit) {
  visit(m.gravity);
  visit(m.link_parent);
  visit(m.link_jointadr);
  visit(m.link_jointnum);
  visit(m.link_dofadr);
  visit(m.link_dofnum);
  visit(m.link_childadr);
  visit(m.link_childnum);
  visit(m.link_children);
  visit(m.link_is_turned);
  visit(m.link_root);
  visit(m.link_has_free_root);
  visit(m.link_mocapid);
  visit(m.link_offset_axes);
  visit(m.link_pos);
  visit(m.link_rot);
  visit(m.link_mass);
  visit(m.link_com);
  visit(m.link_com_axes);
  visit(m.link_subtree_mass);
  visit(m.link_isotropic);
  visit(m.link_num_terms);
  visit(m.link_term_axis);
  visit(m.link_term_weight);
  visit(m.link_term_vector);
  visit(m.link_level_adr);
  visit(m.link_levels);
  visit(m.body_link);
  visit(m.body_offset);
  visit(m.body_turn);
  visit(m.joint_kind);
  visit(m.joint_slide_mode);
  visit(m.joint_has_offset);
  visit(m.jnt_qposadr);
  visit(m.jnt_dofadr);
  visit(m.jnt_axis);
  visit(m.joint_sense);
  visit(m.jnt_pos);
  visit(m.joint_reference);
  visit(m.dof_link);
  visit(m.dof_depth);
  visit(m.dof_end);
  visit(m.dof_row);
  visit(m.dof_ancestor);
  visit(m.dof_level_adr);
  visit(m.dof_levels);
  visit(m.dof_armature);
}

// Calls visit(pointer) for every array of springs, dampers, actuators and limits.
template <class Constants, class Visit>
void for_each_force_array(Constants& m, Visit&& visit) {
  visit(m.spring_joint);
  visit(m.spring_stiffness);
  visit(m.spring_reference);
  visit(m.damper_dof);
  visit(m.damper_damping);
  visit(m.damper_is_linear);
  visit(m.actuator_dof);
  visit(m.actuator_qposadr);
  visit(m.actuator_ctrladr);
  visit(m.actuator_actadr);
  visit(m.actuator_activation);
  visit(m.actuator_acts_early);
  visit(m.actuator_gain_kind);
  visit(m.actuator_bias_kind);
  visit(m.actuator_gear);
  visit(m.actuator_time_constant);
  visit(m.actuator_gain);
  visit(m.actuator_bias);
  visit(m.actuator_ctrlrange);
  visit(m.actuator_forcerange);
  visit(m.actuator_actrange);
  visit(m.actuator_has_ctrlrange);
  visit(m.actuator_has_forcerange);
  visit(m.actuator_has_actrange);
  visit(m.actuated_adr);
  visit(m.actuated_has_range);
  visit(m.actuated_range);
  visit(m.limit_is_ball);
  visit(m.limit_dof);
  visit(m.limit_qposadr);
  visit(m.limit_row);
  visit(m.limit_low);
  visit(m.limit_high);
  visit(m.limit_low_rest);
  visit(m.limit_high_rest);
  visit(m.limit_margin);
  visit(m.limit_invweight);
  visit(m.limit_stiffness);
  visit(m.limit_damping);
  visit(m.limit_solimp);
}

// Calls visit(pointer) for every array of frictions, scalar rows, geoms and pairs.
template <class Constants, class Visit>
void for_each_contact_array(Constants& m, Visit&& visit) {
  visit(m.friction_dof);
  visit(m.friction_loss);
  visit(m.friction_D);
  visit(m.friction_damping);
  visit(m.scalar_kind);
  visit(m.scalar_on_joint);
  visit(m.scalar_first);
  visit(m.scalar_second);
  visit(m.scalar_is_coupling);
  visit(m.scalar_adr);
  visit(m.scalar_dof);
  visit(m.scalar_entry_first);
  visit(m.scalar_entry_second);
  visit(m.scalar_sign);
  visit(m.scalar_reference);
  visit(m.scalar_polynomial);
  visit(m.scalar_margin);
  visit(m.scalar_invweight);
  visit(m.scalar_stiffness);
  visit(m.scalar_damping);
  visit(m.scalar_solimp);
  visit(m.scalar_loss);
  visit(m.geom_link);
  visit(m.geom_type);
  visit(m.geom_offset);
  visit(m.geom_turn);
  visit(m.geom_size);
  visit(m.geom_shape);
  visit(m.hull_bases);
  visit(m.hull_numbers);
  visit(m.hull_vertices);
  visit(m.hull_normals);
  visit(m.hull_extent);
  visit(m.field_bases);
  visit(m.field_size);
  visit(m.field_heights);
  visit(m.pair_geom);
  visit(m.pair_link);
  visit(m.pair_body);
  visit(m.pair_slot);
  visit(m.slot_pair);
  visit(m.pair_dim);
  visit(m.pair_chain_adr);
  visit(m.pair_chain_dof);
  visit(m.pair_chain_sign);
  visit(m.pair_coupled_dof);
  visit(m.pair_last_dof);
  visit(m.pair_reach);
  visit(m.pair_margin);
  visit(m.pair_friction);
  visit(m.pair_mu);
  visit(m.pair_diagonal);
  visit(m.pair_edge_scale);
  visit(m.pair_stiffness);
  visit(m.pair_damping);
  visit(m.pair_solimp);
  visit(m.equality_marker);
  visit(m.equality_torquescale);
}

// Calls visit(pointer) for every array that may differ from world to world (kernels/world_constants.h).
template <class Constants, class Visit>
void for_each_world_array(Constants& m, Visit&& visit) {
  visit(m.gravity);
  visit(m.world_gravity);
  visit(m.link_mass);
  visit(m.link_com);
  visit(m.link_subtree_mass);
  visit(m.link_isotropic);
  visit(m.link_term_weight);
  visit(m.link_term_vector);
  visit(m.dof_armature);
  visit(m.spring_stiffness);
  visit(m.damper_damping);
  visit(m.tendon_stiffness);
  visit(m.tendon_damping);
  visit(m.actuator_gain);
  visit(m.actuator_bias);
  visit(m.limit_invweight);
  visit(m.friction_loss);
  visit(m.friction_D);
  visit(m.scalar_invweight);
  visit(m.geom_offset);
  visit(m.geom_size);
  visit(m.pair_reach);
  visit(m.pair_friction);
  visit(m.pair_mu);
  visit(m.pair_diagonal);
  visit(m.pair_edge_scale);
  visit(m.marker_offset);
  visit(m.lifted_mass);
  visit(m.subtree_mass);
  visit(m.subtree_inertia);
}

// Calls visit(pointer) for every array of the constants, always in the same order: for copying them elsewhere.
template <class Constants, class Visit>
void for_each_array(Constants& m, Visit&& visit) {
  for_each_tree_array(m, visit);
  for_each_force_array(m, visit);
  for_each_contact_array(m, visit);
  for_each_tendon_array(m, visit);
  for_each_general_array(m, visit);
  for_each_sensor_array(m, visit);
}

}  // namespace lockstep::kernels
