// Product of two matrices in lanes: register tiles over packed panels of the right-hand side.
// K. Goto, R. van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34(3), 2008, with one level
// of blocking: networks' matrices are small enough for the panel [k][tile columns] to stay in the second-level cache.
#pragma once

#include "kernels/lanes.h"

namespace lockstep::kernels {

// A matrix that is read: element (row, column) is at data[row * row_stride + column * column_stride].
template <class R>
struct StridedMatrix {
  const R* data = nullptr;
  long row_stride = 0, column_stride = 0;
};

// c [m][n] = start + a [m][k] b [k][n]. Every element is summed over k in rising order, whatever the lane width.
template <class R>
struct MatrixProduct {
  int m = 0, n = 0, k = 0;
  StridedMatrix<R> a, b;
  const R* start = nullptr;  // [m][n] whose columns lie side by side, or nullptr for zeros; may be c itself
  long start_stride = 0;     // numbers between two rows of start; 0: the same row for all (a bias)
  R* c = nullptr;            // [m][n], columns side by side
  long c_stride = 0;         // numbers between two rows of c
  R* panel = nullptr;        // scratch, panel_size(k)
};

// Columns of the widest panel, for any instruction set.
inline constexpr int kMaxPanelColumns = 64;
LS_FN long panel_size(int k) { return static_cast<long>(k) * kMaxPanelColumns; }

// The product on registers T: tiles of Rows rows and up to Vectors registers of columns.
template <class T, int Rows, int Vectors>
struct TiledProduct {
  using R = Real<T>;
  static constexpr int kWidth = kLanes<T>;
  static_assert(kWidth * Vectors <= kMaxPanelColumns);

  [[gnu::always_inline]] LS_FN static T load_part(const R* source, int count) {
    if (count >= kWidth) return load<T>(source);
    R numbers[kWidth] = {};
    for (int i = 0; i < count; ++i) numbers[i] = source[i];
    return load<T>(numbers);
  }
  [[gnu::always_inline]] LS_FN static void store_part(R* target, T x, int count) {
    if (count >= kWidth) {
      store(target, x);
      return;
    }
    R numbers[kWidth];
    store(numbers, x);
    for (int i = 0; i < count; ++i) target[i] = numbers[i];
  }

  // Columns first ... first + count - 1 of b as [k][width], zeros behind the last.
  LS_FN static void pack(const MatrixProduct<R>& p, int first, int count, int width) {
    for (int row = 0; row < p.k; ++row) {
      const R* const source = p.b.data + row * p.b.row_stride + first * p.b.column_stride;
      R* const target = p.panel + static_cast<long>(row) * width;
      for (int column = 0; column < count; ++column) target[column] = source[column * p.b.column_stride];
      for (int column = count; column < width; ++column) target[column] = R(0);
    }
  }

  // M rows from `row`, `count` columns from `first`, which are in the panel as V registers a row.
  template <int M, int V>
  [[gnu::always_inline]] LS_FN static void tile(const MatrixProduct<R>& p, int row, int first, int count) {
    T sums[M][V];
    for (int i = 0; i < M; ++i) {
      for (int v = 0; v < V; ++v) {
        sums[i][v] = p.start == nullptr
                         ? T(0)
                         : load_part(p.start + (row + i) * p.start_stride + first + v * kWidth, count - v * kWidth);
      }
    }
    const R* a = p.a.data + row * p.a.row_stride;
    const R* b = p.panel;
    for (int k = 0; k < p.k; ++k, a += p.a.column_stride, b += V * kWidth) {
      T right[V];
      for (int v = 0; v < V; ++v) right[v] = load<T>(b + v * kWidth);
      for (int i = 0; i < M; ++i) {
        const T left = T(a[i * p.a.row_stride]);
        for (int v = 0; v < V; ++v) sums[i][v] = fused_multiply_add(left, right[v], sums[i][v]);
      }
    }
    for (int i = 0; i < M; ++i) {
      for (int v = 0; v < V; ++v)
        store_part(p.c + (row + i) * p.c_stride + first + v * kWidth, sums[i][v], count - v * kWidth);
    }
  }

  template <int V>
  LS_FN static void columns(const MatrixProduct<R>& p, int first, int count) {
    pack(p, first, count, V * kWidth);
    int row = 0;
    for (; row + Rows <= p.m; row += Rows) tile<Rows, V>(p, row, first, count);
    for (; row + 2 <= p.m; row += 2) tile<2, V>(p, row, first, count);
    if (row < p.m) tile<1, V>(p, row, first, count);
  }

  LS_FN static void run(const MatrixProduct<R>& p) {
    constexpr int kColumns = Vectors * kWidth;
    for (int first = 0; first < p.n; first += kColumns) {
      const int count = p.n - first < kColumns ? p.n - first : kColumns;
      if (count <= kWidth) {
        columns<1>(p, first, count);
      } else if (count <= 2 * kWidth) {
        columns<2>(p, first, count);
      } else {
        columns<Vectors>(p, first, count);
      }
    }
  }
};

}  // namespace lockstep::kernels
