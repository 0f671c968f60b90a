// Copies of matrices that a tiled product reads in a row (kernels/matrix_product.h): panels of the right-hand side, and
// tiles of a left-hand side whose columns lie far apart.
#pragma once

#include "kernels/lanes.h"

namespace lockstep::kernels {

// A matrix that is read: element (row, column) is at data[row * row_stride + column * column_stride].
template <class R>
struct StridedMatrix {
  const R* data = nullptr;
  long row_stride = 0, column_stride = 0;
};

// target [count] = source [count] for count <= kMost, a power of two (none below 1): in a few copies of fixed size.
template <int kMost, class R>
[[gnu::always_inline]] LS_FN void copy_part(const R* source, R* target, int count) {
  if (count >= kMost) {
    memcpy(target, source, kMost * sizeof(R));
  } else if constexpr (kMost > 1) {
    constexpr int kHalf = kMost / 2;
    const int done = count >= kHalf ? kHalf : 0;
    if (done != 0) memcpy(target, source, kHalf * sizeof(R));
    copy_part<kHalf>(source + done, target + done, count - done);
  }
}

// The first `count` lanes, 0 behind them.
template <class T>
[[gnu::always_inline]] LS_FN T load_part(const Real<T>* source, int count) {
  if (count >= kLanes<T>) return load<T>(source);
  Real<T> numbers[kLanes<T>] = {};
  copy_part<kLanes<T>>(source, numbers, count);
  return load<T>(numbers);
}
template <class T>
[[gnu::always_inline]] LS_FN void store_part(Real<T>* target, T x, int count) {
  if (count >= kLanes<T>) {
    store(target, x);
    return;
  }
  Real<T> numbers[kLanes<T>];
  store(numbers, x);
  copy_part<kLanes<T>>(numbers, target, count);
}

// On registers T, of which a panel has V.
template <class T, int V>
struct PanelPacking {
  using R = Real<T>;
  static constexpr int kWidth = kLanes<T>, kColumns = V * kWidth;

  // Columns first ... first + count - 1 of b as panel [depth][kColumns], zeros behind the last.
  LS_FN static void pack(const StridedMatrix<R>& b, int depth, int first, int count, R* panel) {
    const StridedMatrix<R> from{b.data + first * b.column_stride, b.row_stride, b.column_stride};
    if (b.column_stride == 1) return pack_rows(from, depth, count, panel);
    if (count < kColumns) {
      for (int row = 0; row < depth; ++row) clear(panel + static_cast<long>(row) * kColumns);
    }
    if (b.row_stride == 1) return pack_columns(from, depth, count, panel);
    pack_elements(from, {0, depth}, {0, count}, panel);
  }

  // sums [count] += every row of b [depth][count], in rising order.
  LS_FN static void add_rows(const StridedMatrix<R>& b, int depth, int count, R* sums) {
    T sum[V];
    for (int v = 0; v < V; ++v) sum[v] = load_part<T>(sums + v * kWidth, count - v * kWidth);
    const R* from = b.data;
    for (int row = 0; row < depth; ++row, from += b.row_stride) {
      for (int v = 0; v < V; ++v) sum[v] = sum[v] + load_part<T>(from + v * kWidth, count - v * kWidth);
    }
    for (int v = 0; v < V; ++v) store_part(sums + v * kWidth, sum[v], count - v * kWidth);
  }

 private:
  struct Range {
    int begin, end;
  };

  [[gnu::always_inline]] LS_FN static void clear(R* row) {
    for (int v = 0; v < V; ++v) store(row + v * kWidth, T(0));
  }

  LS_FN static void pack_rows(const StridedMatrix<R>& from, int depth, int count, R* panel) {
    const R* source = from.data;
    if (count == kColumns) {
      for (int row = 0; row < depth; ++row, source += from.row_stride, panel += kColumns) {
        for (int v = 0; v < V; ++v) store(panel + v * kWidth, load<T>(source + v * kWidth));
      }
      return;
    }
    for (int row = 0; row < depth; ++row, source += from.row_stride, panel += kColumns) {
      clear(panel);
      copy_part<kColumns>(source, panel, count);
    }
  }

  // Squares of numbers that lie side by side along a column, turned over in registers.
  LS_FN static void pack_columns(const StridedMatrix<R>& from, int depth, int count, R* panel) {
    const int whole_rows = depth - depth % kSquare, whole_columns = count - count % kSquare;
    for (int row = 0; row < whole_rows; row += kSquare) {
      for (int column = 0; column < whole_columns; column += kSquare) {
        turn_square(from.data + row + column * from.column_stride, from.column_stride,
                    panel + static_cast<long>(row) * kColumns + column);
      }
    }
    pack_elements(from, {0, whole_rows}, {whole_columns, count}, panel);
    pack_elements(from, {whole_rows, depth}, {0, count}, panel);
  }

  LS_FN static void pack_elements(const StridedMatrix<R>& from, Range rows, Range columns, R* panel) {
    for (int row = rows.begin; row < rows.end; ++row) {
      for (int column = columns.begin; column < columns.end; ++column)
        panel[static_cast<long>(row) * kColumns + column] =
            from.data[row * from.row_stride + column * from.column_stride];
    }
  }

  // Numbers in 16 bytes, which every instruction set has registers of.
  static constexpr int kSquare = 16 / static_cast<int>(sizeof(R));
  using Piece [[gnu::vector_size(16)]] = R;

  [[gnu::always_inline]] LS_FN static void turn_square(const R* source, long stride, R* target) {
    Piece x[kSquare], y[kSquare];
    for (int i = 0; i < kSquare; ++i) memcpy(&x[i], source + i * stride, 16);
    if constexpr (kSquare == 4) {
      const Piece low01 = __builtin_shufflevector(x[0], x[1], 0, 4, 1, 5);
      const Piece high01 = __builtin_shufflevector(x[0], x[1], 2, 6, 3, 7);
      const Piece low23 = __builtin_shufflevector(x[2], x[3], 0, 4, 1, 5);
      const Piece high23 = __builtin_shufflevector(x[2], x[3], 2, 6, 3, 7);
      y[0] = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
      y[1] = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
      y[2] = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
      y[3] = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
    } else {
      y[0] = __builtin_shufflevector(x[0], x[1], 0, 2);
      y[1] = __builtin_shufflevector(x[0], x[1], 1, 3);
    }
    for (int i = 0; i < kSquare; ++i) memcpy(target + static_cast<long>(i) * kColumns, &y[i], 16);
  }
};

// Rows of a, which lie side by side, as [tile][depth][rows of the tile]; the last tile has what is left of `rows`. A
// tile is then read in a row, where its own columns are a stride apart that maps to few sets of the first-level cache.
template <int kRows, class R>
LS_FN void pack_tiles(const StridedMatrix<R>& a, int rows, int depth, R* tiles) {
  constexpr int kAtOnce = 8;  // columns, so that a tile is written by whole lines
  const int whole = rows - rows % kRows, rest = rows - whole;
  for (int begin = 0; begin < depth; begin += kAtOnce) {
    const int end = begin + kAtOnce < depth ? begin + kAtOnce : depth;
    for (int row = 0; row < whole; row += kRows) {
      R* target = tiles + static_cast<long>(row) * depth + static_cast<long>(begin) * kRows;
      const R* source = a.data + row + begin * a.column_stride;
      for (int k = begin; k < end; ++k, source += a.column_stride, target += kRows)
        memcpy(target, source, kRows * sizeof(R));
    }
    R* target = tiles + static_cast<long>(whole) * depth + static_cast<long>(begin) * rest;
    const R* source = a.data + whole + begin * a.column_stride;
    for (int k = begin; k < end; ++k, source += a.column_stride, target += rest) copy_part<8>(source, target, rest);
  }
}

}  // namespace lockstep::kernels
