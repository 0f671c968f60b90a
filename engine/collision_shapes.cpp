// Copies geom sizes, the convex hulls of meshes and height data out of a MuJoCo model.
#include "engine/collision_shapes.h"

#include <algorithm>
#include <cmath>

#include <mujoco/mujoco.h>

namespace lockstep {
namespace {

std::size_t index(int i) { return static_cast<std::size_t>(i); }

// The vertices of a mesh that are on its hull, as MuJoCo's graph lists them (its layout: number of vertices, number of
// faces, start of each vertex's edges, vertex of the mesh, edges with -1 behind the last of a vertex, faces); all of
// them for a mesh without one.
struct HullGraph {
  std::vector<int> vertices;                 // of the mesh
  std::vector<std::vector<int>> neighbours;  // of the hull, by hull vertex
};
HullGraph hull_graph(const mjModel& m, int mesh) {
  HullGraph graph;
  const int start = m.mesh_graphadr[mesh];
  if (start < 0) {
    for (int i = 0; i < m.mesh_vertnum[mesh]; ++i) graph.vertices.push_back(i);
    graph.neighbours.resize(graph.vertices.size());
    return graph;
  }
  const int* const data = m.mesh_graph + start;
  const int count = data[0];
  const int* const edge_start = data + 2;
  const int* const mesh_vertex = edge_start + count;
  const int* const edges = mesh_vertex + count;
  for (int i = 0; i < count; ++i) {
    graph.vertices.push_back(mesh_vertex[i]);
    graph.neighbours.emplace_back();
    for (int e = edge_start[i]; edges[e] >= 0; ++e) graph.neighbours.back().push_back(edges[e]);
  }
  return graph;
}

}  // namespace

template <class R>
void CollisionShapes<R>::pack_mesh(const mjModel& m, int mesh) {
  const HullGraph graph = hull_graph(m, mesh);
  Hull& hull = hulls_.emplace_back();
  std::vector<int> hull_vertex(index(m.mesh_vertnum[mesh]), -1);
  kernels::MeshShape<R> shape;
  hull.edge_start.push_back(0);
  for (std::size_t i = 0; i < graph.vertices.size(); ++i) {
    const int vertex = graph.vertices[i];
    hull_vertex[index(vertex)] = static_cast<int>(i);
    for (int k = 0; k < 3; ++k) {
      const R coordinate = static_cast<R>(m.mesh_vert[3 * (m.mesh_vertadr[mesh] + vertex) + k]);
      hull.vertices.push_back(coordinate);
      shape.extent = std::max(shape.extent, std::abs(coordinate));
    }
    hull.neighbours.insert(hull.neighbours.end(), graph.neighbours[i].begin(), graph.neighbours[i].end());
    hull.edge_start.push_back(static_cast<std::int32_t>(hull.neighbours.size()));
  }
  hull.vertex_face_start.push_back(0);
  for (const int vertex : graph.vertices) {
    const int place = m.mesh_vertadr[mesh] + vertex;
    const int* const faces = m.mesh_polymap + m.mesh_polymapadr[place];
    if (m.mesh_polynum[mesh] > 0) {
      hull.vertex_faces.insert(hull.vertex_faces.end(), faces, faces + m.mesh_polymapnum[place]);
    }
    hull.vertex_face_start.push_back(static_cast<std::int32_t>(hull.vertex_faces.size()));
  }
  hull.face_start.push_back(0);
  for (int face = 0; face < m.mesh_polynum[mesh]; ++face) {
    const int polygon = m.mesh_polyadr[mesh] + face;
    for (int k = 0; k < 3; ++k) hull.face_normals.push_back(static_cast<R>(m.mesh_polynormal[3 * polygon + k]));
    for (int k = 0; k < m.mesh_polyvertnum[polygon]; ++k) {
      hull.face_vertices.push_back(hull_vertex[index(m.mesh_polyvert[m.mesh_polyvertadr[polygon] + k])]);
    }
    hull.face_start.push_back(static_cast<std::int32_t>(hull.face_vertices.size()));
  }
  shape.num_vertices = static_cast<int>(graph.vertices.size());
  shape.vertices = hull.vertices.data();
  shape.num_faces = m.mesh_polynum[mesh];
  shape.face_normals = hull.face_normals.data();
  shape.face_start = hull.face_start.data();
  shape.face_vertices = hull.face_vertices.data();
  shape.edge_start = hull.edge_start.data();
  shape.neighbours = hull.neighbours.data();
  shape.vertex_face_start = hull.vertex_face_start.data();
  shape.vertex_faces = hull.vertex_faces.data();
  meshes_.push_back(shape);
}

template <class R>
void CollisionShapes<R>::pack_height_field(const mjModel& m, int field) {
  kernels::HeightFieldShape<R> shape;
  shape.num_rows = m.hfield_nrow[field];
  shape.num_columns = m.hfield_ncol[field];
  for (int k = 0; k < 4; ++k) shape.size[k] = static_cast<R>(m.hfield_size[4 * field + k]);
  const float* const data = m.hfield_data + m.hfield_adr[field];
  const std::vector<R>& heights = heights_.emplace_back(data, data + shape.num_rows * shape.num_columns);
  shape.heights = heights.data();
  fields_.push_back(shape);
}

template <class R>
CollisionShapes<R>::CollisionShapes(const mjModel& m) {
  for (mjtSize i = 0; i < 3 * m.ngeom; ++i) sizes_.push_back(static_cast<R>(m.geom_size[i]));
  // Pointers into the elements of these stay good when the vectors of vectors grow: a moved vector keeps its memory.
  for (int mesh = 0; mesh < m.nmesh; ++mesh) pack_mesh(m, mesh);
  for (int field = 0; field < m.nhfield; ++field) pack_height_field(m, field);
  for (int geom = 0; geom < m.ngeom; ++geom) {
    kernels::GeomShape<R> shape;
    shape.type = m.geom_type[geom];
    shape.size = sizes_.data() + index(3 * geom);
    if (shape.type == mjGEOM_MESH) shape.mesh = &meshes_[index(m.geom_dataid[geom])];
    if (shape.type == mjGEOM_HFIELD) shape.height_field = &fields_[index(m.geom_dataid[geom])];
    shapes_.push_back(shape);
  }
}

template class CollisionShapes<float>;
template class CollisionShapes<double>;

}  // namespace lockstep
