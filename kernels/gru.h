// What a gated recurrent unit does beside its matrix products, forward and backward, in lanes.
// K. Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP 2014, in the variant of cuDNN and
// PyTorch, whose reset gate stands behind the product:
//   r = logistic(a_r + b_r),  z = logistic(a_z + b_z),  n = tanh(a_n + r b_n),  h' = n + z (h - n)
// where a = x W + bias and b = h U + bias are [batch][3 width], a row's parts in the order r, z, n.
#pragma once

#include "kernels/activations.h"
#include "kernels/matrix_packing.h"

namespace lockstep::kernels {

// One step of a batch.
template <class R>
struct GruStep {
  int batch = 0, width = 0;
  const R* from_input = nullptr;  // a [batch][3 width]
  const R* from_state = nullptr;  // b [batch][3 width]
  const R* state = nullptr;       // h [batch][width]
  R* gates = nullptr;             // [batch][3 width]: r, z, n
  R* next_state = nullptr;        // h' [batch][width]
};

// From the derivative of a loss with respect to h' to those with respect to a, b and (through z alone) h.
template <class R>
struct GruSlopes {
  GruStep<R> step;                   // as it was taken
  const R* next_gradient = nullptr;  // [batch][width]
  R* input_gradient = nullptr;       // of a [batch][3 width], overwritten
  R* from_state_gradient = nullptr;  // of b [batch][3 width], overwritten
  R* state_gradient = nullptr;       // of h [batch][width], overwritten; may be next_gradient
};

// On registers T.
template <class T>
struct GatedUnit {
  using R = Real<T>;
  static constexpr int kWidth = kLanes<T>;

  LS_FN static void step(const GruStep<R>& s) {
    for (int row = 0; row < s.batch; ++row) {
      const long wide = 3L * row * s.width, narrow = static_cast<long>(row) * s.width;
      for (int first = 0; first < s.width; first += kWidth) {
        const int count = s.width - first;
        const long r_at = wide + first, z_at = r_at + s.width, n_at = z_at + s.width;
        const T r = logistic(load_part<T>(s.from_input + r_at, count) + load_part<T>(s.from_state + r_at, count));
        const T z = logistic(load_part<T>(s.from_input + z_at, count) + load_part<T>(s.from_state + z_at, count));
        const T n = activation<Activation::kTanh>(load_part<T>(s.from_input + n_at, count) +
                                                  r * load_part<T>(s.from_state + n_at, count));
        const T h = load_part<T>(s.state + narrow + first, count);
        store_part(s.gates + r_at, r, count);
        store_part(s.gates + z_at, z, count);
        store_part(s.gates + n_at, n, count);
        store_part(s.next_state + narrow + first, n + z * (h - n), count);
      }
    }
  }

  // With g the derivative by h': that by n's argument is g (1 - z) (1 - n^2), by z's g (h - n) z (1 - z), by r's the
  // first times b_n r (1 - r).
  LS_FN static void slopes(const GruSlopes<R>& back) {
    const GruStep<R>& s = back.step;
    for (int row = 0; row < s.batch; ++row) {
      const long wide = 3L * row * s.width, narrow = static_cast<long>(row) * s.width;
      for (int first = 0; first < s.width; first += kWidth) {
        const int count = s.width - first;
        const long r_at = wide + first, z_at = r_at + s.width, n_at = z_at + s.width;
        const T r = load_part<T>(s.gates + r_at, count), z = load_part<T>(s.gates + z_at, count);
        const T n = load_part<T>(s.gates + n_at, count), g = load_part<T>(back.next_gradient + narrow + first, count);
        const T h = load_part<T>(s.state + narrow + first, count);
        const T of_n = g * (T(1) - z) * (T(1) - n * n), of_z = g * (h - n) * z * (T(1) - z);
        const T of_r = of_n * load_part<T>(s.from_state + n_at, count) * r * (T(1) - r);
        store_part(back.input_gradient + r_at, of_r, count);
        store_part(back.input_gradient + z_at, of_z, count);
        store_part(back.input_gradient + n_at, of_n, count);
        store_part(back.from_state_gradient + r_at, of_r, count);
        store_part(back.from_state_gradient + z_at, of_z, count);
        store_part(back.from_state_gradient + n_at, of_n * r, count);
        store_part(back.state_gradient + narrow + first, g * z, count);
      }
    }
  }
};

}  // namespace lockstep::kernels
