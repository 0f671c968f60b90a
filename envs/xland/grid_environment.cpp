// Steps XLand worlds for callers that speak in floats.
#include "envs/xland/grid_environment.h"
#include "engine/byte_stream.h"
#include "engine/error.h"
#include "engine/isa.h"
#include "engine/sha256.h"
#include "envs/xland/ruleset_file.h"
#include "kernels/philox.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

namespace lockstep::envs::xland {
namespace {

constexpr std::uint32_t kSavedVersion = 1;
constexpr std::uint32_t kStaggerStream = 0x786c7361;  // no other place draws from it
constexpr int kBeforeGrid = 5;                        // numbers of a state in front of the cells

WorldsConfig worlds_config(const TaskOptions& options, const EnvironmentConfig& config) {
  return {.num_worlds = config.num_worlds,
          .layout = options.layout,
          .side = options.side,
          .occluded = options.occluded,
          .auto_reset = config.auto_reset,
          .seed = config.seed,
          .threads = config.threads};
}

// What an action that is a number means; the nearest whole one.
std::uint8_t action_of(float number) {
  if (!std::isfinite(number)) return kCutEpisode;
  if (!(number > -0.5f && number < kActions - 0.5f)) return kActions;  // none
  return static_cast<std::uint8_t>(number + 0.5f);
}

}  // namespace

TaskSpec spec(const TaskOptions& options) {
  TaskSpec spec;
  spec.name = options.name;
  spec.summary = "grid of rooms with a goal and rules to find out";
  spec.source = "XLand-MiniGrid (xminigrid 0.9.3)";
  spec.action_size = 1;
  spec.discrete_actions = kActions;
  spec.action_low = {0};
  spec.action_high = {kActions - 1};
  const int view = WorldsConfig{}.view, side = options.side;
  for (int row = 0; row < view; ++row) {
    for (int column = 0; column < view; ++column) {
      for (const char* const what : {"tile", "colour"}) {
        spec.observation_names.push_back(fmt::format("seen_{}_{}_{}", what, row, column));
      }
    }
  }
  spec.observation_size = static_cast<int>(spec.observation_names.size());
  spec.state_names = {"y", "x", "direction", "pocket_tile", "pocket_colour"};
  spec.state_high = {side - 1.0, side - 1.0, 3, kTiles - 1, kColours - 1};
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      spec.state_names.push_back(fmt::format("tile_{}_{}", y, x));
      spec.state_names.push_back(fmt::format("colour_{}_{}", y, x));
      spec.state_high.push_back(kTiles - 1);
      spec.state_high.push_back(kColours - 1);
    }
  }
  spec.state_size = static_cast<int>(spec.state_names.size());
  spec.state_low.assign(spec.state_names.size(), 0);
  spec.state_is_angle.assign(spec.state_names.size(), false);
  spec.control_timestep = 1;
  spec.episode_steps = 3 * side * side;
  spec.success_return = 0.1;  // the least that reaching the goal pays
  return spec;
}

GridEnvironment::GridEnvironment(const TaskOptions& options, const EnvironmentConfig& config)
    : config_(config),
      worlds_(worlds_config(options, config), task_rulesets(options)),
      actions_(static_cast<std::size_t>(config.num_worlds)),
      broken_(static_cast<std::size_t>(config.num_worlds)) {
  spec_ = xland::spec(options);
  const auto numbers = static_cast<std::size_t>(config.num_worlds) * static_cast<std::size_t>(spec_.observation_size);
  observation_ = HostBuffer<float>(numbers);
  final_observation_ = HostBuffer<float>(numbers);
  faults_in_range_.resize((static_cast<std::size_t>(config.num_worlds) + Worlds::kRange - 1) / Worlds::kRange);
  if (config_.stagger_episodes) stagger();
  show_all();
}

// As if every world had been at its episode for a time of its own.
void GridEnvironment::stagger() {
  const kernels::RandomStream stream{.seed = config_.seed, .stream = kStaggerStream};
  for (int world = 0; world < config_.num_worlds; ++world) {
    const auto number = static_cast<std::uint32_t>(world);
    const double share = kernels::uniform<double>(stream, number, worlds_.batch().progress.episode[number]);
    worlds_.set_limit(world, 1 + static_cast<int>(std::floor(share * spec_.episode_steps)));
  }
}

void GridEnvironment::show(std::uint32_t first, std::uint32_t count) {
  const auto size = static_cast<std::size_t>(spec_.observation_size);
  worlds_.kernels().widen(worlds_.observation().data() + first * size, count * size,
                          observation_.data() + first * size);
}
void GridEnvironment::show_all() {
  worlds_.for_each_range([&](std::uint32_t first, std::uint32_t count) { show(first, count); });
}

void GridEnvironment::reset() {
  if (touched_) worlds_.reset();
  if (touched_ && config_.stagger_episodes) stagger();
  touched_ = true;
  std::ranges::fill(broken_.span(), std::uint8_t{0});
  show_all();
}

void GridEnvironment::read_actions(const float* actions, std::uint32_t first, std::uint32_t count) {
  std::int64_t faults = 0;
  for (std::uint32_t world = first; world < first + count; ++world) {
    const std::uint8_t action = broken_[world] != 0 ? kCutEpisode : action_of(actions[world]);
    faults += action == kCutEpisode ? 1 : 0;
    actions_[world] = action;
    broken_[world] = 0;
  }
  faults_in_range_[first / Worlds::kRange] += faults;
}

void GridEnvironment::keep_final_observations(std::uint32_t first, std::uint32_t count) {
  const auto size = static_cast<std::size_t>(spec_.observation_size);
  for (std::uint32_t world = first; world < first + count; ++world) {
    if ((worlds_.terminated()[world] | worlds_.truncated()[world]) == 0) continue;
    worlds_.kernels().widen(worlds_.last_observation().data() + world * size, size,
                            final_observation_.data() + world * size);
  }
}

void GridEnvironment::step(View<const float, 2> actions) {
  assert(actions.extent(0) == config_.num_worlds && actions.extent(1) == 1);
  touched_ = true;
  worlds_.for_each_range([&](std::uint32_t first, std::uint32_t count) {
    read_actions(actions.data_handle(), first, count);
    worlds_.step_range(first, std::span<const std::uint8_t>(actions_.span()).subspan(first, count));
    keep_final_observations(first, count);
    show(first, count);
  });
}

std::int64_t GridEnvironment::faults() const {
  return std::accumulate(faults_in_range_.begin(), faults_in_range_.end(), std::int64_t{0});
}

void GridEnvironment::get_state(int world, std::span<double> x) const {
  assert(world >= 0 && world < config_.num_worlds && x.size() == spec_.state_names.size());
  const WorldState state = worlds_.get_state(world);
  const int numbers[kBeforeGrid] = {state.y, state.x, state.direction, state.pocket[0], state.pocket[1]};
  std::ranges::copy(numbers, x.begin());
  std::ranges::copy(state.grid, x.begin() + kBeforeGrid);
}

void GridEnvironment::set_state(int world, std::span<const double> x) {
  assert(world >= 0 && world < config_.num_worlds && x.size() == spec_.state_names.size());
  touched_ = true;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] >= 0 && x[i] <= spec_.state_high[i] && x[i] == std::floor(x[i])) continue;
    broken_[static_cast<std::size_t>(world)] = 1;
    return;
  }
  const auto number = [&](std::size_t i) { return static_cast<int>(x[i]); };
  WorldState state = worlds_.get_state(world);
  state.y = number(0);
  state.x = number(1);
  state.direction = number(2);
  state.pocket = {static_cast<std::uint8_t>(x[3]), static_cast<std::uint8_t>(x[4])};
  std::ranges::transform(x.subspan(kBeforeGrid), state.grid.begin(),
                         [](double value) { return static_cast<std::uint8_t>(value); });
  worlds_.set_state(world, state);
  show(static_cast<std::uint32_t>(world), 1);
}

std::vector<std::byte> GridEnvironment::save() const {
  ByteWriter writer("environment " + spec_.name, kSavedVersion);
  writer.write(config_.num_worlds);
  writer.write(config_.precision);
  writer.write(to_hex(sha256(encode_rulesets(worlds_.rulesets()))));
  writer.write(faults());
  writer.write(touched_);
  writer.write_array(broken_.span());
  writer.write_array(final_observation_.span());
  worlds_.save(writer);
  return std::move(writer).finish();
}

void GridEnvironment::load(std::span<const std::byte> bytes) {
  ByteReader reader(bytes, "environment " + spec_.name, kSavedVersion, "state of the environment " + spec_.name);
  const auto num_worlds = reader.read<int>();
  const std::string precision = reader.read_string();
  if (num_worlds != config_.num_worlds || precision != config_.precision) {
    reader.fail(fmt::format("the saved environment has {} worlds of {}, this one {} of {}", num_worlds, precision,
                            config_.num_worlds, config_.precision));
  }
  if (reader.read_string() != to_hex(sha256(encode_rulesets(worlds_.rulesets())))) {
    reader.fail("it was saved with other rulesets");
  }
  const auto faults = reader.read<std::int64_t>();
  const auto touched = reader.read<bool>();
  reader.read_array(broken_.span());
  reader.read_array(final_observation_.span());
  worlds_.load(reader);
  reader.expect_end();
  config_.seed = worlds_.config().seed;
  std::ranges::fill(faults_in_range_, 0);
  faults_in_range_[0] = faults;
  touched_ = touched;
  show_all();
}

namespace {
Error no_derivatives(const std::string& name, std::string_view what) {
  return {fmt::format("{} has no {}: a grid has no derivatives", name, what), "task",
          "plan on another task, or learn this one with an agent that needs neither: --agent ppo"};
}
}  // namespace

std::unique_ptr<Dynamics> GridEnvironment::dynamics() const {
  throw no_derivatives(spec_.name, "dynamics to plan with");
}
std::unique_ptr<Cost> GridEnvironment::cost() const { throw no_derivatives(spec_.name, "planning cost"); }

void GridEnvironment::get_mujoco_state(int, std::span<double>, std::span<double>) const {
  throw std::logic_error("a grid has no MuJoCo state");
}

std::string GridEnvironment::backend_report() const {
  return fmt::format("cpu, {}, {} threads, grid worlds of {} rulesets", isa_name(chosen_isa()), config_.threads,
                     worlds_.rulesets().size());
}

}  // namespace lockstep::envs::xland
