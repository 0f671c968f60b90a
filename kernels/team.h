// Who works on one world (or one group of lanes) together.
// A team gives
//   size()        number of threads in it; kAlone is true where that is always 1
//   each(n, f)    f(0) ... f(n - 1) in any order and possibly at once, then a barrier: all see what was written
//   once(f)       f() by one thread, then a barrier
//   sync()        a barrier
//   kRemovesSlip  whether kernels for it have the noslip pass: not on a GPU, whose compiler takes minutes for it
// Items of one `each` must neither read nor write what another item writes.
// Solo is for CPU lanes, Shuffled for tests; the team of GPU threads is in kernels/team_cuda.h.
#pragma once

#include "kernels/lanes.h"

#include <cstdint>

namespace lockstep::kernels {

// One thread, items in their natural order.
struct Solo {
  static constexpr bool kAlone = true, kRemovesSlip = true;
  [[nodiscard]] LS_FN int size() const { return 1; }
  template <class Function>
  [[gnu::always_inline]] LS_FN void each(int n, Function&& f) const {
    for (int i = 0; i < n; ++i) f(i);
  }
  template <class Function>
  [[gnu::always_inline]] LS_FN void once(Function&& f) const {
    f();
  }
  [[gnu::always_inline]] LS_FN void sync() const {}
};

// One thread that visits the items in a changed order, to find work that hangs on the order without a GPU.
// Orders: seed 0 is backwards, every other seed a permutation of its own that differs from call to call.
struct Shuffled {
  static constexpr bool kAlone = false, kRemovesSlip = true;
  std::uint32_t seed = 0;
  mutable std::uint32_t calls = 0;

  [[nodiscard]] LS_FN int size() const { return 1; }

  template <class Function>
  LS_FN void each(int n, Function&& f) const {
    if (n <= 0) return;
    if (seed == 0) {
      for (int i = n - 1; i >= 0; --i) f(i);
      return;
    }
    // i -> (start + stride i) mod n visits every item once where stride and n have no common divisor.
    const std::uint32_t draw = mix(seed ^ (0x9e3779b9u * ++calls));
    const auto items = static_cast<std::uint32_t>(n);
    std::uint32_t stride = 1 + (draw >> 16) % items;
    while (largest_divisor_of_both(stride, items) != 1) stride = stride % items + 1;
    const std::uint32_t start = draw % items;
    for (std::uint32_t i = 0; i < items; ++i) {
      f(static_cast<int>((start + static_cast<std::uint64_t>(stride) * i) % items));
    }
  }
  template <class Function>
  LS_FN void once(Function&& f) const {
    f();
  }
  LS_FN void sync() const {}

 private:
  LS_FN static std::uint32_t mix(std::uint32_t x) {  // the finaliser of MurmurHash3
    x = (x ^ (x >> 16)) * 0x85ebca6bu;
    x = (x ^ (x >> 13)) * 0xc2b2ae35u;
    return x ^ (x >> 16);
  }
  LS_FN static std::uint32_t largest_divisor_of_both(std::uint32_t a, std::uint32_t b) {
    while (b != 0) {
      const std::uint32_t rest = a % b;
      a = b;
      b = rest;
    }
    return a;
  }
};

}  // namespace lockstep::kernels
