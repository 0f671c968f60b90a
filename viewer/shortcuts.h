// The keys of the viewer: one table, which the input handler obeys and F1 shows.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace lockstep::viewer {

class App;

struct Shortcut {
  int chord = 0;      // ImGuiKeyChord
  std::string keys;   // as shown: "Ctrl+P"
  std::string group;  // heading of the help table
  std::string what;
  std::function<void(App&)> act;
  bool repeats = false;  // while the key is held
};

// The table, built once.
const std::vector<Shortcut>& shortcuts();

// What the mouse does in the view: gesture and effect, for the help table.
struct MouseGesture {
  const char* gesture;
  const char* what;
};
const std::vector<MouseGesture>& mouse_gestures();

// The key that MuJoCo gives to a drawing flag, as ImGui's key; 0 for a flag without one.
int flag_key(const char* key_name);

}  // namespace lockstep::viewer
