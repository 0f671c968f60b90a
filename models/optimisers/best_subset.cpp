// Best subset: the terms with the least information criterion of all 2^p choices, found by branch and bound and proved.
// Deletion tree as in Furnival, Wilson 1974 (Technometrics 16, 499): dropping terms only raises the residual.
#include "models/optimisers/greedy_sequence.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>

#include <Eigen/Cholesky>
#include <fmt/format.h>

namespace lockstep::models::optimisers::best_subset {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

struct Config {
  std::string criterion = "bic";  // aic | bic | elbow
  int max_terms = 1000;           // of one target, >= 0
  double max_nodes = 2e6;         // of one target's tree; the best set found so far is not proved best beyond it

  void describe(Fields& fields) {
    fields.add_choice("criterion", criterion, "what is least", {"aic", "bic", "elbow"});
    fields.add("max_terms", max_terms, "of one target", {0, 100000});
    fields.add("max_nodes", max_nodes, "of one target's tree; beyond, the best set found is not proved", {1, 1e12});
  }
};

// One target's search. A node is a set of terms, of which the first `fixed` are kept below it.
class Search {
 public:
  Search(const Problem& problem, int target, const Config& config)
      : units_(problem.sums), config_(config), target_(target), rows_(problem.sums.weight) {
    // An incumbent, and the order of the tree: what is missed most comes first, so that the largest subtrees (without
    // it) end soonest.
    const auto backward = backward_sequence(problem, target, {.by_loss = true});
    for (auto step = backward.rbegin(); step != backward.rend(); ++step) {
      consider(step->terms, step->residual);
      for (const int f : step->terms) {
        if (std::find(order_.begin(), order_.end(), f) == order_.end()) order_.push_back(f);
      }
    }
    for (const Step& step : forward_sequence(problem, target, std::min(config.max_terms, problem.sums.features()))) {
      consider(step.terms, step.residual);
    }
  }

  void run() {
    const auto n = static_cast<Index>(order_.size());
    Node root{order_, MatrixXd(n, n), VectorXd(n), 0};
    VectorXd right(n);
    for (Index i = 0; i < n; ++i) {
      right(i) = units_.b(order_[static_cast<size_t>(i)], target_);
      for (Index j = 0; j < n; ++j)
        root.inverse(i, j) = units_.G(order_[static_cast<size_t>(i)], order_[static_cast<size_t>(j)]);
      root.inverse(i, i) += 1e-13;
    }
    const Eigen::LDLT<MatrixXd> factor(root.inverse);
    root.value = factor.solve(right);
    root.residual = std::max(0.0, 1 - root.value.dot(right));
    root.inverse = factor.solve(MatrixXd::Identity(n, n));
    branch(root, 0);
  }

  [[nodiscard]] const std::vector<int>& best() const { return best_; }
  [[nodiscard]] std::int64_t nodes() const { return nodes_; }
  [[nodiscard]] bool is_proved() const { return static_cast<double>(nodes_) < config_.max_nodes; }

 private:
  struct Node {
    std::vector<int> terms;
    MatrixXd inverse;  // of the terms' products
    VectorXd value;
    double residual = 1;
  };

  void consider(const std::vector<int>& terms, double residual) {
    if (static_cast<int>(terms.size()) > config_.max_terms) return;
    const double value = information(config_.criterion, rows_, residual, static_cast<int>(terms.size()));
    if (!(value < least_)) return;
    least_ = value;
    best_ = terms;
    std::sort(best_.begin(), best_.end());
  }

  void branch(const Node& node, size_t fixed) {
    for (size_t j = fixed; j < node.terms.size(); ++j) {
      if (static_cast<double>(nodes_) >= config_.max_nodes) return;
      ++nodes_;
      const auto at = static_cast<Index>(j);
      const double residual = node.residual + node.value(at) * node.value(at) / node.inverse(at, at);
      // Below this child the residual is no smaller, and j terms stay: nothing there can be better.
      const double bound = information(config_.criterion, rows_, residual, static_cast<int>(j));
      if (bound >= least_) continue;
      const Node child = without(node, at, residual);
      consider(child.terms, residual);
      branch(child, j);
    }
  }

  static Node without(const Node& node, Index gone, double residual) {
    const Index n = node.value.size();
    Node child{node.terms, MatrixXd(n - 1, n - 1), VectorXd(n - 1), residual};
    child.terms.erase(child.terms.begin() + gone);
    const double pivot = node.inverse(gone, gone);
    for (Index i = 0, to_i = 0; i < n; ++i) {
      if (i == gone) continue;
      const double share = node.inverse(i, gone) / pivot;
      child.value(to_i) = node.value(i) - share * node.value(gone);
      for (Index j = 0, to_j = 0; j < n; ++j) {
        if (j != gone) child.inverse(to_i, to_j++) = node.inverse(i, j) - share * node.inverse(gone, j);
      }
      ++to_i;
    }
    return child;
  }

  UnitSums units_;
  const Config& config_;
  int target_;
  double rows_;
  std::vector<int> order_, best_;
  double least_ = std::numeric_limits<double>::infinity();
  std::int64_t nodes_ = 0;
};

class BestSubset final : public Optimiser {
 public:
  explicit BestSubset(Config config) : config_(std::move(config)) {}
  [[nodiscard]] std::string_view name() const override { return "best_subset"; }
  [[nodiscard]] StlsqResult fit(const Problem& problem) const override {
    refuse_constraints(problem, name());
    std::vector<std::vector<int>> supports;
    std::vector<std::string> notes;
    bool are_proved = true;
    for (int target = 0; target < problem.sums.targets(); ++target) {
      Search search(problem, target, config_);
      search.run();
      supports.push_back(search.best());
      are_proved = are_proved && search.is_proved();
      notes.push_back(
          search.is_proved()
              ? fmt::format("target {}: proved best of all subsets, {} nodes", target, search.nodes())
              : fmt::format("target {}: not proved best: {} nodes were not enough", target, search.nodes()));
    }
    StlsqResult result = fit_supports(problem, supports);
    result.converged = are_proved;
    result.notes.insert(result.notes.end(), notes.begin(), notes.end());
    return result;
  }

 private:
  Config config_;
};

}  // namespace

extern const Entry kEntry{"best_subset", "the best of all subsets by AIC or BIC, proved by branch and bound",
                          [](const Settings& settings) -> std::unique_ptr<Optimiser> {
                            return std::make_unique<BestSubset>(configured<Config>(settings));
                          },
                          [] { return settings_of(Config{}); }};

}  // namespace lockstep::models::optimisers::best_subset
