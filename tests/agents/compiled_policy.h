// A policy's C header, compiled by the system's compiler and loaded into the test.
#pragma once

#include "tests/engine/temporary_folder.h"

#include <string>

namespace lockstep {

class CompiledPolicy {
 public:
  // Compiles as strict C99 with all warnings as errors; throws std::runtime_error where that fails.
  explicit CompiledPolicy(const std::string& header);
  ~CompiledPolicy();
  CompiledPolicy(const CompiledPolicy&) = delete;
  CompiledPolicy& operator=(const CompiledPolicy&) = delete;

  void act(const float* observation, float* action) const { act_(observation, action); }

 private:
  TemporaryFolder folder_;
  void* library_ = nullptr;
  void (*act_)(const float*, float*) = nullptr;
};

}  // namespace lockstep
