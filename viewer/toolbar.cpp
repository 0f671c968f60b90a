// The bar above: transport, speed, worlds, and what is shown.
#include "viewer/app.h"
#include "viewer/panels.h"
#include "viewer/style.h"

#include <cstdio>
#include <string>

#include <imgui.h>

namespace lockstep::viewer {
namespace {

bool icon_button(const char* icon, const char* id, const char* tip, bool lit = false) {
  const float side = 1.9F * ImGui::GetFontSize();
  if (lit) ImGui::PushStyleColor(ImGuiCol_Text, accent_colour());
  const bool pressed = ImGui::Button((std::string(icon) + "###" + id).c_str(), ImVec2(side, side));
  if (lit) ImGui::PopStyleColor();
  ImGui::SetItemTooltip("%s", tip);
  ImGui::SameLine(0, 0.25F * ImGui::GetFontSize());
  return pressed;
}

void gap() { ImGui::SameLine(0, ImGui::GetFontSize()); }

void draw_transport(App& app) {
  if (icon_button(icon::kReset, "reset", "Reset (Backspace)")) app.reset();
  if (icon_button(icon::kBack, "back", "One state back (Left)")) app.step_back();
  const bool running = app.status().running;
  ImGui::PushStyleColor(ImGuiCol_Button, accent_colour());
  ImGui::PushStyleColor(ImGuiCol_ButtonHovered, accent_colour(0.85F));
  ImGui::PushStyleColor(ImGuiCol_ButtonActive, accent_colour(0.7F));
  ImGui::PushStyleColor(ImGuiCol_Text, IM_COL32(20, 22, 28, 255));
  if (icon_button(running ? icon::kPause : icon::kPlay, "play", running ? "Pause (Space)" : "Run (Space)")) {
    app.toggle_running();
  }
  ImGui::PopStyleColor(4);
  if (icon_button(icon::kStep, "step", "One step (Right)")) app.step();
  gap();
}

void draw_speed(App& app) {
  const ViewState& state = app.state();
  const double wanted = kSpeeds[static_cast<std::size_t>(state.speed)];
  if (icon_button("-", "slower", "Slower (-)")) app.change_speed(+1);
  char text[48];
  const double reached = app.status().reached_percent;
  const bool behind = app.status().running && reached < 0.95 * wanted;
  std::snprintf(text, sizeof text, behind ? "%g%% (%.2g%%)" : "%g%%", wanted, reached);
  const float width = (behind ? 7.5F : 3.5F) * ImGui::GetFontSize();
  const float start = ImGui::GetCursorPosX();
  ImGui::SetCursorPosX(start + 0.5F * (width - ImGui::CalcTextSize(text).x));
  ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted(text);
  ImGui::SetItemTooltip("Speed in percent of real time%s", behind ? "; in brackets what is reached" : "");
  ImGui::SameLine();
  ImGui::SetCursorPosX(start + width);
  if (icon_button("+", "faster", "Faster (=)")) app.change_speed(-1);
  gap();
}

void draw_worlds(App& app) {
  ViewState& state = app.state();
  ImGui::AlignTextToFramePadding();
  ImGui::TextDisabled("Worlds");
  ImGui::SameLine();
  ImGui::SetNextItemWidth(3.2F * ImGui::GetFontSize());
  ImGui::InputInt("###worlds", &state.num_worlds, 0, 0);
  ImGui::SetItemTooltip("How many worlds run at once (1 to 4096)");
  if (ImGui::IsItemDeactivatedAfterEdit()) app.set_num_worlds(state.num_worlds);
  if (app.num_worlds() > 1) {
    gap();
    ImGui::AlignTextToFramePadding();
    ImGui::TextDisabled("World");
    ImGui::SameLine();
    int world = state.world;
    ImGui::SetNextItemWidth(6.0F * ImGui::GetFontSize());
    if (ImGui::SliderInt("###world", &world, 0, app.num_worlds() - 1)) app.select_world(world);
    ImGui::SetItemTooltip("The selected world (Up, Down)");
  }
  gap();
}

void draw_toggles(App& app) {
  ViewState& state = app.state();
  const float side = 2.15F * ImGui::GetFontSize();
  ImGui::SetCursorPosX(ImGui::GetWindowWidth() - 8 * side - 0.5F * ImGui::GetFontSize());
  if (icon_button(icon::kGrid, "grid", "One world / all side by side / all in one place (6)", app.shows_many())) {
    app.cycle_arrangement();
  }
  if (icon_button(icon::kList, "left", "Left panel (Tab)", state.left_panel)) state.left_panel = !state.left_panel;
  if (icon_button(icon::kSliders, "right", "Right panel (Shift+Tab)", state.right_panel)) {
    state.right_panel = !state.right_panel;
  }
  if (icon_button(icon::kChart, "plots", "Curves", state.plots)) state.plots = !state.plots;
  if (icon_button(icon::kInfo, "info", "Info (F2)", state.info)) state.info = !state.info;
  if (icon_button(icon::kCamera, "screenshot", "Screenshot (Ctrl+P)")) app.take_screenshot();
  if (icon_button(icon::kVideo, "record", "Record a video of the view (F8)", app.is_recording()))
    app.toggle_recording();
  if (icon_button(icon::kHelp, "help", "Keys and mouse (F1)", state.help)) state.help = !state.help;
}

}  // namespace

void draw_toolbar(App& app) {
  const Region& bar = app.panels()[0];
  ImGui::SetNextWindowPos({bar.x, bar.y});
  ImGui::SetNextWindowSize({bar.width, bar.height});
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0.6F * ImGui::GetFontSize(), 0.42F * ImGui::GetFontSize()));
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(6, 0.45F * ImGui::GetFontSize()));
  ImGui::PushStyleColor(ImGuiCol_WindowBg, IM_COL32(20, 24, 31, 255));
  ImGui::Begin("toolbar", nullptr, ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoNav);
  draw_transport(app);
  draw_speed(app);
  draw_worlds(app);
  draw_toggles(app);
  ImGui::End();
  ImGui::PopStyleColor();
  ImGui::PopStyleVar(2);
}

}  // namespace lockstep::viewer
