// What of a model the native kernels can step, and how far each of their stages is from MuJoCo's.
#pragma once

#include "apps/deviations.h"
#include "engine/model.h"

#include <cstdint>
#include <string>
#include <vector>

namespace lockstep::apps {

struct ModelCheck {
  std::string model;
  bool native = false;
  std::vector<std::string> native_features;    // what the model has and the kernels support
  std::vector<std::string> fallback_features;  // what they lack
  std::vector<std::string> silent_sensors;     // names of sensors that read as not-a-number natively
  std::vector<StageDeviation> stages;          // in the order of a step; empty where not native
  int states = 0;                              // compared on
  int iterative_states = 0;  // of these, with contacts that MuJoCo finds by iteration (apps/iterative_contacts.h)
  [[nodiscard]] bool passed() const;  // no stage beyond what is allowed
};

// Compares on `states` random states: positions and velocities of order one, controls and activations within range.
// Draws depend on the seed alone.
[[nodiscard]] ModelCheck check_model(const std::shared_ptr<const Model>& model, int states, std::uint64_t seed);

}  // namespace lockstep::apps
