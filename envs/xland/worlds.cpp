// Owns the arrays of a batch of XLand worlds and steps them.
#include "envs/xland/worlds.h"
#include "engine/error.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

namespace lockstep::envs::xland {
namespace {

constexpr std::uint32_t kStartStream = 0x786c7374, kTrialStream = 0x786c7472;  // no other place draws from them

void check_config(const WorldsConfig& config, std::size_t num_rulesets) {
  const auto at_least = [](std::string_view key, int value, int low) {
    if (value >= low) return;
    throw Error(fmt::format("{} = {} is below {}", key, value, low), "xland worlds",
                fmt::format("set {} to at least {}", key, low));
  };
  at_least("num_worlds", config.num_worlds, 1);
  at_least("threads", config.threads, 1);
  at_least("max_steps", config.max_steps, 0);
  at_least("trial_steps", config.trial_steps, 0);
  if (num_rulesets == 0) {
    throw Error("there are no rulesets", "xland worlds", "give one: a Ruleset without goal and rules is enough");
  }
}

bool is_encoded(std::uint8_t tile, std::uint8_t colour) { return tile < kTiles && colour < kColours; }

}  // namespace

Worlds::Worlds(const WorldsConfig& config, std::vector<Ruleset> rulesets)
    : config_(config), rulesets_(std::move(rulesets)), kernels_(world_kernels(chosen_isa())), pool_(config.threads) {
  check_config(config_, rulesets_.size());
  for (std::size_t i = 0; i < rulesets_.size(); ++i) check(rulesets_[i], fmt::format("ruleset {}", i));
  geometry_ = make_geometry(config_.side, config_.view);
  layout_ = make_layout(config_.layout, geometry_);
  packed_ = pack(rulesets_, geometry_, static_cast<int>(layout_.free.size()));
  allocate();
  point();
  for_each_range(
      [&](std::uint32_t first, std::uint32_t count) { kernels_.start(batch_, first, count, Start::kFirst); });
}

void Worlds::allocate() {
  const auto worlds = static_cast<std::size_t>(config_.num_worlds);
  grids_ = HostBuffer<Cell>(worlds * static_cast<std::size_t>(geometry_.bytes));
  for (HostBuffer<std::uint32_t>* const buffer :
       {&position_, &step_, &limit_, &ruleset_, &episode_, &trial_, &trial_left_}) {
    *buffer = HostBuffer<std::uint32_t>(worlds);
  }
  for (HostBuffer<std::uint8_t>* const buffer : {&direction_, &pocket_, &terminated_, &truncated_}) {
    *buffer = HostBuffer<std::uint8_t>(worlds);
  }
  triggers_ = HostBuffer<std::uint64_t>(worlds);
  observation_ = HostBuffer<std::uint8_t>(worlds * observation_bytes());
  last_observation_ = HostBuffer<std::uint8_t>(worlds * observation_bytes());
  reward_ = HostBuffer<float>(worlds);
  bad_in_range_.resize((worlds + kRange - 1) / kRange);
  const int max_steps = config_.max_steps > 0 ? config_.max_steps : 3 * config_.side * config_.side;
  batch_.max_steps = static_cast<std::uint32_t>(max_steps);
  // 1 - 0.9 step / max_steps, to the bit as XLA compiles it: the constants are multiplied first, then fused.
  const float share = 0.9f * (1.0f / static_cast<float>(max_steps));
  for (int step = 0; step <= max_steps; ++step) {
    reward_of_step_.push_back(std::fma(-share, static_cast<float>(step), 1.0f));
  }
}

void Worlds::point() {
  batch_.geometry = geometry_;
  batch_.rulesets = packed_.table();
  batch_.layout = layout_.table();
  batch_.starts = {config_.seed, kStartStream};
  batch_.trials = {config_.seed, kTrialStream};
  batch_.trial_steps = static_cast<std::uint32_t>(config_.trial_steps);
  batch_.auto_reset = config_.auto_reset;
  batch_.occluded = config_.occluded;
  batch_.reward_of_step = reward_of_step_.data();
  batch_.grids = grids_.data();
  batch_.agents = {position_.data(), direction_.data(), pocket_.data(), step_.data(), limit_.data(), triggers_.data()};
  batch_.progress = {ruleset_.data(), episode_.data(), trial_.data(), trial_left_.data()};
  batch_.observation = observation_.data();
  batch_.last_observation = last_observation_.data();
  batch_.reward = reward_.data();
  batch_.terminated = terminated_.data();
  batch_.truncated = truncated_.data();
}

void Worlds::reset() {
  std::ranges::fill(reward_.span(), 0.0f);
  std::ranges::fill(terminated_.span(), std::uint8_t{0});
  std::ranges::fill(truncated_.span(), std::uint8_t{0});
  for_each_range([&](std::uint32_t first, std::uint32_t count) { kernels_.start(batch_, first, count, Start::kNext); });
}

void Worlds::step(std::span<const std::uint8_t> actions) {
  assert(actions.size() == static_cast<std::size_t>(config_.num_worlds));
  for_each_range([&](std::uint32_t first, std::uint32_t count) { step_range(first, actions.subspan(first, count)); });
}

void Worlds::step_range(std::uint32_t first, std::span<const std::uint8_t> actions) {
  kernels_.step(batch_, first, static_cast<std::uint32_t>(actions.size()), actions.data());
  bad_in_range_[first / kRange] +=
      std::ranges::count_if(actions, [](std::uint8_t action) { return action >= kActions && action != kCutEpisode; });
}

std::int64_t Worlds::bad_actions() const {
  return std::accumulate(bad_in_range_.begin(), bad_in_range_.end(), std::int64_t{0});
}

StepType Worlds::step_type(int world) const {
  const auto w = static_cast<std::size_t>(world);
  if ((terminated_[w] | truncated_[w]) != 0) return StepType::kLast;
  return step_[w] == 0 ? StepType::kFirst : StepType::kMid;
}

WorldState Worlds::get_state(int world) const {
  const auto w = static_cast<std::size_t>(world);
  const Cell* const grid = grids_.data() + w * static_cast<std::size_t>(geometry_.bytes);
  WorldState state;
  for (int y = 0; y < config_.side; ++y) {
    for (int x = 0; x < config_.side; ++x) {
      const Cell cell = grid[cell_at(y, x)];
      state.grid.push_back(static_cast<std::uint8_t>(tile_of(cell)));
      state.grid.push_back(static_cast<std::uint8_t>(colour_of(cell)));
    }
  }
  const int position = static_cast<int>(position_[w]) - geometry_.origin;
  state.y = position / geometry_.stride;
  state.x = position % geometry_.stride;
  state.direction = direction_[w];
  state.pocket = {static_cast<std::uint8_t>(tile_of(pocket_[w])), static_cast<std::uint8_t>(colour_of(pocket_[w]))};
  state.step = static_cast<int>(step_[w]);
  state.ruleset = static_cast<int>(ruleset_[w]);
  return state;
}

void Worlds::set_state(int world, const WorldState& state) {
  const auto w = static_cast<std::size_t>(world);
  const int side = config_.side;
  const auto refuse = [&](const std::string& problem, const std::string& fix) {
    throw Error(problem, fmt::format("state of world {}", world), fix);
  };
  if (state.grid.size() != static_cast<std::size_t>(2 * side * side)) {
    refuse(fmt::format("the grid has {} numbers", state.grid.size()), fmt::format("give [{0}][{0}][2]", side));
  }
  for (std::size_t i = 0; i < state.grid.size(); i += 2) {
    if (is_encoded(state.grid[i], state.grid[i + 1])) continue;
    refuse(fmt::format("there is no tile ({}, {})", state.grid[i], state.grid[i + 1]),
           "see the tables of docs/xland.md");
  }
  if (state.y < 0 || state.y >= side || state.x < 0 || state.x >= side || state.direction < 0 || state.direction > 3) {
    refuse(fmt::format("the agent at ({}, {}), direction {}, is outside the grid", state.y, state.x, state.direction),
           fmt::format("give a cell in [0, {}] and a direction in [0, 3]", side - 1));
  }
  if (!is_encoded(state.pocket[0], state.pocket[1]) || state.step < 0 || state.ruleset < 0 ||
      static_cast<std::size_t>(state.ruleset) >= rulesets_.size()) {
    refuse(fmt::format("pocket ({}, {}), step {}, or ruleset {} cannot be", state.pocket[0], state.pocket[1],
                       state.step, state.ruleset),
           fmt::format("give a tile, a step of at least 0, and a ruleset in [0, {}]", rulesets_.size() - 1));
  }
  Cell* const grid = grids_.data() + w * static_cast<std::size_t>(geometry_.bytes);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const auto i = static_cast<std::size_t>(2 * (y * side + x));
      grid[cell_at(y, x)] = cell_of(static_cast<Tile>(state.grid[i]), static_cast<Colour>(state.grid[i + 1]));
    }
  }
  position_[w] = static_cast<std::uint32_t>(cell_at(state.y, state.x));
  direction_[w] = static_cast<std::uint8_t>(state.direction);
  pocket_[w] = cell_of(static_cast<Tile>(state.pocket[0]), static_cast<Colour>(state.pocket[1]));
  step_[w] = static_cast<std::uint32_t>(state.step);
  ruleset_[w] = static_cast<std::uint32_t>(state.ruleset);
  triggers_[w] = packed_.rulesets[ruleset_[w]].triggers;
  kernels_.observe(batch_, static_cast<std::uint32_t>(world), 1);
}

void Worlds::set_limit(int world, int step) {
  limit_[static_cast<std::size_t>(world)] = static_cast<std::uint32_t>(step);
}
int Worlds::limit(int world) const { return static_cast<int>(limit_[static_cast<std::size_t>(world)]); }

void Worlds::save(ByteWriter& writer) const {
  writer.write(config_.seed);
  writer.write(bad_actions());
  each_saved(*this, [&](const auto& buffer) { writer.write_array(buffer.span()); });
}

bool Worlds::is_cell(std::uint32_t position) const {
  const std::int64_t from_origin = std::int64_t{position} - geometry_.origin;
  return from_origin >= 0 && from_origin / geometry_.stride < config_.side &&
         from_origin % geometry_.stride < config_.side;
}

// Reads all once to see that it can be: a world must not be left outside its grid by bytes that are refused half way.
void Worlds::check_saved(ByteReader reader) const {
  (void)reader.read<std::uint64_t>();
  (void)reader.read<std::int64_t>();
  each_saved(*this, [&](const auto& buffer) {
    using Number = std::remove_cvref_t<decltype(buffer[0])>;
    const std::vector<Number> values = reader.read_vector<Number>();
    if (values.size() != buffer.size()) {
      reader.fail(fmt::format("an array of {} numbers should have {}", values.size(), buffer.size()));
    }
    const auto expect = [&](const void* which, auto&& is_possible, std::string_view what) {
      if (which != &buffer) return;
      const auto bad = std::ranges::find_if_not(values, is_possible);
      if (bad != values.end()) reader.fail(fmt::format("world {}: {}", bad - values.begin(), what));
    };
    expect(
        &position_, [&](auto value) { return is_cell(static_cast<std::uint32_t>(value)); }, "outside its grid");
    expect(
        &direction_, [](auto value) { return value < Number{4}; }, "no such direction");
    expect(
        &ruleset_, [&](auto value) { return static_cast<std::size_t>(value) < rulesets_.size(); }, "no such ruleset");
  });
}

void Worlds::load(ByteReader& reader) {
  check_saved(reader);
  config_.seed = reader.read<std::uint64_t>();
  std::ranges::fill(bad_in_range_, 0);
  bad_in_range_[0] = reader.read<std::int64_t>();
  each_saved(*this, [&](auto& buffer) { reader.read_array(buffer.span()); });
  for (std::size_t w = 0; w < position_.size(); ++w) triggers_[w] = packed_.rulesets[ruleset_[w]].triggers;
  point();
  for_each_range([&](std::uint32_t first, std::uint32_t count) { kernels_.observe(batch_, first, count); });
}

}  // namespace lockstep::envs::xland
