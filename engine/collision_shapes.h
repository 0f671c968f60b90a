// The shapes that geoms collide as: what kernels/collision_shapes.h points to, copied out of a MuJoCo model.
#pragma once

#include "kernels/collision_shapes.h"
#include "kernels/contact_point.h"

#include <cstdint>
#include <vector>

struct mjModel_;

namespace lockstep {

// Owns the sizes, hulls and height fields of all geoms of one model as numbers of type R (float or double). The shapes
// point into it: keep it while they are used.
template <class R>
class CollisionShapes {
 public:
  explicit CollisionShapes(const mjModel_& model);
  CollisionShapes(CollisionShapes&&) noexcept = default;
  CollisionShapes& operator=(CollisionShapes&&) noexcept = default;
  CollisionShapes(const CollisionShapes&) = delete;
  CollisionShapes& operator=(const CollisionShapes&) = delete;
  ~CollisionShapes() = default;

  // Of geom `geom` of the model.
  [[nodiscard]] const kernels::GeomShape<R>& shape(int geom) const { return shapes_[static_cast<std::size_t>(geom)]; }
  [[nodiscard]] int num_geoms() const { return static_cast<int>(shapes_.size()); }

 private:
  struct Hull {
    std::vector<R> vertices, face_normals;
    std::vector<std::int32_t> face_start, face_vertices, edge_start, neighbours, vertex_face_start, vertex_faces;
  };
  void pack_mesh(const mjModel_& model, int mesh);
  void pack_height_field(const mjModel_& model, int field);

  std::vector<R> sizes_;  // [geoms][3]
  std::vector<Hull> hulls_;
  std::vector<std::vector<R>> heights_;
  std::vector<kernels::MeshShape<R>> meshes_;
  std::vector<kernels::HeightFieldShape<R>> fields_;
  std::vector<kernels::GeomShape<R>> shapes_;
};

extern template class CollisionShapes<float>;
extern template class CollisionShapes<double>;

}  // namespace lockstep
