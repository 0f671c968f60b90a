// Actions drawn from Gaussians and squashed into (-1, 1), their log-probabilities and their derivatives, in lanes.
// T. Haarnoja, A. Zhou, P. Abbeel, S. Levine, "Soft actor-critic", ICML 2018, appendix C.
#pragma once

#include "kernels/lanes.h"
#include "kernels/math.h"
#include "kernels/philox.h"

namespace lockstep::kernels {

// Logarithms of deviations are kept between these; outside, nothing depends on them.
inline constexpr double kLeastLogDeviation = -20, kLargestLogDeviation = 2;

// A batch of actions a = tanh(u), u = mean + deviation * noise.
template <class R>
struct SquashedActions {
  int batch = 0, width = 0;
  const R* outputs = nullptr;  // [batch][2 width]: a row's means, then the logarithms of its deviations
  const R* noise = nullptr;    // [batch][width], normal
  R* actions = nullptr;        // [batch][width], rows action_stride numbers apart
  long action_stride = 0;
  R* log_probs = nullptr;  // [batch], nats, of the squashed actions
};

// What the derivative of a loss with respect to the actions makes of that with respect to the outputs.
template <class R>
struct SquashedSlopes {
  SquashedActions<R> samples;          // as they were drawn
  const R* action_gradient = nullptr;  // [batch][width], rows gradient_stride numbers apart
  long gradient_stride = 0;
  R log_prob_weight = 0;         // the loss's derivative with respect to each log_prob
  R* output_gradient = nullptr;  // [batch][2 width], overwritten
};

// On registers T.
template <class T>
struct SquashedGaussian {
  using R = Real<T>;
  static constexpr int kWidth = kLanes<T>;

  // log(1 + e^x), without overflow.
  [[gnu::always_inline]] LS_FN static T soft_plus(T x) {
    return maximum(x, T(0)) + logarithm(T(1) + exponential(-absolute(x)));
  }

  // Elements first ... first + count - 1 of the batch's [batch][width], in rising order.
  struct Elements {
    T mean, raw, noise;
    int count;
  };
  [[gnu::always_inline]] LS_FN static Elements take(const SquashedActions<R>& s, long first, long total) {
    R mean[kWidth] = {}, raw[kWidth] = {}, noise[kWidth] = {};
    const int count = total - first < kWidth ? static_cast<int>(total - first) : kWidth;
    long row = first / s.width;
    int column = static_cast<int>(first % s.width);
    for (int i = 0; i < count; ++i) {
      const R* const outputs = s.outputs + row * 2 * s.width;
      mean[i] = outputs[column];
      raw[i] = outputs[s.width + column];
      noise[i] = s.noise[first + i];
      if (++column == s.width) {
        column = 0;
        ++row;
      }
    }
    return {load<T>(mean), load<T>(raw), load<T>(noise), count};
  }

  LS_FN static void draw(const SquashedActions<R>& s) {
    constexpr double kHalfLogTurn = 0.918938533204672742;  // log(2 pi) / 2
    const long total = static_cast<long>(s.batch) * s.width;
    for (int row = 0; row < s.batch; ++row) s.log_probs[row] = R(0);
    for (long first = 0; first < total; first += kWidth) {
      const Elements e = take(s, first, total);
      const T log_deviation = clamp(e.raw, T(R(kLeastLogDeviation)), T(R(kLargestLogDeviation)));
      const T u = e.mean + exponential(log_deviation) * e.noise;
      // log(1 - tanh^2 u) = 2 (log 2 - u - soft_plus(-2 u))
      const T squash = T(R(2)) * (T(R(0.693147180559945309)) - u - soft_plus(T(R(-2)) * u));
      const T log_prob = T(R(-0.5)) * e.noise * e.noise - log_deviation - T(R(kHalfLogTurn)) - squash;
      R actions[kWidth], log_probs[kWidth];
      store(actions, hyperbolic_tangent(u));
      store(log_probs, log_prob);
      for (int i = 0; i < e.count; ++i) {
        const long row = (first + i) / s.width;
        s.actions[row * s.action_stride + (first + i) % s.width] = actions[i];
        s.log_probs[row] += log_probs[i];
      }
    }
  }

  // With a = tanh(u): da/du = 1 - a^2 and dlog_prob/du = 2 a at fixed noise; dlog_prob/dlog_deviation = -1 beside.
  LS_FN static void slopes(const SquashedSlopes<R>& g) {
    const SquashedActions<R>& s = g.samples;
    const long total = static_cast<long>(s.batch) * s.width;
    for (long first = 0; first < total; first += kWidth) {
      const Elements e = take(s, first, total);
      R actions[kWidth] = {}, incoming[kWidth] = {}, mean_slopes[kWidth], deviation_slopes[kWidth];
      for (int i = 0; i < e.count; ++i) {
        const long row = (first + i) / s.width, column = (first + i) % s.width;
        actions[i] = s.actions[row * s.action_stride + column];
        incoming[i] = g.action_gradient[row * g.gradient_stride + column];
      }
      const T a = load<T>(actions), weight = T(g.log_prob_weight);
      const T log_deviation = clamp(e.raw, T(R(kLeastLogDeviation)), T(R(kLargestLogDeviation)));
      const T of_u = load<T>(incoming) * (T(1) - a * a) + weight * T(R(2)) * a;
      const T of_deviation = of_u * exponential(log_deviation) * e.noise - weight;
      store(mean_slopes, of_u);
      store(deviation_slopes, select(log_deviation == e.raw, of_deviation, T(0)));
      for (int i = 0; i < e.count; ++i) {
        const long row = (first + i) / s.width, column = (first + i) % s.width;
        g.output_gradient[row * 2 * s.width + column] = mean_slopes[i];
        g.output_gradient[row * 2 * s.width + s.width + column] = deviation_slopes[i];
      }
    }
  }

  // numbers [n], normal with mean 0 and deviation 1: number i is draw i % 2 of pair i / 2 of the stream's step.
  LS_FN static void fill_normal(RandomStream stream, std::uint32_t step, long n, R* numbers) {
    for (long first = 0; first < n; first += 2 * kWidth) {
      T even, odd;
      normal_pair(stream, static_cast<std::uint32_t>(first / 2), step, 0, even, odd);
      R evens[kWidth], odds[kWidth];
      store(evens, even);
      store(odds, odd);
      for (long i = 0; i < 2 * kWidth && first + i < n; ++i)
        numbers[first + i] = i % 2 == 0 ? evens[i / 2] : odds[i / 2];
    }
  }
};

// The same as a table that is compiled once per instruction set.
template <class R>
struct SquashedGaussianKernels {
  void (*draw)(const SquashedActions<R>& actions);
  void (*slopes)(const SquashedSlopes<R>& slopes);
  void (*fill_normal)(RandomStream stream, std::uint32_t step, long n, R* numbers);
};

// R is float or double, Isa a tag of kernels/lanes.h.
template <class R, class Isa>
[[nodiscard]] const SquashedGaussianKernels<R>& squashed_gaussian_kernels();

}  // namespace lockstep::kernels
