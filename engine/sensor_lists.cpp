// Fills the lists that sensors point into: subtrees, touch zones, chains of quaternions, and geoms for rays.
#include "engine/sensor_lists.h"
#include "kernels/contact_point.h"

#include <algorithm>
#include <array>
#include <map>

namespace lockstep {
namespace {

using Ints = Packing::Ints;
using Reals = Packing::Reals;

Eigen::Quaterniond quaternion_at(const mjtNum* q) { return {q[0], q[1], q[2], q[3]}; }

void append(Reals& list, const Eigen::Quaterniond& q) { list.insert(list.end(), {q.w(), q.x(), q.y(), q.z()}); }

int body_of_frame(const mjModel& m, int type, int id) {
  if (type == mjOBJ_SITE) return m.site_bodyid[id];
  return type == mjOBJ_GEOM ? m.geom_bodyid[id] : id;
}
Eigen::Quaterniond quaternion_in_body(const mjModel& m, int type, int id) {
  switch (type) {
    case mjOBJ_SITE:
      return quaternion_at(m.site_quat + 4 * id);
    case mjOBJ_GEOM:
      return quaternion_at(m.geom_quat + 4 * id);
    case mjOBJ_BODY:
      return quaternion_at(m.body_iquat + 4 * id);
    default:
      return Eigen::Quaterniond::Identity();
  }
}

int own_body(const Packing& p, int link) { return link < 0 ? 0 : p.tree.links[static_cast<std::size_t>(link)].body; }

// The turn of a body against the body `above` it, all joints between at their reference.
Eigen::Quaterniond turn_between(const mjModel& m, int body, int above) {
  Eigen::Quaterniond q = Eigen::Quaterniond::Identity();
  for (; body > above; body = m.body_parentid[body]) q = quaternion_at(m.body_quat + 4 * body) * q;
  return q;
}

// Whether mj_ray sees a geom.
bool is_visible(const mjModel& m, int geom) {
  const int material = m.geom_matid[geom];
  return (material < 0 ? m.geom_rgba[4 * geom + 3] : m.mat_rgba[4 * material + 3]) != 0;
}

// Meshes and height fields that rays may hit, each once.
struct RayShapes {
  std::map<int, int> mesh_index, field_index;
  Ints mesh_adr{0}, field_base;
  Reals triangles, field_size;

  int add_mesh(const mjModel& m, int mesh) {
    const auto [place, is_new] = mesh_index.try_emplace(mesh, static_cast<int>(mesh_adr.size()) - 1);
    if (!is_new) return place->second;
    const float* vertices = m.mesh_vert + 3 * m.mesh_vertadr[mesh];
    const int* faces = m.mesh_face + 3 * m.mesh_faceadr[mesh];
    for (int corner = 0; corner < 3 * m.mesh_facenum[mesh]; ++corner) {
      const float* vertex = vertices + 3 * faces[corner];
      triangles.insert(triangles.end(), vertex, vertex + 3);
    }
    mesh_adr.push_back(static_cast<int>(triangles.size() / 9));
    return place->second;
  }
  int add_field(const mjModel& m, int field) {
    const auto [place, is_new] = field_index.try_emplace(field, static_cast<int>(field_base.size() / 3));
    if (!is_new) return place->second;
    const int rows = m.hfield_nrow[field], columns = m.hfield_ncol[field];
    field_base.insert(field_base.end(), {rows, columns, m.hfield_adr[field]});
    field_size.insert(field_size.end(), m.hfield_size + 4 * field, m.hfield_size + 4 * field + 4);
    return place->second;
  }
};

}  // namespace

int marker_of_frame(Packing& p, int type, int id) {
  const mjModel& m = p.m;
  constexpr std::array<mjtNum, 3> kOrigin{};
  constexpr std::array<mjtNum, 4> kUnturned{1, 0, 0, 0};
  switch (type) {
    case mjOBJ_SITE:
      return p.add_marker(m.site_bodyid[id], site_frame(m, id));
    case mjOBJ_GEOM:
      return p.add_marker(m.geom_bodyid[id], geom_frame(m, id), {MarkerSource::kGeom, id});
    case mjOBJ_BODY:
      return p.add_marker(id, inertial_frame(m, id), {MarkerSource::kInertia, id});
    default:
      return p.add_marker(id, kOrigin.data(), kUnturned.data());
  }
}

int Subtrees::add(Packing& p, int root, bool all) {
  const mjModel& m = p.m;
  int end = std::max(1, root);
  for (int body = end; body < m.nbody; ++body) {
    int above = body;
    while (above > root) above = m.body_parentid[above];
    if (above != root) break;  // a subtree's bodies are contiguous
    end = body + 1;
    if (!all && m.body_mass[body] <= 0) continue;
    body_.push_back(body);
    marker_.push_back(marker_of_frame(p, mjOBJ_BODY, body));
    mass_.push_back(m.body_mass[body]);
    inertia_.insert(inertia_.end(), m.body_inertia + 3 * body, m.body_inertia + 3 * body + 3);
  }
  range_.insert(range_.end(), {std::max(1, root), end});
  adr_.push_back(static_cast<int>(marker_.size()));
  return static_cast<int>(adr_.size()) - 2;
}
void Subtrees::set(Packing& p) const {
  p.c.num_subtrees = static_cast<int>(adr_.size()) - 1;
  p.set(p.c.subtree_adr, adr_);
  p.set(p.c.subtree_range, range_);
  p.set(p.c.subtree_body, body_);
  p.set(p.c.subtree_marker, marker_);
  p.set(p.c.subtree_mass, mass_);
  p.set(p.c.subtree_inertia, inertia_);
}

int TouchZones::add(const Packing& p, int site) {
  body_.push_back(p.m.site_bodyid[site]);
  type_.push_back(p.m.site_type[site]);
  size_.insert(size_.end(), p.m.site_size + 3 * site, p.m.site_size + 3 * site + 3);
  return static_cast<int>(body_.size()) - 1;
}
void TouchZones::set(Packing& p) const {
  p.set(p.c.zone_body, body_);
  p.set(p.c.zone_type, type_);
  p.set(p.c.zone_size, size_);
}

int Turns::add(const Packing& p, int type, int id) {
  const int body = body_of_frame(p.m, type, id), link = p.tree.body_link[static_cast<std::size_t>(body)];
  link_.push_back(link);
  append(quaternion_, turn_between(p.m, body, own_body(p, link)) * quaternion_in_body(p.m, type, id));
  return static_cast<int>(link_.size()) - 1;
}
void Turns::set(Packing& p) const {
  p.set(p.c.turn_link, link_);
  p.set(p.c.turn_quaternion, quaternion_);
  Reals links, axes;
  if (!link_.empty()) {
    for (const Link& link : p.tree.links) append(links, turn_between(p.m, link.body, own_body(p, link.parent)));
    axes.assign(p.m.jnt_axis, p.m.jnt_axis + 3 * p.m.njnt);
  }
  p.set(p.c.link_quaternion, links);
  p.set(p.c.quaternion_axis, axes);
}

void pack_ray_geoms(Packing& p, bool casts_rays) {
  const mjModel& m = p.m;
  Ints marker, body, type, shape;
  Reals size, bound;
  RayShapes shapes;
  for (int geom = 0; geom < m.ngeom && casts_rays; ++geom) {
    if (!is_visible(m, geom)) continue;
    marker.push_back(marker_of_frame(p, mjOBJ_GEOM, geom));
    body.push_back(m.geom_bodyid[geom]);
    type.push_back(m.geom_type[geom]);
    append(size, m.geom_size + 3 * geom, 3);
    const bool is_bounded = m.geom_type[geom] != mjGEOM_PLANE && m.geom_type[geom] != mjGEOM_HFIELD;
    bound.push_back(is_bounded ? m.geom_rbound[geom] : 0);
    shape.push_back(m.geom_type[geom] == mjGEOM_MESH     ? shapes.add_mesh(m, m.geom_dataid[geom])
                    : m.geom_type[geom] == mjGEOM_HFIELD ? shapes.add_field(m, m.geom_dataid[geom])
                                                         : -1);
  }
  p.c.num_ray_geoms = static_cast<int>(marker.size());
  p.set(p.c.ray_marker, marker);
  p.set(p.c.ray_body, body);
  p.set(p.c.ray_type, type);
  p.set(p.c.ray_shape, shape);
  p.set(p.c.ray_size, size);
  p.set(p.c.ray_bound, bound);
  p.set(p.c.ray_mesh_adr, shapes.mesh_adr);
  p.set(p.c.ray_triangles, shapes.triangles);
  p.set(p.c.ray_field_base, shapes.field_base);
  p.set(p.c.ray_field_size, shapes.field_size);
  p.set(p.c.ray_field_heights, shapes.field_base.empty() ? Reals{} : all_heights(p.m));
}

}  // namespace lockstep
