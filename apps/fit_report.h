// report.html of a fit: equations, scores, coefficients along the threshold path, predicted against true motion.
#pragma once

#include "apps/commands.h"
#include "engine/settings.h"
#include "models/series_fit.h"

#include <string>
#include <vector>

namespace lockstep::apps {

// One stretch of evenly sampled motion that the model's prediction is shown beside.
struct ShownMotion {
  std::vector<double> time;  // [rows] s
  std::vector<double> x, u;  // [rows][nx], [rows][nu]
};

struct FitReportPage {
  std::string source;              // the file or task
  std::vector<std::string> notes;  // what was left out
  std::vector<std::string> state_units, control_units;
  models::SeriesFit fit;
  models::SeriesFitConfig config;
  ShownMotion motion;  // may be empty
};

// The page; every text from outside is escaped. (`fit` is not const: predicting uses the model's scratch.)
[[nodiscard]] std::string fit_report_html(FitReportPage& page);

// States [rows][nx] that the model predicts, begun anew from the truth every `horizon` steps.
[[nodiscard]] std::vector<double> predicted_motion(models::Sindy& model, const ShownMotion& motion, int horizon);

}  // namespace lockstep::apps
