// The pairs of geoms that may touch in a model, and what their contacts are made of: MuJoCo's filters and mixing rules.
#pragma once

#include <array>
#include <string>
#include <vector>

struct mjModel_;

namespace lockstep {

// One pair; geom ids in MuJoCo's order of types (first type <= second type).
struct ContactPair {
  int first = 0, second = 0;
  int dim = 3;  // rows: 1, 3, 4 or 6
  bool is_explicit = false;
  double margin = 0;  // m; contacts push where the distance is below it
  std::array<double, 5> friction{};
  std::array<double, 2> solref{};
  std::array<double, 5> solimp{};
};

// All pairs that the model's masks, welds, parents, excludes and explicit pairs let through, in MuJoCo's order of
// geoms; none where contacts are disabled. (MuJoCo computation chapter, "Selection" and "Contact parameters".)
[[nodiscard]] std::vector<ContactPair> contact_pairs(const mjModel_& model);

// Finds the friction of pairs again where a model's geoms have got other numbers; all else stays.
void mix_frictions(const mjModel_& model, std::vector<ContactPair>& pairs);

// Whether the contacts of `a` stand before those of `b` in MuJoCo's list: pairs of bodies in order, in each the
// explicit pairs first, then those of geoms in order.
[[nodiscard]] bool is_earlier_in_mujoco(const mjModel_& model, const ContactPair& a, const ContactPair& b);

// What the native kernels lack of the model's contacts: pairs of types without a collider, adhesion, moving surfaces.
[[nodiscard]] std::vector<std::string> missing_contact_features(const mjModel_& model);

// The same for a GPU: pairs of types whose contacts are searched by support points too.
[[nodiscard]] std::vector<std::string> missing_contact_features_on_gpu(const mjModel_& model);

}  // namespace lockstep
