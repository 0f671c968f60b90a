// Backward pass of control-limited DDP: from derivatives along a trajectory to feed-forward and feedback gains.
// Tassa, Erez, Todorov, "Synthesis and stabilization of complex behaviors through online trajectory optimization",
// IROS 2012, eqs. 5-11; bounds after Tassa, Mansard, Todorov, ICRA 2014, sec. IV; gaps after Mastalli et al.,
// "Crocoddyl: an efficient and versatile framework for multi-contact optimal control", ICRA 2020, sec. III.
#pragma once

#include "engine/cost.h"
#include "engine/view.h"
#include "kernels/dense.h"
#include "planners/box_qp.h"
#include "planners/psd_projection.h"

#include <cstdint>
#include <span>
#include <vector>

namespace lockstep::planners {

// Derivatives along a trajectory of N steps, owned: what the backward pass reads. Gauss-Newton where `second` is empty.
struct LocalModel {
  LocalModel() = default;
  LocalModel(int horizon, int nx, int nu);

  [[nodiscard]] View<double, 3> A() { return View<double, 3>(a.data(), horizon, nx, nx); }  // df/dx
  [[nodiscard]] View<double, 3> B() { return View<double, 3>(b.data(), horizon, nx, nu); }  // df/du
  // Second derivatives of f by (x, u); there after keep_second().
  [[nodiscard]] View<double, 4> F() { return View<double, 4>(second.data(), horizon, nx, nx + nu, nx + nu); }
  void keep_second();
  [[nodiscard]] Cost::Expansion stage();
  // Replaces every Hessian [xx ux'; ux uu], and the terminal one, by the nearest positive semidefinite matrix
  // (negative eigenvalues become 0): a planner's model must be bounded below, a reward's need not be.
  // joint projects matrices of nx + nu rows, terminal of nx.
  void project_hessians(PsdProjection& joint, PsdProjection& terminal);
  [[nodiscard]] bool is_finite() const;

  int horizon = 0, nx = 0, nu = 0;
  std::vector<double> a, b;              // [N][nx][nx], [N][nx][nu]
  std::vector<double> l_x, l_u;          // [N][nx], [N][nu]
  std::vector<double> l_xx, l_ux, l_uu;  // [N][nx][nx], [N][nu][nx], [N][nu][nu]
  std::vector<double> terminal_x;        // [nx]
  std::vector<double> terminal_xx;       // [nx][nx]
  std::vector<double> second;            // [N][nx][nx + nu][nx + nu], or empty
  std::vector<double> gaps;              // [N + 1][nx] f(x_k, u_k) - x_(k+1) at k + 1: 0 where the trajectory is one
  bool is_feasible = true;               // all gaps are 0
};

// What the regularisation mu is added to: to V_xx (2012, eq. 10), which keeps new states near the old ones, or to Q_uu
// (eq. 5 of the same), which keeps controls near and makes any Q_uu positive definite.
enum class Regularised : std::uint8_t { kState, kControl };

// The result: u = u_k + alpha k_k + K_k (x - x_k).
struct Gains {
  Gains() = default;
  Gains(int horizon, int nx, int nu);
  std::vector<double> k;  // [N][nu]
  std::vector<double> K;  // [N][nu][nx]; rows of controls held at a bound are 0
  double linear = 0;      // expected change of cost: alpha linear + alpha^2 quadratic (2012, eq. 11a)
  double quadratic = 0;
  double gradient = 0;  // mean over steps of max |k| / (|u| + 1): near 0 at a stationary point
};

// Scratch of one problem size; allocates in its constructor only.
class BackwardPass {
 public:
  BackwardPass() = default;
  BackwardPass(int nx, int nu, Regularised regularised = Regularised::kState);

  // controls [N][nu]: the trajectory's. mu: regularisation, of the state Q_uu = l_uu + B'(V_xx + mu I)B (2012, eq. 10).
  // Returns -1, or the step whose Q_uu is not positive definite: the caller then raises mu.
  int run(const LocalModel& model, std::span<const double> controls, std::span<const double> u_min,
          std::span<const double> u_max, double mu, Gains& gains);

 private:
  template <int kNx, int kNu>
  int run_sized(const LocalModel& model, const double* controls, double mu, Gains& gains);
  bool solve_step(const double* u, double* k, double* K);

  void add_second_order(const double* F);

  int nx_ = 0, nu_ = 0;
  Regularised regularised_ = Regularised::kState;
  kernels::DenseKernels dense_{};
  BoxQp box_{1};
  const double* u_min_ = nullptr;
  const double* u_max_ = nullptr;
  std::vector<double> V_x_, V_xx_;                      // [nx], [nx][nx]
  std::vector<double> VA_, VB_;                         // [nx][nx], [nx][nu]
  std::vector<double> Q_x_, Q_u_, Q_xx_, Q_ux_, Q_uu_;  // as the stage cost's
  std::vector<double> Q_ux_reg_, Q_uu_reg_;             // with mu
  std::vector<double> low_, high_, free_rows_;          // [nu], [nu], [nu][nx]
};

}  // namespace lockstep::planners
