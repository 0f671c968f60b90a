// Maximum-likelihood coefficients by multiple shooting: windows in lanes, Gauss-Newton steps by block elimination.
#include "models/shooting.h"
#include "engine/error.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include <Eigen/Cholesky>
#include <fmt/format.h>

namespace lockstep::models {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr double kLeastNoise = 1e-9;  // of a state's deviation: where the data have none

// Coefficient j belongs to feature `feature` in the equation of `state`.
struct Coefficient {
  int feature = 0, state = 0;
};

std::vector<Coefficient> coefficients_of(const Sindy& model) {
  std::vector<Coefficient> list;
  for (int i = 0; i < model.state_size(); ++i) {
    if (model.system().velocity_of[static_cast<size_t>(i)] >= 0) continue;
    for (int f = 0; f < model.library().size(); ++f) {
      if (model.coefficients()(f, i) != 0) list.push_back({f, i});
    }
  }
  return list;
}

// The same model with its coefficients as further controls: its Jacobian then has their sensitivities.
Sindy with_coefficients_as_controls(const Sindy& model, const std::vector<Coefficient>& list) {
  SindySystem system = model.system();
  const int nx = system.state_size, nu = system.control_size, count = static_cast<int>(list.size());
  system.control_size = nu + count;
  system.control_names = {};
  std::vector<Feature> features;
  MatrixXd ones = MatrixXd::Zero(count, nx);
  for (int j = 0; j < count; ++j) {
    const Coefficient& one = list[static_cast<size_t>(j)];
    features.push_back(model.library().features()[static_cast<size_t>(one.feature)]);
    features.back().push_back({Factor::Kind::kPower, nx + nu + j, 1});
    ones(j, one.state) = 1;
  }
  return {std::move(system), FeatureLibrary(nx, nu + count, features, model.library().expressions()), std::move(ones),
          model.integrator()};
}

struct Window {
  const Series* series = nullptr;
  int first = 0, rows = 0;
  bool has_next = false;  // the next window follows on it
};

// What one window adds to the normal equations, and the jump behind it.
struct Block {
  MatrixXd state, mixed;          // [nx][nx], [nx][coefficients]
  VectorXd right;                 // [nx]
  MatrixXd end_state, end_mixed;  // sensitivities of where it ends, as above
  VectorXd jump;                  // [nx] next window's state less where this one ends
};

struct Evaluation {
  std::vector<Block> blocks;  // [windows]
  MatrixXd curvature;         // [coefficients][coefficients] of the samples
  VectorXd right;             // [coefficients]
  VectorXd square;            // [nx] sum over samples of squared residuals
  VectorXd jumps;             // [nx] sum of squared jumps

  [[nodiscard]] double cost(const VectorXd& noise, double jump) const {
    const double value = (square.array() / noise.array().square()).sum() +
                         (jumps.array() / noise.array().square()).sum() / (jump * jump);
    return std::isfinite(value) ? value : std::numeric_limits<double>::infinity();
  }
};

struct Step {
  RowMajor states;     // [windows][nx]
  VectorXd change;     // [coefficients]
  VectorXd deviation;  // [coefficients]
  bool is_found = false;
};

// Adds the jumps to the normal equations and eliminates the windows one after the other.
//   D_w s_w + O_w' s_{w+1} + C_w p = r_w,  O_w = -Q S_w
class Elimination {
 public:
  Elimination(const Evaluation& at, const VectorXd& noise, double jump, double damping)
      : curvature_(at.curvature), right_(at.right) {
    const VectorXd weight = (noise.array() * jump).square().inverse();
    const size_t count = at.blocks.size();
    for (const Block& block : at.blocks) {
      diagonal_.push_back(block.state);
      mixed_.push_back(block.mixed);
      rights_.push_back(block.right);
    }
    below_.resize(count);
    for (size_t w = 0; w < count; ++w) {
      const Block& block = at.blocks[w];
      if (block.jump.size() == 0) continue;
      const MatrixXd S = weight.asDiagonal() * block.end_state, P = weight.asDiagonal() * block.end_mixed;
      diagonal_[w] += block.end_state.transpose() * S;
      diagonal_[w + 1].diagonal() += weight;
      below_[w] = -S;
      mixed_[w] += block.end_state.transpose() * P;
      mixed_[w + 1] -= P;
      curvature_ += block.end_mixed.transpose() * P;
      rights_[w] += S.transpose() * block.jump;
      rights_[w + 1] -= weight.asDiagonal() * block.jump;
      right_ += P.transpose() * block.jump;
    }
    for (MatrixXd& d : diagonal_) d.diagonal() *= 1 + damping;
    curvature_.diagonal() *= 1 + damping;
  }

  Step solve() {
    Step step;
    std::vector<Eigen::LLT<MatrixXd>> factors;
    for (size_t w = 0; w < diagonal_.size(); ++w) {
      factors.emplace_back(diagonal_[w]);
      if (factors.back().info() != Eigen::Success) return step;
      const MatrixXd by_mixed = factors.back().solve(mixed_[w]);
      const VectorXd by_right = factors.back().solve(rights_[w]);
      curvature_ -= mixed_[w].transpose() * by_mixed;
      right_ -= mixed_[w].transpose() * by_right;
      if (below_[w].size() == 0) continue;
      diagonal_[w + 1] -= below_[w] * factors.back().solve(below_[w].transpose());
      mixed_[w + 1] -= below_[w] * by_mixed;
      rights_[w + 1] -= below_[w] * by_right;
    }
    // In units where every coefficient has curvature 1.
    const VectorXd scale = curvature_.diagonal().cwiseMax(1e-300).cwiseSqrt().cwiseInverse();
    const Eigen::LLT<MatrixXd> factor(scale.asDiagonal() * curvature_ * scale.asDiagonal());
    if (factor.info() != Eigen::Success) return step;
    step.change = scale.asDiagonal() * factor.solve(scale.asDiagonal() * right_);
    const Index n = scale.size();
    step.deviation = scale.cwiseProduct(factor.solve(MatrixXd::Identity(n, n)).diagonal().cwiseMax(0).cwiseSqrt());
    substitute(factors, step);
    step.is_found = step.change.allFinite() && step.states.allFinite();
    return step;
  }

 private:
  void substitute(const std::vector<Eigen::LLT<MatrixXd>>& factors, Step& step) const {
    step.states.resize(static_cast<Index>(factors.size()), diagonal_[0].rows());
    for (size_t w = factors.size(); w-- > 0;) {
      VectorXd right = rights_[w] - mixed_[w] * step.change;
      if (below_[w].size() > 0) right -= below_[w].transpose() * step.states.row(static_cast<Index>(w) + 1).transpose();
      step.states.row(static_cast<Index>(w)) = factors[w].solve(right).transpose();
    }
  }

  MatrixXd curvature_;
  VectorXd right_;
  std::vector<MatrixXd> diagonal_, below_, mixed_;
  std::vector<VectorXd> rights_;
};

class Shooter {
 public:
  Shooter(std::span<const Series> series, const Sindy& model, const ShootingConfig& config)
      : model_(model), config_(config), nx_(model.state_size()), nu_(model.control_size()), augmented_(model) {
    cut(series, measure(series));
    states_.resize(static_cast<Index>(windows_.size()), nx_);
    for (size_t w = 0; w < windows_.size(); ++w) {
      for (int i = 0; i < nx_; ++i) {
        states_(static_cast<Index>(w), i) = windows_[w].series->smooth(windows_[w].first, i);
      }
    }
    choose(coefficients_of(model));
    for (const Coefficient& one : list_) c_.conservativeResize(c_.size() + 1), c_.tail(1)(0) = value_of(one);
  }

  Shooting refine() {
    jump_ = 1;
    Evaluation at = evaluate(states_, c_);
    if (!std::isfinite(at.cost(noise_, jump_))) {
      notes_.emplace_back("shooting left out: the model diverges within a window");
      return result(false);
    }
    estimate_noise(at);
    bool is_settled = settle(at);
    while (is_settled && drop_least(at)) is_settled = settle(at);
    if (!is_settled) notes_.push_back(fmt::format("shooting had not settled after {} iterations", iterations_));
    return result(is_settled);
  }

 private:
  [[nodiscard]] double value_of(const Coefficient& one) const { return model_.coefficients()(one.feature, one.state); }

  void choose(std::vector<Coefficient> list) {
    list_ = std::move(list);
    augmented_ = with_coefficients_as_controls(model_, list_);
  }

  // rms deviation of every state; time constant of the fastest, in samples.
  double measure(std::span<const Series> series) {
    scale_ = VectorXd::Zero(nx_);
    noise_ = VectorXd::Ones(nx_);
    double fastest = std::numeric_limits<double>::infinity();
    for (int i = 0; i < nx_; ++i) {
      double mean = 0, square = 0, slope = 0, rows = 0, steps = 0, difference = 0;
      for (const Series& one : series) {
        for (int row = 0; row < one.rows(); ++row, ++rows) {
          mean += one.smooth(row, i);
          square += one.smooth(row, i) * one.smooth(row, i);
          difference += std::pow(one.x(row, i) - one.smooth(row, i), 2);
          if (row > 0) slope += std::pow(one.smooth(row, i) - one.smooth(row - 1, i), 2), ++steps;
        }
      }
      scale_(i) = std::sqrt(std::max(square / rows - mean * mean / (rows * rows), 0.0));
      if (slope > 0) fastest = std::min(fastest, scale_(i) / std::sqrt(slope / steps));
      noise_(i) = std::max({std::sqrt(difference / rows), kLeastNoise * scale_(i), std::numeric_limits<double>::min()});
    }
    return fastest;
  }

  void cut(std::span<const Series> series, double time_constant) {
    const double wished = config_.window_times * time_constant;
    for (const Series& one : series) {
      const int rows = one.rows();
      const int length = static_cast<int>(std::clamp(wished, 4.0, std::max(4.0, rows / 2.0)));
      for (int first = 0; rows >= 3 && first < rows; first += length) {
        windows_.push_back({&one, first, std::min(length, rows - first), first + length < rows});
      }
    }
  }

  // Leads every window through its samples from `states` with coefficients `c`.
  [[nodiscard]] Evaluation evaluate(const RowMajor& states, const VectorXd& c) {
    const auto count = static_cast<Index>(windows_.size()), n = c.size();
    Evaluation out{std::vector<Block>(windows_.size()), MatrixXd::Zero(n, n), VectorXd::Zero(n), VectorXd::Zero(nx_),
                   VectorXd::Zero(nx_)};
    for (Block& block : out.blocks) {
      block = {MatrixXd::Zero(nx_, nx_),     MatrixXd::Zero(nx_, n), VectorXd::Zero(nx_),
               MatrixXd::Identity(nx_, nx_), MatrixXd::Zero(nx_, n), {}};
    }
    RowMajor x = states, next(count, nx_), u(count, nu_ + n);
    u.rightCols(n).rowwise() = c.transpose();
    std::vector<double> A(static_cast<size_t>(count * nx_ * nx_)), B(static_cast<size_t>(count * nx_ * (nu_ + n)));
    int steps = 0;
    for (const Window& window : windows_) steps = std::max(steps, window.rows);
    for (int step = 0; step < steps; ++step) {
      add_samples(x, step, out);
      linearise(x, step, u, next, A, B);
      advance(states, step, next, A, B, out);
      x = next;
    }
    return out;
  }

  void add_samples(const RowMajor& x, int step, Evaluation& out) const {
    const VectorXd weight = noise_.array().square().inverse();
    for (size_t w = 0; w < windows_.size(); ++w) {
      const Window& window = windows_[w];
      if (step >= window.rows) continue;
      VectorXd residual(nx_);
      for (int i = 0; i < nx_; ++i)
        residual(i) = window.series->x(window.first + step, i) - x(static_cast<Index>(w), i);
      out.square += residual.cwiseAbs2();
      Block& block = out.blocks[w];
      const MatrixXd S = weight.asDiagonal() * block.end_state, P = weight.asDiagonal() * block.end_mixed;
      block.state.noalias() += block.end_state.transpose() * S;
      block.mixed.noalias() += S.transpose() * block.end_mixed;
      block.right.noalias() += S.transpose() * residual;
      out.curvature.noalias() += block.end_mixed.transpose() * P;
      out.right.noalias() += P.transpose() * residual;
    }
  }

  void linearise(const RowMajor& x, int step, RowMajor& u, RowMajor& next, std::vector<double>& A,
                 std::vector<double>& B) {
    const int count = static_cast<int>(windows_.size()), width = static_cast<int>(u.cols());
    for (size_t w = 0; w < windows_.size(); ++w) {
      const int last = windows_[w].series->rows() - 1, row = std::min(windows_[w].first + step, last);
      const int other = config_.controls == "interpolated" ? std::min(row + 1, last) : row;
      const View<const double, 2> given = windows_[w].series->u;
      for (int i = 0; i < nu_; ++i) u(static_cast<Index>(w), i) = 0.5 * (given(row, i) + given(other, i));
    }
    const View<const double, 2> at(x.data(), count, nx_), with(u.data(), count, width);
    augmented_.step(at, with, View<double, 2>(next.data(), count, nx_));
    augmented_.jacobian(at, with, View<double, 3>(A.data(), count, nx_, nx_),
                        View<double, 3>(B.data(), count, nx_, width));
  }

  void advance(const RowMajor& states, int step, const RowMajor& next, const std::vector<double>& A,
               const std::vector<double>& B, Evaluation& out) const {
    const Index n = out.right.size(), width = nu_ + n;
    for (size_t w = 0; w < windows_.size(); ++w) {
      const Window& window = windows_[w];
      if (step >= window.rows) continue;
      Block& block = out.blocks[w];
      const auto at = static_cast<Index>(w);
      const Eigen::Map<const RowMajor> a(A.data() + at * nx_ * nx_, nx_, nx_);
      const Eigen::Map<const RowMajor> b(B.data() + at * nx_ * width, nx_, width);
      block.end_state = a * block.end_state;
      block.end_mixed = a * block.end_mixed + b.rightCols(n);
      if (step + 1 < window.rows || !window.has_next) continue;
      block.jump = (states.row(at + 1) - next.row(at)).transpose();
      out.jumps += block.jump.cwiseAbs2();
    }
  }

  void estimate_noise(const Evaluation& at) {
    double rows = 0;
    for (const Window& window : windows_) rows += window.rows;
    for (int i = 0; i < nx_; ++i) {
      noise_(i) =
          std::max({std::sqrt(at.square(i) / rows), kLeastNoise * scale_(i), std::numeric_limits<double>::min()});
    }
    log_likelihood_ = -rows * noise_.array().log().sum();
  }

  // Gauss-Newton steps, damped where they do not lower the cost (Levenberg, Marquardt); jumps grow less from step to
  // step. True where the coefficients have settled.
  bool settle(Evaluation& at) {
    double damping = 1e-6;
    while (iterations_ < config_.max_iterations) {
      ++iterations_;
      const Step step = Elimination(at, noise_, jump_, damping).solve();
      if (!step.is_found) return false;
      const RowMajor states = states_ + step.states;
      const VectorXd c = c_ + step.change;
      Evaluation next = evaluate(states, c);
      const double before = at.cost(noise_, jump_), after = next.cost(noise_, jump_);
      deviation_ = step.deviation;
      if (!(after <= before * (1 + 1e-9))) {
        damping = std::max(damping * 10, 1e-3);
        if (damping > 1e6) return false;
        continue;
      }
      states_ = states, c_ = c, at = std::move(next);
      damping = std::max(damping / 10, 1e-9);
      const bool is_small = (step.change.array().abs() <= config_.tolerance * deviation_.array()).all();
      if (is_small && jump_ <= config_.jump && damping < 1e-3) return true;
      jump_ = std::max(config_.jump, jump_ / 4);
      estimate_noise(at);
    }
    return false;
  }

  // Drops the coefficient that is fewest of its deviations away from 0; false where all are significant.
  bool drop_least(Evaluation& at) {
    if (config_.significance == 0 || list_.size() < 2) return false;
    Index least = 0;
    const double score = (c_.array().abs() / deviation_.array()).minCoeff(&least);
    if (!(score < config_.significance)) return false;
    const std::vector<Coefficient> all = list_;
    const VectorXd c = c_;
    std::vector<Coefficient> rest = all;
    rest.erase(rest.begin() + least);
    const Index after = c.size() - 1 - least;
    c_.segment(least, after) = c.tail(after);
    c_.conservativeResize(c.size() - 1);
    choose(std::move(rest));
    Evaluation without = evaluate(states_, c_);
    if (!std::isfinite(without.cost(noise_, jump_))) {
      choose(all);
      c_ = c;
      return false;
    }
    at = std::move(without);
    const InputNames names{model_.system().state_names, model_.system().control_names};
    const Coefficient& gone = all[static_cast<size_t>(least)];
    notes_.push_back(fmt::format("{}': {} left out, {:.1f} deviations from 0",
                                 names.states[static_cast<size_t>(gone.state)],
                                 model_.library().names(names)[static_cast<size_t>(gone.feature)], score));
    return true;
  }

  [[nodiscard]] Shooting result(bool is_settled) const {
    MatrixXd coefficients = MatrixXd::Zero(model_.library().size(), nx_), deviation = coefficients;
    for (size_t j = 0; j < list_.size(); ++j) {
      coefficients(list_[j].feature, list_[j].state) = c_(static_cast<Index>(j));
      if (deviation_.size() == c_.size()) {
        deviation(list_[j].feature, list_[j].state) = deviation_(static_cast<Index>(j));
      }
    }
    return {.model = Sindy(model_.system(), model_.library(), std::move(coefficients), model_.integrator()),
            .deviation = std::move(deviation),
            .noise = {noise_.data(), noise_.data() + nx_},
            .log_likelihood = log_likelihood_,
            .windows = static_cast<int>(windows_.size()),
            .iterations = iterations_,
            .converged = is_settled,
            .notes = notes_};
  }

  const Sindy& model_;
  const ShootingConfig& config_;
  int nx_, nu_;
  Sindy augmented_;  // of the coefficients in list_
  std::vector<Window> windows_;
  std::vector<Coefficient> list_;
  RowMajor states_;         // [windows][nx]
  VectorXd c_, deviation_;  // [coefficients]
  VectorXd noise_, scale_;  // [nx]
  double jump_ = 1;         // present standard deviation of the jumps, in units of the noise
  double log_likelihood_ = 0;
  int iterations_ = 0;
  std::vector<std::string> notes_;
};

}  // namespace

void ShootingConfig::describe(Fields& fields) {
  fields.add("window_times", window_times, "length of a window in the fastest state's time constant", {1e-3, 1e6});
  fields.add("jump", jump, "standard deviation of the jumps between windows, in units of the noise", {1e-6, 1e6});
  fields.add("significance", significance, "standard deviations a coefficient must be away from 0", {0, 1e6});
  fields.add_choice("controls", controls, "over a step: held, or the mean of both its ends; auto: what is likelier",
                    {"auto", "held", "interpolated"});
  fields.add("max_iterations", max_iterations, "Gauss-Newton steps", {1, 100000});
  fields.add("tolerance", tolerance, "largest last change of a coefficient, in its standard deviations", {1e-12, 1e3});
}

void ShootingConfig::check() const {
  const bool is_known = controls == "auto" || controls == "held" || controls == "interpolated";
  if (is_known && window_times > 0 && jump > 0 && significance >= 0 && max_iterations >= 1 && tolerance > 0) return;
  throw Error(fmt::format("window_times = {}, jump = {}, significance = {}, max_iterations = {}, tolerance = {}",
                          window_times, jump, significance, max_iterations, tolerance),
              "shooting settings",
              "give all above 0 (significance: at least 0), and controls auto, held or interpolated");
}

Shooting refine_by_shooting(std::span<const Series> series, const Sindy& model, const ShootingConfig& config) {
  config.check();
  bool has_rows = false;
  for (size_t t = 0; t < series.size(); ++t) {
    has_rows = has_rows || series[t].rows() >= 3;
    for (size_t row = 1; row < series[t].time.size(); ++row) {
      const double step = series[t].time[row] - series[t].time[row - 1];
      if (std::abs(step - model.timestep()) <= 2e-3 * model.timestep()) continue;
      throw Error(fmt::format("a time step of {} s where the model takes {} s", step, model.timestep()),
                  fmt::format("shooting, trajectory {}, row {}", t, row), "sample evenly, or leave the refinement out");
    }
  }
  if (!has_rows || model.terms() == 0) {
    throw Error(fmt::format("{} trajectories and {} terms", series.size(), model.terms()), "shooting",
                "give a trajectory of at least 3 rows and a model with terms");
  }
  if (config.controls != "auto") return Shooter(series, model, config).refine();
  ShootingConfig one = config;
  one.controls = "held";
  Shooting held = Shooter(series, model, one).refine();
  if (model.control_size() == 0) return held;
  one.controls = "interpolated";
  Shooting interpolated = Shooter(series, model, one).refine();
  return interpolated.log_likelihood > held.log_likelihood ? interpolated : held;
}

}  // namespace lockstep::models
