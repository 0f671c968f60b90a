// Linear-quadratic control and estimation in discrete time: Riccati equations, regulators, Kalman filters, LQG.
// Anderson, Moore, "Optimal control: linear quadratic methods", 1990, ch. 2 and 8; the same, "Optimal filtering", 1979,
// ch. 4-5. Infinite horizon by structure-preserving doubling: Chu, Fan, Lin, Wang, "Structure-preserving algorithms for
// periodic discrete-time algebraic Riccati equations", Int. J. Control 77 (2004), sec. 2.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <Eigen/Core>

namespace lockstep::planners {

// x' = A x + B u, stage cost 1/2 (x'Q x + u'R u) + x'S u. S [nx][nu] may be empty: no cross term.
struct LinearQuadratic {
  Eigen::MatrixXd A, B, Q, R, S;
};

// u = K x, with cost to go 1/2 x'P x.
struct Regulator {
  Eigen::MatrixXd K, P;  // [nu][nx], [nx][nx]
};

enum class RiccatiStatus : std::uint8_t {
  kSolved,
  kBadShape,             // matrices do not fit together, or hold what is not finite
  kControlNotPenalised,  // R + B'P B is not positive definite
  kNotStabilisable,      // a mode at or beyond the unit circle that control cannot move, or that the cost does not see
};
[[nodiscard]] std::string_view explain(RiccatiStatus status);  // for people: what is wrong and how to mend it

// Regulators of steps 0 ... horizon - 1 for a cost 1/2 x'Q_final x at the end; empty unless kSolved.
struct FiniteRegulator {
  RiccatiStatus status = RiccatiStatus::kSolved;
  std::vector<Regulator> steps;
};
[[nodiscard]] FiniteRegulator solve_finite(const LinearQuadratic& problem, const Eigen::MatrixXd& Q_final, int horizon);

// The stabilising solution of P = Q + A'P A - (A'P B + S)(R + B'P B)^-1 (B'P A + S'); R positive definite.
struct InfiniteRegulator {
  RiccatiStatus status = RiccatiStatus::kSolved;
  Regulator regulator;
  double spectral_radius = 0;  // of A + B K, below 1
  int doublings = 0;           // iterations of the solver
};
[[nodiscard]] InfiniteRegulator solve_infinite(const LinearQuadratic& problem);

// x' = A x + B u + w, y = C x + v; w and v white with covariances W [nx][nx], V [ny][ny], V positive definite.
struct LinearGaussian {
  Eigen::MatrixXd A, B, C, W, V;
};

// The steady filter: gain L [nx][ny] of x <- x + L (y - C x), covariances before (`predicted`) and after (`filtered`).
struct SteadyKalman {
  RiccatiStatus status = RiccatiStatus::kSolved;  // kNotStabilisable: (A, C) is not detectable
  Eigen::MatrixXd L, predicted, filtered;
};
[[nodiscard]] SteadyKalman solve_kalman(const LinearGaussian& system);

// The time-varying filter. Joseph's form keeps the covariance positive semidefinite.
class KalmanFilter {
 public:
  // mean [nx], covariance [nx][nx]: of the state before the first measurement.
  KalmanFilter(LinearGaussian system, Eigen::VectorXd mean, Eigen::MatrixXd covariance);
  // Takes in a measurement y [ny]. What is not finite in it is left out: that instrument is not heard in this step.
  void measure(const Eigen::VectorXd& y);
  // One step of time under u [nu].
  void predict(const Eigen::VectorXd& u);
  [[nodiscard]] const Eigen::VectorXd& mean() const { return mean_; }
  [[nodiscard]] const Eigen::MatrixXd& covariance() const { return covariance_; }

 private:
  LinearGaussian system_;
  Eigen::VectorXd mean_;
  Eigen::MatrixXd covariance_;
};

// Steady regulator on the steady filter's estimate: optimal for linear dynamics, quadratic cost and Gaussian noise.
class Lqg {
 public:
  // Both must be kSolved and of the same system.
  Lqg(const LinearGaussian& system, const InfiniteRegulator& regulator, const SteadyKalman& filter);
  void reset(Eigen::VectorXd mean);  // [nx] expected state before the first measurement
  // The control [nu] after measurement y [ny]; the estimate moves on under it.
  Eigen::VectorXd act(const Eigen::VectorXd& y);
  [[nodiscard]] const Eigen::VectorXd& estimate() const { return mean_; }

 private:
  Eigen::MatrixXd A_, B_, C_, K_, L_;
  Eigen::VectorXd mean_;
};

}  // namespace lockstep::planners
