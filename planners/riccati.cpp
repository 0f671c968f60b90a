// Riccati recursions, the doubling algorithm, and what is built on them.
#include "planners/riccati.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include <Eigen/Cholesky>
#include <Eigen/LU>

namespace lockstep::planners {
namespace {

using Eigen::MatrixXd;

constexpr int kMostDoublings = 60;  // 2^60 steps of time
constexpr double kStableRadius = 1 - 1e-12;

bool has_shape(const MatrixXd& m, Eigen::Index rows, Eigen::Index columns) {
  return m.rows() == rows && m.cols() == columns && m.allFinite();
}

bool fits(const LinearQuadratic& p) {
  const Eigen::Index nx = p.A.rows(), nu = p.B.cols();
  return nx > 0 && nu > 0 && has_shape(p.A, nx, nx) && has_shape(p.B, nx, nu) && has_shape(p.Q, nx, nx) &&
         has_shape(p.R, nu, nu) && (p.S.size() == 0 || has_shape(p.S, nx, nu));
}

MatrixXd cross_of(const LinearQuadratic& p) { return p.S.size() > 0 ? p.S : MatrixXd::Zero(p.A.rows(), p.B.cols()); }

MatrixXd symmetric(const MatrixXd& m) { return 0.5 * (m + m.transpose()); }

// Largest |eigenvalue|: the limit of |M^n|^(1/n) (Gelfand 1941) at n = 2^40, by squaring, scaled to norm 1 every time.
double radius_of(MatrixXd M) {
  double log_radius = 0, share = 1;  // log |M^n|^(1/n), 1 / n
  for (int squaring = 0; squaring <= 40; ++squaring, share *= 0.5) {
    const double norm = M.norm();
    if (norm == 0) return 0;
    log_radius += share * std::log(norm);
    M /= norm;
    const MatrixXd square = M * M;
    M = square;
  }
  return std::exp(log_radius);
}

// K = -(R + B'P B)^-1 (B'P A + S'); false where the matrix is not positive definite.
bool gain_of(const LinearQuadratic& p, const MatrixXd& S, const MatrixXd& P, MatrixXd& K) {
  const MatrixXd PB = P * p.B;
  const Eigen::LLT<MatrixXd> factor(symmetric(p.R + p.B.transpose() * PB));
  if (factor.info() != Eigen::Success) return false;
  K = -factor.solve(PB.transpose() * p.A + S.transpose());
  return K.allFinite();
}

}  // namespace

std::string_view explain(RiccatiStatus status) {
  switch (status) {
    case RiccatiStatus::kSolved:
      return "solved";
    case RiccatiStatus::kBadShape:
      return "the matrices do not fit together, or hold numbers that are not finite";
    case RiccatiStatus::kControlNotPenalised:
      return "R + B'P B is not positive definite: give every control a positive weight";
    case RiccatiStatus::kNotStabilisable:
      break;
  }
  return "no stabilising solution: make unstable modes reachable by the control and seen by the cost";
}

FiniteRegulator solve_finite(const LinearQuadratic& problem, const MatrixXd& Q_final, int horizon) {
  const Eigen::Index nx = problem.A.rows();
  if (!fits(problem) || !has_shape(Q_final, nx, nx) || horizon < 0) return {RiccatiStatus::kBadShape, {}};
  const MatrixXd S = cross_of(problem);
  FiniteRegulator result;
  result.steps.resize(static_cast<size_t>(horizon));
  MatrixXd P = symmetric(Q_final), K;
  for (int step = horizon - 1; step >= 0; --step) {
    if (!gain_of(problem, S, P, K)) return {RiccatiStatus::kControlNotPenalised, {}};
    // Joseph's form: (A + B K)'P (A + B K) + Q + K'R K + S K + K'S'
    const MatrixXd closed = problem.A + problem.B * K, SK = S * K;
    P = symmetric(closed.transpose() * P * closed + problem.Q + K.transpose() * problem.R * K + SK + SK.transpose());
    result.steps[static_cast<size_t>(step)] = {K, P};
  }
  return result;
}

// With Z = A - B R^-1 S', G = B R^-1 B', H = Q - S R^-1 S' and W = 1 + G H, each doubling is
//   Z <- Z W^-1 Z,  G <- G + Z W^-1 G Z',  H <- H + Z'H W^-1 Z,  and H -> P quadratically.
InfiniteRegulator solve_infinite(const LinearQuadratic& problem) {
  InfiniteRegulator result;
  const auto fails = [&result](RiccatiStatus status) {
    result.status = status;
    return result;
  };
  if (!fits(problem)) return fails(RiccatiStatus::kBadShape);
  const Eigen::LLT<MatrixXd> R(symmetric(problem.R));
  if (R.info() != Eigen::Success) return fails(RiccatiStatus::kControlNotPenalised);
  const MatrixXd S = cross_of(problem), one = MatrixXd::Identity(problem.A.rows(), problem.A.rows());
  MatrixXd Z = problem.A - problem.B * R.solve(S.transpose());
  MatrixXd G = symmetric(problem.B * R.solve(problem.B.transpose()));
  MatrixXd H = symmetric(problem.Q - S * R.solve(S.transpose()));
  for (result.doublings = 1;; ++result.doublings) {
    const Eigen::PartialPivLU<MatrixXd> W(one + G * H);
    const MatrixXd WZ = W.solve(Z), WG = W.solve(G);
    const MatrixXd step = symmetric(Z.transpose() * H * WZ);
    G = symmetric(G + Z * WG * Z.transpose());
    Z = Z * WZ;
    H += step;
    if (!H.allFinite() || !Z.allFinite() || !G.allFinite()) return fails(RiccatiStatus::kNotStabilisable);
    if (step.norm() <= 1e-15 * H.norm()) break;
    if (result.doublings == kMostDoublings) return fails(RiccatiStatus::kNotStabilisable);
  }
  result.regulator.P = H;
  if (!gain_of(problem, S, H, result.regulator.K)) return fails(RiccatiStatus::kControlNotPenalised);
  result.spectral_radius = radius_of(problem.A + problem.B * result.regulator.K);
  if (!(result.spectral_radius < kStableRadius)) return fails(RiccatiStatus::kNotStabilisable);
  return result;
}

// The filter's equation is the regulator's, transposed: A -> A', B -> C', Q -> W, R -> V.
SteadyKalman solve_kalman(const LinearGaussian& system) {
  const InfiniteRegulator dual =
      solve_infinite({system.A.transpose(), system.C.transpose(), system.W, system.V, MatrixXd()});
  SteadyKalman result;
  result.status = dual.status;
  if (dual.status != RiccatiStatus::kSolved) return result;
  result.predicted = dual.regulator.P;
  const MatrixXd PC = result.predicted * system.C.transpose();
  const Eigen::LLT<MatrixXd> innovation(symmetric(system.C * PC + system.V));
  result.L = innovation.solve(PC.transpose()).transpose();
  result.filtered = symmetric(result.predicted - result.L * PC.transpose());
  return result;
}

KalmanFilter::KalmanFilter(LinearGaussian system, Eigen::VectorXd mean, MatrixXd covariance)
    : system_(std::move(system)), mean_(std::move(mean)), covariance_(std::move(covariance)) {
  assert(mean_.size() == system_.A.rows() && covariance_.rows() == mean_.size());
}

void KalmanFilter::measure(const Eigen::VectorXd& y) {
  std::vector<Eigen::Index> heard;
  for (Eigen::Index i = 0; i < y.size(); ++i)
    if (std::isfinite(y[i])) heard.push_back(i);
  if (heard.empty()) return;
  const auto rows = static_cast<Eigen::Index>(heard.size());
  MatrixXd C(rows, mean_.size()), V(rows, rows);
  Eigen::VectorXd surprise(rows);
  for (Eigen::Index i = 0; i < rows; ++i) {
    const Eigen::Index from = heard[static_cast<size_t>(i)];
    C.row(i) = system_.C.row(from);
    surprise[i] = y[from] - C.row(i).dot(mean_);
    for (Eigen::Index j = 0; j < rows; ++j) V(i, j) = system_.V(from, heard[static_cast<size_t>(j)]);
  }
  const MatrixXd PC = covariance_ * C.transpose();
  const Eigen::LLT<MatrixXd> innovation(symmetric(C * PC + V));
  const MatrixXd L = innovation.solve(PC.transpose()).transpose();
  mean_ += L * surprise;
  const MatrixXd kept = MatrixXd::Identity(mean_.size(), mean_.size()) - L * C;
  covariance_ = symmetric(kept * covariance_ * kept.transpose() + L * V * L.transpose());
}

void KalmanFilter::predict(const Eigen::VectorXd& u) {
  mean_ = system_.A * mean_ + system_.B * u;
  covariance_ = symmetric(system_.A * covariance_ * system_.A.transpose() + system_.W);
}

Lqg::Lqg(const LinearGaussian& system, const InfiniteRegulator& regulator, const SteadyKalman& filter)
    : A_(system.A),
      B_(system.B),
      C_(system.C),
      K_(regulator.regulator.K),
      L_(filter.L),
      mean_(Eigen::VectorXd::Zero(system.A.rows())) {
  assert(regulator.status == RiccatiStatus::kSolved && filter.status == RiccatiStatus::kSolved);
}

void Lqg::reset(Eigen::VectorXd mean) { mean_ = std::move(mean); }

Eigen::VectorXd Lqg::act(const Eigen::VectorXd& y) {
  mean_ += L_ * (y - C_ * mean_);
  Eigen::VectorXd u = K_ * mean_;
  mean_ = A_ * mean_ + B_ * u;
  return u;
}

}  // namespace lockstep::planners
