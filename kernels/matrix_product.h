// Product of two matrices in lanes: register tiles over packed panels of the right-hand side.
// K. Goto, R. van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34(3), 2008, with one level
// of blocking: networks' matrices are small enough for the panel [k][tile columns] to stay in the second-level cache.
#pragma once

#include "kernels/activations.h"
#include "kernels/lanes.h"

namespace lockstep::kernels {

// A matrix that is read: element (row, column) is at data[row * row_stride + column * column_stride].
template <class R>
struct StridedMatrix {
  const R* data = nullptr;
  long row_stride = 0, column_stride = 0;
};

// c [m][n] = start + a [m][k] b [k][n], then what `activation` and `slope_of` ask for. Every element is summed over k
// in rising order, whatever the lane width; but the products of a single column (n = 1) whose numbers lie side by side
// are summed lane by lane.
template <class R>
struct MatrixProduct {
  int m = 0, n = 0, k = 0;
  StridedMatrix<R> a, b;
  const R* start = nullptr;  // [m][n] whose columns lie side by side, or nullptr for zeros; may be c itself
  long start_stride = 0;     // numbers between two rows of start; 0: the same row for all (a bias)
  R* c = nullptr;            // [m][n], columns side by side
  long c_stride = 0;         // numbers between two rows of c
  R* panel = nullptr;        // scratch, product_scratch(m, k)

  // While a part of c is still in the first-level cache: c = activation(c); or, with slope_of (laid out as c) values of
  // the activation, c *= its slope there.
  Activation activation = Activation::kIdentity;
  const R* slope_of = nullptr;
};

// Columns of the widest panel, for any instruction set, and rows of the highest tile.
inline constexpr int kMaxPanelColumns = 64, kMaxTileRows = 6;
// Numbers of scratch that a product wants: a panel of b, and all of a in tiles.
LS_FN long product_scratch(int m, int k) { return (static_cast<long>(kMaxPanelColumns) + m + kMaxTileRows) * k; }

// The product on registers T: tiles of Rows rows and up to Vectors registers of columns.
template <class T, int Rows, int Vectors>
struct TiledProduct {
  using R = Real<T>;
  static constexpr int kWidth = kLanes<T>;
  static_assert(kWidth * Vectors <= kMaxPanelColumns && Rows <= kMaxTileRows);

  // Where a tile reads: element (i, k) of its rows of a, row k of its columns of b.
  struct Operands {
    StridedMatrix<R> a;
    const R* b;
    long b_stride;
  };

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
  LS_FN static void pack_columns(const MatrixProduct<R>& p, int first, int count, int width) {
    for (int row = 0; row < p.k; ++row) {
      const R* const source = p.b.data + row * p.b.row_stride + first * p.b.column_stride;
      R* const target = p.panel + static_cast<long>(row) * width;
      if (p.b.column_stride == 1) {
        for (int column = 0; column < count; ++column) target[column] = source[column];
      } else {
        for (int column = 0; column < count; ++column) target[column] = source[column * p.b.column_stride];
      }
      for (int column = count; column < width; ++column) target[column] = R(0);
    }
  }

  // Whole tiles of a, whose rows lie side by side, as [tile][k][Rows] behind the panel: a tile is then read in a row,
  // where its own rows are a stride apart that maps to few sets of the first-level cache.
  LS_FN static R* pack_rows(const MatrixProduct<R>& p) {
    R* const packed = p.panel + static_cast<long>(kMaxPanelColumns) * p.k;
    R* target = packed;
    for (int row = 0; row + Rows <= p.m; row += Rows) {
      const R* source = p.a.data + row;
      for (int k = 0; k < p.k; ++k, source += p.a.column_stride, target += Rows) {
        for (int i = 0; i < Rows; ++i) target[i] = source[i];
      }
    }
    return packed;
  }

  // M rows from `row`, `count` columns from `first`, in V registers a row.
  template <int M, int V>
  [[gnu::always_inline]] LS_FN static void tile(const MatrixProduct<R>& p, const Operands& from, int row, int first,
                                                int count) {
    T sums[M][V];
    for (int i = 0; i < M; ++i) {
      for (int v = 0; v < V; ++v) {
        sums[i][v] = p.start == nullptr
                         ? T(0)
                         : load_part(p.start + (row + i) * p.start_stride + first + v * kWidth, count - v * kWidth);
      }
    }
    const R* a = from.a.data;
    const R* b = from.b;
    for (int k = 0; k < p.k; ++k, a += from.a.column_stride, b += from.b_stride) {
      T right[V];
      for (int v = 0; v < V; ++v) right[v] = load<T>(b + v * kWidth);
      for (int i = 0; i < M; ++i) {
        const T left = T(a[i * from.a.row_stride]);
        for (int v = 0; v < V; ++v) sums[i][v] = fused_multiply_add(left, right[v], sums[i][v]);
      }
    }
    if (p.activation == Activation::kRelu) rectify<M, V>(p, row, first, count, sums);
    for (int i = 0; i < M; ++i) {
      for (int v = 0; v < V; ++v)
        store_part(p.c + (row + i) * p.c_stride + first + v * kWidth, sums[i][v], count - v * kWidth);
    }
    finish(p, row, M, first, count);
  }

  // What kRelu asks for, on a tile that is still in registers.
  template <int M, int V>
  [[gnu::always_inline]] LS_FN static void rectify(const MatrixProduct<R>& p, int row, int first, int count,
                                                   T (&sums)[M][V]) {
    for (int i = 0; i < M; ++i) {
      for (int v = 0; v < V; ++v) {
        if (p.slope_of == nullptr) {
          sums[i][v] = activation<Activation::kRelu>(sums[i][v]);
        } else {
          const T y = load_part(p.slope_of + (row + i) * p.c_stride + first + v * kWidth, count - v * kWidth);
          sums[i][v] = sums[i][v] * activation_slope_of_value<Activation::kRelu>(y);
        }
      }
    }
  }

  template <Activation A>
  LS_FN static void finish_as(const MatrixProduct<R>& p, int row, int rows, int first, int count) {
    for (int i = row; i < row + rows; ++i) {
      for (int column = first; column < first + count; column += kWidth) {
        const int rest = first + count - column;
        R* const c = p.c + i * p.c_stride + column;
        const T x = load_part(c, rest);
        if (p.slope_of == nullptr) {
          store_part(c, activation<A>(x), rest);
        } else {
          const T y = load_part(p.slope_of + i * p.c_stride + column, rest);
          store_part(c, x * activation_slope_of_value<A>(y), rest);
        }
      }
    }
  }
  // The other activations, on what was just stored: their code is too long for every kind of tile.
  [[gnu::always_inline]] LS_FN static void finish(const MatrixProduct<R>& p, int row, int rows, int first, int count) {
    if (p.activation == Activation::kTanh) return finish_as<Activation::kTanh>(p, row, rows, first, count);
    if (p.activation == Activation::kElu) return finish_as<Activation::kElu>(p, row, rows, first, count);
  }

  template <int V>
  LS_FN static void columns(const MatrixProduct<R>& p, const R* packed, int first, int count) {
    // Few rows do not pay for a copy of b.
    const bool in_place = p.m < Rows && p.b.column_stride == 1 && count == V * kWidth;
    Operands from{p.a, p.panel, V * kWidth};
    if (in_place) {
      from.b = p.b.data + first;
      from.b_stride = p.b.row_stride;
    } else {
      pack_columns(p, first, count, V * kWidth);
    }
    int row = 0;
    for (; row + Rows <= p.m; row += Rows) {
      from.a = packed != nullptr ? StridedMatrix<R>{packed + static_cast<long>(row) * p.k, 1, Rows} : rows_of(p, row);
      tile<Rows, V>(p, from, row, first, count);
    }
    if constexpr (Rows > 4) {
      for (; row + 4 <= p.m; row += 4) {
        from.a = rows_of(p, row);
        tile<4, V>(p, from, row, first, count);
      }
    }
    for (; row + 2 <= p.m; row += 2) {
      from.a = rows_of(p, row);
      tile<2, V>(p, from, row, first, count);
    }
    if (row < p.m) {
      from.a = rows_of(p, row);
      tile<1, V>(p, from, row, first, count);
    }
  }
  [[gnu::always_inline]] LS_FN static StridedMatrix<R> rows_of(const MatrixProduct<R>& p, int row) {
    return {p.a.data + row * p.a.row_stride, p.a.row_stride, p.a.column_stride};
  }

  LS_FN static void run_tiles(const MatrixProduct<R>& p) {
    constexpr int kColumns = Vectors * kWidth;
    const bool has_far_columns = p.a.row_stride == 1 && p.a.column_stride > 1;
    const R* const packed = has_far_columns && p.m >= Rows && p.n > kWidth ? pack_rows(p) : nullptr;
    for (int first = 0; first < p.n; first += kColumns) {
      const int count = p.n - first < kColumns ? p.n - first : kColumns;
      if (count <= kWidth) {
        columns<1>(p, packed, first, count);
      } else if (count <= 2 * kWidth) {
        columns<2>(p, packed, first, count);
      } else {
        columns<Vectors>(p, packed, first, count);
      }
    }
  }

  // One column: dot products of rows of a with b, four of them at a time so that their sums do not wait for each other.
  template <int M>
  [[gnu::always_inline]] LS_FN static void dot_rows(const MatrixProduct<R>& p, int row) {
    T sums[M];
    for (int i = 0; i < M; ++i) sums[i] = T(0);
    for (int k = 0; k < p.k; k += kWidth) {
      const T right = load_part(p.b.data + k, p.k - k);
      for (int i = 0; i < M; ++i)
        sums[i] = fused_multiply_add(load_part(p.a.data + (row + i) * p.a.row_stride + k, p.k - k), right, sums[i]);
    }
    for (int i = 0; i < M; ++i) {
      R lanes[kWidth];
      store(lanes, sums[i]);
      R sum = p.start == nullptr ? R(0) : p.start[(row + i) * p.start_stride];
      for (int lane = 0; lane < kWidth; ++lane) sum += lanes[lane];
      p.c[(row + i) * p.c_stride] = sum;
      if (p.activation == Activation::kRelu) finish_as<Activation::kRelu>(p, row + i, 1, 0, 1);
      finish(p, row + i, 1, 0, 1);
    }
  }
  LS_FN static void run_column(const MatrixProduct<R>& p) {
    int row = 0;
    for (; row + 4 <= p.m; row += 4) dot_rows<4>(p, row);
    for (; row < p.m; ++row) dot_rows<1>(p, row);
  }

  LS_FN static void run(const MatrixProduct<R>& p) {
    if (p.n == 1 && p.a.column_stride == 1 && p.b.row_stride == 1 && p.k >= kWidth) return run_column(p);
    const bool is_flat = p.c_stride == 1 && (p.start == nullptr || p.start_stride == 1) && p.slope_of == nullptr;
    if (p.n == 1 && p.a.row_stride == 1 && is_flat) {
      // A column of sums over columns of a, as the row that it is in memory.
      MatrixProduct<R> row = p;
      row.m = 1;
      row.n = p.m;
      row.a = {p.b.data, 0, p.b.row_stride};
      row.b = {p.a.data, p.a.column_stride, 1};
      row.c_stride = p.m;
      return run_tiles(row);
    }
    run_tiles(p);
  }
};

}  // namespace lockstep::kernels
