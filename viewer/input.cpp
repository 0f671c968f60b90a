// Keys through the shortcut table; mouse gestures over the view as in MuJoCo's simulate.
#include "viewer/app.h"
#include "viewer/panels.h"
#include "viewer/shortcuts.h"

#include <imgui.h>

namespace lockstep::viewer {
namespace {

constexpr float kMostClickTravel = 16;  // squared ImGui units; farther is a drag

// Modifiers have to match exactly: Ctrl+A is not A.
bool is_pressed(const Shortcut& shortcut) {
  const ImGuiIO& io = ImGui::GetIO();
  const int wanted = shortcut.chord & ImGuiMod_Mask_,
            held = io.KeyMods & (ImGuiMod_Ctrl | ImGuiMod_Shift | ImGuiMod_Alt);
  return wanted == held &&
         ImGui::IsKeyPressed(static_cast<ImGuiKey>(shortcut.chord & ~ImGuiMod_Mask_), shortcut.repeats);
}

void handle_keys(App& app) {
  if (ImGui::GetIO().WantTextInput) return;
  for (const Shortcut& shortcut : shortcuts()) {
    if (is_pressed(shortcut)) shortcut.act(app);
  }
}

struct Pointer {
  double x = 0, y = 0;  // shares of the view
  bool inside = false;
};

Pointer pointer(const App& app) {
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  const Region& view = app.view();
  Pointer p{static_cast<double>((mouse.x - view.x) / view.width),
            static_cast<double>((mouse.y - view.y) / view.height)};
  p.inside = p.x >= 0 && p.x < 1 && p.y >= 0 && p.y < 1 && !ImGui::GetIO().WantCaptureMouse;
  return p;
}

// What a drag does: button and modifiers as in simulate.
int drag_action(int button, bool shift) {
  if (button == ImGuiMouseButton_Left) return shift ? mjMOUSE_ROTATE_H : mjMOUSE_ROTATE_V;
  if (button == ImGuiMouseButton_Right) return shift ? mjMOUSE_MOVE_H : mjMOUSE_MOVE_V;
  return mjMOUSE_ZOOM;
}

}  // namespace

void handle_input(App& app) {
  handle_keys(app);
  const ImGuiIO& io = ImGui::GetIO();
  const Pointer at = pointer(app);
  bool pulling = false;
  for (int button = 0; button < 3; ++button) {
    bool& held = app.state().dragging[static_cast<std::size_t>(button)];
    if (ImGui::IsMouseClicked(button)) held = at.inside;
    const bool clicked =
        held && ImGui::IsMouseReleased(button) && io.MouseDragMaxDistanceSqr[button] < kMostClickTravel;
    if (clicked && button == ImGuiMouseButton_Left && !io.KeyCtrl) app.select_world_at(at.x, at.y);
    if (!ImGui::IsMouseDown(button)) held = false;
    if (!held) continue;
    const double dx = static_cast<double>(io.MouseDelta.x / app.view().height);
    const double dy = static_cast<double>(io.MouseDelta.y / app.view().height);
    const bool selected = app.scene().perturb.select > 0;
    const int action = drag_action(button, io.KeyShift);
    if (io.KeyCtrl && selected && button != ImGuiMouseButton_Middle) {
      pulling = true;
      if (dx != 0 || dy != 0) app.move_selected(action, dx, dy);
    } else if (dx != 0 || dy != 0) {
      app.move_camera(action, dx, dy);
    }
  }
  if (!pulling) app.end_perturbation();
  if (at.inside && io.MouseWheel != 0) {
    app.move_camera(mjMOUSE_ZOOM, 0, -0.02 * static_cast<double>(io.MouseWheel));
  }
  if (at.inside && ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left)) app.select_at(at.x, at.y);
  if (at.inside && ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Right)) app.look_at(at.x, at.y, io.KeyCtrl);
}

}  // namespace lockstep::viewer
