// Dynamics: x' = f(x, u), batched, with Jacobians: what planners see of a simulator or of a learned model.
#pragma once

#include "engine/view.h"

#include <memory>
#include <string>

namespace lockstep {

// Discrete-time dynamics of one control step. Shapes: x [worlds][nx], u [worlds][nu], row-major, SI units.
// Implementations: the true simulator, SINDy, networks. All members may use internal scratch: one object serves one
// thread at a time; `clone` gives another thread its own.
class Dynamics {
 public:
  virtual ~Dynamics() = default;

  [[nodiscard]] virtual int state_size() const = 0;    // nx
  [[nodiscard]] virtual int control_size() const = 0;  // nu
  [[nodiscard]] virtual double timestep() const = 0;   // seconds of one step
  [[nodiscard]] virtual std::string name() const = 0;  // "mujoco cartpole", "sindy(...)": for reports

  // next [worlds][nx] = f(x, u). A world that diverges gets NaN in its own row and in no other.
  virtual void step(View<const double, 2> x, View<const double, 2> u, View<double, 2> next) = 0;

  // A [worlds][nx][nx] = df/dx, B [worlds][nx][nu] = df/du. The default takes centred finite differences of `step`
  // with steps of cbrt(epsilon) scaled by max(1, |x|); analytic models override it.
  virtual void jacobian(View<const double, 2> x, View<const double, 2> u, View<double, 3> A, View<double, 3> B);

  // states [worlds][steps + 1][nx] from states(., 0, .) = x0 [worlds][nx] under controls [worlds][steps][nu].
  // The default calls `step`; fused implementations override it.
  virtual void rollout(View<const double, 2> x0, View<const double, 3> controls, View<double, 3> states);

  [[nodiscard]] virtual std::unique_ptr<Dynamics> clone() const = 0;
};

}  // namespace lockstep
