// Models that cannot diverge (Kaptanoglu, Callaham, Aravkin, Hansen, Brunton 2021, Phys. Rev. Fluids 6, 094401): the
// quadratic terms keep energy, and about some centre m the symmetric part of the linear terms has no eigenvalue above
// -margin. Terms are chosen by constrained SR3; then c, the nearest negative definite matrix P and m take turns:
//   min over c, P, m   least squares + 1/(2 eta) |A(c, m) - P|^2,   P <= -margin,   eta falling until A obeys
// A library without quadratic terms gives a stable linear model (its energy falls, which asks more than eigenvalues
// do).
#include "engine/error.h"
#include "models/optimisers/constrained_fit.h"
#include "models/optimisers/trapping.h"
#include "models/sparse_path.h"

#include <algorithm>
#include <cmath>

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <fmt/format.h>

namespace lockstep::models::optimisers::trapping_sr3 {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

struct Config {
  double threshold = 0.1;                    // of the choice of terms, >= 0
  std::string threshold_on = "coefficient";  // coefficient | contribution
  double margin = 0.01;                      // the largest eigenvalue is at most -margin (1/s), > 0
  double eta = 1;                            // weight 1 / eta of the penalty to begin with, > 0
  int max_iterations = 400;                  // turns, >= 1; eta is divided by 1.1 after each

  void describe(Fields& fields) {
    fields.add("threshold", threshold, "below which a term is dropped", {0, 1e12});
    fields.add_choice("threshold_on", threshold_on, "|c|, or |c| rms(feature) / rms(target)",
                      {"coefficient", "contribution"});
    fields.add("margin", margin, "the largest eigenvalue is at most minus this", {1e-12, 1e12});
    fields.add("eta", eta, "one over the weight of stability against the fit, to begin with", {1e-12, 1e12});
    fields.add("max_iterations", max_iterations, "turns", {1, 1000000});
  }
};

class TrappingSr3 final : public Optimiser {
 public:
  explicit TrappingSr3(Config config) : config_(std::move(config)) {}
  [[nodiscard]] std::string_view name() const override { return "trapping_sr3"; }

  [[nodiscard]] StlsqResult fit(const Problem& problem) const override {
    refuse_constraints(problem, name());
    if (problem.library == nullptr || problem.library->size() != problem.sums.features() ||
        problem.library->num_states() != problem.sums.targets()) {
      throw Error("no library of the problem's features, with a target per state", "trapping_sr3",
                  "give Problem::library, and the derivatives of all states as targets");
    }
    Settings settings = find("constrained_sr3").defaults();
    settings.set("threshold", {config_.threshold, "trapping_sr3"});
    settings.set("threshold_on", {config_.threshold_on, "trapping_sr3"});
    settings.set("keep_energy", {true, "trapping_sr3"});
    StlsqResult result = find("constrained_sr3").make(settings)->fit(problem);
    stabilise(problem, result);
    return result;
  }

 private:
  void stabilise(const Problem& given, StlsqResult& result) const {
    const FeatureLibrary& library = *given.library;
    Problem problem = given;
    problem.constraints = energy_constraints(library);
    const TermMask mask = result.coefficients.array() != 0;
    const Index n = library.num_states();
    VectorXd centre = VectorXd::Zero(n);
    double eta = config_.eta;
    TrappingRegion region = find_trapping_region(library, result.coefficients, centre);
    int turn = 0;
    // A little inside, so that the last digits do not undo it.
    const double bound = -config_.margin * (1 + 1e-6);
    for (; turn < config_.max_iterations && region.largest_eigenvalue > -config_.margin; ++turn, eta /= 1.1) {
      centre = region.centre;
      const MatrixXd map = symmetric_part_map(library, centre);
      const VectorXd part = map * result.coefficients.reshaped();
      Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(Eigen::Map<const MatrixXd>(part.data(), n, n));
      const VectorXd clipped = eigen.eigenvalues().cwiseMin(bound);
      const MatrixXd nearest = eigen.eigenvectors() * clipped.asDiagonal() * eigen.eigenvectors().transpose();
      std::optional<MatrixXd> c =
          constrained_fit(problem, mask, 0, nullptr, {.rows = map, .value = nearest.reshaped(), .weight = 1 / eta});
      if (!c) break;
      result.coefficients = std::move(*c);
      region = trapping_region(library, result.coefficients, centre);
      if (region.largest_eigenvalue > -config_.margin) {
        region = find_trapping_region(library, result.coefficients, centre);
      }
    }
    const bool traps = region.largest_eigenvalue <= -config_.margin;
    result.converged = result.converged && traps;
    result.notes.push_back(
        fmt::format("{}: about ({:.4g}) the largest eigenvalue is {:.4g}, radius {:.4g}, after {} turns",
                    traps ? "trapped" : "not trapped", fmt::join(region.centre.begin(), region.centre.end(), ", "),
                    region.largest_eigenvalue, region.radius, turn));
    for (int k = 0; k < problem.sums.targets(); ++k) {
      result.residual[static_cast<size_t>(k)] = mean_square_error(problem.sums, k, result.coefficients.col(k));
    }
  }

  Config config_;
};

}  // namespace

extern const Entry kEntry{"trapping_sr3",
                          "quadratic or linear models that cannot diverge: energy kept, a trapping ball",
                          [](const Settings& settings) -> std::unique_ptr<Optimiser> {
                            return std::make_unique<TrappingSr3>(configured<Config>(settings));
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::models::optimisers::trapping_sr3
