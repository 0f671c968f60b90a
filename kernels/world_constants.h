// Constants of a model that may differ from world to world: masses, inertias, gains, friction and what follows from
// them. In batches whose worlds share all of them kernels read one number for all lanes. In the others kernels run on
// lanes with a tag of their own, and read one number for each: the arrays of ModelConstants that for_each_world_array
// names then are [count][lane]. What kernels do is written once, on of_world<T>(array)[index].
#pragma once

#include "kernels/lanes.h"

namespace lockstep::kernels {

namespace isa {
// The tag of lanes whose worlds have constants of their own.
template <class Isa>
struct Varied {};
}  // namespace isa

template <class T>
inline constexpr bool kWorldsVary = false;

// The lanes without the tag: the same numbers.
template <class T>
struct SharedLanesOf {
  using Type = T;
};

#if !defined(__CUDACC__)
template <class R, int N, class Isa>
inline constexpr bool kWorldsVary<Lanes<R, N, isa::Varied<Isa>>> = true;

template <class R, int N, class Isa>
struct SharedLanesOf<Lanes<R, N, isa::Varied<Isa>>> {
  using Type = Lanes<R, N, Isa>;
};
#endif

template <class T>
using SharedLanes = typename SharedLanesOf<T>::Type;

// An array of constants with one number for each lane.
template <class T>
struct LaneConstants {
  const Real<T>* numbers;  // [count][lane]

  [[gnu::always_inline]] LS_FN T operator[](int index) const { return load<T>(numbers + index * kLanes<T>); }
  [[gnu::always_inline]] LS_FN LaneConstants operator+(int count) const { return {numbers + count * kLanes<T>}; }
};

// One constant, and an array of them, as kernels on T read those that may differ from world to world.
template <class T>
using WorldConstant = std::conditional_t<kWorldsVary<T>, T, Real<T>>;
template <class T>
using WorldConstants = std::conditional_t<kWorldsVary<T>, LaneConstants<T>, const Real<T>*>;

template <class T>
[[gnu::always_inline]] LS_FN WorldConstants<T> of_world(const Real<T>* array) {
  if constexpr (kWorldsVary<T>) {
    return LaneConstants<T>{array};
  } else {
    return array;
  }
}

}  // namespace lockstep::kernels
