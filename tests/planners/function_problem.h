// Dynamics and Cost made of plain functions, for tests.
#pragma once

#include "engine/cost.h"
#include "engine/dynamics.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lockstep::planners::testing {

class FunctionDynamics final : public Dynamics {
 public:
  using Step = std::function<void(const double* x, const double* u, double* next)>;
  FunctionDynamics(int nx, int nu, double timestep, Step step)
      : nx_(nx), nu_(nu), timestep_(timestep), step_(std::move(step)) {}

  [[nodiscard]] int state_size() const override { return nx_; }
  [[nodiscard]] int control_size() const override { return nu_; }
  [[nodiscard]] double timestep() const override { return timestep_; }
  [[nodiscard]] std::string name() const override { return "function"; }
  [[nodiscard]] std::unique_ptr<Dynamics> clone() const override { return std::make_unique<FunctionDynamics>(*this); }
  void step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) override {
    for (int row = 0; row < x.extent(0); ++row) step_(&x(row, 0), &u(row, 0), &next(row, 0));
  }

 private:
  int nx_, nu_;
  double timestep_;
  Step step_;
};

class FunctionCost final : public Cost {
 public:
  using Stage = std::function<double(const double* x, const double* u)>;
  using Terminal = std::function<double(const double* x)>;
  FunctionCost(int nx, int nu, Stage stage, Terminal terminal)
      : nx_(nx), nu_(nu), stage_(std::move(stage)), terminal_(std::move(terminal)) {}

  [[nodiscard]] int state_size() const override { return nx_; }
  [[nodiscard]] int control_size() const override { return nu_; }
  void stage(View<const double, 2> x, View<const double, 2> u, View<double, 1> values) const override {
    for (int row = 0; row < x.extent(0); ++row) values(row) = stage_(&x(row, 0), &u(row, 0));
  }
  void terminal(View<const double, 2> x, View<double, 1> values) const override {
    for (int row = 0; row < x.extent(0); ++row) values(row) = terminal_(&x(row, 0));
  }

 private:
  int nx_, nu_;
  Stage stage_;
  Terminal terminal_;
};

// x' = A x + B u, with exact Jacobians. A [nx * nx], B [nx * nu] row-major.
class LinearDynamics final : public Dynamics {
 public:
  LinearDynamics(int nx, int nu, double timestep, std::vector<double> a, std::vector<double> b)
      : nx_(nx), nu_(nu), timestep_(timestep), a_(std::move(a)), b_(std::move(b)) {}

  [[nodiscard]] int state_size() const override { return nx_; }
  [[nodiscard]] int control_size() const override { return nu_; }
  [[nodiscard]] double timestep() const override { return timestep_; }
  [[nodiscard]] std::string name() const override { return "linear"; }
  [[nodiscard]] std::unique_ptr<Dynamics> clone() const override { return std::make_unique<LinearDynamics>(*this); }
  void step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) override {
    for (int row = 0; row < x.extent(0); ++row)
      for (int i = 0; i < nx_; ++i) {
        double sum = 0;
        for (int j = 0; j < nx_; ++j) sum += a_[i * nx_ + j] * x(row, j);
        for (int j = 0; j < nu_; ++j) sum += b_[i * nu_ + j] * u(row, j);
        next(row, i) = sum;
      }
  }
  void jacobian(View<const double, 2> x, View<const double, 2>, View<double, 3> A, View<double, 3> B) override {
    for (int row = 0; row < x.extent(0); ++row)
      for (int i = 0; i < nx_; ++i) {
        for (int j = 0; j < nx_; ++j) A(row, i, j) = a_[i * nx_ + j];
        for (int j = 0; j < nu_; ++j) B(row, i, j) = b_[i * nu_ + j];
      }
  }
  [[nodiscard]] const std::vector<double>& a() const { return a_; }
  [[nodiscard]] const std::vector<double>& b() const { return b_; }

 private:
  int nx_, nu_;
  double timestep_;
  std::vector<double> a_, b_;
};

// 1/2 (x'Q x + u'R u), at the end 1/2 x'Q_f x, with Q, R, Q_f diagonal; derivatives are exact.
class DiagonalCost final : public Cost {
 public:
  DiagonalCost(std::vector<double> state, std::vector<double> control, std::vector<double> end)
      : q(std::move(state)), r(std::move(control)), q_final(std::move(end)) {}
  std::vector<double> q, r, q_final;

  [[nodiscard]] int state_size() const override { return static_cast<int>(q.size()); }
  [[nodiscard]] int control_size() const override { return static_cast<int>(r.size()); }
  void stage(View<const double, 2> x, View<const double, 2> u, View<double, 1> values) const override {
    for (int row = 0; row < x.extent(0); ++row) {
      values(row) = 0;
      for (int i = 0; i < x.extent(1); ++i) values(row) += 0.5 * q[i] * x(row, i) * x(row, i);
      for (int i = 0; i < u.extent(1); ++i) values(row) += 0.5 * r[i] * u(row, i) * u(row, i);
    }
  }
  void terminal(View<const double, 2> x, View<double, 1> values) const override {
    for (int row = 0; row < x.extent(0); ++row) {
      values(row) = 0;
      for (int i = 0; i < x.extent(1); ++i) values(row) += 0.5 * q_final[i] * x(row, i) * x(row, i);
    }
  }
  void expand_stage(View<const double, 2> x, View<const double, 2> u, const Expansion& out) const override {
    const int nx = x.extent(1), nu = u.extent(1);
    for (int row = 0; row < x.extent(0); ++row) {
      for (int i = 0; i < nx; ++i) {
        out.x(row, i) = q[i] * x(row, i);
        for (int j = 0; j < nx; ++j) out.xx(row, i, j) = i == j ? q[i] : 0;
        for (int j = 0; j < nu; ++j) out.ux(row, j, i) = 0;
      }
      for (int i = 0; i < nu; ++i) {
        out.u(row, i) = r[i] * u(row, i);
        for (int j = 0; j < nu; ++j) out.uu(row, i, j) = i == j ? r[i] : 0;
      }
    }
  }
  void expand_terminal(View<const double, 2> x, View<double, 2> gradient, View<double, 3> hessian) const override {
    for (int row = 0; row < x.extent(0); ++row)
      for (int i = 0; i < x.extent(1); ++i) {
        gradient(row, i) = q_final[i] * x(row, i);
        for (int j = 0; j < x.extent(1); ++j) hessian(row, i, j) = i == j ? q_final[i] : 0;
      }
  }
};

}  // namespace lockstep::planners::testing
