// Sequentially thresholded least squares on T: one small regression per lane, or per warp of a GPU.
// Sums of a problem (its normal equations) lie `stride` numbers apart, so that lanes or GPU threads read neighbours:
//   entry(f, g), g >= f   Theta_f' W Theta_g;   entry(f, features + k)   Theta_f' W y_k;   then y_k' W y_k
// Always in double: the sums square the condition number.
#pragma once

#include "kernels/lanes.h"

namespace lockstep::kernels {

// Where the sums of a problem of `features` and `targets` lie.
struct SumsLayout {
  int features = 0;
  int targets = 0;
  [[nodiscard]] LS_FN int columns() const { return features + targets; }
  // Of columns f <= g, f < features.
  [[nodiscard]] LS_FN int entry(int f, int g) const { return f * columns() - f * (f - 1) / 2 + g - f; }
  [[nodiscard]] LS_FN int target_square(int k) const { return entry(features, features) + k; }
  [[nodiscard]] LS_FN int size() const { return entry(features, features) + targets; }
};

// What is the same for all problems of a batch; models/stlsq.h explains the settings.
struct StlsqSettings {
  bool on_contribution = false;
  bool unbias = true;
  int max_iterations = 20;
};

// Scratch of one lane group (or one problem of a GPU), in numbers of type T.
template <class T>
struct StlsqScratch {
  T *rows, *scale, *allowed, *pivot, *weighted, *active, *value;
  int* index;
  // Rows of the factor: the unknowns, then the right sides.
  static LS_FN int size(SumsLayout layout) {
    const int p = layout.features;
    return layout.columns() * p + 6 * p + layout.targets * 2 * p + (p + 1) / 2;
  }
  LS_FN StlsqScratch(SumsLayout layout, T* memory) {
    const int p = layout.features;
    rows = memory;
    scale = rows + layout.columns() * p;
    allowed = scale + p;
    pivot = allowed + p;
    weighted = pivot + p;
    active = weighted + p;                // [targets][features] 1 or 0
    value = active + layout.targets * p;  // [targets][features], in units of columns of length 1
    index = reinterpret_cast<int*>(value + layout.targets * p);
  }
};

// Left-looking elimination of column j in rows i .. i + 3: (a_ij - sum over m < j of l_im v_m) / d_j.
template <class T>
[[gnu::always_inline]] LS_FN void eliminate_four(T* row, int width, const T* v, int j, T inverse) {
  T *const r0 = row, *const r1 = row + width, *const r2 = r1 + width, *const r3 = r2 + width;
  T a0 = r0[j], a1 = r1[j], a2 = r2[j], a3 = r3[j];
  for (int m = 0; m < j; ++m) {
    const T vm = v[m];
    a0 = a0 - r0[m] * vm;
    a1 = a1 - r1[m] * vm;
    a2 = a2 - r2[m] * vm;
    a3 = a3 - r3[m] * vm;
  }
  r0[j] = a0 * inverse;
  r1[j] = a1 * inverse;
  r2[j] = a2 * inverse;
  r3[j] = a3 * inverse;
}
template <class T>
[[gnu::always_inline]] LS_FN void eliminate_one(T* row, const T* v, int j, T inverse) {
  T a = row[j];
  for (int m = 0; m < j; ++m) a = a - row[m] * v[m];
  row[j] = a * inverse;
}

// A = L D L' of `size` unknowns, and D^-1 L^-1 b of the `right_sides` rows below them (Golub, Van Loan, 4.1.2).
//   rows [size + right_sides][width], lower triangle; pivot [size] D; v [size] scratch
// Returns the smallest pivot; one that is not above `kSmallestPivot` counts as 1 in its lane: the result there is of no
// use, and the caller must look at the pivot.
inline constexpr double kSmallestPivot = 1e-15;
// Where all pivots are above it the sums hold the digits that terms are chosen by (the condition number of columns of
// unit length is then of the order of 1e6 at most; a pivot bounds it from below only).
inline constexpr double kSafePivot = 1e-11;
template <class T, class Team>
LS_FN T factor_system(T* rows, int width, int size, int right_sides, T* pivot, T* v, const Team& team) {
  T smallest = T(1);
  for (int j = 0; j < size; ++j) {
    T* const row = rows + j * width;
    team.each(j, [&](int m) { v[m] = row[m] * pivot[m]; });
    T found = row[j];
    for (int m = 0; m < j; ++m) found = found - row[m] * v[m];
    smallest = minimum(found, smallest);
    const T guarded = select(found > T(Real<T>(kSmallestPivot)), found, T(1));
    team.once([&] { pivot[j] = guarded; });
    const T factor = T(1) / guarded;
    const int below = size + right_sides - j - 1;
    T* const next = row + width;
    if constexpr (Team::kAlone) {
      int i = 0;
      for (; i + 4 <= below; i += 4) eliminate_four(next + i * width, width, v, j, factor);
      for (; i < below; ++i) eliminate_one(next + i * width, v, j, factor);
    } else {
      team.each(below, [&](int i) { eliminate_one(next + i * width, v, j, factor); });
    }
  }
  return smallest;
}

// x = L'^-1 z in place, z the row of a right side that factor_system left.
template <class T, class Team>
LS_FN void substitute_back(const T* rows, int width, int size, T* z, const Team& team) {
  for (int j = size - 1; j > 0; --j) {
    const T x = z[j];
    const T* const row = rows + j * width;
    team.each(j, [&](int i) { z[i] = z[i] - row[i] * x; });
  }
}

// One lane group's regressions.
template <class T>
struct StlsqProblem {
  SumsLayout layout;
  StlsqSettings settings;
  const Real<T>* sums = nullptr;  // [layout.size()][stride], of which kLanes<T> neighbours are this group's
  int stride = 0;
  T threshold = T(0), alpha = T(0);
  T smallest_pivot = T(1);  // output: of all factorisations; its lane is of use while it is well above rounding
  T iterations = T(0);      // output: the most of any target
  T unsettled = T(0);       // output: 1 where max_iterations ended a target

  [[nodiscard]] LS_FN T sum(int entry) const { return load<T>(sums + static_cast<long>(entry) * stride); }
  [[nodiscard]] LS_FN T ridge(T scale) const { return settings.on_contribution ? alpha : alpha * scale * scale; }
};

// Writes the system of the unknowns index[0 .. size - 1], each lane's own among them (mask [features]), with the right
// sides of targets first .. first + count - 1 as rows below. An unknown that is not a lane's gets the equation x = 0.
template <class T, class Team>
LS_FN void write_system(const StlsqProblem<T>& problem, const StlsqScratch<T>& s, const T* mask, int size, int first,
                        int count, bool has_ridge, const Team& team) {
  const int p = problem.layout.features;
  team.each(size, [&](int a) {
    const int f = s.index[a];
    const T own = mask[f] * s.scale[f];
    T* const row = s.rows + a * p;
    for (int b = 0; b < a; ++b) {
      const int g = s.index[b];
      row[b] = problem.sum(problem.layout.entry(g, f)) * own * (mask[g] * s.scale[g]);
    }
    row[a] = has_ridge ? T(1) + mask[f] * problem.ridge(s.scale[f]) : T(1);
    for (int k = 0; k < count; ++k) {
      s.rows[(size + k) * p + a] = problem.sum(problem.layout.entry(f, p + first + k)) * own;
    }
  });
}

// Smallest |value| (in units of columns of length 1) that a term must have to stay: threshold / scale, or of the
// target's length.
template <class T>
[[gnu::always_inline]] LS_FN MaskOf<T> is_kept(const StlsqProblem<T>& problem, T value, T scale, T target_length) {
  const T size = problem.settings.on_contribution ? absolute(value) : absolute(value) * scale;
  const T least = problem.settings.on_contribution ? problem.threshold * target_length : problem.threshold;
  return size >= least;
}

// Passes after the first, on the terms that are left, and the last solve without ridge.
template <class T, class Team>
LS_FN void settle_target(StlsqProblem<T>& problem, const StlsqScratch<T>& s, int target, const Team& team) {
  const int p = problem.layout.features;
  T* const active = s.active + target * p;
  T* const value = s.value + target * p;
  const T length = square_root(problem.sum(problem.layout.target_square(target)));
  MaskOf<T> is_open = MaskOf<T>(false);  // lanes whose terms have not settled
  for (int f = 0; f < p; ++f) is_open = is_open || s.allowed[f] > active[f];
  T passes = T(1);
  for (int pass = 1;; ++pass) {
    const bool is_last = pass >= problem.settings.max_iterations || none(is_open);
    if (is_last && !problem.settings.unbias) break;
    int size = 0;
    for (int f = 0; f < p; ++f) {
      if (any(active[f] > T(0))) ++size;
    }
    team.once([&] {
      int n = 0;
      for (int f = 0; f < p; ++f) {
        if (any(active[f] > T(0))) s.index[n++] = f;
      }
    });
    write_system(problem, s, active, size, target, 1, !is_last, team);
    problem.smallest_pivot =
        minimum(factor_system(s.rows, p, size, 1, s.pivot, s.weighted, team), problem.smallest_pivot);
    T* const z = s.rows + size * p;
    substitute_back(s.rows, p, size, z, team);
    if (is_last) {
      team.each(size, [&](int a) { value[s.index[a]] = z[a]; });
      break;
    }
    MaskOf<T> has_changed = MaskOf<T>(false);
    for (int a = 0; a < size; ++a) {
      const int f = s.index[a];
      has_changed = has_changed || (active[f] > T(0) && !is_kept(problem, z[a], s.scale[f], length));
    }
    has_changed = has_changed && is_open;
    team.sync();
    team.each(size, [&](int a) {
      const int f = s.index[a];
      const MaskOf<T> stays = active[f] > T(0) && is_kept(problem, z[a], s.scale[f], length);
      const T kept = select(stays, T(1), T(0));
      value[f] = select(is_open, z[a] * kept, value[f]);
      active[f] = select(is_open, kept, active[f]);
    });
    passes = select(is_open, T(pass + 1), passes);
    is_open = has_changed;
  }
  problem.iterations = maximum(passes, problem.iterations);
  problem.unsettled = select(is_open, T(1), problem.unsettled);
}

// Fits all targets of the lanes' problems.
//   allowed [features][stride] 1 or 0 in each lane, or null: terms that may be chosen
//   coefficients [targets][features][stride], output, zero where dropped
template <class T, class Team>
LS_FN void solve_stlsq(StlsqProblem<T>& problem, const Real<T>* allowed, Real<T>* coefficients, T* memory,
                       const Team& team) {
  const StlsqScratch<T> s(problem.layout, memory);
  const int p = problem.layout.features, targets = problem.layout.targets;
  team.each(p, [&](int f) {
    const T square = problem.sum(problem.layout.entry(f, f));
    const MaskOf<T> is_there = square > T(0);
    s.scale[f] = select(is_there, T(1) / square_root(select(is_there, square, T(1))), T(0));
    s.allowed[f] = allowed == nullptr ? T(1) : load<T>(allowed + static_cast<long>(f) * problem.stride);
    s.allowed[f] = select(is_there, s.allowed[f], T(0));
    s.index[f] = f;
  });
  write_system(problem, s, s.allowed, p, 0, targets, true, team);
  problem.smallest_pivot = factor_system(s.rows, p, p, targets, s.pivot, s.weighted, team);
  for (int k = 0; k < targets; ++k) {
    T* const z = s.rows + (p + k) * p;
    substitute_back(s.rows, p, p, z, team);
    const T length = square_root(problem.sum(problem.layout.target_square(k)));
    team.each(p, [&](int f) {
      const MaskOf<T> stays = s.allowed[f] > T(0) && is_kept(problem, z[f], s.scale[f], length);
      s.active[k * p + f] = select(stays, T(1), T(0));
      s.value[k * p + f] = select(stays, z[f], T(0));
    });
  }
  for (int k = 0; k < targets; ++k) {
    settle_target(problem, s, k, team);
    team.each(p, [&](int f) {
      store(coefficients + static_cast<long>(k * p + f) * problem.stride,
            select(s.active[k * p + f] > T(0), s.value[k * p + f] * s.scale[f], T(0)));
    });
  }
}

}  // namespace lockstep::kernels
