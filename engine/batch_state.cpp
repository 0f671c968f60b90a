// Allocation, initial state and element access of a batch's state blocks.
#include "engine/batch_state.h"

#include <algorithm>
#include <cassert>
#include <memory>

#include <mujoco/mujoco.h>

namespace lockstep {

HostBuffer<double> initial_fields(const mjModel& m, const kernels::StateLayout& layout) {
  HostBuffer<double> fields(static_cast<std::size_t>(layout.size));
  const std::unique_ptr<mjData, decltype(&mj_deleteData)> d(mj_makeData(&m), mj_deleteData);
  if (!d) throw std::bad_alloc();
  const auto put = [&](int first_field, const mjtNum* values, mjtSize count) {
    std::copy_n(values, count, fields.data() + first_field);
  };
  put(layout.qpos, d->qpos, m.nq);
  put(layout.act, d->act, m.na);
  put(layout.ctrl, d->ctrl, m.nu);
  put(layout.mocap_pos, d->mocap_pos, 3 * m.nmocap);
  put(layout.mocap_quat, d->mocap_quat, 4 * m.nmocap);
  return fields;
}

BatchState::BatchState(const mjModel& m, const BatchConfig& config, int lanes)
    : nq_(static_cast<int>(m.nq)),
      nv_(static_cast<int>(m.nv)),
      na_(static_cast<int>(m.na)),
      nu_(static_cast<int>(m.nu)),
      nmocap_(static_cast<int>(m.nmocap)),
      nsensordata_(static_cast<int>(m.nsensordata)),
      applied_bodies_(config.applied_forces ? static_cast<int>(m.nbody) : 0),
      layout_(kernels::StateLayout::of(nq_, nv_, na_, nu_, nmocap_, applied_bodies_)),
      num_worlds_(config.num_worlds),
      lanes_(lanes),
      num_blocks_((num_worlds_ + lanes - 1) / lanes),
      precision_(config.precision),
      initial_(initial_fields(m, layout_)) {
  const std::size_t size = block_size() * static_cast<std::size_t>(num_blocks_);
  const std::size_t sensors = sensor_block_size() * static_cast<std::size_t>(num_blocks_);
  if (precision_ == Precision::kFloat) {
    floats_ = HostBuffer<float>(size);
    float_sensors_ = HostBuffer<float>(sensors);
  } else {
    doubles_ = HostBuffer<double>(size);
    double_sensors_ = HostBuffer<double>(sensors);
  }
  for (int world = 0; world < num_blocks_ * lanes_; ++world) write(world, 0, initial_.span());
}

int BatchState::worlds_in_block(int block) const {
  const int left = num_worlds_ - block * lanes_;
  return left < lanes_ ? left : lanes_;
}

template <>
HostBuffer<float>& BatchState::storage<float>() {
  if (precision_ != Precision::kFloat) throw std::logic_error("float fields asked of a batch of doubles");
  return floats_;
}
template <>
HostBuffer<double>& BatchState::storage<double>() {
  if (precision_ != Precision::kDouble) throw std::logic_error("double fields asked of a batch of floats");
  return doubles_;
}

template <>
HostBuffer<float>& BatchState::sensor_storage<float>() {
  storage<float>();
  return float_sensors_;
}
template <>
HostBuffer<double>& BatchState::sensor_storage<double>() {
  storage<double>();
  return double_sensors_;
}

template <class R>
Batch::Fields<R> BatchState::fields() {
  R* const data = storage<R>().data();
  const auto view = [&](int first_field, int fields) {
    return world_view(data + static_cast<std::ptrdiff_t>(first_field) * lanes_, num_worlds_, fields, lanes_,
                      static_cast<long>(block_size()));
  };
  return {.qpos = view(layout_.qpos, nq_),
          .qvel = view(layout_.qvel, nv_),
          .act = view(layout_.act, na_),
          .ctrl = view(layout_.ctrl, nu_),
          .qacc_warmstart = view(layout_.qacc_warmstart, nv_),
          .time = view(layout_.time, 1),
          .mocap_pos = view(layout_.mocap_pos, 3 * nmocap_),
          .mocap_quat = view(layout_.mocap_quat, 4 * nmocap_),
          .qfrc_applied = view(layout_.qfrc_applied, applied_bodies_ == 0 ? 0 : nv_),
          .xfrc_applied = view(layout_.xfrc_applied, 6 * applied_bodies_),
          .sensordata = world_view(sensor_storage<R>().data(), num_worlds_, nsensordata_, lanes_)};
}
template Batch::Fields<float> BatchState::fields<float>();
template Batch::Fields<double> BatchState::fields<double>();

std::size_t BatchState::index(int world, int field) const {
  const std::size_t lane = static_cast<std::size_t>(world % lanes_);
  return static_cast<std::size_t>(world / lanes_) * block_size() +
         static_cast<std::size_t>(field) * static_cast<std::size_t>(lanes_) + lane;
}

double BatchState::value(int world, int field) const {
  const std::size_t i = index(world, field);
  return precision_ == Precision::kFloat ? static_cast<double>(floats_[i]) : doubles_[i];
}

void BatchState::set_value(int world, int field, double value) {
  const std::size_t i = index(world, field);
  if (precision_ == Precision::kFloat) {
    floats_[i] = static_cast<float>(value);
  } else {
    doubles_[i] = value;
  }
}

void BatchState::write(int world, int first_field, std::span<const double> values) {
  for (std::size_t i = 0; i < values.size(); ++i) set_value(world, first_field + static_cast<int>(i), values[i]);
}

void BatchState::get_state(int world, std::span<double> qpos, std::span<double> qvel, std::span<double> act) const {
  assert(world >= 0 && world < num_worlds_);
  const auto read = [&](int first_field, [[maybe_unused]] int count, std::span<double> out) {
    assert(out.size() == static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = value(world, first_field + static_cast<int>(i));
  };
  read(layout_.qpos, nq_, qpos);
  read(layout_.qvel, nv_, qvel);
  read(layout_.act, na_, act);
}

void BatchState::set_state(int world, std::span<const double> qpos, std::span<const double> qvel,
                           std::span<const double> act) {
  assert(world >= 0 && world < num_worlds_);
  assert(qpos.size() == static_cast<std::size_t>(nq_) && qvel.size() == static_cast<std::size_t>(nv_) &&
         act.size() == static_cast<std::size_t>(na_));
  write(world, layout_.qpos, qpos);
  write(world, layout_.qvel, qvel);
  write(world, layout_.act, act);
  for (int dof = 0; dof < nv_; ++dof) set_value(world, layout_.qacc_warmstart + dof, 0);
}

void BatchState::reset(int world) {
  assert(world >= 0 && world < num_worlds_);
  write(world, 0, initial_.span());
}

void BatchState::set_mocap(int world, std::span<const double> mocap_pos, std::span<const double> mocap_quat) {
  assert(world >= 0 && world < num_worlds_ && mocap_pos.size() == static_cast<std::size_t>(3 * nmocap_) &&
         mocap_quat.size() == static_cast<std::size_t>(4 * nmocap_));
  write(world, layout_.mocap_pos, mocap_pos);
  write(world, layout_.mocap_quat, mocap_quat);
}

void BatchState::set_applied(int world, std::span<const double> qfrc_applied, std::span<const double> xfrc_applied) {
  if (applied_bodies_ == 0) throw std::logic_error("applied forces asked of a batch without applied_forces");
  assert(world >= 0 && world < num_worlds_ && qfrc_applied.size() == static_cast<std::size_t>(nv_) &&
         xfrc_applied.size() == static_cast<std::size_t>(6 * applied_bodies_));
  write(world, layout_.qfrc_applied, qfrc_applied);
  write(world, layout_.xfrc_applied, xfrc_applied);
}

void BatchState::get_sensors(int world, std::span<double> sensordata) const {
  assert(world >= 0 && world < num_worlds_ && sensordata.size() == static_cast<std::size_t>(nsensordata_));
  const auto lanes = static_cast<std::size_t>(lanes_);
  const std::size_t first =
      static_cast<std::size_t>(world / lanes_) * sensor_block_size() + static_cast<std::size_t>(world % lanes_);
  for (std::size_t i = 0; i < sensordata.size(); ++i) {
    const std::size_t place = first + i * lanes;
    sensordata[i] =
        precision_ == Precision::kFloat ? static_cast<double>(float_sensors_[place]) : double_sensors_[place];
  }
}

void BatchState::set_ctrl(int world, std::span<const double> ctrl) {
  assert(world >= 0 && world < num_worlds_ && ctrl.size() == static_cast<std::size_t>(nu_));
  write(world, layout_.ctrl, ctrl);
}

}  // namespace lockstep
