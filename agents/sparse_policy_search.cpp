// Generations of policies, all of them side by side in one batch of worlds.
#include "agents/sparse_policy_search.h"
#include "kernels/philox.h"
#include "models/sparse_kernels.h"
#include "planners/cma_es.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace lockstep::agents {
namespace {

// Purposes of random numbers: streams of the search's seed.
enum Stream : std::uint32_t { kDraws = 0x5e40, kStarts };

// A coefficient that is searched over.
struct Term {
  Eigen::Index feature, output;
};

std::vector<Term> terms_of(const models::SparseMap& map, bool all) {
  std::vector<Term> terms;
  for (Eigen::Index k = 0; k < map.outputs(); ++k) {
    for (Eigen::Index f = 0; f < map.library().size(); ++f) {
      if (all || map.coefficients()(f, k) != 0) terms.push_back({f, k});
    }
  }
  return terms;
}

// The features that have a coefficient, or all of them, ready to be computed in lanes.
struct UsedFeatures {
  UsedFeatures(const models::SparseMap& map, bool all) : num_states(map.library().num_states()) {
    std::vector<models::Feature> features;
    for (int f = 0; f < map.library().size(); ++f) {
      if (!all && map.coefficients().row(f).isZero(0)) continue;
      features.push_back(map.library().features()[static_cast<size_t>(f)]);
      rows.push_back(f);
    }
    compiled = models::CompiledFeatures(features, num_states, map.library().expressions());
  }
  int num_states;
  std::vector<Eigen::Index> rows;  // where they stand in the whole library
  models::CompiledFeatures compiled;
};

// A policy of its own in every world, all policies once and then again: actions in half ranges, a block of worlds at a
// time.
class ManyPolicies {
 public:
  ManyPolicies(const UsedFeatures& used, const std::vector<Eigen::MatrixXd>& policies, int episodes)
      : used_(used), outputs_(policies.front().cols()), block_(used.compiled, used.num_states) {
    for (const Eigen::Index feature : used.rows) {
      for (Eigen::Index k = 0; k < outputs_; ++k) {
        for (int episode = 0; episode < episodes; ++episode) {
          for (const Eigen::MatrixXd& policy : policies) coefficients_.push_back(policy(feature, k));
        }
      }
    }
    worlds_ = policies.size() * static_cast<size_t>(episodes);
    positions_.resize(worlds_ * static_cast<size_t>(outputs_));
  }

  // observations [worlds][states] -> [outputs][worlds]
  std::span<const double> positions(View<const float, 2> observations) {
    std::ranges::fill(positions_, 0.0);
    for (size_t first = 0; first < worlds_; first += kernels::kFeatureBlockRows) {
      const size_t count = std::min<size_t>(kernels::kFeatureBlockRows, worlds_ - first);
      for (int i = 0; i < used_.num_states; ++i) {
        for (size_t k = 0; k < count; ++k)
          block_.input(i)[k] = static_cast<double>(observations(static_cast<int>(first + k), i));
      }
      block_.clear_columns();
      block_.add(1.0);
      for (size_t f = 0; f < used_.rows.size(); ++f) add_feature(f, first, count);
    }
    return positions_;
  }

 private:
  void add_feature(size_t feature, size_t first, size_t count) {
    const double* const column = block_.column(static_cast<int>(feature));
    for (size_t output = 0; output < static_cast<size_t>(outputs_); ++output) {
      const double* const of_worlds =
          &coefficients_[(feature * static_cast<size_t>(outputs_) + output) * worlds_ + first];
      double* const sums = &positions_[output * worlds_ + first];
      for (size_t k = 0; k < count; ++k) sums[k] += of_worlds[k] * column[k];
    }
  }

  const UsedFeatures& used_;
  Eigen::Index outputs_;
  models::FeatureBlock block_;
  size_t worlds_ = 0;
  std::vector<double> coefficients_;  // [features][outputs][worlds]
  std::vector<double> positions_;     // [outputs][worlds]
};

// What each policy [policies] is worth in `episodes` worlds.
std::vector<double> returns_of(const PolicySearch& search, const UsedFeatures& used,
                               const std::vector<Eigen::MatrixXd>& policies) {
  const int episodes = search.config.episodes;
  const auto count = policies.size() * static_cast<size_t>(episodes);
  const std::unique_ptr<Environment> worlds = search.make_worlds(
      static_cast<int>(count), static_cast<int>(policies.size()), derived_seed(search.seed, kStarts, 0));
  ManyPolicies many(used, policies, episodes);
  const size_t nu = search.range.half.size();
  const Chooser choose = [&](const Environment& of, std::span<float> executed) {
    const std::span<const double> positions = many.positions(of.observation());
    for (size_t world = 0; world < count; ++world) {
      for (size_t i = 0; i < nu; ++i)
        executed[world * nu + i] = static_cast<float>(search.range.at(i, positions[i * count + world]));
    }
  };
  const std::vector<double> returns = next_returns(*worlds, choose, [](double) {});
  std::vector<double> worth(policies.size()), of_one(static_cast<size_t>(episodes));
  for (size_t policy = 0; policy < policies.size(); ++policy) {
    for (size_t episode = 0; episode < of_one.size(); ++episode)
      of_one[episode] = returns[episode * policies.size() + policy];
    worth[policy] = mean_of_lowest(of_one, 0.5);
  }
  return worth;
}

}  // namespace

double mean_of_lowest(std::vector<double> returns, double share) {
  std::ranges::sort(returns);
  const auto count = std::max<size_t>(1, static_cast<size_t>(share * static_cast<double>(returns.size())));
  double sum = 0;
  for (size_t k = 0; k < count; ++k) sum += returns[k];
  return sum / static_cast<double>(count);
}

void PolicySearchConfig::describe(Fields& fields) {
  fields.add("generations", generations, "of the evolution strategy; 0: none", {0, 1e6});
  fields.add("population", population, "policies of a generation", {2, 100000});
  fields.add("episodes", episodes, "of each policy, each in another member's worlds", {1, 100000});
  fields.add("deviation", deviation, "of each term in the first generation, in half ranges of the action", {1e-6, 1e3});
}

models::SparseMap PolicySearch::improve(const models::SparseMap& map, std::span<const double> scale,
                                        const std::function<void(double)>& on_share) const {
  const std::vector<Term> terms = terms_of(map, may_add_terms);
  const size_t size = terms.size(), count = static_cast<size_t>(config.population);
  if (config.generations == 0 || size == 0) return map;
  const UsedFeatures used(map, may_add_terms);
  planners::CmaSearch strategy(false);
  strategy.reset({.knots = static_cast<int>(size),
                  .nu = 1,
                  .is_dense = false,
                  .samples = config.population,
                  .noise_std = config.deviation});
  strategy.begin({}, {});
  std::vector<double> white(size), drawn(count * size), costs(count);
  std::vector<Eigen::MatrixXd> policies(count, map.coefficients());
  Eigen::MatrixXd best = map.coefficients();
  double best_return = returns_of(*this, used, {best})[0];
  for (int generation = 0; generation < config.generations; ++generation) {
    for (size_t k = 0; k < count; ++k) {
      for (size_t i = 0; i < size; ++i) {
        white[i] = kernels::normal<double>({seed, kDraws}, static_cast<std::uint32_t>(k),
                                           static_cast<std::uint32_t>(generation), static_cast<std::uint32_t>(i));
      }
      strategy.draw(static_cast<int>(k), white.data(), &drawn[k * size]);
      policies[k] = map.coefficients();
      for (size_t i = 0; i < size; ++i)
        policies[k](terms[i].feature, terms[i].output) +=
            drawn[k * size + i] / scale[static_cast<size_t>(terms[i].feature)];
    }
    const std::vector<double> returns = returns_of(*this, used, policies);
    for (size_t k = 0; k < count; ++k) {
      costs[k] = std::isfinite(returns[k]) ? -returns[k] : std::numeric_limits<double>::infinity();
      if (!(returns[k] > best_return)) continue;
      best_return = returns[k];
      best = policies[k];
    }
    strategy.update(drawn, costs);
    on_share((generation + 1.0) / config.generations);
  }
  return {map.library(), best, map.low(), map.high()};
}

}  // namespace lockstep::agents
