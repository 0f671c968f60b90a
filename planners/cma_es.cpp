// The evolution strategy's updates, and its row in the table of planners.
#include "planners/cma_es.h"

#include <algorithm>
#include <cmath>
#include <memory>

namespace lockstep::planners {
namespace {

constexpr double kLeastEigenvalue = 1e-14;  // of the largest: what rounding leaves
constexpr double kLargestStep = 1e3;        // in half control ranges

}  // namespace

void CmaSearch::reset(const Shape& shape) {
  shape_ = shape;
  const int P = shape.parameters();
  for (Eigen::VectorXd* vector : {&mean_, &step_, &path_sigma_, &path_c_}) *vector = Eigen::VectorXd::Zero(P);
  C_ = B_ = Eigen::MatrixXd::Identity(P, P);
  scale_ = Eigen::VectorXd::Ones(P);
  solver_ = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(P);
  sigma_ = shape.noise_std;
  generation_ = 0;
  order_.reserve(static_cast<size_t>(shape.samples));
  set_weights(shape.samples);
}

// Eqs. 49-58 with the positive weights alone.
void CmaSearch::set_weights(int count) {
  const double n = shape_.parameters();
  const int mu = std::max(1, count / 2);
  weights_.resize(static_cast<size_t>(mu));
  double sum = 0, squares = 0;
  for (int i = 0; i < mu; ++i) {
    weights_[i] = std::log(0.5 * (count + 1)) - std::log(i + 1.0);
    sum += weights_[i];
  }
  for (double& weight : weights_) {
    weight /= sum;
    squares += weight * weight;
  }
  mu_eff_ = 1 / squares;
  c_sigma_ = (mu_eff_ + 2) / (n + mu_eff_ + 5);
  d_sigma_ = 1 + 2 * std::max(0.0, std::sqrt((mu_eff_ - 1) / (n + 1)) - 1) + c_sigma_;
  c_c_ = (4 + mu_eff_ / n) / (n + 4 + 2 * mu_eff_ / n);
  c_1_ = 2 / ((n + 1.3) * (n + 1.3) + mu_eff_);
  c_mu_ = std::min(1 - c_1_, 2 * (0.25 + mu_eff_ + 1 / mu_eff_ - 2) / ((n + 2) * (n + 2) + mu_eff_));
  chi_ = std::sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));
}

void CmaSearch::begin(std::span<const double>, std::span<const double>) {
  mean_.setZero();
  path_sigma_.setZero();
  path_c_.setZero();
  generation_ = 0;
  sigma_ = shape_.noise_std;
  if (keep_shape_) {
    C_ *= static_cast<double>(C_.rows()) / C_.trace();
    decompose();
  } else {
    C_.setIdentity();
    B_.setIdentity();
    scale_.setOnes();
  }
}

void CmaSearch::decompose() {
  solver_.compute(C_);
  const double least = kLeastEigenvalue * std::max(solver_.eigenvalues().maxCoeff(), kLeastEigenvalue);
  B_ = solver_.eigenvectors();
  scale_ = solver_.eigenvalues().cwiseMax(least).cwiseSqrt();
}

// x = m + sigma B D z (eqs. 38-40).
void CmaSearch::draw(int, const double* white, double* parameters) {
  const Eigen::Map<const Eigen::VectorXd> z(white, mean_.size());
  Eigen::Map<Eigen::VectorXd> x(parameters, mean_.size());
  step_ = scale_.cwiseProduct(z);
  x.noalias() = sigma_ * (B_ * step_);
  x += mean_;
}

void CmaSearch::update(std::span<const double> parameters, std::span<const double> costs) {
  const auto P = mean_.size();
  find_elites(costs, std::max(1, static_cast<int>(costs.size()) / 2), order_);
  double total = 0;  // fewer finite samples than parents: their weights are spread over those there are
  for (size_t i = 0; i < order_.size(); ++i) total += weights_[i];
  const auto row = [&](int index) {
    return Eigen::Map<const Eigen::VectorXd>(&parameters[static_cast<size_t>(index) * static_cast<size_t>(P)], P);
  };
  step_.setZero();
  for (size_t i = 0; i < order_.size(); ++i) step_ += weights_[i] / total * (row(order_[i]) - mean_) / sigma_;
  ++generation_;
  // p_sigma with C^-1/2 = B D^-1 B' (eq. 43), sigma (eq. 44)
  const Eigen::VectorXd whitened = B_ * (B_.transpose() * step_).cwiseQuotient(scale_);
  path_sigma_ = (1 - c_sigma_) * path_sigma_ + std::sqrt(c_sigma_ * (2 - c_sigma_) * mu_eff_) * whitened;
  const double length = path_sigma_.norm();
  const double grown = std::sqrt(1 - std::pow(1 - c_sigma_, 2.0 * generation_));
  const bool stalls = length / grown >= (1.4 + 2 / (static_cast<double>(P) + 1)) * chi_;
  // p_c (eq. 45) and C (eq. 47)
  path_c_ *= 1 - c_c_;
  if (!stalls) path_c_ += std::sqrt(c_c_ * (2 - c_c_) * mu_eff_) * step_;
  const double lost = stalls ? c_1_ * c_c_ * (2 - c_c_) : 0;
  C_ *= 1 + lost - c_1_ - c_mu_;
  C_.noalias() += c_1_ * path_c_ * path_c_.transpose();
  for (size_t i = 0; i < order_.size(); ++i) {
    const Eigen::VectorXd y = (row(order_[i]) - mean_) / sigma_;
    C_.noalias() += c_mu_ * weights_[i] / total * y * y.transpose();
  }
  mean_ += sigma_ * step_;
  sigma_ = std::min(kLargestStep, sigma_ * std::exp(std::min(1.0, c_sigma_ / d_sigma_ * (length / chi_ - 1))));
  decompose();
}

std::vector<double> CmaSearch::save() const {
  return keep_shape_ ? std::vector<double>(C_.data(), C_.data() + C_.size()) : std::vector<double>();
}

void CmaSearch::load(std::span<const double> numbers) { std::copy(numbers.begin(), numbers.end(), C_.data()); }

namespace cma_es {
namespace {

struct Config : SamplingConfig {
  bool keep_shape = false;

  Config() {
    samples = 32;
    iterations = 8;
    knots = 8;
  }
  void describe(Fields& fields) {
    SamplingConfig::describe(fields);
    fields.add("keep_shape", keep_shape, "the next plan begins with this plan's covariance");
  }
  void check() const { SamplingConfig::check("cma-es"); }
};

}  // namespace

extern const Entry kEntry{"cma-es", "evolution strategy whose covariance adapts to the cost's shape",
                          [](const Settings& settings) -> std::unique_ptr<Planner> {
                            const auto config = configured<Config>(settings);
                            return std::make_unique<SamplingPlanner>("cma-es", config,
                                                                     std::make_unique<CmaSearch>(config.keep_shape));
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace cma_es
}  // namespace lockstep::planners
