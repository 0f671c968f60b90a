// Tests of many worlds in the real window: layouts, picking, colours, following, the histogram, thousands of worlds.
#include "tests/viewer/viewer_window.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace lockstep::viewer {
namespace {

// A ball on a slide; nothing of it or its floor is red.
constexpr const char* kBall = R"(
<mujoco>
  <worldbody>
    <geom type="plane" size="4 4 .1" rgba=".1 .2 .3 1"/>
    <body name="ball" pos="0 0 .6">
      <joint type="slide" axis="1 0 0" range="-1 1" limited="true"/>
      <geom type="sphere" size=".3" rgba=".3 .4 .5 1"/>
    </body>
  </worldbody>
</mujoco>)";

// Worlds whose returns, ends and predictions the test chooses. They stand still.
class ChosenSource final : public SceneSource {
 public:
  explicit ChosenSource(int worlds) : returns(static_cast<std::size_t>(worlds)), worlds_(worlds) {
    std::array<char, 500> error{};
    mjSpec* spec = mj_parseXMLString(kBall, nullptr, error.data(), static_cast<int>(error.size()));
    model_.reset(mj_compile(spec, nullptr));
    mj_deleteSpec(spec);
    since_end.assign(returns.size(), std::numeric_limits<double>::infinity());
  }
  [[nodiscard]] const mjModel& model() const override { return *model_; }
  [[nodiscard]] std::string title() const override { return "chosen"; }
  [[nodiscard]] std::string report() const override { return "none"; }
  [[nodiscard]] int num_worlds() const override { return worlds_; }
  [[nodiscard]] double step_seconds() const override { return 0.01; }
  [[nodiscard]] const std::vector<ControlInput>& controls() const override { return controls_; }
  [[nodiscard]] const std::vector<Signal>& signals() const override { return signals_; }
  void reset() override {}
  void step(View<const double, 2>) override {}
  void read_pose(int, std::span<double> qpos, std::span<double> qvel) const override { qpos[0] = qvel[0] = 0; }
  void write_pose(int, std::span<const double>, std::span<const double>) override {}
  void read_signals(int world, std::span<double> values) const override {
    values[0] = returns[static_cast<std::size_t>(world)];
    values[1] = since_end[static_cast<std::size_t>(world)];
  }
  bool read_ctrl(int, std::span<double>) const override { return false; }
  bool read_ghost(int world, std::span<double> qpos) const override {
    if (ghosts.empty()) return false;
    qpos[0] = ghosts[static_cast<std::size_t>(world)];
    return true;
  }
  [[nodiscard]] std::vector<std::byte> save() const override { return {}; }
  void load(std::span<const std::byte>) override {}

  std::vector<double> returns, since_end, ghosts;

 private:
  int worlds_;
  ModelPtr model_;
  std::vector<ControlInput> controls_;
  std::vector<Signal> signals_ = {{"return", Signal::Plot::kReturn}, {"since end", Signal::Plot::kSinceEnd}};
};

class ManyWorlds : public ViewerWindow {
 protected:
  SourceFactory make_source(const std::filesystem::path&) override {
    return [this](int worlds) {
      auto source = std::make_unique<ChosenSource>(worlds);
      source->returns[0] = -1;
      source->returns[1] = 5;
      source->returns[2] = 2;
      source->returns[3] = 3;
      source->since_end[2] = 0;
      if (has_ghosts_) source->ghosts = {0, 0, 0, 0.9};
      return source;
    };
  }

  [[nodiscard]] std::array<double, 3> ball(int world) const {
    const auto at = app_->scene().offset(world);
    return {at[0], at[1] - 0.2, at[2] + 0.75};  // a bright side of it
  }
  [[nodiscard]] Image picture() const {
    Image image;
    app_->frame(&image);
    app_->frame(&image);
    return image;
  }

  bool has_ghosts_ = false;
};

// MuJoCo's picture of one world is the better one, where hardware draws it.
TEST_F(ManyWorlds, AreDrawnByOurRendererAndTheCloseUpByMujocosWhereItIsFastEnough) {
  EXPECT_TRUE(app_->draws_own());
  EXPECT_GE(app_->own_renderer()->instances().num_drawn(), 4);
  press(ImGuiKey_6);
  EXPECT_EQ(app_->state().arrangement, Arrangement::kOverlay);
  EXPECT_TRUE(app_->draws_own());
  press(ImGuiKey_6);
  EXPECT_EQ(app_->state().arrangement, Arrangement::kOne);
  EXPECT_EQ(app_->draws_own(), app_->window().is_software());
  app_->state().drawing = Drawing::kMujoco;
  EXPECT_FALSE(app_->draws_own());
  app_->state().drawing = Drawing::kAuto;
  press(ImGuiKey_6);
  EXPECT_EQ(app_->state().arrangement, Arrangement::kGrid);
}

TEST_F(ManyWorlds, OurRendererLeavesMujocosPictureAsItWas) {
  app_->state().info = false;
  app_->state().drawing = Drawing::kMujoco;
  const Image before = picture();
  app_->state().drawing = Drawing::kOwn;
  const Image between = picture();
  EXPECT_NE(before.rgb, between.rgb);
  app_->state().drawing = Drawing::kMujoco;
  EXPECT_EQ(picture().rgb, before.rgb);
}

class ClickedWorld : public ManyWorlds, public testing::WithParamInterface<int> {};
TEST_P(ClickedWorld, IsSelected) {
  const auto at = place_of(ball(GetParam()));
  ASSERT_TRUE(at);
  app_->select_world((GetParam() + 1) % 4);
  drive([&](ImGuiTestContext* context) {
    context->MouseMoveToPos(*at);
    context->MouseClick(0);
  });
  EXPECT_EQ(app_->state().world, GetParam());
}
INSTANTIATE_TEST_SUITE_P(All, ClickedWorld, testing::Values(0, 1, 2, 3));

TEST_F(ManyWorlds, ADragSelectsNothing) {
  const auto at = place_of(ball(2));
  ASSERT_TRUE(at);
  drive([&](ImGuiTestContext* context) {
    context->MouseMoveToPos(*at);
    context->MouseDown(0);
    context->MouseMoveToPos({at->x + 60, at->y});
    context->MouseMoveToPos(*at);
    context->MouseUp(0);
  });
  EXPECT_EQ(app_->state().world, 0);
}

TEST_F(ManyWorlds, ColouredByReturnTheBestIsYellowTheWorstViolet) {
  press(ImGuiKey_7);
  EXPECT_EQ(app_->state().colour_by, ColourBy::kReturn);
  ASSERT_TRUE(app_->colours());
  EXPECT_EQ(app_->colours()->low, -1);
  EXPECT_EQ(app_->colours()->high, 5);
  const Image image = picture();
  const auto best = colour_at(image, ball(1)), worst = colour_at(image, ball(0));
  EXPECT_GT(best[0], 2 * best[2]) << "yellow: red and green, no blue";
  EXPECT_GT(best[1], 2 * best[2]);
  EXPECT_GT(worst[2], worst[0]) << "violet: more blue than red, less green";
  EXPECT_GT(worst[0], worst[1]);
  drive([](ImGuiTestContext* context) { IM_CHECK(context->WindowInfo("legend").Window != nullptr); });
}

TEST_F(ManyWorlds, ColouredByTheEndTheWorldWhoseEpisodeEndsIsRed) {
  press(ImGuiKey_7);
  press(ImGuiKey_7);
  EXPECT_EQ(app_->state().colour_by, ColourBy::kDone);
  const Image image = picture();
  for (int world = 0; world < 4; ++world) EXPECT_EQ(is_red_at(image, ball(world)), world == 2) << "world " << world;
}

TEST_F(ManyWorlds, ColourByAModelErrorIsPassedOverWhereNothingIsPredicted) {
  for (int k = 0; k < 3; ++k) press(ImGuiKey_7);
  EXPECT_EQ(app_->state().colour_by, ColourBy::kModel);
  app_->set_colour_by(ColourBy::kModelError);
  EXPECT_EQ(app_->state().colour_by, ColourBy::kModel);
  EXPECT_NE(app_->state().message.find("predicted"), std::string::npos);
}

TEST_F(ManyWorlds, ColouredByModelErrorTheWorldPredictedWrongIsRed) {
  has_ghosts_ = true;
  app_->reload();
  app_->state().ghost = false;
  app_->set_colour_by(ColourBy::kModelError);
  const Image image = picture();
  ASSERT_TRUE(app_->colours());
  EXPECT_NEAR(app_->colours()->values[3], 0.9, 1e-12) << "m, of the one body";
  for (int world = 0; world < 4; ++world) EXPECT_EQ(is_red_at(image, ball(world)), world == 3) << "world " << world;
}

TEST_F(ManyWorlds, EndFollowsTheBestThenTheMedianThenTheWorst) {
  press(ImGuiKey_End);
  EXPECT_EQ(app_->state().world, 1);
  press(ImGuiKey_End);
  EXPECT_EQ(app_->state().world, 2);
  press(ImGuiKey_End);
  EXPECT_EQ(app_->state().world, 0);
  press(ImGuiKey_End);
  EXPECT_EQ(app_->state().follow, Follow::kNone);
  press(ImGuiKey_End);
  press(ImGuiKey_DownArrow);
  EXPECT_EQ(app_->state().follow, Follow::kNone) << "choosing by hand ends it";
}

TEST_F(ManyWorlds, ThePanelChoosesTheSame) {
  const auto choose = [&](const char* list, const char* entry) {
    drive([&](ImGuiTestContext* context) {
      context->ItemClick((std::string("left/worlds/###") + list).c_str());
      context->ItemClick((std::string("//$FOCUSED/") + entry).c_str());
    });
    settle();
  };
  choose("colour", "return");
  EXPECT_EQ(app_->state().colour_by, ColourBy::kReturn);
  choose("follow", "the worst");
  EXPECT_EQ(app_->state().world, 0);
  choose("shown", "overlaid");
  EXPECT_EQ(app_->state().arrangement, Arrangement::kOverlay);
}

TEST_F(ViewerWindow, FourThousandWorldsAreShownAndOneIsPicked) {
  app_->set_num_worlds(4096);
  settle();
  ASSERT_EQ(app_->num_worlds(), 4096);
  EXPECT_GE(app_->own_renderer()->instances().num_drawn(), 2 * 4096);
  app_->select_world(4000);
  const auto place = app_->scene().offset(1000);
  mjvCamera& camera = app_->scene().camera;
  std::copy(place.begin(), place.end(), camera.lookat);
  camera.lookat[2] = 1;
  camera.distance = 6;
  app_->frame();
  const auto at = place_of({place[0], place[1], place[2] + 1.6});
  ASSERT_TRUE(at);
  drive([&](ImGuiTestContext* context) {
    context->MouseMoveToPos(*at);
    context->MouseDoubleClick(0);
  });
  EXPECT_EQ(app_->state().world, 1000);
  EXPECT_STREQ(mj_id2name(&app_->scene().model(), mjOBJ_BODY, std::max(0, app_->scene().perturb.select)), "pole");
}

}  // namespace
}  // namespace lockstep::viewer
