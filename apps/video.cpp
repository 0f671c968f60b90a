// Turns the states of an episode into pictures, and those into a movie.
#include "apps/video.h"
#include "apps/interrupt.h"
#include "engine/error.h"
#include "viewer/offscreen.h"
#include "viewer/video_writer.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>
#include <mujoco/mujoco.h>

namespace lockstep::apps {

FramePlan frame_plan(double control_timestep) {
  constexpr double kWantedRate = 25;
  const double rate = 1 / control_timestep;
  const int stride = std::max(1, static_cast<int>(std::lround(rate / kWantedRate)));
  return {stride, rate / stride};
}

std::filesystem::path film(const agents::Episode& episode, Environment& worlds, const std::filesystem::path& stem) {
  const mjModel* model = worlds.mujoco_model();
  if (model == nullptr) {
    throw MissingResource("there is no picture of this task", worlds.spec().name,
                          "its motion is in report.html's plots; tasks with a MuJoCo model are filmed");
  }
  const FramePlan plan = frame_plan(worlds.spec().control_timestep);
  viewer::VideoFormat format;
  format.frames_per_second = plan.frames_per_second;
  // Reflections double the drawing, which is slow where OpenGL is software.
  viewer::Offscreen renderer(*model, {.width = format.width, .height = format.height, .reflections = false});
  viewer::VideoWriter writer(stem, format);

  const auto nx = static_cast<size_t>(episode.state_size);
  std::vector<double> qpos(static_cast<size_t>(model->nq)), qvel(static_cast<size_t>(model->nv));
  std::vector<double> ghost_qpos(qpos), ghost_qvel(qvel);
  for (int step = 0; step <= episode.steps; step += plan.stride) {
    stop_if_interrupted();
    const size_t row = static_cast<size_t>(step) * nx;
    std::vector<viewer::GhostPose> ghosts;
    if (row + nx <= episode.predicted.size() && std::isfinite(episode.predicted[row])) {
      worlds.set_state(0, std::span(episode.predicted).subspan(row, nx));
      worlds.get_mujoco_state(0, ghost_qpos, ghost_qvel);
      ghosts.push_back({.world = 0, .qpos = ghost_qpos});
    }
    worlds.set_state(0, std::span(episode.states).subspan(row, nx));
    worlds.get_mujoco_state(0, qpos, qvel);
    const viewer::WorldPose pose{.qpos = qpos, .qvel = qvel, .ctrl = {}};
    const std::string caption = fmt::format("{:.1f} s", step * worlds.spec().control_timestep);
    writer.add_frame(renderer.render({&pose, 1}, ghosts, caption).rgb);
  }
  return writer.finish();
}

}  // namespace lockstep::apps
