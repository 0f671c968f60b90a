// The definition of collide_into, for the translation units that instantiate it.
#pragma once

#include "kernels/collide.h"
#include "kernels/collide_into.h"

namespace lockstep::kernels {

namespace detail {
consteval int most_contacts() {
  int most = 0;
  for (int first = 0; first < kNumGeomTypes; ++first) {
    for (int second = first; second < kNumGeomTypes; ++second) {
      most = max_contacts(first, second) > most ? max_contacts(first, second) : most;
    }
  }
  return most;
}
static_assert(most_contacts() <= kMostContacts);
}  // namespace detail

#if defined(__CUDACC__)
inline constexpr bool kSearchBySupport = false;
template <class T>
__noinline__ __host__ __device__ void collide_into(const GeomShape<Real<T>>& shape_a, const Placement<T>& a,
                                                   const GeomShape<Real<T>>& shape_b, const Placement<T>& b, T margin,
                                                   FoundContacts<T>& found) {
#else
inline constexpr bool kSearchBySupport = true;
template <class T>
void collide_into(const GeomShape<Real<T>>& shape_a, const Placement<T>& a, const GeomShape<Real<T>>& shape_b,
                  const Placement<T>& b, T margin, FoundContacts<T>& found) {
#endif
  found.count = 0;
  collide_geoms<T, kSearchBySupport>(shape_a, a, shape_b, b, margin,
                                     [&](int slot, MaskOf<T> touches, const ContactPoint<T>& contact) {
                                       found.slot[found.count] = slot;
                                       found.touches[found.count] = touches;
                                       found.contact[found.count] = contact;
                                       ++found.count;
                                     });
}

}  // namespace lockstep::kernels
