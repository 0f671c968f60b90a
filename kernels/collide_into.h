// Collects the contacts of two geoms: the colliders behind one function of the lane type alone, compiled once for each
// (engine/collide_isa.cpp), because they are many and large. Device code has it in its own translation unit.
#pragma once

#include "kernels/contact_point.h"

namespace lockstep::kernels {

// The largest number of contacts that a pair can have (max_contacts of kernels/collide.h).
inline constexpr int kMostContacts = 12;

// Contacts in rising order of slot: the slot of each, the worlds that have it, and where it is.
template <class T>
struct FoundContacts {
  int count;
  int slot[kMostContacts];
  MaskOf<T> touches[kMostContacts];
  ContactPoint<T> contact[kMostContacts];
};

}  // namespace lockstep::kernels

#if defined(__CUDACC__)
#include "kernels/collide_into_body.h"
#else
namespace lockstep::kernels {

// The contacts of two geoms with type1 <= type2 that are nearer than the margin (m).
template <class T>
void collide_into(const GeomShape<Real<T>>& shape_a, const Placement<T>& a, const GeomShape<Real<T>>& shape_b,
                  const Placement<T>& b, T margin, FoundContacts<T>& found);

}  // namespace lockstep::kernels
#endif
