// Tests the table of several models' checks: cells, marks of what is beyond its bound, fallbacks, notes.
#include "apps/check_table.h"

#include <limits>

#include <gtest/gtest.h>

namespace lockstep::apps {
namespace {

ModelCheck a_check() {
  ModelCheck check;
  check.native = true;
  check.states = 1000;
  check.iterative_states = 12;
  check.stages = {{"xpos", 1e-15, 1e-9}, {"xmat", 3e-14, 1e-9}, {"qfrc_bias", 2e-7, 1e-9}, {"qacc", 4e-9, 1e-6}};
  return check;
}

void expect_holds(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is not in: " << text;
}

TEST(CheckTable, ShowsTheLargestDeviationOfAColumnsStages) {
  const std::string row = check_table_row("suite/m", a_check(), {});
  expect_holds(row, "suite/m");
  expect_holds(row, "1000");
  expect_holds(row, " 3e-14 ");
  expect_holds(row, " 4e-09 ");
  EXPECT_EQ(row.find("1e-15"), std::string::npos);
}

TEST(CheckTable, MarksWhatIsBeyondItsBoundAndSaysSoBelow) {
  expect_holds(check_table_row("suite/m", a_check(), {}), "2e-07!");
  EXPECT_EQ(check_table_notes("suite/m", a_check()), "suite/m: qfrc_bias deviates by 2.0e-07, above 1e-09\n");
}

TEST(CheckTable, NamesWhatIsReportedOnly) {
  ModelCheck check = a_check();
  check.stages = {{"qacc, iterative contacts", 3e-3, std::numeric_limits<double>::infinity()}};
  const std::string notes = check_table_notes("suite/m", check);
  expect_holds(notes, "qacc, iterative contacts");
  expect_holds(notes, "12 states");
}

TEST(CheckTable, ShowsTheSpeedWhereItWasMeasured) {
  const std::string row = check_table_row("suite/m", a_check(), {.noisy = 12.34, .quiet = 5});
  expect_holds(row, "12.3x");
  expect_holds(row, "5.0x");
}

TEST(CheckTable, SaysWhyAModelFallsBack) {
  ModelCheck check;
  check.fallback_features = {"flexes", "plugins"};
  expect_holds(check_table_row("suite/m", check, {}), "fallback: flexes; plugins");
}

}  // namespace
}  // namespace lockstep::apps
