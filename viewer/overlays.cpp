// What lies over the 3D view: info, numbers of worlds, sensors, messages, help.
#include "viewer/app.h"
#include "viewer/panels.h"
#include "viewer/style.h"

#include <array>
#include <cfloat>
#include <cstdio>
#include <string>
#include <vector>

#include <imgui.h>
#include <implot.h>

namespace lockstep::viewer {
namespace {

constexpr ImGuiWindowFlags kOverlay = ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove |
                                      ImGuiWindowFlags_NoInputs | ImGuiWindowFlags_NoNav |
                                      ImGuiWindowFlags_AlwaysAutoResize | ImGuiWindowFlags_NoFocusOnAppearing;

template <class... Args>
void info_row(const char* name, const char* format, Args... args) {
  ImGui::TableNextRow();
  ImGui::TableNextColumn();
  ImGui::TextDisabled("%s", name);
  ImGui::TableNextColumn();
  ImGui::Text(format, args...);
}

void draw_info(App& app) {
  const float em = ImGui::GetFontSize();
  const Region& view = app.view();
  ImGui::SetNextWindowPos({view.x + 0.7F * em, view.y + view.height - 0.7F * em}, ImGuiCond_Always, {0, 1});
  ImGui::SetNextWindowBgAlpha(0.72F);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 6);
  ImGui::Begin("info", nullptr, kOverlay);
  const mjModel& model = app.scene().model();
  const mjData& data = app.scene().data();
  if (ImGui::BeginTable("info", 2)) {
    ImGui::TableSetupColumn("name", ImGuiTableColumnFlags_WidthFixed, 4.8F * em);
    ImGui::TableSetupColumn("value", ImGuiTableColumnFlags_WidthFixed, 8 * em);
    info_row("Time", "%.3f s", app.shown().time);
    info_row("CPU", "%.3f ms a step", app.status().step_ms);
    info_row("Display", "%.0f frames/s", 1 / app.display_seconds());
    if (app.draws_own()) {
      info_row("Drawn", "%lld shapes", static_cast<long long>(app.own_renderer()->instances().num_drawn()));
    }
    info_row("Contacts", "%d, %d rows", static_cast<int>(data.ncon), static_cast<int>(data.nefc));
    if ((model.opt.enableflags & mjENBL_ENERGY) != 0) {
      info_row("Energy", "%.4g J", data.energy[0] + data.energy[1]);
    }
    if (app.shown().faults > 0) info_row("Faults", "%d worlds went non-finite", static_cast<int>(app.shown().faults));
    if (const int body = app.scene().perturb.select; body > 0) {
      const char* name = mj_id2name(&model, mjOBJ_BODY, body);
      info_row("Selected", "%s", name != nullptr && *name != '\0' ? name : ("body " + std::to_string(body)).c_str());
    }
    ImGui::EndTable();
  }
  ImGui::End();
  ImGui::PopStyleVar();
}

// The number of each world, and its return where there is one, beside it; of many worlds the selected one's alone.
void draw_labels(App& app) {
  constexpr int kMostLabels = 16;
  if (!app.shows_grid()) return;
  const SceneSource& source = app.simulation().source();
  const int shown_signal = signal_of(source, Signal::Plot::kReturn);
  const Region& view = app.view();
  ImDrawList* list = ImGui::GetBackgroundDrawList();
  list->PushClipRect({view.x, view.y}, {view.x + view.width, view.y + view.height});
  for (int world = 0; world < app.num_worlds(); ++world) {
    if (app.num_worlds() > kMostLabels && world != app.state().world) continue;
    const auto at = app.scene().project(app.scene().label_place(world), static_cast<double>(view.aspect()));
    if (!at) continue;
    char text[48];
    std::snprintf(text, sizeof text, "%d", world);
    if (shown_signal >= 0)
      std::snprintf(text, sizeof text, "%d   %.1f", world, app.shown().signal(world, shown_signal));
    const float font_size = 0.85F * ImGui::GetFontSize();
    const ImVec2 size = ImGui::GetFont()->CalcTextSizeA(font_size, FLT_MAX, 0, text);
    const ImVec2 centre{view.x + static_cast<float>((*at)[0]) * view.width,
                        view.y + static_cast<float>((*at)[1]) * view.height};
    const ImVec2 corner{centre.x - 0.5F * size.x, centre.y - 0.5F * size.y};
    const bool selected = world == app.state().world;
    list->AddRectFilled({corner.x - 5, corner.y}, {corner.x + size.x + 5, corner.y + size.y}, IM_COL32(15, 18, 24, 170),
                        4);
    list->AddText(ImGui::GetFont(), font_size, corner, selected ? accent_colour() : IM_COL32(225, 230, 238, 230), text);
  }
  list->PopClipRect();
}

// What the colours of the worlds mean: a bar from the lowest to the highest value.
void draw_legend(App& app) {
  const auto& colours = app.colours();
  if (!colours || !app.draws_own()) return;
  const Region& view = app.view();
  const float em = ImGui::GetFontSize();
  ImGui::SetNextWindowPos({view.x + view.width - 0.7F * em, view.y + 0.7F * em}, ImGuiCond_Always, {1, 0});
  ImGui::SetNextWindowBgAlpha(0.72F);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 6);
  ImGui::Begin("legend", nullptr, kOverlay);
  ImGui::TextUnformatted(colours->title.c_str());
  const ImVec2 corner = ImGui::GetCursorScreenPos(), size{11 * em, 0.6F * em};
  constexpr int kPieces = 24;
  for (int piece = 0; piece < kPieces; ++piece) {
    const float left = corner.x + size.x * static_cast<float>(piece) / kPieces;
    const auto [red, green, blue] = scale_colour(app.state().colour_by, (piece + 0.5) / kPieces);
    ImGui::GetWindowDrawList()->AddRectFilled({left, corner.y}, {left + size.x / kPieces + 1, corner.y + size.y},
                                              ImGui::ColorConvertFloat4ToU32({red, green, blue, 1}));
  }
  ImGui::Dummy(size);
  char low[32], high[32];
  std::snprintf(low, sizeof low, "%.4g%s", colours->low, colours->low > colours->high ? " or more" : "");
  std::snprintf(high, sizeof high, "%.4g", colours->high);
  ImGui::TextDisabled("%s", low);
  ImGui::SameLine(size.x - ImGui::CalcTextSize(high).x + ImGui::GetStyle().WindowPadding.x);
  ImGui::TextDisabled("%s", high);
  ImGui::End();
  ImGui::PopStyleVar();
}

// The names that F7 asks for, where our own renderer, which has no text, draws.
void draw_geom_labels(App& app) {
  if (!app.draws_own()) return;
  const mjvScene& scene = app.scene().scene();
  const Region& view = app.view();
  ImDrawList* list = ImGui::GetBackgroundDrawList();
  list->PushClipRect({view.x, view.y}, {view.x + view.width, view.y + view.height});
  for (int index = 0; index < scene.ngeom; ++index) {
    const mjvGeom& geom = scene.geoms[index];
    if (geom.label[0] == '\0') continue;
    const std::array<double, 3> place = {static_cast<double>(geom.pos[0]), static_cast<double>(geom.pos[1]),
                                         static_cast<double>(geom.pos[2])};
    const auto at = app.scene().project(place, static_cast<double>(view.aspect()));
    if (!at) continue;
    list->AddText(
        {view.x + static_cast<float>((*at)[0]) * view.width, view.y + static_cast<float>((*at)[1]) * view.height},
        IM_COL32(235, 238, 244, 255), geom.label);
  }
  list->PopClipRect();
}

void draw_sensors(App& app) {
  const mjModel& model = app.scene().model();
  const mjData& data = app.scene().data();
  const Region& view = app.view();
  const float em = ImGui::GetFontSize();
  ImGui::SetNextWindowPos({view.x + view.width - 0.7F * em, view.y + view.height - 0.7F * em}, ImGuiCond_Always,
                          {1, 1});
  ImGui::SetNextWindowBgAlpha(0.72F);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 6);
  ImGui::Begin("sensors", nullptr, kOverlay);
  if (model.nsensordata == 0) {
    ImGui::TextDisabled("The model has no sensors");
  } else if (ImPlot::BeginPlot("Sensors", ImVec2(22 * em, 11 * em), ImPlotFlags_NoLegend | ImPlotFlags_NoInputs)) {
    ImPlot::SetupAxes(nullptr, nullptr, ImPlotAxisFlags_AutoFit, ImPlotAxisFlags_AutoFit);
    ImPlot::PlotBars("sensors", data.sensordata, static_cast<int>(model.nsensordata));
    ImPlot::EndPlot();
  }
  ImGui::End();
  ImGui::PopStyleVar();
}

// A red dot while the view is recorded; the movie does not show it.
void draw_recording(const App& app) {
  if (!app.is_recording()) return;
  const Region& view = app.view();
  const float em = ImGui::GetFontSize();
  ImDrawList* list = ImGui::GetBackgroundDrawList();
  const ImVec2 centre{view.x + 1.4F * em, view.y + 1.4F * em};
  list->AddCircleFilled(centre, 0.42F * em, IM_COL32(232, 62, 62, 255));
  list->AddText({centre.x + 0.8F * em, centre.y - 0.5F * em}, IM_COL32(240, 240, 240, 255), "recording");
}

void draw_message(App& app) {
  const ViewState& state = app.state();
  if (ImGui::GetTime() > state.message_until) return;
  const Region& view = app.view();
  const float em = ImGui::GetFontSize();
  ImGui::SetNextWindowPos({view.x + 0.5F * view.width, view.y + em}, ImGuiCond_Always, {0.5F, 0});
  ImGui::SetNextWindowSizeConstraints({0, 0}, {0.9F * view.width, view.height});
  ImGui::SetNextWindowBgAlpha(0.9F);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 6);
  ImGui::Begin("message", nullptr, kOverlay);
  ImGui::TextUnformatted(state.message.c_str());
  ImGui::End();
  ImGui::PopStyleVar();
}

}  // namespace

void draw_overlays(App& app) {
  if (app.state().labels) draw_labels(app);
  draw_geom_labels(app);
  draw_legend(app);
  draw_recording(app);
  if (app.state().info) draw_info(app);
  if (app.state().sensors) draw_sensors(app);
  draw_message(app);
  if (app.state().help) draw_help(app);
}

}  // namespace lockstep::viewer
