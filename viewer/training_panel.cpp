// The panels of a followed run: its learning curves, and what its agent says of its model.
#include "viewer/app.h"
#include "viewer/panels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <imgui.h>
#include <implot.h>

namespace lockstep::viewer {
namespace {

constexpr float kPlotHeight = 9.5F;  // in heights of a letter

// Columns that are no curve of their own: the axes, and what the first two plots show.
constexpr std::array<std::string_view, 7> kElsewhere = {"iteration", "env_steps",     "real_seconds", "wall_seconds",
                                                        "return",    "return_lowest", "success"};

bool begin_plot(const char* title) {
  const ImVec2 size(-1, kPlotHeight * ImGui::GetFontSize());
  if (!ImPlot::BeginPlot(title, size, ImPlotFlags_NoMenus | ImPlotFlags_NoMouseText)) return false;
  ImPlot::SetupAxes(nullptr, nullptr, ImPlotAxisFlags_AutoFit | ImPlotAxisFlags_NoHighlight,
                    ImPlotAxisFlags_AutoFit | ImPlotAxisFlags_NoHighlight);
  ImPlot::SetupLegend(ImPlotLocation_South, ImPlotLegendFlags_Outside | ImPlotLegendFlags_Horizontal);
  return true;
}

void plot_line(const std::string& name, const std::vector<double>& xs, const std::vector<double>& ys) {
  ImPlotSpec spec;
  spec.LineWeight = 1.6F * ImGui::GetFontSize() / 16;
  spec.Marker = xs.size() < 30 ? ImPlotMarker_Circle : ImPlotMarker_None;  // one row is no line
  spec.MarkerSize = 2;
  ImPlot::PlotLine(name.c_str(), xs.data(), ys.data(), static_cast<int>(std::min(xs.size(), ys.size())), spec);
}

// One plot of those of the columns that the run has, against the steps or the iterations.
void draw_curves(App& app, const char* title, std::span<const std::string> names) {
  const MetricsTable& table = app.run()->metrics().table();
  const std::vector<double>* xs = table.find(app.state().over_steps ? "env_steps" : "iteration");
  const auto has = [&](const std::string& name) { return table.find(name) != nullptr; };
  if (xs == nullptr || std::ranges::none_of(names, has) || !begin_plot(title)) return;
  for (const std::string& name : names) {
    if (has(name)) plot_line(name, *xs, *table.find(name));
  }
  ImPlot::EndPlot();
}

void line(const char* name, const std::string& value) {
  ImGui::TableNextRow();
  ImGui::TableNextColumn();
  ImGui::TextDisabled("%s", name);
  ImGui::TableNextColumn();
  ImGui::TextUnformatted(value.c_str());
  ImGui::SetItemTooltip("%s", value.c_str());
}

std::string newest(const MetricsTable& table, std::string_view name, const char* format) {
  const std::vector<double>* column = table.find(name);
  if (column == nullptr || column->empty()) return "none yet";
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, column->back());
  return text.data();
}

// What takes over when the episode has ended.
std::string next_policy(const FollowedRun& run) {
  if (run.newer() != nullptr) return "iteration " + std::to_string(run.newer()->iteration);
  return run.is_loading() ? "is being loaded" : "none yet";
}

void draw_facts(const FollowedRun& run) {
  if (!ImGui::BeginTable("run", 2)) return;
  ImGui::TableSetupColumn("name", ImGuiTableColumnFlags_WidthFixed, 6 * ImGui::GetFontSize());
  ImGui::TableSetupColumn("value", ImGuiTableColumnFlags_WidthStretch);
  const MetricsTable& table = run.metrics().table();
  line("Task", run.playing().task);
  line("Agent", run.playing().agent + ", seed " + std::to_string(run.playing().seed));
  line("Run", run.is_written() ? "is being written" : "is not being written");
  line("Iterations", newest(table, "iteration", "%.0f"));
  line("Env steps", newest(table, "env_steps", "%.0f"));
  const double pace = steps_per_second(table);
  line("Steps/s", pace > 0 ? std::to_string(std::llround(pace)) : "not known yet");
  line("Return", newest(table, "return", "%.5g"));
  line("Policy", "iteration " + std::to_string(run.playing().iteration));
  line("Next policy", next_policy(run));
  ImGui::EndTable();
}

void draw_problem(const std::string& problem) {
  if (problem.empty()) return;
  ImGui::PushStyleColor(ImGuiCol_Text, IM_COL32(255, 150, 90, 255));
  ImGui::TextWrapped("%s", problem.c_str());
  ImGui::PopStyleColor();
}

// The list of the other metrics. One that the file no longer has gives way to the first.
void choose_curve(App& app, const MetricsTable& table) {
  std::string& chosen = app.state().curve;
  std::vector<std::string> names;
  std::ranges::copy_if(table.names, std::back_inserter(names),
                       [](const std::string& name) { return std::ranges::find(kElsewhere, name) == kElsewhere.end(); });
  if (names.empty()) {
    chosen.clear();
    return;
  }
  if (std::ranges::find(names, chosen) == names.end()) chosen = names.front();
  ImGui::SetNextItemWidth(-1);
  if (!ImGui::BeginCombo("###curve", chosen.c_str())) return;
  for (const std::string& name : names) {
    if (ImGui::Selectable(name.c_str(), name == chosen)) chosen = name;
  }
  ImGui::EndCombo();
}

void draw_training(App& app) {
  const FollowedRun& run = *app.run();
  draw_facts(run);
  draw_problem(run.metrics().problem());
  draw_problem(run.problem());
  const MetricsTable& table = run.metrics().table();
  if (table.num_rows() == 0) return;
  bool over_steps = app.state().over_steps;
  if (ImGui::RadioButton("env steps", over_steps)) over_steps = true;
  ImGui::SameLine();
  if (ImGui::RadioButton("iterations", !over_steps)) over_steps = false;
  app.state().over_steps = over_steps;
  const std::array<std::string, 2> returns = {"return", "return_lowest"};
  draw_curves(app, "###curves_return", returns);
  const std::array<std::string, 1> success = {"success"};
  draw_curves(app, "###curves_success", success);
  choose_curve(app, table);
  if (app.state().curve.empty()) return;
  const std::array<std::string, 1> chosen = {app.state().curve};
  draw_curves(app, "###curves_other", chosen);
}

void draw_model(const PlayedPolicy& policy) {
  for (const std::string& equation : policy.equations) ImGui::TextWrapped("%s", equation.c_str());
  if (policy.model_error.empty() || !begin_plot("###curves_model")) return;
  std::vector<double> horizons(policy.model_error.size());
  for (std::size_t k = 0; k < horizons.size(); ++k) horizons[k] = static_cast<double>(k + 1);
  plot_line("error by steps ahead", horizons, policy.model_error);
  ImPlot::EndPlot();
}

}  // namespace

void draw_run(App& app) {
  constexpr ImGuiTreeNodeFlags kOpen = ImGuiTreeNodeFlags_DefaultOpen;
  if (ImGui::CollapsingHeader("Training", kOpen)) draw_training(app);
  const PlayedPolicy& policy = app.run()->playing();
  if (policy.equations.empty() && policy.model_error.empty()) return;
  if (ImGui::CollapsingHeader("Model", kOpen)) draw_model(policy);
}

}  // namespace lockstep::viewer
