// Lyapunov exponents of a task's own dynamics: tangents carried along many worlds by the exact Jacobians of the step.
#pragma once

#include "envs/env.h"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

namespace lockstep::envs {

struct LyapunovRun {
  int worlds = 64;                 // averaged over
  int transient_steps = 0;         // before the tangents start
  int aligning_steps = 0;          // in which the tangents turn into place, not counted
  int steps = 0;                   // counted
  std::vector<double> start = {};  // [nx] of every world; empty: starts of episodes
};

namespace detail {

// Gram-Schmidt on the rows of tangents [n][n] of one world; adds the logarithms of their lengths to sums [n].
inline void orthonormalize(double* tangents, int n, double* sums) {
  for (int row = 0; row < n; ++row) {
    double* const t = tangents + row * n;
    for (int other = 0; other < row; ++other) {
      const double* const o = tangents + other * n;
      double along = 0;
      for (int i = 0; i < n; ++i) along += t[i] * o[i];
      for (int i = 0; i < n; ++i) t[i] -= along * o[i];
    }
    double square = 0;
    for (int i = 0; i < n; ++i) square += t[i] * t[i];
    for (int i = 0; i < n; ++i) t[i] /= std::sqrt(square);
    sums[row] += std::log(square) / 2;
  }
}

}  // namespace detail

// The spectrum, largest first for long runs, per unit of time, under no control
// (G. Benettin, L. Galgani, A. Giorgilli, J.-M. Strelcyn, Meccanica 15 (1980)).
inline std::vector<double> lyapunov_exponents(const std::string& task, const LyapunovRun& run) {
  const auto env = make_environment(task, {.num_worlds = run.worlds, .seed = 4, .precision = "double"});
  const auto dynamics = env->dynamics();
  const int W = run.worlds, n = env->spec().state_size, m = env->spec().action_size;
  const auto size = [](int count) { return static_cast<std::size_t>(count); };
  std::vector<double> x(size(W * n)), next(x), u(size(W * m)), A(size(W * n * n)), B(size(W * n * m));
  for (int w = 0; w < W; ++w) {
    const std::span<double> row(x.data() + w * n, size(n));
    env->get_state(w, row);
    for (std::size_t i = 0; i < run.start.size(); ++i) row[i] = run.start[i];
  }
  const View<const double, 2> controls(u.data(), W, m);
  const auto advance = [&] {
    dynamics->step(View<const double, 2>(x.data(), W, n), controls, View<double, 2>(next.data(), W, n));
    x.swap(next);
  };
  for (int k = 0; k < run.transient_steps; ++k) advance();

  std::vector<double> tangents(size(W * n * n)), turned(size(n)), sums(size(n));
  for (int w = 0; w < W; ++w) {
    for (int i = 0; i < n; ++i) tangents[size((w * n + i) * n + i)] = 1;
  }
  for (int k = 0; k < run.aligning_steps + run.steps; ++k) {
    if (k == run.aligning_steps) sums.assign(size(n), 0);
    dynamics->jacobian(View<const double, 2>(x.data(), W, n), controls, View<double, 3>(A.data(), W, n, n),
                       View<double, 3>(B.data(), W, n, m));
    advance();
    for (int w = 0; w < W; ++w) {
      double* const own = tangents.data() + w * n * n;
      const double* const matrix = A.data() + w * n * n;
      for (int row = 0; row < n; ++row) {
        for (int i = 0; i < n; ++i) {
          turned[size(i)] = 0;
          for (int j = 0; j < n; ++j) turned[size(i)] += matrix[i * n + j] * own[row * n + j];
        }
        for (int i = 0; i < n; ++i) own[row * n + i] = turned[size(i)];
      }
      detail::orthonormalize(own, n, sums.data());
    }
  }
  for (double& sum : sums) sum /= W * (run.steps * env->spec().control_timestep);
  return sums;
}

}  // namespace lockstep::envs
