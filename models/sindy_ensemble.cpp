// Ensembles of SINDy models: groups of rows, their normal equations, draws, and the combination of members.
#include "models/sindy_ensemble.h"
#include "engine/error.h"
#include "kernels/philox.h"
#include "models/sindy_regression.h"
#include "models/sparse_path.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

namespace lockstep::models {
namespace {

using Eigen::MatrixXd;

constexpr std::uint32_t kGroupStream = 0x5347u, kDrawStream = 0x5344u;  // of the counter-based generator

int uniform_index(std::uint64_t seed, std::uint32_t stream, std::uint32_t first, std::uint32_t second, int count) {
  const double draw = kernels::uniform<double>({.seed = seed, .stream = stream}, first, second);
  return std::min(static_cast<int>(draw * count), count - 1);
}

// The rows in the order of their groups; row order is of no matter to the regression.
TransitionData sorted_by_group(const TransitionData& data, const std::vector<int>& group_of) {
  std::vector<int> order(group_of.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return group_of[static_cast<size_t>(a)] < group_of[static_cast<size_t>(b)]; });
  TransitionData sorted(data.state_size(), data.control_size());
  sorted.reserve(data.size());
  for (const int row : order) sorted.append(data.row(row));
  return sorted;
}

std::vector<NormalEquations> group_sums(const SindyRegression& regression, const std::vector<int>& group_of,
                                        int groups) {
  std::vector<int> size(static_cast<size_t>(groups), 0);
  for (const int group : group_of) ++size[static_cast<size_t>(group)];
  std::vector<NormalEquations> sums;
  int first = 0;
  for (const int count : size) {
    sums.push_back(regression.normal_equations_of(first, first + count));
    first += count;
  }
  return sums;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

}  // namespace

void EnsembleConfig::describe(Fields& fields) {
  fields.add("members", members, "models fitted to bootstraps of the data", {1, 100000});
  fields.add("groups", groups, "groups of rows that are drawn", {1, 1000000});
  fields.add_choice("combine", combine, "of the members' coefficients, term by term", {"median", "mean"});
  fields.add("seed", seed, "of groups and draws");
}

void EnsembleConfig::check() const {
  if (members < 1 || groups < 1 || (combine != "median" && combine != "mean")) {
    throw Error(fmt::format("members {}, groups {}, combine '{}'", members, groups, combine), "ensemble settings",
                "give members >= 1, groups >= 1, and combine median or mean");
  }
}

BootstrapDraws draw_bootstraps(int rows, const EnsembleConfig& config) {
  const int groups = std::min(config.groups, rows);
  BootstrapDraws draws;
  for (int row = 0; row < rows; ++row) {
    draws.group_of.push_back(uniform_index(config.seed, kGroupStream, static_cast<std::uint32_t>(row), 0, groups));
  }
  for (int member = 0; member < config.members; ++member) {
    std::vector<double> counts(static_cast<size_t>(groups), 0);
    for (int draw = 0; draw < groups; ++draw) {
      const int group = uniform_index(config.seed, kDrawStream, static_cast<std::uint32_t>(member),
                                      static_cast<std::uint32_t>(draw), groups);
      counts[static_cast<size_t>(group)] += 1;
    }
    draws.counts.push_back(std::move(counts));
  }
  return draws;
}

SindyEnsemble fit_ensemble(const TransitionData& data, const SindySystem& system, const SindyConfig& config,
                           const EnsembleConfig& ensemble) {
  ensemble.check();
  SindyFit central = fit_sindy(data, system, config);
  const SindySystem& fitted = central.model.system();
  const FeatureLibrary& library = central.model.library();
  const TransitionData inside = rows_inside(data, fitted);
  const BootstrapDraws draws = draw_bootstraps(inside.size(), ensemble);
  const TransitionData sorted = sorted_by_group(inside, draws.group_of);
  SindyRegression regression(sorted, fitted, library, central.model.integrator());
  const std::vector<int>& targets = regression.targets();
  if (regression.depends_on_field()) {
    MatrixXd field(library.size(), static_cast<Eigen::Index>(targets.size()));
    for (size_t k = 0; k < targets.size(); ++k) {
      field.col(static_cast<Eigen::Index>(k)) = central.model.coefficients().col(targets[k]);
    }
    regression.update_middle(field);
  }
  const auto sums = group_sums(regression, draws.group_of, static_cast<int>(draws.counts[0].size()));

  const std::unique_ptr<optimisers::Optimiser> optimiser = make_optimiser(config);
  std::vector<Sindy> members;
  for (const std::vector<double>& counts : draws.counts) {
    const NormalEquations drawn = weighted_sum_of(sums, counts);
    const StlsqResult result = optimiser->fit({.sums = drawn, .library = &library});
    members.emplace_back(fitted, library, of_states(result.coefficients, targets, fitted.state_size),
                         central.model.integrator());
  }

  MatrixXd combined(library.size(), fitted.state_size), inclusion(combined), spread(combined);
  for (Eigen::Index f = 0; f < combined.rows(); ++f) {
    for (Eigen::Index i = 0; i < combined.cols(); ++i) {
      std::vector<double> values;
      values.reserve(members.size());
      for (const Sindy& member : members) values.push_back(member.coefficients()(f, i));
      const auto count = static_cast<double>(values.size());
      const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
      double square = 0;
      for (const double v : values) square += (v - mean) * (v - mean);
      inclusion(f, i) =
          static_cast<double>(values.size() - static_cast<size_t>(std::count(values.begin(), values.end(), 0.0))) /
          count;
      spread(f, i) = std::sqrt(square / count);
      combined(f, i) = ensemble.combine == "mean" ? mean : median(std::move(values));
    }
  }
  Sindy model(fitted, library, std::move(combined), central.model.integrator());
  return {std::move(model), std::move(members), std::move(inclusion), std::move(spread), std::move(central.report)};
}

}  // namespace lockstep::models
