// The table of keys: MuJoCo's own where it has one, free keys for what is new; letters come from MuJoCo's flag names.
#include "viewer/shortcuts.h"
#include "viewer/app.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include <imgui.h>

namespace lockstep::viewer {
namespace {

using Table = std::vector<Shortcut>;

void add_time(Table& t) {
  const std::string group = "Time";
  t.push_back({ImGuiKey_Space, "Space", group, "run / pause", [](App& a) { a.toggle_running(); }});
  t.push_back({ImGuiKey_RightArrow, "Right", group, "one step; one state forward in the history",
               [](App& a) { a.step(); }, true});
  t.push_back({ImGuiKey_Period, ".", group, "one control step", [](App& a) { a.step(); }, true});
  t.push_back(
      {ImGuiKey_LeftArrow, "Left", group, "pause, one state back in the history", [](App& a) { a.step_back(); }, true});
  t.push_back({ImGuiKey_Minus, "-", group, "slower", [](App& a) { a.change_speed(+1); }, true});
  t.push_back({ImGuiKey_Equal, "=", group, "faster", [](App& a) { a.change_speed(-1); }, true});
  t.push_back({ImGuiKey_Backspace, "Backspace", group, "reset", [](App& a) { a.reset(); }});
}

void add_worlds(Table& t) {
  const std::string group = "Worlds";
  t.push_back(
      {ImGuiKey_UpArrow, "Up", group, "previous world", [](App& a) { a.select_world(a.state().world - 1); }, true});
  t.push_back(
      {ImGuiKey_DownArrow, "Down", group, "next world", [](App& a) { a.select_world(a.state().world + 1); }, true});
  t.push_back({ImGuiMod_Shift | ImGuiKey_UpArrow, "Shift+Up", group, "one row of the grid back",
               [](App& a) { a.select_world(a.state().world - a.scene().layout().columns); }, true});
  t.push_back({ImGuiMod_Shift | ImGuiKey_DownArrow, "Shift+Down", group, "one row of the grid on",
               [](App& a) { a.select_world(a.state().world + a.scene().layout().columns); }, true});
  t.push_back({ImGuiKey_Home, "Home", group, "world 0", [](App& a) { a.select_world(0); }});
  t.push_back({ImGuiKey_End, "End", group, "follow the best; again: the median, the worst, none",
               [](App& a) { a.cycle_follow(); }});
  t.push_back({ImGuiKey_6, "6", group, "one world / side by side / overlaid", [](App& a) { a.cycle_arrangement(); }});
  t.push_back(
      {ImGuiKey_7, "7", group, "colour by return / end of episode / model error", [](App& a) { a.cycle_colour(); }});
  t.push_back({ImGuiKey_8, "8", group, "ghost of the model's prediction on / off",
               [](App& a) { a.state().ghost = !a.state().ghost; }});
}

void add_view(Table& t) {
  const std::string group = "View";
  t.push_back({ImGuiKey_Escape, "Esc", group, "free camera", [](App& a) { a.free_camera(); }});
  t.push_back({ImGuiKey_LeftBracket, "[", group, "previous camera of the model", [](App& a) { a.cycle_camera(-1); }});
  t.push_back({ImGuiKey_RightBracket, "]", group, "next camera of the model", [](App& a) { a.cycle_camera(+1); }});
  t.push_back({ImGuiMod_Ctrl | ImGuiKey_A, "Ctrl+A", group, "align the camera", [](App& a) { a.align_camera(); }});
  t.push_back({ImGuiKey_PageUp, "Page Up", group, "select the parent body", [](App& a) { a.select_parent(); }});
  t.push_back({ImGuiKey_PageDown, "Page Down", group, "select the first child body", [](App& a) { a.select_child(); }});
  t.push_back({ImGuiKey_F6, "F6", group, "next kind of frames",
               [](App& a) { a.scene().option.frame = (a.scene().option.frame + 1) % mjNFRAME; }});
  t.push_back({ImGuiKey_F7, "F7", group, "next kind of labels",
               [](App& a) { a.scene().option.label = (a.scene().option.label + 1) % mjNLABEL; }});
}

void add_window(Table& t) {
  const std::string group = "Window";
  t.push_back({ImGuiKey_F1, "F1", group, "this help", [](App& a) { a.state().help = !a.state().help; }});
  t.push_back({ImGuiKey_F2, "F2", group, "info", [](App& a) { a.state().info = !a.state().info; }});
  t.push_back({ImGuiKey_F4, "F4", group, "sensors", [](App& a) { a.state().sensors = !a.state().sensors; }});
  t.push_back({ImGuiKey_Tab, "Tab", group, "left panel", [](App& a) { a.state().left_panel = !a.state().left_panel; }});
  t.push_back({ImGuiMod_Shift | ImGuiKey_Tab, "Shift+Tab", group, "right panel",
               [](App& a) { a.state().right_panel = !a.state().right_panel; }});
  for (const auto& [key, name] : {std::pair(ImGuiKey_F5, "F5"), std::pair(ImGuiKey_F11, "F11")}) {
    t.push_back({key, name, group, "full screen", [](App& a) { a.window().toggle_full_screen(); }});
  }
  t.push_back({ImGuiMod_Ctrl | ImGuiKey_Minus, "Ctrl+-", group, "smaller text",
               [](App& a) { a.window().set_font_scale(std::max(0.5F, a.window().font_scale() / 1.1F)); }, true});
  t.push_back({ImGuiMod_Ctrl | ImGuiKey_Equal, "Ctrl+=", group, "larger text",
               [](App& a) { a.window().set_font_scale(std::min(3.0F, a.window().font_scale() * 1.1F)); }, true});
}

void add_files(Table& t) {
  const std::string group = "Files";
  t.push_back({ImGuiMod_Ctrl | ImGuiKey_L, "Ctrl+L", group, "reload", [](App& a) { a.reload(); }});
  t.push_back({ImGuiMod_Ctrl | ImGuiKey_P, "Ctrl+P", group, "screenshot", [](App& a) { a.take_screenshot(); }});
  t.push_back({ImGuiKey_F8, "F8", group, "start / stop recording a video", [](App& a) { a.toggle_recording(); }});
  t.push_back({ImGuiMod_Ctrl | ImGuiKey_C, "Ctrl+C", group, "copy the state as a key frame",
               [](App& a) { a.copy_key_frame(); }});
  t.push_back({ImGuiMod_Ctrl | ImGuiMod_Shift | ImGuiKey_C, "Ctrl+Shift+C", group, "the same with all digits",
               [](App& a) { a.copy_key_frame(); }});
  t.push_back({ImGuiMod_Ctrl | ImGuiKey_Q, "Ctrl+Q", group, "quit", [](App& a) { a.window().close(); }});
}

// A drawing flag under the key that MuJoCo gives it, unless an earlier flag has that key.
void add_flag(Table& t, const char* const* strings, std::function<void(App&)> toggle) {
  const int key = flag_key(strings[2]);
  if (key == 0 || std::ranges::any_of(t, [key](const Shortcut& other) { return other.chord == key; })) return;
  t.push_back({key, strings[2], "Drawing", strings[0], std::move(toggle)});
}

void add_flags(Table& t) {
  for (int number = 0; number < mjNGROUP; ++number) {
    const auto key = static_cast<ImGuiKey>(ImGuiKey_0 + number);
    const std::string name = std::to_string(number);
    t.push_back(
        {key, name, "Groups", "geoms of group " + name, [number](App& a) { a.scene().option.geomgroup[number] ^= 1; }});
    t.push_back({ImGuiMod_Shift | key, "Shift+" + name, "Groups", "sites of group " + name,
                 [number](App& a) { a.scene().option.sitegroup[number] ^= 1; }});
  }
  for (int flag = 0; flag < mjNVISFLAG; ++flag) {
    add_flag(t, mjVISSTRING[flag], [flag](App& a) { a.scene().option.flags[flag] ^= 1; });
  }
  for (int flag = 0; flag < mjNRNDFLAG; ++flag) {
    add_flag(t, mjRNDSTRING[flag], [flag](App& a) { a.scene().scene().flags[flag] ^= 1; });
  }
}

}  // namespace

int flag_key(const char* key_name) {
  if (key_name == nullptr || key_name[0] == '\0') return 0;
  const char letter = key_name[0];
  if (std::isalpha(static_cast<unsigned char>(letter)) != 0) {
    return ImGuiKey_A + (std::toupper(static_cast<unsigned char>(letter)) - 'A');
  }
  switch (letter) {
    case ',':
      return ImGuiKey_Comma;
    case '\'':
      return ImGuiKey_Apostrophe;
    case ';':
      return ImGuiKey_Semicolon;
    case '`':
      return ImGuiKey_GraveAccent;
    case '\\':
      return ImGuiKey_Backslash;
    case '/':
      return ImGuiKey_Slash;
    default:
      return 0;
  }
}

const std::vector<Shortcut>& shortcuts() {
  static const Table table = [] {
    Table t;
    add_time(t);
    add_worlds(t);
    add_view(t);
    add_window(t);
    add_files(t);
    add_flags(t);
    return t;
  }();
  return table;
}

const std::vector<MouseGesture>& mouse_gestures() {
  static const std::vector<MouseGesture> table = {
      {"left drag", "orbit"},
      {"right drag", "pan; with Shift: over the floor"},
      {"wheel, middle drag", "zoom"},
      {"click left", "select a world"},
      {"double-click left", "select a body (and its world)"},
      {"double-click right", "look at the point; with Ctrl: track the body"},
      {"Ctrl + left drag", "turn the selected body; with Shift: other axes"},
      {"Ctrl + right drag", "pull the selected body; with Shift: over the floor"},
      {"drop a file", "open a model"},
  };
  return table;
}

}  // namespace lockstep::viewer
