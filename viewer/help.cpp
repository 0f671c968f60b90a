// The table that F1 shows: every key and gesture that works, from the tables that the input handler obeys.
#include "viewer/app.h"
#include "viewer/panels.h"
#include "viewer/shortcuts.h"
#include "viewer/style.h"

#include <algorithm>
#include <string>
#include <vector>

#include <imgui.h>

namespace lockstep::viewer {
namespace {

void heading(const char* text) {
  ImGui::Spacing();
  ImGui::PushFont(bold_font(), 0);
  ImGui::TextUnformatted(text);
  ImGui::PopFont();
}

bool begin_group(const std::string& name, float key_width) {
  heading(name.c_str());
  if (!ImGui::BeginTable(name.c_str(), 2)) return false;
  ImGui::TableSetupColumn("keys", ImGuiTableColumnFlags_WidthFixed, key_width * ImGui::GetFontSize());
  ImGui::TableSetupColumn("what", ImGuiTableColumnFlags_WidthStretch);
  return true;
}

void line(const std::string& keys, const std::string& what) {
  ImGui::TableNextRow();
  ImGui::TableNextColumn();
  ImGui::TextColored(ImGui::ColorConvertU32ToFloat4(accent_colour()), "%s", keys.c_str());
  ImGui::TableNextColumn();
  ImGui::TextWrapped("%s", what.c_str());
}

// The six keys of a row of groups are one line.
void draw_group(const std::string& name) {
  if (!begin_group(name, name == "Drawing" ? 2.0F : 6.4F)) return;
  for (const Shortcut& shortcut : shortcuts()) {
    if (shortcut.group != name) continue;
    if (name != "Groups") {
      line(shortcut.keys, shortcut.what);
    } else if (shortcut.keys.ends_with('0')) {
      line(shortcut.keys + " to 5", shortcut.what.substr(0, shortcut.what.rfind(' ')));
    }
  }
  ImGui::EndTable();
}

void draw_mouse() {
  if (!begin_group("Mouse over the view", 8.2F)) return;
  for (const MouseGesture& mouse : mouse_gestures()) line(mouse.gesture, mouse.what);
  ImGui::EndTable();
}

}  // namespace

void draw_help(App& app) {
  const float em = ImGui::GetFontSize();
  const ImVec2 display = ImGui::GetIO().DisplaySize;
  ImGui::SetNextWindowPos({0.5F * display.x, 0.5F * display.y}, ImGuiCond_Always, {0.5F, 0.5F});
  ImGui::SetNextWindowSize({std::min(80 * em, 0.96F * display.x), std::min(42 * em, 0.96F * display.y)});
  ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 8);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, 1);
  ImGui::PushStyleVar(ImGuiStyleVar_CellPadding, ImVec2(0.3F * em, 0.06F * em));
  ImGui::Begin("Keys and mouse", &app.state().help,
               ImGuiWindowFlags_NoResize | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoCollapse);
  if (ImGui::BeginTable("columns", 4)) {
    ImGui::TableNextColumn();
    for (const char* name : {"Time", "Worlds", "Files"}) draw_group(name);
    ImGui::TableNextColumn();
    for (const char* name : {"View", "Window"}) draw_group(name);
    ImGui::TableNextColumn();
    draw_group("Groups");
    draw_mouse();
    ImGui::TableNextColumn();
    draw_group("Drawing");
    ImGui::EndTable();
  }
  ImGui::End();
  ImGui::PopStyleVar(3);
}

}  // namespace lockstep::viewer
