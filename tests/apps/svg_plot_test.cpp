// Tests plots: where points land, where lines break, round ticks, and text that cannot break the page.
#include "apps/svg_plot.h"

#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace lockstep::apps {
namespace {

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(RoundTicks, AreOneTwoOrFiveTimesAPowerOfTen) {
  EXPECT_EQ(round_ticks(0, 10, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(round_ticks(-1.2, 1.2, 5), (std::vector<double>{-1, -0.5, 0, 0.5, 1}));
  EXPECT_EQ(round_ticks(812, 867, 5), (std::vector<double>{820, 840, 860}));
}

TEST(RoundTicks, OfNoRangeAreOne) { EXPECT_EQ(round_ticks(3, 3, 5).size(), 1u); }

TEST(SvgPlot, PutsTheFirstPointLeftAndTheLastRight) {
  const Plot plot{.title = "t", .x_label = "x", .y_label = "y", .series = {{"", {0, 1, 2}, {0, 1, 0}}}};
  const std::string svg = svg_plot(plot);
  EXPECT_NE(svg.find("d=\"M62.0 "), std::string::npos);
  EXPECT_NE(svg.find("L506.0 "), std::string::npos);
}

TEST(SvgPlot, BreaksTheLineAtValuesThatAreNotFinite) {
  const double nan = std::nan("");
  const Plot plot{.title = "t", .x_label = "x", .y_label = "y", .series = {{"", {0, 1, 2, 3, 4}, {0, 1, nan, 1, 0}}}};
  const std::string svg = svg_plot(plot);
  const size_t start = svg.find("<path class=\"line");
  const std::string path = svg.substr(start, svg.find('>', start) - start);
  EXPECT_EQ(count(path, "M"), 2u);
  EXPECT_EQ(count(path, "nan"), 0u);
}

TEST(SvgPlot, FillsABandForthAlongItsLowerSideAndBackAlongItsUpper) {
  const Series band{"", {0, 1}, {0, 1}, Series::Style::kBand, 2, {2, 3}};
  const std::string svg = svg_plot({.title = "t", .x_label = "x", .y_label = "y", .series = {band}});
  const size_t start = svg.find("<path class=\"band c2\"");
  ASSERT_NE(start, std::string::npos);
  const std::string path = svg.substr(start, svg.find('>', start) - start);
  EXPECT_NE(path.find("d=\"M62.0 "), std::string::npos) << path;
  EXPECT_EQ(count(path, "L506.0 "), 2u) << path;
  EXPECT_EQ(count(path, "L62.0 "), 1u) << path;
  EXPECT_NE(path.find("Z\""), std::string::npos) << path;
}

TEST(SvgPlot, LeavesOutWhatALogarithmCannotShow) {
  const Plot plot{.title = "t",
                  .x_label = "x",
                  .y_label = "y",
                  .series = {{"", {0, 1, 2}, {0.001, 0, 10}, Series::Style::kDots}},
                  .is_log_y = true};
  const std::string svg = svg_plot(plot);
  EXPECT_EQ(count(svg, "<circle"), 2u);
  EXPECT_EQ(count(svg, "inf"), 0u);
}

TEST(SvgPlot, IsDrawnForDataWithoutRangeOrWithoutPoints) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const std::vector<double>& y : {std::vector<double>{}, {3}, {3, 3}, {infinity, -infinity}, {1e300, -1e300}}) {
    const std::vector<double> x(y.size(), 1.0);
    const std::string svg = svg_plot({.title = "t", .x_label = "x", .y_label = "y", .series = {{"", x, y}}});
    EXPECT_EQ(count(svg, "nan"), 0u);
    EXPECT_NE(svg.find("</svg>"), std::string::npos);
  }
}

TEST(SvgPlot, EscapesItsTexts) {
  const std::string svg =
      svg_plot({.title = "<script>", .x_label = "a & b", .y_label = "\"", .series = {{"<b>", {0, 1}, {0, 1}}}});
  EXPECT_EQ(count(svg, "<script>") + count(svg, "<b>"), 0u);
  EXPECT_NE(svg.find("a &amp; b"), std::string::npos);
}

}  // namespace
}  // namespace lockstep::apps
