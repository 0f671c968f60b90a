// Copies the model and sets its solver.
#include "apps/converged_model.h"

#include <algorithm>

#include <mujoco/mujoco.h>

namespace lockstep::apps {

void DeleteModel::operator()(mjModel_* model) const { mj_deleteModel(model); }

std::unique_ptr<mjModel_, DeleteModel> converged(const mjModel_& model) {
  std::unique_ptr<mjModel_, DeleteModel> copy(mj_copyModel(nullptr, &model));
  copy->opt.solver = mjSOL_NEWTON;
  copy->opt.tolerance = 0;
  copy->opt.iterations = 200;
  // Random states of a model with many geoms push hundreds of them into each other. Pages not used cost nothing.
  copy->narena = std::max<mjtSize>(copy->narena, mjtSize{1} << 30);
  return copy;
}

}  // namespace lockstep::apps
