// MuJoCo's renderer or ours on a headless OpenGL context: scene to frame buffer object to RGB bytes.
#include "viewer/offscreen.h"
#include "engine/error.h"
#include "viewer/headless_gl.h"
#include "viewer/world_renderer.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace lockstep::viewer {
namespace {

void check_size(const char* name, int pixels) {
  if (pixels >= 16 && pixels <= 8192) return;
  throw Error(std::string(name) + " = " + std::to_string(pixels) + " pixels is outside [16, 8192]", "picture size",
              "ask for a picture of 16 to 8192 pixels in each direction");
}

// The model's camera by name.
mjvCamera named_camera(const mjModel& model, const std::string& name) {
  mjvCamera camera;
  mjv_defaultCamera(&camera);
  camera.type = mjCAMERA_FIXED;
  camera.fixedcamid = mj_name2id(&model, mjOBJ_CAMERA, name.c_str());
  if (camera.fixedcamid >= 0) return camera;
  std::vector<std::string> names;
  for (int id = 0; id < model.ncam; ++id) {
    if (const char* known = mj_id2name(&model, mjOBJ_CAMERA, id); known != nullptr) names.emplace_back(known);
  }
  std::string list;
  for (const std::string& known : names) list += (list.empty() ? "" : ", ") + known;
  throw Error("the model has no camera '" + name + "'", "camera",
              names.empty() ? "leave the camera empty: the model names none" : "use one of: " + list);
}

}  // namespace

struct Offscreen::State {
  HeadlessGl gl;
  OffscreenConfig config;
  WorldScene scene;
  mjrContext renderer;
  std::unique_ptr<WorldRenderer> own;  // null: MuJoCo's renderer draws
  std::vector<Colour> tints;
  Image image;

  State(const mjModel& model, const OffscreenConfig& wanted) : config(wanted), scene(model, wanted.num_worlds) {
    own = own_renderer();
    mjModel& drawn = scene.model();
    drawn.vis.global.offwidth = config.width;
    drawn.vis.global.offheight = config.height;
    drawn.vis.quality.offsamples = config.samples > 1 ? config.samples : 0;
    scene.camera = config.camera.empty() ? scene.overview(static_cast<double>(config.width) / config.height)
                                         : named_camera(model, config.camera);
    scene.mark_selection = false;
    scene.scene().flags[mjRND_SHADOW] = config.shadows ? 1 : 0;
    scene.scene().flags[mjRND_REFLECTION] = config.reflections ? 1 : 0;
    mjr_defaultContext(&renderer);
    mjr_makeContext(&drawn, &renderer, config.height >= 720 ? mjFONTSCALE_150 : mjFONTSCALE_100);
    mjr_setBuffer(mjFB_OFFSCREEN, &renderer);
    image.width = config.width;
    image.height = config.height;
    image.rgb.resize(static_cast<std::size_t>(config.width) * static_cast<std::size_t>(config.height) * 3);
    gl.release();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    gl.make_current();
    own.reset();
    mjr_freeContext(&renderer);
  }

  // Null where MuJoCo's renderer draws: as asked for, or because OpenGL is too old for ours and nobody insists on it.
  std::unique_ptr<WorldRenderer> own_renderer() {
    const bool many = config.num_worlds > 1;
    if (config.drawing == Drawing::kMujoco || (config.drawing == Drawing::kAuto && !many)) return nullptr;
    try {
      return std::make_unique<WorldRenderer>(scene.model(), [this](const char* name) { return gl.load(name); });
    } catch (const MissingResource&) {
      if (config.drawing == Drawing::kOwn) throw;
      return nullptr;
    }
  }

  [[nodiscard]] mjrRect viewport() const { return {0, 0, config.width, config.height}; }

  // Into the frame buffer object of MuJoCo's renderer, whoever draws: its captions and its reading work for both.
  void draw(std::span<const WorldPose> worlds, std::span<const GhostPose> ghosts) {
    if (own == nullptr) {
      scene.update(worlds, 0, ghosts);
      mjr_render(viewport(), &scene.scene(), &renderer);
      return;
    }
    scene.collect(worlds, 0, ghosts, tints, viewport(), own->instances());
    const auto [haze_start, haze_end] = scene.haze();
    own->draw(viewport(), {.shadows = config.shadows, .haze_start = haze_start, .haze_end = haze_end});
  }
};

Offscreen::Offscreen(const mjModel& model, const OffscreenConfig& config) {
  check_size("width", config.width);
  check_size("height", config.height);
  state_ = std::make_unique<State>(model, config);
}

Offscreen::~Offscreen() = default;
Offscreen::Offscreen(Offscreen&&) noexcept = default;
Offscreen& Offscreen::operator=(Offscreen&&) noexcept = default;

const Image& Offscreen::render(std::span<const WorldPose> worlds, std::span<const GhostPose> ghosts,
                               std::string_view caption) {
  State& s = *state_;
  s.gl.make_current();
  s.draw(worlds, ghosts);
  const mjrRect viewport = s.viewport();
  if (!caption.empty()) {
    mjr_overlay(mjFONT_NORMAL, mjGRID_TOPLEFT, viewport, std::string(caption).c_str(), nullptr, &s.renderer);
  }
  mjr_readPixels(s.image.rgb.data(), nullptr, viewport, &s.renderer);
  s.gl.release();
  flip_rows(s.image);
  return s.image;
}

double Offscreen::draw(std::span<const WorldPose> worlds, std::span<const GhostPose> ghosts) {
  State& s = *state_;
  s.gl.make_current();
  const auto start = std::chrono::steady_clock::now();
  s.draw(worlds, ghosts);
  mjr_finish();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  s.gl.release();
  return seconds;
}

void Offscreen::set_tints(std::vector<Colour> tints) { state_->tints = std::move(tints); }
bool Offscreen::is_own() const { return state_->own != nullptr; }
std::int64_t Offscreen::num_drawn() const { return is_own() ? state_->own->instances().num_drawn() : 0; }
std::int64_t Offscreen::num_triangles() const { return is_own() ? state_->own->instances().num_triangles() : 0; }
WorldScene& Offscreen::scene() { return state_->scene; }
const std::string& Offscreen::description() const { return state_->gl.description(); }

}  // namespace lockstep::viewer
