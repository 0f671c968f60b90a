// Gathers what the report of a run shows, and films its last episode.
#include "apps/run_report.h"
#include "apps/commands.h"
#include "apps/interrupt.h"
#include "apps/machine.h"
#include "apps/report.h"
#include "apps/video.h"
#include "engine/atomic_file.h"
#include "engine/error.h"
#include "envs/env.h"

#include <memory>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

namespace lockstep::apps {
namespace {

std::unique_ptr<Environment> drawing_worlds(const RunConfig& config) {
  EnvironmentConfig environment = config.environment;
  environment.num_worlds = 1;
  environment.threads = 1;
  environment.precision = "double";
  return envs::make_environment(config.task, environment);
}

// Films the last episode; what the machine lacks for that costs one line, and no run.
ReportVideo make_video(const TrainRequest& request, const TrainResult& result, Environment& worlds) {
  if (!request.run.config.video || result.episodes.empty()) return {};
  try {
    const std::filesystem::path file = film(result.episodes.back(), worlds, request.folder / "video");
    const bool is_gif = file.extension() == ".gif";
    return {is_gif ? "image/gif" : "video/mp4", read_file(file)};
  } catch (const Error& error) {
    spdlog::warn("no video: {}; {}", error.problem(), error.fix());
    return {};
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> machine_rows() {
  std::vector<std::pair<std::string, std::string>> rows;
  const JsonRow machine = machine_description();
  for (const auto& [name, value] : machine.items())
    rows.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
  return rows;
}

void write_report(const TrainRequest& request, TrainResult& result) {
  const std::unique_ptr<Environment> worlds = drawing_worlds(request.run.config);
  Report report;
  report.task = worlds->spec();
  report.state_units = state_units(report.task, worlds->mujoco_model());
  report.config = request.run.all();
  report.backend = worlds->backend_report();
  report.machine = machine_rows();
  try {
    report.video = make_video(request, result, *worlds);
  } catch (const Interrupted&) {
    result.is_interrupted = true;
  }
  report.result = result;
  write_file(request.folder / "report.html", report_html(report));
}

}  // namespace lockstep::apps
