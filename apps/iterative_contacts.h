// Contacts that MuJoCo finds by iteration, to ccd_tolerance: no other search finds the same points to rounding. Held
// against ours by depth and normal, and given to our solver as they are.
#pragma once

#include "apps/deviations.h"
#include "kernels/model_constants.h"
#include "kernels/workspace.h"

#include <vector>

struct mjModel_;
struct mjData_;

namespace lockstep::apps {

// Whether MuJoCo's own answer at d (after mj_forward) depends on such a contact.
[[nodiscard]] bool has_iterative_contact(const mjModel_& m, const mjData_& d);

// A contact of the kernels: the pair of the model's constants, the distance (m), the normal.
struct FoundContact {
  int pair = 0;
  double distance = 0;
  double normal[3] = {0, 0, 0};
};

// Adds how far the depths (m) and normals of the iterative pairs' contacts are from MuJoCo's. Each contact of one side
// is held against the nearest of its pair on the other; one without a partner deviates by its depth below the margin.
void compare_contacts(const kernels::ModelConstants<double>& c, const mjModel_& m, const mjData_& d,
                      const std::vector<FoundContact>& ours, Deviations& deviations);

// Puts MuJoCo's contacts of geoms in place of those that the kernels have found (find_constraints) for d's state.
// False, and nothing done, where a pair has more contacts in MuJoCo than slots here.
template <class Geometry>
[[nodiscard]] bool take_contacts(const kernels::ModelConstants<double>& c, const mjData_& d,
                                 const kernels::Workspace<Geometry, double>& w);

}  // namespace lockstep::apps
