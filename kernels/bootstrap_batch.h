// Many regressions on resampled rows at once, as compiled for one instruction set: draws, sums, solves.
// Members of an ensemble lie side by side in panels of `panel` members; what belongs to a panel is [..][panel].
#pragma once

#include "kernels/sparse_solve.h"

#include <cstdint>

namespace lockstep::kernels {

// How often each row was drawn, for the members of one panel.
struct DrawCall {
  std::uint64_t seed = 0;
  std::uint32_t stream = 0;
  std::uint32_t first_member = 0;  // the panel's
  int members = 0;                 // in the panel; the others draw nothing
  int rows = 0;                    // drawn from, and as often as there are
  std::uint8_t* counts =
      nullptr;  // [rows][panel], output; a row is drawn 255 times at most (it is never, but in tests)
  std::uint8_t* memory = nullptr;  // [panel][rows]
};

// Products of columns over a block of rows, for entries first <= e < last of a SumsLayout.
inline constexpr int kProductRows = 256;
struct ProductCall {
  SumsLayout layout;
  const double* columns = nullptr;  // [features + targets][kProductRows], zero beyond the last row
  int first = 0, last = 0;
  double* products = nullptr;  // [last - first][kProductRows]
};

// sums += counts' products over a block of rows, for one panel.
struct PanelSumCall {
  const std::uint8_t* counts = nullptr;  // [rows][panel]
  int rows = 0;                          // <= kProductRows
  const double* products = nullptr;      // [entries][kProductRows]
  int entries = 0;                       // a multiple of kEntryTile
  double* sums = nullptr;                // [entries][panel]
  double* memory = nullptr;              // 64-byte aligned, kProductRows * panel numbers
};
inline constexpr int kEntryTile = 8;

// Sums of rows as they lie in memory: products of every column with every other.
struct RowSumCall {
  SumsLayout layout;
  const double* theta = nullptr;    // [.][features]
  const double* y = nullptr;        // [.][targets]
  const double* weights = nullptr;  // [.] or null: 1 each
  const int* order = nullptr;       // [rows] which rows, or null: the first ones
  int rows = 0;
  double* square = nullptr;  // [features + targets][row_width(layout)], upper triangle; += ; 64-byte aligned
  double* memory = nullptr;  // 64-byte aligned, 8 * row_width(layout) numbers
};
// Columns, rounded up to whole registers of every instruction set.
[[nodiscard]] inline int row_width(SumsLayout layout) { return (layout.columns() + 7) / 8 * 8; }

// Thresholded least squares of the problems in a panel.
struct StlsqCall {
  SumsLayout layout;
  StlsqSettings settings;
  const double* sums = nullptr;       // [layout.size()][panel]
  const double* allowed = nullptr;    // [features][panel] or null
  const double* threshold = nullptr;  // [panel]
  const double* alpha = nullptr;      // [panel]
  int members = 0;                    // in the panel: lane groups beyond are left out
  double* coefficients = nullptr;     // [targets][features][panel], output
  double* pivot = nullptr;            // [panel], output: smallest of all factorisations (columns of length 1)
  double* iterations = nullptr;       // [panel], output
  double* unsettled = nullptr;        // [panel], output: 1 where max_iterations was not enough
  double* memory = nullptr;           // 64-byte aligned, stlsq_scratch(layout) numbers
};

struct BootstrapBatch {
  void (*draw)(const DrawCall&);
  void (*products)(const ProductCall&);
  void (*panel_sums)(const PanelSumCall&);
  void (*row_sums)(const RowSumCall&);
  void (*stlsq)(const StlsqCall&);
  bool (*is_finite)(const double* values, long count);
  int panel;
};

inline constexpr int kWidestPanel = 24;
[[nodiscard]] inline int stlsq_scratch(SumsLayout layout) { return 8 * StlsqScratch<double>::size(layout) + 8; }

// One definition per instruction set (models/bootstrap_batch.cpp).
template <class Isa>
const BootstrapBatch& bootstrap_batch();
template <>
const BootstrapBatch& bootstrap_batch<isa::Baseline>();
#if defined(__x86_64__)
template <>
const BootstrapBatch& bootstrap_batch<isa::V3>();
template <>
const BootstrapBatch& bootstrap_batch<isa::V4>();
#endif

}  // namespace lockstep::kernels
