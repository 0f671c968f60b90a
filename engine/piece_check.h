// Holds compiled pieces against the arithmetic that they were made from, on random states of the model.
#pragma once

#include "engine/traced_pieces.h"

namespace lockstep {

// The largest deviation of a compiled piece: from the traced arithmetic on the same numbers, as a part of the largest
// number of the same array. 1 where one of them is not finite and the other is.
//   qpos0 [nq], where states are drawn around; lanes: worlds in a group of the compiled code
template <class R>
[[nodiscard]] double largest_deviation(const kernels::ModelConstants<R>& model, const TracedPieces<R>& traced,
                                       const kernels::SpecialisedPieces& compiled, const double* qpos0, int lanes);

}  // namespace lockstep
