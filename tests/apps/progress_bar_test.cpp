// Tests the text of the progress bar, and that it stays silent where there is no terminal.
#include "apps/progress_bar.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

namespace lockstep::apps {
namespace {

TEST(ProgressText, FillsTheShareOfTheBar) {
  EXPECT_EQ(progress_text(0.5, "fit", 80), "[############------------]  50%  fit");
  EXPECT_EQ(progress_text(0, "", 80), "[------------------------]   0%  ");
  EXPECT_EQ(progress_text(1, "", 80), "[########################] 100%  ");
}

TEST(ProgressText, ShowsAHundredOnlyWhenAllIsDone) {
  EXPECT_NE(progress_text(0.999, "", 80).find(" 99%"), std::string::npos);
}

TEST(ProgressText, KeepsInsideTheBarAndTheTerminal) {
  EXPECT_EQ(progress_text(7, "", 80), progress_text(1, "", 80));
  EXPECT_EQ(progress_text(std::nan(""), "", 80), progress_text(0, "", 80));
  EXPECT_EQ(progress_text(0.5, std::string(200, 'x'), 40).size(), 40u);
}

TEST(ProgressBar, WritesOnlyLinesWhereThereIsNoTerminal) {
  std::FILE* file = std::tmpfile();
  {
    ProgressBar bar(file);
    bar.update(0.5, "unseen");
    bar.line("iteration 1");
  }
  std::string text(100, '\0');
  std::rewind(file);
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  EXPECT_EQ(text, "iteration 1\n");
}

}  // namespace
}  // namespace lockstep::apps
