// Tests of the window on a run that is being trained: learning curves that grow, policies that take over.
#include "apps/played_policy.h"
#include "apps/training.h"
#include "engine/settings.h"
#include "envs/env.h"
#include "tests/viewer/viewer_window.h"
#include "viewer/followed_run.h"

#include <atomic>
#include <chrono>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

#include <implot.h>
#include <implot_internal.h>  // after implot.h, on which it stands

namespace lockstep::viewer {
namespace {

class FollowedRunWindow : public ViewerWindow {
 protected:
  // A run of ppo on pendulum-v1, two iterations old, in the place of the cartpole.
  void SetUp() override {
    run_folder_ = std::filesystem::path(testing::TempDir()) /
                  (std::string("followed_") + testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(run_folder_);
    train(2, false);
    ViewerWindow::SetUp();
  }
  void TearDown() override {
    ViewerWindow::TearDown();
    std::filesystem::remove_all(run_folder_);
  }
  void complete(AppOptions& options) override {
    const FileStamp checkpoint = stamp_of(run_folder_ / "checkpoint.lockstep");
    const PolicyPlayer play = player();
    options.run = std::make_unique<FollowedRun>(RunToFollow{run_folder_, play, checkpoint, play(run_folder_, {})},
                                                envs::make_environment);
    options.make_source = options.run->source();
    options.num_worlds = 1;
    options.height = 900;
  }

  virtual PolicyPlayer player() { return apps::policy_player(1); }

  void train(int iterations, bool resume) const {
    const Settings given = Settings::from_toml(
        "task = 'pendulum-v1'\nagent = 'ppo'\nmax_iterations = " + std::to_string(iterations), "the test");
    const auto defaults = [](const std::string& agent) { return agents::find(agent).defaults(); };
    (void)apps::train({.run = apps::resolve_run(given, defaults), .folder = run_folder_, .resume = resume},
                      agents::find("ppo"), envs::make_environment, {});
  }

  // Draws until `holds`, at most 20 s.
  template <class Holds>
  bool draw_until(const Holds& holds) {
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - start < std::chrono::seconds(20)) {
      app_->frame();
      if (holds()) return true;
    }
    return false;
  }
  [[nodiscard]] double newest(std::string_view metric) const {
    const auto* column = app_->run()->metrics().table().find(metric);
    return column == nullptr || column->empty() ? -1 : column->back();
  }
  // The end of a plot's axis as drawn: that of the newest point.
  [[nodiscard]] static double axis_end(std::string_view plot) {
    ImPlotContext& context = *ImPlot::GetCurrentContext();
    for (int k = 0; k < context.Plots.GetBufSize(); ++k) {
      ImPlotPlot* drawn = context.Plots.GetByIndex(k);
      if (drawn->ID == ImHashStr(std::string(plot).c_str(), 0, ImGui::FindWindowByName("right")->ID))
        return drawn->Axes[ImAxis_X1].Range.Max;
    }
    return -1;
  }

  std::filesystem::path run_folder_;
};

TEST_F(FollowedRunWindow, LearningCurvesReachTheNewestRowAndLeaveOutHalfOfOne) {
  app_->frame();
  app_->frame();
  const double steps = newest("env_steps");
  EXPECT_GT(steps, 0);
  EXPECT_EQ(newest("iteration"), 2);
  EXPECT_DOUBLE_EQ(axis_end("###curves_return"), steps);
  const MetricsTable& table = app_->run()->metrics().table();
  std::string row = "3," + std::to_string(3 * steps);
  for (std::size_t column = 2; column < table.names.size(); ++column) row += ",1";
  std::ofstream(run_folder_ / "metrics.csv", std::ios::app) << row << "\n4,999";
  ASSERT_TRUE(draw_until([&] { return newest("iteration") == 3; }));
  app_->frame();
  EXPECT_DOUBLE_EQ(axis_end("###curves_return"), 3 * steps);
  EXPECT_EQ(app_->run()->metrics().problem(), "");
  click("right/iterations");
  EXPECT_DOUBLE_EQ(axis_end("###curves_return"), 3);
}

TEST_F(FollowedRunWindow, AnyOtherMetricIsChosenFromTheList) {
  app_->frame();
  ASSERT_EQ(app_->state().curve, "training_return");
  drive([](ImGuiTestContext* context) {
    context->ItemClick("right/###curve");
    context->ItemClick("//$FOCUSED/entropy");
  });
  EXPECT_EQ(app_->state().curve, "entropy");
}

TEST_F(FollowedRunWindow, ThePolicyOfANewCheckpointPlaysFromTheEpisodesEndOn) {
  app_->frame();
  const std::vector<double> before = app_->run()->playing().episodes[0].actions;
  ASSERT_EQ(app_->run()->playing().iteration, 2);
  train(4, true);
  ASSERT_TRUE(draw_until([&] { return app_->run()->newer() != nullptr; }));
  EXPECT_EQ(app_->run()->playing().iteration, 2) << "paused: what is looked at stays";
  app_->simulation().set_speed(1000);
  app_->simulation().set_running(true);
  ASSERT_TRUE(draw_until([&] { return app_->run()->playing().iteration == 4; }));
  app_->simulation().set_running(false);
  EXPECT_NE(app_->run()->playing().episodes[0].actions, before);
  app_->reset();
  app_->simulation().advance(1);
  settle();
  const int action = signal_of(app_->simulation().source(), Signal::Plot::kControl);
  EXPECT_DOUBLE_EQ(app_->shown().signal(0, action), app_->run()->playing().episodes[0].actions[0]);
}

TEST_F(FollowedRunWindow, ResetWhilePausedTakesTheNewerPolicy) {
  train(3, true);
  ASSERT_TRUE(draw_until([&] { return app_->run()->newer() != nullptr; }));
  press(ImGuiKey_Backspace);
  EXPECT_EQ(app_->run()->playing().iteration, 3);
  EXPECT_EQ(app_->run()->newer(), nullptr);
  EXPECT_FALSE(app_->status().running);
}

TEST_F(FollowedRunWindow, ADamagedCheckpointIsToldAndTheOldPolicyPlaysOn) {
  app_->frame();
  std::ofstream(run_folder_ / "checkpoint.lockstep") << "not a checkpoint";
  ASSERT_TRUE(draw_until([&] { return !app_->run()->problem().empty(); }));
  EXPECT_NE(app_->run()->problem().find("checkpoint.lockstep"), std::string::npos) << app_->run()->problem();
  EXPECT_EQ(app_->run()->playing().iteration, 2);
  std::filesystem::remove_all(run_folder_);
  train(3, false);
  ASSERT_TRUE(draw_until([&] { return app_->run()->newer() != nullptr; })) << app_->run()->problem();
  EXPECT_EQ(app_->run()->problem(), "");
  EXPECT_EQ(app_->run()->newer()->iteration, 3);
}

TEST_F(FollowedRunWindow, AnAgentWithoutAModelHasNoModelPanel) {
  bool has_training = false, has_model = true;
  drive([&](ImGuiTestContext* context) {
    has_training = context->ItemExists("right/Training");
    has_model = context->ItemExists("right/Model");
  });
  EXPECT_TRUE(has_training);
  EXPECT_FALSE(has_model);
}

TEST_F(FollowedRunWindow, AModelFileThatIsOpenedEndsFollowing) {
  app_->open_file(folder_ / "cartpole.xml");
  EXPECT_EQ(app_->run(), nullptr);
  app_->frame();
}

TEST_F(FollowedRunWindow, SaysWhetherTheRunIsBeingWritten) {
  app_->frame();
  EXPECT_FALSE(app_->run()->is_written());
  {
    const RunFolder held = RunFolder::resume(run_folder_, read_run(run_folder_).config, [](const SavedRun&) {});
    EXPECT_TRUE(draw_until([&] { return app_->run()->is_written(); }));
  }
  EXPECT_TRUE(draw_until([&] { return !app_->run()->is_written(); }));
}

// The same run, of an agent with a model: as many horizons as iterations. Loading waits while the gate is shut.
class ModelRunWindow : public FollowedRunWindow {
 protected:
  PolicyPlayer player() override {
    return [this, play = apps::policy_player(1)](const std::filesystem::path& folder, const std::stop_token& stop) {
      while (is_shut_ && !stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      PlayedPolicy played = play(folder, stop);
      played.equations = {"omega' = 15 sin(theta) + 3 u"};
      played.model_error.assign(static_cast<std::size_t>(played.iteration), 0.25);
      return played;
    };
  }

  std::atomic<bool> is_shut_ = false;
};

TEST_F(ModelRunWindow, TheModelsErrorIsThatOfThePolicyThatPlays) {
  click("right/Training");  // shut: the plot below comes into sight
  EXPECT_DOUBLE_EQ(axis_end("###curves_model"), 2);
  train(4, true);
  ASSERT_TRUE(draw_until([&] { return app_->run()->newer() != nullptr; }));
  EXPECT_DOUBLE_EQ(axis_end("###curves_model"), 2);
  press(ImGuiKey_Backspace);
  EXPECT_DOUBLE_EQ(axis_end("###curves_model"), 4);
}

TEST_F(ModelRunWindow, FramesAreDrawnWhileACheckpointIsLoaded) {
  is_shut_ = true;
  train(3, true);
  ASSERT_TRUE(draw_until([&] { return app_->run()->is_loading(); }));
  const int before = ImGui::GetFrameCount();
  for (int frame = 0; frame < 5; ++frame) app_->frame();
  EXPECT_EQ(ImGui::GetFrameCount(), before + 5);
  EXPECT_TRUE(app_->run()->is_loading());
  is_shut_ = false;
  EXPECT_TRUE(draw_until([&] { return app_->run()->newer() != nullptr; }));
}

TEST(FollowedRun, ClosingStopsThePlayerInsteadOfWaitingForItsEnd) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "followed_and_closed";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "checkpoint.lockstep") << "new";
  std::atomic<bool> was_stopped = false;
  const PolicyPlayer play = [&](const std::filesystem::path&, const std::stop_token& stop) -> PlayedPolicy {
    for (int wait = 0; wait < 2000 && !stop.stop_requested(); ++wait)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    was_stopped = stop.stop_requested();
    throw PlayStopped{};
  };
  auto run = std::make_unique<FollowedRun>(RunToFollow{folder, play, {}, {}}, envs::make_environment);
  run->poll(0);
  EXPECT_TRUE(run->is_loading());
  run.reset();
  EXPECT_TRUE(was_stopped);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace lockstep::viewer
