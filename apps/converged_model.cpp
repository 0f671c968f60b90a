// Copies the model and sets its solver and its search for contacts.
#include "apps/converged_model.h"

#include <algorithm>

#include <mujoco/mujoco.h>

namespace lockstep::apps {

OwnModel converged(const mjModel_& model) {
  OwnModel copy = copy_of(model);
  copy->opt.solver = mjSOL_NEWTON;
  copy->opt.tolerance = 0;
  copy->opt.iterations = 200;
  copy->opt.ccd_tolerance = 1e-10;
  copy->opt.ccd_iterations = 1000;
  // Random states of a model with many geoms push hundreds of them into each other. Pages not used cost nothing.
  copy->narena = std::max<mjtSize>(copy->narena, mjtSize{1} << 30);
  return copy;
}

}  // namespace lockstep::apps
