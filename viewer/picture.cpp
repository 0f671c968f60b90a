// The 3D view of one frame: our own renderer for many worlds, MuJoCo's for the close-up of one.
#include "engine/error.h"
#include "viewer/app.h"

#include <algorithm>
#include <cmath>

namespace lockstep::viewer {

// MuJoCo's renderer has to do where OpenGL is too old for ours, and the user is told.
void App::make_own_renderer() {
  own_.reset();
  try {
    own_ = std::make_unique<WorldRenderer>(scene_->model(), [](const char* name) { return Window::load(name); });
  } catch (const MissingResource& error) {
    say(error.what());
  }
}

bool App::draws_own() const {
  if (own_ == nullptr || state_.drawing == Drawing::kMujoco) return false;
  if (state_.drawing == Drawing::kOwn || shows_many()) return true;
  // Ours is more than twice as fast where OpenGL is software; it leaves out skins and flexes, which are then the point.
  const mjModel& model = scene_->model();
  return window_->is_software() && !options_.best_quality && model.nskin == 0 && model.nflex == 0;
}

std::vector<WorldPose> App::poses() const {
  if (!shows_many()) return {shown_->pose(state_.world)};
  std::vector<WorldPose> worlds;
  worlds.reserve(static_cast<std::size_t>(shown_->num_worlds));
  for (int world = 0; world < shown_->num_worlds; ++world) worlds.push_back(shown_->pose(world));
  return worlds;
}

std::vector<GhostPose> App::ghosts() const {
  std::vector<GhostPose> ghosts;
  if (!state_.ghost || shown_->ghosts.empty()) return ghosts;
  for (int world = 0; world < shown_->num_worlds; ++world) {
    if (!shows_many() && world != state_.world) continue;
    const auto qpos =
        std::span(shown_->ghosts).subspan(flat_index(world, shown_->nq), static_cast<std::size_t>(shown_->nq));
    if (std::isfinite(qpos[0])) ghosts.push_back({.world = shows_many() ? world : 0, .qpos = qpos});
  }
  return ghosts;
}

void App::draw_view() {
  scene_->overlaid = shows_many() && !shows_grid();
  colours_ = colour_worlds(state_.colour_by, simulation_->source(), *shown_, *scene_);
  const float ratio = window_->pixel_ratio();
  const auto pixels = [&](float units) { return static_cast<int>(std::lround(units * ratio)); };
  viewport_ = {pixels(view_.x), window_->pixel_height() - pixels(view_.y + view_.height),
               std::max(1, pixels(view_.width)), std::max(1, pixels(view_.height))};
  if (draws_own()) {
    draw_own(viewport_, ghosts());
    return;
  }
  scene_->update(poses(), shows_many() ? state_.world : 0, ghosts());
  mjr_setBuffer(mjFB_WINDOW, &renderer_);
  mjr_render(viewport_, &scene_->scene(), &renderer_);
}

void App::draw_own(const mjrRect& viewport, std::span<const GhostPose> ghosts) {
  std::vector<Colour> tints;
  if (colours_ && shows_many()) tints = colours_->tints;
  if (colours_ && !shows_many()) tints = {colours_->tints[static_cast<std::size_t>(state_.world)]};
  scene_->collect(poses(), shows_many() ? state_.world : 0, ghosts, tints, viewport, own_->instances());
  const auto [haze_start, haze_end] = scene_->haze();
  const mjtByte* flags = scene_->scene().flags;
  own_->draw(viewport, {.shadows = flags[mjRND_SHADOW] != 0,
                        .wireframe = flags[mjRND_WIREFRAME] != 0,
                        .sky = flags[mjRND_SKYBOX] != 0,
                        .haze_start = haze_start,
                        .haze_end = haze_end});
}

}  // namespace lockstep::viewer
