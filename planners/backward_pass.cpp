// Riccati-like sweep with a box-constrained quadratic program in every step.
#include "planners/backward_pass.h"
#include "engine/isa_dispatch.h"

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

kernels::DenseKernels dense_kernels(Isa isa) {
  return with_isa(isa, []<class Tag>(Tag) { return kernels::dense_kernels<Tag>(); });
}

// C [m][n] = A'B or += A'B, A [k][m], B [k][n], all row-major: by Eigen where all sizes are known to the compiler
// (small ones), else by the machine's own kernels.
template <int kM, int kN, int kK>
struct TransposedProduct {
  const kernels::DenseKernels& dense;
  int m, n, k;
  void set(const double* A, const double* B, double* C) const { run(A, B, C, false); }
  void add(const double* A, const double* B, double* C) const { run(A, B, C, true); }

 private:
  void run(const double* A, const double* B, double* C, bool sum) const {
    if constexpr (kM == Eigen::Dynamic || kN == Eigen::Dynamic || kK == Eigen::Dynamic) {
      dense.transposed_product(m, n, k, A, B, C, sum);
    } else {
      const ConstMap<kK, kM> a(A, k, m);
      const ConstMap<kK, kN> b(B, k, n);
      Map<kM, kN> c(C, m, n);
      if (sum)
        c.noalias() += a.transpose() * b;
      else
        c.noalias() = a.transpose() * b;
    }
  }
};

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
      terminal_xx(product(nx_, nx_)),
      gaps(product(horizon_ + 1, nx_)) {}

void LocalModel::keep_second() { second.resize(product(horizon, nx) * product(nx + nu, nx + nu)); }

Cost::Expansion LocalModel::stage() {
  using Vectors = View<double, 2>;
  using Matrices = View<double, 3>;
  return {Vectors(l_x.data(), horizon, nx), Vectors(l_u.data(), horizon, nu), Matrices(l_xx.data(), horizon, nx, nx),
          Matrices(l_ux.data(), horizon, nu, nx), Matrices(l_uu.data(), horizon, nu, nu)};
}

bool LocalModel::is_finite() const {
  return all_finite(a) && all_finite(b) && all_finite(l_x) && all_finite(l_u) && all_finite(l_xx) && all_finite(l_ux) &&
         all_finite(l_uu) && all_finite(terminal_x) && all_finite(terminal_xx) && all_finite(second);
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

BackwardPass::BackwardPass(int nx, int nu, Regularised regularised)
    : nx_(nx),
      nu_(nu),
      regularised_(regularised),
      dense_(dense_kernels(chosen_isa())),
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
      free_rows_(product(nu, std::max(nx, nu))) {}

// k minimises the quadratic model over the box shifted by u; K = -Q_uu,ff^-1 Q_ux,f for the controls left free.
// k [nu] holds the neighbouring step's k on entry: a warm start.
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
  dense_.solve_cholesky(static_cast<int>(free.size()), nx_, box_.factor(), free_rows_.data());
  for (size_t i = 0; i < free.size(); ++i)
    for (int j = 0; j < nx_; ++j) K[free[i] * nx_ + j] = free_rows_[i * nx_ + j];
  return true;
}

// Q_xx, Q_ux, Q_uu += V'_x . f_xx, V'_x . f_ux, V'_x . f_uu (2012, eqs. 5c-5e), F [nx][nx + nu][nx + nu].
void BackwardPass::add_second_order(const double* F) {
  const int n = nx_ + nu_;
  for (int i = 0; i < nx_; ++i) {
    const double weight = V_x_[i];
    const double* H = F + product(i, n, n);
    for (int j = 0; j < nx_; ++j)
      for (int k = 0; k < nx_; ++k) Q_xx_[product(j, nx_) + k] += weight * H[product(j, n) + k];
    for (int j = 0; j < nu_; ++j) {
      const double* row = H + product(nx_ + j, n);
      for (int k = 0; k < nx_; ++k) Q_ux_[product(j, nx_) + k] += weight * row[k];
      for (int k = 0; k < nu_; ++k) Q_uu_[product(j, nu_) + k] += weight * row[nx_ + k];
    }
  }
}

// Tassa et al. 2012, with V' the value one step later, and V'_x moved over the gap g between f and the next state:
//   V'_x <- V'_x + V'_xx g                                                            (Mastalli et al. 2020)
//   Q_x = l_x + A'V'_x, Q_u = l_u + B'V'_x                                            (5a, 5b)
//   Q_xx = l_xx + A'V'_xx A, Q_ux = l_ux + B'V'_xx A, Q_uu = l_uu + B'V'_xx B         (5c-5e)
//   Q~_uu = Q_uu + mu B'B, Q~_ux = Q_ux + mu B'A                                      (10a, 10b), or Q_uu + mu I
//   V_x = Q_x + K'Q_uu k + K'Q_u + Q_ux'k, V_xx = Q_xx + K'Q_uu K + K'Q_ux + Q_ux'K   (11b, 11c)
template <int kNx, int kNu>
int BackwardPass::run_sized(const LocalModel& model, const double* controls, double mu, Gains& gains) {
  const int nx = nx_, nu = nu_;
  Map<kNx, 1> V_x(V_x_.data(), nx, 1), Q_x(Q_x_.data(), nx, 1);
  Map<kNu, 1> Q_u(Q_u_.data(), nu, 1);
  Map<kNx, kNx> V_xx(V_xx_.data(), nx, nx), VA(VA_.data(), nx, nx), Q_xx(Q_xx_.data(), nx, nx);
  Map<kNu, kNx> Q_ux(Q_ux_.data(), nu, nx), Q_ux_reg(Q_ux_reg_.data(), nu, nx);
  Map<kNu, kNu> Q_uu(Q_uu_.data(), nu, nu), Q_uu_reg(Q_uu_reg_.data(), nu, nu);
  const TransposedProduct<kNx, kNx, kNx> xx{dense_, nx, nx, nx};
  const TransposedProduct<kNx, kNu, kNx> xu{dense_, nx, nu, nx};
  const TransposedProduct<kNu, kNx, kNx> ux{dense_, nu, nx, nx};
  const TransposedProduct<kNu, kNu, kNx> uu{dense_, nu, nu, nx};
  const TransposedProduct<kNu, kNx, kNu> uux{dense_, nu, nx, nu};
  const TransposedProduct<kNx, kNx, kNu> xux{dense_, nx, nx, nu};
  V_x = ConstMap<kNx, 1>(model.terminal_x.data(), nx, 1);
  V_xx = ConstMap<kNx, kNx>(model.terminal_xx.data(), nx, nx);
  gains.linear = gains.quadratic = gains.gradient = 0;
  for (int step = model.horizon - 1; step >= 0; --step) {
    const double *A_data = &model.a[product(step, nx, nx)], *B_data = &model.b[product(step, nx, nu)];
    const ConstMap<kNx, kNx> A(A_data, nx, nx);
    const ConstMap<kNx, kNu> B(B_data, nx, nu);
    if (!model.is_feasible) V_x.noalias() += V_xx * ConstMap<kNx, 1>(&model.gaps[product(step + 1, nx)], nx, 1);
    xx.set(V_xx_.data(), A_data, VA_.data());  // V_xx is symmetric
    xu.set(V_xx_.data(), B_data, VB_.data());
    Q_x = ConstMap<kNx, 1>(&model.l_x[product(step, nx)], nx, 1);
    Q_x.noalias() += A.transpose() * V_x;
    Q_u = ConstMap<kNu, 1>(&model.l_u[product(step, nu)], nu, 1);
    Q_u.noalias() += B.transpose() * V_x;
    Q_xx = ConstMap<kNx, kNx>(&model.l_xx[product(step, nx, nx)], nx, nx);
    xx.add(A_data, VA_.data(), Q_xx_.data());
    Q_ux = ConstMap<kNu, kNx>(&model.l_ux[product(step, nu, nx)], nu, nx);
    ux.add(B_data, VA_.data(), Q_ux_.data());
    Q_uu = ConstMap<kNu, kNu>(&model.l_uu[product(step, nu, nu)], nu, nu);
    uu.add(B_data, VB_.data(), Q_uu_.data());
    if (!model.second.empty()) add_second_order(&model.second[product(step, nx) * product(nx + nu, nx + nu)]);
    Q_uu_reg = Q_uu;
    Q_ux_reg = Q_ux;
    if (regularised_ == Regularised::kControl) {
      Q_uu_reg.diagonal().array() += mu;
    } else if (mu > 0) {
      uu.set(B_data, B_data, free_rows_.data());
      Q_uu_reg += mu * Map<kNu, kNu>(free_rows_.data(), nu, nu);
      ux.set(B_data, A_data, free_rows_.data());
      Q_ux_reg += mu * Map<kNu, kNx>(free_rows_.data(), nu, nx);
    }

    double* k_data = &gains.k[product(step, nu)];
    double* K_data = &gains.K[product(step, nu, nx)];
    if (step + 1 < model.horizon) std::copy_n(k_data + nu, nu, k_data);
    if (!solve_step(controls + product(step, nu), k_data, K_data)) return step;

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
    uux.set(Q_uu_.data(), K_data, free_rows_.data());  // Q_uu is symmetric
    // Q_ux + Q_uu K / 2, whose product with K' is half of the last three terms of (11c)
    Q_ux_reg = Q_ux + 0.5 * Map<kNu, kNx>(free_rows_.data(), nu, nx);
    xux.set(K_data, Q_ux_reg_.data(), VA_.data());
    VA = Q_xx + 2 * VA;
    V_xx = 0.5 * (VA + VA.transpose());
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
