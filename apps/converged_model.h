// A model as a reference: MuJoCo's solver goes on to the optimum that native physics finds.
#pragma once

#include <memory>

struct mjModel_;

namespace lockstep::apps {

struct DeleteModel {
  void operator()(mjModel_* model) const;
};

// A copy whose constraint solver is Newton, with no tolerance: with the usual 1e-8 MuJoCo stops up to 1e-6 short, and
// PGS or CG further. Its data have room for a thousand contacts.
[[nodiscard]] std::unique_ptr<mjModel_, DeleteModel> converged(const mjModel_& model);

}  // namespace lockstep::apps
