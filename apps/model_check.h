// What of a model the native kernels can step, and how far each of their stages is from MuJoCo's.
#pragma once

#include "engine/model.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace lockstep::apps {

// The largest deviation over all states: max |ours - MuJoCo's| / max |MuJoCo's| of one array of one state (absolute
// where MuJoCo's is all zero). Accelerations are compared by the larger of qacc and qacc_smooth: at rest what
// constraints do to them cancels what the other forces do. qfrc_constraint is that of both sides' rows at qacc_smooth.
struct StageDeviation {
  std::string stage;  // MuJoCo's name of the array, with the precision where it is float
  double deviation = 0;
  double allowed = 0;  // above it the stage counts as wrong; infinite where it is reported only

  [[nodiscard]] bool passed() const { return is_judged() ? deviation <= allowed : std::isfinite(deviation); }
  [[nodiscard]] bool is_judged() const { return allowed < std::numeric_limits<double>::infinity(); }
};

struct ModelCheck {
  std::string model;
  bool native = false;
  std::vector<std::string> native_features;    // what the model has and the kernels support
  std::vector<std::string> fallback_features;  // what they lack
  std::vector<std::string> silent_sensors;     // names of sensors that read as not-a-number natively
  std::vector<StageDeviation> stages;          // in the order of a step; empty where not native
  int states = 0;                              // compared on
  int iterative_states = 0;  // of these, with contacts that MuJoCo finds by iteration (is_iterative in model_check.cpp)
  [[nodiscard]] bool passed() const;  // no stage beyond what is allowed
};

// Compares on `states` random states: positions and velocities of order one, controls and activations within range.
// Draws depend on the seed alone.
[[nodiscard]] ModelCheck check_model(const std::shared_ptr<const Model>& model, int states, std::uint64_t seed);

}  // namespace lockstep::apps
