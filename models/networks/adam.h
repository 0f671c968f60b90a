// Adam with decoupled weight decay over a flat parameter vector, gradient clipping, and learning-rate schedules.
#pragma once

#include "engine/buffer.h"
#include "engine/byte_stream.h"
#include "engine/settings.h"

#include <cstdint>
#include <span>

namespace lockstep::models::networks {

struct AdamConfig {
  double beta1 = 0.9;       // decay of the gradient's mean, [0, 1)
  double beta2 = 0.999;     // decay of its square's mean, [0, 1)
  double epsilon = 1e-8;    // added to the root of the square's mean, > 0
  double weight_decay = 0;  // share of a parameter taken off per step and unit of learning rate, >= 0

  void describe(Fields& fields);
};

// A slow copy of parameters that goes `share` of the way to them, in [0, 1], as T. Lillicrap et al. (ICLR 2016) have
// it.
template <class R>
struct Follower {
  std::span<R> parameters;  // [num_parameters], or empty: there is none
  R share = 0;
};

// D. Kingma, J. Ba, "Adam", ICLR 2015, algorithm 1; the decay apart from the gradient as in I. Loshchilov, F. Hutter,
// "Decoupled weight decay regularization", ICLR 2019, algorithm 2.
template <class R>
class Adam {
 public:
  Adam(long num_parameters, const AdamConfig& config);

  // parameters -= rate * (m / (sqrt(v) + epsilon) + weight_decay * parameters), m and v corrected for their start at 0.
  // Both [num_parameters]. `follower` then moves towards the new parameters, in the same sweep over memory.
  void step(std::span<const R> gradient, double learning_rate, std::span<R> parameters, Follower<R> follower = {});
  [[nodiscard]] std::int64_t steps() const { return steps_; }
  // As new: no step taken.
  void reset();

  void save(ByteWriter& out) const;
  void load(ByteReader& in);  // Error where another number of parameters was saved

 private:
  AdamConfig config_;
  std::int64_t steps_ = 0;
  HostBuffer<R> mean_, square_;  // m, v
};

// Scales the gradient so that its Euclidean norm is at most `limit`; returns the norm it had. limit 0: no limit.
template <class R>
double clip_norm(std::span<R> gradient, double limit);

// Learning rates over `share` of the run in [0, 1] (beyond 1: as at 1), from `start` to `end`.
[[nodiscard]] double linear_rate(double start, double end, double share);
// Half a cosine: I. Loshchilov, F. Hutter, "SGDR", ICLR 2017, eq. 5 without restarts.
[[nodiscard]] double cosine_rate(double start, double end, double share);

extern template class Adam<float>;
extern template class Adam<double>;
extern template double clip_norm(std::span<float>, double);
extern template double clip_norm(std::span<double>, double);

}  // namespace lockstep::models::networks
