// Ornstein-Uhlenbeck noise from counter-based normal draws.
#include "agents/smooth_noise.h"
#include "kernels/philox.h"

#include <cmath>

namespace lockstep::agents {

SmoothNoise::SmoothNoise(std::uint64_t seed, std::uint32_t stream, int controls, double timestep,
                         double correlation_time)
    : seed_(seed),
      stream_(stream),
      decay_(std::exp(-timestep / correlation_time)),
      value_(static_cast<size_t>(controls)) {}

std::span<const double> SmoothNoise::next() {
  const double innovation = step_ == 0 ? 1.0 : std::sqrt(1 - decay_ * decay_);
  for (size_t control = 0; control < value_.size(); ++control) {
    const double draw = kernels::normal<double>({seed_, stream_}, static_cast<std::uint32_t>(control), step_);
    value_[control] = (step_ == 0 ? 0.0 : decay_ * value_[control]) + innovation * draw;
  }
  ++step_;
  return value_;
}

}  // namespace lockstep::agents
