// Packs the constants that kernels need out of an mjModel, in float or double, ready to be bound to any memory.
#pragma once

#include "engine/buffer.h"
#include "kernels/model_constants.h"

#include <cstddef>
#include <cstdint>
#include <vector>

struct mjModel_;

namespace lockstep {

// All arrays of a ModelConstants<R> in two contiguous buffers.
template <class R>
struct ConstantStorage {
  HostBuffer<std::int32_t> ints;
  HostBuffer<R> reals;
  kernels::ModelConstants<R> numbers;  // sizes and scalars; its pointers are bound to this object's own buffers
  std::vector<std::size_t> offsets;    // of each array in its buffer, in the order of kernels::for_each_array

  // The constants with pointers into copies of the two buffers, for example on a GPU.
  [[nodiscard]] kernels::ModelConstants<R> bound_to(const std::int32_t* int_copy, const R* real_copy) const;
};

// Both precisions, from one pass over the model; only for models without missing native features.
struct ConstantSets {
  ConstantStorage<float> single;
  ConstantStorage<double> twice;
};
[[nodiscard]] ConstantSets pack_constants(const mjModel_& model);

// Scratch that this model needs, in numbers of type T per lane group (kernels/workspace.h): for all kernels, and for
// steps alone.
[[nodiscard]] long scratch_size(const kernels::ModelConstants<double>& constants);
[[nodiscard]] long step_scratch_size(const kernels::ModelConstants<double>& constants);

}  // namespace lockstep
