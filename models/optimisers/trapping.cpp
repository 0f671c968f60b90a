// Trapping regions: the symmetric part about a centre, its eigenvalues, and the search for a centre.
#include "models/optimisers/trapping.h"
#include "engine/error.h"
#include "models/optimisers/constrained_fit.h"

#include <cmath>
#include <limits>

#include <Eigen/Eigenvalues>
#include <Eigen/QR>

namespace lockstep::models {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Derivative of feature f with respect to state j at x: monomials up to degree 2.
double slope(const Feature& feature, int j, const VectorXd& x) {
  double sum = 0;
  for (size_t i = 0; i < feature.size(); ++i) {
    if (feature[i].input != j) continue;
    double product = feature[i].order * std::pow(x(j), feature[i].order - 1);
    for (size_t other = 0; other < feature.size(); ++other) {
      if (other != i) product *= std::pow(x(feature[other].input), feature[other].order);
    }
    sum += product;
  }
  return sum;
}

double value(const Feature& feature, const VectorXd& x) {
  double product = 1;
  for (const Factor& factor : feature) product *= std::pow(x(factor.input), factor.order);
  return product;
}

void check_quadratic(const FeatureLibrary& library) {
  const std::vector<std::string> names = library.names();
  for (int f = 0; f < library.size(); ++f) {
    int degree = 0;
    bool is_monomial = library.num_controls() == 0;
    for (const Factor& factor : library.features()[static_cast<size_t>(f)]) {
      degree += factor.order;
      is_monomial = is_monomial && factor.kind == Factor::Kind::kPower;
    }
    if (is_monomial && degree <= 2) continue;
    throw Error("the library has the feature " + names[static_cast<size_t>(f)], "trapping regions",
                "use monomials of the states up to degree 2, without controls");
  }
}

VectorXd flat(const MatrixXd& coefficients) { return coefficients.reshaped(); }

MatrixXd square(const VectorXd& entries, Index n) { return Eigen::Map<const MatrixXd>(entries.data(), n, n); }

}  // namespace

MatrixXd symmetric_part_map(const FeatureLibrary& library, const VectorXd& centre) {
  const int n = library.num_states(), p = library.size();
  MatrixXd map = MatrixXd::Zero(static_cast<Index>(n) * n, static_cast<Index>(n) * p);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      for (int f = 0; f < p; ++f) {
        const double half = 0.5 * slope(library.features()[static_cast<size_t>(f)], j, centre);
        map(i * n + j, i * p + f) += half;
        map(j * n + i, i * p + f) += half;
      }
    }
  }
  return map;
}

TrappingRegion trapping_region(const FeatureLibrary& library, const MatrixXd& coefficients, const VectorXd& centre) {
  check_quadratic(library);
  const Index n = library.num_states();
  const MatrixXd part = square(symmetric_part_map(library, centre) * flat(coefficients), n);
  TrappingRegion region;
  region.centre = centre;
  region.largest_eigenvalue =
      Eigen::SelfAdjointEigenSolver<MatrixXd>(part, Eigen::EigenvaluesOnly).eigenvalues()(n - 1);
  VectorXd drift = VectorXd::Zero(n);
  for (int f = 0; f < library.size(); ++f) {
    drift += value(library.features()[static_cast<size_t>(f)], centre) * coefficients.row(f).transpose();
  }
  region.radius = region.largest_eigenvalue < 0 ? drift.norm() / -region.largest_eigenvalue
                                                : std::numeric_limits<double>::infinity();
  const optimisers::LinearConstraints energy = optimisers::energy_constraints(library);
  if (energy.equal_matrix.rows() > 0)
    region.energy_error = (energy.equal_matrix * flat(coefficients)).cwiseAbs().maxCoeff();
  return region;
}

TrappingRegion find_trapping_region(const FeatureLibrary& library, const MatrixXd& coefficients, VectorXd start) {
  check_quadratic(library);
  const Index n = library.num_states();
  // A is affine in the centre: A(m) = A(0) + sum of m_k D_k.
  const VectorXd c = flat(coefficients), at_zero = symmetric_part_map(library, VectorXd::Zero(n)) * c;
  MatrixXd directions(n * n, n);
  for (Index k = 0; k < n; ++k) directions.col(k) = symmetric_part_map(library, VectorXd::Unit(n, k)) * c - at_zero;
  // The largest eigenvalue is a convex function of m, with kinks where two meet. It is rounded off,
  //   t ln(sum of exp(lambda_i / t)), with t falling, and descended with steps of Barzilai and Borwein (1988).
  double temperature = 1;
  const auto smooth = [&](const VectorXd& m, VectorXd* gradient) {
    const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(square(at_zero + directions * m, n));
    const double largest = eigen.eigenvalues()(n - 1);
    const VectorXd weight = ((eigen.eigenvalues().array() - largest) / temperature).exp();
    if (gradient != nullptr) {
      const MatrixXd mean =
          eigen.eigenvectors() * (weight / weight.sum()).asDiagonal() * eigen.eigenvectors().transpose();
      *gradient = directions.transpose() * mean.reshaped();
    }
    return largest + temperature * std::log(weight.sum());
  };
  VectorXd best = std::move(start), gradient;
  const double scale = std::max(at_zero.cwiseAbs().maxCoeff(), 1e-300);
  for (temperature = scale; temperature > 1e-7 * scale; temperature *= 0.5) {
    double now = smooth(best, &gradient), length = 1 / std::max(gradient.norm(), 1e-300);
    for (int step = 0; step < 60 && gradient.norm() > 1e-12; ++step) {
      VectorXd next = best - length * gradient, next_gradient;
      double there = smooth(next, &next_gradient);
      for (; there > now - 1e-4 * length * gradient.squaredNorm() && length > 1e-14; length *= 0.25) {
        next = best - 0.25 * length * gradient;
        there = smooth(next, &next_gradient);
      }
      if (!(there < now)) break;
      const VectorXd moved = next - best, turned = next_gradient - gradient;
      const double curvature = moved.dot(turned);
      length = curvature > 0 ? moved.squaredNorm() / curvature : 2 * length;
      best = next;
      gradient = next_gradient;
      now = there;
    }
  }
  return trapping_region(library, coefficients, best);
}

}  // namespace lockstep::models
