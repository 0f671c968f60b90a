// Controls over a horizon from a few knots: zero-order hold, linear, or cubic interpolation.
#pragma once

#include <string_view>
#include <vector>

namespace lockstep::planners {

enum class Interpolation { kHold, kLinear, kCubic };
// "hold", "linear", "cubic"; throws std::out_of_range for another.
[[nodiscard]] Interpolation interpolation_named(std::string_view name);

// Knot 0 lies at step 0, the last at step N - 1, the others evenly between. A hold keeps a knot's value until the next
// knot; cubic is Catmull-Rom (Hermite with the slopes of the neighbours' chords), which passes through all knots.
// Linear in the knots: a sum of splines is the spline of the sum.
class ControlSpline {
 public:
  ControlSpline() = default;
  // knots: in [2, horizon], or 0 for one at every step.
  ControlSpline(Interpolation interpolation, int knots, int horizon, int nu);

  // Knots as there are: `horizon` where one was asked for at every step.
  [[nodiscard]] int knots() const { return knots_; }
  // The step nearest to a knot.
  [[nodiscard]] int step_of(int knot) const;
  // knots [knots()][nu] -> controls [N][nu].
  void expand(const double* knots, double* controls) const;
  // The transpose: slopes by the controls [N][nu] -> slopes by the knots [knots()][nu].
  void pull_back(const double* controls, double* knots) const;

 private:
  int knots_ = 0, horizon_ = 0, nu_ = 0;
  bool dense_ = true;
  struct Tap {
    int knot[4];
    double weight[4];
  };
  std::vector<Tap> taps_;  // [N]
};

}  // namespace lockstep::planners
