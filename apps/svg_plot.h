// Line plots as SVG text, for pages that open anywhere without a script or a network.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::apps {

struct Series {
  enum class Style { kLine, kDashed, kDots, kSteps, kThin, kThick, kBand };
  std::string name;          // in the legend; empty: not listed
  std::vector<double> x, y;  // the same length; a value that is not finite interrupts the line
  Style style = Style::kLine;
  int color = 0;                   // one of eight, by the page's classes c0 .. c7
  std::vector<double> upper = {};  // of a kBand, which fills what lies between y and it; all are finite
};

struct Plot {
  std::string title;
  std::string x_label, y_label;
  std::vector<Series> series = {};
  bool is_log_y = false;                 // values that are not positive are left out
  std::optional<double> threshold = {};  // a horizontal line, named below
  std::string threshold_name = {};
  int width = 520, height = 250;  // of the drawing's own coordinates; the page scales it
};

// One <svg> element. Colours come from the page's style (plot_style()), so that it follows dark and light.
[[nodiscard]] std::string svg_plot(const Plot& plot);
// CSS for the page that holds plots: colours for a light page, and for a dark one.
[[nodiscard]] std::string_view plot_style();

// Positions of at most about `count` round ticks (1, 2 or 5 times a power of ten) inside [low, high].
[[nodiscard]] std::vector<double> round_ticks(double low, double high, int count);
// `text` with &, <, > and quotes replaced, safe inside elements and attributes.
[[nodiscard]] std::string escape_markup(std::string_view text);

}  // namespace lockstep::apps
