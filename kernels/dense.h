// Small dense matrices on one core: products in register blocks, and triangular solves of many right sides.
// Row-major, double, no alignment needed. One instruction set's code never shares a symbol with another's.
#pragma once

#include "kernels/lanes.h"

namespace lockstep::kernels {

// What the host calls, for one instruction set.
struct DenseKernels {
  // C [m][n] = A'B, or += where `add`; A [k][m], B [k][n]. C overlaps neither.
  void (*transposed_product)(int m, int n, int k, const double* A, const double* B, double* C, bool add);
  // b [m][columns] <- (L L')^-1 b, L [m][m] lower triangular.
  void (*solve_cholesky)(int m, int columns, const double* L, double* b);
};
template <class Isa>
DenseKernels dense_kernels();

template <int kWidth>
struct DenseRegister {
  using Vector [[gnu::vector_size(kWidth * 8)]] = double;
};

template <class Isa>
struct Dense {
  template <int kWidth>
  using Vector = typename DenseRegister<kWidth>::Vector;
  // Numbers in a register, and rows of a block: so many accumulators fit.
  static constexpr int kWidest = std::is_same_v<Isa, isa::V4> ? 8 : std::is_same_v<Isa, isa::V3> ? 4 : 2;
  static constexpr int kRows = std::is_same_v<Isa, isa::V4> ? 6 : 4;

  template <int kWidth>
  LS_FN static Vector<kWidth> load(const double* from) {
    Vector<kWidth> v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
  }
  template <int kWidth>
  LS_FN static void store(double* to, Vector<kWidth> v) {
    __builtin_memcpy(to, &v, sizeof v);
  }

  // kR rows and kV registers of columns of C (+)= A'B.
  template <int kWidth, int kR, int kV>
  LS_FN static void block(int k, const double* A, int a_stride, const double* B, int b_stride, double* C, int c_stride,
                          bool add) {
    Vector<kWidth> sum[kR][kV];
    for (int r = 0; r < kR; ++r)
      for (int v = 0; v < kV; ++v) sum[r][v] = add ? load<kWidth>(C + r * c_stride + v * kWidth) : Vector<kWidth>{};
    for (int i = 0; i < k; ++i) {
      Vector<kWidth> b[kV];
      for (int v = 0; v < kV; ++v) b[v] = load<kWidth>(B + i * b_stride + v * kWidth);
      for (int r = 0; r < kR; ++r) {
        const double a = A[i * a_stride + r];
        for (int v = 0; v < kV; ++v) sum[r][v] += a * b[v];
      }
    }
    for (int r = 0; r < kR; ++r)
      for (int v = 0; v < kV; ++v) store<kWidth>(C + r * c_stride + v * kWidth, sum[r][v]);
  }
  // All rows of kV registers of columns.
  template <int kWidth, int kV>
  LS_FN static void columns(int m, int k, const double* A, const double* B, int n, double* C, bool add) {
    int row = 0;
    for (; row + kRows <= m; row += kRows) block<kWidth, kRows, kV>(k, A + row, m, B, n, C + row * n, n, add);
    for (; row + 2 <= m; row += 2) block<kWidth, 2, kV>(k, A + row, m, B, n, C + row * n, n, add);
    for (; row < m; ++row) block<kWidth, 1, kV>(k, A + row, m, B, n, C + row * n, n, add);
  }

  static void transposed_product(int m, int n, int k, const double* A, const double* B, double* C, bool add) {
    int column = 0;
    for (; column + 3 * kWidest <= n; column += 3 * kWidest)
      columns<kWidest, 3>(m, k, A, B + column, n, C + column, add);
    for (; column + kWidest <= n; column += kWidest) columns<kWidest, 1>(m, k, A, B + column, n, C + column, add);
    if constexpr (kWidest > 4)
      for (; column + 4 <= n; column += 4) columns<4, 1>(m, k, A, B + column, n, C + column, add);
    if constexpr (kWidest > 2)
      for (; column + 2 <= n; column += 2) columns<2, 1>(m, k, A, B + column, n, C + column, add);
    for (; column < n; ++column) {
      for (int row = 0; row < m; ++row) {
        double sum = add ? C[row * n + column] : 0;
        for (int i = 0; i < k; ++i) sum += A[i * m + row] * B[i * n + column];
        C[row * n + column] = sum;
      }
    }
  }

  static void solve_cholesky(int m, int columns, const double* L, double* b) {
    for (int i = 0; i < m; ++i) {
      for (int k = 0; k < i; ++k) subtract(columns, L[i * m + k], b + k * columns, b + i * columns);
      scale(columns, 1 / L[i * m + i], b + i * columns);
    }
    for (int i = m - 1; i >= 0; --i) {
      for (int k = i + 1; k < m; ++k) subtract(columns, L[k * m + i], b + k * columns, b + i * columns);
      scale(columns, 1 / L[i * m + i], b + i * columns);
    }
  }
  LS_FN static void subtract(int n, double weight, const double* from, double* row) {
    int j = 0;
    for (; j + kWidest <= n; j += kWidest)
      store<kWidest>(row + j, load<kWidest>(row + j) - weight * load<kWidest>(from + j));
    for (; j < n; ++j) row[j] -= weight * from[j];
  }
  LS_FN static void scale(int n, double weight, double* row) {
    for (int j = 0; j < n; ++j) row[j] *= weight;
  }
};

}  // namespace lockstep::kernels
