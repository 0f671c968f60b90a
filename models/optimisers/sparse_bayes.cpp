// Sparse Bayesian regression: each coefficient has a prior width of its own, found by evidence maximisation; widths
// that go to zero drop their terms (Tipping 2001, J. Mach. Learn. Res. 1, 211; updates of MacKay 1992).
//   Sigma = (beta G + diag(a))^-1, mu = beta Sigma b, gamma_i = 1 - a_i Sigma_ii
//   a_i <- gamma_i / mu_i^2,  beta <- (rows - sum gamma) / |y - Theta mu|^2
#include "models/optimisers/optimiser.h"
#include "models/sparse_path.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Cholesky>

namespace lockstep::models::optimisers::sparse_bayes {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

struct Config {
  double significance = 3;    // terms whose mean is fewer posterior deviations away from 0 are dropped too, >= 0
  double tolerance = 1e-6;    // relative change of a and beta that ends the updates, > 0
  int max_iterations = 1000;  // >= 1
  bool unbias = false;        // plain least squares on the terms that stayed, instead of posterior means

  void describe(Fields& fields) {
    fields.add("significance", significance, "posterior deviations that a term must be away from 0", {0, 1e6});
    fields.add("tolerance", tolerance, "relative change that ends the updates", {1e-15, 1});
    fields.add("max_iterations", max_iterations, "updates", {1, 1000000});
    fields.add("unbias", unbias, "plain least squares on the terms that stayed");
  }
};

struct Posterior {
  std::vector<int> terms;
  VectorXd mean, deviation;  // in units of columns of unit length
  int iterations = 0;
  bool is_converged = false;
};

// With more than this precision (in units where the target has length 1) a coefficient is zero.
constexpr double kLargestPrecision = 1e12;

class Evidence {
 public:
  Evidence(const UnitSums& units, const Config& config, double rows, int target)
      : units_(units), config_(config), rows_(rows), target_(target) {}

  Posterior maximise(std::vector<int> terms) {
    out_.terms = std::move(terms);
    precision_.assign(out_.terms.size(), 1.0);
    beta_ = rows_ / 0.01;  // noise of a tenth of the target to begin with
    while (out_.iterations < config_.max_iterations && !out_.terms.empty() && !out_.is_converged) {
      ++out_.iterations;
      update_posterior();
      update_widths();
    }
    if (out_.terms.empty()) out_.is_converged = true;
    update_posterior();
    return std::move(out_);
  }

 private:
  void update_posterior() {
    const auto n = static_cast<Index>(out_.terms.size());
    gram_.resize(n, n);
    right_.resize(n);
    for (Index i = 0; i < n; ++i) {
      const int f = out_.terms[static_cast<size_t>(i)];
      right_(i) = units_.b(f, target_);
      for (Index j = 0; j < n; ++j) gram_(i, j) = units_.G(f, out_.terms[static_cast<size_t>(j)]);
    }
    MatrixXd matrix = beta_ * gram_;
    for (Index i = 0; i < n; ++i) matrix(i, i) += precision_[static_cast<size_t>(i)];
    const Eigen::LDLT<MatrixXd> factor(matrix);
    out_.mean = factor.solve(beta_ * right_);
    variance_ = factor.solve(MatrixXd::Identity(n, n)).diagonal().cwiseMax(0);
    out_.deviation = variance_.cwiseSqrt();
  }

  void update_widths() {
    double determined = 0, change = 0;
    std::vector<int> kept;
    std::vector<double> widths;
    for (size_t i = 0; i < out_.terms.size(); ++i) {
      const auto at = static_cast<Index>(i);
      const double gamma = std::clamp(1 - precision_[i] * variance_(at), 0.0, 1.0);
      determined += gamma;
      const double square = out_.mean(at) * out_.mean(at);
      const double next = square > 0 ? gamma / square : std::numeric_limits<double>::infinity();
      if (!(next < kLargestPrecision)) continue;
      change = std::max(change, std::abs(std::log(std::max(next, 1e-300) / precision_[i])));
      kept.push_back(out_.terms[i]);
      widths.push_back(next);
    }
    const double residual = 1 - 2 * out_.mean.dot(right_) + out_.mean.dot(gram_ * out_.mean);
    const double beta =
        std::max(rows_ - determined, 1.0) / std::max(residual, 64 * std::numeric_limits<double>::epsilon());
    change = std::max(change, std::abs(std::log(beta / beta_)));
    out_.is_converged = kept.size() == out_.terms.size() && change < config_.tolerance;
    out_.terms = std::move(kept);
    precision_ = std::move(widths);
    beta_ = beta;
  }

  const UnitSums& units_;
  const Config& config_;
  double rows_;
  int target_;
  Posterior out_;
  std::vector<double> precision_;
  double beta_ = 1;  // of the noise, 1 / variance of one row
  MatrixXd gram_;
  VectorXd right_, variance_;
};

class SparseBayes final : public Optimiser {
 public:
  explicit SparseBayes(Config config) : config_(std::move(config)) {}
  [[nodiscard]] std::string_view name() const override { return "sparse_bayes"; }
  [[nodiscard]] StlsqResult fit(const Problem& problem) const override {
    refuse_constraints(problem, name());
    const UnitSums units(problem.sums);
    const auto targets = static_cast<size_t>(problem.sums.targets());
    std::vector<std::vector<int>> supports(targets);
    MatrixXd mean = MatrixXd::Zero(problem.sums.features(), problem.sums.targets()), deviation = mean;
    std::vector<int> iterations;
    std::vector<std::string> notes;
    for (size_t k = 0; k < targets; ++k) {
      const int target = static_cast<int>(k);
      const Posterior posterior =
          Evidence(units, config_, problem.sums.weight, target)
              .maximise(units.target(target) > 0 ? candidates(problem, target) : std::vector<int>{});
      iterations.push_back(posterior.iterations);
      if (!posterior.is_converged)
        notes.push_back("target " + std::to_string(k) + ": the prior widths had not settled");
      for (size_t i = 0; i < posterior.terms.size(); ++i) {
        const auto at = static_cast<Index>(i);
        if (!(std::abs(posterior.mean(at)) >= config_.significance * posterior.deviation(at))) continue;
        const int f = posterior.terms[i];
        supports[k].push_back(f);
        mean(f, target) = units.coefficient(posterior.mean(at), f, target);
        deviation(f, target) = units.coefficient(posterior.deviation(at), f, target);
      }
    }
    StlsqResult result = fit_supports(problem, supports);
    if (!config_.unbias) {
      result.coefficients = mean;
      for (int k = 0; k < problem.sums.targets(); ++k) {
        result.residual[static_cast<size_t>(k)] = mean_square_error(problem.sums, k, mean.col(k));
      }
    }
    result.deviation = std::move(deviation);
    result.iterations = std::move(iterations);
    result.converged = notes.empty();
    result.notes.insert(result.notes.end(), notes.begin(), notes.end());
    return result;
  }

 private:
  Config config_;
};

}  // namespace

extern const Entry kEntry{"sparse_bayes",
                          "Bayesian regression with a prior width per coefficient; gives their deviations",
                          [](const Settings& settings) -> std::unique_ptr<Optimiser> {
                            return std::make_unique<SparseBayes>(configured<Config>(settings));
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::models::optimisers::sparse_bayes
