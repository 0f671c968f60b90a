// The state of a batch's worlds in host memory: blocks of lanes, in one precision.
#pragma once

#include "engine/batch.h"
#include "engine/buffer.h"
#include "kernels/state_layout.h"

#include <span>
#include <stdexcept>

#include <mujoco/mjmodel.h>

namespace lockstep {

// One world as mj_resetData leaves it: [layout.size]. std::bad_alloc where MuJoCo has no memory.
[[nodiscard]] HostBuffer<double> initial_fields(const mjModel& m, const kernels::StateLayout& layout);

// W worlds in ceil(W / lanes) blocks, each [field][lane]; the lanes that fill up the last block hold the initial state.
// Backends own one and forward Batch's state functions to it.
class BatchState {
 public:
  // All worlds start as mj_resetData leaves them.
  BatchState(const mjModel& m, const BatchConfig& config, int lanes);

  [[nodiscard]] int lanes() const { return lanes_; }
  [[nodiscard]] int num_blocks() const { return num_blocks_; }
  [[nodiscard]] int num_worlds() const { return num_worlds_; }
  // First field of each array in a block.
  [[nodiscard]] const kernels::StateLayout& layout() const { return layout_; }
  // Worlds of one block that exist: lanes(), fewer in the last block.
  [[nodiscard]] int worlds_in_block(int block) const;

  // The numbers of one block, [field][lane]; R is the precision of the batch.
  template <class R>
  [[nodiscard]] std::span<R> block(int block) {
    return storage<R>().span().subspan(static_cast<std::size_t>(block) * block_size(), block_size());
  }
  [[nodiscard]] std::size_t block_size() const {
    return static_cast<std::size_t>(layout_.size) * static_cast<std::size_t>(lanes_);
  }

  // Views of all fields; std::logic_error where R is not the precision of the batch.
  template <class R>
  [[nodiscard]] Batch::Fields<R> fields();

  // As in Batch. set_state also clears the world's warm start, so that what follows depends on the given state alone.
  void reset(int world);
  void get_state(int world, std::span<double> qpos, std::span<double> qvel, std::span<double> act) const;
  void set_state(int world, std::span<const double> qpos, std::span<const double> qvel, std::span<const double> act);
  void set_ctrl(int world, std::span<const double> ctrl);
  void set_mocap(int world, std::span<const double> mocap_pos, std::span<const double> mocap_quat);
  void set_applied(int world, std::span<const double> qfrc_applied, std::span<const double> xfrc_applied);

  // Sensor readings of one block, [nsensordata][lane].
  template <class R>
  [[nodiscard]] std::span<R> block_sensors(int block) {
    return sensor_storage<R>().span().subspan(static_cast<std::size_t>(block) * sensor_block_size(),
                                              sensor_block_size());
  }
  [[nodiscard]] std::size_t sensor_block_size() const {
    return static_cast<std::size_t>(nsensordata_) * static_cast<std::size_t>(lanes_);
  }
  void get_sensors(int world, std::span<double> sensordata) const;

  [[nodiscard]] bool fault(int world) const { return value(world, layout_.fault) != 0; }
  void set_fault(int world, bool fault) { set_value(world, layout_.fault, fault ? 1 : 0); }

 private:
  template <class R>
  [[nodiscard]] HostBuffer<R>& storage();
  template <class R>
  [[nodiscard]] HostBuffer<R>& sensor_storage();
  [[nodiscard]] std::size_t index(int world, int field) const;
  [[nodiscard]] double value(int world, int field) const;
  void set_value(int world, int field, double value);
  void write(int world, int first_field, std::span<const double> values);

  int nq_, nv_, na_, nu_, nmocap_, nsensordata_;
  int applied_bodies_;  // nbody, or 0: no forces from outside
  kernels::StateLayout layout_;
  int num_worlds_, lanes_, num_blocks_;
  Precision precision_;
  HostBuffer<float> floats_;  // one of the two is empty
  HostBuffer<double> doubles_;
  HostBuffer<float> float_sensors_;  // likewise
  HostBuffer<double> double_sensors_;
  HostBuffer<double> initial_;  // [field] one world as mj_resetData leaves it
};

}  // namespace lockstep
