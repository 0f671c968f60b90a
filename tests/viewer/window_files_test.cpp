// Tests of what the window writes and reads: movies, key frames, cameras, model files that change under it.
#include "tests/viewer/viewer_window.h"
#include "viewer/recorder.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace lockstep::viewer {
namespace {

bool has_ffmpeg() { return std::system("ffmpeg -version >/dev/null 2>&1 && ffprobe -version >/dev/null 2>&1") == 0; }

// "width,height,frames" of a movie as a player reads it.
std::string played(const std::filesystem::path& movie) {
  const std::string command =
      "ffprobe -v error -count_frames -select_streams v -show_entries stream=width,height,nb_read_frames -of csv=p=0 " +
      movie.string();
  std::string text;
  std::FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 256> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) text += buffer.data();
  pclose(pipe);
  return text;
}

class WindowFiles : public ViewerWindow {
 protected:
  // The movies in the window's folder.
  [[nodiscard]] std::vector<std::filesystem::path> movies() const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      if (entry.path().extension() == ".mp4" || entry.path().extension() == ".gif") found.push_back(entry.path());
    }
    return found;
  }
  void show_frames(double seconds) {
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < seconds) app_->frame();
  }
};

TEST_F(WindowFiles, RecordingWritesAMovieOfTheViewThatAPlayerReads) {
  if (!has_ffmpeg()) GTEST_SKIP() << "ffmpeg is not installed";
  press(ImGuiKey_F8);
  EXPECT_TRUE(app_->is_recording());
  app_->simulation().set_running(true);
  show_frames(0.6);
  EXPECT_TRUE(movies().empty()) << "it appears whole";
  press(ImGuiKey_F8);
  ASSERT_EQ(movies().size(), 1U);
  int width = 0, height = 0, frames = 0;
  ASSERT_EQ(std::sscanf(played(movies()[0]).c_str(), "%d,%d,%d", &width, &height, &frames), 3);
  const Region& view = app_->view();
  if (movies()[0].extension() == ".mp4") {
    EXPECT_NEAR(width, static_cast<double>(view.width), 2);
    EXPECT_NEAR(height, static_cast<double>(view.height), 2);
    EXPECT_GE(frames, 15) << "0.6 s and more, at 30 frames a second";
  }
  EXPECT_GT(frames, 1);
}

TEST_F(WindowFiles, AMovieIsKeptWhenTheViewChangesItsSizeOrTheWindowCloses) {
  if (!has_ffmpeg()) GTEST_SKIP() << "ffmpeg is not installed";
  press(ImGuiKey_F8);
  press(ImGuiKey_Tab);
  EXPECT_FALSE(app_->is_recording());
  EXPECT_NE(app_->state().message.find("size"), std::string::npos) << app_->state().message;
  EXPECT_EQ(movies().size(), 1U);
  click("toolbar/###record");
  show_frames(0.1);
  ImGuiTestEngine_Stop(engine_);
  app_.reset();
  ImGuiTestEngine_DestroyContext(engine_);
  EXPECT_EQ(movies().size(), 2U);
  for (const auto& movie : movies()) EXPECT_FALSE(played(movie).empty()) << movie;
  std::filesystem::remove_all(folder_);
}

TEST(Recorder, RepeatsPicturesForTheTimeThatTheyWereShown) {
  if (!has_ffmpeg()) GTEST_SKIP() << "ffmpeg is not installed";
  const auto folder = std::filesystem::path(testing::TempDir()) / "recorder";
  std::filesystem::create_directories(folder);
  Image picture{.width = 65, .height = 49, .rgb = std::vector<std::uint8_t>(65 * 49 * 3, 100)};
  Recorder recorder(folder / "movie", 65, 49);
  recorder.add(picture, 7);
  recorder.add(picture, 7.01);  // too soon
  EXPECT_EQ(recorder.num_frames(), 1);
  recorder.add(picture, 7.5);
  EXPECT_EQ(recorder.num_frames(), 16);
  const auto file = recorder.finish();
  if (file.extension() == ".mp4") {
    EXPECT_EQ(played(file), "64,48,16\n");
  }
  std::filesystem::remove_all(folder);
}

TEST_F(WindowFiles, AKeyFrameIsLoadedIntoTheSelectedWorld) {
  std::string keyed = kCartpole;
  keyed.insert(keyed.rfind("</mujoco>"),
               "<keyframe><key name='start' qpos='0 0'/><key name='tilted' qpos='.5 1'/></keyframe>");
  std::ofstream(folder_ / "keyed.xml") << keyed;
  app_->open_file(folder_ / "keyed.xml");
  app_->select_world(2);
  app_->frame();
  drive([](ImGuiTestContext* context) {
    context->ItemClick("left/###key_frame");
    context->ItemClick("//$FOCUSED/###key1");
  });
  settle();
  EXPECT_EQ(app_->shown().pose(2).qpos[0], 0.5);
  EXPECT_EQ(app_->shown().pose(2).qpos[1], 1);
  EXPECT_EQ(app_->shown().pose(1).qpos[0], 0);
}

TEST_F(WindowFiles, ACopiedCameraIsMjcfThatLooksTheSame) {
  app_->set_num_worlds(1);
  settle();
  app_->copy_camera();
  const std::string camera = ImGui::GetClipboardText();
  std::string model = kCartpole;
  model.insert(model.find("<camera"), camera);
  std::ofstream(folder_ / "camera.xml") << model;
  const std::array<double, 3> point = {0.5, 0.2, 1.4};
  const auto before = place_of(point);
  app_->open_file(folder_ / "camera.xml");
  app_->frame();
  press(ImGuiKey_RightBracket);
  ASSERT_EQ(app_->scene().camera.type, mjCAMERA_FIXED);
  const auto after = place_of(point);
  ASSERT_TRUE(before && after);
  EXPECT_NEAR(before->x, after->x, 1);
  EXPECT_NEAR(before->y, after->y, 1);
}

TEST_F(WindowFiles, AModelFileThatChangesIsReadAgainAndABrokenOneIsTold) {
  const std::filesystem::path file = folder_ / "cartpole.xml";
  app_->open_file(file);
  const auto write = [&](const std::string& text) {
    std::ofstream(file) << text;
    std::filesystem::last_write_time(file, std::filesystem::last_write_time(file) + std::chrono::seconds(2));
  };
  std::string longer = kCartpole;
  longer.insert(longer.find("<body name=\"cart\""), "<body name=\"new\"><geom size=\".1\"/></body>");
  ASSERT_LT(mj_name2id(&app_->scene().model(), mjOBJ_BODY, "new"), 0);
  write(longer);
  show_frames(1);
  EXPECT_GE(mj_name2id(&app_->scene().model(), mjOBJ_BODY, "new"), 0);
  write("<mujoco><worldbody><geom/></mujoco>");
  show_frames(1);
  EXPECT_GE(mj_name2id(&app_->scene().model(), mjOBJ_BODY, "new"), 0) << "the old model stays";
  EXPECT_NE(app_->state().message.find("cartpole.xml"), std::string::npos) << app_->state().message;
}

}  // namespace
}  // namespace lockstep::viewer
