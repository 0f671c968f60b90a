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

// How far one input is moved up and down.
struct Perturbation {
  double up, down;
};

Perturbation perturbation(double value) {
  const double h = std::cbrt(std::numeric_limits<double>::epsilon()) * std::max(1.0, std::abs(value));
  return {h, h};
}

// The same for control `index`; a side on which the range would clamp it stays where it is.
Perturbation perturbation(const mjModel& m, int index, double value) {
  Perturbation p = perturbation(value);
  if (m.actuator_ctrllimited[index] == 0 || (m.opt.disableflags & mjDSBL_CLAMPCTRL) != 0) return p;
  const bool above = value + p.up > m.actuator_ctrlrange[2 * index + 1];
  const bool below = value - p.down < m.actuator_ctrlrange[2 * index];
  if (above && !below) p.up = 0;
  if (below && !above) p.down = 0;
  return p;
}

template <class T>
T* row_of(View<T, 2> view, int row) {
  return view.data_handle() + static_cast<std::ptrdiff_t>(row) * view.extent(1);
}

}  // namespace

SimulatorDynamics::SimulatorDynamics(std::shared_ptr<const Model> model, SimulatorDynamicsConfig config)
    : model_(std::move(model)),
      config_(std::move(config)),
      nq_(static_cast<int>(model_->mj()->nq)),
      nv_(static_cast<int>(model_->mj()->nv)),
      na_(static_cast<int>(model_->mj()->na)),
      nu_(static_cast<int>(model_->mj()->nu)),
      timestep_(model_->mj()->opt.timestep * config_.physics_steps),
      pool_(config_.threads) {
  if (config_.physics_steps < 1) {
    throw Error(fmt::format("physics_steps = {} is below 1", config_.physics_steps), "simulator dynamics",
                "set physics_steps to at least 1");
  }
  reserve(1);
  name_ = fmt::format("simulator({})", batch_->report());
}

void SimulatorDynamics::reserve(int rows) {
  if (batch_ && rows <= batch_->config().num_worlds) return;
  batch_ = Batch::make(
      model_,
      {.num_worlds = rows, .backend = config_.backend, .precision = Precision::kDouble, .threads = config_.threads});
  fields_ = batch_->fields_double();
}

void SimulatorDynamics::load(int row, const double* x, const double* u) {
  for (int i = 0; i < nq_; ++i) fields_.qpos(row, i) = x[i];
  for (int i = 0; i < nv_; ++i) fields_.qvel(row, i) = x[nq_ + i];
  for (int i = 0; i < na_; ++i) fields_.act(row, i) = x[nq_ + nv_ + i];
  for (int i = 0; i < nu_; ++i) fields_.ctrl(row, i) = u[i];
  for (int i = 0; i < nv_; ++i) fields_.qacc_warmstart(row, i) = 0;
  fields_.time(row, 0) = 0;
  batch_->clear_fault(row);
}

double SimulatorDynamics::element(int row, int index) const {
  if (batch_->fault(row)) return std::numeric_limits<double>::quiet_NaN();
  if (index < nq_) return fields_.qpos(row, index);
  if (index < nq_ + nv_) return fields_.qvel(row, index - nq_);
  return fields_.act(row, index - nq_ - nv_);
}

void SimulatorDynamics::store(int row, double* next) const {
  for (int i = 0; i < state_size(); ++i) next[i] = element(row, i);
}

template <class Function>
void SimulatorDynamics::for_each_block_of(int rows, Function&& f) {
  const int lanes = batch_->lanes(), blocks = (rows + lanes - 1) / lanes;
  pool_.for_each(blocks, [&](int block, int thread) {
    const int first = block * lanes;
    f(first, std::min(first + lanes, rows), block, thread);
  });
}

void SimulatorDynamics::step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) {
  reserve(x.extent(0));
  for_each_block_of(x.extent(0), [&](int first, int end, int block, int thread) {
    for (int row = first; row < end; ++row) load(row, row_of(x, row), row_of(u, row));
    batch_->step_block(block, config_.physics_steps, thread);
    for (int row = first; row < end; ++row) store(row, row_of(next, row));
  });
}

void SimulatorDynamics::rollout(View<const double, 2> x0, View<const double, 3> controls, View<double, 3> states) {
  const int steps = controls.extent(1), nx = state_size();
  reserve(x0.extent(0));
  const auto state = [&](int row, int k) {
    return states.data_handle() + (static_cast<std::ptrdiff_t>(row) * (steps + 1) + k) * nx;
  };
  const auto control = [&](int row, int k) {
    return controls.data_handle() + (static_cast<std::ptrdiff_t>(row) * steps + k) * nu_;
  };
  for_each_block_of(x0.extent(0), [&](int first, int end, int block, int thread) {
    for (int row = first; row < end; ++row) std::copy_n(row_of(x0, row), nx, state(row, 0));
    for (int k = 0; k < steps; ++k) {
      for (int row = first; row < end; ++row) load(row, state(row, k), control(row, k));
      batch_->step_block(block, config_.physics_steps, thread);
      for (int row = first; row < end; ++row) store(row, state(row, k + 1));
    }
  });
}

void SimulatorDynamics::jacobian(View<const double, 2> x, View<const double, 2> u, View<double, 3> A,
                                 View<double, 3> B) {
  const int nx = state_size(), inputs = nx + nu_, rows = 2 * inputs * x.extent(0);
  const mjModel& m = *model_->mj();
  const auto moved_by = [&](int world, int input) {
    return input < nx ? perturbation(x(world, input)) : perturbation(m, input - nx, u(world, input - nx));
  };
  reserve(rows);
  // Row 2 (world inputs + input) is moved up in that input, the next one down.
  for_each_block_of(rows, [&](int first, int end, int block, int thread) {
    for (int row = first; row < end; ++row) {
      const int world = row / 2 / inputs, input = row / 2 % inputs;
      load(row, row_of(x, world), row_of(u, world));
      const Perturbation p = moved_by(world, input);
      const double move = row % 2 == 0 ? p.up : -p.down;
      if (input < nq_) {
        fields_.qpos(row, input) += move;
      } else if (input < nq_ + nv_) {
        fields_.qvel(row, input - nq_) += move;
      } else if (input < nx) {
        fields_.act(row, input - nq_ - nv_) += move;
      } else {
        fields_.ctrl(row, input - nx) += move;
      }
    }
    batch_->step_block(block, config_.physics_steps, thread);
  });
  for (int world = 0; world < x.extent(0); ++world) {
    for (int input = 0; input < inputs; ++input) {
      const int row = 2 * (world * inputs + input);
      const Perturbation p = moved_by(world, input);
      for (int i = 0; i < nx; ++i) {
        const double slope = (element(row, i) - element(row + 1, i)) / (p.up + p.down);
        (input < nx ? A(world, i, input) : B(world, i, input - nx)) = slope;
      }
    }
  }
}

std::unique_ptr<Dynamics> SimulatorDynamics::clone() const {
  return std::make_unique<SimulatorDynamics>(model_, config_);
}

}  // namespace lockstep
