// Buffers are aligned, zeroed and move only.
#include "engine/buffer.h"

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(HostBuffer, StartsOnACacheLine) {
  for (const size_t size : {size_t{1}, size_t{3}, size_t{1000}}) {
    const HostBuffer<float> buffer(size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64, 0u) << "size " << size;
  }
}

TEST(HostBuffer, IsZeroFilled) {
  const HostBuffer<double> buffer(257);
  EXPECT_TRUE(std::all_of(buffer.span().begin(), buffer.span().end(), [](double x) { return x == 0; }));
}

TEST(HostBuffer, HandsItsMemoryOverWhenMoved) {
  HostBuffer<int> from(4);
  from[2] = 7;
  const int* memory = from.data();
  const HostBuffer<int> to(std::move(from));
  EXPECT_EQ(to.data(), memory);
  EXPECT_EQ(to[2], 7);
  EXPECT_EQ(from.size(), 0u);  // NOLINT(bugprone-use-after-move): the state left behind is what is tested
}

TEST(HostBuffer, CannotBeCopiedByAccident) { EXPECT_FALSE(std::is_copy_constructible_v<HostBuffer<float>>); }

}  // namespace
}  // namespace lockstep
