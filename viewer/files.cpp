// What the window writes, copies and reads again: movies, pictures, key frames, cameras, changed models.
#include "engine/error.h"
#include "viewer/app.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <system_error>
#include <utility>

#include <imgui.h>

namespace lockstep::viewer {
namespace {

// Numbers as MJCF has them.
std::string list_of(std::span<const double> values) {
  std::string text;
  for (const double value : values) {
    char number[32];
    std::snprintf(number, sizeof number, ImGui::GetIO().KeyShift ? "%.17g" : "%.6g", value);
    if (!text.empty()) text += ' ';
    text += number;
  }
  return text;
}

// "lockstep-00000120", or with a number after it where a file of that name is there.
std::filesystem::path free_stem(const std::filesystem::path& folder, std::int64_t step) {
  char name[64];
  std::snprintf(name, sizeof name, "lockstep-%08lld", static_cast<long long>(step));
  const auto is_taken = [](const std::filesystem::path& stem) {
    return std::filesystem::exists(stem.string() + ".mp4") || std::filesystem::exists(stem.string() + ".gif");
  };
  std::filesystem::path stem = folder / name;
  for (int number = 2; is_taken(stem); ++number) stem = folder / (std::string(name) + "-" + std::to_string(number));
  return stem;
}

}  // namespace

std::filesystem::path App::output_folder() const {
  return options_.screenshot_folder.empty() ? "." : options_.screenshot_folder;
}

void App::take_screenshot() { screenshot_pending_ = true; }

void App::save_screenshot(const Image& picture) {
  char name[64];
  std::snprintf(name, sizeof name, "lockstep-%08lld.png", static_cast<long long>(shown_->step));
  try {
    write_png(output_folder() / name, picture);
    say("Saved " + (output_folder() / name).string());
  } catch (const Error& error) {
    say(error.what());
  }
}

void App::toggle_recording() {
  if (recorder_ != nullptr) {
    end_recording("");
    return;
  }
  try {
    recorder_ = std::make_unique<Recorder>(free_stem(output_folder(), shown_->step), viewport_.width, viewport_.height);
    say("Recording the view: F8 ends it");
  } catch (const Error& error) {
    say(error.what());
  }
}

// The movie so far is kept, whatever ends it.
void App::end_recording(const std::string& reason) {
  const std::unique_ptr<Recorder> ended = std::exchange(recorder_, nullptr);
  if (ended == nullptr) return;
  try {
    say(reason + "Saved " + ended->finish().string());
  } catch (const Error& error) {
    say(error.what());
  }
}

// Takes the view as it is drawn, before the panels come over it.
void App::record_view() {
  if (recorder_ == nullptr) return;
  Image picture;
  window_->read(viewport_.left, viewport_.bottom, viewport_.width, viewport_.height, picture);
  if (!recorder_->fits(picture)) {
    end_recording("The view changed its size, which ends the recording. ");
    return;
  }
  try {
    recorder_->add(picture, ImGui::GetTime());
  } catch (const Error& error) {
    recorder_.reset();
    say(error.what());
  }
}

// The shown state of the selected world as a key frame in MJCF, on the clipboard.
void App::copy_key_frame() {
  const WorldPose pose = shown_->pose(state_.world);
  const std::string key = "<key qpos=\"" + list_of(pose.qpos) + "\" qvel=\"" + list_of(pose.qvel) + "\"/>";
  ImGui::SetClipboardText(key.c_str());
  say("Copied the state as a key frame");
}

// The present camera in MJCF, on the clipboard; its place is that in the selected world.
void App::copy_camera() {
  const mjvScene& scene = scene_->scene();
  const mjvGLCamera eye = mjv_averageCamera(&scene.camera[0], &scene.camera[1]);
  const std::array<double, 3> world = shows_grid() ? scene_->offset(state_.world) : std::array<double, 3>{};
  const PictureCamera axes = PictureCamera::from_scene(scene, viewport_.width, viewport_.height);
  std::array<double, 3> place{};
  std::array<double, 6> right_and_up{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    place[axis] = static_cast<double>(eye.pos[axis]) - world[axis];
    right_and_up[axis] = static_cast<double>(axes.right[axis]);
    right_and_up[3 + axis] = static_cast<double>(axes.up[axis]);
  }
  const std::string camera = "<camera pos=\"" + list_of(place) + "\" xyaxes=\"" + list_of(right_and_up) + "\"/>";
  ImGui::SetClipboardText(camera.c_str());
  say("Copied the camera");
}

// The selected world takes the state of a key frame of the model, and waits in it.
void App::load_key_frame(int key) {
  const mjModel& model = scene_->model();
  if (key < 0 || key >= model.nkey || !simulation_->source().is_live()) return;
  simulation_->set_running(false);
  simulation_->set_pose(state_.world, {model.key_qpos + key * model.nq, static_cast<std::size_t>(model.nq)},
                        {model.key_qvel + key * model.nv, static_cast<std::size_t>(model.nv)});
}

void App::watch(const std::filesystem::path& file) {
  watched_ = file;
  std::error_code missing;
  watched_time_ = std::filesystem::last_write_time(watched_, missing);
}

// Looks twice a second whether the model file was written since. A broken file is told, and the old model stays.
void App::reload_if_changed() {
  constexpr double kSeconds = 0.5;
  if (watched_.empty() || ImGui::GetTime() < watch_from_) return;
  watch_from_ = ImGui::GetTime() + kSeconds;
  std::error_code missing;
  const auto time = std::filesystem::last_write_time(watched_, missing);
  if (missing || time == watched_time_) return;
  watched_time_ = time;
  reload();
}

// Looks at the run. A newer policy takes over when the longest episode has been shown to its end; paused, nothing
// changes until Reset.
void App::follow_run() {
  if (options_.run == nullptr) return;
  options_.run->poll(ImGui::GetTime());
  const std::int64_t step = simulation_->snapshot()->step, before = std::exchange(last_step_, step);
  if (run()->newer() == nullptr || !simulation_->status().running) return;
  std::int64_t longest = 0;
  for (const agents::Episode& episode : run()->playing().episodes) {
    longest = std::max(longest, static_cast<std::int64_t>(episode.steps));
  }
  if (step / (longest + 1) != before / (longest + 1)) play_newer();
}

// Worlds of the newer policy from their first state, seen from where the old ones were.
void App::play_newer() {
  const mjvCamera camera = scene_->camera;
  const int num_worlds_before = num_worlds();
  const std::string title = simulation_->source().title();
  const bool running = simulation_->status().running;
  show(options_.run->take_newer());
  options_.make_source = run()->source();
  simulation_->set_running(running);
  last_step_ = 0;
  if (num_worlds() == num_worlds_before && simulation_->source().title() == title) {
    scene_->camera = camera;
    align_pending_ = false;
  }
}

}  // namespace lockstep::viewer
