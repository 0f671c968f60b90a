// Lockstep's side of xland_peer.py: rulesets, trajectories from given states, and steps per second.
//
//   xland_worlds rulesets SET COUNT SEED         JSON lines: goal, rules, init_tiles
//   xland_worlds time SET WORLDS SECONDS         steps per second of processor time on R4-13x13
//   xland_worlds replay                          reads a job from standard input, writes what every step gave (see
//   Replay)
#include "envs/xland/ruleset_generator.h"
#include "envs/xland/worlds.h"
#include "kernels/philox.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace {

using namespace lockstep;
using namespace lockstep::envs::xland;

template <class T>
void read_array(T* out, std::size_t count) {
  if (std::fread(out, sizeof(T), count, stdin) != count) throw std::runtime_error("the job is cut short");
}
template <class T>
T read_one() {
  T value;
  read_array(&value, 1);
  return value;
}
template <class T>
void write_array(const T* values, std::size_t count) {
  if (std::fwrite(values, sizeof(T), count, stdout) != count) throw std::runtime_error("nobody reads the results");
}

// A job, little-endian, numbers of 32 bits where nothing else is said:
//   layout (rooms), side, view, occluded, max_steps, worlds
//   per world its ruleset: goal (5 bytes), number of rules, rules (7 bytes each), number of tiles, tiles (2 bytes each)
//   per world its state: grid (bytes [side][side][2]), y, x, direction
//   then parts: steps (0: the end), actions (bytes [steps][worlds]), number of resets, each: step, world, state
// Per step and world the answer is: grid, y, x, direction, pocket (2 bytes), reward (float), terminated, truncated
// (1 byte each), observation (bytes [view][view][2]). A reset takes place after its step.
class Replay {
 public:
  Replay() : worlds_(make_worlds()) {
    for (int world = 0; world < num_worlds_; ++world) read_state(world);
  }

  void run() {
    for (int steps = read_one<int>(); steps > 0; steps = read_one<int>()) {
      std::vector<std::uint8_t> actions(static_cast<std::size_t>(steps) * static_cast<std::size_t>(num_worlds_));
      read_array(actions.data(), actions.size());
      int resets = read_one<int>();
      int next = resets > 0 ? read_one<int>() : -1;
      for (int step = 0; step < steps; ++step) {
        worlds_.step(std::span(actions).subspan(static_cast<std::size_t>(step) * static_cast<std::size_t>(num_worlds_),
                                                static_cast<std::size_t>(num_worlds_)));
        for (int world = 0; world < num_worlds_; ++world) write_world(world);
        for (; resets > 0 && next == step; next = --resets > 0 ? read_one<int>() : -1) read_state(read_one<int>());
      }
      std::fflush(stdout);
    }
  }

 private:
  Worlds make_worlds() {
    WorldsConfig config;
    config.layout = static_cast<LayoutKind>(read_one<int>());
    config.side = read_one<int>();
    config.view = read_one<int>();
    config.occluded = read_one<int>() != 0;
    config.max_steps = read_one<int>();
    config.num_worlds = num_worlds_ = read_one<int>();
    config.auto_reset = false;
    config.trial_steps = 0;
    std::vector<Ruleset> rulesets(static_cast<std::size_t>(num_worlds_));
    for (Ruleset& ruleset : rulesets) {
      read_array(ruleset.goal.data(), ruleset.goal.size());
      ruleset.rules.resize(read_one<std::uint32_t>());
      for (EncodedRule& rule : ruleset.rules) read_array(rule.data(), rule.size());
      ruleset.init_tiles.resize(read_one<std::uint32_t>());
      for (EncodedTile& tile : ruleset.init_tiles) read_array(tile.data(), tile.size());
    }
    return Worlds(config, std::move(rulesets));
  }

  void read_state(int world) {
    WorldState state;
    const auto side = static_cast<std::size_t>(worlds_.config().side);
    state.grid.resize(2 * side * side);
    read_array(state.grid.data(), state.grid.size());
    state.y = read_one<int>();
    state.x = read_one<int>();
    state.direction = read_one<int>();
    state.ruleset = world;
    worlds_.set_state(world, state);
  }

  void write_world(int world) const {
    const WorldState state = worlds_.get_state(world);
    const auto w = static_cast<std::size_t>(world);
    const int agent[3] = {state.y, state.x, state.direction};
    write_array(state.grid.data(), state.grid.size());
    write_array(agent, 3);
    write_array(state.pocket.data(), 2);
    write_array(&worlds_.reward()[w], 1);
    write_array(&worlds_.terminated()[w], 1);
    write_array(&worlds_.truncated()[w], 1);
    write_array(worlds_.observation().data() + w * worlds_.observation_bytes(), worlds_.observation_bytes());
  }

  int num_worlds_ = 0;
  Worlds worlds_;
};

void print_rulesets(const std::string& set, int count, std::uint64_t seed) {
  for (const Ruleset& ruleset : generate_rulesets(published_set(set), count, seed)) {
    const nlohmann::json row{{"goal", ruleset.goal}, {"rules", ruleset.rules}, {"init_tiles", ruleset.init_tiles}};
    fmt::print("{}\n", row.dump());
  }
}

// Random actions drawn once, resets on, each world with a ruleset of its own as far as they go.
void print_speed(const std::string& set, int num_worlds, double seconds) {
  constexpr int kActionSets = 64, kRulesets = 21000, kWarmUp = 600;
  Worlds worlds({.num_worlds = num_worlds}, generate_rulesets(published_set(set), kRulesets, 0));
  const auto count = static_cast<std::size_t>(num_worlds);
  std::vector<std::uint8_t> actions(kActionSets * count);
  for (std::size_t i = 0; i < actions.size(); ++i) {
    actions[i] = static_cast<std::uint8_t>(kernels::uniform<double>({1, 2}, static_cast<std::uint32_t>(i), 0) * 6);
  }
  std::size_t turn = 0;
  const auto step = [&] { worlds.step(std::span(actions).subspan(turn++ % kActionSets * count, count)); };
  for (int k = 0; k < kWarmUp; ++k) step();
  const std::clock_t start = std::clock();
  double passed = 0;  // s of the processor: others may be using the machine
  std::int64_t steps = 0;
  while (passed < seconds) {
    for (int k = 0; k < 16; ++k) step();
    steps += 16 * num_worlds;
    passed = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  }
  fmt::print("{:.6g}\n", static_cast<double>(steps) / passed);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    if (words.size() == 4 && words[0] == "rulesets") {
      print_rulesets(words[1], std::stoi(words[2]), std::stoull(words[3]));
    } else if (words.size() == 4 && words[0] == "time") {
      print_speed(words[1], std::stoi(words[2]), std::stod(words[3]));
    } else if (words.size() == 1 && words[0] == "replay") {
      Replay().run();
    } else {
      fmt::print(stderr, "usage: xland_worlds rulesets SET COUNT SEED | time SET WORLDS SECONDS | replay\n");
      return 2;
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
  return 0;
}
