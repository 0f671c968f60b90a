// An mjModel of one's own: what a Model must not be changed to, a copy may be.
#pragma once

#include <memory>

struct mjModel_;

namespace lockstep {

struct DeleteModel {
  void operator()(mjModel_* model) const;
};
using OwnModel = std::unique_ptr<mjModel_, DeleteModel>;

// Throws std::bad_alloc.
[[nodiscard]] OwnModel copy_of(const mjModel_& model);

}  // namespace lockstep
