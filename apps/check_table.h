// The checks of several models as one table: a row each, the stages of a step in columns.
#pragma once

#include "apps/model_check.h"

#include <string>

namespace lockstep::apps {

// Speed against mj_step on one core, as `lockstep bench physics` measures it; 0 where it was not measured.
struct SpeedRatios {
  double noisy = 0, quiet = 0;
};

[[nodiscard]] std::string check_table_head();
// One row; for models that fall back, why.
[[nodiscard]] std::string check_table_row(const std::string& name, const ModelCheck& check, SpeedRatios ratios);
// What of it is beyond its bound, and what was not judged, a line each; empty where there is nothing to say.
[[nodiscard]] std::string check_table_notes(const std::string& name, const ModelCheck& check);

}  // namespace lockstep::apps
