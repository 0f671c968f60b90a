// The window of the program on a virtual display, with Dear ImGui's test engine to click, drag and type in it.
#pragma once

#include "tests/viewer/virtual_display.h"
#include "viewer/app.h"
#include "viewer/model_source.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <imgui.h>
#include <imgui_test_engine/imgui_te_context.h>
#include <imgui_test_engine/imgui_te_engine.h>

namespace lockstep::viewer {

// A cart with a red pole before a dark floor; nothing else in the picture is red.
inline constexpr const char* kCartpole = R"(
<mujoco model="cartpole">
  <option timestep="0.01"/>
  <worldbody>
    <light pos="0 -2 4" dir="0 0.4 -1"/>
    <camera name="front" pos="0 -5 1" xyaxes="1 0 0 0 0 1"/>
    <geom type="plane" size="4 4 .1" pos="0 0 -.2" rgba=".1 .2 .3 1"/>
    <body name="cart" pos="0 0 1">
      <joint name="slider" type="slide" axis="1 0 0" range="-1.8 1.8" limited="true"/>
      <geom type="box" size=".2 .15 .1" rgba=".2 .3 .8 1" mass="1"/>
      <body name="pole">
        <joint name="hinge" type="hinge" axis="0 1 0"/>
        <geom type="capsule" fromto="0 0 .15 0 0 1" size=".05" rgba="1 .05 .05 1" mass=".1"/>
      </body>
    </body>
  </worldbody>
  <actuator><motor name="push" joint="slider" ctrlrange="-1 1" ctrllimited="true" gear="10"/></actuator>
</mujoco>)";

// The window with the test engine attached; on the cartpole above unless make_source says otherwise.
class ViewerWindow : public testing::Test {
 protected:
  // How the window's worlds are made; `model` is the file of the cartpole.
  virtual SourceFactory make_source(const std::filesystem::path& model) {
    return [model](int worlds) { return make_model_source(model, worlds); };
  }

  // What else a test wants of its window.
  virtual void complete(AppOptions&) {}

  void SetUp() override {
    if (const std::string& reason = VirtualDisplay::problem(); !reason.empty()) GTEST_SKIP() << reason;
    folder_ = std::filesystem::path(testing::TempDir()) /
              (std::string("viewer_") + testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "cartpole.xml") << kCartpole;
    AppOptions options{.make_source = make_source(folder_ / "cartpole.xml"),
                       .num_worlds = 4,
                       .running = false,
                       .width = 900,
                       .height = 620,
                       .screenshot_folder = folder_};
    complete(options);
    app_ = std::make_unique<App>(std::move(options));
    engine_ = ImGuiTestEngine_CreateContext();
    ImGuiTestEngineIO& io = ImGuiTestEngine_GetIO(engine_);
    io.ConfigRunSpeed = ImGuiTestRunSpeed_Fast;
    io.ConfigVerboseLevelOnError = ImGuiTestVerboseLevel_Info;
    io.ConfigLogToTTY = true;
    io.ConfigVerboseLevel = ImGuiTestVerboseLevel_Error;
    ImGuiTestEngine_Start(engine_, ImGui::GetCurrentContext());
    app_->frame();
  }

  void TearDown() override {
    if (app_ == nullptr) return;
    ImGuiTestEngine_Stop(engine_);
    app_.reset();  // the engine outlives ImGui's context, as it asks for
    ImGuiTestEngine_DestroyContext(engine_);
    std::filesystem::remove_all(folder_);
  }

  // Runs `act` as the user, frame by frame, until it returns.
  void drive(const std::function<void(ImGuiTestContext*)>& act) {
    ImGuiTest* test = ImGuiTestEngine_RegisterTest(engine_, "viewer", "drive", __FILE__, __LINE__);
    test->TestFunc = [&act](ImGuiTestContext* context) { act(context); };
    ImGuiTestEngine_QueueTest(engine_, test);
    for (int frame = 0; frame < 3000 && !ImGuiTestEngine_IsTestQueueEmpty(engine_); ++frame) {
      app_->frame();
      ImGuiTestEngine_PostSwap(engine_);
    }
    EXPECT_EQ(test->Output.Status, ImGuiTestStatus_Success) << "the user's actions could not be carried out";
  }

  void click(const char* item) {
    drive([item](ImGuiTestContext* context) { context->ItemClick(item); });
    settle();
  }
  void press(int chord) {
    drive([chord](ImGuiTestContext* context) { context->KeyPress(chord); });
    settle();
  }
  // All that was asked of the simulation has happened, and is on the screen.
  void settle() {
    app_->simulation().wait();
    app_->frame();
    app_->frame();
  }

  [[nodiscard]] double slider(int world) const { return app_->shown().pose(world).qpos[0]; }

  // Where a point of the scene is in the window, in ImGui's units; nothing for one behind the camera.
  [[nodiscard]] std::optional<ImVec2> place_of(const std::array<double, 3>& point) const {
    const Region& view = app_->view();
    const auto share = app_->scene().project(point, static_cast<double>(view.aspect()));
    if (!share) return std::nullopt;
    return ImVec2(view.x + static_cast<float>((*share)[0]) * view.width,
                  view.y + static_cast<float>((*share)[1]) * view.height);
  }

  // The colour of the picture at a point of a world, through the scene's camera: red, green, blue.
  [[nodiscard]] std::array<int, 3> colour_at(const Image& picture, const std::array<double, 3>& point) const {
    const auto place = place_of(point);
    if (!place) return {};
    const auto at = (static_cast<std::size_t>(place->y) * static_cast<std::size_t>(picture.width) +
                     static_cast<std::size_t>(place->x)) *
                    3;
    return {picture.rgb[at], picture.rgb[at + 1], picture.rgb[at + 2]};
  }

  [[nodiscard]] bool is_red_at(const Image& picture, const std::array<double, 3>& point) const {
    const auto [red, green, blue] = colour_at(picture, point);
    return red > 90 && red > 2 * green && red > 2 * blue;
  }

  std::filesystem::path folder_;
  std::unique_ptr<App> app_;
  ImGuiTestEngine* engine_ = nullptr;
};

}  // namespace lockstep::viewer
