// Product of two matrices in lanes: register tiles over packed panels of the right-hand side.
// K. Goto, R. van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34(3), 2008: the sum is cut
// into depths whose panels stay in the first-level cache; networks' matrices are small enough for the second level to
// hold the left-hand side.
#pragma once

#include "kernels/activations.h"
#include "kernels/lanes.h"
#include "kernels/matrix_packing.h"

namespace lockstep::kernels {

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
  R* panel = nullptr;        // scratch, product_scratch numbers

  // While a part of c is still in the first-level cache: c = activation(c); or, with slope_of (laid out as c) values of
  // the activation, c *= its slope there.
  Activation activation = Activation::kIdentity;
  const R* slope_of = nullptr;

  // [n], or nullptr: += every row of b, in rising order (the gradient of a bias beside that of its weights).
  R* row_sums = nullptr;
};

// Columns of the widest panel, for any instruction set; rows of the highest tile; length of a sum that is not cut.
inline constexpr int kMaxPanelColumns = 64, kMaxTileRows = 6, kMaxDepth = 256;
// So few columns are computed as rows of the transpose, so many at a time.
inline constexpr int kFewColumns = 16, kTurnedRows = 256;
// Numbers that the first-level cache holds at least.
template <class R>
inline constexpr int kFirstLevel = 32768 / static_cast<int>(sizeof(R));
// Numbers of scratch that a product wants; m counts only where rows of a lie side by side.
template <class R>
LS_FN long product_scratch(int m, int k) {
  return (static_cast<long>(m) + kMaxPanelColumns) * (k < kMaxDepth ? k : kMaxDepth) +
         kFewColumns * (kTurnedRows + kMaxDepth + 1) + kFirstLevel<R>;
}

// The product on registers T: tiles of Rows rows and up to Vectors registers of columns.
template <class T, int Rows, int Vectors>
struct TiledProduct {
  using R = Real<T>;
  static constexpr int kWidth = kLanes<T>, kColumns = kWidth * Vectors;
  static_assert(kColumns <= kMaxPanelColumns && Rows <= kMaxTileRows);

  static constexpr int kDeep = 32;  // terms of a sum that takes as long as a line from afar

  // Where a tile reads: element (i, k) of its rows of a, row k of its columns of b.
  struct Operands {
    StridedMatrix<R> a;
    const R* b;
    long b_stride;
  };
  // Where it starts and ends, at its first element.
  struct Target {
    const R* start = nullptr;
    long start_stride = 0;
    R* c = nullptr;
    long c_stride = 0;
    const R* slope_of = nullptr;
  };

  // What kRelu asks for, on a tile that is still in registers.
  template <int M, int V>
  [[gnu::always_inline]] LS_FN static void rectify(const Target& to, T (&sums)[M][V]) {
#pragma GCC unroll 12
    for (int i = 0; i < M; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) {
        if (to.slope_of == nullptr) {
          sums[i][v] = activation<Activation::kRelu>(sums[i][v]);
        } else {
          const T y = load<T>(to.slope_of + i * to.c_stride + v * kWidth);
          sums[i][v] = sums[i][v] * activation_slope_of_value<Activation::kRelu>(y);
        }
      }
    }
  }

  // The other activations, on what was just stored: their code is too long for every kind of tile.
  template <Activation A>
  LS_FN static void finish_as(const Target& to, int rows, int columns) {
    for (int i = 0; i < rows; ++i) {
      for (int column = 0; column < columns; column += kWidth) {
        R* const c = to.c + i * to.c_stride + column;
        const T x = load_part<T>(c, columns - column);
        if (to.slope_of == nullptr) {
          store_part(c, activation<A>(x), columns - column);
        } else {
          const T y = load_part<T>(to.slope_of + i * to.c_stride + column, columns - column);
          store_part(c, x * activation_slope_of_value<A>(y), columns - column);
        }
      }
    }
  }
  [[gnu::always_inline]] LS_FN static void finish(const MatrixProduct<R>& p, const Target& to, int rows, int columns) {
    if (p.activation == Activation::kTanh) return finish_as<Activation::kTanh>(to, rows, columns);
    if (p.activation == Activation::kElu) return finish_as<Activation::kElu>(to, rows, columns);
  }

  // Asks for the lines that the tile will end in, while it is summed.
  template <int M>
  [[gnu::always_inline]] LS_FN static void fetch_target(const Target& to) {
    for (int i = 0; i < M; ++i) {
      __builtin_prefetch(to.c + i * to.c_stride, 1);
      if (to.slope_of != nullptr) __builtin_prefetch(to.slope_of + i * to.c_stride);
    }
  }

  // M rows of V registers.
  template <int M, int V>
  LS_FN static void tile(const MatrixProduct<R>& p, const Operands& from, const Target& to) {
    T sums[M][V];
#pragma GCC unroll 12
    for (int i = 0; i < M; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v)
        sums[i][v] = to.start == nullptr ? T(0) : load<T>(to.start + i * to.start_stride + v * kWidth);
    }
    if (p.k >= kDeep) fetch_target<M>(to);
    const R* a = from.a.data;
    const R* b = from.b;
    const long a_rows = from.a.row_stride, a_step = from.a.column_stride, b_step = from.b_stride;
#pragma GCC unroll 4
    for (int k = 0; k < p.k; ++k, a += a_step, b += b_step) {
      T right[V];
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) right[v] = load<T>(b + v * kWidth);
#pragma GCC unroll 12
      for (int i = 0; i < M; ++i) {
        const T left = T(a[i * a_rows]);
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) sums[i][v] = fused_multiply_add(left, right[v], sums[i][v]);
      }
    }
    if (p.activation == Activation::kRelu) rectify<M, V>(to, sums);
#pragma GCC unroll 12
    for (int i = 0; i < M; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) store(to.c + i * to.c_stride + v * kWidth, sums[i][v]);
    }
    finish(p, to, M, V * kWidth);
  }

  // The same where only `count` columns are there to be read and written.
  template <int M, int V>
  LS_FN static void part_tile(const MatrixProduct<R>& p, const Operands& from, const Target& to, int count) {
    constexpr int kTile = V * kWidth;
    R c[M * kTile], start[M * kTile] = {}, values[M * kTile] = {};
    for (int i = 0; i < M; ++i) {
      if (to.start != nullptr) copy_part<kTile>(to.start + i * to.start_stride, start + i * kTile, count);
      if (to.slope_of != nullptr) copy_part<kTile>(to.slope_of + i * to.c_stride, values + i * kTile, count);
    }
    tile<M, V>(p, from,
               {.start = to.start == nullptr ? nullptr : start,
                .start_stride = kTile,
                .c = c,
                .c_stride = kTile,
                .slope_of = to.slope_of == nullptr ? nullptr : values});
    for (int i = 0; i < M; ++i) copy_part<kTile>(c + i * kTile, to.c + i * to.c_stride, count);
  }

  // Where both operands lie for the tiles.
  struct Layout {
    const R* tiles = nullptr;  // of a, or nullptr: they are read where they are
    R* panels = nullptr;       // of b
    long panel_step = 0;       // numbers between two panels for each of their columns; 0: one at a time, in one place
    const R* next = nullptr;   // the panel of b that will be copied next, where its rows lie side by side
    bool is_in_place = false;  // whole panels of b are read where they are
  };
  LS_FN static int columns_from(const MatrixProduct<R>& p, int first) {
    return p.n - first < kColumns ? p.n - first : kColumns;
  }

  template <int M, int V>
  [[gnu::always_inline]] LS_FN static void tile_of(const MatrixProduct<R>& p, const Operands& from, const Target& to,
                                                   int count) {
    if (count == V * kWidth) return tile<M, V>(p, from, to);
    part_tile<M, V>(p, from, to, count);
  }

  // M rows from `row`, of the panels that begin at columns begin <= first < end.
  template <int M>
  LS_FN static void row_of_tiles(const MatrixProduct<R>& p, const Layout& layout, int row, int begin, int end) {
    Operands from{{p.a.data + row * p.a.row_stride, p.a.row_stride, p.a.column_stride}, nullptr, 0};
    if (layout.tiles != nullptr) from.a = {layout.tiles + static_cast<long>(row) * p.k, 1, M};
    for (int first = begin; first < end; first += kColumns) {
      const int count = columns_from(p, first);
      const Target to{.start = p.start == nullptr ? nullptr : p.start + row * p.start_stride + first,
                      .start_stride = p.start_stride,
                      .c = p.c + row * p.c_stride + first,
                      .c_stride = p.c_stride,
                      .slope_of = p.slope_of == nullptr ? nullptr : p.slope_of + row * p.c_stride + first};
      const bool is_in_place = layout.is_in_place && count == kColumns;
      from.b = is_in_place ? p.b.data + first : layout.panels + first * layout.panel_step;
      if (count <= kWidth) {
        from.b_stride = kWidth;
        tile_of<M, 1>(p, from, to, count);
      } else if constexpr (M <= Rows) {
        if (count <= 2 * kWidth && Vectors > 2) {
          from.b_stride = 2 * kWidth;
          tile_of<M, 2>(p, from, to, count);
        } else {
          from.b_stride = is_in_place ? p.b.row_stride : kColumns;
          tile_of<M, Vectors>(p, from, to, count);
        }
      }
    }
  }

  // Asks for a share of the next panel, whose lines are read far from each other.
  [[gnu::always_inline]] LS_FN static void fetch(const MatrixProduct<R>& p, const R* next, int row) {
    if (p.b.column_stride != 1) {
      constexpr int kLine = 64 / static_cast<int>(sizeof(R));
      const long lines = (p.k + kLine - 1) / kLine, all = lines * kColumns;
      for (long line = row * all / p.m; line < (row + Rows) * all / p.m; ++line)
        __builtin_prefetch(next + line / lines * p.b.column_stride + line % lines * kLine);
      return;
    }
    const long begin = static_cast<long>(row) * p.k / p.m, end = static_cast<long>(row + Rows) * p.k / p.m;
    for (long k = begin; k < end; ++k) __builtin_prefetch(next + k * p.b.row_stride + kColumns - 1);
  }

  LS_FN static void all_rows(const MatrixProduct<R>& p, const Layout& layout, int begin, int end) {
    int row = 0;
    if (p.n <= kWidth) {  // a single register a row: twice the rows, so that their sums do not wait for each other
      for (; row + 2 * Rows <= p.m; row += 2 * Rows) row_of_tiles<2 * Rows>(p, layout, row, begin, end);
    }
    for (; row + Rows <= p.m; row += Rows) {
      if (layout.next != nullptr) fetch(p, layout.next, row);
      row_of_tiles<Rows>(p, layout, row, begin, end);
    }
    const int rest = p.m - row;
    if (rest == 1) row_of_tiles<1>(p, layout, row, begin, end);
    if constexpr (Rows > 2) {
      if (rest == 2) row_of_tiles<2>(p, layout, row, begin, end);
    }
    if constexpr (Rows > 3) {
      if (rest == 3) row_of_tiles<3>(p, layout, row, begin, end);
    }
    if constexpr (Rows > 4) {
      if (rest == 4) row_of_tiles<4>(p, layout, row, begin, end);
    }
    if constexpr (Rows > 5) {
      if (rest == 5) row_of_tiles<5>(p, layout, row, begin, end);
    }
  }

  template <int V>
  LS_FN static void pack_panel_as(const MatrixProduct<R>& p, int first, int count, R* panel) {
    PanelPacking<T, V>::pack(p.b, p.k, first, count, panel);
    if (p.row_sums != nullptr) PanelPacking<T, V>::add_rows({panel, V * kWidth, 1}, p.k, count, p.row_sums + first);
  }
  LS_FN static void pack_panel(const MatrixProduct<R>& p, const Layout& layout, int first) {
    const int count = columns_from(p, first);
    R* const panel = layout.panels + first * layout.panel_step;
    if (count <= kWidth) return pack_panel_as<1>(p, first, count, panel);
    if (count <= 2 * kWidth) return pack_panel_as<2>(p, first, count, panel);
    pack_panel_as<Vectors>(p, first, count, panel);
  }
  LS_FN static void add_row_sums(const MatrixProduct<R>& p, int first, int count) {
    PanelPacking<T, 1>::add_rows({p.b.data + first * p.b.column_stride, p.b.row_stride, p.b.column_stride}, p.k, count,
                                 p.row_sums + first);
  }

  LS_FN static void run_tiles(const MatrixProduct<R>& p) {
    Layout layout{.panels = p.panel};
    const int columns = (p.n + kColumns - 1) / kColumns * kColumns;
    const bool has_far_columns = p.a.row_stride == 1 && p.a.column_stride * p.k > kFirstLevel<R>;
    if (has_far_columns && p.n > kColumns && p.m >= Rows) {
      pack_tiles<Rows>(p.a, p.m, p.k, p.panel);
      layout.tiles = p.panel;
      layout.panels = p.panel + (static_cast<long>(p.m) * p.k + 15) / 16 * 16;  // aligned as it was
    }
    // Few rows do not pay for a copy, nor does what the first-level cache holds beside the rest.
    layout.is_in_place = p.b.column_stride == 1 && (p.m <= 2 * Rows || p.b.row_stride * p.k <= kFirstLevel<R> / 2);
    // Rows of c are written one after the other where all of b stays in the first-level cache.
    if (layout.is_in_place || static_cast<long>(columns) * p.k <= kFirstLevel<R>) {
      layout.panel_step = layout.is_in_place ? 0 : p.k;  // where it is, the last one alone may be copied
      for (int first = 0; first < p.n; first += kColumns) {
        if (!layout.is_in_place || columns_from(p, first) < kColumns) {
          pack_panel(p, layout, first);
        } else if (p.row_sums != nullptr) {
          PanelPacking<T, Vectors>::add_rows({p.b.data + first, p.b.row_stride, 1}, p.k, kColumns, p.row_sums + first);
        }
      }
      return all_rows(p, layout, 0, p.n);
    }
    for (int first = 0; first < p.n; first += kColumns) {
      pack_panel(p, layout, first);
      layout.next = first + 2 * kColumns <= p.n ? p.b.data + (first + kColumns) * p.b.column_stride : nullptr;
      all_rows(p, layout, first, first + columns_from(p, first));
    }
  }

  // Rows first ... first + rows - 1 of c as columns of b' a': a tile then has as many registers as it can, however few
  // columns c has.
  LS_FN static void run_turned(const MatrixProduct<R>& p, int first, int rows) {
    const bool is_row = p.n == 1 && p.c_stride == 1 && (p.start == nullptr || p.start_stride == 1);
    R* const target = p.c + first * p.c_stride;
    const R* const start = p.start == nullptr ? nullptr : p.start + first * p.start_stride;
    R* const c = is_row ? target : p.panel;
    if (!is_row && start != nullptr) {
      for (int i = 0; i < rows; ++i) {
        for (int j = 0; j < p.n; ++j) c[j * rows + i] = start[i * p.start_stride + j];
      }
    }
    run_tiles({.m = p.n,
               .n = rows,
               .k = p.k,
               .a = {p.b.data, p.b.column_stride, p.b.row_stride},
               .b = {p.a.data + first * p.a.row_stride, p.a.column_stride, p.a.row_stride},
               .start = start == nullptr || is_row ? start : c,
               .start_stride = rows,
               .c = c,
               .c_stride = rows,
               .panel = p.panel + kFewColumns * kTurnedRows,
               .activation = p.activation});
    if (is_row) return;
    for (int i = 0; i < rows; ++i) {
      for (int j = 0; j < p.n; ++j) target[i * p.c_stride + j] = c[j * rows + i];
    }
  }

  // One column: dot products of rows of a with b, four of them at a time so that their sums do not wait for each other.
  template <int M>
  [[gnu::always_inline]] LS_FN static void dot_rows(const MatrixProduct<R>& p, int row) {
    T sums[M];
    for (int i = 0; i < M; ++i) sums[i] = T(0);
    const R* const a = p.a.data + row * p.a.row_stride;
    int k = 0;
    for (; k + kWidth <= p.k; k += kWidth) {
      const T right = load<T>(p.b.data + k);
#pragma GCC unroll 4
      for (int i = 0; i < M; ++i) sums[i] = fused_multiply_add(load<T>(a + i * p.a.row_stride + k), right, sums[i]);
    }
    if (k < p.k) {
      const T right = load_part<T>(p.b.data + k, p.k - k);
      for (int i = 0; i < M; ++i)
        sums[i] = fused_multiply_add(load_part<T>(a + i * p.a.row_stride + k, p.k - k), right, sums[i]);
    }
    for (int i = 0; i < M; ++i) {
      R lanes[kWidth];
      store(lanes, sums[i]);
      R sum = p.start == nullptr ? R(0) : p.start[(row + i) * p.start_stride];
      for (int lane = 0; lane < kWidth; ++lane) sum += lanes[lane];
      p.c[(row + i) * p.c_stride] = sum;
    }
    const Target to{.c = p.c + row * p.c_stride,
                    .c_stride = p.c_stride,
                    .slope_of = p.slope_of == nullptr ? nullptr : p.slope_of + row * p.c_stride};
    if (p.activation == Activation::kRelu) finish_as<Activation::kRelu>(to, M, 1);
    finish(p, to, M, 1);
  }
  LS_FN static void run_column(const MatrixProduct<R>& p) {
    int row = 0;
    for (; row + 4 <= p.m; row += 4) dot_rows<4>(p, row);
    for (; row < p.m; ++row) dot_rows<1>(p, row);
  }

  // A sum that is not cut.
  LS_FN static void run_depth(const MatrixProduct<R>& p) {
    const bool has_far_columns = p.a.row_stride == 1 && p.a.column_stride > 1;
    const bool has_few_columns = p.n <= (has_far_columns ? kFewColumns : kWidth) && 2 * p.n <= p.m;
    if (!has_few_columns || p.slope_of != nullptr) return run_tiles(p);
    if (p.row_sums != nullptr) {
      for (int first = 0; first < p.n; first += kWidth)
        add_row_sums(p, first, p.n - first < kWidth ? p.n - first : kWidth);
    }
    for (int first = 0; first < p.m; first += kTurnedRows)
      run_turned(p, first, p.m - first < kTurnedRows ? p.m - first : kTurnedRows);
  }

  LS_FN static void run(const MatrixProduct<R>& p) {
    if (p.n == 1 && p.a.column_stride == 1 && p.b.row_stride == 1 && p.k >= kWidth && p.row_sums == nullptr)
      return run_column(p);
    if (p.k <= kMaxDepth) return run_depth(p);
    MatrixProduct<R> part = p;
    part.k = kMaxDepth;
    for (int done = 0; done < p.k; done += kMaxDepth) {
      part.a.data = p.a.data + done * p.a.column_stride;
      part.b.data = p.b.data + done * p.b.row_stride;
      const bool is_last = done + kMaxDepth >= p.k;
      if (is_last) part.k = p.k - done;
      part.activation = is_last ? p.activation : Activation::kIdentity;
      part.slope_of = is_last ? p.slope_of : nullptr;
      run_depth(part);
      part.start = p.c;
      part.start_stride = p.c_stride;
    }
  }
};

}  // namespace lockstep::kernels
