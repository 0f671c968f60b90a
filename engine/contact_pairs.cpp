// Filters pairs of geoms as mj_collision does and mixes their parameters as mj_contactParam does.
#include "engine/contact_pairs.h"
#include "engine/native_support.h"
#include "kernels/collide.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <mujoco/mujoco.h>

namespace lockstep {
namespace {

bool off(const mjModel& m, int flag) { return (m.opt.disableflags & flag) != 0; }

bool masks_meet(const mjModel& m, int a, int b) {
  return (m.geom_contype[a] & m.geom_conaffinity[b]) != 0 || (m.geom_contype[b] & m.geom_conaffinity[a]) != 0;
}

// Whether two bodies are one rigid thing, or parent and child (unless that filter is off).
bool bodies_are_filtered(const mjModel& m, int body_a, int body_b) {
  const int weld_a = m.body_weldid[body_a], weld_b = m.body_weldid[body_b];
  if (weld_a == weld_b) return true;
  if (off(m, mjDSBL_FILTERPARENT)) return false;
  const int parent_a = m.body_weldid[m.body_parentid[weld_a]], parent_b = m.body_weldid[m.body_parentid[weld_b]];
  return (weld_a == parent_b && weld_a != 0) || (weld_b == parent_a && weld_b != 0);
}

// Whether a geom belongs to the world or to a mocap body.
bool is_immovable(const mjModel& m, int geom) {
  const int body = m.body_weldid[m.geom_bodyid[geom]];
  return body == 0 || m.body_mocapid[body] >= 0;
}

std::pair<int, int> in_order_of_types(const mjModel& m, int a, int b) {
  return m.geom_type[a] <= m.geom_type[b] ? std::pair{a, b} : std::pair{b, a};
}

// Share of the first geom in mixed solver parameters.
double share_of_first(double first, double second) {
  if (first >= mjMINVAL && second >= mjMINVAL) return first / (first + second);
  if (first < mjMINVAL && second < mjMINVAL) return 0.5;
  return first < mjMINVAL ? 0.0 : 1.0;
}

void mix_solver_parameters(const mjModel& m, int a, int b, ContactPair& pair) {
  double share = share_of_first(m.geom_solmix[a], m.geom_solmix[b]);
  if (m.geom_priority[a] != m.geom_priority[b]) share = m.geom_priority[a] > m.geom_priority[b] ? 1 : 0;
  const mjtNum *ref_a = m.geom_solref + mjNREF * a, *ref_b = m.geom_solref + mjNREF * b;
  const bool standard = ref_a[0] > 0 && ref_b[0] > 0;
  for (std::size_t k = 0; k < pair.solref.size(); ++k) {
    const bool averaged = standard || share == 0 || share == 1;
    pair.solref[k] = averaged ? share * ref_a[k] + (1 - share) * ref_b[k] : std::min(ref_a[k], ref_b[k]);
  }
  for (std::size_t k = 0; k < pair.solimp.size(); ++k) {
    const auto i = static_cast<int>(k);
    pair.solimp[k] = share * m.geom_solimp[mjNIMP * a + i] + (1 - share) * m.geom_solimp[mjNIMP * b + i];
  }
}

// Of the geom with priority, else the larger of each.
std::array<double, 5> mixed_friction(const mjModel& m, int a, int b) {
  const int priority_a = m.geom_priority[a], priority_b = m.geom_priority[b];
  const mjtNum *friction_a = m.geom_friction + 3 * a, *friction_b = m.geom_friction + 3 * b;
  std::array<double, 3> friction{};
  for (std::size_t k = 0; k < 3; ++k) {
    friction[k] = priority_a > priority_b   ? friction_a[k]
                  : priority_b > priority_a ? friction_b[k]
                                            : std::max(friction_a[k], friction_b[k]);
  }
  return {friction[0], friction[0], friction[1], friction[2], friction[2]};
}

ContactPair mixed_pair(const mjModel& m, int a, int b) {
  ContactPair pair;
  std::tie(pair.first, pair.second) = in_order_of_types(m, a, b);
  a = pair.first;
  b = pair.second;
  pair.margin = m.geom_margin[a] + m.geom_margin[b];
  const int priority_a = m.geom_priority[a], priority_b = m.geom_priority[b];
  pair.dim = priority_a > priority_b   ? m.geom_condim[a]
             : priority_b > priority_a ? m.geom_condim[b]
                                       : std::max(m.geom_condim[a], m.geom_condim[b]);
  pair.friction = mixed_friction(m, a, b);
  mix_solver_parameters(m, a, b, pair);
  return pair;
}

ContactPair explicit_pair(const mjModel& m, int index) {
  ContactPair pair;
  std::tie(pair.first, pair.second) = in_order_of_types(m, m.pair_geom1[index], m.pair_geom2[index]);
  pair.dim = m.pair_dim[index];
  pair.is_explicit = true;
  pair.margin = m.pair_margin[index];
  std::copy_n(m.pair_friction + 5 * index, 5, pair.friction.begin());
  std::copy_n(m.pair_solref + mjNREF * index, 2, pair.solref.begin());
  std::copy_n(m.pair_solimp + mjNIMP * index, 5, pair.solimp.begin());
  return pair;
}

std::string name_of(std::pair<int, int> types) {
  static constexpr std::array<std::string_view, 8> kTypes{"plane",     "height field", "sphere", "capsule",
                                                          "ellipsoid", "cylinder",     "box",    "mesh"};
  return fmt::format("contacts of {} and {}", kTypes[static_cast<std::size_t>(types.first)],
                     kTypes[static_cast<std::size_t>(types.second)]);
}

bool any_nonzero(const mjtNum* values, mjtSize count) {
  return std::any_of(values, values + count, [](mjtNum x) { return x != 0; });
}

// Adds a feature that elements have where one of their `width` numbers is not zero, and names the first of them.
void name_first(const mjModel& m, int kind, const mjtNum* values, mjtSize count, int width, const char* feature,
                std::vector<std::string>& missing) {
  for (int i = 0; i < count; ++i) {
    if (!any_nonzero(values + width * i, width)) continue;
    missing.push_back(fmt::format("{} ({})", feature, element_name(m, kind, i)));
    return;
  }
}

void keep_least_friction(ContactPair& pair) {
  for (double& friction : pair.friction) friction = std::max(mjMINMU, friction);
}

}  // namespace

std::vector<ContactPair> contact_pairs(const mjModel& m) {
  std::vector<ContactPair> pairs;
  if (off(m, mjDSBL_CONTACT) || off(m, mjDSBL_CONSTRAINT)) return pairs;
  std::set<std::pair<int, int>> excluded, explicit_geoms;
  for (int e = 0; e < m.nexclude; ++e) excluded.emplace(m.exclude_signature[e] >> 16, m.exclude_signature[e] & 0xffff);
  for (int e = 0; e < m.npair; ++e) {
    pairs.push_back(explicit_pair(m, e));
    explicit_geoms.insert(std::minmax(m.pair_geom1[e], m.pair_geom2[e]));
  }
  for (int a = 0; a < m.ngeom; ++a) {
    for (int b = a + 1; b < m.ngeom; ++b) {
      if (!masks_meet(m, a, b) || explicit_geoms.contains({a, b})) continue;
      const int body_a = m.geom_bodyid[a], body_b = m.geom_bodyid[b];
      if (bodies_are_filtered(m, body_a, body_b)) continue;
      if (excluded.contains(std::minmax(body_a, body_b))) continue;
      pairs.push_back(mixed_pair(m, a, b));
    }
  }
  for (ContactPair& pair : pairs) {
    keep_least_friction(pair);
  }
  // Two planes never touch, nor do two height fields, nor what no joint moves: MuJoCo has no such contacts.
  std::erase_if(pairs, [&](const ContactPair& pair) {
    return m.geom_type[pair.second] <= mjGEOM_HFIELD || (is_immovable(m, pair.first) && is_immovable(m, pair.second));
  });
  return pairs;
}

void mix_frictions(const mjModel& m, std::vector<ContactPair>& pairs) {
  for (ContactPair& pair : pairs) {
    if (pair.is_explicit) continue;
    pair.friction = mixed_friction(m, pair.first, pair.second);
    keep_least_friction(pair);
  }
}

bool is_earlier_in_mujoco(const mjModel& m, const ContactPair& a, const ContactPair& b) {
  const auto bodies = [&](const ContactPair& pair) {
    return std::minmax(m.geom_bodyid[pair.first], m.geom_bodyid[pair.second]);
  };
  const std::pair<int, int> bodies_a = bodies(a), bodies_b = bodies(b);
  if (bodies_a != bodies_b) return bodies_a < bodies_b;
  if (a.is_explicit || b.is_explicit) return a.is_explicit && !b.is_explicit;
  return std::pair(a.first, a.second) < std::pair(b.first, b.second);
}

std::vector<std::string> missing_contact_features(const mjModel& m) {
  std::vector<std::string> missing;
  const std::vector<ContactPair> pairs = contact_pairs(m);
  if (pairs.empty()) return missing;
  std::set<std::pair<int, int>> lacking;
  bool mixed_signs = false;
  for (const ContactPair& pair : pairs) {
    const int first = m.geom_type[pair.first], second = m.geom_type[pair.second];
    if (first > mjGEOM_MESH || second > mjGEOM_MESH) {
      missing.emplace_back("contacts of a geom type of its own");
      return missing;
    }
    if (!kernels::has_collider(first, second)) lacking.emplace(first, second);
    mixed_signs |= (pair.solref[0] > 0) != (pair.solref[1] > 0);
  }
  for (const auto& types : lacking) missing.push_back(name_of(types));
  if (mixed_signs) missing.emplace_back("a contact's solref of mixed sign");
  name_first(m, mjOBJ_GEOM, m.geom_surfacevel, m.ngeom, 6, "moving surfaces (surfacevel)", missing);
  name_first(m, mjOBJ_GEOM, m.geom_adhesion, m.ngeom, 1, "adhesion of contacts", missing);
  name_first(m, mjOBJ_PAIR, m.pair_adhesion, m.npair, 1, "adhesion of contact pairs", missing);
  if (m.opt.cone == mjCONE_ELLIPTIC && any_nonzero(m.pair_solreffriction, mjNREF * m.npair)) {
    missing.emplace_back("solreffriction of contact pairs");
  }
  if ((m.opt.enableflags & mjENBL_OVERRIDE) != 0) missing.emplace_back("contact override");
  return missing;
}

std::vector<std::string> missing_contact_features_on_gpu(const mjModel& m) {
  std::set<std::pair<int, int>> lacking;
  for (const ContactPair& pair : contact_pairs(m)) {
    const int first = m.geom_type[pair.first], second = m.geom_type[pair.second];
    if (!kernels::has_closed_collider(first, second)) lacking.emplace(first, second);
  }
  std::vector<std::string> missing;
  for (const auto& types : lacking) missing.push_back(name_of(types));
  if (m.opt.noslip_iterations > 0) missing.emplace_back("the noslip pass");
  return missing;
}

}  // namespace lockstep
