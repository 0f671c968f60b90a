// The kernels number the geoms that can touch something, in MuJoCo's order.
#include "apps/iterative_contacts.h"
#include "engine/contact_pairs.h"
#include "kernels/geoms.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <span>
#include <utility>

#include <mujoco/mujoco.h>

namespace lockstep::apps {
namespace {

constexpr double kAllowedDepth = 2e-6;   // m
constexpr double kAllowedNormal = 1e-3;  // length of the difference of two unit vectors

// Of a height field each prism is searched by iteration.
bool is_iterative(int first, int second) {
  if (first > second) std::swap(first, second);
  if (first == mjGEOM_PLANE) return false;
  if (first == mjGEOM_HFIELD || first == mjGEOM_ELLIPSOID || second == mjGEOM_ELLIPSOID) return true;
  return first == mjGEOM_CYLINDER || (second == mjGEOM_CYLINDER && first != mjGEOM_SPHERE);
}

bool is_iterative(const mjModel& m, const mjContact& contact) {
  return is_iterative(m.geom_type[contact.geom[0]], m.geom_type[contact.geom[1]]);
}

std::span<const mjContact> contacts_of(const mjData& d) { return {d.contact, static_cast<std::size_t>(d.ncon)}; }

struct Mismatch {
  double depth = 0, normal = 0;
  [[nodiscard]] double size() const { return std::max(depth / kAllowedDepth, normal / kAllowedNormal); }
};

Mismatch mismatch(const FoundContact& a, const FoundContact& b) {
  double square = 0;
  for (int i = 0; i < 3; ++i) square += (a.normal[i] - b.normal[i]) * (a.normal[i] - b.normal[i]);
  return {std::abs(a.distance - b.distance), std::sqrt(square)};
}

// Of one contact from the nearest of the others of its pair.
Mismatch nearest(const kernels::ModelConstants<double>& c, const FoundContact& contact,
                 const std::vector<FoundContact>& others) {
  Mismatch best{std::max(0.0, c.pair_margin[contact.pair] - contact.distance), 0};
  bool any = false;
  for (const FoundContact& other : others) {
    if (other.pair != contact.pair) continue;
    const Mismatch now = mismatch(contact, other);
    if (!any || now.size() < best.size()) best = now;
    any = true;
  }
  return best;
}

// MuJoCo's contacts that push, in the kernels' terms.
std::vector<FoundContact> contacts_in_pairs(const kernels::ModelConstants<double>& c, const GeomPairs& pairs,
                                            const mjData& d) {
  std::vector<FoundContact> list;
  for (const mjContact& contact : contacts_of(d)) {
    const int pair = pairs.find(contact.geom[0], contact.geom[1]);
    if (pair < 0 || contact.dist >= c.pair_margin[pair]) continue;
    list.push_back({pair, contact.dist, {contact.frame[0], contact.frame[1], contact.frame[2]}});
  }
  return list;
}

}  // namespace

bool has_iterative_contact(const mjModel& m, const mjData& d) {
  const auto contacts = contacts_of(d);
  return std::any_of(contacts.begin(), contacts.end(),
                     [&](const mjContact& contact) { return is_iterative(m, contact); });
}

GeomPairs::GeomPairs(const mjModel& m, const kernels::ModelConstants<double>& c) {
  std::set<int> known;
  for (const ContactPair& pair : contact_pairs(m)) known.insert({pair.first, pair.second});
  const std::vector<int> geoms(known.begin(), known.end());
  for (int pair = 0; pair < c.num_pairs; ++pair) {
    const int first = geoms[static_cast<std::size_t>(c.pair_geom[2 * pair])];
    const int second = geoms[static_cast<std::size_t>(c.pair_geom[2 * pair + 1])];
    pair_.emplace(std::pair(first, second), pair);
    iterative_.push_back(apps::is_iterative(m.geom_type[first], m.geom_type[second]));
  }
}

int GeomPairs::find(int first_geom, int second_geom) const {
  const auto known = pair_.find({first_geom, second_geom});
  return known == pair_.end() ? -1 : known->second;
}

void compare_contacts(const kernels::ModelConstants<double>& c, const GeomPairs& pairs, const mjData& d,
                      const std::vector<FoundContact>& ours, Deviations& deviations) {
  const std::vector<FoundContact> theirs = contacts_in_pairs(c, pairs, d);
  const auto compare = [&](const std::vector<FoundContact>& some, const std::vector<FoundContact>& others) {
    for (const FoundContact& contact : some) {
      if (!pairs.is_iterative(contact.pair)) continue;
      const Mismatch off = nearest(c, contact, others);
      deviations.add_to_distribution("depth of iterative contacts", off.depth, kAllowedDepth);
      deviations.add_to_distribution("normal of iterative contacts", off.normal, kAllowedNormal);
    }
  };
  compare(ours, theirs);
  compare(theirs, ours);
}

template <class Geometry>
bool take_contacts(const kernels::ModelConstants<double>& c, const GeomPairs& pairs, const mjData& d,
                   const kernels::Workspace<Geometry, double>& w) {
  std::vector<std::vector<const mjContact*>> of_pair(static_cast<std::size_t>(c.num_pairs));
  for (const mjContact& contact : contacts_of(d)) {
    const int pair = pairs.find(contact.geom[0], contact.geom[1]);
    if (pair < 0) return false;
    of_pair[static_cast<std::size_t>(pair)].push_back(&contact);
  }
  for (int pair = 0; pair < c.num_pairs; ++pair) {
    const auto slots = static_cast<std::size_t>(c.pair_slot[pair + 1] - c.pair_slot[pair]);
    if (of_pair[static_cast<std::size_t>(pair)].size() > slots) return false;
  }
  int count = 0;
  for (int pair = 0; pair < c.num_pairs; ++pair) {
    const auto placement = kernels::place_pair(c, w, pair);
    const int link = c.pair_link[2 * pair + (placement.seen_from_first ? 0 : 1)];
    const auto origin = kernels::origin_of(c, w, link);
    int slot = c.pair_slot[pair];
    for (const mjContact* contact : of_pair[static_cast<std::size_t>(pair)]) {
      const mjtNum *p = contact->pos, *f = contact->frame;
      const kernels::ContactPoint<double> point{
          contact->dist, kernels::Vector3<double>{p[0], p[1], p[2]} - origin, {f[0], f[1], f[2]}, {f[3], f[4], f[5]}};
      kernels::write_contact(c, w, slot, true, point, placement);
      w.rows.list.active_contacts[count++] = slot++;
    }
  }
  for (int i = 0; i < c.num_body_equalities; ++i) w.rows.list.active_contacts[count++] = c.pair_slot[c.num_pairs + i];
  *w.rows.list.num_contacts = count;
  return true;
}

template bool take_contacts(const kernels::ModelConstants<double>&, const GeomPairs&, const mjData&,
                            const kernels::Workspace<kernels::Planar, double>&);
template bool take_contacts(const kernels::ModelConstants<double>&, const GeomPairs&, const mjData&,
                            const kernels::Workspace<kernels::Spatial, double>&);

}  // namespace lockstep::apps
