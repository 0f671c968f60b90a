// C++ of traced pieces, for one lane type: what the compiler makes into code for one model.
#pragma once

#include "engine/traced_pieces.h"

#include <string>

namespace lockstep {

// A source file that includes "kernels/math.h" alone and defines, for each traced piece,
//   extern "C" void lockstep_<piece name>(const void* workspace, const void* x, void* y)
// on groups of `lanes` worlds: `workspace` is a kernels::Workspace of kernels::Lanes<R, lanes>.
template <class R>
[[nodiscard]] std::string piece_source(const TracedPieces<R>& traced, int lanes);

}  // namespace lockstep
