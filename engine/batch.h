// Batch: the state of W worlds of one Model on a backend, stepped in lockstep.
#pragma once

#include "engine/view.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace lockstep {

class Model;
class ParameterValues;
struct VariedElements;

enum class Precision { kFloat, kDouble };

struct BatchConfig {
  int num_worlds = 1;                       // >= 1
  std::string backend = "auto";             // auto | cpu | cuda | mujoco
  Precision precision = Precision::kFloat;  // of state and arithmetic; the mujoco backend always computes in double
  int lanes = 0;                            // worlds per register; 0: the widest this ISA has
  int threads = 1;                          // >= 1; results do not depend on it
  std::string specialise = "off";           // code compiled for this model: off | auto (made in the background, used as
                                            // soon as it is ready) | require (waited for; Error where there is none)
  bool applied_forces = false;              // worlds have places for qfrc_applied and xfrc_applied
  // Elements of which each world has parameters of its own (set_parameters); none where nullptr. The cpu backend, in
  // its widest lanes; `specialise` must be off.
  std::shared_ptr<const VariedElements> varied = nullptr;
  bool own_heights = false;  // each world has height fields of its own (set_heights). Host backends
};

// W worlds of a model. Worlds live in blocks of lanes() worlds, [block][field][lane]; a block is what one thread steps
// in one go, so that a caller can fuse its own work with the physics of the same block while it is in cache.
// Errors: Error for bad input at construction. A world whose state or control is no finite number, or beyond 1e10, is
// flagged in fault(world), keeps its last good state, stands still until the flag is cleared, and touches no other
// world. A batch on a GPU is one block of num_worlds lanes; its field views show device memory, for kernels and copies
// only.
class Batch {
 public:
  virtual ~Batch() = default;
  // Picks the backend; `auto` takes the native one on the CPU where the model's features are supported, else MuJoCo.
  // Error for a bad setting and where the native kernels lack a feature of the model; MissingResource without a GPU.
  static std::unique_ptr<Batch> make(std::shared_ptr<const Model> model, const BatchConfig& config);

  [[nodiscard]] virtual const Model& model() const = 0;
  [[nodiscard]] virtual const BatchConfig& config() const = 0;
  [[nodiscard]] virtual int lanes() const = 0;
  [[nodiscard]] virtual int num_blocks() const = 0;
  // One line: backend, ISA, lanes, and for a fallback the feature that caused it.
  [[nodiscard]] virtual std::string report() const = 0;

  // `steps` physics steps of every world, blocks split over the threads.
  virtual void step(int steps) = 0;
  // `steps` physics steps of the worlds of one block, on the calling thread. `thread` < config().threads names the
  // scratch to use; two calls at once need different threads and blocks.
  virtual void step_block(int block, int steps, int thread) = 0;
  // The same, and evaluates the sensors as the last evaluation of forces saw them: what mj_step leaves in mjData, whose
  // poses, velocities and forces are those at the start of the last step (in RK4: of its last stage). A clock sensor
  // shows the time when the call began. Host backends.
  virtual void step_and_sense_block(int block, int steps, int thread) = 0;
  // Runs f(block, thread) for every block, split over the threads; returns when all are done. Host backends only.
  virtual void for_each_block(const std::function<void(int block, int thread)>& f) = 0;

  // State arrays as (world, field) views, in the batch's own precision: ask for the one of config().precision.
  template <class R>
  struct Fields {
    WorldView<R> qpos, qvel, act, ctrl, qacc_warmstart;  // [W][nq], [W][nv], [W][na], [W][nu], [W][nv]
    WorldView<R> time;                                   // [W][1] s
    WorldView<R> mocap_pos, mocap_quat;                  // [W][3 nmocap] m, [W][4 nmocap]
    // Forces from outside on dofs [W][nv], and force (N) and torque (N m) at the centres of mass of bodies
    // [W][6 nbody]; [W][0] without config().applied_forces.
    WorldView<R> qfrc_applied, xfrc_applied;
    WorldView<R> sensordata;  // [W][nsensordata] as sense() left it
  };
  virtual Fields<float> fields_float() = 0;    // throws std::logic_error in a double batch
  virtual Fields<double> fields_double() = 0;  // throws std::logic_error in a float batch

  // Brings one world where mj_resetData does: initial state, no controls and no applied forces, mocap bodies at the
  // model's poses, time 0, no fault.
  virtual void reset(int world) = 0;
  // One world's state in double, whatever the precision. set_state also clears the world's warm start; controls, forces
  // and mocap poses stay.
  virtual void get_state(int world, std::span<double> qpos, std::span<double> qvel, std::span<double> act) const = 0;
  virtual void set_state(int world, std::span<const double> qpos, std::span<const double> qvel,
                         std::span<const double> act) = 0;
  virtual void set_ctrl(int world, std::span<const double> ctrl) = 0;
  // The controls of all worlds: [W][nu]. On a GPU one copy instead of W.
  virtual void set_all_ctrl(View<const double, 2> ctrl);
  // Where the mocap bodies of one world are: [nmocap][3] m, [nmocap][4] (any length but zero).
  virtual void set_mocap(int world, std::span<const double> mocap_pos, std::span<const double> mocap_quat) = 0;
  // Forces from outside on one world: [nv] on dofs, [nbody][6] force and torque at centres of mass, in world axes. They
  // act until they are changed. std::logic_error without config().applied_forces.
  virtual void set_applied(int world, std::span<const double> qfrc_applied, std::span<const double> xfrc_applied) = 0;

  // The physical parameters of one world, from its next step on; what mj_setConst finds of them is found here. Only the
  // elements of config().varied may differ from the model's. `thread` as in step_block. They must make
  // physics (check_physics). std::logic_error in a batch whose worlds share their parameters.
  virtual void set_parameters(int world, const ParameterValues& values, int thread);

  // The heights of one world's height fields, from its next step on: [nhfielddata] in hfield_data's order, 0..1 of the
  // field's size. They are the model's until they are set, and stay when the world is reset. std::logic_error in a
  // batch whose worlds share them (config().own_heights).
  virtual void set_heights(int world, std::span<const float> heights);
  // What they are, likewise.
  virtual void get_heights(int world, std::span<float> heights) const;

  // Evaluates the sensors of all worlds, as mj_forward would at the present state and controls: steps do not. Sensors
  // that native kernels lack (missing_native_sensors) read as not-a-number. Error on a GPU.
  virtual void sense() = 0;
  // Those of one block, as step_block.
  virtual void sense_block(int block, int thread) = 0;
  // Sensors of position and velocity alone, at the present state; those of accelerations and forces keep their numbers.
  // Host backends.
  virtual void sense_motion_block(int block, int thread) = 0;
  // What the last sense() found in one world: [nsensordata].
  virtual void get_sensors(int world, std::span<double> sensordata) const = 0;

  // 1 where the world went non-finite since the flag was last cleared.
  [[nodiscard]] virtual bool fault(int world) const = 0;
  virtual void clear_fault(int world) = 0;
};

}  // namespace lockstep
