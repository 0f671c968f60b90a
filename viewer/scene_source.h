// SceneSource: where the worlds that are shown come from: a batch of physics, a task's environment, a recorded episode.
#pragma once

#include "engine/view.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <mujoco/mujoco.h>

namespace lockstep::viewer {

// Place of [row][column] in a row-major array whose rows have `width` columns.
[[nodiscard]] inline std::size_t flat_index(int row, int width, int column = 0) {
  return static_cast<std::size_t>(row) * static_cast<std::size_t>(width) + static_cast<std::size_t>(column);
}

// A control input, with the range of its slider.
struct ControlInput {
  std::string name;
  double low = -1, high = 1;  // in the source's own units
};

// A number of each world that is plotted over time.
struct Signal {
  // kSinceEnd: s since the world's last episode ended, 0 at its last step, infinite before the first; not plotted.
  enum class Plot { kReward, kReturn, kState, kControl, kSinceEnd };
  std::string name;
  Plot plot = Plot::kState;  // which plot it belongs to
};

// Heights of a world's height fields, as hfield_data of its model; never changed once made.
using Ground = std::shared_ptr<const std::vector<float>>;

// W worlds that can be stepped, read and overwritten. Called by one thread at a time. `what went wrong` is thrown as
// Error by the constructor or factory; later calls do not throw for bad numbers: a world that diverges flags itself.
class SceneSource {
 public:
  virtual ~SceneSource() = default;
  [[nodiscard]] virtual const mjModel& model() const = 0;  // what is drawn; outlives every use of the source
  [[nodiscard]] virtual std::string title() const = 0;     // "cartpole-swingup", "humanoid.xml"
  [[nodiscard]] virtual std::string report() const = 0;    // one line: backend, ISA, lanes
  [[nodiscard]] virtual int num_worlds() const = 0;
  [[nodiscard]] virtual double step_seconds() const = 0;  // simulated seconds of one step
  [[nodiscard]] virtual const std::vector<ControlInput>& controls() const = 0;
  [[nodiscard]] virtual const std::vector<Signal>& signals() const = 0;
  // False for a recording: controls are what was recorded, and poses cannot be edited.
  [[nodiscard]] virtual bool is_live() const { return true; }

  // False where model() is only what is drawn, and the dynamics are the task's own.
  [[nodiscard]] virtual bool is_model_physics() const { return true; }
  // Worlds that went non-finite and were started again, since the last reset.
  [[nodiscard]] virtual std::int64_t faults() const { return 0; }

  virtual void reset() = 0;
  virtual void step(View<const double, 2> controls) = 0;  // [worlds][controls]

  virtual void read_pose(int world, std::span<double> qpos, std::span<double> qvel) const = 0;  // [nq], [nv]
  virtual void write_pose(int world, std::span<const double> qpos, std::span<const double> qvel) = 0;
  virtual void read_signals(int world, std::span<double> values) const = 0;  // [signals]
  // Controls as the model's actuators see them, for drawing; false: the source has none.
  virtual bool read_ctrl(int world, std::span<double> ctrl) const = 0;  // [nu]
  // What a learned model predicts for this moment; false: nothing.
  virtual bool read_ghost(int world, std::span<double> qpos) const = 0;  // [nq]

  // What a world stands on, where its episodes draw that; nullptr where the model's height fields are everyone's.
  [[nodiscard]] virtual Ground ground(int /*world*/) const { return nullptr; }

  // Everything the next step depends on; loading it continues from that moment.
  [[nodiscard]] virtual std::vector<std::byte> save() const = 0;
  virtual void load(std::span<const std::byte> bytes) = 0;
};

// Curves that one plot can hold without becoming a tangle.
inline constexpr int kMostPlotted = 8;

// Makes a source with a number of worlds; throws Error or MissingResource.
using SourceFactory = std::function<std::unique_ptr<SceneSource>(int num_worlds)>;

}  // namespace lockstep::viewer
