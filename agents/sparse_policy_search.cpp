// Generations of policies, all of them side by side in one batch of worlds.
#include "agents/sparse_policy_search.h"
#include "kernels/philox.h"
#include "planners/cma_es.h"

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

std::vector<Term> terms_of(const models::SparseMap& map) {
  std::vector<Term> terms;
  for (Eigen::Index k = 0; k < map.outputs(); ++k) {
    for (Eigen::Index f = 0; f < map.library().size(); ++f) {
      if (map.coefficients()(f, k) != 0) terms.push_back({f, k});
    }
  }
  return terms;
}

// The features that have a coefficient, and where they stand in the whole library.
struct UsedFeatures {
  explicit UsedFeatures(const models::SparseMap& map) : library(map.library()) {
    std::vector<models::Feature> features;
    for (int f = 0; f < library.size(); ++f) {
      if (map.coefficients().row(f).isZero(0)) continue;
      features.push_back(library.features()[static_cast<size_t>(f)]);
      rows.push_back(f);
    }
    library = models::FeatureLibrary(library.num_states(), 0, features, library.expressions());
  }
  models::FeatureLibrary library;
  std::vector<Eigen::Index> rows;
};

// Mean return of each policy [policies], `episodes` worlds each.
std::vector<double> returns_of(const PolicySearch& search, const UsedFeatures& used,
                               const std::vector<Eigen::MatrixXd>& policies) {
  const models::FeatureLibrary& library = used.library;
  const int episodes = search.config.episodes, count = static_cast<int>(policies.size()) * episodes;
  const std::unique_ptr<Environment> worlds = search.make_worlds(count, derived_seed(search.seed, kStarts, 0));
  const int nx = library.num_states(), features = library.size();
  std::vector<double> seen(static_cast<size_t>(count) * static_cast<size_t>(nx)),
      theta(static_cast<size_t>(count) * static_cast<size_t>(features));
  const size_t nu = search.range.half.size();
  std::vector<Eigen::MatrixXd> of_used;
  for (const Eigen::MatrixXd& policy : policies) of_used.emplace_back(policy(used.rows, Eigen::all));
  const Chooser choose = [&](const Environment& of, std::span<float> executed) {
    const View<const float, 2> observation = of.observation();
    std::copy_n(observation.data_handle(), seen.size(), seen.begin());
    library.evaluate(view<const double>(seen.data(), count, nx), view<const double>(seen.data(), count, 0),
                     view(theta.data(), count, features));
    for (size_t world = 0; world < static_cast<size_t>(count); ++world) {
      const Eigen::Map<const Eigen::VectorXd> row(&theta[world * static_cast<size_t>(features)], features);
      const Eigen::MatrixXd& policy = of_used[world / static_cast<size_t>(episodes)];
      for (size_t i = 0; i < nu; ++i) {
        const double position = policy.col(static_cast<Eigen::Index>(i)).dot(row);
        executed[world * nu + i] = static_cast<float>(search.range.at(i, position));
      }
    }
  };
  const std::vector<double> returns = next_returns(*worlds, choose, [](double) {});
  std::vector<double> means(policies.size());
  for (size_t world = 0; world < returns.size(); ++world)
    means[world / static_cast<size_t>(episodes)] += returns[world] / episodes;
  return means;
}

}  // namespace

void PolicySearchConfig::describe(Fields& fields) {
  fields.add("generations", generations, "of the evolution strategy; 0: none", {0, 1e6});
  fields.add("population", population, "policies of a generation", {2, 100000});
  fields.add("episodes", episodes, "of each policy, side by side", {1, 100000});
  fields.add("deviation", deviation, "of each term in the first generation, in half ranges of the action", {1e-6, 1e3});
}

models::SparseMap PolicySearch::improve(const models::SparseMap& map, std::span<const double> scale,
                                        const std::function<void(double)>& on_share) const {
  const std::vector<Term> terms = terms_of(map);
  const size_t size = terms.size(), count = static_cast<size_t>(config.population);
  if (config.generations == 0 || size == 0) return map;
  const UsedFeatures used(map);
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
