// Constants of the forces beyond joint springs, joint dampers and motors on joints: tendons, general transmissions,
// fluid, gravity compensation. All sizes are zero in models that have none of them. Names are MuJoCo's where MuJoCo has
// the quantity.
#pragma once

#include "kernels/lanes.h"

#include <cstdint>

namespace lockstep::kernels {

enum TransmissionKind : std::int32_t {
  kScalarJoint,   // a hinge or slide
  kTendon,        // a tendon
  kBallJoint,     // the rotation vector of a ball, along gear[0..2] in the child's axes
  kBallInParent,  // in the parent's
  kFreeJoint,     // the velocity of a free joint, along gear[6]; no length
  kFreeInParent,  // the same, gear[3..5] in the parent's axes
  kSite,          // a wrench gear[6] at a site in its own axes; no length
  kSiteInSite,    // the pose of a site from a reference site and in its axes, along gear[6]
  kSliderCrank
};
// Numbers that describe a muscle's force-length-velocity curves.
enum MuscleNumber : std::int32_t {
  kPeakForce,    // N
  kLengthScale,  // normalised length = kLengthOffset + kLengthScale * length
  kLengthOffset,
  kVelocityScale,  // normalised velocity = kVelocityScale * velocity
  kShortest,       // normalised lengths at which the force vanishes
  kLongest,
  kPeakPassive,     // passive force at kLongest, in peak forces
  kPeakLengthening  // force while it lengthens fast, in peak forces
};
inline constexpr int kMuscleNumbers = 8;
// Numbers that describe an ellipsoid in a fluid.
enum EllipsoidNumber : std::int32_t {
  kSemiAxes,                   // [3] m
  kBluntDrag = kSemiAxes + 3,  // coefficients
  kSlenderDrag,
  kAngularDrag,
  kKuttaLift,
  kMagnusLift,
  kVirtualMass,                        // [3] m^3
  kVirtualInertia = kVirtualMass + 3,  // [3] m^5
  kInteraction = kVirtualInertia + 3   // scales all
};
inline constexpr int kEllipsoidNumbers = kInteraction + 1;

struct ForceSizes {
  int num_markers;
  int ntendon, num_tendon_entries, num_fixed_terms, num_segments, num_segment_moves;
  int has_tendon_passive;  // springs or dampers
  int has_tendon_armature;
  int has_moving_armature;       // armature of spatial tendons, which gives a bias force
  int num_general, num_moments;  // general actuators, and entries of their moment rows
  int num_clamped_dofs, num_clamped_tendons;
  int num_fluid_boxes, num_fluid_ellipsoids, num_lifted;
  int has_link_forces;    // any of these
  int applied_bodies;     // nbody in batches with applied forces, else 0
  int has_lifted_dofs;    // some joint's gravity compensation counts as actuation
  int has_implicit_rows;  // implicitfast has derivatives off the diagonal of M
  int num_lone_bodies;    // free bodies without descendants, under implicitfast
};

template <class R>
struct ForceConstants {
  // Markers [num_markers]: points and frames that are fixed in a link: sites, geoms, inertial frames
  const std::int32_t* marker_link;  // -1: the world
  const R* marker_offset;           // [3] as body_offset
  const R* marker_turn;             // [9] as body_turn

  // Tendons [ntendon] with the sparse pattern of their Jacobian, rows of increasing dofs, as in mjModel
  const std::int32_t* ten_J_rowadr;
  const std::int32_t* ten_J_rownnz;
  const std::int32_t* ten_J_colind;    // [num_tendon_entries]
  const std::int32_t* ten_dof_adr;     // [nv + 1] the same entries by dof, into the next two
  const std::int32_t* ten_dof_entry;   // [num_tendon_entries]
  const std::int32_t* ten_dof_tendon;  // [num_tendon_entries]
  const std::int32_t* fixed_adr;       // [ntendon + 1] into the terms coef * qpos of fixed tendons
  const std::int32_t* fixed_qposadr;   // [num_fixed_terms]
  const std::int32_t* fixed_entry;     // [num_fixed_terms] of the Jacobian
  const R* fixed_coef;
  const std::int32_t* segment_adr;        // [ntendon + 1] into the segments of spatial tendons
  const std::int32_t* segment_from;       // [num_segments] marker
  const std::int32_t* segment_to;         // marker
  const std::int32_t* segment_wrap;       // -1: straight
  const std::int32_t* segment_moves_adr;  // into segment_moves
  const R* segment_scale;                 // 1 / divisor of the pulley before it
  const std::int32_t* segment_moves;      // for each entry of the row, what its dof moves: bit 0 from, 1 to, 2 the wrap
  const std::int32_t* wrap_marker;        // [num_wraps] spheres and cylinders that segments may touch
  const std::int32_t* wrap_is_cylinder;
  const std::int32_t* wrap_side;  // marker of the side site, -1: none
  const R* wrap_radius;           // m
  const R* tendon_stiffness;      // [ntendon][3]
  const R* tendon_lengthspring;   // [ntendon][2] between these no spring force (m or rad)
  const R* tendon_damping;        // [ntendon][3]
  const R* tendon_armature;       // [ntendon] kg or kg m^2

  // General actuators [num_general], which stand behind the others: actuator num_simple + i. Rows of actuator_moment
  // as those of tendons.
  const std::int32_t* general_kind;         // TransmissionKind
  const std::int32_t* general_target;       // qposadr of a joint, a tendon, or a site's marker
  const std::int32_t* general_second;       // marker of the reference site or of the slider site
  const R* general_gear;                    // [6]
  const R* general_rod;                     // length of the slider crank's rod (m)
  const R* general_circle;                  // period of its set-point where it is an angle on a circle, else 0
  const std::int32_t* general_muscle_gain;  // into the next, -1: no muscle
  const std::int32_t* general_muscle_bias;
  const R* muscle;        // [.][kMuscleNumbers]
  const R* muscle_times;  // [num_general][3] activation and deactivation time (s), width of the change between them
  const std::int32_t* moment_rowadr;
  const std::int32_t* moment_rownnz;
  const std::int32_t* moment_colind;  // [num_moments]
  const std::int32_t* moment_moves;   // of sites: bit 0: the entry's dof moves the target, bit 1: the second
  const std::int32_t* moment_dof_adr;
  const std::int32_t* moment_dof_entry;
  const std::int32_t* moment_dof_row;
  const std::int32_t* clamped_dof;     // [num_clamped_dofs] driven by them, with an actuatorfrcrange
  const R* clamped_dof_range;          // [2] N or N m
  const std::int32_t* clamped_tendon;  // [num_clamped_tendons]
  const R* clamped_tendon_range;       // [2] N or N m

  // Fluid
  const R* fluid_medium;                       // [5] density (kg/m^3), viscosity (Pa s), wind (m/s)
  const std::int32_t* fluid_box_adr;           // [num_links + 1] the boxes of each link
  const std::int32_t* fluid_box_marker;        // [num_fluid_boxes] the body's inertial frame
  const R* fluid_box;                          // [3] sides of the box with the body's inertia (m)
  const std::int32_t* fluid_ellipsoid_adr;     // [num_links + 1] likewise
  const std::int32_t* fluid_ellipsoid_marker;  // [num_fluid_ellipsoids] geom
  const R* fluid_ellipsoid;                    // [kEllipsoidNumbers]

  // Forces on bodies from outside: those of each link
  const std::int32_t* applied_adr;  // [num_links + 1] into the next two
  const std::int32_t* applied_body;
  const std::int32_t* applied_marker;  // its inertial frame

  // Gravity compensation [num_lifted]
  const std::int32_t* lifted_marker;            // the centre of the next
  const R* lifted_mass;                         // kg: over a link's bodies, the sum of gravcomp * mass
  const std::int32_t* dof_lifted_by_actuators;  // [nv] 1: the joint's gravity compensation counts as actuation

  const std::int32_t* lone_link;  // [num_lone_bodies]
};

// Calls visit(pointer) for every array of markers and tendons.
template <class Constants, class Visit>
void for_each_tendon_array(Constants& m, Visit&& visit) {
  visit(m.marker_link);
  visit(m.marker_offset);
  visit(m.marker_turn);
  visit(m.ten_J_rowadr);
  visit(m.ten_J_rownnz);
  visit(m.ten_J_colind);
  visit(m.ten_dof_adr);
  visit(m.ten_dof_entry);
  visit(m.ten_dof_tendon);
  visit(m.fixed_adr);
  visit(m.fixed_qposadr);
  visit(m.fixed_entry);
  visit(m.fixed_coef);
  visit(m.segment_adr);
  visit(m.segment_from);
  visit(m.segment_to);
  visit(m.segment_wrap);
  visit(m.segment_moves_adr);
  visit(m.segment_scale);
  visit(m.segment_moves);
  visit(m.wrap_marker);
  visit(m.wrap_is_cylinder);
  visit(m.wrap_side);
  visit(m.wrap_radius);
  visit(m.tendon_stiffness);
  visit(m.tendon_lengthspring);
  visit(m.tendon_damping);
  visit(m.tendon_armature);
}

// Calls visit(pointer) for every array of general actuators, fluid and gravity compensation.
template <class Constants, class Visit>
void for_each_general_array(Constants& m, Visit&& visit) {
  visit(m.general_kind);
  visit(m.general_target);
  visit(m.general_second);
  visit(m.general_gear);
  visit(m.general_rod);
  visit(m.general_circle);
  visit(m.general_muscle_gain);
  visit(m.general_muscle_bias);
  visit(m.muscle);
  visit(m.muscle_times);
  visit(m.moment_rowadr);
  visit(m.moment_rownnz);
  visit(m.moment_colind);
  visit(m.moment_moves);
  visit(m.moment_dof_adr);
  visit(m.moment_dof_entry);
  visit(m.moment_dof_row);
  visit(m.clamped_dof);
  visit(m.clamped_dof_range);
  visit(m.clamped_tendon);
  visit(m.clamped_tendon_range);
  visit(m.fluid_medium);
  visit(m.fluid_box_adr);
  visit(m.fluid_box_marker);
  visit(m.fluid_box);
  visit(m.fluid_ellipsoid_adr);
  visit(m.fluid_ellipsoid_marker);
  visit(m.fluid_ellipsoid);
  visit(m.applied_adr);
  visit(m.applied_body);
  visit(m.applied_marker);
  visit(m.lifted_marker);
  visit(m.lifted_mass);
  visit(m.dof_lifted_by_actuators);
  visit(m.lone_link);
}

}  // namespace lockstep::kernels
