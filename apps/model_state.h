// A state of a model from a JSON file, and what native physics makes of it: so that others can hold ours against
// theirs.
#pragma once

#include "engine/model.h"

#include <filesystem>
#include <memory>
#include <vector>

namespace lockstep::apps {

// Arrays of one world, MuJoCo's names and units. Arrays that the file leaves out stay as mj_resetData leaves them.
struct ModelState {
  std::vector<double> qpos, qvel, act, ctrl;  // [nq], [nv], [na], [nu]
  std::vector<double> mocap_pos, mocap_quat;  // [nmocap][3] m, [nmocap][4]
  std::vector<double> qfrc_applied;           // [nv] N or N m
  std::vector<double> xfrc_applied;           // [nbody][6] force (N) and torque (N m) at the centre of mass
  int steps = 1;
};

// Reads {"qpos": [...], "qvel": [...], "act": [...], "ctrl": [...], "mocap_pos": [...], "mocap_quat": [...],
// "qfrc_applied": [...], "xfrc_applied": [...], "steps": n}. Error, naming the key, for a missing or broken file, an
// unknown key, a wrong length, or a number that is not finite.
[[nodiscard]] ModelState read_model_state(const std::filesystem::path& file, const Model& model);

// What the native kernels make of a state, in double.
struct NativeMotion {
  std::vector<double> qacc;             // [nv] at the state
  std::vector<double> qpos, qvel, act;  // after state.steps steps
  bool fault = false;                   // the world diverged on the way: it stands where it last was finite
};

// Error where the model is not native.
[[nodiscard]] NativeMotion run_natively(const std::shared_ptr<const Model>& model, const ModelState& state);

}  // namespace lockstep::apps
