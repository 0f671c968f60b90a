// The dual active-set method: from the unconstrained minimum, one violated constraint after the other becomes tight.
#include "models/quadratic_program.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <Eigen/Cholesky>
#include <Eigen/QR>

namespace lockstep::models {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class ActiveSet {
 public:
  explicit ActiveSet(const QuadraticProgram& program) : program_(program), factor_(program.H) {}

  std::optional<QuadraticSolution> run() {
    if (factor_.info() != Eigen::Success) return {};
    x_ = factor_.solve(program_.g);
    for (Index row = 0; row < program_.equal.rows(); ++row) {
      const VectorXd normal = program_.equal.row(row).transpose();
      const double gap = program_.equal_value(row) - normal.dot(x_);
      // An equality is a constraint whose violated side is kept; its multiplier may have either sign.
      if (!add({row, true, gap >= 0 ? 1.0 : -1.0})) return {};
    }
    const Index most = 50 * (program_.least.rows() + program_.H.rows() + 1);
    for (Index pass = 0; pass < most; ++pass) {
      Index worst = -1;
      double violation = 0;
      for (Index row = 0; row < program_.least.rows(); ++row) {
        const VectorXd normal = program_.least.row(row).transpose();
        const double size = std::max(1.0, normal.cwiseAbs().dot(x_.cwiseAbs()) + std::abs(program_.least_value(row)));
        const double gap = (program_.least_value(row) - normal.dot(x_)) / size;
        if (gap > violation + 1e-12 && !is_active(row)) {
          violation = gap;
          worst = row;
        }
      }
      if (worst < 0) return solution();
      if (!add({worst, false, 1.0})) return {};
    }
    return {};
  }

 private:
  struct Tight {
    Index row;
    bool is_equality;
    double sign;
  };

  [[nodiscard]] VectorXd normal_of(const Tight& t) const {
    const MatrixXd& matrix = t.is_equality ? program_.equal : program_.least;
    return t.sign * matrix.row(t.row).transpose();
  }
  [[nodiscard]] double value_of(const Tight& t) const {
    return t.sign * (t.is_equality ? program_.equal_value(t.row) : program_.least_value(t.row));
  }
  [[nodiscard]] bool is_active(Index row) const {
    return std::any_of(tight_.begin(), tight_.end(), [&](const Tight& t) { return !t.is_equality && t.row == row; });
  }

  // Makes one more constraint tight, dropping inequalities that it unloads; false where it cannot be met.
  bool add(const Tight& entering) {
    const VectorXd normal = normal_of(entering);
    double multiplier = 0;
    while (true) {
      const double gap = normal.dot(x_) - value_of(entering);
      VectorXd step, rates;  // of x and of the multipliers, for one unit of the entering multiplier
      directions(normal, step, rates);
      const double slope = step.dot(normal);
      const bool is_dependent = slope <= 1e-12 * std::max(normal.dot(factor_.solve(normal)), 1e-300);
      if (is_dependent && std::abs(gap) <= 1e-10 * std::max(1.0, std::abs(value_of(entering)))) return true;
      const double full = is_dependent ? kInfinity : std::max(0.0, -gap / slope);
      Index blocking = -1;
      double partial = kInfinity;
      for (size_t i = 0; i < tight_.size(); ++i) {
        const auto at = static_cast<Index>(i);
        if (tight_[i].is_equality || rates(at) <= 1e-14) continue;
        if (multipliers_[i] / rates(at) < partial) {
          partial = multipliers_[i] / rates(at);
          blocking = at;
        }
      }
      const double length = std::min(full, partial);
      if (length == kInfinity) return false;
      if (!is_dependent) x_ += length * step;
      for (size_t i = 0; i < tight_.size(); ++i) multipliers_[i] -= length * rates(static_cast<Index>(i));
      multiplier += length;
      if (full <= partial) {
        tight_.push_back(entering);
        multipliers_.push_back(multiplier);
        return true;
      }
      tight_.erase(tight_.begin() + blocking);
      multipliers_.erase(multipliers_.begin() + blocking);
    }
  }

  void directions(const VectorXd& normal, VectorXd& step, VectorXd& rates) const {
    const VectorXd free = factor_.solve(normal);
    const auto count = static_cast<Index>(tight_.size());
    rates = VectorXd::Zero(count);
    step = free;
    if (count == 0) return;
    MatrixXd normals(normal.size(), count);
    for (Index i = 0; i < count; ++i) normals.col(i) = normal_of(tight_[static_cast<size_t>(i)]);
    const MatrixXd through = factor_.solve(normals);
    rates = (normals.transpose() * through).ldlt().solve(normals.transpose() * free);
    step = free - through * rates;
  }

  [[nodiscard]] QuadraticSolution solution() const {
    QuadraticSolution out{x_, VectorXd::Zero(program_.equal.rows()), VectorXd::Zero(program_.least.rows())};
    for (size_t i = 0; i < tight_.size(); ++i) {
      VectorXd& to = tight_[i].is_equality ? out.equal_multiplier : out.least_multiplier;
      to(tight_[i].row) = tight_[i].sign * multipliers_[i];
    }
    return out;
  }

  const QuadraticProgram& program_;
  Eigen::LLT<MatrixXd> factor_;
  VectorXd x_;
  std::vector<Tight> tight_;
  std::vector<double> multipliers_;
};

}  // namespace

std::optional<QuadraticSolution> solve(const QuadraticProgram& program) { return ActiveSet(program).run(); }

}  // namespace lockstep::models
