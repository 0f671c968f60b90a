// Steps of a surrogate, by blocks of worlds.
#include "agents/surrogate_worlds.h"
#include "engine/byte_stream.h"
#include "engine/error.h"
#include "kernels/philox.h"
#include "models/random_index.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

namespace lockstep::agents {
namespace {

constexpr std::uint32_t kSavedVersion = 1;
constexpr int kBlock = kernels::kFeatureBlockRows;  // worlds that a thread steps at a time

enum Stream : std::uint32_t { kStarts = 0x5357, kStagger };

// The task as the surrogate has it: what is observed is all there is.
TaskSpec observed(TaskSpec task) {
  if (task.episode_steps == 0) {
    throw Error(fmt::format("task {} has no time limit", task.name), "surrogate worlds",
                "set environment.episode_steps");
  }
  const auto size = static_cast<size_t>(task.observation_size);
  task.state_size = task.observation_size;
  task.state_names = task.observation_names;
  task.state_is_angle.assign(size, false);
  task.state_low.assign(size, -std::numeric_limits<double>::infinity());
  task.state_high.assign(size, std::numeric_limits<double>::infinity());
  return task;
}

// Stage: 1 - reward of the step that the surrogate makes.
class SurrogateCost final : public Cost {
 public:
  SurrogateCost(models::SurrogateDynamics dynamics, const models::SparseMap& reward, bool rewards_before)
      : dynamics_(std::move(dynamics)), reward_(reward), rewards_before_(rewards_before) {}

  [[nodiscard]] int state_size() const override { return dynamics_.state_size(); }
  [[nodiscard]] int control_size() const override { return dynamics_.control_size(); }
  void stage(View<const double, 2> x, View<const double, 2> u, View<double, 1> values) const override {
    const int rows = x.extent(0);
    next_.resize(static_cast<size_t>(rows) * static_cast<size_t>(state_size()));
    const View<double, 2> next = view(next_.data(), rows, state_size());
    if (!rewards_before_) dynamics_.step(x, u, next);
    reward_.evaluate(rewards_before_ ? x : View<const double, 2>(next), u, view(values.data_handle(), rows, 1));
    for (int row = 0; row < rows; ++row) values(row) = 1 - values(row);
  }
  void terminal(View<const double, 2> x, View<double, 1> values) const override {
    for (int row = 0; row < x.extent(0); ++row) values(row) = 0;
  }

 private:
  // Scratch: one object serves one thread.
  mutable models::SurrogateDynamics dynamics_;
  mutable models::CompiledMap reward_;
  mutable std::vector<double> next_;
  bool rewards_before_;
};

}  // namespace

SurrogateWorlds::SurrogateWorlds(const TaskSpec& task, const SurrogateWorldsConfig& config)
    : spec_(observed(task)),
      config_{.num_worlds = config.num_worlds,
              .seed = config.seed,
              .threads = config.threads,
              .stagger_episodes = config.stagger_episodes},
      group_(config.group),
      groups_start_alike_(config.groups_start_alike),
      leaving_(config.leaving),
      discount_(config.discount),
      ends_(termination_of(task.name)),
      pool_(config.threads) {
  const auto worlds = static_cast<size_t>(config.num_worlds), nx = static_cast<size_t>(spec_.observation_size);
  state_.resize(worlds * nx);
  next_.resize(worlds * nx);
  action_.resize(worlds * static_cast<size_t>(spec_.action_size));
  predicted_.resize(worlds);
  observation_.resize(worlds * nx);
  final_observation_.resize(worlds * nx);
  reward_.resize(worlds);
  final_return_.resize(worlds);
  terminated_.resize(worlds);
  truncated_.resize(worlds);
  is_fault_.resize(worlds);
  return_.resize(worlds);
  clock_.resize(worlds);
  episodes_.resize(worlds);
}

void SurrogateWorlds::follow(const models::SparseSurrogate& model, std::vector<double> starts) {
  const bool begins = parts_.empty() && std::ranges::all_of(episodes_, [](std::uint32_t count) { return count == 0; });
  parts_.clear();
  reward_map_.emplace(model.reward());
  for (int thread = 0; thread < pool_.size(); ++thread)
    parts_.push_back({model.dynamics(), models::CompiledMap(*reward_map_)});
  rewards_before_ = model.rewards_state_before();
  region_ = {{model.low().begin(), model.low().end()},
             {model.high().begin(), model.high().end()},
             std::min(0.0, model.least_reward()) / (1 - discount_)};
  starts_ = std::move(starts);
  if (begins) reset();
}

std::span<double> SurrogateWorlds::state_of(int world) {
  const auto size = static_cast<size_t>(spec_.observation_size);
  return std::span(state_).subspan(static_cast<size_t>(world) * size, size);
}

void SurrogateWorlds::show(int world) {
  const auto size = static_cast<size_t>(spec_.observation_size);
  std::ranges::transform(state_of(world), observation_.begin() + static_cast<std::ptrdiff_t>(world * size),
                         [](double x) { return static_cast<float>(x); });
}

// Where an episode begins depends on (seed, world or group, episode) alone.
void SurrogateWorlds::start_episode(int world) {
  const auto at = static_cast<size_t>(world), size = static_cast<size_t>(spec_.observation_size);
  const size_t start =
      models::index_below(starts_.size() / size, {config_.seed, kStarts},
                          static_cast<std::uint32_t>(groups_start_alike_ ? world / group_ : world), episodes_[at]);
  std::ranges::copy(std::span(starts_).subspan(start * size, size), state_of(world).begin());
  ++episodes_[at];
  return_[at] = 0;
  clock_[at] = 0;
  show(world);
}

void SurrogateWorlds::reset() {
  for (int world = 0; world < config_.num_worlds; ++world) {
    start_episode(world);
    if (!config_.stagger_episodes) continue;
    clock_[static_cast<size_t>(world)] = static_cast<std::int32_t>(models::index_below(
        static_cast<size_t>(spec_.episode_steps), {config_.seed, kStagger}, static_cast<std::uint32_t>(world), 0));
  }
  final_observation_ = observation_;
}

void SurrogateWorlds::step(View<const float, 2> actions) {
  const int blocks = (config_.num_worlds + kBlock - 1) / kBlock;
  pool_.for_each(blocks, [&](int block, int thread) { step_block(block, thread, actions); });
  for (const std::uint8_t fault : is_fault_) faults_ += fault;
}

void SurrogateWorlds::step_block(int block, int thread, View<const float, 2> actions) {
  Part& part = parts_[static_cast<size_t>(thread)];
  const int first = block * kBlock, last = std::min(first + kBlock, config_.num_worlds);
  const int nx = spec_.observation_size, nu = spec_.action_size;
  double* const action = &action_[static_cast<size_t>(first) * static_cast<size_t>(nu)];
  std::copy_n(&actions(first, 0), static_cast<size_t>(last - first) * static_cast<size_t>(nu), action);
  const double* const now = &state_[static_cast<size_t>(first) * static_cast<size_t>(nx)];
  double* const next = &next_[static_cast<size_t>(first) * static_cast<size_t>(nx)];
  for (int world = first, count = 0; world < last; world += count) {
    count = std::min(group_ - world % group_, last - world);
    const int offset = world - first;
    const size_t member = static_cast<size_t>(world / group_) % part.dynamics.size();
    part.dynamics[member].step(view(now + offset * nx, count, nx),
                               view(static_cast<const double*>(action) + offset * nu, count, nu),
                               view(next + offset * nx, count, nx));
  }
  part.reward.evaluate(view(rewards_before_ ? now : static_cast<const double*>(next), last - first, nx),
                       view(static_cast<const double*>(action), last - first, nu),
                       view(&predicted_[static_cast<size_t>(first)], last - first, 1));
  for (int world = first; world < last; ++world) {
    const std::span<const double> row(action + static_cast<std::ptrdiff_t>(world - first) * nu,
                                      static_cast<size_t>(nu));
    finish_step(world, {next + static_cast<std::ptrdiff_t>(world - first) * nx, static_cast<size_t>(nx)},
                predicted_[static_cast<size_t>(world)],
                std::ranges::all_of(row, [](double u) { return std::isfinite(u); }));
  }
}

// Reward, end and next episode of one world. Without a finite action the episode is cut where it was.
void SurrogateWorlds::finish_step(int world, std::span<const double> next, double reward, bool has_action) {
  const auto at = static_cast<size_t>(world), size = static_cast<size_t>(spec_.observation_size);
  bool is_inside = true;  // a state that is not a number is not
  for (size_t i = 0; i < size; ++i) is_inside = is_inside && next[i] >= region_.low[i] && next[i] <= region_.high[i];
  const bool leaves = has_action && !is_inside, moves = has_action && is_inside;
  if (moves) std::ranges::copy(next, state_of(world).begin());
  ++clock_[at];
  show(world);
  const std::span<const float> seen = std::span(observation_).subspan(at * size, size);
  const bool is_lost = leaves && leaving_ == Leaving::kEnd;
  terminated_[at] = is_lost || (moves && ends_(seen)) ? 1 : 0;
  truncated_[at] = terminated_[at] == 0 && (!moves || clock_[at] >= spec_.episode_steps) ? 1 : 0;
  is_fault_[at] = has_action ? 0 : 1;
  const double earned = is_lost ? region_.leaving_reward : has_action && std::isfinite(reward) ? reward : 0;
  reward_[at] = static_cast<float>(earned);
  return_[at] += earned;
  std::ranges::copy(seen, final_observation_.begin() + static_cast<std::ptrdiff_t>(at * size));
  if (terminated_[at] == 0 && truncated_[at] == 0) return;
  final_return_[at] = static_cast<float>(return_[at]);
  start_episode(world);
}

void SurrogateWorlds::get_state(int world, std::span<double> x) const {
  const auto size = static_cast<size_t>(spec_.observation_size);
  std::ranges::copy(std::span(state_).subspan(static_cast<size_t>(world) * size, size), x.begin());
}

void SurrogateWorlds::set_state(int world, std::span<const double> x) {
  std::ranges::copy(x, state_of(world).begin());
  show(world);
}

std::vector<std::byte> SurrogateWorlds::save() const {
  ByteWriter out("surrogate worlds " + spec_.name, kSavedVersion);
  out.write_array(std::span<const double>(state_));
  out.write_array(std::span<const double>(return_));
  out.write_array(std::span<const std::int32_t>(clock_));
  out.write_array(std::span<const std::uint32_t>(episodes_));
  out.write(faults_);
  return std::move(out).finish();
}

void SurrogateWorlds::load(std::span<const std::byte> bytes) {
  ByteReader in(bytes, "surrogate worlds " + spec_.name, kSavedVersion, "surrogate worlds");
  in.read_array(std::span(state_));
  in.read_array(std::span(return_));
  in.read_array(std::span(clock_));
  in.read_array(std::span(episodes_));
  faults_ = in.read<std::int64_t>();
  in.expect_end();
  for (int world = 0; world < config_.num_worlds; ++world) show(world);
}

std::unique_ptr<Dynamics> SurrogateWorlds::dynamics() const { return parts_.front().dynamics.front().clone(); }

std::unique_ptr<Cost> SurrogateWorlds::cost() const {
  return std::make_unique<SurrogateCost>(parts_.front().dynamics.front(), *reward_map_, rewards_before_);
}

std::string SurrogateWorlds::backend_report() const {
  return fmt::format("surrogate of {}, {} worlds, {} threads", spec_.name, config_.num_worlds, pool_.size());
}

}  // namespace lockstep::agents
