// Muscles: activation dynamics, and force from activation, length and velocity. MuJoCo modeling chapter, "Muscles";
// M. Millard et al., "Flexing computational muscle" (2013).
#pragma once

#include "kernels/actuation.h"

namespace lockstep::kernels {

// Rises from 0 to 1 over [0, 1] with two continuous derivatives.
template <class T>
LS_FN T smooth_step(T x) {
  x = clamp(x, T(0), T(1));
  return x * x * x * (T(10) + x * (T(6) * x - T(15)));
}

// Rate of the activation. times [3]: activation, deactivation (s), width of the change from one to the other.
template <class T>
LS_FN T muscle_rate(const Real<T>* times, T ctrl, T act) {
  const T held = clamp(act, T(0), T(1));
  const T shape = T(Real<T>(0.5)) + T(Real<T>(1.5)) * held;
  const T rising = T(times[0]) * shape, falling = T(times[1]) / shape;
  const T error = clamp(ctrl, T(0), T(1)) - act;
  T time;
  if (times[2] < Real<T>(1e-15)) {
    time = select(error > T(0), rising, falling);
  } else {
    time = falling + (rising - falling) * smooth_step(error / T(times[2]) + T(Real<T>(0.5)));
  }
  return error / maximum(time, T(Real<T>(1e-15)));
}

// What a muscle's gain multiplies: its activation. Writes act_dot.
template <class G, class T>
LS_FN T muscle_input(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int general, int actuator) {
  const int adr = m.actuator_actadr[actuator];
  const T act = w.act[adr];
  const T rate = muscle_rate(m.muscle_times + 3 * general, clamped_control(m, w.ctrl, actuator), act);
  w.act_dot[adr] = rate;
  return m.actuator_acts_early[actuator] ? next_activation(m, actuator, act, rate, T(m.timestep)) : act;
}

// 1 at normalised length 1, falling to 0 at the two ends in four parabolas.
template <class T>
LS_FN T length_curve(const Real<T>* muscle, T length) {
  const Real<T> shortest = muscle[kShortest], longest = muscle[kLongest], smallest = Real<T>(1e-15);
  const Real<T> low = (shortest + 1) / 2, high = (1 + longest) / 2;
  const auto part = [&](Real<T> width) { return T(1 / (width > smallest ? width : smallest)); };
  const T half = T(Real<T>(0.5));
  const T x0 = (length - T(shortest)) * part(low - shortest), x1 = (T(1) - length) * part(1 - low);
  const T x2 = (length - T(1)) * part(high - 1), x3 = (T(longest) - length) * part(longest - high);
  T curve = select(length <= T(high), T(1) - half * x2 * x2, half * x3 * x3);
  curve = select(length <= T(1), T(1) - half * x1 * x1, curve);
  curve = select(length <= T(low), half * x0 * x0, curve);
  return select((length >= T(shortest)) & (length <= T(longest)), curve, T(0));
}

// Gain of a muscle, and its derivative by velocity. Velocities are normalised: -1 is the fastest shortening.
template <class T>
LS_FN T muscle_gain(const Real<T>* muscle, T length, T velocity, T& slope) {
  const T normalised_length = T(muscle[kLengthOffset]) + T(muscle[kLengthScale]) * length;
  const T v = T(muscle[kVelocityScale]) * velocity;
  const Real<T> peak = muscle[kPeakLengthening], reach = peak - 1;
  const T width = T(1 / (reach > Real<T>(1e-15) ? reach : Real<T>(1e-15)));
  const T below = T(reach) - v, above = v + T(1);
  T curve = select(v <= T(reach), T(peak) - below * below * width, T(peak));
  T derivative = select(v <= T(reach), T(2) * below * width, T(0));
  curve = select(v <= T(0), above * above, curve);
  derivative = select(v <= T(0), T(2) * above, derivative);
  curve = select(v <= T(-1), T(0), curve);
  derivative = select(v <= T(-1), T(0), derivative);
  const T scale = -(T(muscle[kPeakForce]) * length_curve(muscle, normalised_length));
  slope = scale * derivative * T(muscle[kVelocityScale]);
  return scale * curve;
}

// Passive force of a stretched muscle.
template <class T>
LS_FN T muscle_bias(const Real<T>* muscle, T length) {
  const Real<T> high = (1 + muscle[kLongest]) / 2;
  const Real<T> width = high - 1 > Real<T>(1e-15) ? high - 1 : Real<T>(1e-15);
  const T l = T(muscle[kLengthOffset]) + T(muscle[kLengthScale]) * length;
  const T bent = (l - T(1)) * T(1 / width), straight = (l - T(high)) * T(1 / width);
  const T half = T(Real<T>(0.5));
  const T curve = select(l <= T(high), half * bent * bent, half + straight);
  return select(l <= T(1), T(0), -(T(muscle[kPeakForce] * muscle[kPeakPassive]) * curve));
}

}  // namespace lockstep::kernels
