// Holds XLand worlds to trajectories of xminigrid's own code, bit for bit (tools/record_xland_reference.py).
#include "envs/xland/worlds.h"
#include "tests/envs/reference.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::envs::xland {
namespace {

// Takes numbers off a row of hexadecimal digits.
class Digits {
 public:
  explicit Digits(std::string_view row) : rest_(row) {}
  std::uint32_t next(std::size_t digits) {
    const auto value = static_cast<std::uint32_t>(std::stoul(std::string(rest_.substr(0, digits)), nullptr, 16));
    rest_.remove_prefix(digits);
    return value;
  }
  std::uint8_t byte(std::size_t digits) { return static_cast<std::uint8_t>(next(digits)); }
  [[nodiscard]] bool is_empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

struct Trajectory {
  std::string name;
  WorldsConfig config;
  Ruleset ruleset;
  WorldState start;
  std::string actions;
  std::vector<std::string> steps;
};

Trajectory parse(const nlohmann::json& json) {
  Trajectory t;
  t.name = json.at("name");
  t.config.layout = static_cast<LayoutKind>(std::stoi(json.at("layout").get<std::string>().substr(1)));
  t.config.side = json.at("side");
  t.config.view = json.at("view");
  t.config.occluded = json.at("occluded");
  t.config.max_steps = json.at("max_steps");
  t.config.trial_steps = 0;
  t.config.auto_reset = false;
  t.ruleset = {json.at("ruleset").at("goal"), json.at("ruleset").at("rules"), json.at("ruleset").at("init_tiles")};
  Digits grid(json.at("grid").get_ref<const std::string&>());
  while (!grid.is_empty()) t.start.grid.push_back(grid.byte(1));
  t.start.y = json.at("agent")[0];
  t.start.x = json.at("agent")[1];
  t.start.direction = json.at("agent")[2];
  t.actions = json.at("actions");
  t.steps = json.at("steps");
  return t;
}

std::vector<Trajectory> trajectories() {
  std::vector<Trajectory> result;
  const nlohmann::json file = read_json("xland.json");
  for (const nlohmann::json& json : file.at("trajectories")) result.push_back(parse(json));
  return result;
}

class XlandReference : public testing::TestWithParam<Trajectory> {};
INSTANTIATE_TEST_SUITE_P(Xminigrid, XlandReference, testing::ValuesIn(trajectories()), [](const auto& one) {
  std::string name = one.param.name;
  std::ranges::replace(name, ' ', '_');
  return name;
});

TEST_P(XlandReference, IsFollowedBitForBit) {
  const Trajectory& t = GetParam();
  Worlds worlds(t.config, {t.ruleset});
  worlds.set_state(0, t.start);
  std::vector<std::uint8_t> grid = t.start.grid;
  for (std::size_t step = 0; step < t.steps.size(); ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    worlds.step(std::array{static_cast<std::uint8_t>(t.actions[step] - '0')});
    const WorldState state = worlds.get_state(0);
    Digits row(t.steps[step]);
    ASSERT_EQ(state.y, static_cast<int>(row.next(2)));
    ASSERT_EQ(state.x, static_cast<int>(row.next(2)));
    ASSERT_EQ(state.direction, static_cast<int>(row.next(1)));
    ASSERT_EQ(state.pocket[0], row.byte(1));
    ASSERT_EQ(state.pocket[1], row.byte(1));
    ASSERT_EQ(std::bit_cast<std::uint32_t>(worlds.reward()[0]), row.next(8));
    ASSERT_EQ(worlds.terminated()[0] + 2 * worlds.truncated()[0], static_cast<int>(row.next(1)));
    for (const std::uint8_t seen : worlds.observation()) ASSERT_EQ(seen, row.byte(1));
    while (!row.is_empty()) {
      const std::uint32_t y = row.next(2), x = row.next(2);
      const std::size_t at = 2 * (y * static_cast<std::size_t>(t.config.side) + x);
      grid[at] = row.byte(1);
      grid[at + 1] = row.byte(1);
    }
    ASSERT_EQ(state.grid, grid);
  }
}

}  // namespace
}  // namespace lockstep::envs::xland
