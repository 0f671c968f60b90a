// Tests of the window: Dear ImGui's test engine clicks, drags and types in the real one, on a virtual display.
#include "engine/error.h"
#include "envs/env.h"
#include "tests/viewer/viewer_window.h"
#include "viewer/environment_source.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

namespace lockstep::viewer {
namespace {

// A point on the pole 0.9 m from the hinge.
std::array<double, 3> near_tip(double slider, double hinge) {
  return {slider + 0.9 * std::sin(hinge), 0, 1 + 0.9 * std::cos(hinge)};
}

TEST_F(ViewerWindow, PlayRunsAndPauseStops) {
  click("toolbar/###play");
  EXPECT_TRUE(app_->status().running);
  for (int frame = 0; frame < 500 && app_->shown().step < 3; ++frame) app_->frame();
  EXPECT_GE(app_->shown().step, 3);
  click("toolbar/###play");
  EXPECT_FALSE(app_->status().running);
  const auto stopped_at = app_->shown().step;
  settle();
  EXPECT_EQ(app_->shown().step, stopped_at);
}

TEST_F(ViewerWindow, StepTakesOneStepAndResetGoesBackToTheStart) {
  click("toolbar/###step");
  click("toolbar/###step");
  EXPECT_EQ(app_->shown().step, 2);
  EXPECT_NEAR(app_->shown().time, 0.02, 1e-12);
  click("toolbar/###reset");
  EXPECT_EQ(app_->shown().step, 0);
}

TEST_F(ViewerWindow, DraggedControlMovesTheCart) {
  drive([](ImGuiTestContext* context) {
    context->SetRef("right");
    context->ItemInputValue("**/###control0", 0.8F);
  });
  EXPECT_NEAR(app_->simulation().sliders(0)[0], 0.8, 1e-6);
  app_->simulation().advance(50);
  settle();
  EXPECT_GT(slider(0), 0.1);
  EXPECT_GT(slider(3), 0.1) << "the slider acts on every world";
  click("right/**/Clear all");
  EXPECT_EQ(app_->simulation().sliders(0)[0], 0);
}

TEST_F(ViewerWindow, SliderActsOnTheSelectedWorldAloneWhenAskedTo) {
  click("right/**/every world");
  app_->select_world(2);
  drive([](ImGuiTestContext* context) {
    context->SetRef("right");
    context->ItemInputValue("**/###control0", 0.5F);
  });
  app_->simulation().advance(50);
  settle();
  EXPECT_GT(slider(2), 0.05);
  EXPECT_EQ(slider(1), 0);
}

TEST_F(ViewerWindow, JointSliderPosesTheSelectedWorld) {
  drive([](ImGuiTestContext* context) {
    context->SetRef("right");
    context->ItemInputValue("**/###joint1", 0.7F);
  });
  settle();
  EXPECT_NEAR(app_->shown().pose(0).qpos[1], 0.7, 1e-6);
  EXPECT_EQ(app_->shown().pose(1).qpos[1], 0);
}

TEST_F(ViewerWindow, SpaceRunsRightStepsBackspaceResets) {
  press(ImGuiKey_Space);
  EXPECT_TRUE(app_->status().running);
  press(ImGuiKey_Space);
  EXPECT_FALSE(app_->status().running);
  press(ImGuiKey_Backspace);
  EXPECT_EQ(app_->shown().step, 0);
  press(ImGuiKey_RightArrow);
  EXPECT_EQ(app_->shown().step, 1);
}

TEST_F(ViewerWindow, LeftGoesBackInTheHistoryAndSteppingOnLeadsToTheSameStates) {
  app_->simulation().set_control(-1, 0, 1);
  app_->simulation().advance(20);
  settle();
  const double reached = slider(0);
  press(ImGuiKey_LeftArrow);
  press(ImGuiKey_LeftArrow);
  EXPECT_EQ(app_->shown().step, 18);
  EXPECT_LT(slider(0), reached);
  press(ImGuiKey_RightArrow);
  press(ImGuiKey_RightArrow);
  EXPECT_EQ(slider(0), reached);
  EXPECT_EQ(app_->status().history_size, 21);
}

TEST_F(ViewerWindow, RunningOnFromAPastStateDropsTheFutureAfterIt) {
  app_->simulation().set_control(-1, 0, 1);
  app_->simulation().advance(20);
  app_->simulation().scrub(10);
  settle();
  EXPECT_EQ(app_->shown().step, 10);
  const double past = slider(0);
  app_->simulation().set_pose(0, app_->shown().pose(0).qpos, app_->shown().pose(0).qvel);  // an edit begins a branch
  app_->simulation().set_control(-1, 0, -1);
  app_->simulation().advance(1);
  settle();
  EXPECT_EQ(app_->shown().step, 11);
  EXPECT_EQ(app_->status().history_size, 12);
  EXPECT_NE(slider(0), past);
}

TEST_F(ViewerWindow, DigitsAndLettersToggleWhatIsDrawn) {
  const auto geoms = app_->scene().scene().ngeom;
  EXPECT_EQ(app_->scene().option.geomgroup[0], 1);
  press(ImGuiKey_0);
  EXPECT_EQ(app_->scene().option.geomgroup[0], 0);
  EXPECT_LT(app_->scene().scene().ngeom, geoms);
  press(ImGuiKey_0);
  EXPECT_EQ(app_->scene().scene().ngeom, geoms);
  press(ImGuiKey_J);
  EXPECT_EQ(app_->scene().option.flags[mjVIS_JOINT], 1);
  EXPECT_GT(app_->scene().scene().ngeom, geoms);
}

TEST_F(ViewerWindow, ALetterTypedIntoAFieldTogglesNothing) {
  drive([](ImGuiTestContext* context) {
    context->ItemInput("toolbar/###worlds");
    context->KeyChars("j2");
    context->KeyPress(ImGuiKey_Escape);
  });
  EXPECT_EQ(app_->scene().option.flags[mjVIS_JOINT], 0);
  EXPECT_EQ(app_->num_worlds(), 4);
}

TEST_F(ViewerWindow, WorldCountIsTakenOver) {
  drive([](ImGuiTestContext* context) { context->ItemInputValue("toolbar/###worlds", 7); });
  settle();
  EXPECT_EQ(app_->num_worlds(), 7);
  EXPECT_EQ(app_->scene().num_worlds(), 7);
}

TEST_F(ViewerWindow, ArrowsSelectWorldsAndStayInRange) {
  press(ImGuiKey_DownArrow);
  EXPECT_EQ(app_->state().world, 1);
  press(ImGuiKey_Home);
  press(ImGuiKey_UpArrow);
  EXPECT_EQ(app_->state().world, 0);
}

TEST_F(ViewerWindow, SpeedGoesDownTheListOf31) {
  press(ImGuiKey_Minus);
  EXPECT_EQ(app_->status().wanted_percent, 80);
  press(ImGuiKey_Equal);
  press(ImGuiKey_Equal);
  EXPECT_EQ(app_->status().wanted_percent, 100);
}

TEST_F(ViewerWindow, DoubleClickSelectsTheBodyUnderThePointer) {
  const std::array<double, 3> place = app_->scene().offset(1);
  const auto share =
      app_->scene().project({place[0], place[1], place[2] + 1.6}, static_cast<double>(app_->view().aspect()));
  ASSERT_TRUE(share);
  const Region view = app_->view();
  const ImVec2 at{view.x + static_cast<float>((*share)[0]) * view.width,
                  view.y + static_cast<float>((*share)[1]) * view.height};
  drive([at](ImGuiTestContext* context) {
    context->MouseMoveToPos(at);
    context->MouseDoubleClick(0);
  });
  EXPECT_EQ(app_->state().world, 1);
  EXPECT_STREQ(mj_id2name(&app_->scene().model(), mjOBJ_BODY, std::max(0, app_->scene().perturb.select)), "pole");
}

TEST_F(ViewerWindow, LeftDragOrbitsHalfATurnPerViewHeight) {
  const Region view = app_->view();
  const double azimuth = app_->scene().camera.azimuth;
  drive([view](ImGuiTestContext* context) {
    context->MouseMoveToPos({view.x + 0.3F * view.width, view.y + 0.2F * view.height});
    context->MouseDown(0);
    context->MouseMoveToPos({view.x + 0.3F * view.width + 0.25F * view.height, view.y + 0.2F * view.height});
    context->MouseUp(0);
  });
  EXPECT_NEAR(std::abs(app_->scene().camera.azimuth - azimuth), 45, 2);
}

TEST_F(ViewerWindow, CtrlRightDragPullsTheSelectedBodyWhileRunning) {
  app_->set_num_worlds(1);
  settle();
  app_->scene().perturb.select = 1;  // the cart
  const Region view = app_->view();
  app_->simulation().set_running(true);
  drive([view, this](ImGuiTestContext* context) {
    context->KeyDown(ImGuiMod_Ctrl);
    context->MouseMoveToPos({view.x + 0.4F * view.width, view.y + 0.5F * view.height});
    context->MouseDown(1);
    context->MouseMoveToPos({view.x + 0.7F * view.width, view.y + 0.5F * view.height});
    for (int frame = 0; frame < 2500 && slider(0) < 0.02; ++frame) context->Yield();
    context->MouseUp(1);
    context->KeyUp(ImGuiMod_Ctrl);
  });
  EXPECT_GT(slider(0), 0.01);
}

TEST_F(ViewerWindow, HelpShowsEveryGroupOfKeys) {
  press(ImGuiKey_F1);
  EXPECT_TRUE(app_->state().help);
  drive([](ImGuiTestContext* context) {
    IM_CHECK(context->WindowInfo("Keys and mouse").Window != nullptr);
    context->WindowClose("Keys and mouse");
  });
  EXPECT_FALSE(app_->state().help);
}

TEST_F(ViewerWindow, ScreenshotIsWrittenToItsFolder) {
  press(ImGuiMod_Ctrl | ImGuiKey_P);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "lockstep-00000000.png"));
}

TEST_F(ViewerWindow, ABrokenFileLeavesTheOldModelAndSaysWhy) {
  std::ofstream(folder_ / "broken.xml") << "<mujoco><worldbody><geom/></mujoco>";
  app_->open_file(folder_ / "broken.xml");
  EXPECT_EQ(app_->num_worlds(), 4);
  EXPECT_NE(app_->state().message.find("broken.xml"), std::string::npos) << app_->state().message;
  app_->frame();
}

struct PoleState {
  double slider, hinge;
};
class ViewerPicture : public ViewerWindow, public testing::WithParamInterface<PoleState> {};

TEST_P(ViewerPicture, ShowsThePoleWhereTheStateSays) {
  const auto [slider, hinge] = GetParam();
  app_->set_num_worlds(1);
  app_->state().info = false;
  const std::array<double, 2> qpos = {slider, hinge}, qvel = {0, 0};
  app_->simulation().set_pose(0, qpos, qvel);
  settle();
  Image picture;
  app_->frame(&picture);
  EXPECT_TRUE(is_red_at(picture, near_tip(slider, hinge)));
  EXPECT_FALSE(is_red_at(picture, near_tip(slider, hinge + 0.5)));
  EXPECT_FALSE(is_red_at(picture, near_tip(slider > 0 ? slider - 0.4 : slider + 0.4, hinge)));
}
INSTANTIATE_TEST_SUITE_P(States, ViewerPicture,
                         testing::Values(PoleState{0, 0}, PoleState{-1.2, 0.9}, PoleState{1.0, -2.0}));

// Worlds whose episodes draw their ground.
class GroundsWindow : public ViewerWindow {
 protected:
  SourceFactory make_source(const std::filesystem::path&) override {
    return [](int worlds) {
      return make_environment_source(&envs::make_environment, "quadruped-escape", {.num_worlds = worlds, .seed = 3});
    };
  }
  // Whether the scene has the ground of a world.
  [[nodiscard]] bool shows_ground_of(int world) const {
    const std::vector<float>& ground = *app_->shown().grounds[static_cast<std::size_t>(world)];
    return std::equal(ground.begin(), ground.end(), app_->scene().model().hfield_data);
  }
};

TEST_F(GroundsWindow, ShowsTheGroundOfTheSelectedWorldAndOfItsNextEpisode) {
  ASSERT_EQ(app_->shown().grounds.size(), 4u);
  EXPECT_TRUE(shows_ground_of(0));
  press(ImGuiKey_DownArrow);
  ASSERT_EQ(app_->state().world, 1);
  EXPECT_TRUE(shows_ground_of(1));
  EXPECT_FALSE(shows_ground_of(0));
  const std::vector<float> before = *app_->shown().grounds[1];
  press(ImGuiKey_Backspace);
  EXPECT_NE(*app_->shown().grounds[1], before);
  EXPECT_TRUE(shows_ground_of(1));
}

TEST(Viewer, WithoutADisplaySaysWhichVariableAndPackagesMendIt) {
  const char* display = std::getenv("DISPLAY");
  const std::string before = display != nullptr ? display : "";
  unsetenv("DISPLAY");
  std::string said;
  try {
    const Window window("none", 200, 200);
  } catch (const MissingResource& error) {
    said = error.what();
  }
  if (!before.empty()) setenv("DISPLAY", before.c_str(), 1);
  EXPECT_NE(said.find("DISPLAY is not set"), std::string::npos) << said;
  EXPECT_NE(said.find("xvfb-run"), std::string::npos);
  EXPECT_NE(said.find("libgl1-mesa-dri"), std::string::npos);
}

}  // namespace
}  // namespace lockstep::viewer
