// Sparse relaxed regularised regression (Champion, Zheng, Aravkin, Brunton, Kutz 2020, IEEE Access 8, 169259):
//   min over w, u   1/2 |y - Theta w|^2 + 1/(2 nu) |w - u|^2 + R(u),   the result is u
// R: l0, keeps |u| > threshold (a weight of threshold^2 / (2 nu) per term); l1, shrinks by the threshold (a weight of
// threshold / nu). Each term's threshold may be multiplied (Problem::threshold_weights).
#include "models/optimisers/optimiser.h"
#include "models/sparse_path.h"

#include <algorithm>
#include <cmath>

#include <Eigen/Cholesky>

namespace lockstep::models::optimisers::sr3 {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

struct Config {
  std::string regulariser = "l0";            // l0 | l1
  double threshold = 0.1;                    // >= 0
  std::string threshold_on = "coefficient";  // coefficient | contribution: as in StlsqConfig
  double nu = 1;                             // how far w and u may part, > 0; in the units of threshold_on
  double tolerance = 1e-8;                   // change of u over nu that ends the passes, > 0
  int max_iterations = 10000;                // >= 1
  bool unbias = true;                        // plain least squares on the terms that stayed

  void describe(Fields& fields) {
    fields.add_choice("regulariser", regulariser, "keeps large terms, or shrinks all", {"l0", "l1"});
    fields.add("threshold", threshold, "below which a term is dropped", {0, 1e12});
    fields.add_choice("threshold_on", threshold_on, "|c|, or |c| rms(feature) / rms(target)",
                      {"coefficient", "contribution"});
    fields.add("nu", nu, "how far the full and the sparse coefficients may part", {1e-12, 1e12});
    fields.add("tolerance", tolerance, "change over nu that ends the passes", {1e-15, 1});
    fields.add("max_iterations", max_iterations, "passes", {1, 10000000});
    fields.add("unbias", unbias, "plain least squares on the terms that stayed");
  }
};

class Sr3 final : public Optimiser {
 public:
  explicit Sr3(Config config) : config_(std::move(config)) {}
  [[nodiscard]] std::string_view name() const override { return "sr3"; }

  [[nodiscard]] StlsqResult fit(const Problem& problem) const override {
    refuse_constraints(problem, name());
    const UnitSums units(problem.sums);
    std::vector<std::vector<int>> supports;
    std::vector<VectorXd> sparse;
    std::vector<int> iterations;
    std::vector<std::string> notes;
    for (int target = 0; target < problem.sums.targets(); ++target) {
      const std::vector<int> terms = candidates(problem, target);
      Passes passes = run(problem, units, target, terms);
      if (!passes.is_converged) notes.push_back("target " + std::to_string(target) + ": the passes had not converged");
      iterations.push_back(passes.count);
      supports.emplace_back();
      for (size_t i = 0; i < terms.size(); ++i) {
        if (passes.sparse(static_cast<Index>(i)) != 0) supports.back().push_back(terms[i]);
      }
      VectorXd all = VectorXd::Zero(problem.sums.features());
      for (size_t i = 0; i < terms.size(); ++i) {
        const double u = passes.sparse(static_cast<Index>(i));
        all(terms[i]) = on_contribution() ? units.coefficient(u, terms[i], target) : u;
      }
      sparse.push_back(std::move(all));
    }
    StlsqResult result = fit_supports(problem, supports);
    for (int target = 0; target < problem.sums.targets() && !config_.unbias; ++target) {
      result.coefficients.col(target) = sparse[static_cast<size_t>(target)];
      result.residual[static_cast<size_t>(target)] =
          mean_square_error(problem.sums, target, sparse[static_cast<size_t>(target)]);
    }
    result.iterations = std::move(iterations);
    result.converged = notes.empty();
    result.notes.insert(result.notes.end(), notes.begin(), notes.end());
    return result;
  }

 private:
  struct Passes {
    VectorXd sparse;
    int count = 0;
    bool is_converged = false;
  };
  [[nodiscard]] bool on_contribution() const { return config_.threshold_on == "contribution"; }

  [[nodiscard]] Passes run(const Problem& problem, const UnitSums& units, int target,
                           const std::vector<int>& terms) const {
    const auto n = static_cast<Index>(terms.size());
    MatrixXd matrix(n, n);
    VectorXd right(n), threshold(n);
    for (Index i = 0; i < n; ++i) {
      const int f = terms[static_cast<size_t>(i)];
      for (Index j = 0; j < n; ++j) {
        const int g = terms[static_cast<size_t>(j)];
        matrix(i, j) = on_contribution() ? units.G(f, g) : problem.sums.theta_theta(f, g);
      }
      right(i) = on_contribution() ? units.b(f, target) : problem.sums.theta_y(f, target);
      const double weight = problem.threshold_weights.size() == 0 ? 1.0 : problem.threshold_weights(f, target);
      threshold(i) = config_.threshold * weight;
    }
    Passes passes;
    passes.sparse = matrix.ldlt().solve(right);
    if (!passes.sparse.allFinite()) passes.sparse.setZero();
    matrix.diagonal().array() += 1 / config_.nu;
    const Eigen::LLT<MatrixXd> factor(matrix);
    while (passes.count < config_.max_iterations && !passes.is_converged) {
      ++passes.count;
      const VectorXd full = factor.solve(right + passes.sparse / config_.nu);
      VectorXd next = full;
      for (Index i = 0; i < n; ++i) {
        const double size = std::abs(full(i));
        if (config_.regulariser == "l0") next(i) = size > threshold(i) ? full(i) : 0.0;
        if (config_.regulariser == "l1") next(i) = std::copysign(std::max(0.0, size - threshold(i)), full(i));
      }
      passes.is_converged = (next - passes.sparse).norm() / config_.nu < config_.tolerance;
      passes.sparse = std::move(next);
    }
    return passes;
  }

  Config config_;
};

}  // namespace

extern const Entry kEntry{"sr3", "sparse relaxed regularised regression (l0, l1, weighted)",
                          [](const Settings& settings) -> std::unique_ptr<Optimiser> {
                            return std::make_unique<Sr3>(configured<Config>(settings));
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::models::optimisers::sr3
