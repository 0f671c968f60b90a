// Initial weights of a layer, from counter-based random numbers.
#pragma once

#include "engine/view.h"
#include "kernels/philox.h"
#include "models/networks/network.h"

#include <cstdint>

namespace lockstep::models::networks {

// Which numbers are drawn: those of a stream for one layer.
struct WeightDraw {
  kernels::RandomStream stream;
  std::uint32_t layer = 0;
  double gain = 1;
};

// Overwrites weights [inputs][outputs] with a function of the draw, the initialiser and the shape alone; float weights
// are the rounded double ones. Orthogonal: gain times a matrix whose columns (rows, where there are more columns than
// rows) are orthonormal, uniform in the sense of Haar (G. Stewart, SIAM J. Numer. Anal. 17, 1980).
template <class R>
void initialise_weights(Initialiser initialiser, const WeightDraw& draw, View<R, 2> weights);

extern template void initialise_weights(Initialiser, const WeightDraw&, View<float, 2>);
extern template void initialise_weights(Initialiser, const WeightDraw&, View<double, 2>);

}  // namespace lockstep::models::networks
