// Contacts as soft constraints. A contact is a point on each of two links and a frame; its rows are the relative
// acceleration there along the frame's axes, first three translations (normal, two tangents), then up to three
// rotations. No Jacobian is stored: J x is a sweep of link motions and a few products, J' f a wrench on each link.
// MuJoCo computation chapter, "Contact", "Friction cones"; cost of a cone: section "Primal problem".
#pragma once

#include "kernels/stiffness.h"
#include "kernels/workspace.h"

namespace lockstep::kernels {

// The part of a vector of space in the geometry.
template <class T>
[[gnu::always_inline]] LS_FN Vector2<T> in_plane(const ModelConstants<Real<T>>& m, Vector3<T> v) {
  const Real<T>* e = m.plane;
  return {T(e[0]) * v.x + T(e[1]) * v.y + T(e[2]) * v.z, T(e[3]) * v.x + T(e[4]) * v.y + T(e[5]) * v.z};
}
template <class T>
[[gnu::always_inline]] LS_FN void set_arm(const ModelConstants<Real<T>>&, Vector3<T>& arm, Vector3<T> p) {
  arm = p;
}
template <class T>
[[gnu::always_inline]] LS_FN void set_arm(const ModelConstants<Real<T>>& m, Vector2<T>& arm, Vector3<T> p) {
  arm = in_plane(m, p);
}
template <class T>
[[gnu::always_inline]] LS_FN void set_axis(const ModelConstants<Real<T>>&, ContactFrame<Spatial, T>& c, int k,
                                           Vector3<T> axis) {
  c.axis[k] = axis;
}
template <class T>
[[gnu::always_inline]] LS_FN void set_axis(const ModelConstants<Real<T>>& m, ContactFrame<Planar, T>& c, int k,
                                           Vector3<T> axis) {
  const Real<T>* n = m.plane + 6;
  c.axis[k] = in_plane(m, axis);
  c.turn[k] = T(n[0]) * axis.x + T(n[1]) * axis.y + T(n[2]) * axis.z;
}

// The acceleration (or velocity) of the second link's point against the first's, and their relative rotation.
template <class G, class T>
[[gnu::always_inline]] LS_FN Motion<G, T> relative_motion(const ModelConstants<Real<T>>& m, const Motion<G, T>* links,
                                                          const ContactFrame<G, T>& c, int pair) {
  const int first = m.pair_link[2 * pair], second = m.pair_link[2 * pair + 1];
  Motion<G, T> relative{};
  if (second >= 0) relative = {links[second].w, links[second].v + cross(links[second].w, c.arm_second)};
  if (first >= 0) {
    relative.w = relative.w - links[first].w;
    relative.v = relative.v - (links[first].v + cross(links[first].w, c.arm_first));
  }
  return relative;
}

// Row k of a contact: the part of the relative motion along its axis.
template <class G, class T>
[[gnu::always_inline]] LS_FN T row_motion(const ContactFrame<G, T>& c, const Motion<G, T>& relative, int k) {
  return k < 3 ? dot(c.axis[k], relative.v) : dot(c.turn_axis(k - 3), relative.w);
}

// Row k of a connect or weld equality, whose turning axes are those of the next frame (kernels/body_equalities.h).
template <class G, class T>
[[gnu::always_inline]] LS_FN T equality_row_motion(const ContactFrame<G, T>* c, const Motion<G, T>& relative, int k) {
  return k < 3 ? dot(c[0].axis[k], relative.v) : dot(c[1].turn_axis(k - 3), relative.w);
}

// Pairs of bodies held by an equality come behind the pairs of geoms.
template <class R>
[[gnu::always_inline]] LS_FN bool is_equality(const ModelConstants<R>& m, int pair) {
  return pair >= m.num_pairs;
}

// J x of the rows of one contact -> out [dim], from the motions of the links under x.
template <class G, class T>
[[gnu::always_inline]] LS_FN void contact_product(const ModelConstants<Real<T>>& m, const Motion<G, T>* links,
                                                  const ContactFrame<G, T>& c, int pair, T* out) {
  const Motion<G, T> relative = relative_motion(m, links, c, pair);
  if (is_equality(m, pair)) {
    for (int k = 0; k < m.pair_dim[pair]; ++k) out[k] = equality_row_motion(&c, relative, k);
    return;
  }
  for (int k = 0; k < m.pair_dim[pair]; ++k) out[k] = row_motion(c, relative, k);
}

// What one contact does to the cost: gradient by the relative motion (a wrench at the point) and stiffness there.
template <class G, class T>
struct ContactResponse {
  Force<G, T> wrench;
  Stiffness<G, T> stiffness;
};

// Frictionless, or the edges n +- mu t of a pyramid: each pushes with D while its row is negative.
template <class G, class T>
[[gnu::always_inline]] LS_FN void respond_by_edges(const ContactFrame<G, T>& c, const T* jar,
                                                   WorldConstants<T> friction, int dim, ContactResponse<G, T>& out) {
  const T zero = T(0);
  if (dim == 1) {
    const T stiffness = select(jar[0] < zero, c.D, zero);
    out.wrench.f = (stiffness * jar[0]) * c.axis[0];
    add_dyads(out.stiffness.ff, stiffness, zero, c.axis[0], c.axis[0]);
    return;
  }
  T along_normal = zero, normal_stiffness = zero;
  for (int k = 1; k < dim; ++k) {
    const T mu = T(friction[k - 1]);
    const T up = jar[0] + mu * jar[k], down = jar[0] - mu * jar[k];
    const T D_up = select(up < zero, c.D, zero), D_down = select(down < zero, c.D, zero);
    const T push_up = D_up * up, push_down = D_down * down;
    const T both = D_up + D_down, cross_term = mu * (D_up - D_down), own = mu * mu * both;
    along_normal += push_up + push_down;
    normal_stiffness += both;
    const T push = mu * (push_up - push_down);
    if (k < 3) {
      out.wrench.f = out.wrench.f + push * c.axis[k];
      add_dyads(out.stiffness.ff, own, cross_term, c.axis[k], c.axis[0]);
    } else {
      const auto turn = c.turn_axis(k - 3);
      out.wrench.n = out.wrench.n + push * turn;
      add_dyads(out.stiffness.rr, own, zero, turn, turn);
      add_coupling(out.stiffness.rf, turn, cross_term * c.axis[0]);
    }
  }
  out.wrench.f = out.wrench.f + along_normal * c.axis[0];
  add_dyads(out.stiffness.ff, normal_stiffness, zero, c.axis[0], c.axis[0]);
}

// An elliptic cone at one point: N = mu jar_0, |U| the length of the scaled friction rows U_k = friction_k jar_k, and
// which of its three zones that is (nothing pushes, all rows push, or the cone's surface).
template <class T>
struct ConePoint {
  T N, length, inverse_length;
  MaskOf<T> sticks, slides;
  T surface_stiffness;  // D0 / (mu^2 (1 + mu^2))
};
template <class T>
[[gnu::always_inline]] LS_FN ConePoint<T> cone_point(const T* jar, T D, WorldConstant<T> mu, WorldConstants<T> friction,
                                                     int dim) {
  T square = T(0);
  for (int k = 1; k < dim; ++k) {
    const T U = T(friction[k - 1]) * jar[k];
    square += U * U;
  }
  ConePoint<T> p;
  p.N = T(mu) * jar[0];
  p.length = square_root(square);
  const MaskOf<T> degenerate = p.length <= T(0);
  p.inverse_length = T(1) / select(degenerate, T(1), p.length);
  const MaskOf<T> free = (p.N >= T(mu) * p.length) | (degenerate & (p.N >= T(0)));
  p.sticks = (!free) & ((T(mu) * p.N + p.length <= T(0)) | degenerate);
  p.slides = (!free) & (!p.sticks);
  p.surface_stiffness = D * T(1 / (mu * mu * (1 + mu * mu)));
  return p;
}

// The cone's Hessian is  a n n' + b (n W' + W n') + g W W' + d sum of A_k A_k',  where n is the contact's normal,
// A_k = friction_k times the axis of row k, and W = sum of (U_k / |U|) A_k.
template <class T>
struct ConeHessian {
  T normal, mixed, along, own;
};
template <class T>
[[gnu::always_inline]] LS_FN ConeHessian<T> cone_hessian(const ConePoint<T>& p, T D, WorldConstant<T> mu) {
  const T zero = T(0), s = p.surface_stiffness;
  const T ratio = T(mu) * p.N * p.inverse_length;
  return {select(p.slides, s * T(mu * mu), select(p.sticks, D, zero)), select(p.slides, -(s * T(mu * mu)), zero),
          select(p.slides, s * ratio, zero),
          select(p.slides, s * (T(mu * mu) - ratio), select(p.sticks, D * T(1 / (mu * mu)), zero))};
}

// How a cone is pushed: minus its normal force, and of row k minus its force divided by friction_k U_k.
template <class T>
struct ConePush {
  T along_normal, along_friction;
};
template <class T>
[[gnu::always_inline]] LS_FN ConePush<T> cone_push(const ConePoint<T>& p, const T* jar, T D, WorldConstant<T> mu) {
  const T zero = T(0), excess = p.surface_stiffness * (p.N - T(mu) * p.length);
  return {select(p.slides, T(mu) * excess, select(p.sticks, D * jar[0], zero)),
          select(p.slides, -(T(mu) * excess * p.inverse_length), select(p.sticks, D * T(1 / (mu * mu)), zero))};
}

// The forces of an elliptic contact along its rows.
template <class T>
struct ConeForce {
  T normal, friction[5];
};
template <class T>
LS_FN ConeForce<T> cone_force(const T* jar, T D, WorldConstant<T> mu, WorldConstants<T> friction, int dim) {
  const ConePush<T> push = cone_push(cone_point(jar, D, mu, friction, dim), jar, D, mu);
  ConeForce<T> force{-push.along_normal, {}};
  for (int k = 1; k < dim; ++k) {
    force.friction[k - 1] = -(push.along_friction * T(friction[k - 1] * friction[k - 1]) * jar[k]);
  }
  return force;
}

template <class G, class T>
[[gnu::always_inline]] LS_FN void respond_by_cone(const ContactFrame<G, T>& c, const T* jar, WorldConstant<T> mu,
                                                  WorldConstants<T> friction, int dim, ContactResponse<G, T>& out) {
  const T zero = T(0);
  const ConePoint<T> p = cone_point(jar, c.D, mu, friction, dim);
  const ConeHessian<T> h = cone_hessian(p, c.D, mu);
  const ConePush<T> pushed = cone_push(p, jar, c.D, mu);
  typename G::template Point<T> W{};
  typename G::template Spin<T> W_turn{};
  for (int k = 1; k < dim; ++k) {
    const T scale = T(friction[k - 1]);
    const T U = scale * jar[k];
    const T own = h.own * scale * scale, push = pushed.along_friction * scale * U,
            weight = U * p.inverse_length * scale;
    if (k < 3) {
      out.wrench.f = out.wrench.f + push * c.axis[k];
      add_dyads(out.stiffness.ff, own, zero, c.axis[k], c.axis[k]);
      W = W + weight * c.axis[k];
    } else {
      const auto turn = c.turn_axis(k - 3);
      out.wrench.n = out.wrench.n + push * turn;
      add_dyads(out.stiffness.rr, own, zero, turn, turn);
      W_turn = W_turn + weight * turn;
    }
  }
  out.wrench.f = out.wrench.f + pushed.along_normal * c.axis[0];
  add_dyads(out.stiffness.ff, h.normal, zero, c.axis[0], c.axis[0]);
  add_dyads(out.stiffness.ff, h.along, h.mixed, W, c.axis[0]);
  if (dim > 3) {
    add_dyads(out.stiffness.rr, h.along, zero, W_turn, W_turn);
    add_coupling(out.stiffness.rf, W_turn, h.mixed * c.axis[0] + h.along * W);
  }
}

// A connect or weld: all rows are springs, the turning ones `turn_ratio` as stiff as the others.
template <class G, class T>
LS_FN void respond_by_springs(const ContactFrame<G, T>* c, const T* jar, WorldConstant<T> turn_ratio, int dim,
                              ContactResponse<G, T>& out) {
  const T zero = T(0), D = c->D, D_turn = T(turn_ratio) * c->D;
  for (int k = 0; k < 3; ++k) {
    out.wrench.f = out.wrench.f + (D * jar[k]) * c->axis[k];
    add_dyads(out.stiffness.ff, D, zero, c->axis[k], c->axis[k]);
  }
  for (int k = 3; k < dim; ++k) {
    const auto turn = c[1].turn_axis(k - 3);
    out.wrench.n = out.wrench.n + (D_turn * jar[k]) * turn;
    add_dyads(out.stiffness.rr, D_turn, zero, turn, turn);
  }
}

template <class G, class T>
[[gnu::always_inline]] LS_FN ContactResponse<G, T> contact_response(const ModelConstants<Real<T>>& m,
                                                                    const ContactFrame<G, T>& c, const T* jar,
                                                                    int pair) {
  ContactResponse<G, T> out{};
  const int dim = m.pair_dim[pair];
  const WorldConstants<T> friction = of_world<T>(m.pair_friction) + 5 * pair;
  if (is_equality(m, pair)) {
    respond_by_springs(&c, jar, friction[0], dim, out);
  } else if (m.has_elliptic_cones != 0 && dim > 1) {
    respond_by_cone(c, jar, of_world<T>(m.pair_mu)[pair], friction, dim, out);
  } else {
    respond_by_edges(c, jar, friction, dim, out);
  }
  return out;
}

// Slope and curvature of one contact's cost at jar + alpha jv; `same` loses the worlds where an edge has changed its
// side since alpha = 0 (edges), or that touch (cones: no step along them is exact).
template <class T>
struct LinePoint {
  T slope, curvature;
  MaskOf<T> same;
};
template <class T>
[[gnu::always_inline]] LS_FN void add_edge(T D, T jar, T jv, T alpha, LinePoint<T>& point) {
  const T moved = jar + alpha * jv;
  const T stiffness = select(moved < T(0), D, T(0));
  point.slope += stiffness * jv * moved;
  point.curvature += stiffness * jv * jv;
  point.same = point.same & !(((moved < T(0)) ^ (jar < T(0))) & (D != T(0)));
}
template <class T>
[[gnu::always_inline]] LS_FN void add_cone(T D, const T* jar, const T* jv, T alpha, WorldConstant<T> mu,
                                           WorldConstants<T> friction, int dim, LinePoint<T>& point) {
  T moved[6] = {};
  for (int k = 0; k < dim; ++k) moved[k] = jar[k] + alpha * jv[k];
  const ConePoint<T> p = cone_point(moved, D, mu, friction, dim);
  const ConeHessian<T> h = cone_hessian(p, D, mu);
  T along = T(0), square = T(0), push = T(0);
  for (int k = 1; k < dim; ++k) {
    const T y = T(friction[k - 1]) * jv[k];
    const T U = T(friction[k - 1]) * moved[k];
    along += U * p.inverse_length * y;
    square += y * y;
    push += U * y;
  }
  const T excess = T(mu) * p.surface_stiffness * (p.N - T(mu) * p.length);
  point.slope += select(p.slides, excess * (jv[0] - along),
                        select(p.sticks, D * (jv[0] * moved[0] + T(1 / (mu * mu)) * push), T(0)));
  point.curvature +=
      h.normal * jv[0] * jv[0] + (h.mixed + h.mixed) * jv[0] * along + h.along * along * along + h.own * square;
  point.same = point.same & !(D != T(0));
}
template <class T>
LS_FN void add_springs(T D, const T* jar, const T* jv, T alpha, WorldConstant<T> turn_ratio, int dim,
                       LinePoint<T>& point) {
  for (int k = 0; k < dim; ++k) {
    const T stiffness = k < 3 ? D : T(turn_ratio) * D;
    point.slope += stiffness * jv[k] * (jar[k] + alpha * jv[k]);
    point.curvature += stiffness * jv[k] * jv[k];
  }
}
template <class T>
[[gnu::always_inline]] LS_FN void add_contact_line(const ModelConstants<Real<T>>& m, int pair, T D, const T* jar,
                                                   const T* jv, T alpha, LinePoint<T>& point) {
  const int dim = m.pair_dim[pair];
  const WorldConstants<T> friction = of_world<T>(m.pair_friction) + 5 * pair;
  if (is_equality(m, pair)) {
    add_springs(D, jar, jv, alpha, friction[0], dim, point);
  } else if (dim == 1) {
    add_edge(D, jar[0], jv[0], alpha, point);
  } else if (m.has_elliptic_cones != 0) {
    add_cone(D, jar, jv, alpha, of_world<T>(m.pair_mu)[pair], friction, dim, point);
  } else {
    for (int k = 1; k < dim; ++k) {
      const T mu = T(friction[k - 1]);
      add_edge(D, jar[0] + mu * jar[k], jv[0] + mu * jv[k], alpha, point);
      add_edge(D, jar[0] - mu * jar[k], jv[0] - mu * jv[k], alpha, point);
    }
  }
}

// add(force, D) of every row (or edge) of one contact.
template <class T, class Add>
LS_FN void for_each_row_force(const ModelConstants<Real<T>>& m, int pair, T D, const T* jar, Add&& add) {
  const int dim = m.pair_dim[pair];
  const WorldConstants<T> friction = of_world<T>(m.pair_friction) + 5 * pair;
  const T zero = T(0);
  if (is_equality(m, pair)) {
    for (int k = 0; k < dim; ++k) {
      const T stiffness = k < 3 ? D : T(friction[0]) * D;
      add(-(stiffness * jar[k]), stiffness);
    }
  } else if (dim == 1) {
    add(-(D * minimum(jar[0], zero)), D);
  } else if (m.has_elliptic_cones != 0) {
    const WorldConstant<T> mu = of_world<T>(m.pair_mu)[pair];
    const ConeForce<T> force = cone_force(jar, D, mu, friction, dim);
    add(force.normal, D);
    for (int k = 0; k < dim - 1; ++k) add(force.friction[k], T(friction[k] * friction[k] / (mu * mu)) * D);
  } else {
    for (int k = 1; k < dim; ++k) {
      const T mu = T(friction[k - 1]);
      add(-(D * minimum(jar[0] + mu * jar[k], zero)), D);
      add(-(D * minimum(jar[0] - mu * jar[k], zero)), D);
    }
  }
}

}  // namespace lockstep::kernels
