// Tests how lists of seeds are read, written and refused.
#include "apps/seed_list.h"
#include "engine/error.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::apps {
namespace {

using Seeds = std::vector<std::uint64_t>;

TEST(SeedList, ReadsRangesAndLists) {
  EXPECT_EQ(parse_seeds("0..4"), (Seeds{0, 1, 2, 3, 4}));
  EXPECT_EQ(parse_seeds("7,0,3"), (Seeds{0, 3, 7}));
  EXPECT_EQ(parse_seeds("9,0..2"), (Seeds{0, 1, 2, 9}));
  EXPECT_EQ(parse_seeds("5"), (Seeds{5}));
}

TEST(SeedList, IsReadBackFromItsShortestText) {
  for (const Seeds& seeds : {Seeds{0, 1, 2, 3}, Seeds{4}, Seeds{1, 2}, Seeds{0, 2, 3, 4, 9, 11, 12}}) {
    EXPECT_EQ(parse_seeds(seeds_text(seeds)), seeds) << seeds_text(seeds);
  }
  EXPECT_EQ(seeds_text(Seeds{0, 2, 3, 4, 9, 11, 12}), "0,2..4,9,11,12");
}

class RefusedSeeds : public testing::TestWithParam<const char*> {};

TEST_P(RefusedSeeds, SayWhatIsWrongWhereAndHowToMendIt) {
  try {
    (void)parse_seeds(GetParam());
    FAIL() << "'" << GetParam() << "' was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), std::string("--seeds ") + GetParam());
    EXPECT_FALSE(error.fix().empty());
  }
}

INSTANTIATE_TEST_SUITE_P(SeedList, RefusedSeeds,
                         testing::Values("", "a", "1,", ",1", "0..", "..4", "4..0", "1,1", "0..2,1", "-1", "1.5",
                                         "0..1000", "0..500,600..1200", "18446744073709551616", "9223372036854775808",
                                         "0...4", "0 1"));

}  // namespace
}  // namespace lockstep::apps
