// Learned models as source text for elsewhere: LaTeX, C, C++ and CUDA, Python. Nothing of this program is needed to run
// it.
#pragma once

#include "models/sindy.h"

#include <string>
#include <string_view>
#include <vector>

namespace lockstep::models {

struct CodeOptions {
  std::string name = "model";                 // of functions; what is no letter, digit or _ becomes _
  std::vector<std::string> state_units = {};  // [nx] or empty: for comments
  std::vector<std::string> control_units = {};
  int digits = 4;  // of numbers in LaTeX; code has them all
};

// One align environment: \dot{\theta} &= \omega \\ ... ; a plus marks the next state of a map.
[[nodiscard]] std::string latex_equations(const Sindy& model, const CodeOptions& options = {});

// Functions NAME_field(x, u, dx) and NAME_step(x, u, next), and the sizes and the time step as NAME_STATES ... (C) or
// constants (others). Steps are those of the model's integrator.
//   c       C99 header, double
//   cuda    C++ header, template on float or double, for host and device, with a kernel NAME_step_worlds over arrays
//           [worlds][states] where nvcc compiles it
//   python  module without dependencies, lists in and out, and NAME_simulate(x0, controls)
[[nodiscard]] std::string c_header(const Sindy& model, const CodeOptions& options = {});
[[nodiscard]] std::string cuda_header(const Sindy& model, const CodeOptions& options = {});
[[nodiscard]] std::string python_module(const Sindy& model, const CodeOptions& options = {});

// By a file's extension: .tex, .h, .cuh (or .hpp), .py. Error for any other.
[[nodiscard]] std::string source_for(const Sindy& model, std::string_view extension, const CodeOptions& options = {});

}  // namespace lockstep::models
