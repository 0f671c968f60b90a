// Regressions on resampled rows in lanes of double: compiled once per instruction set.
#include "kernels/bootstrap_batch.h"
#include "kernels/philox.h"
#include "kernels/team.h"

namespace lockstep::kernels {
namespace {

inline constexpr int kWidth = std::is_same_v<NativeIsa, isa::V4> ? 8 : 4;
// Registers of members by entries that a tile of panel_sums holds: 24 of AVX-512's 32, 12 of AVX2's 16.
inline constexpr int kVectors = 3;
inline constexpr int kTileEntries = std::is_same_v<NativeIsa, isa::V4> ? 8 : 4;
inline constexpr int kPanel = kVectors * kWidth;
using T = Lanes<double, kWidth>;

// ---- Draws ----

inline constexpr int kDrawBlocks = 16;  // of four words

// The words of blocks first .. first + 15 of one member, [4][16].
[[gnu::always_inline]] inline void draw_words(RandomStream key, std::uint32_t member, std::uint32_t first,
                                              std::uint32_t (&words)[4][kDrawBlocks]) {
  for (int block = 0; block < kDrawBlocks; ++block) {
    const PhiloxWords w = philox(key, member, first + static_cast<std::uint32_t>(block));
    for (int i = 0; i < 4; ++i) words[i][block] = w.word[i];
  }
}

void draw(const DrawCall& call) {
  const auto rows = static_cast<std::uint32_t>(call.rows);
  for (long i = 0; i < static_cast<long>(call.rows) * kPanel; ++i) call.memory[i] = 0;
  for (int member = 0; member < call.members; ++member) {
    std::uint8_t* const counts = call.memory + static_cast<long>(member) * call.rows;
    const RandomStream key{call.seed, call.stream};
    std::uint32_t drawn = 0;
    for (std::uint32_t block = 0; drawn < rows; block += kDrawBlocks) {
      std::uint32_t words[4][kDrawBlocks];
      draw_words(key, call.first_member + static_cast<std::uint32_t>(member), block, words);
      const std::uint32_t* const flat = &words[0][0];
      const std::uint32_t left = rows - drawn < 4 * kDrawBlocks ? rows - drawn : 4 * kDrawBlocks;
      for (std::uint32_t k = 0; k < left; ++k) {
        std::uint8_t& count = counts[(static_cast<std::uint64_t>(flat[k]) * rows) >> 32];
        ++count;
      }
      drawn += left;
    }
  }
  for (int row = 0; row < call.rows; ++row) {
    for (int member = 0; member < kPanel; ++member) {
      call.counts[static_cast<long>(row) * kPanel + member] = call.memory[static_cast<long>(member) * call.rows + row];
    }
  }
}

// ---- Sums ----

void products(const ProductCall& call) {
  int entry = 0;
  double* out = call.products;
  const auto write = [&](int f, int g) {
    if (entry >= call.first && entry < call.last) {
      const double* const a = call.columns + static_cast<long>(f) * kProductRows;
      const double* const b = call.columns + static_cast<long>(g) * kProductRows;
      for (int row = 0; row < kProductRows; row += kWidth) store<T>(out + row, load<T>(a + row) * load<T>(b + row));
      out += kProductRows;
    }
    ++entry;
  };
  const int p = call.layout.features, q = call.layout.columns();
  for (int f = 0; f < p; ++f) {
    for (int g = f; g < q; ++g) write(f, g);
  }
  for (int k = p; k < q; ++k) write(k, k);
}

// sums of kTileEntries entries of one panel.
[[gnu::always_inline]] inline void sum_tile(const double* counts, int rows, const double* products, double* sums) {
  T sum[kVectors][kTileEntries];
  for (int v = 0; v < kVectors; ++v) {
    for (int e = 0; e < kTileEntries; ++e) sum[v][e] = load<T>(sums + e * kPanel + v * kWidth);
  }
  for (int row = 0; row < rows; ++row) {
    T weight[kVectors];
    for (int v = 0; v < kVectors; ++v) weight[v] = load<T>(counts + row * kPanel + v * kWidth);
    for (int e = 0; e < kTileEntries; ++e) {
      const T product = T(products[e * kProductRows + row]);
      for (int v = 0; v < kVectors; ++v) sum[v][e] = sum[v][e] + weight[v] * product;
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    for (int e = 0; e < kTileEntries; ++e) store<T>(sums + e * kPanel + v * kWidth, sum[v][e]);
  }
}

void panel_sums(const PanelSumCall& call) {
  for (int i = 0; i < call.rows * kPanel; ++i) call.memory[i] = call.counts[i];
  for (int e = 0; e < call.entries; e += kTileEntries) {
    sum_tile(call.memory, call.rows, call.products + static_cast<long>(e) * kProductRows,
             call.sums + static_cast<long>(e) * kPanel);
  }
}

// square += rows' rows, four rows at a time: what is loaded and stored is used four times.
void row_sums(const RowSumCall& call) {
  constexpr int kRows = 4;
  const int p = call.layout.features, n = call.layout.targets, q = p + n, width = row_width(call.layout);
  double* const plain = call.memory;                 // [4][width]
  double* const weighted = call.memory + 4 * width;  // the same times the weights
  for (int i = 0; i < 8 * width; ++i) call.memory[i] = 0;
  for (int first = 0; first < call.rows; first += kRows) {
    for (int r = 0; r < kRows; ++r) {
      const bool is_there = first + r < call.rows;
      const long row = !is_there ? 0 : call.order == nullptr ? first + r : call.order[first + r];
      const double weight = !is_there ? 0.0 : call.weights == nullptr ? 1.0 : call.weights[row];
      for (int f = 0; f < p; ++f) plain[r * width + f] = is_there ? call.theta[row * p + f] : 0.0;
      for (int k = 0; k < n; ++k) plain[r * width + p + k] = is_there ? call.y[row * n + k] : 0.0;
      for (int i = 0; i < q; ++i) weighted[r * width + i] = weight * plain[r * width + i];
    }
    for (int f = 0; f < q; ++f) {
      const T w0 = T(weighted[f]), w1 = T(weighted[width + f]), w2 = T(weighted[2 * width + f]),
              w3 = T(weighted[3 * width + f]);
      double* const out = call.square + static_cast<long>(f) * width;
      for (int g = f / kWidth * kWidth; g < width; g += kWidth) {
        const double* const from = plain + g;
        T sum = load<T>(out + g);
        sum = sum + w0 * load<T>(from);
        sum = sum + w1 * load<T>(from + width);
        sum = sum + w2 * load<T>(from + 2 * width);
        sum = sum + w3 * load<T>(from + 3 * width);
        store<T>(out + g, sum);
      }
    }
  }
}

// ---- Solves ----

void stlsq(const StlsqCall& call) {
  T* const memory = reinterpret_cast<T*>(call.memory);
  for (int lane_index = 0; lane_index < call.members; lane_index += kWidth) {
    StlsqProblem<T> problem;
    problem.layout = call.layout;
    problem.settings = call.settings;
    problem.sums = call.sums + lane_index;
    problem.stride = kPanel;
    problem.threshold = load<T>(call.threshold + lane_index);
    problem.alpha = load<T>(call.alpha + lane_index);
    solve_stlsq(problem, call.allowed == nullptr ? nullptr : call.allowed + lane_index, call.coefficients + lane_index,
                memory, Solo{});
    store<T>(call.pivot + lane_index, problem.smallest_pivot);
    store<T>(call.iterations + lane_index, problem.iterations);
    store<T>(call.unsettled + lane_index, problem.unsettled);
  }
}

bool is_finite_array(const double* values, long count) {
  std::int64_t wrong = 0;
  for (long i = 0; i < count; ++i) {
    const auto bits = to_bits(values[i]);
    wrong |= (bits & 0x7ff0000000000000LL) == 0x7ff0000000000000LL ? 1 : 0;
  }
  return wrong == 0;
}

constexpr BootstrapBatch kTable{draw, products, panel_sums, row_sums, stlsq, is_finite_array, kPanel};

}  // namespace

template <>
const BootstrapBatch& bootstrap_batch<NativeIsa>() {
  return kTable;
}

}  // namespace lockstep::kernels
