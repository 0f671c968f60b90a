// The right panel: sliders of controls and joints, noise.
#include "viewer/app.h"
#include "viewer/panels.h"

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <imgui.h>

namespace lockstep::viewer {
namespace {

void slider_row(const std::string& name) {
  ImGui::TableNextRow();
  ImGui::TableNextColumn();
  ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted(name.c_str());
  ImGui::SetItemTooltip("%s", name.c_str());
  ImGui::TableNextColumn();
  ImGui::SetNextItemWidth(-1);
}

bool begin_sliders(const char* id) {
  if (!ImGui::BeginTable(id, 2)) return false;
  ImGui::TableSetupColumn("name", ImGuiTableColumnFlags_WidthFixed, 6 * ImGui::GetFontSize());
  ImGui::TableSetupColumn("value", ImGuiTableColumnFlags_WidthStretch);
  return true;
}

void draw_controls(App& app) {
  const std::vector<ControlInput>& inputs = app.simulation().source().controls();
  ViewState& state = app.state();
  if (inputs.empty()) ImGui::TextDisabled("The model has no actuators");
  if (!app.simulation().source().is_live()) {
    ImGui::TextDisabled("Recorded: not to be changed");
    return;
  }
  const std::vector<double> values = app.simulation().sliders(state.world);
  const int world = state.all_worlds ? -1 : state.world;
  if (begin_sliders("controls")) {
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      slider_row(inputs[k].name);
      double value = values[k];
      if (ImGui::SliderScalar(("###control" + std::to_string(k)).c_str(), ImGuiDataType_Double, &value, &inputs[k].low,
                              &inputs[k].high, "%.3f")) {
        app.simulation().set_control(world, static_cast<int>(k), value);
        app.set_driver(Driver::kSliders);
      }
    }
    ImGui::EndTable();
  }
  if (ImGui::Button("Clear all")) {
    for (std::size_t k = 0; k < inputs.size(); ++k) app.simulation().set_control(-1, static_cast<int>(k), 0);
  }
  if (app.num_worlds() > 1) {
    ImGui::SameLine();
    ImGui::Checkbox("every world", &state.all_worlds);
  }
}

void draw_noise(App& app) {
  ViewState& state = app.state();
  if (!begin_sliders("noise")) return;
  bool changed = false;
  slider_row("Scale");
  changed |= ImGui::SliderFloat("###noise_scale", &state.noise_scale, 0, 1, "%.2f");
  ImGui::SetItemTooltip("Deviation, as a share of half the control's range");
  slider_row("Rate (s)");
  changed |= ImGui::SliderFloat("###noise_rate", &state.noise_rate, 0, 2, "%.2f");
  ImGui::SetItemTooltip("Time over which the noise stays alike");
  ImGui::EndTable();
  if (changed) app.apply_noise();
}

void draw_joints(App& app) {
  const mjModel& model = app.scene().model();
  const WorldPose pose = app.shown().pose(app.state().world);
  const bool live = app.simulation().source().is_live();
  std::vector<double> qpos(pose.qpos.begin(), pose.qpos.end());
  bool changed = false;
  if (!begin_sliders("joints")) return;
  for (int joint = 0; joint < model.njnt; ++joint) {
    const int type = model.jnt_type[joint];
    if (type != mjJNT_HINGE && type != mjJNT_SLIDE) continue;
    const char* name = mj_id2name(&model, mjOBJ_JOINT, joint);
    slider_row(name != nullptr && *name != '\0' ? name : "joint " + std::to_string(joint));
    const bool limited = model.jnt_limited[joint] != 0;
    const double reach = type == mjJNT_HINGE ? std::numbers::pi : 2.0;
    double low = limited ? model.jnt_range[2 * joint] : -reach, high = limited ? model.jnt_range[2 * joint + 1] : reach;
    double& value = qpos[static_cast<std::size_t>(model.jnt_qposadr[joint])];
    if (type == mjJNT_HINGE && !limited) value = std::remainder(value, 2 * std::numbers::pi);
    ImGui::BeginDisabled(!live);
    changed |= ImGui::SliderScalar(("###joint" + std::to_string(joint)).c_str(), ImGuiDataType_Double, &value, &low,
                                   &high, type == mjJNT_HINGE ? "%.3f rad" : "%.3f m");
    ImGui::EndDisabled();
  }
  ImGui::EndTable();
  if (!changed) return;
  app.simulation().set_running(false);
  app.simulation().set_pose(app.state().world, qpos, pose.qvel);
}

}  // namespace

void draw_right_panel(App& app) {
  const Region& area = app.panels()[2];
  ImGui::SetNextWindowPos({area.x, area.y});
  ImGui::SetNextWindowSize({area.width, area.height});
  ImGui::Begin("right", nullptr,
               ImGuiWindowFlags_NoTitleBar | ImGuiWindowFlags_NoResize | ImGuiWindowFlags_NoMove |
                   ImGuiWindowFlags_NoCollapse | ImGuiWindowFlags_NoNav);
  constexpr ImGuiTreeNodeFlags kOpen = ImGuiTreeNodeFlags_DefaultOpen;
  if (app.run() != nullptr) draw_run(app);
  if (ImGui::CollapsingHeader("Control", kOpen)) draw_controls(app);
  if (ImGui::CollapsingHeader("Noise", kOpen)) draw_noise(app);
  if (ImGui::CollapsingHeader("Joint", kOpen)) draw_joints(app);
  ImGui::End();
}

}  // namespace lockstep::viewer
