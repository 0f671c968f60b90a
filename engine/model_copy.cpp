// Copies and frees models.
#include "engine/model_copy.h"

#include <new>

#include <mujoco/mujoco.h>

namespace lockstep {

void DeleteModel::operator()(mjModel_* model) const { mj_deleteModel(model); }

OwnModel copy_of(const mjModel_& model) {
  OwnModel copy(mj_copyModel(nullptr, &model));
  if (copy == nullptr) throw std::bad_alloc();
  return copy;
}

}  // namespace lockstep
