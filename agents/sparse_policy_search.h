// Improves the coefficients of a sparse policy by an evolution strategy on its returns.
// Imitation minimises errors of actions, which is not what a policy is for: a few terms cannot follow a network
// everywhere, but they may do its work.
#pragma once

#include "agents/episodes.h"
#include "agents/evaluation.h"
#include "engine/settings.h"
#include "models/sparse_map.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace lockstep::agents {

struct PolicySearchConfig {
  int generations = 400;   // 0: none
  int population = 32;     // policies of a generation, >= 2
  int episodes = 2;        // of each policy, side by side, >= 1
  double deviation = 0.3;  // of the first generation: of each term, in half ranges of the action, > 0

  void describe(Fields& fields);
};

// Mean of the lowest `share` of the returns (one at least): of policies that are to hold in every member of an
// ensemble, and so, it is to be hoped, in truth.
[[nodiscard]] double mean_of_lowest(std::vector<double> returns, double share);

struct PolicySearch {
  // Worlds at the beginning of episodes, that many, whose starts are functions of `seed`. Members of an ensemble take
  // `group` worlds each, in turn.
  using MakeWorlds = std::function<std::unique_ptr<Environment>(int count, int group, std::uint64_t seed)>;

  PolicySearchConfig config;
  ActionRange range;
  std::uint64_t seed = 0;
  MakeWorlds make_worlds;
  bool may_add_terms = false;  // of the library; else coefficients that are 0 stay so

  // The best of what was tried, judged by the lower half of its returns in worlds of one seed; `map` itself where
  // nothing is better. scale [features]: root mean square of each feature where the policy goes. A function of the
  // arguments. N. Hansen, "The CMA evolution strategy: a tutorial", arXiv 1604.00772.
  [[nodiscard]] models::SparseMap improve(const models::SparseMap& map, std::span<const double> scale,
                                          const std::function<void(double)>& on_share) const;
};

}  // namespace lockstep::agents
