// What a finished run leaves beside its metrics: report.html, with the video of its last episode.
#pragma once

#include "apps/training.h"

#include <string>
#include <utility>
#include <vector>

namespace lockstep::apps {

// Writes report.html, and the video where the run wants one and the machine can make it. A signal while filming (under
// the caller's InterruptGuard) leaves the video out and makes the result an interrupted one.
void write_report(const TrainRequest& request, TrainResult& result);

// What this machine is, for a report's table.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> machine_rows();

}  // namespace lockstep::apps
