// Steps, rollouts and finite differences of the simulator: every row of a question is one world of a batch.
#include "engine/simulator_dynamics.h"
#include "engine/error.h"
#include "engine/model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <mujoco/mujoco.h>

namespace lockstep {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

template <class T>
T* row_of(View<T, 2> view, int row) {
  return view.data_handle() + static_cast<std::ptrdiff_t>(row) * view.extent(1);
}

// fields [count][stride] of rows -> a block of worlds [field][lane] at `to`; lanes beyond the rows repeat the last.
template <class R>
void scatter(const double* from, std::ptrdiff_t stride, int count, int fields, int lanes, R* to) {
  for (int lane = 0; lane < lanes; ++lane) {
    const double* row = from + std::min(lane, count - 1) * stride;
    for (int i = 0; i < fields; ++i) to[i * lanes + lane] = static_cast<R>(row[i]);
  }
}

template <class R>
void gather(const R* from, int count, int fields, int lanes, double* to, std::ptrdiff_t stride) {
  for (int lane = 0; lane < count; ++lane)
    for (int i = 0; i < fields; ++i) to[lane * stride + i] = static_cast<double>(from[i * lanes + lane]);
}

// The block that begins at world `first` of one array.
template <class R>
R* block_of(WorldView<R> view, int first) {
  return view.data_handle() + (view.extent(1) > 0 ? view.mapping()(first, 0) : 0);
}

}  // namespace

SimulatorDynamics::SimulatorDynamics(std::shared_ptr<const Model> model, SimulatorDynamicsConfig config)
    : model_(std::move(model)),
      config_(std::move(config)),
      nq_(static_cast<int>(model_->mj()->nq)),
      nv_(static_cast<int>(model_->mj()->nv)),
      na_(static_cast<int>(model_->mj()->na)),
      nu_(static_cast<int>(model_->mj()->nu)),
      nmocap_(config_.mocap_in_state ? static_cast<int>(model_->mj()->nmocap) : 0),
      timestep_(model_->mj()->opt.timestep * config_.physics_steps),
      pool_(config_.threads) {
  if (config_.physics_steps < 1) {
    throw Error(fmt::format("physics_steps = {} is below 1", config_.physics_steps), "simulator dynamics",
                "set physics_steps to at least 1");
  }
  reserve(exact_, 1);
  name_ = fmt::format("simulator({})", exact_.batch->report());
}

template <class R>
void SimulatorDynamics::reserve(Worlds<R>& worlds, int rows) {
  if (worlds.batch && rows <= worlds.batch->config().num_worlds) return;
  constexpr bool kSingle = sizeof(R) == 4;
  worlds.batch = Batch::make(model_, {.num_worlds = rows,
                                      .backend = config_.backend,
                                      .precision = kSingle ? Precision::kFloat : Precision::kDouble,
                                      .threads = config_.threads,
                                      .specialise = config_.specialise});
  if constexpr (kSingle) {
    worlds.fields = worlds.batch->fields_float();
  } else {
    worlds.fields = worlds.batch->fields_double();
  }
}

template <class R>
void SimulatorDynamics::load_state(Worlds<R>& worlds, int first, int count, const double* x,
                                   std::ptrdiff_t stride) const {
  const int lanes = std::min(worlds.batch->lanes(), worlds.batch->config().num_worlds - first);
  scatter(x, stride, count, nq_, worlds.batch->lanes(), block_of(worlds.fields.qpos, first));
  scatter(x + nq_, stride, count, nv_, worlds.batch->lanes(), block_of(worlds.fields.qvel, first));
  scatter(x + nq_ + nv_, stride, count, na_, worlds.batch->lanes(), block_of(worlds.fields.act, first));
  if (nmocap_ > 0) {
    const double* const poses = x + nq_ + nv_ + na_;
    scatter(poses, stride, count, 3 * nmocap_, worlds.batch->lanes(), block_of(worlds.fields.mocap_pos, first));
    scatter(poses + 3 * nmocap_, stride, count, 4 * nmocap_, worlds.batch->lanes(),
            block_of(worlds.fields.mocap_quat, first));
  }
  for (int lane = 0; lane < lanes; ++lane) worlds.batch->clear_fault(first + lane);
}

template <class R>
void SimulatorDynamics::load_control(Worlds<R>& worlds, int first, int count, const double* u,
                                     std::ptrdiff_t stride) const {
  scatter(u, stride, count, nu_, worlds.batch->lanes(), block_of(worlds.fields.ctrl, first));
}

template <class R>
void SimulatorDynamics::forget(Worlds<R>& worlds, int first) const {
  const int lanes = worlds.batch->lanes();
  std::fill_n(block_of(worlds.fields.qacc_warmstart, first), static_cast<size_t>(nv_ * lanes), R(0));
  std::fill_n(block_of(worlds.fields.time, first), static_cast<size_t>(lanes), R(0));
}

template <class R>
void SimulatorDynamics::read_state(const Worlds<R>& worlds, int first, int count, double* x,
                                   std::ptrdiff_t stride) const {
  const int lanes = worlds.batch->lanes();
  gather(block_of(worlds.fields.qpos, first), count, nq_, lanes, x, stride);
  gather(block_of(worlds.fields.qvel, first), count, nv_, lanes, x + nq_, stride);
  gather(block_of(worlds.fields.act, first), count, na_, lanes, x + nq_ + nv_, stride);
  if (nmocap_ > 0) {
    double* const poses = x + nq_ + nv_ + na_;
    gather(block_of(worlds.fields.mocap_pos, first), count, 3 * nmocap_, lanes, poses, stride);
    gather(block_of(worlds.fields.mocap_quat, first), count, 4 * nmocap_, lanes, poses + 3 * nmocap_, stride);
  }
  for (int row = 0; row < count; ++row)
    if (worlds.batch->fault(first + row)) std::fill_n(x + row * stride, state_size(), kNan);
}

template <class R, class Function>
void SimulatorDynamics::for_each_block_of(const Worlds<R>& worlds, int rows, Function&& f) {
  const int lanes = worlds.batch->lanes(), blocks = (rows + lanes - 1) / lanes;
  pool_.for_each(blocks, [&](int block, int thread) {
    const int first = block * lanes;
    f(first, std::min(lanes, rows - first), block, thread);
  });
}

void SimulatorDynamics::step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) {
  const int nx = state_size();
  reserve(exact_, x.extent(0));
  for_each_block_of(exact_, x.extent(0), [&](int first, int count, int block, int thread) {
    load_state(exact_, first, count, row_of(x, first), nx);
    load_control(exact_, first, count, row_of(u, first), nu_);
    forget(exact_, first);
    exact_.batch->step_block(block, config_.physics_steps, thread);
    read_state(exact_, first, count, row_of(next, first), nx);
  });
}

template <class R>
void SimulatorDynamics::roll_out(Worlds<R>& worlds, View<const double, 2> x0, View<const double, 3> controls,
                                 View<double, 3> states) {
  const int steps = controls.extent(1), nx = state_size();
  const std::ptrdiff_t state_stride = static_cast<std::ptrdiff_t>(steps + 1) * nx;
  const std::ptrdiff_t control_stride = static_cast<std::ptrdiff_t>(steps) * nu_;
  reserve(worlds, x0.extent(0));
  for_each_block_of(worlds, x0.extent(0), [&](int first, int count, int block, int thread) {
    double* x = states.data_handle() + first * state_stride;
    const double* u = controls.data_handle() + first * control_stride;
    for (int row = 0; row < count; ++row) std::copy_n(row_of(x0, first + row), nx, x + row * state_stride);
    load_state(worlds, first, count, x, state_stride);
    forget(worlds, first);
    for (int k = 0; k < steps; ++k) {
      load_control(worlds, first, count, u + k * nu_, control_stride);
      if (k > 0 && !config_.warm_rollouts) forget(worlds, first);
      worlds.batch->step_block(block, config_.physics_steps, thread);
      read_state(worlds, first, count, x + (k + 1) * nx, state_stride);
    }
  });
}

void SimulatorDynamics::rollout(View<const double, 2> x0, View<const double, 3> controls, View<double, 3> states) {
  if (config_.rollout_precision == Precision::kFloat)
    roll_out(fast_, x0, controls, states);
  else
    roll_out(exact_, x0, controls, states);
}

// A side on which a control's range would clamp it stays where it is; with one side only, it is the lower one as a
// rule.
SimulatorDynamics::Perturbation SimulatorDynamics::perturbation(int input, double value) const {
  const double relative = config_.one_sided ? 1e-6 : std::cbrt(std::numeric_limits<double>::epsilon());
  const double h = relative * std::max(1.0, std::abs(value));
  const mjModel& m = *model_->mj();
  const int control = input - state_size();
  bool up = true, down = !config_.one_sided;
  if (control >= 0 && m.actuator_ctrllimited[control] != 0 && (m.opt.disableflags & mjDSBL_CLAMPCTRL) == 0) {
    const bool above = value + h > m.actuator_ctrlrange[2 * control + 1];
    const bool below = value - h < m.actuator_ctrlrange[2 * control];
    if (above && !below) up = false;
    if (below && !above) down = false;
    down = down || !up;
  }
  return {up ? h : 0, down ? h : 0};
}

// Of every point: the point itself where one-sided, then each input moved up and moved down, but for moves of 0.
void SimulatorDynamics::jacobian(View<const double, 2> x, View<const double, 2> u, View<double, 3> A,
                                 View<double, 3> B) {
  const int nx = state_size(), inputs = nx + nu_, points = x.extent(0);
  const int each = config_.one_sided ? inputs + 1 : 2 * inputs, rows = each * points;
  moved_x_.resize(static_cast<size_t>(rows) * nx);
  moved_u_.resize(static_cast<size_t>(rows) * nu_);
  moved_next_.resize(static_cast<size_t>(rows) * nx);
  const auto value_of = [&](int point, int input) { return input < nx ? x(point, input) : u(point, input - nx); };
  // Rows of the move up and of the move down.
  const auto row_up = [&](int point, int input, const Perturbation& p) {
    if (!config_.one_sided) return each * point + 2 * input;
    return each * point + (p.up > 0 ? 1 + input : 0);
  };
  const auto row_down = [&](int point, int input, const Perturbation& p) {
    if (!config_.one_sided) return each * point + 2 * input + 1;
    return each * point + (p.up > 0 ? 0 : 1 + input);
  };
  for (int row = 0; row < rows; ++row) {
    std::copy_n(row_of(x, row / each), nx, &moved_x_[static_cast<size_t>(row) * nx]);
    std::copy_n(row_of(u, row / each), nu_, moved_u_.begin() + static_cast<std::ptrdiff_t>(row) * nu_);
  }
  const auto move = [&](int row, int input, double by) {
    (input < nx ? moved_x_[static_cast<size_t>(row) * nx + input]
                : moved_u_[static_cast<size_t>(row) * nu_ + (input - nx)]) += by;
  };
  for (int point = 0; point < points; ++point)
    for (int input = 0; input < inputs; ++input) {
      const Perturbation p = perturbation(input, value_of(point, input));
      if (p.up > 0) move(row_up(point, input, p), input, p.up);
      if (p.down > 0) move(row_down(point, input, p), input, -p.down);
    }
  step(View<const double, 2>(moved_x_.data(), rows, nx), View<const double, 2>(moved_u_.data(), rows, nu_),
       View<double, 2>(moved_next_.data(), rows, nx));
  for (int point = 0; point < points; ++point)
    for (int input = 0; input < inputs; ++input) {
      const Perturbation p = perturbation(input, value_of(point, input));
      const double* up = &moved_next_[static_cast<size_t>(row_up(point, input, p)) * nx];
      const double* down = &moved_next_[static_cast<size_t>(row_down(point, input, p)) * nx];
      const double inverse = 1 / (p.up + p.down);
      for (int i = 0; i < nx; ++i)
        (input < nx ? A(point, i, input) : B(point, i, input - nx)) = (up[i] - down[i]) * inverse;
    }
}

std::unique_ptr<Dynamics> SimulatorDynamics::clone() const {
  return std::make_unique<SimulatorDynamics>(model_, config_);
}

}  // namespace lockstep
