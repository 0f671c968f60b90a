// Tests videos: a file that a player opens, whole or not at all, and what is said where ffmpeg is missing.
#include "apps/video.h"
#include "engine/error.h"
#include "tests/engine/temporary_folder.h"
#include "viewer/video_writer.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep::apps {
namespace {

using viewer::VideoFormat;
using viewer::VideoWriter;

bool has_ffmpeg() { return std::system("ffmpeg -version >/dev/null 2>&1") == 0; }

std::string output_of(const std::string& command) {
  std::string text;
  std::FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 256> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) text += buffer.data();
  pclose(pipe);
  return text;
}

std::vector<std::uint8_t> grey_frame(const VideoFormat& format, std::uint8_t level) {
  return std::vector<std::uint8_t>(static_cast<size_t>(format.width * format.height * 3), level);
}

TEST(VideoWriter, WritesAFileWithEveryFrame) {
  if (!has_ffmpeg()) GTEST_SKIP() << "ffmpeg is not installed";
  const TemporaryFolder folder;
  const VideoFormat format{.width = 64, .height = 48, .frames_per_second = 10};
  VideoWriter writer(folder / "video", format);
  for (int k = 0; k < 15; ++k) writer.add_frame(grey_frame(format, static_cast<std::uint8_t>(16 * k)));
  EXPECT_FALSE(std::filesystem::exists(folder / "video.mp4"));
  const std::filesystem::path file = writer.finish();
  EXPECT_EQ(output_of("ffprobe -v error -count_frames -select_streams v -show_entries "
                      "stream=codec_name,width,height,pix_fmt,nb_read_frames,r_frame_rate -of csv=p=0 " +
                      file.string()),
            "h264,64,48,yuv420p,10/1,15\n");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(VideoWriter, LeavesNothingBehindWithoutFinish) {
  if (!has_ffmpeg()) GTEST_SKIP() << "ffmpeg is not installed";
  const TemporaryFolder folder;
  const VideoFormat format{.width = 64, .height = 48};
  { VideoWriter(folder / "video", format).add_frame(grey_frame(format, 9)); }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(VideoWriter, SaysThatTheEncoderIsMissing) {
  const TemporaryFolder folder;
  try {
    const VideoWriter writer(folder / "video", {.encoder = "no-such-ffmpeg"});
    FAIL() << "expected MissingResource";
  } catch (const MissingResource& error) {
    EXPECT_NE(error.where().find("no-such-ffmpeg"), std::string::npos);
    EXPECT_NE(error.fix().find("install ffmpeg"), std::string::npos);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(VideoWriter, GivesTheEncodersOwnWordsWhenItFails) {
  if (!has_ffmpeg()) GTEST_SKIP() << "ffmpeg is not installed";
  const TemporaryFolder folder;
  const VideoFormat odd{.width = 63, .height = 47};  // H.264 with yuv420p wants even sizes
  VideoWriter writer(folder / "video", odd);
  try {
    for (int k = 0; k < 20; ++k) writer.add_frame(grey_frame(odd, 0));
    (void)writer.finish();
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("divisible by 2"), std::string::npos) << error.problem();
  }
}

TEST(FramePlan, PlaysInRealTime) {
  for (const double timestep : {0.001, 0.01, 0.02, 0.025, 0.05, 0.1}) {
    const FramePlan plan = frame_plan(timestep);
    EXPECT_NEAR(plan.frames_per_second * plan.stride * timestep, 1, 1e-12);
    EXPECT_LE(plan.frames_per_second, 41);
  }
  EXPECT_EQ(frame_plan(0.01).stride, 4);
  EXPECT_EQ(frame_plan(0.1).stride, 1);
}

}  // namespace
}  // namespace lockstep::apps
