// Weights of attention from scores, and their derivatives, in lanes of queries.
// A. Vaswani et al., "Attention is all you need", NeurIPS 2017, eq. 1.
#pragma once

#include "kernels/lanes.h"
#include "kernels/math.h"
#include "kernels/matrix_packing.h"

#include <cstdint>

namespace lockstep::kernels {

// One head of one sequence. Scores lie as [keys][queries], so that the sums over keys of many queries run side by side
// and in rising order, whatever the lane width.
template <class R>
struct AttentionScores {
  int keys = 0, queries = 0;
  R scale = 1;                            // of the scores: 1 / root of the head's width
  bool is_causal = false;                 // query i sees keys 0 ... i alone
  const std::uint8_t* present = nullptr;  // [keys], 0 where nobody may look; nullptr: all are there
  R* weights = nullptr;                   // [keys][queries]: scores, which become weights; 0 where nobody may look
  R* gradient = nullptr;                  // [keys][queries]: of the weights, which becomes that of the scores
};

// On registers T.
template <class T>
struct ColumnSoftmax {
  using R = Real<T>;
  static constexpr int kWidth = kLanes<T>;

  // f(key, offset, lanes that see the key) for every key that somebody may look at.
  template <class Function>
  [[gnu::always_inline]] LS_FN static void for_each_key(const AttentionScores<R>& s, int first, Function&& f) {
    R numbers[kWidth];
    for (int lane = 0; lane < kWidth; ++lane) numbers[lane] = static_cast<R>(first + lane);
    const T query = load<T>(numbers);
    for (int key = 0; key < s.keys; ++key) {
      if (s.present != nullptr && s.present[key] == 0) continue;
      const T last = s.is_causal ? query : T(static_cast<R>(s.keys));
      f(static_cast<long>(key) * s.queries + first, T(static_cast<R>(key)) <= last);
    }
  }

  // w = e^(score - largest) / sum; all 0 for a query that sees no key.
  LS_FN static void softmax(const AttentionScores<R>& s) {
    for (int first = 0; first < s.queries; first += kWidth) {
      const int count = s.queries - first;
      T largest = T(R(-1e30)), sum = T(0);
      for_each_key(s, first, [&](long at, auto sees) {
        const T score = load_part<T>(s.weights + at, count) * T(s.scale);
        largest = select(sees, maximum(score, largest), largest);
      });
      for_each_key(s, first, [&](long at, auto sees) {
        const T raw = exponential(load_part<T>(s.weights + at, count) * T(s.scale) - largest);
        const T w = select(sees, raw, T(0));
        sum = sum + w;
        store_part(s.weights + at, w, count);
      });
      const T share = select(sum > T(0), T(1) / sum, T(0));
      for (int key = 0; key < s.keys; ++key) {
        R* const w = s.weights + static_cast<long>(key) * s.queries + first;
        const bool is_present = s.present == nullptr || s.present[key] != 0;
        store_part(w, is_present ? load_part<T>(w, count) * share : T(0), count);
      }
    }
  }

  // With g the derivative by the weights w: that by the scores is scale w (g - sum over keys of w g).
  LS_FN static void slopes(const AttentionScores<R>& s) {
    for (int first = 0; first < s.queries; first += kWidth) {
      const int count = s.queries - first;
      T mean = T(0);
      for (int key = 0; key < s.keys; ++key) {
        const long at = static_cast<long>(key) * s.queries + first;
        mean = mean + load_part<T>(s.weights + at, count) * load_part<T>(s.gradient + at, count);
      }
      for (int key = 0; key < s.keys; ++key) {
        const long at = static_cast<long>(key) * s.queries + first;
        const T w = load_part<T>(s.weights + at, count), g = load_part<T>(s.gradient + at, count);
        store_part(s.gradient + at, T(s.scale) * w * (g - mean), count);
      }
    }
  }
};

}  // namespace lockstep::kernels
