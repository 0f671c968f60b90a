// Contacts that MuJoCo finds by iteration, to ccd_tolerance: no other search finds the same points to rounding. Held
// against ours by depth and normal, and given to our solver as they are.
#pragma once

#include "apps/deviations.h"
#include "kernels/model_constants.h"
#include "kernels/workspace.h"

#include <map>
#include <utility>
#include <vector>

struct mjModel_;
struct mjData_;

namespace lockstep::apps {

// Whether MuJoCo's own answer at d (after mj_forward) depends on such a contact.
[[nodiscard]] bool has_iterative_contact(const mjModel_& m, const mjData_& d);

// Which pair of the kernels' constants a contact of MuJoCo's belongs to.
class GeomPairs {
 public:
  GeomPairs(const mjModel_& m, const kernels::ModelConstants<double>& c);

  // -1 where the kernels have no such pair.
  [[nodiscard]] int find(int first_geom, int second_geom) const;
  [[nodiscard]] bool is_iterative(int pair) const { return iterative_[static_cast<std::size_t>(pair)]; }

 private:
  std::map<std::pair<int, int>, int> pair_;  // by MuJoCo's geoms
  std::vector<bool> iterative_;              // [num_pairs]
};

// A contact of the kernels: the pair of the model's constants, the distance (m), the normal.
struct FoundContact {
  int pair = 0;
  double distance = 0;
  double normal[3] = {0, 0, 0};
};

// Adds how far the depths (m) and normals of the iterative pairs' contacts are from MuJoCo's. Each contact of one side
// is held against the nearest of its pair on the other; one without a partner deviates by its depth below the margin.
// Judged are all but one in a thousand: where a capsule or an edge comes to lie on a cap, MuJoCo chooses other points,
// as its last iterations fall.
void compare_contacts(const kernels::ModelConstants<double>& c, const GeomPairs& pairs, const mjData_& d,
                      const std::vector<FoundContact>& ours, Deviations& deviations);

// Puts MuJoCo's contacts of geoms in place of those that the kernels have found (find_constraints) for d's state.
// False, and nothing done, where a pair has more contacts in MuJoCo than slots here.
template <class Geometry>
[[nodiscard]] bool take_contacts(const kernels::ModelConstants<double>& c, const GeomPairs& pairs, const mjData_& d,
                                 const kernels::Workspace<Geometry, double>& w);

}  // namespace lockstep::apps
