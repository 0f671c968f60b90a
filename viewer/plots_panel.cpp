// The strip below: the history's slider and curves of rewards, states and controls of the selected world.
#include "viewer/app.h"
#include "viewer/panels.h"
#include "viewer/style.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <imgui.h>
#include <implot.h>

namespace lockstep::viewer {
namespace {

constexpr double kLeastSeconds = 1, kMostSeconds = 10;  // of the time axis

struct Curve {
  std::string name;
  int index = 0;  // signal, or num_signals + control
};

std::vector<Curve> curves_of(const SceneSource& source, Signal::Plot plot) {
  std::vector<Curve> curves;
  const auto num_signals = static_cast<int>(source.signals().size());
  for (int index = 0; index < num_signals; ++index) {
    const Signal& signal = source.signals()[static_cast<std::size_t>(index)];
    if (signal.plot == plot) curves.push_back({signal.name, index});
  }
  if (plot == Signal::Plot::kControl) {
    for (std::size_t k = 0; k < source.controls().size(); ++k) {
      curves.push_back({source.controls()[k].name, num_signals + static_cast<int>(k)});
    }
  }
  return curves;
}

// Draws one plot. A single curve needs no legend: the title names it.
void draw_plot(App& app, const char* title, const std::vector<Curve>& curves, float width) {
  std::vector<double> times, values;
  const double end = std::max(app.shown().time, kLeastSeconds);
  ImPlot::SetNextAxisLimits(ImAxis_X1, std::max(0.0, end - kMostSeconds), end, ImPlotCond_Always);
  const ImPlotFlags legend = curves.size() == 1 ? ImPlotFlags_NoLegend : ImPlotFlags_None;
  if (!ImPlot::BeginPlot(title, ImVec2(width, -1), ImPlotFlags_NoMenus | ImPlotFlags_NoMouseText | legend)) return;
  ImPlot::SetupAxes(nullptr, nullptr, ImPlotAxisFlags_NoHighlight, ImPlotAxisFlags_AutoFit | ImPlotAxisFlags_RangeFit);
  ImPlot::SetupLegend(ImPlotLocation_NorthWest, ImPlotLegendFlags_Horizontal);
  for (const Curve& curve : curves) {
    app.simulation().series(app.state().world, curve.index, times, values);
    ImPlotSpec spec;
    spec.LineWeight = 1.6F * ImGui::GetFontSize() / 16;
    ImPlot::PlotLine(curve.name.c_str(), times.data(), values.data(), static_cast<int>(times.size()), spec);
  }
  ImPlot::EndPlot();
}

// How the returns of all worlds spread, in as many bars as their square root; a line marks the selected world's.
void draw_histogram(App& app, float width) {
  const Snapshot& shown = app.shown();
  const int signal = signal_of(app.simulation().source(), Signal::Plot::kReturn);
  std::vector<double> returns;
  returns.reserve(static_cast<std::size_t>(shown.num_worlds));
  for (int world = 0; world < shown.num_worlds; ++world) returns.push_back(shown.signal(world, signal));
  if (!ImPlot::BeginPlot("All returns", ImVec2(width, -1),
                         ImPlotFlags_NoMenus | ImPlotFlags_NoMouseText | ImPlotFlags_NoLegend)) {
    return;
  }
  ImPlot::SetupAxes(nullptr, nullptr, ImPlotAxisFlags_AutoFit | ImPlotAxisFlags_NoHighlight,
                    ImPlotAxisFlags_AutoFit | ImPlotAxisFlags_NoHighlight);
  ImPlot::PlotHistogram("worlds", returns.data(), static_cast<int>(returns.size()), ImPlotBin_Sqrt);
  const double selected = returns[static_cast<std::size_t>(app.state().world)];
  ImPlotSpec spec;
  spec.LineColor = ImVec4(1, 1, 1, 0.8F);
  ImPlot::PlotInfLines("selected", &selected, 1, spec);
  ImPlot::EndPlot();
}

void draw_timeline(App& app) {
  const Status& status = app.status();
  char text[64];
  std::snprintf(text, sizeof text, "t = %.2f s", app.shown().time);
  ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted(text);
  ImGui::SameLine(6.5F * ImGui::GetFontSize());
  ImGui::SetNextItemWidth(ImGui::GetContentRegionAvail().x);
  int index = status.history_index;
  const int last = std::max(1, status.history_size - 1);
  const bool newest = index + 1 == status.history_size;
  char label[64];
  std::snprintf(label, sizeof label, newest ? "now" : "%d steps ago", status.history_size - 1 - index);
  if (ImGui::SliderInt("###history", &index, 0, last, label)) app.simulation().scrub(index);
  ImGui::SetItemTooltip("History: %d states (Left, Right step through it)", status.history_size);
}

}  // namespace

void draw_plots(App& app) {
  const Region& area = app.panels()[3];
  ImGui::SetNextWindowPos({area.x, area.y});
  ImGui::SetNextWindowSize({area.width, area.height});
  ImGui::PushStyleColor(ImGuiCol_WindowBg, IM_COL32(20, 24, 31, 255));
  ImGui::Begin("plots", nullptr,
               ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoNav |
                   ImGuiWindowFlags_NoScrollWithMouse);
  draw_timeline(app);
  if (app.state().plots) {
    const SceneSource& source = app.simulation().source();
    struct Part {
      const char* title;
      std::vector<Curve> curves;
      float share;  // of the width
    };
    std::vector<Part> parts = {{"Reward", curves_of(source, Signal::Plot::kReward), 1},
                               {"Return", curves_of(source, Signal::Plot::kReturn), 1},
                               {"State", curves_of(source, Signal::Plot::kState), 2},
                               {"Control", curves_of(source, Signal::Plot::kControl), 1}};
    std::erase_if(parts, [](const Part& part) { return part.curves.empty(); });
    const bool histogram = app.num_worlds() > 1 && signal_of(source, Signal::Plot::kReturn) >= 0;
    float shares = histogram ? 1 : 0;
    for (const Part& part : parts) shares += part.share;
    const float gaps = ImGui::GetStyle().ItemSpacing.x * static_cast<float>(parts.size() - (histogram ? 0 : 1));
    const float unit = (ImGui::GetContentRegionAvail().x - gaps) / std::max(1.0F, shares);
    for (std::size_t k = 0; k < parts.size(); ++k) {
      if (k > 0) ImGui::SameLine();
      draw_plot(app, parts[k].title, parts[k].curves, unit * parts[k].share);
    }
    if (histogram) {
      ImGui::SameLine();
      draw_histogram(app, unit);
    }
  }
  ImGui::End();
  ImGui::PopStyleColor();
}

}  // namespace lockstep::viewer
