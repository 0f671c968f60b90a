// A model as a reference: MuJoCo's solver and collision search go on to the end that native physics finds.
#pragma once

#include "engine/model_copy.h"

namespace lockstep::apps {

// A copy whose constraint solver is Newton, with no tolerance: with the usual 1e-8 MuJoCo stops up to 1e-6 short, and
// PGS or CG further. Contacts are searched for to 1e-10 m instead of ccd_tolerance, by default 1e-6: of a round geom's
// normal that leaves a few milliradians open. Data of it have room for a thousand contacts.
[[nodiscard]] OwnModel converged(const mjModel_& model);

}  // namespace lockstep::apps
