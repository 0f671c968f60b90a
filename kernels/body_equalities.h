// Connect and weld equalities: two frames, one in each body, that must coincide (connect: their points alone). Such an
// equality is a contact that never parts and has a plain spring in each row: its slots come behind those of the pairs
// of geoms. The first slot's frame holds the two points and the world's axes; a weld's second slot holds, as axes, the
// rotations that its turning rows measure. MuJoCo XML reference, equality/connect, equality/weld.
#pragma once

#include "kernels/contact_rows.h"
#include "kernels/limits.h"
#include "kernels/markers.h"

namespace lockstep::kernels {

// Vector part and scalar of the quaternion of the rotation from one frame's axes to another's, up to their common sign.
template <class T>
struct TurnBetween {
  Vector3<T> v;
  T s;
};
template <class T>
[[gnu::noinline]] LS_FN TurnBetween<T> turn_between(const Matrix3<T>& from, const Matrix3<T>& to) {
  const Vector3<T> x = components(from, to.x), y = components(from, to.y), z = components(from, to.z);
  // Four times the squares of the parts; the largest one is safe to divide by.
  const T one = T(1);
  const T square[4] = {one + x.x + y.y + z.z, one + x.x - y.y - z.z, one - x.x + y.y - z.z, one - x.x - y.y + z.z};
  TurnBetween<T> turns[4] = {{{y.z - z.y, z.x - x.z, x.y - y.x}, square[0]},
                             {{square[1], y.x + x.y, z.x + x.z}, y.z - z.y},
                             {{y.x + x.y, square[2], z.y + y.z}, z.x - x.z},
                             {{z.x + x.z, z.y + y.z, square[3]}, x.y - y.x}};
  TurnBetween<T> best = turns[0];
  T largest = square[0];
  for (int k = 1; k < 4; ++k) {
    const MaskOf<T> larger = square[k] > largest;
    best = {{select(larger, turns[k].v.x, best.v.x), select(larger, turns[k].v.y, best.v.y),
             select(larger, turns[k].v.z, best.v.z)},
            select(larger, turns[k].s, best.s)};
    largest = select(larger, square[k], largest);
  }
  const T scale = T(Real<T>(0.5)) / square_root(largest);
  return {scale * best.v, scale * best.s};
}

// The equality's two frames: [0] in the body named first, whose rows count positive.
template <class T>
struct EqualityFrames {
  Vector3<T> point[2];  // from the origins of their trees
  Matrix3<T> axes[2];
  Vector3<T> apart;  // point 0 - point 1
};
template <class G, class T>
[[gnu::noinline]] LS_FN EqualityFrames<T> equality_frames(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w,
                                                          int equality) {
  const std::int32_t* marker = m.equality_marker + 2 * equality;
  EqualityFrames<T> frames;
  for (int side = 0; side < 2; ++side) {
    frames.point[side] = marker_from_origin(m, w, marker[side]);
    frames.axes[side] = marker_axes(m, w, marker[side]);
  }
  frames.apart = marker_difference(m, w, marker[1], frames.point[1], marker[0], frames.point[0]);
  return frames;
}

// What the turning rows of a weld measure: torquescale times the vector part of the error quaternion e. Row k moves
// with the relative spin about axis[k], and bends by `bend`, the part of its second derivative that qacc does not make:
//   e' = a e / 2 with a the relative spin in the second frame, so e'' = a' e / 2 - |a|^2 e / 4.
template <class T>
struct WeldTurn {
  Vector3<T> error, axis[3], bend;
};
template <class G, class T>
[[gnu::noinline]] LS_FN WeldTurn<T> weld_turn(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int equality,
                                              const EqualityFrames<T>& frames) {
  const std::int32_t* marker = m.equality_marker + 2 * equality;
  const T scale = T(m.equality_torquescale[equality]), half = T(Real<T>(0.5)) * scale;
  const TurnBetween<T> e = turn_between(frames.axes[1], frames.axes[0]);
  const Vector3<T> v = e.v;
  WeldTurn<T> turn;
  turn.error = scale * v;
  const Vector3<T> local[3] = {{e.s, v.z, -v.y}, {-v.z, e.s, v.x}, {v.y, -v.x, e.s}};  // s x_k + v cross x_k
  for (int k = 0; k < 3; ++k) turn.axis[k] = half * rotate(frames.axes[1], local[k]);
  const Vector3<T> spin[2] = {marker_motion(m, w, marker[0]).w, marker_motion(m, w, marker[1]).w};
  const Vector3<T> relative = spin[0] - spin[1];
  const Vector3<T> change =
      marker_spin_bias(m, w, marker[0]) - marker_spin_bias(m, w, marker[1]) - cross(spin[1], relative);
  const T shrink = T(Real<T>(0.25)) * dot(relative, relative);
  turn.bend = {dot(turn.axis[0], change), dot(turn.axis[1], change), dot(turn.axis[2], change)};
  turn.bend = turn.bend - shrink * turn.error;
  return turn;
}

template <class T>
[[gnu::always_inline]] LS_FN T element(Vector3<T> v, int k) {
  return k == 0 ? v.x : (k == 1 ? v.y : v.z);
}

// Frames, D and (into contact_jar) the reference acceleration of one equality.
template <class G, class T>
[[gnu::noinline]] LS_FN void write_equality(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int equality) {
  const int pair = m.num_pairs + equality, slot = m.pair_slot[pair];
  const bool is_weld = m.pair_dim[pair] == 6;
  const std::int32_t* marker = m.equality_marker + 2 * equality;
  ContactFrame<G, T>* const c = w.rows.contact + slot;
  const EqualityFrames<T> frames = equality_frames(m, w, equality);
  // The contact's convention: relative motion is that of the second link against the first.
  set_arm(m, c->arm_second, frames.point[0]);
  set_arm(m, c->arm_first, frames.point[1]);
  set_axis(m, *c, 0, {T(1), T(0), T(0)});
  set_axis(m, *c, 1, {T(0), T(1), T(0)});
  set_axis(m, *c, 2, {T(0), T(0), T(1)});
  T square = dot(frames.apart, frames.apart);
  WeldTurn<T> turn{};
  if (is_weld) {
    turn = weld_turn(m, w, equality, frames);
    for (int k = 0; k < 3; ++k) set_axis(m, c[1], k, turn.axis[k]);
    square += dot(turn.error, turn.error);
  }
  const T imp = impedance(m.pair_solimp + 5 * pair, square_root(square));
  c->D = T(1) / maximum((T(1) - imp) / imp * T(of_world<T>(m.pair_diagonal)[pair]), T(Real<T>(1e-15)));
  const Vector3<T> bend = marker_bias(m, w, marker[0], frames.point[0]) - marker_bias(m, w, marker[1], frames.point[1]);
  const Motion<G, T> relative = relative_motion(m, w.velocity, *c, pair);
  T* aref = w.rows.contact_jar + slot * m.contact_rows;
  for (int k = 0; k < m.pair_dim[pair]; ++k) {
    const T error = k < 3 ? element(frames.apart, k) : element(turn.error, k - 3);
    aref[k] = -(T(m.pair_damping[pair]) * equality_row_motion(c, relative, k)) -
              T(m.pair_stiffness[pair]) * imp * error - (k < 3 ? element(bend, k) : element(turn.bend, k - 3));
  }
}

}  // namespace lockstep::kernels
