// MuJoCo's renderer on a headless OpenGL context: scene to frame buffer object to RGB bytes.
#include "viewer/offscreen.h"
#include "engine/error.h"
#include "viewer/headless_gl.h"

#include <string>
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
  Image image;

  State(const mjModel& model, const OffscreenConfig& wanted) : config(wanted), scene(model, wanted.num_worlds) {
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
    mjr_freeContext(&renderer);
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
  s.scene.update(worlds, 0, ghosts);
  const mjrRect viewport{0, 0, s.config.width, s.config.height};
  mjr_render(viewport, &s.scene.scene(), &s.renderer);
  if (!caption.empty()) {
    mjr_overlay(mjFONT_NORMAL, mjGRID_TOPLEFT, viewport, std::string(caption).c_str(), nullptr, &s.renderer);
  }
  mjr_readPixels(s.image.rgb.data(), nullptr, viewport, &s.renderer);
  s.gl.release();
  flip_rows(s.image);
  return s.image;
}

WorldScene& Offscreen::scene() { return state_->scene; }
const std::string& Offscreen::description() const { return state_->gl.description(); }

}  // namespace lockstep::viewer
