// Rangefinders: how far the nearest surface is along the z axis of a site. MuJoCo XML reference, sensor/rangefinder.
#pragma once

#include "kernels/markers.h"
#include "kernels/rays.h"
#include "kernels/rays_heightfield.h"

namespace lockstep::kernels {

// Worlds in which a ray from the origin passes a sphere around p. A bound must not cut what rounding moved to its edge.
template <class T>
LS_FN MaskOf<T> may_hit(Vector3<T> way, Vector3<T> p, Real<T> radius) {
  const T along = dot(way, p), reach = T(radius * Real<T>(1 + 1e-4));
  return (dot(p, p) - along * along <= reach * reach) & (along >= -reach);
}

// The distance along the z axis of the site at `marker` to the nearest geom, but for those of one body; -1 for none.
template <class G, class T>
[[gnu::noinline]] LS_FN T sense_range(const ModelConstants<Real<T>>& m, const Workspace<G, T>& w, int marker,
                                      int own_body) {
  const Vector3<T> from = marker_from_origin(m, w, marker), zero{T(0), T(0), T(0)};
  const Ray<T> ray{zero, marker_axes(m, w, marker).z};
  T nearest = never_hit<T>();
  for (int geom = 0; geom < m.num_ray_geoms; ++geom) {
    if (m.ray_body[geom] == own_body) continue;
    const int target = m.ray_marker[geom];
    const Vector3<T> p = marker_difference(m, w, marker, from, target, marker_from_origin(m, w, target));
    MaskOf<T> near = MaskOf<T>(true);
    if (const Real<T> bound = m.ray_bound[geom]; bound > 0) near = may_hit(ray.way, p, bound);
    if (!any(near)) continue;
    const Ray<T> local = into_axes(Placement<T>{p, marker_axes(m, w, target)}, ray);
    const int shape = m.ray_shape[geom];
    T distance;
    if (m.ray_type[geom] == kMesh) {
      const int first = m.ray_mesh_adr[shape];
      distance = hit_triangles(m.ray_triangles + 9 * first, m.ray_mesh_adr[shape + 1] - first, local);
    } else if (m.ray_type[geom] == kHeightField) {
      const std::int32_t* base = m.ray_field_base + 3 * shape;
      const Real<T>* size = m.ray_field_size + 4 * shape;
      distance = hit_height_field(HeightFieldShape<Real<T>>{base[0],
                                                            base[1],
                                                            {size[0], size[1], size[2], size[3]},
                                                            m.ray_field_heights + base[2],
                                                            m.field_lane_stride},
                                  local);
    } else {
      distance = hit_geom(m.ray_type[geom], m.ray_size + 3 * geom, local);
    }
    nearest = select(near & (distance < nearest), distance, nearest);
  }
  return select(is_finite(nearest), nearest, T(-1));
}

}  // namespace lockstep::kernels
