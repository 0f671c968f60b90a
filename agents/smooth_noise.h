// Smooth random controls: what shakes a system whose model is not known yet.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lockstep::agents {

// A stationary Ornstein-Uhlenbeck process per control, sampled at the control rate:
//   z_0 = n_0,  z_k = a z_{k-1} + sqrt(1 - a^2) n_k,  a = exp(-dt / tau),  n_k ~ N(0, 1)
// so that every z_k has mean 0 and variance 1, and z_j, z_k correlate by exp(-|j - k| dt / tau).
// The draws are counter-based: sample k of stream s is a function of (seed, s, k) and of the samples before it alone.
class SmoothNoise {
 public:
  // controls: how many; timestep and correlation_time (tau) in s, both > 0.
  SmoothNoise(std::uint64_t seed, std::uint32_t stream, int controls, double timestep, double correlation_time);

  // The next sample, [controls]; valid until the next call.
  std::span<const double> next();

 private:
  std::uint64_t seed_;
  std::uint32_t stream_;
  std::uint32_t step_ = 0;
  double decay_;
  std::vector<double> value_;
};

}  // namespace lockstep::agents
