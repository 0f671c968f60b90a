// Sparse models over batches in lanes of double: compiled once per instruction set.
#include "kernels/sparse_batch.h"

namespace lockstep::kernels {
namespace {

// Four doubles a register pair at most, but for AVX-512.
inline constexpr int kWidth = std::is_same_v<NativeIsa, isa::V4> ? 8 : 4;
using T = Lanes<double, kWidth>;

// rows [worlds][fields], `stride` numbers apart -> fields of one lane group; missing worlds repeat the last one.
void gather(const double* rows, long stride, int fields, int present, T* out) {
  for (int lane_index = 0; lane_index < kWidth; ++lane_index) {
    const double* const row = rows + stride * (lane_index < present ? lane_index : present - 1);
    for (int i = 0; i < fields; ++i) reinterpret_cast<double*>(out + i)[lane_index] = row[i];
  }
}

void scatter(const T* fields_of, long stride, int fields, int present, double* rows) {
  for (int lane_index = 0; lane_index < present; ++lane_index) {
    for (int i = 0; i < fields; ++i) {
      rows[stride * lane_index + i] = reinterpret_cast<const double*>(fields_of + i)[lane_index];
    }
  }
}

struct GroupMemory {
  T *x, *u, *next, *jacobian, *scratch;
  GroupMemory(const SparseDynamics& m, double* memory) {
    x = reinterpret_cast<T*>(memory);
    next = x + m.nx;
    u = next + m.nx;
    jacobian = u + m.nu;
    scratch = jacobian + m.nx * (m.nx + m.nu);
  }
};

int present_lanes(int worlds, int first) { return worlds - first < kWidth ? worlds - first : kWidth; }

void step(const SparseDynamics& m, const SparseStepCall& call) {
  const GroupMemory group(m, call.memory);
  for (int first = 0; first < call.worlds; first += kWidth) {
    const int present = present_lanes(call.worlds, first);
    gather(call.x + static_cast<long>(first) * m.nx, m.nx, m.nx, present, group.x);
    gather(call.u + static_cast<long>(first) * m.nu, m.nu, m.nu, present, group.u);
    sparse_step<T, false>(m, group.x, group.u, group.next, nullptr, group.scratch);
    scatter(group.next, m.nx, m.nx, present, call.next + static_cast<long>(first) * m.nx);
  }
}

void jacobian(const SparseDynamics& m, const SparseStepCall& call) {
  const GroupMemory group(m, call.memory);
  const int nz = m.nx + m.nu;
  for (int first = 0; first < call.worlds; first += kWidth) {
    const int present = present_lanes(call.worlds, first);
    gather(call.x + static_cast<long>(first) * m.nx, m.nx, m.nx, present, group.x);
    gather(call.u + static_cast<long>(first) * m.nu, m.nu, m.nu, present, group.u);
    sparse_step<T, true>(m, group.x, group.u, group.next, group.jacobian, group.scratch);
    for (int i = 0; i < m.nx; ++i) {
      const long world_stride_a = static_cast<long>(m.nx) * m.nx, world_stride_b = static_cast<long>(m.nx) * m.nu;
      scatter(group.jacobian + i * nz, world_stride_a, m.nx, present, call.A + first * world_stride_a + i * m.nx);
      scatter(group.jacobian + i * nz + m.nx, world_stride_b, m.nu, present,
              call.B + first * world_stride_b + i * m.nu);
    }
  }
}

void rollout(const SparseDynamics& m, const SparseStepCall& call) {
  const GroupMemory group(m, call.memory);
  const long control_stride = static_cast<long>(call.steps) * m.nu;
  const long state_stride = static_cast<long>(call.steps + 1) * m.nx;
  for (int first = 0; first < call.worlds; first += kWidth) {
    const int present = present_lanes(call.worlds, first);
    const double* const controls = call.u + first * control_stride;
    double* const states = call.next + first * state_stride;
    gather(call.x + static_cast<long>(first) * m.nx, m.nx, m.nx, present, group.x);
    scatter(group.x, state_stride, m.nx, present, states);
    for (int k = 0; k < call.steps; ++k) {
      gather(controls + static_cast<long>(k) * m.nu, control_stride, m.nu, present, group.u);
      sparse_step<T, false>(m, group.x, group.u, group.next, nullptr, group.scratch);
      for (int i = 0; i < m.nx; ++i) group.x[i] = group.next[i];
      scatter(group.x, state_stride, m.nx, present, states + static_cast<long>(k + 1) * m.nx);
    }
  }
}

void features(const FeatureBlockCall& call) {
  T* const inputs = reinterpret_cast<T*>(call.memory);
  T* const atoms = inputs + call.num_inputs;
  T* const values = atoms + call.program.num_atoms;
  const T weight = T(call.weight);
  for (int row = 0; row < kFeatureBlockRows; row += kWidth) {
    for (int i = 0; i < call.num_inputs; ++i) inputs[i] = load<T>(call.inputs + i * kFeatureBlockRows + row);
    evaluate_atoms(call.program, inputs, atoms);
    evaluate_nodes(call.program, atoms, values);
    for (int f = 0; f < call.num_features; ++f) {
      double* const target = call.columns + static_cast<long>(f) * kFeatureBlockRows + row;
      store<T>(target, load<T>(target) + weight * values[call.node_of[f]]);
    }
  }
}

[[gnu::always_inline]] inline double lane_sum(T x) {
  double sum = 0;
  for (int i = 0; i < kWidth; ++i) sum += lane(x, i);
  return sum;
}

// One tile of products: columns i .. i + Rows - 1 against j .. j + Columns - 1, summed over the block's rows.
template <int Rows, int Columns>
[[gnu::always_inline]] inline void gram_tile(const GramBlockCall& call, int i, int j) {
  T sums[Rows][Columns];
  for (auto& row : sums) {
    for (T& sum : row) sum = T(0);
  }
  const double* const left = call.weighted + static_cast<long>(i) * kFeatureBlockRows;
  const double* const right = call.columns + static_cast<long>(j) * kFeatureBlockRows;
  for (int row = 0; row < kFeatureBlockRows; row += kWidth) {
    T b[Columns];
    for (int c = 0; c < Columns; ++c) b[c] = load<T>(right + c * kFeatureBlockRows + row);
    for (int r = 0; r < Rows; ++r) {
      const T a = load<T>(left + r * kFeatureBlockRows + row);
      for (int c = 0; c < Columns; ++c) sums[r][c] = sums[r][c] + a * b[c];
    }
  }
  for (int r = 0; r < Rows; ++r) {
    for (int c = 0; c < Columns; ++c)
      call.products[static_cast<long>(i + r) * call.count + j + c] += lane_sum(sums[r][c]);
  }
}

void gram(const GramBlockCall& call) {
  constexpr int kTile = 4;
  const int whole = call.count / kTile * kTile;
  for (int i = 0; i < whole; i += kTile) {
    for (int j = i; j < whole; j += kTile) gram_tile<kTile, kTile>(call, i, j);
    for (int j = whole; j < call.count; ++j) gram_tile<kTile, 1>(call, i, j);
  }
  for (int i = whole; i < call.count; ++i) {
    for (int j = i; j < call.count; ++j) gram_tile<1, 1>(call, i, j);
  }
}

// Integrals of Columns columns over one domain.
template <int Columns>
[[gnu::always_inline]] inline void integrate_columns(const IntegralCall& call, int domain, int first) {
  T sums[Columns];
  for (T& sum : sums) sum = T(0);
  const double* const weights = call.weights + call.weight_stride * domain;
  const double* const columns = call.columns + call.stride * first + call.offsets[domain];
  for (int k = 0; k < call.width; k += kWidth) {
    const T weight = load<T>(weights + k);
    for (int c = 0; c < Columns; ++c) sums[c] = sums[c] + weight * load<T>(columns + call.stride * c + k);
  }
  for (int c = 0; c < Columns; ++c)
    call.out[static_cast<long>(first + c) * kFeatureBlockRows + domain] = lane_sum(sums[c]);
}

void integrals(const IntegralCall& call) {
  constexpr int kTogether = 4;
  const int whole = call.num_columns / kTogether * kTogether;
  for (int domain = 0; domain < call.count; ++domain) {
    for (int c = 0; c < whole; c += kTogether) integrate_columns<kTogether>(call, domain, c);
    for (int c = whole; c < call.num_columns; ++c) integrate_columns<1>(call, domain, c);
  }
}

constexpr SparseBatch kTable{step, jacobian, rollout, features, gram, integrals, kWidth};

}  // namespace

template <>
const SparseBatch& sparse_batch<NativeIsa>() {
  return kTable;
}

}  // namespace lockstep::kernels
