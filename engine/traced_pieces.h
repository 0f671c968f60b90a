// The pieces of a step (kernels/pieces.h), traced for one model: what each reads, computes and writes, as straight-line
// arithmetic. engine/piece_source.h turns it into C++; evaluate() runs it as it stands.
#pragma once

#include "engine/trace.h"
#include "kernels/pieces.h"

#include <span>
#include <string>
#include <vector>

namespace lockstep {

// A number of a shared array of the workspace, or of a piece's x or y.
struct TracePlace {
  static constexpr int kX = -1, kY = -2;
  std::int32_t array = 0;  // into TracedPieces::arrays, or kX, kY
  std::int32_t index = 0;
};

// An array of the workspace through which pieces and other kernels meet (kernels::for_each_shared_array).
struct SharedArray {
  std::size_t member = 0;  // bytes from the begin of a Workspace to the pointer
  int count = 0;           // numbers of a lane type
};

struct TracedPiece {
  struct Store {
    TracePlace place;
    std::int32_t node;
  };
  kernels::Piece piece = kernels::kSmoothForces;
  int link = -1;              // of kGatherLink
  std::vector<Store> stores;  // in the order of their nodes
};

// All pieces of one model in the precision R. Constants and identities are folded; finite results have the bits that
// the kernels give on scalars.
template <class R>
struct TracedPieces {
  Tape<R> tape;
  std::vector<SharedArray> arrays;
  std::vector<TracePlace> inputs;  // [input number]
  std::vector<TracedPiece> pieces;
  std::vector<std::string> untraced;  // why the others have no straight-line form
};

// The name of a piece's function.
[[nodiscard]] std::string piece_name(kernels::Piece piece, int link = -1);

// Numbers that x and y have in a piece of a model; 0: none.
[[nodiscard]] int numbers_of_x(const kernels::ModelSizes& m, kernels::Piece piece);
[[nodiscard]] int numbers_of_y(const kernels::ModelSizes& m, kernels::Piece piece);

// Nodes that the stores of a piece need, in rising order.
template <class R>
[[nodiscard]] std::vector<std::int32_t> needed_nodes(const TracedPieces<R>& traced, const TracedPiece& piece);

// Runs a piece: array(k) is the k-th shared array.
template <class R>
void evaluate(const TracedPieces<R>& traced, const TracedPiece& piece, std::span<R* const> arrays, const R* x, R* y);

// Traces every piece that the model has.
template <class R>
void trace_pieces(const kernels::ModelConstants<R>& model, TracedPieces<R>& traced);

}  // namespace lockstep
