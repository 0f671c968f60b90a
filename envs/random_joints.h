// Starts of dm_control's suite: joints at random in their ranges (dm_control 1.0.50, suite/utils/randomizers).
#pragma once

#include "envs/reset_draw.h"
#include "envs/task_facts.h"
#include "kernels/lanes.h"
#include "kernels/math.h"

namespace lockstep::envs {

// Draws x[first ... last - 1]: angles without limits in [-pi, pi), numbers with limits between them, others 0. Number i
// of the state takes draw i.
template <class T, class Fields, int n>
[[gnu::always_inline]] LS_FN void randomize_joints(const ResetDraw<T>& draw, const Fields& fields, int first, int last,
                                                   T (&x)[n]) {
  constexpr double kPi = 3.141592653589793238;
  for (int i = first; i < last; ++i) {
    const auto number = static_cast<std::uint32_t>(i);
    const StateField& field = fields[number];
    const bool is_limited = field.high != kUnbounded;
    x[i] = T(0);
    if (is_limited) x[i] = draw.uniform(number, field.low, field.high);
    if (!is_limited && field.is_angle) x[i] = draw.uniform(number, -kPi, kPi);
  }
}

// Makes the four numbers from q on a unit quaternion.
template <class T>
[[gnu::always_inline]] LS_FN void normalize_quaternion(T* q) {
  const T scale = T(1) / kernels::square_root(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
  for (int i = 0; i < 4; ++i) q[i] = scale * q[i];
}

}  // namespace lockstep::envs
