// Tests the names of the model sets, and that each loads.
#include "engine/model_sets.h"
#include "engine/error.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

TEST(ModelSets, AreNamedBySuiteAndModel) {
  EXPECT_EQ(known_models("mjlab"), (std::vector<std::string>{"mjlab/go1", "mjlab/g1"}));
  EXPECT_EQ(known_models("dm_control/walker"), std::vector<std::string>{"dm_control/walker"});
  EXPECT_TRUE(known_models("dm_control/walk").empty());
  EXPECT_EQ(known_models("gymnasium").size(), 11u);
}

TEST(ModelSets, AnUnknownNameSuggestsTheNearest) {
  try {
    (void)load_known_model("dm_control/walkr");
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE(error.fix().find("dm_control/walker"), std::string::npos);
  }
}

class EachKnownModel : public testing::TestWithParam<std::string> {};

TEST_P(EachKnownModel, Loads) { EXPECT_GT(load_known_model(GetParam())->nbody(), 1); }
INSTANTIATE_TEST_SUITE_P(Sets, EachKnownModel, testing::ValuesIn(known_models()), [](const auto& parameter) {
  std::string name = parameter.param;
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
});

}  // namespace
}  // namespace lockstep
