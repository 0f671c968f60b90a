// Sparse models: time to fit against dense least squares on the same features, and steps per second of the fit.
#include "models/sindy_fit.h"
#include "models/sparse_kernels.h"
#include "models/stlsq.h"
#include "tests/models/cartpole_data.h"

#include <vector>

#include <Eigen/Dense>
#include <benchmark/benchmark.h>

namespace lockstep::models {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

const TransitionData& cartpole() {
  static const TransitionData data = tests::cartpole_data(3, 10, 1);
  return data;
}

const SindyFit& fitted() {
  static const SindyFit fit = fit_sindy(cartpole(), tests::cartpole_system());
  return fit;
}

// Features and accelerations of the cartpole data, dense: what a batch regression starts from.
struct Dense {
  RowMajor theta, y;
};

Dense dense_problem(int copies) {
  const TransitionData& data = cartpole();
  const FeatureLibrary& library = fitted().model.library();
  Dense dense{RowMajor(data.size() * copies, library.size()), RowMajor(data.size() * copies, 2)};
  for (int copy = 0; copy < copies; ++copy) {
    const int first = copy * data.size();
    library.evaluate(data.x(), data.u(), View<double, 2>(dense.theta.row(first).data(), data.size(), library.size()));
    for (int row = 0; row < data.size(); ++row) {
      for (int i = 0; i < 2; ++i) dense.y(first + row, i) = (data.next()(row, 2 + i) - data.x()(row, 2 + i)) / 0.01;
    }
  }
  return dense;
}

StlsqConfig thresholds() { return {.threshold = 1e-3, .alpha = 1e-6, .unbias = true}; }

// The whole of fit_sindy: collocation passes, choice of terms, held-out errors, refit.
void BM_fit_cartpole(benchmark::State& state) {
  const SindyConfig config{.integrator = "rk4"};
  for (auto _ : state) benchmark::DoNotOptimize(fit_sindy(cartpole(), tests::cartpole_system(), config).report.terms);
  state.counters["rows"] = cartpole().size();
  state.counters["features"] = fitted().report.features;
}
BENCHMARK(BM_fit_cartpole)->Unit(benchmark::kMillisecond);

// Thresholded least squares on sums that are made from the dense features.
void BM_stlsq_on_sums(benchmark::State& state) {
  const Dense dense = dense_problem(static_cast<int>(state.range(0)));
  const int rows = static_cast<int>(dense.theta.rows()), features = static_cast<int>(dense.theta.cols());
  for (auto _ : state) {
    Gram gram(features, 2);
    gram.add(View<const double, 2>(dense.theta.data(), rows, features), View<const double, 2>(dense.y.data(), rows, 2));
    benchmark::DoNotOptimize(stlsq(gram.normal_equations(), thresholds()).terms());
  }
  state.SetItemsProcessed(state.iterations() * rows);
}
BENCHMARK(BM_stlsq_on_sums)->Arg(1)->Arg(10)->Unit(benchmark::kMillisecond);

// The naive way: a dense solve over all rows in every pass and for every target.
void BM_stlsq_dense(benchmark::State& state) {
  const Dense dense = dense_problem(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    int terms = 0;
    for (int target = 0; target < 2; ++target) {
      std::vector<Eigen::Index> kept(static_cast<size_t>(dense.theta.cols()));
      for (size_t i = 0; i < kept.size(); ++i) kept[i] = static_cast<Eigen::Index>(i);
      for (int pass = 0; pass < 20 && !kept.empty(); ++pass) {
        const Eigen::MatrixXd columns = dense.theta(Eigen::all, kept);
        Eigen::MatrixXd normal = columns.transpose() * columns;
        normal.diagonal().array() += 1e-6;
        const Eigen::VectorXd c = normal.ldlt().solve(columns.transpose() * dense.y.col(target));
        std::vector<Eigen::Index> next;
        for (size_t i = 0; i < kept.size(); ++i) {
          if (std::abs(c(static_cast<Eigen::Index>(i))) >= 1e-3) next.push_back(kept[i]);
        }
        if (next.size() == kept.size()) break;
        kept = std::move(next);
      }
      const Eigen::MatrixXd columns = dense.theta(Eigen::all, kept);
      benchmark::DoNotOptimize(columns.householderQr().solve(dense.y.col(target)).eval());
      terms += static_cast<int>(kept.size());
    }
    benchmark::DoNotOptimize(terms);
  }
  state.SetItemsProcessed(state.iterations() * dense.theta.rows());
}
BENCHMARK(BM_stlsq_dense)->Arg(1)->Arg(10)->Unit(benchmark::kMillisecond);

struct Batch {
  std::vector<double> x, u, next, a, b;
  int worlds;
  explicit Batch(int count) : x(count * 4), u(count), next(count * 4), a(count * 16), b(count * 4), worlds(count) {
    for (int w = 0; w < count; ++w) {
      const Transition row = cartpole().row(w % cartpole().size());
      for (size_t i = 0; i < 4; ++i) x[static_cast<size_t>(w) * 4 + i] = row.x[i];
      u[static_cast<size_t>(w)] = row.u[0];
    }
  }
  [[nodiscard]] View<const double, 2> states() const { return View<const double, 2>(x.data(), worlds, 4); }
  [[nodiscard]] View<const double, 2> controls() const { return View<const double, 2>(u.data(), worlds, 1); }
};

void BM_step(benchmark::State& state) {
  Sindy model = fitted().model;
  Batch batch(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    model.step(batch.states(), batch.controls(), View<double, 2>(batch.next.data(), batch.worlds, 4));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * batch.worlds);
  state.counters["terms"] = model.terms();
}
BENCHMARK(BM_step)->Name("BM_step/cartpole")->Arg(1)->Arg(64)->Arg(4096);

void BM_jacobian(benchmark::State& state) {
  Sindy model = fitted().model;
  Batch batch(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    model.jacobian(batch.states(), batch.controls(), View<double, 3>(batch.a.data(), batch.worlds, 4, 4),
                   View<double, 3>(batch.b.data(), batch.worlds, 4, 1));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * batch.worlds);
}
BENCHMARK(BM_jacobian)->Name("BM_jacobian/cartpole")->Arg(1)->Arg(64)->Arg(4096);

}  // namespace
}  // namespace lockstep::models
