// Allocation, initial state and element access of a batch's state blocks.
#include "engine/batch_state.h"

#include <cassert>
#include <memory>

#include <mujoco/mujoco.h>

namespace lockstep {

BatchState::BatchState(const mjModel& m, const BatchConfig& config, int lanes)
    : nq_(static_cast<int>(m.nq)),
      nv_(static_cast<int>(m.nv)),
      na_(static_cast<int>(m.na)),
      nu_(static_cast<int>(m.nu)),
      layout_(kernels::StateLayout::of(nq_, nv_, na_, nu_, static_cast<int>(m.nmocap))),
      num_worlds_(config.num_worlds),
      lanes_(lanes),
      num_blocks_((num_worlds_ + lanes - 1) / lanes),
      precision_(config.precision) {
  const std::size_t size = block_size() * static_cast<std::size_t>(num_blocks_);
  if (precision_ == Precision::kFloat) {
    floats_ = HostBuffer<float>(size);
  } else {
    doubles_ = HostBuffer<double>(size);
  }
  const std::unique_ptr<mjData, decltype(&mj_deleteData)> initial(mj_makeData(&m), mj_deleteData);
  if (!initial) throw std::bad_alloc();
  const auto span = [](const mjtNum* values, int count) {
    return std::span<const double>(values, static_cast<std::size_t>(count));
  };
  for (int world = 0; world < num_blocks_ * lanes_; ++world) {
    write(world, layout_.qpos, span(initial->qpos, nq_));
    write(world, layout_.act, span(initial->act, na_));
    write(world, layout_.ctrl, span(initial->ctrl, nu_));
    write(world, layout_.mocap_pos, span(initial->mocap_pos, 3 * static_cast<int>(m.nmocap)));
    write(world, layout_.mocap_quat, span(initial->mocap_quat, 4 * static_cast<int>(m.nmocap)));
  }
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
          .time = view(layout_.time, 1)};
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

void BatchState::set_ctrl(int world, std::span<const double> ctrl) {
  assert(world >= 0 && world < num_worlds_ && ctrl.size() == static_cast<std::size_t>(nu_));
  write(world, layout_.ctrl, ctrl);
}

}  // namespace lockstep
