// The left panel: file, simulation, rendering, groups, and what the physics is.
#include "viewer/app.h"
#include "viewer/panels.h"
#include "viewer/shortcuts.h"
#include "viewer/style.h"

#include <initializer_list>
#include <string>

#include <imgui.h>

namespace lockstep::viewer {
namespace {

// A line of a two-column list: faint name, value.
void fact(const char* name, const std::string& value) {
  ImGui::TableNextRow();
  ImGui::TableNextColumn();
  ImGui::TextDisabled("%s", name);
  ImGui::TableNextColumn();
  ImGui::TextWrapped("%s", value.c_str());
}

bool begin_facts(const char* id) {
  if (!ImGui::BeginTable(id, 2, ImGuiTableFlags_None)) return false;
  ImGui::TableSetupColumn("name", ImGuiTableColumnFlags_WidthFixed, 6.2F * ImGui::GetFontSize());
  ImGui::TableSetupColumn("value", ImGuiTableColumnFlags_WidthStretch);
  return true;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

// One of two buttons that share a line.
bool half_button(const char* label, const char* tip, float width) {
  const bool pressed = ImGui::Button(label, ImVec2(width, 0));
  ImGui::SetItemTooltip("%s", tip);
  return pressed;
}

float half_width() { return 0.5F * (ImGui::GetContentRegionAvail().x - ImGui::GetStyle().ItemSpacing.x); }

void draw_file(App& app) {
  const SceneSource& source = app.simulation().source();
  if (begin_facts("file")) {
    fact("Showing", source.title());
    fact("Backend", source.report());
    ImGui::EndTable();
  }
  const float half = half_width();
  if (half_button("Reload", "Reload (Ctrl+L); drop a model file on the window to open it", half)) app.reload();
  ImGui::SameLine();
  if (half_button("Screenshot", "Screenshot (Ctrl+P)", half)) app.take_screenshot();
}

// The key frames of the model: choosing one puts the selected world into it.
void draw_key_frames(App& app) {
  const mjModel& model = app.scene().model();
  if (model.nkey == 0 || !app.simulation().source().is_live()) return;
  ImGui::SetNextItemWidth(-1);
  if (!ImGui::BeginCombo("###key_frame", "Load a key frame")) return;
  for (int key = 0; key < static_cast<int>(model.nkey); ++key) {
    const char* name = mj_id2name(&model, mjOBJ_KEY, key);
    const std::string label = name != nullptr && *name != '\0' ? name : "key " + std::to_string(key);
    if (ImGui::Selectable((label + "###key" + std::to_string(key)).c_str())) app.load_key_frame(key);
  }
  ImGui::EndCombo();
}

void draw_simulation(App& app) {
  ViewState& state = app.state();
  if (app.simulation().source().is_live()) {
    ImGui::TextDisabled("Controls come from");
    constexpr const char* kDrivers[] = {"zero", "sliders", "random"};
    for (int index = 0; index < 3; ++index) {
      if (index > 0) ImGui::SameLine();
      if (ImGui::RadioButton(kDrivers[index], state.driver == static_cast<Driver>(index))) {
        app.set_driver(static_cast<Driver>(index));
      }
    }
  } else {
    ImGui::TextDisabled("A recorded episode is shown");
  }
  const float half = half_width();
  if (half_button("Align camera", "Align the camera (Ctrl+A)", half)) app.align_camera();
  ImGui::SameLine();
  if (half_button("Copy state", "Copy the state as a key frame (Ctrl+C)", half)) app.copy_key_frame();
  draw_key_frames(app);
}

// One of a few things, chosen from a list.
template <class Choice>
void choose(App& app, const char* id, const char* tip, std::initializer_list<const char*> names, Choice now,
            void (App::*take)(Choice)) {
  ImGui::SetNextItemWidth(-1);
  if (ImGui::BeginCombo(id, *(names.begin() + static_cast<std::ptrdiff_t>(now)))) {
    int index = 0;
    for (const char* name : names) {
      const auto choice = static_cast<Choice>(index++);
      if (ImGui::Selectable(name, now == choice)) (app.*take)(choice);
    }
    ImGui::EndCombo();
  }
  ImGui::SetItemTooltip("%s", tip);
}

void draw_worlds(App& app) {
  const ViewState& state = app.state();
  if (!begin_facts("worlds")) return;
  const auto row = [](const char* name) {
    ImGui::TableNextRow();
    ImGui::TableNextColumn();
    ImGui::AlignTextToFramePadding();
    ImGui::TextDisabled("%s", name);
    ImGui::TableNextColumn();
  };
  row("Shown");
  choose(app, "###shown", "6: next", {"one", "side by side", "overlaid"}, state.arrangement, &App::set_arrangement);
  row("Coloured by");
  choose(app, "###colour", "7: next", {"the model", "return", "end of episode", "model error"}, state.colour_by,
         &App::set_colour_by);
  row("Follow");
  choose(app, "###follow", "End: next", {"none", "the best", "the median", "the worst"}, state.follow,
         &App::set_follow);
  ImGui::EndTable();
}

// Camera, label and frame choices.
void draw_choices(App& app) {
  mjvCamera& camera = app.scene().camera;
  const mjModel& model = app.scene().model();
  const auto camera_name = [&](int id) {
    const char* name = mj_id2name(&model, mjOBJ_CAMERA, id);
    return name != nullptr && *name != '\0' ? std::string(name) : "camera " + std::to_string(id);
  };
  std::string now = camera.type == mjCAMERA_TRACKING ? "tracking" : "free";
  if (camera.type == mjCAMERA_FIXED) now = camera_name(camera.fixedcamid);
  const float label_width = 4 * ImGui::GetFontSize();
  ImGui::PushItemWidth(ImGui::GetContentRegionAvail().x - label_width);
  if (ImGui::BeginCombo("Camera", now.c_str())) {
    if (ImGui::Selectable("free", camera.type == mjCAMERA_FREE)) app.free_camera();
    for (int id = 0; id < model.ncam; ++id) {
      if (!ImGui::Selectable(camera_name(id).c_str(), camera.type == mjCAMERA_FIXED && camera.fixedcamid == id))
        continue;
      camera.type = mjCAMERA_FIXED;
      camera.fixedcamid = id;
    }
    ImGui::EndCombo();
  }
  if (ImGui::Button("Copy camera")) app.copy_camera();
  ImGui::SetItemTooltip("The camera in MJCF, on the clipboard");
  ImGui::Combo("Label", &app.scene().option.label, mjLABELSTRING, mjNLABEL);
  ImGui::SetItemTooltip("F7: next");
  ImGui::Combo("Frame", &app.scene().option.frame, mjFRAMESTRING, mjNFRAME);
  ImGui::SetItemTooltip("F6: next");
  int drawing = static_cast<int>(app.state().drawing);
  constexpr const char* kDrawings[] = {"automatic", "MuJoCo", "Lockstep"};
  if (ImGui::Combo("Drawn by", &drawing, kDrawings, 3)) app.state().drawing = static_cast<Drawing>(drawing);
  ImGui::SetItemTooltip("MuJoCo's renderer has textures, skins and reflections; ours draws many worlds fast");
  ImGui::PopItemWidth();
}

void flag_box(const char* const* strings, mjtByte& flag) {
  bool on = flag != 0;
  if (ImGui::Checkbox(strings[0], &on)) flag = on ? 1 : 0;
  if (strings[2][0] != '\0') ImGui::SetItemTooltip("key: %s", strings[2]);
}

void draw_rendering(App& app) {
  draw_choices(app);
  if (ImGui::BeginTable("flags", 2)) {
    for (int flag = 0; flag < mjNRNDFLAG; ++flag) {
      if (mjRNDSTRING[flag][2][0] == '\0') continue;
      ImGui::TableNextColumn();
      flag_box(mjRNDSTRING[flag], app.scene().scene().flags[flag]);
    }
    for (int flag = 0; flag < mjNVISFLAG; ++flag) {
      if (mjVISSTRING[flag][2][0] == '\0') continue;
      ImGui::TableNextColumn();
      flag_box(mjVISSTRING[flag], app.scene().option.flags[flag]);
    }
    ImGui::EndTable();
  }
  ImGui::Checkbox("World numbers", &app.state().labels);
  ImGui::Checkbox("Ghost of the prediction", &app.state().ghost);
}

void draw_groups(App& app) {
  mjvOption& option = app.scene().option;
  struct Row {
    const char* name;
    mjtByte* groups;
  };
  const Row rows[] = {{"Geoms", option.geomgroup},         {"Sites", option.sitegroup},
                      {"Joints", option.jointgroup},       {"Tendons", option.tendongroup},
                      {"Actuators", option.actuatorgroup}, {"Skins", option.skingroup}};
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2(4, 2));
  for (const Row& row : rows) {
    ImGui::PushID(row.name);
    ImGui::AlignTextToFramePadding();
    ImGui::TextDisabled("%s", row.name);
    for (int group = 0; group < mjNGROUP; ++group) {
      ImGui::SameLine(group == 0 ? 5.2F * ImGui::GetFontSize() : 0, 3);
      const bool on = row.groups[group] != 0;
      if (on) ImGui::PushStyleColor(ImGuiCol_Text, accent_colour());
      if (ImGui::Button(std::to_string(group).c_str(), ImVec2(1.5F * ImGui::GetFontSize(), 0))) row.groups[group] ^= 1;
      if (on) ImGui::PopStyleColor();
    }
    ImGui::PopID();
  }
  ImGui::PopStyleVar();
}

void draw_physics(App& app) {
  const mjModel& model = app.scene().model();
  constexpr const char* kIntegrators[] = {"Euler", "RK4", "implicit", "implicitfast"};
  constexpr const char* kSolvers[] = {"PGS", "CG", "Newton"};
  constexpr const char* kCones[] = {"pyramidal", "elliptic"};
  if (!begin_facts("physics")) return;
  const mjOption& option = model.opt;
  fact("One step", number(app.step_seconds()) + " s");
  if (!app.simulation().source().is_model_physics()) {
    fact("Dynamics", "the task's own equations");
    ImGui::EndTable();
    return;
  }
  if (option.integrator < 4) fact("Integrator", kIntegrators[option.integrator]);
  if (option.solver < 3)
    fact("Solver", std::string(kSolvers[option.solver]) + ", " + kCones[option.cone & 1] + " cone");
  fact("Time step", number(option.timestep) + " s");
  fact("Gravity", number(option.gravity[0]) + "  " + number(option.gravity[1]) + "  " + number(option.gravity[2]));
  fact("Density", number(option.density));
  fact("Viscosity", number(option.viscosity));
  fact("Bodies", std::to_string(model.nbody - 1));
  fact("nq, nv, nu", std::to_string(model.nq) + ", " + std::to_string(model.nv) + ", " + std::to_string(model.nu));
  ImGui::EndTable();
}

}  // namespace

void draw_left_panel(App& app) {
  const Region& area = app.panels()[1];
  ImGui::SetNextWindowPos({area.x, area.y});
  ImGui::SetNextWindowSize({area.width, area.height});
  ImGui::Begin("left", nullptr,
               ImGuiWindowFlags_NoTitleBar | ImGuiWindowFlags_NoResize | ImGuiWindowFlags_NoMove |
                   ImGuiWindowFlags_NoCollapse | ImGuiWindowFlags_NoNav);
  constexpr ImGuiTreeNodeFlags kOpen = ImGuiTreeNodeFlags_DefaultOpen;
  if (ImGui::CollapsingHeader("File", kOpen)) draw_file(app);
  if (ImGui::CollapsingHeader("Simulation", kOpen)) draw_simulation(app);
  if (app.num_worlds() > 1 && ImGui::CollapsingHeader("Worlds", kOpen)) draw_worlds(app);
  if (ImGui::CollapsingHeader("Physics", kOpen)) draw_physics(app);
  if (ImGui::CollapsingHeader("Rendering")) draw_rendering(app);
  if (ImGui::CollapsingHeader("Group enable")) draw_groups(app);
  ImGui::End();
}

}  // namespace lockstep::viewer
