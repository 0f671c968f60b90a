// The physical state of a task's worlds, and what advances it: MuJoCo physics, or the task's own dynamics.
#pragma once

#include "engine/byte_stream.h"
#include "engine/dynamics.h"
#include "engine/environment.h"
#include "envs/env.h"
#include "envs/task_kernels.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace lockstep::envs {

// W worlds in blocks of lanes(). R is the precision of the state.
template <class R>
class Worlds {
 public:
  virtual ~Worlds() = default;
  [[nodiscard]] virtual int lanes() const = 0;
  [[nodiscard]] virtual int num_blocks() const = 0;
  // f(block, thread) for every block, split over the threads.
  virtual void for_each_block(const std::function<void(int block, int thread)>& f) = 0;
  // Sets the pointers to the state of a block.
  virtual void point_to(int block, Block<R>& out) = 0;
  // Advances the worlds of a block by one env step under b.ctrl, where the task has no dynamics of its own, and sets
  // b.fault where a state stopped being finite.
  virtual void advance(int block, int thread, const Block<R>& b) = 0;

  // Reads the task's sensors in the worlds of a block that `chosen` [lane] marks, at their present state.
  virtual void sense(int block, int thread, const std::uint8_t* chosen) = 0;
  // Gives a world the physical parameters of one of its episodes, where the environment randomises them, and its
  // terrain, where the task draws that.
  virtual void draw_parameters(std::uint64_t seed, int world, std::uint32_t episode, int thread) = 0;
  // As Environment's.
  virtual void get_heights(int /*world*/, std::span<float> /*heights*/) const {}
  virtual void set_heights(int /*world*/, std::span<const float> /*heights*/) {}
  // Lets physics run in the chosen worlds for `steps` steps; time is 0 after that.
  virtual void settle(int block, int thread, int steps, const std::uint8_t* chosen) = 0;

  // Does `work` on a block, after which the worlds that `kept` [lane] marks are as they were.
  virtual void keep(int block, int thread, const std::uint8_t* kept, const std::function<void()>& work) = 0;

  virtual void get_state(int world, std::span<double> x) const = 0;
  virtual void set_state(int world, std::span<const double> x) = 0;
  // All that the next step depends on.
  virtual void save(ByteWriter& writer) const = 0;
  virtual void load(ByteReader& reader) = 0;

  [[nodiscard]] virtual std::unique_ptr<Dynamics> dynamics() const = 0;
  [[nodiscard]] virtual const mjModel_* mujoco_model() const = 0;  // nullptr without MuJoCo
  [[nodiscard]] virtual std::string report() const = 0;
};

// Worlds of a task with dynamics of its own: the task's kernels do all the work. Only the backends auto and cpu.
template <class R>
std::unique_ptr<Worlds<R>> make_own_worlds(const Entry& entry, const EnvironmentConfig& config);

// Worlds of a task with a MuJoCo model, on the backends auto, cpu and mujoco. MissingResource for cuda.
template <class R>
std::unique_ptr<Worlds<R>> make_mujoco_worlds(const Entry& entry, const EnvironmentConfig& config);

}  // namespace lockstep::envs
