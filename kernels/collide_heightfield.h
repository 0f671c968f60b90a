// Contacts of a height field with convex geoms: as MuJoCo does it, one for each triangular prism of the grid that the
// geom touches, the prism being a convex solid of its own down to the field's base. Every lane walks the cells under
// its own geom; its contacts are numbered as they are found, so that slot k is the k-th contact of that lane.
#pragma once

#include "kernels/collide_convex.h"

namespace lockstep::kernels {

constexpr int kHeightFieldContacts = 50;  // of a pair, as in MuJoCo (mjMAXCONPAIR)

namespace detail {

// A triangle of the grid, lifted to its heights (3..5), and what is below it on the base (0..2).
template <class T>
struct Prism {
  Vector3<T> corner[6];
  Real<T> size;  // the larger side of a cell (m)

  static constexpr bool kIsRound = false;
  static constexpr bool kIsSymmetric = false;
  LS_FN Real<T> extent() const { return size; }
  LS_FN Real<T> thickness() const { return size; }
};
template <class T>
[[gnu::always_inline]] LS_FN Matrix3<T> axes_of(const Prism<T>&) {
  return at_origin<T>().r;
}

template <class T>
LS_FN Vector3<T> support_point(const Prism<T>& prism, Vector3<T> way) {
  Vector3<T> best = prism.corner[0];
  T farthest = dot(best, way);
  for (int k = 1; k < 6; ++k) {
    const T along = dot(prism.corner[k], way);
    const MaskOf<T> farther = along > farthest;
    farthest = select(farther, along, farthest);
    best = choose<T>(farther, prism.corner[k], best);
  }
  return best;
}

template <class T>
LS_FN Vector3<T> centre(const Prism<T>& prism) {
  return T(Real<T>(1.0 / 3)) * (prism.corner[3] + prism.corner[4] + prism.corner[5]);
}

template <class T, class Try>
LS_FN void propose_normals(const Prism<T>& prism, Vector3<T>, Try&& propose) {
  const Vector3<T>* top = prism.corner + 3;
  const Vector3<T> normal = cross(top[1] - top[0], top[2] - top[0]);
  propose(select(normal.z < T(0), T(-1), T(1)) * normal);
  propose({T(0), T(0), T(-1)});
  for (int k = 0; k < 3; ++k) {
    const Vector3<T> edge = prism.corner[(k + 1) % 3] - prism.corner[k];
    const Vector3<T> inward = prism.corner[(k + 2) % 3] - prism.corner[k];
    const Vector3<T> side = {edge.y, -edge.x, T(0)};
    propose(select(dot(side, inward) > T(0), T(-1), T(1)) * side);
  }
}

template <class T, class Visit>
LS_FN void visit_edges(const Prism<T>& prism, Visit&& visit) {
  for (int k = 0; k < 3; ++k) {
    visit(prism.corner[(k + 1) % 3] - prism.corner[k]);
    visit(prism.corner[3 + (k + 1) % 3] - prism.corner[3 + k]);
  }
  visit(Vector3<T>{T(0), T(0), T(1)});
}

// Columns or rows [first, last) of the grid, in each lane.
template <class T>
struct CellSpan {
  int first[kLanes<T>], last[kLanes<T>];
  int most = 0;  // of the lane that has most
};

// The cells under a geom.
template <class T>
struct Cells {
  CellSpan<T> columns, rows;
};

// The cells, of `cells` over [-half, half], that meet [low, high].
template <class T>
LS_FN CellSpan<T> find_cells(T low, T high, Real<T> half, MaskOf<T> wanted, int cells) {
  const T scale = T(Real<T>(cells) / (half + half));
  const T from = clamp(floor((low + T(half)) * scale), T(0), T(cells));
  const T to = clamp(-floor(-((high + T(half)) * scale)), T(0), T(cells));
  CellSpan<T> span;
  for (int i = 0; i < kLanes<T>; ++i) span.first[i] = span.last[i] = 0;
  for_each_lane(wanted, [&](int i) {
    span.first[i] = static_cast<int>(lane(from, i));
    span.last[i] = static_cast<int>(lane(to, i));
    span.most = span.last[i] - span.first[i] > span.most ? span.last[i] - span.first[i] : span.most;
  });
  return span;
}

// The cells under the geom, none in lanes where it is off the field or above all of it.
template <class T, class B>
LS_FN Cells<T> cells_under(const HeightFieldShape<Real<T>>& field, const B& b, T radius, T margin, T& lowest) {
  const T zero = T(0), one = T(1);
  const T reach = radius + margin;
  const T low_x = support_point(b, Vector3<T>{-one, zero, zero}).x - reach;
  const T high_x = support_point(b, Vector3<T>{one, zero, zero}).x + reach;
  const T low_y = support_point(b, Vector3<T>{zero, -one, zero}).y - reach;
  const T high_y = support_point(b, Vector3<T>{zero, one, zero}).y + reach;
  const T high_z = support_point(b, Vector3<T>{zero, zero, one}).z + reach;
  lowest = support_point(b, Vector3<T>{zero, zero, -one}).z - reach;
  const T width = T(field.size[0]), depth = T(field.size[1]);
  const MaskOf<T> over = (low_x <= width) & (high_x >= -width) & (low_y <= depth) & (high_y >= -depth) &
                         (lowest <= T(field.size[2])) & (high_z >= T(-field.size[3]));
  Cells<T> cells;
  cells.columns = find_cells<T>(low_x, high_x, field.size[0], over, field.num_columns - 1);
  cells.rows = find_cells<T>(low_y, high_y, field.size[1], over, field.num_rows - 1);
  return cells;
}

// Triangle `half` (0 or 1) of each lane's cell (column, row), counted from its first; the mask of lanes that have it.
template <class T>
LS_FN MaskOf<T> lift_prism(const HeightFieldShape<Real<T>>& field, const Cells<T>& cells, int row, int column, int half,
                           Prism<T>& prism) {
  MaskOf<T> there = MaskOf<T>(false);
  const Real<T> step_x = (field.size[0] + field.size[0]) / Real<T>(field.num_columns - 1);
  const Real<T> step_y = (field.size[1] + field.size[1]) / Real<T>(field.num_rows - 1);
  // Both halves share the diagonal from (column, row) to (column + 1, row + 1).
  const int across[3] = {half == 0 ? 0 : 1, 0, 1}, up[3] = {half == 0 ? 1 : 0, 0, 1};
  for (int k = 0; k < 3; ++k) {
    T x = T(0), y = T(0), z = T(0);
    for (int i = 0; i < kLanes<T>; ++i) {
      const int c = cells.columns.first[i] + column, r = cells.rows.first[i] + row;
      if (c >= cells.columns.last[i] || r >= cells.rows.last[i]) continue;
      if (k == 0) set_lane(there, i, true);
      const Real<T>* const heights = field.heights + static_cast<std::ptrdiff_t>(i) * field.lane_stride;
      set_lane(x, i, step_x * Real<T>(c + across[k]) - field.size[0]);
      set_lane(y, i, step_y * Real<T>(r + up[k]) - field.size[1]);
      set_lane(z, i, heights[(r + up[k]) * field.num_columns + c + across[k]] * field.size[2]);
    }
    prism.corner[3 + k] = {x, y, z};
    prism.corner[k] = {x, y, T(-field.size[3])};
  }
  prism.size = step_x > step_y ? step_x : step_y;
  return there;
}

// Contacts that each lane has found so far.
template <class T>
struct FoundContacts {
  ContactPoint<T> contact[kHeightFieldContacts];
  int count[kLanes<T>];
};

template <class T>
LS_FN void note(MaskOf<T> touches, const ContactPoint<T>& contact, FoundContacts<T>& found) {
  for_each_lane(touches, [&](int i) {
    if (found.count[i] >= kHeightFieldContacts) return;
    ContactPoint<T>& place = found.contact[found.count[i]++];
    const auto put = [&](T& to, T from) { set_lane(to, i, lane(from, i)); };
    const auto put_vector = [&](Vector3<T>& to, Vector3<T> from) {
      put(to.x, from.x);
      put(to.y, from.y);
      put(to.z, from.z);
    };
    put(place.distance, contact.distance);
    put_vector(place.position, contact.position);
    put_vector(place.normal, contact.normal);
  });
}

template <class T, class Emit>
LS_FN void emit_found(FoundContacts<T>& found, int most, Emit&& emit) {
  for (int slot = 0; slot < most; ++slot) {
    MaskOf<T> touches = MaskOf<T>(false);
    for (int i = 0; i < kLanes<T>; ++i) set_lane(touches, i, slot < found.count[i]);
    ContactPoint<T>& contact = found.contact[slot];
    contact.tangent = contact_tangent(contact.normal);
    emit(slot, touches, contact);
  }
}

}  // namespace detail

// One contact for each prism that the geom touches. `b` is convex, of type kType.
template <int kType, class T, class Emit>
LS_FN void collide_height_field(const HeightFieldShape<Real<T>>& field, const Placement<T>& a,
                                const GeomShape<Real<T>>& shape_b, const Placement<T>& b, T margin, Emit&& emit) {
  const ConvexShape<T, kType> geom = {shape_b.size, shape_b.mesh, detail::relative(a, b)};
  const T radius = geom.radius(), half = T(Real<T>(0.5));
  T lowest;
  const detail::Cells<T> cells = detail::cells_under(field, geom, radius, margin, lowest);
  const int columns = cells.columns.most, rows = cells.rows.most;
  if (columns == 0 || rows == 0) return;
  detail::FoundContacts<T> found;
  int most = 0;
  for (int i = 0; i < kLanes<T>; ++i) found.count[i] = 0;
  for (int cell = 0; cell < 2 * rows * columns; ++cell) {
    const int row = cell / (2 * columns), column = cell / 2 % columns;
    detail::Prism<T> prism;
    MaskOf<T> near = detail::lift_prism(field, cells, row, column, cell % 2, prism);
    const T top = maximum(prism.corner[3].z, maximum(prism.corner[4].z, prism.corner[5].z));
    near = near & (top >= lowest);
    if (!any(near)) continue;
    const detail::Witness<T> witness = detail::climb<T>(prism, geom, select(near, margin + radius, T(Real<T>(-1e30))));
    ContactPoint<T> contact;
    contact.distance = witness.separation - radius;
    const MaskOf<T> touches = near & (contact.distance <= margin);
    if (!any(touches)) continue;
    contact.position = a.p + rotate(a.r, half * (witness.on1 + witness.on2 - radius * witness.normal));
    contact.normal = rotate(a.r, witness.normal);
    detail::note(touches, contact, found);
    for (int i = 0; i < kLanes<T>; ++i) most = found.count[i] > most ? found.count[i] : most;
  }
  detail::emit_found(found, most, emit);
}

}  // namespace lockstep::kernels
