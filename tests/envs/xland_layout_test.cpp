// Tests layouts of rooms: how many doors there are and where, objects and agents on floor of their own, bad sizes.
#include "engine/error.h"
#include "envs/xland/ruleset_generator.h"
#include "envs/xland/worlds.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace lockstep::envs::xland {
namespace {

struct Case {
  LayoutKind layout;
  int side, doors;
};
std::string name_of(const testing::TestParamInfo<Case>& info) {
  return std::string(layout_name(info.param.layout)) + "_" + std::to_string(info.param.side);
}

class XlandLayout : public testing::TestWithParam<Case> {
 protected:
  static constexpr int kWorlds = 1500;
  Worlds worlds_{{.num_worlds = kWorlds, .layout = GetParam().layout, .side = GetParam().side, .seed = 4},
                 {{.goal = {}, .rules = {}, .init_tiles = {{3, 1}, {0, 0}, {4, 2}, {3, 1}}}}};
  static int tile(const WorldState& state, int y, int x) {
    return state.grid[static_cast<std::size_t>(2 * (y * GetParam().side + x))];
  }
};
INSTANTIATE_TEST_SUITE_P(Sizes, XlandLayout,
                         testing::Values(Case{LayoutKind::kR1, 9, 0}, Case{LayoutKind::kR2, 9, 1},
                                         Case{LayoutKind::kR2, 13, 1}, Case{LayoutKind::kR4, 9, 4},
                                         Case{LayoutKind::kR4, 13, 4}, Case{LayoutKind::kR4, 17, 4},
                                         Case{LayoutKind::kR6, 13, 6}, Case{LayoutKind::kR6, 19, 6},
                                         Case{LayoutKind::kR9, 16, 12}, Case{LayoutKind::kR9, 25, 12}),
                         name_of);

TEST_P(XlandLayout, HasItsDoorsInWallsBetweenTwoRoomsAndNotOnCorners) {
  const int side = GetParam().side;
  for (int world = 0; world < kWorlds; ++world) {
    const WorldState state = worlds_.get_state(world);
    int doors = 0;
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        const bool edge = y == 0 || x == 0 || y == side - 1 || x == side - 1;
        if (edge) {
          ASSERT_EQ(tile(state, y, x), 2);
        } else if (tile(state, y, x) == 9) {
          ++doors;
          const auto closed = [&](int dy, int dx) { return tile(state, y + dy, x + dx) == 2; };
          const bool across = closed(0, -1) && closed(0, 1) && !closed(-1, 0) && !closed(1, 0);
          const bool down = closed(-1, 0) && closed(1, 0) && !closed(0, -1) && !closed(0, 1);
          ASSERT_TRUE(across || down) << "door at " << y << ", " << x << " of world " << world;
        }
      }
    }
    ASSERT_EQ(doors, GetParam().doors);
  }
}

TEST_P(XlandLayout, PutsEveryObjectAndTheAgentOnCellsOfTheirOwn) {
  for (int world = 0; world < kWorlds; ++world) {
    const WorldState state = worlds_.get_state(world);
    const auto count = [&](int wanted) {
      int found = 0;
      for (std::size_t i = 0; i < state.grid.size(); i += 2) found += state.grid[i] == wanted ? 1 : 0;
      return found;
    };
    ASSERT_EQ(count(3), 2);
    ASSERT_EQ(count(4), 1);
    ASSERT_EQ(tile(state, state.y, state.x), 1);
    ASSERT_EQ(state.pocket, EncodedTile{});
  }
}

// Pearson's sum over n outcomes that should be alike likely: n - 1 on average, within five deviations.
void expect_uniform(const std::map<int, int>& counts, int outcomes, int draws) {
  const double share = static_cast<double>(draws) / outcomes;
  double sum = share * (outcomes - static_cast<int>(counts.size()));  // of those that never came
  for (const auto& [outcome, count] : counts) sum += (count - share) * (count - share) / share;
  EXPECT_LE(counts.size(), static_cast<std::size_t>(outcomes));
  EXPECT_NEAR(sum, outcomes - 1, 5 * std::sqrt(2.0 * (outcomes - 1)));
}

TEST_P(XlandLayout, DrawsAgentsCellsDirectionsAndColoursOfDoorsUniformly) {
  const int side = GetParam().side;
  std::map<int, int> cells, directions, colours;
  std::set<int> free;
  for (int world = 0; world < kWorlds; ++world) {
    const WorldState state = worlds_.get_state(world);
    ++cells[state.y * side + state.x];
    ++directions[state.direction];
    for (std::size_t i = 0; i < state.grid.size(); i += 2) {
      if (state.grid[i] == 9) ++colours[state.grid[i + 1]];
      if (state.grid[i] == 1) free.insert(static_cast<int>(i / 2));
    }
  }
  expect_uniform(cells, static_cast<int>(free.size()), kWorlds);
  expect_uniform(directions, 4, kWorlds);
  if (GetParam().doors > 0) expect_uniform(colours, 6, kWorlds * GetParam().doors);
}

TEST(XlandLayout, OfFourRoomsHasDoorsAtEveryOffsetAlike) {
  constexpr int kWorlds = 3000, kSide = 13, kHalf = kSide / 2;
  Worlds worlds({.num_worlds = kWorlds}, {Ruleset{}});
  std::map<int, int> offsets;
  for (int world = 0; world < kWorlds; ++world) {
    const WorldState state = worlds.get_state(world);
    for (int i = 1; i < kSide - 1; ++i) {
      if (state.grid[static_cast<std::size_t>(2 * (kHalf * kSide + i))] == 9) ++offsets[i % kHalf];
      if (state.grid[static_cast<std::size_t>(2 * (i * kSide + kHalf))] == 9) ++offsets[i % kHalf];
    }
  }
  expect_uniform(offsets, kHalf - 1, 4 * kWorlds);
}

std::string fix_of(LayoutKind kind, int side, int view = 5) {
  try {
    (void)make_layout(kind, make_geometry(side, view));
  } catch (const Error& error) {
    return error.fix();
  }
  return "";
}

TEST(XlandLayout, RefusesSizesThatDoNotFitAndSaysWhichDo) {
  EXPECT_NE(fix_of(LayoutKind::kR9, 13 + 1).find("3 k + 4"), std::string::npos);
  EXPECT_EQ(fix_of(LayoutKind::kR9, 13), "");
  EXPECT_NE(fix_of(LayoutKind::kR4, 12).find("odd"), std::string::npos);
  EXPECT_NE(fix_of(LayoutKind::kR6, 7).find("at least 9"), std::string::npos);
  EXPECT_NE(fix_of(LayoutKind::kR1, 256).find("bytes"), std::string::npos);
  EXPECT_EQ(fix_of(LayoutKind::kR1, 255), "");
  EXPECT_NE(fix_of(LayoutKind::kR1, 4), "");
  EXPECT_NE(fix_of(LayoutKind::kR1, 9, 4), "");
  EXPECT_NE(fix_of(LayoutKind::kR1, 9, 17), "");
}

TEST(XlandLayout, FillsARoomToItsLastCell) {
  const std::vector<EncodedTile> objects(8, EncodedTile{3, 1});  // of nine cells
  Worlds worlds({.num_worlds = 50, .layout = LayoutKind::kR1, .side = 5},
                {{.goal = {}, .rules = {}, .init_tiles = objects}});
  for (int world = 0; world < 50; ++world) {
    const WorldState state = worlds.get_state(world);
    EXPECT_EQ(std::ranges::count(state.grid, 3), 8);
    EXPECT_EQ(state.grid[static_cast<std::size_t>(2 * (state.y * 5 + state.x))], 1);
  }
}

}  // namespace
}  // namespace lockstep::envs::xland
