// One frame after the other: input, the picture of the newest snapshot, panels over it; and what keys and buttons ask
// for.
#include "viewer/app.h"
#include "engine/error.h"
#include "viewer/model_source.h"
#include "viewer/panels.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include <imgui.h>

namespace lockstep::viewer {

App::App(AppOptions options)
    : options_(std::move(options)),
      first_source_(options_.make_source(options_.num_worlds)),
      window_(std::make_unique<Window>("Lockstep", options_.width, options_.height, options_.best_quality)) {
  mjr_defaultContext(&renderer_);
  state_.driver = options_.driver;
  watch(options_.watched);
  show(std::move(first_source_));
  simulation_->set_running(options_.running);
}

App::~App() {
  end_recording("");
  simulation_.reset();
  own_.reset();
  mjr_freeContext(&renderer_);
}

// Takes a new source; the old one stays where making it fails.
void App::rebuild(SourceFactory make_source, int num_worlds) {
  show(make_source(num_worlds));
  options_.make_source = std::move(make_source);
}

void App::show(std::unique_ptr<SceneSource> source) {
  const int num_worlds = source->num_worlds();
  auto fresh = std::make_unique<Simulation>(std::move(source), options_.seed);
  auto scene = std::make_unique<WorldScene>(fresh->source().model(), num_worlds);
  if (scene_ != nullptr) {
    scene->option = scene_->option;
    std::copy_n(scene_->scene().flags, mjNRNDFLAG, scene->scene().flags);
  } else if (window_->is_software() && !options_.best_quality) {
    scene->scene().flags[mjRND_SHADOW] = scene->scene().flags[mjRND_REFLECTION] = 0;
  }
  simulation_ = std::move(fresh);
  scene_ = std::move(scene);
  mjr_makeContext(&scene_->model(), &renderer_, mjFONTSCALE_100);
  make_own_renderer();
  state_.num_worlds = num_worlds;
  state_.world = std::min(state_.world, num_worlds - 1);
  align_pending_ = true;
  shown_ = simulation_->snapshot();
  ground_ = nullptr;
  simulation_->set_speed(kSpeeds[static_cast<std::size_t>(state_.speed)]);
  set_driver(state_.driver);
  apply_noise();
  window_->set_title(simulation_->source().title() + " - Lockstep");
}

// All worlds are drawn on the ground of the selected one, where episodes draw their own.
void App::show_ground() {
  if (shown_->grounds.empty()) return;
  const Ground& ground = shown_->grounds[static_cast<std::size_t>(state_.world)];
  if (ground == ground_) return;
  ground_ = ground;
  mjModel& model = scene_->model();
  std::copy(ground->begin(), ground->end(), model.hfield_data);
  for (int field = 0; field < static_cast<int>(model.nhfield); ++field) mjr_uploadHField(&model, &renderer_, field);
  make_own_renderer();
}

bool App::frame(Image* picture) {
  if (window_->wants_to_close()) return false;
  window_->begin_frame();
  for (const std::string& path : window_->take_dropped()) open_file(path);
  reload_if_changed();
  follow_run();
  shown_ = simulation_->snapshot();
  show_ground();
  status_ = simulation_->status();
  lay_out();
  if (std::exchange(align_pending_, false)) align_camera();
  follow();
  handle_input(*this);
  draw_view();
  record_view();
  draw_toolbar(*this);
  if (state_.left_panel) draw_left_panel(*this);
  if (state_.right_panel) draw_right_panel(*this);
  if (state_.plots) draw_plots(*this);
  draw_overlays(*this);
  Image own;
  Image* wanted = screenshot_pending_ && picture == nullptr ? &own : picture;
  window_->end_frame(wanted);
  if (std::exchange(screenshot_pending_, false)) save_screenshot(*wanted);
  return true;
}

// Toolbar above, plots below, panels left and right, the view in between.
void App::lay_out() {
  const ImVec2 size = ImGui::GetIO().DisplaySize;
  const float em = ImGui::GetFontSize();
  const float bar = std::round(2.75F * em), side = std::min(std::round(17.5F * em), 0.3F * size.x);
  const float strip = state_.plots ? std::min(std::round(14.5F * em), 0.45F * size.y) : std::round(2.4F * em);
  const float left = state_.left_panel ? side : 0, right = state_.right_panel ? side : 0;
  panels_[0] = {0, 0, size.x, bar};
  panels_[1] = {0, bar, left, size.y - bar};
  panels_[2] = {size.x - right, bar, right, size.y - bar};
  panels_[3] = {left, size.y - strip, size.x - left - right, strip};
  view_ = {left, bar, size.x - left - right, size.y - bar - strip};
}

double App::display_seconds() const { return 1.0 / std::max(1e-3, static_cast<double>(ImGui::GetIO().Framerate)); }

// --- time and worlds -------------------------------------------------------------------------------------------------

void App::toggle_running() {
  status_ = simulation_->status();
  simulation_->set_running(!status_.running);
}
void App::step() { simulation_->advance(1); }
void App::step_back() { simulation_->step_back(); }
void App::reset() {
  if (run() != nullptr && run()->newer() != nullptr) {
    play_newer();
  } else {
    simulation_->reset();
  }
}

void App::reload() {
  try {
    rebuild(options_.make_source, num_worlds());
    simulation_->set_running(status_.running);
    say("Reloaded");
  } catch (const Error& error) {
    say(error.what());
  }
}

void App::change_speed(int by) {
  state_.speed = std::clamp(state_.speed + by, 0, static_cast<int>(kSpeeds.size()) - 1);
  simulation_->set_speed(kSpeeds[static_cast<std::size_t>(state_.speed)]);
}

void App::select_world(int world) {
  end_perturbation();
  state_.follow = Follow::kNone;
  state_.world = std::clamp(world, 0, num_worlds() - 1);
}

void App::set_arrangement(Arrangement arrangement) {
  state_.arrangement = arrangement;
  align_camera();
}

void App::cycle_arrangement() {
  set_arrangement(static_cast<Arrangement>((static_cast<int>(state_.arrangement) + 1) % 3));
}

void App::set_colour_by(ColourBy by) {
  if (can_colour_by(by, simulation_->source(), *shown_)) {
    state_.colour_by = by;
  } else {
    say(by == ColourBy::kModelError ? "Nothing is predicted here: play the run of an agent with a model"
                                    : "This has no returns: view a task instead of a model file");
  }
}

// To the next that there is something for.
void App::cycle_colour() {
  for (int step = 1; step <= 4; ++step) {
    const auto next = static_cast<ColourBy>((static_cast<int>(state_.colour_by) + step) % 4);
    if (!can_colour_by(next, simulation_->source(), *shown_)) continue;
    if (next == state_.colour_by) say("There is nothing here to colour the worlds by");
    state_.colour_by = next;
    return;
  }
}

void App::set_follow(Follow follow) {
  const bool has_return = signal_of(simulation_->source(), Signal::Plot::kReturn) >= 0;
  if (!has_return && follow != Follow::kNone) {
    say("This has no returns: view a task instead of a model file");
    return;
  }
  state_.follow = follow;
  follow_from_ = 0;
}

void App::cycle_follow() { set_follow(static_cast<Follow>((static_cast<int>(state_.follow) + 1) % 4)); }

// The selected world is the followed one; changes come half a second apart at least, or nobody could look.
void App::follow() {
  constexpr double kLeastSeconds = 0.5;
  const int wanted = followed_world(state_.follow, simulation_->source(), *shown_);
  if (wanted < 0 || wanted == state_.world || ImGui::GetTime() < follow_from_) return;
  end_perturbation();
  state_.world = wanted;
  follow_from_ = ImGui::GetTime() + kLeastSeconds;
}

void App::set_num_worlds(int count) {
  const int wanted = std::clamp(count, 1, kMostWorlds);
  if (wanted == num_worlds()) return;
  try {
    rebuild(options_.make_source, wanted);
    simulation_->set_running(status_.running);
  } catch (const Error& error) {
    say(error.what());
  }
}

void App::open_file(const std::filesystem::path& path) {
  try {
    const auto make = [path](int worlds) { return make_model_source(path, worlds); };
    rebuild(make, num_worlds());
    options_.run.reset();
    watch(path);
    simulation_->set_running(status_.running);
    say("Opened " + path.string());
  } catch (const Error& error) {
    say(error.what());
  }
}

void App::set_driver(Driver driver) {
  state_.driver = driver;
  simulation_->set_driver(driver);
}

void App::apply_noise() {
  simulation_->set_noise(static_cast<double>(state_.noise_scale), static_cast<double>(state_.noise_rate));
}

void App::say(std::string message) {
  state_.message = std::move(message);
  state_.message_until = ImGui::GetTime() + 4;
}

// --- camera and selection --------------------------------------------------------------------------------------------

void App::align_camera() { scene_->camera = scene_->overview(static_cast<double>(view_.aspect()), shows_grid()); }

void App::free_camera() {
  scene_->camera.type = mjCAMERA_FREE;
  scene_->camera.fixedcamid = scene_->camera.trackbodyid = -1;
}

void App::cycle_camera(int by) {
  const auto count = static_cast<int>(scene_->model().ncam);
  if (count == 0) {
    say("The model has no cameras");
    return;
  }
  const bool fixed = scene_->camera.type == mjCAMERA_FIXED;
  const int next = fixed ? scene_->camera.fixedcamid + by : (by > 0 ? 0 : count - 1);
  scene_->camera.type = mjCAMERA_FIXED;
  scene_->camera.fixedcamid = (next + count) % count;
}

void App::select_parent() {
  int& body = scene_->perturb.select;
  if (body > 0) body = scene_->model().body_parentid[body];
}

void App::select_child() {
  int& body = scene_->perturb.select;
  for (int child = 1; child < static_cast<int>(scene_->model().nbody); ++child) {
    if (scene_->model().body_parentid[child] != std::max(body, 0) || child == body) continue;
    body = child;
    return;
  }
}

void App::select_at(double x, double y) {
  const Picked hit = scene_->pick(poses(), x, y, static_cast<double>(view_.aspect()));
  mjvPerturb& perturb = scene_->perturb;
  mjv_defaultPerturb(&perturb);
  if (hit.body <= 0) return;
  if (shows_many()) select_world(hit.world);
  perturb.select = hit.body;
  perturb.flexselect = hit.flex;
  perturb.skinselect = hit.skin;
  scene_->show(poses(), shows_many() ? state_.world : 0);
  const mjData& data = scene_->data();
  mjtNum local[3];
  mju_sub3(local, hit.point.data(), data.xpos + 3 * hit.body);
  mju_mulMatTVec3(perturb.localpos, data.xmat + 9 * hit.body, local);
}

void App::select_world_at(double x, double y) {
  if (!shows_many()) return;
  const Picked hit = scene_->pick(poses(), x, y, static_cast<double>(view_.aspect()));
  if (hit.body > 0) select_world(hit.world);
}

void App::look_at(double x, double y, bool track) {
  const Picked hit = scene_->pick(poses(), x, y, static_cast<double>(view_.aspect()));
  if (hit.body < 0) return;
  if (track && hit.body > 0) {
    scene_->camera.type = mjCAMERA_TRACKING;
    scene_->camera.trackbodyid = hit.body;
    scene_->camera.fixedcamid = -1;
    if (shows_many()) select_world(hit.world);
    return;
  }
  std::copy(hit.in_scene.begin(), hit.in_scene.end(), scene_->camera.lookat);
}

void App::move_camera(int action, double dx, double dy) {
  mjv_moveCamera(&scene_->model(), action, dx, dy, &scene_->camera);
}

// Moves the reference of the selected body: a spring pulls it while running, the pose itself follows while paused.
void App::move_selected(int action, double dx, double dy) {
  mjvPerturb& perturb = scene_->perturb;
  if (perturb.select <= 0 || !simulation_->source().is_live()) return;
  const bool rotate = action == mjMOUSE_ROTATE_V || action == mjMOUSE_ROTATE_H;
  const int wanted = rotate ? mjPERT_ROTATE : mjPERT_TRANSLATE;
  const mjModel& model = scene_->model();
  mjData& data = scene_->data();
  if (perturb.active != wanted) {
    mjv_initPerturb(&model, &data, &scene_->scene(), &perturb);
    perturb.active = wanted;
  }
  mjv_movePerturb(&model, &data, action, dx, dy, &scene_->scene(), &perturb);
  if (status_.running) {
    simulation_->pull({.active = true, .world = state_.world, .perturb = perturb});
    return;
  }
  mjv_applyPerturbPose(&model, &data, &perturb, 1);
  simulation_->set_pose(state_.world, {data.qpos, static_cast<std::size_t>(model.nq)},
                        {data.qvel, static_cast<std::size_t>(model.nv)});
}

void App::end_perturbation() {
  if (scene_->perturb.active == 0) return;
  scene_->perturb.active = scene_->perturb.active2 = 0;
  simulation_->pull({});
}

}  // namespace lockstep::viewer
