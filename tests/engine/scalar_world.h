// One world of a model on the scalar kernels in double: for tests that look at single stages.
#pragma once

#include "engine/buffer.h"
#include "kernels/poses.h"
#include "kernels/step.h"
#include "kernels/team.h"
#include "tests/engine/mujoco_reference.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep {

class ScalarWorld {
 public:
  explicit ScalarWorld(const Model& model)
      : model_(model),
        state_(static_cast<std::size_t>(model.state_layout().size)),
        arena_(static_cast<std::size_t>(model.scratch_size())) {}

  void read(const mjData& d) {
    const auto layout = model_.state_layout();
    std::copy(d.qpos, d.qpos + model_.nq(), state_.data() + layout.qpos);
    std::copy(d.qvel, d.qvel + model_.nv(), state_.data() + layout.qvel);
    std::copy(d.act, d.act + model_.na(), state_.data() + layout.act);
    std::copy(d.ctrl, d.ctrl + model_.nu(), state_.data() + layout.ctrl);
    std::copy(d.qacc_warmstart, d.qacc_warmstart + model_.nv(), state_.data() + layout.qacc_warmstart);
    std::copy(d.mocap_pos, d.mocap_pos + 3 * model_.mj()->nmocap, state_.data() + layout.mocap_pos);
    std::copy(d.mocap_quat, d.mocap_quat + 4 * model_.mj()->nmocap, state_.data() + layout.mocap_quat);
    state_[static_cast<std::size_t>(layout.time)] = d.time;
    state_[static_cast<std::size_t>(layout.fault)] = 0;
  }
  // f(constants, workspace) in the model's geometry, with the state loaded.
  template <class Function>
  void run(Function&& f) {
    const auto& m = model_.constants<double>();
    if (m.planar) {
      const kernels::Workspace<kernels::Planar, double> w(m, arena_.data());
      load_state(m, w, block(), kernels::Solo{});
      f(m, w);
    } else {
      const kernels::Workspace<kernels::Spatial, double> w(m, arena_.data());
      load_state(m, w, block(), kernels::Solo{});
      f(m, w);
    }
  }
  template <class Team>
  void step(int steps, const Team& team) {
    kernels::step(model_.constants<double>(), block(), arena_.data(), steps, team);
  }
  double operator[](int field) const { return state_[static_cast<std::size_t>(field)]; }
  kernels::StateBlock<double> block() { return {state_.data(), 1}; }
  double* arena() { return arena_.data(); }

 private:
  const Model& model_;
  HostBuffer<double> state_, arena_;
};

// Largest deviation of an array from MuJoCo's, relative to its largest entry (at least 1).
inline double relative_deviation(const double* ours, const double* theirs, long count) {
  double scale = 1, largest = 0;
  for (long i = 0; i < count; ++i) scale = std::max(scale, std::abs(theirs[i]));
  for (long i = 0; i < count; ++i) {
    const double difference = std::abs(ours[i] - theirs[i]);
    if (!(difference <= largest)) largest = difference;  // keeps not-a-number
  }
  return largest / scale;
}
inline void expect_near(const double* ours, const double* theirs, long count, double tolerance, const char* what) {
  EXPECT_LE(relative_deviation(ours, theirs, count), tolerance) << what;
}

}  // namespace lockstep
