// SR3 under linear equalities and inequalities (Champion et al. 2020, section II-D): every full solve is a quadratic
// program, and so is the last solve on the terms that stayed, so that the result meets the constraints.
#include "engine/error.h"
#include "models/optimisers/constrained_fit.h"
#include "models/sparse_path.h"

#include <cmath>

namespace lockstep::models::optimisers::constrained_sr3 {
namespace {

using Eigen::MatrixXd;

struct Config {
  std::string regulariser = "l0";            // l0 | l1
  double threshold = 0.1;                    // >= 0
  std::string threshold_on = "coefficient";  // coefficient | contribution: as in StlsqConfig
  double nu = 1;              // how far full and sparse coefficients may part, in columns of length 1, > 0
  double tolerance = 1e-9;    // relative change of the sparse ones that ends the passes, > 0
  int max_iterations = 1000;  // >= 1
  bool keep_energy = false;   // energy_constraints of the problem's library on top of its own

  void describe(Fields& fields) {
    fields.add_choice("regulariser", regulariser, "keeps large terms, or shrinks all", {"l0", "l1"});
    fields.add("threshold", threshold, "below which a term is dropped", {0, 1e12});
    fields.add_choice("threshold_on", threshold_on, "|c|, or |c| rms(feature) / rms(target)",
                      {"coefficient", "contribution"});
    fields.add("nu", nu, "how far the full and the sparse coefficients may part", {1e-12, 1e12});
    fields.add("tolerance", tolerance, "relative change that ends the passes", {1e-15, 1});
    fields.add("max_iterations", max_iterations, "passes", {1, 10000000});
    fields.add("keep_energy", keep_energy, "the quadratic terms keep the energy of the states");
  }
};

class ConstrainedSr3 final : public Optimiser {
 public:
  explicit ConstrainedSr3(Config config) : config_(std::move(config)) {}
  [[nodiscard]] std::string_view name() const override { return "constrained_sr3"; }

  [[nodiscard]] StlsqResult fit(const Problem& given) const override {
    const Problem problem = with_energy(given);
    TermMask mask(problem.sums.features(), problem.sums.targets());
    mask.setConstant(false);
    for (int k = 0; k < problem.sums.targets(); ++k) {
      for (const int f : candidates(problem, k)) mask(f, k) = true;
    }
    std::optional<MatrixXd> full = constrained_fit(problem, mask, 0);
    if (!full) {
      throw Error("no coefficients meet the constraints", "constrained_sr3",
                  "relax the constraints or allow more terms");
    }
    MatrixXd sparse = shrunk(problem, *full);
    StlsqResult result;
    int passes = 0;
    for (result.converged = false; passes < config_.max_iterations && !result.converged; ++passes) {
      full = constrained_fit(problem, mask, 1 / config_.nu, &sparse);
      MatrixXd next = shrunk(problem, *full);
      result.converged = (next - sparse).norm() <= config_.tolerance * std::max(sparse.norm(), 1e-300);
      sparse = std::move(next);
    }
    if (!result.converged) result.notes.emplace_back("the passes had not converged");
    result.coefficients = last_fit(problem, sparse.array() != 0, mask, result.notes);
    for (int k = 0; k < problem.sums.targets(); ++k) {
      result.iterations.push_back(passes);
      result.residual.push_back(mean_square_error(problem.sums, k, result.coefficients.col(k)));
      std::vector<int> support;
      for (int f = 0; f < problem.sums.features(); ++f) {
        if (result.coefficients(f, k) != 0) support.push_back(f);
      }
      result.condition.push_back(fit_support(problem.sums, k, support, 0).condition);
    }
    return result;
  }

 private:
  [[nodiscard]] Problem with_energy(const Problem& given) const {
    Problem problem = given;
    if (!config_.keep_energy) return problem;
    if (given.library == nullptr || given.library->size() != given.sums.features()) {
      throw Error("keep_energy without the library", "constrained_sr3", "give Problem::library");
    }
    LinearConstraints energy = energy_constraints(*given.library);
    MatrixXd& matrix = problem.constraints.equal_matrix;
    const Eigen::Index own = matrix.rows();
    matrix.conservativeResize(own + energy.equal_matrix.rows(), energy.equal_matrix.cols());
    matrix.bottomRows(energy.equal_matrix.rows()) = energy.equal_matrix;
    problem.constraints.equal_value.conservativeResize(matrix.rows());
    problem.constraints.equal_value.tail(matrix.rows() - own).setZero();
    return problem;
  }

  [[nodiscard]] MatrixXd shrunk(const Problem& problem, const MatrixXd& full) const {
    MatrixXd out = full;
    for (int k = 0; k < full.cols(); ++k) {
      for (int f = 0; f < full.rows(); ++f) {
        const double weight = problem.threshold_weights.size() == 0 ? 1.0 : problem.threshold_weights(f, k);
        const double y = problem.sums.y_y(k, k);
        const double unit = config_.threshold_on == "coefficient" || problem.sums.theta_theta(f, f) <= 0
                                ? 1.0
                                : std::sqrt(y / problem.sums.theta_theta(f, f));
        const double threshold = config_.threshold * weight * unit, size = std::abs(full(f, k));
        if (config_.regulariser == "l0") out(f, k) = size >= threshold ? full(f, k) : 0.0;
        if (config_.regulariser == "l1") out(f, k) = std::copysign(std::max(0.0, size - threshold), full(f, k));
      }
    }
    return out;
  }

  // On the terms that stayed; where the constraints need more, on all that take part in them.
  static MatrixXd last_fit(const Problem& problem, TermMask kept, const TermMask& mask,
                           std::vector<std::string>& notes) {
    if (std::optional<MatrixXd> c = constrained_fit(problem, kept, 0)) return *c;
    for (const MatrixXd* const matrix : {&problem.constraints.equal_matrix, &problem.constraints.least_matrix}) {
      for (Eigen::Index row = 0; row < matrix->rows(); ++row) {
        for (Eigen::Index at = 0; at < matrix->cols(); ++at) {
          const Eigen::Index f = at % kept.rows(), k = at / kept.rows();
          kept(f, k) = kept(f, k) || ((*matrix)(row, at) != 0 && mask(f, k));
        }
      }
    }
    notes.emplace_back("the constraints cannot hold on the terms above the threshold: all that they name were kept");
    return constrained_fit(problem, kept, 0).value_or(MatrixXd::Zero(kept.rows(), kept.cols()));
  }

  Config config_;
};

}  // namespace

extern const Entry kEntry{"constrained_sr3", "SR3 under linear equalities and inequalities, energy-keeping if wanted",
                          [](const Settings& settings) -> std::unique_ptr<Optimiser> {
                            return std::make_unique<ConstrainedSr3>(configured<Config>(settings));
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::models::optimisers::constrained_sr3
