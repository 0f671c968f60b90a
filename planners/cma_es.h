// CMA-ES: a Gaussian whose full covariance adapts to the cost's shape.
// Hansen, "The CMA evolution strategy: a tutorial", arXiv 1604.00772v2 (2023): equations by number, its default
// parameters (table 1) without negative weights.
#pragma once

#include "planners/sampling.h"

#include <span>
#include <vector>

#include <Eigen/Core>
#include <Eigen/Eigenvalues>

namespace lockstep::planners {

class CmaSearch final : public Search {
 public:
  // keep_shape: the next plan begins with this plan's covariance (scaled to the first deviation again).
  explicit CmaSearch(bool keep_shape) : keep_shape_(keep_shape) {}

  void reset(const Shape& shape) override;
  void begin(std::span<const double> low, std::span<const double> high) override;
  void draw(int sample, const double* white, double* parameters) override;
  void update(std::span<const double> parameters, std::span<const double> costs) override;
  [[nodiscard]] std::span<const double> mean() const override {
    return {mean_.data(), static_cast<size_t>(mean_.size())};
  }
  [[nodiscard]] std::vector<double> save() const override;
  void load(std::span<const double> numbers) override;

  [[nodiscard]] double step_size() const { return sigma_; }
  [[nodiscard]] const Eigen::MatrixXd& covariance() const { return C_; }  // of unit step size

 private:
  void set_weights(int count);
  void decompose();

  bool keep_shape_;
  Shape shape_{};
  Eigen::VectorXd mean_, step_, path_sigma_, path_c_;  // m, y_w, p_sigma, p_c [P]
  Eigen::MatrixXd C_, B_;                              // covariance and its eigenvectors [P][P]
  Eigen::VectorXd scale_;                              // D: roots of its eigenvalues [P]
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver_;
  double sigma_ = 0;
  int generation_ = 0;
  std::vector<double> weights_;  // w [mu]
  std::vector<int> order_;
  double mu_eff_ = 1, c_sigma_ = 0, d_sigma_ = 1, c_c_ = 0, c_1_ = 0, c_mu_ = 0, chi_ = 1;
};

}  // namespace lockstep::planners
