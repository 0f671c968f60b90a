// Packs the hulls and height fields of geoms that may touch.
#include "engine/collision_shapes.h"
#include "engine/constant_packing.h"

#include <map>

namespace lockstep {
namespace {

using Ints = Packing::Ints;
using Reals = Packing::Reals;

// Hulls and fields of a model, each once, however many geoms have it.
struct ShapeArrays {
  Ints hull_bases, hull_numbers, field_bases;
  Reals vertices, normals, extents, field_size;
  std::map<const void*, int> index;

  int add(const kernels::MeshShape<double>& mesh) {
    const auto [place, is_new] = index.try_emplace(&mesh, static_cast<int>(extents.size()));
    if (!is_new) return place->second;
    const int first_vertex = static_cast<int>(vertices.size() / 3), first_normal = static_cast<int>(normals.size() / 3);
    append(vertices, mesh.vertices, 3 * mesh.num_vertices);
    append(normals, mesh.face_normals, 3 * mesh.num_faces);
    extents.push_back(mesh.extent);
    const auto put = [&](const std::int32_t* numbers, int count) {
      const int base = static_cast<int>(hull_numbers.size());
      hull_numbers.insert(hull_numbers.end(), numbers, numbers + count);
      return base;
    };
    // A list of starts, and what it points into.
    const auto put_lists = [&](const std::int32_t* starts, int count, const std::int32_t* items) {
      const int base = put(starts, count + 1);
      return std::array{base, put(items, starts[count])};
    };
    const auto faces = put_lists(mesh.face_start, mesh.num_faces, mesh.face_vertices);
    const auto edges = put_lists(mesh.edge_start, mesh.num_vertices, mesh.neighbours);
    const auto corners = put_lists(mesh.vertex_face_start, mesh.num_vertices, mesh.vertex_faces);
    hull_bases.insert(hull_bases.end(), {mesh.num_vertices, mesh.num_faces, first_vertex, first_normal, faces[0],
                                         faces[1], edges[0], edges[1], corners[0], corners[1]});
    return place->second;
  }
  int add(const kernels::HeightFieldShape<double>& field, int first_height) {
    const auto [place, is_new] = index.try_emplace(&field, static_cast<int>(field_bases.size() / 3));
    if (!is_new) return place->second;
    field_bases.insert(field_bases.end(), {field.num_rows, field.num_columns, first_height});
    append(field_size, field.size, 4);
    return place->second;
  }
};

}  // namespace

Reals all_heights(const mjModel& m) { return Reals(m.hfield_data, m.hfield_data + m.nhfielddata); }

void pack_shapes(Packing& p, const std::vector<int>& geoms) {
  ShapeArrays arrays;
  Ints shape;
  bool needed = false;
  for (const int geom : geoms) needed |= p.m.geom_type[geom] == mjGEOM_MESH || p.m.geom_type[geom] == mjGEOM_HFIELD;
  if (needed) {
    const CollisionShapes<double> shapes(p.m);
    for (const int geom : geoms) {
      const kernels::GeomShape<double>& of_geom = shapes.shape(geom);
      shape.push_back(of_geom.mesh != nullptr ? arrays.add(*of_geom.mesh)
                      : of_geom.height_field != nullptr
                          ? arrays.add(*of_geom.height_field, p.m.hfield_adr[p.m.geom_dataid[geom]])
                          : -1);
    }
  } else {
    shape.assign(geoms.size(), -1);
  }
  p.set(p.c.geom_shape, shape);
  p.set(p.c.hull_bases, arrays.hull_bases);
  p.set(p.c.hull_numbers, arrays.hull_numbers);
  p.set(p.c.hull_vertices, arrays.vertices);
  p.set(p.c.hull_normals, arrays.normals);
  p.set(p.c.hull_extent, arrays.extents);
  p.set(p.c.field_bases, arrays.field_bases);
  p.set(p.c.field_size, arrays.field_size);
  p.set(p.c.field_heights, arrays.field_bases.empty() ? Reals{} : all_heights(p.m));
}

}  // namespace lockstep
