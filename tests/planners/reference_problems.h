// The twelve reference problems of tests/data/control as Dynamics and Cost.
#pragma once

#include "planners/planner.h"

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace lockstep::planners::testing {

struct ReferenceProblem {
  std::string name;
  int nx = 0, nu = 0, horizon = 0;
  std::vector<double> x0, u_min, u_max;  // bounds infinite where the file has none
  std::unique_ptr<Dynamics> dynamics;
  std::unique_ptr<Cost> cost;
  nlohmann::json data;  // the file's entry

  [[nodiscard]] Problem problem() const { return {dynamics.get(), cost.get(), u_min, u_max, horizon}; }
  [[nodiscard]] double reference_cost() const { return data["reference"]["cost"]; }
  // Controls [N * nu] of a named warm start of the file: "zero", "sin0.1", "sin0.5".
  [[nodiscard]] std::vector<double> warm_start(const std::string& start) const;
  // Cost of a rollout under `controls` [N * nu].
  [[nodiscard]] double cost_of(const std::vector<double>& controls) const;
  // dJ/du [N * nu] at `controls`, by the adjoint of the dynamics; 0 where it points out of a bound that is reached.
  [[nodiscard]] std::vector<double> projected_gradient(const std::vector<double>& controls) const;
};

// Names in the order of the file.
const std::vector<std::string>& reference_names();
ReferenceProblem reference_problem(const std::string& name);

}  // namespace lockstep::planners::testing
