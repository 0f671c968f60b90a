// Riccati-like sweep with a box-constrained quadratic program in every step.
#include "planners/backward_pass.h"

#include <algorithm>
#include <cmath>

#include <Eigen/Core>

namespace lockstep::planners {
namespace {

size_t product(int a, int b, int c = 1) {
  return static_cast<size_t>(a) * static_cast<size_t>(b) * static_cast<size_t>(c);
}

// One column is a vector; Eigen asks for column-major there, which is the same memory.
template <int kRows, int kColumns>
using Matrix = Eigen::Matrix<double, kRows, kColumns, kColumns == 1 && kRows != 1 ? Eigen::ColMajor : Eigen::RowMajor>;
template <int kRows, int kColumns>
using Map = Eigen::Map<Matrix<kRows, kColumns>>;
template <int kRows, int kColumns>
using ConstMap = Eigen::Map<const Matrix<kRows, kColumns>>;

bool all_finite(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += 0 * value;  // NaN as soon as one is not finite
  return sum == 0;
}

}  // namespace

LocalModel::LocalModel(int horizon_, int nx_, int nu_)
    : horizon(horizon_),
      nx(nx_),
      nu(nu_),
      a(product(horizon_, nx_, nx_)),
      b(product(horizon_, nx_, nu_)),
      l_x(product(horizon_, nx_)),
      l_u(product(horizon_, nu_)),
      l_xx(product(horizon_, nx_, nx_)),
      l_ux(product(horizon_, nu_, nx_)),
      l_uu(product(horizon_, nu_, nu_)),
      terminal_x(static_cast<size_t>(nx_)),
      terminal_xx(product(nx_, nx_)) {}

Cost::Expansion LocalModel::stage() {
  using Vectors = View<double, 2>;
  using Matrices = View<double, 3>;
  return {Vectors(l_x.data(), horizon, nx), Vectors(l_u.data(), horizon, nu), Matrices(l_xx.data(), horizon, nx, nx),
          Matrices(l_ux.data(), horizon, nu, nx), Matrices(l_uu.data(), horizon, nu, nu)};
}

bool LocalModel::is_finite() const {
  return all_finite(a) && all_finite(b) && all_finite(l_x) && all_finite(l_u) && all_finite(l_xx) && all_finite(l_ux) &&
         all_finite(l_uu) && all_finite(terminal_x) && all_finite(terminal_xx);
}

void LocalModel::project_hessians(PsdProjection& joint, PsdProjection& terminal) {
  using Eigen::Dynamic;
  for (int step = 0; step < horizon; ++step) {
    Map<Dynamic, Dynamic> xx(&l_xx[product(step, nx, nx)], nx, nx), ux(&l_ux[product(step, nu, nx)], nu, nx),
        uu(&l_uu[product(step, nu, nu)], nu, nu);
    Eigen::MatrixXd& H = joint.matrix();
    H.topLeftCorner(nx, nx) = xx;
    H.bottomLeftCorner(nu, nx) = ux;
    H.topRightCorner(nx, nu) = ux.transpose();
    H.bottomRightCorner(nu, nu) = uu;
    if (!joint.apply()) continue;
    xx = H.topLeftCorner(nx, nx);
    ux = H.bottomLeftCorner(nu, nx);
    uu = H.bottomRightCorner(nu, nu);
  }
  Map<Dynamic, Dynamic> xx(terminal_xx.data(), nx, nx);
  terminal.matrix() = xx;
  if (terminal.apply()) xx = terminal.matrix();
}

Gains::Gains(int horizon, int nx, int nu) : k(product(horizon, nu)), K(product(horizon, nu, nx)) {}

BackwardPass::BackwardPass(int nx, int nu)
    : nx_(nx),
      nu_(nu),
      box_(nu),
      V_x_(static_cast<size_t>(nx)),
      V_xx_(product(nx, nx)),
      VA_(product(nx, nx)),
      VB_(product(nx, nu)),
      Q_x_(static_cast<size_t>(nx)),
      Q_u_(static_cast<size_t>(nu)),
      Q_xx_(product(nx, nx)),
      Q_ux_(product(nu, nx)),
      Q_uu_(product(nu, nu)),
      Q_ux_reg_(product(nu, nx)),
      Q_uu_reg_(product(nu, nu)),
      low_(static_cast<size_t>(nu)),
      high_(static_cast<size_t>(nu)),
      free_rows_(product(nu, nx)) {}

// k minimises the quadratic model over the box shifted by u; K = -Q_uu,ff^-1 Q_ux,f for the controls left free.
// k [nu] holds the neighbouring step's k on entry: a warm start.
template <int kNx, int kNu>
bool BackwardPass::solve_step(const double* u, double* k, double* K) {
  for (int i = 0; i < nu_; ++i) {
    low_[i] = u_min_[i] - u[i];
    high_[i] = u_max_[i] - u[i];
  }
  if (box_.solve(Q_uu_reg_.data(), Q_u_.data(), low_.data(), high_.data(), k) == BoxQp::Status::kNotPositiveDefinite)
    return false;
  std::fill(K, K + product(nu_, nx_), 0.0);
  const std::span<const int> free = box_.free();
  for (size_t i = 0; i < free.size(); ++i)
    for (int j = 0; j < nx_; ++j) free_rows_[i * nx_ + j] = -Q_ux_reg_[free[i] * nx_ + j];
  box_.solve_free(free_rows_.data(), nx_);
  for (size_t i = 0; i < free.size(); ++i)
    for (int j = 0; j < nx_; ++j) K[free[i] * nx_ + j] = free_rows_[i * nx_ + j];
  return true;
}

// Tassa et al. 2012, with V' the value one step later:
//   Q_x = l_x + A'V'_x, Q_u = l_u + B'V'_x                                            (5a, 5b)
//   Q_xx = l_xx + A'V'_xx A, Q_ux = l_ux + B'V'_xx A, Q_uu = l_uu + B'V'_xx B         (5c-5e, without f_xx)
//   Q~_uu = Q_uu + mu B'B, Q~_ux = Q_ux + mu B'A                                      (10a, 10b)
//   V_x = Q_x + K'Q_uu k + K'Q_u + Q_ux'k, V_xx = Q_xx + K'Q_uu K + K'Q_ux + Q_ux'K   (11b, 11c)
template <int kNx, int kNu>
int BackwardPass::run_sized(const LocalModel& model, const double* controls, double mu, Gains& gains) {
  const int nx = nx_, nu = nu_;
  Map<kNx, 1> V_x(V_x_.data(), nx, 1), Q_x(Q_x_.data(), nx, 1);
  Map<kNu, 1> Q_u(Q_u_.data(), nu, 1);
  Map<kNx, kNx> V_xx(V_xx_.data(), nx, nx), VA(VA_.data(), nx, nx), Q_xx(Q_xx_.data(), nx, nx);
  Map<kNx, kNu> VB(VB_.data(), nx, nu);
  Map<kNu, kNx> Q_ux(Q_ux_.data(), nu, nx), Q_ux_reg(Q_ux_reg_.data(), nu, nx);
  Map<kNu, kNu> Q_uu(Q_uu_.data(), nu, nu), Q_uu_reg(Q_uu_reg_.data(), nu, nu);
  V_x = ConstMap<kNx, 1>(model.terminal_x.data(), nx, 1);
  V_xx = ConstMap<kNx, kNx>(model.terminal_xx.data(), nx, nx);
  gains.linear = gains.quadratic = gains.gradient = 0;
  for (int step = model.horizon - 1; step >= 0; --step) {
    const ConstMap<kNx, kNx> A(&model.a[product(step, nx, nx)], nx, nx);
    const ConstMap<kNx, kNu> B(&model.b[product(step, nx, nu)], nx, nu);
    VA.noalias() = V_xx * A;
    VB.noalias() = V_xx * B;
    Q_x = ConstMap<kNx, 1>(&model.l_x[product(step, nx)], nx, 1);
    Q_x.noalias() += A.transpose() * V_x;
    Q_u = ConstMap<kNu, 1>(&model.l_u[product(step, nu)], nu, 1);
    Q_u.noalias() += B.transpose() * V_x;
    Q_xx = ConstMap<kNx, kNx>(&model.l_xx[product(step, nx, nx)], nx, nx);
    Q_xx.noalias() += A.transpose() * VA;
    Q_ux = ConstMap<kNu, kNx>(&model.l_ux[product(step, nu, nx)], nu, nx);
    Q_ux.noalias() += B.transpose() * VA;
    Q_uu = ConstMap<kNu, kNu>(&model.l_uu[product(step, nu, nu)], nu, nu);
    Q_uu.noalias() += B.transpose() * VB;
    Q_uu_reg = Q_uu;
    Q_uu_reg.noalias() += mu * (B.transpose() * B);
    Q_ux_reg = Q_ux;
    Q_ux_reg.noalias() += mu * (B.transpose() * A);

    double* k_data = &gains.k[product(step, nu)];
    double* K_data = &gains.K[product(step, nu, nx)];
    if (step + 1 < model.horizon) std::copy_n(k_data + nu, nu, k_data);
    if (!solve_step<kNx, kNu>(controls + product(step, nu), k_data, K_data)) return step;

    const ConstMap<kNu, 1> k(k_data, nu, 1);
    const ConstMap<kNu, kNx> K(K_data, nu, nx);
    gains.linear += k.dot(Q_u);
    Map<kNu, 1> Quu_k(low_.data(), nu, 1);  // the bounds are spent: their memory serves as scratch
    Quu_k.noalias() = Q_uu * k;
    gains.quadratic += 0.5 * k.dot(Quu_k);
    double largest = 0;
    for (int i = 0; i < nu; ++i) largest = std::max(largest, std::abs(k[i]) / (std::abs(controls[step * nu + i]) + 1));
    gains.gradient += largest / model.horizon;

    Quu_k += Q_u;
    V_x = Q_x;
    V_x.noalias() += K.transpose() * Quu_k;
    V_x.noalias() += Q_ux.transpose() * k;
    Q_ux_reg = Q_ux;  // Q_ux + Q_uu K / 2, whose product with K' is half of the last three terms of (11c)
    Q_ux_reg.noalias() += 0.5 * (Q_uu * K);
    VA.noalias() = K.transpose() * Q_ux_reg;
    V_xx = Q_xx + VA + VA.transpose();
    VA = V_xx.transpose();
    V_xx = 0.5 * (V_xx + VA);
  }
  return -1;
}

int BackwardPass::run(const LocalModel& model, std::span<const double> controls, std::span<const double> u_min,
                      std::span<const double> u_max, double mu, Gains& gains) {
  u_min_ = u_min.data();
  u_max_ = u_max.data();
  // Sizes known to the compiler are several times faster; the commonest small ones get them.
  if (nx_ == 4 && nu_ == 1) return run_sized<4, 1>(model, controls.data(), mu, gains);
  if (nx_ == 2 && nu_ == 1) return run_sized<2, 1>(model, controls.data(), mu, gains);
  return run_sized<Eigen::Dynamic, Eigen::Dynamic>(model, controls.data(), mu, gains);
}

}  // namespace lockstep::planners
