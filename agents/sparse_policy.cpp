// Distillation in rounds.
#include "agents/sparse_policy.h"
#include "kernels/philox.h"
#include "models/library_text.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include <fmt/format.h>

namespace lockstep::agents {
namespace {

// Purposes of random numbers: streams of the run's seed.
enum Stream : std::uint32_t { kRoundStarts = 0x5d10, kReturnStarts, kLabels, kSearch };

std::vector<double> to_double(View<const float, 2> rows) {
  return {rows.data_handle(), rows.data_handle() + rows.size()};
}

// Standard deviation of each column of states [rows][width]; 1 where a column does not vary.
std::vector<double> deviations(const std::vector<double>& states, size_t width) {
  std::vector<double> out(width);
  const size_t rows = states.size() / width;
  for (size_t i = 0; i < width; ++i) {
    double mean = 0, square = 0;
    for (size_t row = 0; row < rows; ++row) mean += states[row * width + i] / static_cast<double>(rows);
    for (size_t row = 0; row < rows; ++row)
      square += std::pow(states[row * width + i] - mean, 2) / static_cast<double>(rows);
    out[i] = square > 0 ? std::sqrt(square) : 1;
  }
  return out;
}

// What `choose` visits in `steps` steps of all worlds [rows][observation_size].
void visit(Environment& worlds, const Chooser& choose, int steps, std::vector<double>& states) {
  const int count = worlds.config().num_worlds, size = worlds.spec().action_size;
  std::vector<float> actions(static_cast<size_t>(count) * static_cast<size_t>(size));
  for (int step = 0; step < steps; ++step) {
    const std::vector<double> seen = to_double(worlds.observation());
    states.insert(states.end(), seen.begin(), seen.end());
    choose(worlds, actions);
    worlds.step(view(std::as_const(actions).data(), count, size));
  }
}

// Without the `count` terms that move the actions least; scale [features] as of a search.
models::SparseMap without_least(const models::SparseMap& map, const std::vector<double>& scale, size_t count) {
  Eigen::MatrixXd coefficients = map.coefficients();
  std::vector<std::pair<double, Eigen::Index>> sizes;
  for (Eigen::Index at = 0; at < coefficients.size(); ++at) {
    const double c = coefficients.data()[at];
    if (c != 0) sizes.emplace_back(std::abs(c) * scale[static_cast<size_t>(at % coefficients.rows())], at);
  }
  std::ranges::sort(sizes);
  for (size_t k = 0; k < count; ++k) coefficients.data()[sizes[k].second] = 0;
  return {map.library(), std::move(coefficients), map.low(), map.high()};
}

}  // namespace

void SparsePolicyConfig::describe(Fields& fields) {
  fields.add("enabled", enabled, "whether a policy is distilled at the end of the run");
  fields.add("library", library, "candidate terms of the observations, as in lockstep fit --library");
  fields.add("members", members, "of every ensemble fit", {1, 10000});
  fields.add("states", states, "surrogate steps that each round adds", {1, 1e7});
  fields.add("worlds", worlds, "surrogate worlds that they are taken from, and returns are measured in", {1, 1 << 20});
  fields.add("rounds", rounds, "of visiting, labelling and fitting; the best pupil is kept", {1, 1000});
  fields.add("copies", copies, "of the states, with noise, that are labelled beside them", {0, 1000});
  fields.add("noise", noise, "of these copies, in deviations of each observation", {0, 100});
  fields.add("start_from_data", start_from_data, "share of their episodes that begins where real ones have been",
             {0, 0.99});
  fields.add("slack", slack, "share of the least error that a sparser pupil may exceed it by", {0, 1000});
  fields.add_section("search", search);
  fields.add("prune", prune, "share of the terms that is left out at a time, halved where it costs too much; 0: none",
             {0, 0.99});
  fields.add("prune_loss", prune_loss, "share of the surrogate's return that fewer terms may cost", {0, 1});
}

SparsePolicy::SparsePolicy(const TaskSpec& task, const SparsePolicyConfig& config, models::InputNames names)
    : task_(task),
      config_(config),
      names_{std::move(names.states), {}},
      library_(models::parse_library(config.library, task.observation_size, 0, names_, "sparse_policy.library")),
      range_(task) {}

// States are scaled to unit deviation for the noise, and back for the fit, whose coefficients are those of raw
// observations.
models::SparseMap SparsePolicy::fit(const Teacher& teacher, const std::vector<double>& states,
                                    std::uint64_t seed) const {
  const auto width = static_cast<size_t>(task_.observation_size);
  const std::vector<double> scale = deviations(states, width);
  const auto rows = static_cast<int>(states.size() / width);
  std::vector<double> noisy = states;
  for (int copy = 0; copy < config_.copies; ++copy) {
    for (int row = 0; row < rows; ++row) {
      for (size_t i = 0; i < width; ++i) {
        const double noise = kernels::normal<double>({seed, kLabels}, static_cast<std::uint32_t>(copy * rows + row),
                                                     static_cast<std::uint32_t>(i));
        noisy.push_back(states[static_cast<size_t>(row) * width + i] + config_.noise * scale[i] * noise);
      }
    }
  }
  const models::PolicyMean labels = [&](View<const double, 2> x, View<double, 2> u) {
    std::vector<float> observations(x.data_handle(), x.data_handle() + x.size()), means(u.size());
    teacher(view(std::as_const(observations).data(), x.extent(0), x.extent(1)), means);
    std::ranges::copy(means, u.data_handle());
  };
  models::DistillConfig config;
  config.copies = 0;  // they are among the states already
  config.slack = config_.slack;
  config.seed = seed;
  config.fit.bootstrap.members = config_.members;
  config.fit.regression.threshold_on = "contribution";
  const auto all = static_cast<int>(noisy.size() / width);
  return models::distill_policy(labels, task_.action_size,
                                view<const double>(noisy.data(), all, task_.observation_size), library_, config)
      .fit.map;
}

double SparsePolicy::low_return(const models::SparseMap& map, const PolicySearch::MakeWorlds& make_worlds,
                                std::uint64_t seed) const {
  const Chooser pupil = [&](const Environment& worlds, std::span<float> executed) { act(map, worlds, executed); };
  return mean_of_lowest(
      next_returns(*make_worlds(config_.worlds, 1, derived_seed(seed, kReturnStarts, 0)), pupil, [](double) {}), 0.25);
}

// Rounds of visiting, labelling and fitting; keeps the best pupil. Returns the states that were visited.
std::vector<double> SparsePolicy::imitate(const Teacher& teacher, const PolicySearch::MakeWorlds& make_worlds,
                                          std::uint64_t seed, const std::function<void(double)>& on_share) {
  const int steps = (config_.states + config_.worlds - 1) / config_.worlds;
  const Chooser teach = [&](const Environment& worlds, std::span<float> executed) {
    teacher(worlds.observation(), executed);
    for (size_t k = 0; k < executed.size(); ++k)
      executed[k] = static_cast<float>(range_.at(k % range_.half.size(), static_cast<double>(executed[k])));
  };
  const Chooser pupil = [this](const Environment& worlds, std::span<float> executed) { choose(worlds, executed); };
  std::vector<double> states;
  std::optional<models::SparseMap> best;
  map_.reset();
  surrogate_return_ = -std::numeric_limits<double>::infinity();
  for (int round = 0; round < config_.rounds; ++round) {
    const auto number = static_cast<std::uint64_t>(round);
    visit(*make_worlds(config_.worlds, 1, derived_seed(seed, kRoundStarts, number)), map_ ? pupil : teach, steps,
          states);
    map_.emplace(fit(teacher, states, derived_seed(seed, kLabels, number)));
    const double earned = low_return(*map_, make_worlds, seed);
    on_share((round + 1.0) / config_.rounds);
    if (!(earned > surrogate_return_)) continue;
    surrogate_return_ = earned;
    best = map_;
  }
  map_ = std::move(best);
  return states;
}

// Root mean square of each feature [features]; 1 where it vanishes.
std::vector<double> SparsePolicy::feature_scale(const std::vector<double>& states) const {
  const auto width = static_cast<size_t>(task_.observation_size), features = static_cast<size_t>(library_.size());
  const auto rows = static_cast<int>(states.size() / width);
  std::vector<double> theta(static_cast<size_t>(rows) * features), scale(features);
  library_.evaluate(view(states.data(), rows, task_.observation_size), view(states.data(), rows, 0),
                    view(theta.data(), rows, library_.size()));
  for (size_t k = 0; k < theta.size(); ++k) scale[k % features] += theta[k] * theta[k] / rows;
  for (double& value : scale) value = value > 0 ? std::sqrt(value) : 1;
  return scale;
}

// Searches coefficients of all terms, and again with fewer of them as long as that costs little: fewer at a time where
// it cost too much. Each time it begins so near that a quarter of the generations will do.
void SparsePolicy::search(const PolicySearch::MakeWorlds& make_worlds, std::uint64_t seed,
                          const std::vector<double>& scale, const std::function<void(double)>& on_share) {
  PolicySearch search{config_.search, range_, derived_seed(seed, kSearch, 0), make_worlds, true};
  map_.emplace(search.improve(*map_, scale, [&](double share) { on_share(0.5 * share); }));
  const double best = surrogate_return_ = low_return(*map_, make_worlds, seed);
  found_ = {*map_};
  search.may_add_terms = false;
  search.config.generations = (config_.search.generations + 3) / 4;
  const auto terms = static_cast<double>(map_->terms());
  for (double share = config_.prune; map_->terms() > 1;) {
    const auto fewer = static_cast<size_t>(share * map_->terms());
    if (fewer == 0) break;
    const double done = 1 - 0.5 * map_->terms() / terms;
    models::SparseMap tried =
        search.improve(without_least(*map_, scale, fewer), scale, [&](double) { on_share(done); });
    const double earned = low_return(tried, make_worlds, seed);
    if (earned >= best - config_.prune_loss * std::abs(best)) {
      surrogate_return_ = earned;
      map_.emplace(std::move(tried));
      found_.push_back(*map_);
    } else {
      share /= 2;
    }
  }
}

void SparsePolicy::distil(const Teacher& teacher, const PolicySearch::MakeWorlds& make_worlds, std::uint64_t seed,
                          const std::function<void(double)>& on_share) {
  const std::vector<double> states = imitate(teacher, make_worlds, seed, [&](double share) { on_share(0.2 * share); });
  found_ = {*map_};
  if (config_.search.generations == 0) return;
  search(make_worlds, seed, feature_scale(states), [&](double share) { on_share(0.2 + 0.8 * share); });
}

void SparsePolicy::select(const Trial& trial, double enough) {
  double most = -std::numeric_limits<double>::infinity();
  for (auto tried = found_.rbegin(); tried != found_.rend() && most < enough; ++tried) {
    const double earned =
        trial([&](const Environment& worlds, std::span<float> executed) { act(*tried, worlds, executed); });
    if (!(earned > most)) continue;
    most = earned;
    map_.emplace(*tried);
  }
}

void SparsePolicy::act(const models::SparseMap& map, const Environment& worlds, std::span<float> executed) const {
  const std::vector<double> seen = to_double(worlds.observation());
  const auto count = static_cast<int>(worlds.config().num_worlds);
  std::vector<double> means(executed.size());
  map.evaluate(view(seen.data(), count, task_.observation_size), view(seen.data(), count, 0),
               view(means.data(), count, task_.action_size));
  for (size_t k = 0; k < executed.size(); ++k)
    executed[k] = static_cast<float>(range_.at(k % range_.half.size(), means[k]));
}

std::vector<std::string> SparsePolicy::equations() const {
  if (!map_) return {};
  Eigen::MatrixXd in_units = map_->coefficients();
  for (int k = 0; k < map_->outputs(); ++k) in_units.col(k) *= range_.half[static_cast<size_t>(k)];
  const models::SparseMap scaled(library_, in_units, -std::numeric_limits<double>::infinity(),
                                 std::numeric_limits<double>::infinity());
  std::vector<std::string> lines = scaled.formulas(names_);
  for (size_t k = 0; k < lines.size(); ++k) {
    const double middle = range_.middle[k];
    lines[k] = fmt::format("u{} = {}{}", k, lines[k], middle == 0 ? "" : fmt::format(" {:+.4g}", middle));
  }
  return lines;
}

void SparsePolicy::save(ByteWriter& out) const {
  out.write(static_cast<std::uint8_t>(map_ ? 1 : 0));
  if (!map_) return;
  map_->save(out);
  out.write(surrogate_return_);
}

void SparsePolicy::load(ByteReader& in) {
  map_.reset();
  if (in.read<std::uint8_t>() == 0) return;
  models::SparseMap map = models::SparseMap::load(in);
  if (map.library().num_states() != task_.observation_size || map.outputs() != task_.action_size)
    in.fail("a sparse policy of another task's sizes");
  map_.emplace(std::move(map));
  surrogate_return_ = in.read<double>();
}

}  // namespace lockstep::agents
