// Worlds of a task: an Environment, drawn through its MuJoCo model or a scene of its own.
#pragma once

#include "agents/agent.h"
#include "engine/environment.h"
#include "engine/model_copy.h"
#include "viewer/own_scene.h"
#include "viewer/scene_source.h"

#include <string>
#include <vector>

namespace lockstep::viewer {

// How the states of an environment become poses.
class StatePoser {
 public:
  explicit StatePoser(const Environment& environment);  // throws Error for a task that cannot be drawn
  [[nodiscard]] const mjModel& model() const { return *model_; }
  [[nodiscard]] bool has_own_scene() const { return own_.model != nullptr; }
  // From the present state of a world of `environment`.
  void read(const Environment& environment, int world, std::span<double> qpos, std::span<double> qvel) const;
  // Into the state x [nx] of a world.
  void write(std::span<const double> qpos, std::span<const double> qvel, std::span<double> x) const;

 private:
  OwnScene own_;
  OwnModel grounded_;  // with the present ground of world 0, where every episode draws one
  const mjModel* model_;
};

// The first state fields as curves show them: unbounded angles in [-pi, pi]. values may be shorter than x [nx].
void plotted_state(const TaskSpec& spec, std::span<const double> x, std::span<double> values);

// `config.num_worlds` worlds of `task`. Throws what the factory throws.
std::unique_ptr<SceneSource> make_environment_source(const EnvironmentFactory& make_environment,
                                                     const std::string& task, const EnvironmentConfig& config);

// Recorded episodes of one task, one a world, played side by side in step and from the start again after the longest;
// the ghost is what the agent's model predicted. Throws Error where there is no episode.
std::unique_ptr<SceneSource> make_episode_source(const EnvironmentFactory& make_environment, const std::string& task,
                                                 std::vector<agents::Episode> episodes);

}  // namespace lockstep::viewer
