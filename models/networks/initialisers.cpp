// Draws orthogonal, Glorot and He weights.
#include "models/networks/initialisers.h"

#include <cmath>

#include <Eigen/QR>

namespace lockstep::models::networks {
namespace {

double normal_weight(const WeightDraw& draw, int row, int column) {
  return kernels::normal<double>(draw.stream, static_cast<std::uint32_t>(row), draw.layer,
                                 static_cast<std::uint32_t>(column));
}

// In [-1, 1).
double uniform_weight(const WeightDraw& draw, int row, int column) {
  return 2 * kernels::uniform<double>(draw.stream, static_cast<std::uint32_t>(row), draw.layer,
                                      static_cast<std::uint32_t>(column)) -
         1;
}

// Orthonormal columns, rows >= columns: Q of a normal matrix, with the signs that make R's diagonal positive.
Eigen::MatrixXd orthonormal_columns(const WeightDraw& draw, int rows, int columns) {
  Eigen::MatrixXd normal(rows, columns);
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) normal(i, j) = normal_weight(draw, i, j);
  }
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(normal);
  Eigen::MatrixXd q = qr.householderQ() * Eigen::MatrixXd::Identity(rows, columns);
  for (int j = 0; j < columns; ++j) {
    if (qr.matrixQR()(j, j) < 0) q.col(j) = -q.col(j);
  }
  return q;
}

}  // namespace

template <class R>
void initialise_weights(Initialiser initialiser, const WeightDraw& draw, View<R, 2> weights) {
  const int inputs = weights.extent(0), outputs = weights.extent(1);
  const auto fill = [&](auto&& value) {
    for (int i = 0; i < inputs; ++i) {
      for (int j = 0; j < outputs; ++j) weights(i, j) = static_cast<R>(draw.gain * value(i, j));
    }
  };
  switch (initialiser) {
    case Initialiser::kOrthogonal: {
      const bool is_tall = inputs >= outputs;
      const Eigen::MatrixXd q = orthonormal_columns(draw, std::max(inputs, outputs), std::min(inputs, outputs));
      return fill([&](int i, int j) { return is_tall ? q(i, j) : q(j, i); });
    }
    case Initialiser::kGlorot: {
      const double bound = std::sqrt(6.0 / (inputs + outputs));
      return fill([&](int i, int j) { return bound * uniform_weight(draw, i, j); });
    }
    case Initialiser::kHe: {
      const double deviation = std::sqrt(2.0 / inputs);
      return fill([&](int i, int j) { return deviation * normal_weight(draw, i, j); });
    }
  }
}

template void initialise_weights(Initialiser, const WeightDraw&, View<float, 2>);
template void initialise_weights(Initialiser, const WeightDraw&, View<double, 2>);

}  // namespace lockstep::models::networks
