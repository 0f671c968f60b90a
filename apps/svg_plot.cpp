// Lays out axes, ticks, lines and a legend, and writes them as SVG.
#include "apps/svg_plot.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace lockstep::apps {
namespace {

constexpr size_t kMaxPoints = 2000;  // drawn per series; more cannot be told apart at this size
constexpr int kColors = 8;

// A linear map from data to pixels, on the logarithm where the axis is logarithmic.
struct Axis {
  double low = 0, high = 1;  // data, or log10 of it
  double pixel_low = 0, pixel_high = 1;
  bool is_log = false;

  [[nodiscard]] double scaled(double value) const { return is_log ? std::log10(value) : value; }
  [[nodiscard]] double pixel(double value) const {
    return pixel_low + (scaled(value) - low) / (high - low) * (pixel_high - pixel_low);
  }
  [[nodiscard]] bool shows(double value) const { return std::isfinite(value) && (!is_log || value > 0); }
  void include(double value) {
    if (!shows(value)) return;
    low = std::min(low, scaled(value));
    high = std::max(high, scaled(value));
  }
  // Opens an empty or degenerate range, and leaves `margin` (a share of the range) free at both ends.
  void close(double margin) {
    if (!(low <= high)) low = 0, high = 1;
    if (high - low < 1e-12 * std::max(1.0, std::abs(high))) {
      const double room = is_log ? 1 : std::max(1e-6, 0.1 * std::abs(high));
      low -= room, high += room;
    }
    const double room = margin * (high - low);
    low -= room, high += room;
  }
};

struct Tick {
  double position;  // in data
  std::string label;
};

std::string number_label(double value, double step) {
  if (std::abs(value) < 1e-9 * step) return "0";
  if (std::abs(value) >= 1e5 || step < 1e-4) return fmt::format("{:.3g}", value);
  const int decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
  return fmt::format("{:.{}f}", value, decimals);
}

std::vector<Tick> ticks_of(const Axis& axis, int count) {
  std::vector<Tick> ticks;
  if (axis.is_log) {
    const int stride = std::max(1, static_cast<int>(std::ceil((axis.high - axis.low) / count)));
    for (int power = static_cast<int>(std::ceil(axis.low)); power <= axis.high; power += stride)
      ticks.push_back({std::pow(10, power), fmt::format("1e{}", power)});
    if (ticks.size() >= 2) return ticks;
    ticks.clear();
    for (const double value : round_ticks(std::pow(10, axis.low), std::pow(10, axis.high), count))
      ticks.push_back({value, fmt::format("{:.3g}", value)});
    return ticks;
  }
  const std::vector<double> values = round_ticks(axis.low, axis.high, count);
  const double step = values.size() > 1 ? values[1] - values[0] : 1;
  for (const double value : values) ticks.push_back({value, number_label(value, step)});
  return ticks;
}

// The path of a series, a new stroke after every value that cannot be shown.
std::string path_of(const Series& series, const Axis& x, const Axis& y) {
  std::string path;
  bool pen_is_down = false;
  double last_y = 0;
  const size_t count = std::min(series.x.size(), series.y.size());
  const size_t stride = 1 + (count - (count > 0 ? 1 : 0)) / kMaxPoints;
  for (size_t k = 0; k < count; k += stride) {
    if (!x.shows(series.x[k]) || !y.shows(series.y[k])) {
      pen_is_down = false;
      continue;
    }
    const double px = x.pixel(series.x[k]), py = y.pixel(series.y[k]);
    if (pen_is_down && series.style == Series::Style::kSteps) path += fmt::format("L{:.1f} {:.1f}", px, last_y);
    path += fmt::format("{}{:.1f} {:.1f}", pen_is_down ? 'L' : 'M', px, py);
    pen_is_down = true;
    last_y = py;
  }
  return path;
}

// The outline of a band: forth along its lower side, back along its upper.
std::string outline_of(const Series& series, const Axis& x, const Axis& y) {
  std::string path;
  const size_t count = std::min({series.x.size(), series.y.size(), series.upper.size()});
  const auto add = [&](size_t k, double value) {
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? 'M' : 'L', x.pixel(series.x[k]), y.pixel(value));
  };
  for (size_t k = 0; k < count; ++k) add(k, series.y[k]);
  for (size_t k = count; k > 0; --k) add(k - 1, series.upper[k - 1]);
  return path.empty() ? path : path + "Z";
}

std::string_view extra_class(Series::Style style) {
  switch (style) {
    case Series::Style::kDashed:
      return " dashed";
    case Series::Style::kThin:
      return " thin";
    case Series::Style::kThick:
      return " thick";
    default:
      return "";
  }
}

void draw_series(const Series& series, const Axis& x, const Axis& y, std::string& out) {
  const int color = ((series.color % kColors) + kColors) % kColors;
  if (series.style == Series::Style::kBand) {
    out += fmt::format("<path class=\"band c{}\" d=\"{}\"/>\n", color, outline_of(series, x, y));
    return;
  }
  if (series.style != Series::Style::kDots) {
    out +=
        fmt::format("<path class=\"line c{}{}\" d=\"{}\"/>\n", color, extra_class(series.style), path_of(series, x, y));
    if (series.x.size() > 30 || series.style != Series::Style::kLine) return;
  }
  for (size_t k = 0; k < std::min({series.x.size(), series.y.size(), kMaxPoints}); ++k) {
    if (!x.shows(series.x[k]) || !y.shows(series.y[k])) continue;
    out += fmt::format("<circle class=\"dot c{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.6\"/>\n", color,
                       x.pixel(series.x[k]), y.pixel(series.y[k]));
  }
}

void draw_axes(const Plot& plot, const Axis& x, const Axis& y, std::string& out) {
  for (const Tick& tick : ticks_of(y, 5)) {
    const double py = y.pixel(tick.position);
    out += fmt::format("<path class=\"grid\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>", x.pixel_low, py, x.pixel_high);
    out += fmt::format("<text class=\"tick\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n",
                       x.pixel_low - 6, py + 4, tick.label);
  }
  for (const Tick& tick : ticks_of(x, 7)) {
    out += fmt::format("<text class=\"tick\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n",
                       x.pixel(tick.position), y.pixel_low + 16, tick.label);
  }
  out += fmt::format("<path class=\"axis\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>\n", x.pixel_low, y.pixel_low, x.pixel_high);
  out += fmt::format("<text class=\"label\" x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
                     0.5 * (x.pixel_low + x.pixel_high), plot.height - 5, escape_markup(plot.x_label));
  out += fmt::format(
      "<text class=\"label\" transform=\"translate(12 {:.1f}) rotate(-90)\" "
      "text-anchor=\"middle\">{}</text>\n",
      0.5 * (y.pixel_low + y.pixel_high), escape_markup(plot.y_label));
}

// Names of the series, right of the title in one row.
void draw_legend(const Plot& plot, std::string& out) {
  double right = plot.width - 10;
  for (auto series = plot.series.rbegin(); series != plot.series.rend(); ++series) {
    if (series->name.empty()) continue;
    const double left = right - 6.6 * static_cast<double>(series->name.size());
    out += fmt::format("<text class=\"label\" x=\"{:.1f}\" y=\"17\">{}</text>", left, escape_markup(series->name));
    out += fmt::format("<path class=\"line c{}{}\" d=\"M{:.1f} 13h16\"/>\n", series->color % kColors,
                       extra_class(series->style), left - 20);
    right = left - 34;
  }
}

}  // namespace

std::vector<double> round_ticks(double low, double high, int count) {
  const double raw = (high - low) / std::max(1, count);
  if (!(raw > 0) || !std::isfinite(raw)) return {low};
  const double power = std::pow(10, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= raw * (1 - 1e-9)) {
      step = factor * power;
      break;
    }
  }
  std::vector<double> ticks;
  for (double k = std::ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; ++k) ticks.push_back(k * step);
  return ticks;
}

std::string escape_markup(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string svg_plot(const Plot& plot) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Axis x{kInfinity, -kInfinity, 62, plot.width - 14.0, false};
  Axis y{kInfinity, -kInfinity, plot.height - 42.0, 32, plot.is_log_y};
  for (const Series& series : plot.series) {
    for (size_t k = 0; k < std::min(series.x.size(), series.y.size()); ++k) {
      if (!x.shows(series.x[k]) || !y.shows(series.y[k])) continue;
      x.include(series.x[k]);
      y.include(series.y[k]);
    }
    for (const double value : series.upper) y.include(value);
  }
  if (plot.threshold) y.include(*plot.threshold);
  x.close(0);
  y.close(0.06);

  std::string out = fmt::format("<svg class=\"plot\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n",
                                plot.width, plot.height, escape_markup(plot.title));
  out += fmt::format("<text class=\"title\" x=\"8\" y=\"17\">{}</text>\n", escape_markup(plot.title));
  draw_axes(plot, x, y, out);
  if (plot.threshold && y.shows(*plot.threshold)) {
    const double py = y.pixel(*plot.threshold);
    out += fmt::format("<path class=\"threshold\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>", x.pixel_low, py, x.pixel_high);
    out += fmt::format("<text class=\"tick\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", x.pixel_low + 4, py - 5,
                       escape_markup(plot.threshold_name));
  }
  for (const Series& series : plot.series) draw_series(series, x, y, out);
  draw_legend(plot, out);
  return out + "</svg>\n";
}

// Colours after Okabe and Ito (2008), told apart by colour-blind readers, lightened for dark pages.
std::string_view plot_style() {
  return R"(
:root { --c0:#0072b2; --c1:#d55e00; --c2:#009e73; --c3:#cc79a7; --c4:#7a5195; --c5:#b8860b; --c6:#56b4e9; --c7:#666; }
@media (prefers-color-scheme: dark) {
  :root { --c0:#5ab4f0; --c1:#ff9a52; --c2:#3fd6a8; --c3:#f0a6cd; --c4:#b79ae0; --c5:#f0c850; --c6:#8fd4ff; --c7:#aaa; }
}
svg.plot { width:100%; height:auto; display:block; font:12px system-ui, sans-serif; }
svg.plot text { fill:var(--text); }
svg.plot .title { font-weight:600; font-size:13px; }
svg.plot .tick { fill:var(--faint); font-size:11px; }
svg.plot .label { fill:var(--faint); }
svg.plot .grid { stroke:var(--line); stroke-width:1; fill:none; }
svg.plot .axis { stroke:var(--faint); stroke-width:1; fill:none; }
svg.plot .threshold { stroke:var(--faint); stroke-width:1.2; stroke-dasharray:2 4; fill:none; }
svg.plot .line { stroke-width:1.8; fill:none; stroke-linejoin:round; stroke:currentColor; }
svg.plot .thin { stroke-width:1; opacity:0.55; }
svg.plot .thick { stroke-width:3; }
svg.plot .band { fill:currentColor; opacity:0.18; stroke:none; }
svg.plot .dashed { stroke-dasharray:6 4; }
svg.plot .dot { fill:currentColor; stroke:none; }
.c0 { color:var(--c0); } .c1 { color:var(--c1); } .c2 { color:var(--c2); } .c3 { color:var(--c3); }
.c4 { color:var(--c4); } .c5 { color:var(--c5); } .c6 { color:var(--c6); } .c7 { color:var(--c7); }
)";
}

}  // namespace lockstep::apps
