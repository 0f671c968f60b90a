// Fitting a task's surrogate: the region of the data, sines and cosines, members that hold, rewards.
#include "models/sparse_surrogate.h"
#include "engine/error.h"
#include "models/library_text.h"
#include "models/sindy_fit.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lockstep::models {
namespace {

using Eigen::MatrixXd;

constexpr double kOnCircle = 1e-5;  // squares of float sines and cosines sum to 1 within it
constexpr int kTrialRows = 4000;    // the newest, at most

// Names that expressions can spell; x0, x1 ... where two would be the same or one would begin with a digit.
std::vector<std::string> spelled(const std::vector<std::string>& names, int count, char otherwise) {
  std::vector<std::string> out;
  for (const std::string& name : names) {
    std::string word;
    for (const char c : name) {
      if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
        word += c;
      } else if (!word.empty() && word.back() != '_') {
        word += '_';
      }
    }
    while (!word.empty() && word.back() == '_') word.pop_back();
    out.push_back(std::move(word));
  }
  const auto is_clear = [&](const std::string& word) {
    return !word.empty() && std::isalpha(static_cast<unsigned char>(word[0])) != 0 &&
           std::ranges::count(out, word) == 1;
  };
  if (static_cast<int>(out.size()) == count && std::ranges::all_of(out, is_clear)) return out;
  out.clear();
  for (int i = 0; i < count; ++i) out.push_back(fmt::format("{}{}", otherwise, i));
  return out;
}

SindySystem observed_system(const TaskSpec& task) {
  if (task.discrete_actions != 0) {
    throw Error(fmt::format("task {} has discrete actions, which equations of motion do not take", task.name),
                "surrogate", "choose a task with continuous actions (lockstep list tasks)");
  }
  SindySystem system{.state_size = task.observation_size,
                     .control_size = task.action_size,
                     .timestep = task.control_timestep,
                     .state_names = spelled(task.observation_names, task.observation_size, 'x')};
  system.check();
  for (size_t i = 0; i < task.observation_names.size(); ++i) {
    const auto found = std::ranges::find(task.state_names, task.observation_names[i]);
    if (found == task.state_names.end()) continue;
    const auto state = static_cast<size_t>(found - task.state_names.begin());
    if (state < task.state_low.size()) system.low[i] = task.state_low[state];
    if (state < task.state_high.size()) system.high[i] = task.state_high[state];
  }
  return system;
}

// Features without the squares of the second of a sine and a cosine, which the first and the constant say already.
FeatureLibrary without_squares(const FeatureLibrary& library, const SurrogateDynamics::Circles& circles) {
  std::vector<Feature> kept;
  for (const Feature& feature : library.features()) {
    const bool is_redundant = std::ranges::any_of(feature, [&](const Factor& factor) {
      return factor.kind == Factor::Kind::kPower && factor.order >= 2 &&
             std::ranges::any_of(circles, [&](const auto& circle) { return circle.second == factor.input; });
    });
    if (!is_redundant) kept.push_back(feature);
  }
  return {library.num_states(), library.num_controls(), kept, library.expressions()};
}

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

// Mean or median of the members' coefficients, term by term; of an even number the mean of the two in the middle.
MatrixXd combination(const std::vector<MatrixXd>& members, bool is_mean) {
  MatrixXd combined(members.front().rows(), members.front().cols());
  std::vector<double> values(members.size());
  const size_t half = values.size() / 2;
  for (Eigen::Index at = 0; at < combined.size(); ++at) {
    std::ranges::transform(members, values.begin(), [at](const MatrixXd& member) { return member.data()[at]; });
    std::ranges::sort(values);
    const double median = values.size() % 2 == 1 ? values[half] : 0.5 * (values[half - 1] + values[half]);
    double sum = 0;
    for (const double value : values) sum += value;
    combined.data()[at] = is_mean ? sum / static_cast<double>(values.size()) : median;
  }
  return combined;
}

// The newest motions of the data, up to `rows` of them.
TransitionData newest(const TransitionData& data, int rows) {
  std::vector<std::uint8_t> keep(static_cast<size_t>(data.size()), 0);
  for (int row = std::max(0, data.size() - rows); row < data.size(); ++row) keep[static_cast<size_t>(row)] = 1;
  return data.filtered(keep);
}

}  // namespace

void SurrogateConfig::describe(Fields& fields) {
  fields.add("library", library, "candidate terms of observations and actions, as in lockstep fit --library");
  fields.add_section("regression", regression);
  fields.add_section("bootstrap", bootstrap);
  fields.add_choice("combine", combine, "members side by side, or term by term", {"sample", "median", "mean"});
  fields.add("reward", reward, "expression of the observation after the step and the actions; empty: fitted");
  fields.add("reward_library", reward_library, "candidate terms of a reward that is fitted");
  fields.add_section("reward_regression", reward_regression);
  fields.add("margin", margin, "beyond the data, in ranges of each observation, that the model is trusted", {0, 1e6});
  fields.add("trial_steps", trial_steps, "length of the motions that members are tried on", {1, 100000});
  fields.add("trial_limit", trial_limit, "members whose error is so many times the median's are left out", {1, 1e9});
}

void SurrogateConfig::check() const {
  regression.check();
  bootstrap.check();
  reward_regression.check();
}

SurrogateDynamics::SurrogateDynamics(Sindy field, Circles circles)
    : field_(std::move(field)),
      circles_(std::move(circles)),
      pushed_(static_cast<size_t>(field_.control_size())),
      reached_(static_cast<size_t>(field_.state_size())) {
  const SindySystem& system = field_.system();
  for (int i = 0; i < system.state_size; ++i) {
    const auto at = static_cast<size_t>(i);
    if (system.velocity_of[at] < 0 || (!std::isfinite(system.low[at]) && !std::isfinite(system.high[at]))) continue;
    stops_.push_back({i, system.velocity_of[at], system.low[at], system.high[at]});
  }
}

// The step again, under the action that reaches the face at its end: the rate is affine in the action, and the position
// follows the new rate. The control that moves the rate most stands for the joint's actuator; where none moves it, the
// position and the rate are cut.
void SurrogateDynamics::hold(const Stop& stop, std::span<const double> x, std::span<const double> u,
                             std::span<double> next) {
  const int nx = state_size(), nu = control_size();
  const auto position = static_cast<size_t>(stop.position), velocity = static_cast<size_t>(stop.velocity);
  const double face = std::clamp(next[position], stop.low, stop.high);
  const double wanted = (face - x[position]) / timestep();
  const auto step_under = [&](std::span<const double> control, std::span<double> out) {
    field_.step(view(x.data(), 1, nx), view(control.data(), 1, nu), view(out.data(), 1, nx));
  };
  size_t strongest = 0;
  double slope = 0;
  for (size_t k = 0; k < u.size(); ++k) {
    std::ranges::copy(u, pushed_.begin());
    pushed_[k] += 1;
    step_under(pushed_, reached_);
    const double moved = reached_[velocity] - next[velocity];
    if (!(std::abs(moved) > std::abs(slope))) continue;
    slope = moved;
    strongest = k;
  }
  if (std::abs(slope) > 1e-9) {
    std::ranges::copy(u, pushed_.begin());
    pushed_[strongest] += (wanted - next[velocity]) / slope;
    step_under(pushed_, next);
  }
  next[position] = face;
  next[velocity] = wanted;
}

// Rows whose pair vanishes stay as they are: there is no direction to put them in.
void SurrogateDynamics::step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) {
  field_.step(x, u, next);
  const auto nx = static_cast<size_t>(state_size()), nu = static_cast<size_t>(control_size());
  for (const Stop& stop : stops_) {
    for (int row = 0; row < next.extent(0); ++row) {
      const double reached = next(row, stop.position);
      if (!(reached < stop.low || reached > stop.high)) continue;
      const auto at = static_cast<size_t>(row);
      hold(stop, {x.data_handle() + at * nx, nx}, {u.data_handle() + at * nu, nu}, {next.data_handle() + at * nx, nx});
    }
  }
  for (const auto& [a, b] : circles_) {
    for (int row = 0; row < next.extent(0); ++row) {
      const double length = std::hypot(next(row, a), next(row, b));
      if (!(length > 0)) continue;
      next(row, a) /= length;
      next(row, b) /= length;
    }
  }
}

SparseSurrogate::SparseSurrogate(const TaskSpec& task, const SurrogateConfig& config)
    : config_(config),
      system_(observed_system(task)),
      names_{system_.state_names, system_.control_names},
      library_(parse_library(config.library, task.observation_size, task.action_size, names_, "surrogate.library")),
      reward_library_(parse_library(config.reward.empty() ? config.reward_library : "terms(" + config.reward + ")",
                                    task.observation_size, task.action_size, names_,
                                    config.reward.empty() ? "surrogate.reward_library" : "surrogate.reward")) {
  config.check();
}

void SparseSurrogate::fit(const TransitionData& all) {
  if (all.empty()) throw Error("no transitions to fit", "surrogate", "collect some steps of the task first");
  const TransitionData data = rows_inside(all, system_);
  rows_ = data.size();
  system_.velocity_of = find_velocities(data, system_.timestep);
  find_region(data);
  find_circles(data);
  fit_dynamics(data);
  fit_rewards(data);
}

void SparseSurrogate::find_region(const TransitionData& data) {
  const auto nx = static_cast<size_t>(data.state_size());
  low_.assign(nx, std::numeric_limits<double>::infinity());
  high_.assign(nx, -std::numeric_limits<double>::infinity());
  for (int row = 0; row < data.size(); ++row) {
    for (size_t i = 0; i < nx; ++i) {
      const double before = data.x()(row, static_cast<int>(i)), after = data.next()(row, static_cast<int>(i));
      low_[i] = std::min({low_[i], before, after});
      high_[i] = std::max({high_[i], before, after});
    }
  }
  for (size_t i = 0; i < nx; ++i) {
    // A float's rounding is no region: an observation that never moved may leave it by that much.
    const double reach = std::max(config_.margin * (high_[i] - low_[i]), 1e-6 * std::max(1.0, std::abs(high_[i])));
    low_[i] -= reach;
    high_[i] += reach;
  }
}

void SparseSurrogate::find_circles(const TransitionData& data) {
  circles_.clear();
  const int nx = data.state_size();
  const auto lies_on_circle = [&](int a, int b) {
    for (int row = 0; row < data.size(); ++row) {
      const double x = data.x()(row, a), y = data.x()(row, b);
      if (std::abs(x * x + y * y - 1) > kOnCircle) return false;
    }
    return true;
  };
  std::vector<bool> taken(static_cast<size_t>(nx));
  for (int a = 0; a < nx; ++a) {
    for (int b = a + 1; b < nx && !taken[static_cast<size_t>(a)]; ++b) {
      if (taken[static_cast<size_t>(b)] || !lies_on_circle(a, b)) continue;
      circles_.emplace_back(a, b);
      taken[static_cast<size_t>(a)] = taken[static_cast<size_t>(b)] = true;
    }
  }
}

SurrogateDynamics SparseSurrogate::make_dynamics(const MatrixXd& coefficients) const {
  return {Sindy(system_, without_squares(library_, circles_), coefficients, kernels::SparseIntegrator::kSemiImplicit),
          circles_};
}

// Rolled over the newest motions, members that diverge or err far more than the median member are not to be trusted.
std::vector<int> SparseSurrogate::members_to_trust(const Bootstrap& ensemble, const TransitionData& data) const {
  const TransitionData motions = newest(data, kTrialRows);
  const std::vector<double> scale = state_scale(motions, system_);
  std::vector<double> errors;
  for (int member = 0; member < ensemble.members(); ++member) {
    SurrogateDynamics dynamics = make_dynamics(ensemble.member(member));
    const std::vector<double> curve = multi_step_error(dynamics, motions, config_.trial_steps, scale);
    errors.push_back(curve.empty() ? 0 : curve.back());
  }
  const double limit = config_.trial_limit * median_of(errors);
  std::vector<int> trusted;
  for (int member = 0; member < ensemble.members(); ++member) {
    const double error = errors[static_cast<size_t>(member)];
    if (std::isfinite(error) && error <= limit) trusted.push_back(member);
  }
  if (trusted.empty()) {
    throw Error(
        fmt::format("all {} members diverge within {} steps of real motion", ensemble.members(), config_.trial_steps),
        "surrogate", "give more data, another surrogate.library, or a larger surrogate.regression.alpha");
  }
  return trusted;
}

void SparseSurrogate::fit_dynamics(const TransitionData& data) {
  const FeatureLibrary library = without_squares(library_, circles_);
  const int rows = data.size(), nx = data.state_size();
  std::vector<double> theta(static_cast<size_t>(rows) * static_cast<size_t>(library.size())),
      rates(static_cast<size_t>(rows) * static_cast<size_t>(nx));
  library.evaluate(data.x(), data.u(), view(theta.data(), rows, library.size()));
  const View<double, 2> target = view(rates.data(), rows, nx);
  for (int row = 0; row < rows; ++row) {
    for (int i = 0; i < nx; ++i) target(row, i) = (data.next()(row, i) - data.x()(row, i)) / system_.timestep;
  }
  const Bootstrap ensemble =
      bootstrap_stlsq(view<const double>(theta.data(), rows, library.size()),
                      view<const double>(rates.data(), rows, nx), config_.regression, config_.bootstrap);
  const std::vector<int> trusted = members_to_trust(ensemble, data);
  members_ = static_cast<int>(trusted.size());
  std::vector<MatrixXd> members;
  for (const int member : trusted) members.push_back(ensemble.member(member));
  if (config_.combine != "sample") members = {combination(members, config_.combine == "mean")};
  dynamics_.clear();
  for (const MatrixXd& coefficients : members) dynamics_.push_back(make_dynamics(coefficients));
}

void SparseSurrogate::fit_rewards(const TransitionData& data) {
  const int rows = data.size();
  const View<const double, 2> rewards(data.reward().data(), rows, 1);
  const auto [lowest, highest] = std::ranges::minmax(data.reward());
  const double high = std::max(highest, lowest + 1e-9);
  const auto score_of = [&](const SparseMap& map, View<const double, 2> x) {
    std::vector<double> predicted(static_cast<size_t>(rows));
    map.evaluate(x, data.u(), view(predicted.data(), rows, 1));
    double error = 0, spread = 0, mean = 0;
    for (int row = 0; row < rows; ++row) mean += rewards(row, 0) / rows;
    for (int row = 0; row < rows; ++row) {
      error += std::pow(predicted[static_cast<size_t>(row)] - rewards(row, 0), 2);
      spread += std::pow(rewards(row, 0) - mean, 2);
    }
    return spread > 0 ? 1 - error / spread : -error;
  };
  const FeatureLibrary library = without_squares(reward_library_, circles_);
  reward_.reset();
  reward_score_ = -std::numeric_limits<double>::infinity();
  for (const bool is_before : {false, true}) {
    const View<const double, 2> x = is_before ? data.x() : data.next();
    const MatrixXd known = MatrixXd::Ones(library.size(), 1);
    const MatrixXd coefficients =
        config_.reward.empty() ? fit_map(library, x, data.u(), rewards,
                                         {.regression = config_.reward_regression, .bootstrap = config_.bootstrap})
                                     .map.coefficients()
                               : known;
    SparseMap map(library, coefficients, lowest, high);
    const double score = score_of(map, x);
    if (!(score > reward_score_)) continue;
    reward_score_ = score;
    rewards_before_ = is_before;
    reward_.emplace(std::move(map));
  }
  if (std::isfinite(reward_score_)) return;
  throw Error("the reward is not finite at what was observed", "surrogate.reward",
              fmt::format("write an expression that is, of {}", fmt::join(names_.states, ", ")));
}

int SparseSurrogate::terms() const {
  int total = 0;
  for (const SurrogateDynamics& member : dynamics_) total += member.field().terms();
  return total / static_cast<int>(dynamics_.size()) + reward_->terms();
}

std::vector<std::string> SparseSurrogate::equations() const {
  if (!is_fitted()) return {};
  std::vector<MatrixXd> members;
  for (const SurrogateDynamics& member : dynamics_) members.push_back(member.field().coefficients());
  std::vector<std::string> lines = make_dynamics(combination(members, false)).field().equations();
  lines.push_back("reward = " + reward_->formulas(names_)[0]);
  return lines;
}

void SparseSurrogate::save(ByteWriter& out) const {
  out.write(static_cast<std::uint8_t>(is_fitted() ? 1 : 0));
  if (!is_fitted()) return;
  out.write(static_cast<std::uint64_t>(circles_.size()));
  for (const auto& [a, b] : circles_) {
    out.write(std::int32_t{a});
    out.write(std::int32_t{b});
  }
  out.write(static_cast<std::uint64_t>(dynamics_.size()));
  for (const SurrogateDynamics& member : dynamics_) member.field().save(out);
  reward_->save(out);
  out.write(static_cast<std::uint8_t>(rewards_before_ ? 1 : 0));
  out.write(reward_score_);
  out.write(rows_);
  out.write(members_);
  out.write_array(std::span<const double>(low_));
  out.write_array(std::span<const double>(high_));
}

void SparseSurrogate::load(ByteReader& in) {
  if (in.read<std::uint8_t>() == 0) return;
  const auto nx = static_cast<size_t>(system_.state_size);
  const auto pairs = in.read<std::uint64_t>();
  if (pairs > nx) in.fail("more sines and cosines than observations");
  SurrogateDynamics::Circles circles;
  for (std::uint64_t k = 0; k < pairs; ++k) {
    const auto a = in.read<std::int32_t>(), b = in.read<std::int32_t>();
    if (a < 0 || b <= a || b >= system_.state_size) in.fail("a sine and cosine of observations that are not there");
    circles.emplace_back(a, b);
  }
  const auto members = in.read<std::uint64_t>();
  if (members < 1 || members > 100000) in.fail(fmt::format("a surrogate of {} members", members));
  std::vector<SurrogateDynamics> dynamics;
  for (std::uint64_t k = 0; k < members; ++k) {
    Sindy field = Sindy::load(in);
    if (field.state_size() != system_.state_size || field.control_size() != system_.control_size)
      in.fail("a surrogate of another task's sizes");
    dynamics.emplace_back(std::move(field), circles);
  }
  SparseMap reward = SparseMap::load(in);
  rewards_before_ = in.read<std::uint8_t>() != 0;
  reward_score_ = in.read<double>();
  rows_ = in.read<int>();
  members_ = in.read<int>();
  low_.resize(nx);
  high_.resize(nx);
  in.read_array(std::span(low_));
  in.read_array(std::span(high_));
  circles_ = std::move(circles);
  dynamics_ = std::move(dynamics);
  system_.velocity_of = dynamics_.front().field().system().velocity_of;
  reward_.emplace(std::move(reward));
}

}  // namespace lockstep::models
