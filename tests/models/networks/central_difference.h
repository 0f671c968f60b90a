// Derivatives to hold gradients against.
#pragma once

namespace lockstep {

// The derivative of value() by `number`, which it depends on; error O(step^2).
template <class Value>
double central_difference(double& number, double step, Value&& value) {
  const double middle = number;
  number = middle + step;
  const double above = value();
  number = middle - step;
  const double below = value();
  number = middle;
  return (above - below) / (2 * step);
}

}  // namespace lockstep
