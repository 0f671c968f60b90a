// report.html of a run: one file with everything in it, no script, no network, for dark and light screens.
#pragma once

#include "apps/training.h"
#include "engine/environment.h"
#include "engine/settings.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace lockstep::apps {

// A movie to show in the page.
struct ReportVideo {
  std::string media_type;        // "video/mp4", "image/gif"; empty: none
  std::vector<std::byte> bytes;  // embedded
};

struct Report {
  TaskSpec task;
  std::vector<std::string> state_units;  // [nx] "m", "rad/s"; "" where unknown
  TrainResult result;
  Settings config;
  std::string backend;  // what stepped the worlds, one line
  std::vector<std::pair<std::string, std::string>> machine;
  ReportVideo video;
};

// The page. Every text that came from outside is escaped.
[[nodiscard]] std::string report_html(const Report& report);

// Units of a task's state: from the joints of its MuJoCo model, else rad for angles.
[[nodiscard]] std::vector<std::string> state_units(const TaskSpec& task, const mjModel_* model);

// Base64 (RFC 4648) with padding.
[[nodiscard]] std::string base64(std::span<const std::byte> bytes);

}  // namespace lockstep::apps
