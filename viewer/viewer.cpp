// Chooses the source of worlds for what was named, and runs the window on it.
#include "viewer/viewer.h"
#include "engine/error.h"

#include <cstdlib>

#if LOCKSTEP_HAS_VIEWER
#include "viewer/app.h"
#include "viewer/environment_source.h"
#include "viewer/model_source.h"

#include <array>
#include <cmath>
#include <memory>
#include <utility>

#include <spdlog/spdlog.h>

namespace lockstep::viewer {
namespace {

bool is_model_file(const std::filesystem::path& target) {
  constexpr std::array kEndings = {".xml", ".mjcf", ".urdf", ".mjb"};
  for (const char* ending : kEndings) {
    if (target.extension() == ending) return true;
  }
  return false;
}

Driver driver_of(const std::string& actions) {
  constexpr std::array kNames = {"zero", "sliders", "random"};
  for (std::size_t k = 0; k < kNames.size(); ++k) {
    if (actions == kNames[k]) return static_cast<Driver>(k);
  }
  throw Error("unknown actions '" + actions + "'", "actions", "use zero, sliders or random");
}

SourceFactory source_of(const ViewOptions& options) {
  if (!options.episodes.empty()) {
    return [options](int) { return make_episode_source(options.make_environment, options.target, options.episodes); };
  }
  if (is_model_file(options.target)) {
    return [path = options.target, backend = options.environment.backend](int worlds) {
      return make_model_source(path, worlds, backend);
    };
  }
  return [options](int worlds) {
    EnvironmentConfig config = options.environment;
    config.num_worlds = worlds;
    return make_environment_source(options.make_environment, options.target, config);
  };
}

// Steps without a pause, then draws: the same picture whatever the machine's speed.
void write_screenshot(App& app, const ViewOptions& options) {
  const double steps = options.seconds / app.step_seconds();
  app.simulation().advance(static_cast<int>(std::lround(steps)));
  app.simulation().wait();
  app.state().info = false;
  Image picture;
  for (int settling = 0; settling < 4; ++settling) app.frame(&picture);
  write_png(options.screenshot, picture);
}

}  // namespace

void run(const ViewOptions& options) {
  AppOptions app_options{.make_source = source_of(options),
                         .num_worlds = options.environment.num_worlds,
                         .seed = options.environment.seed,
                         .driver = driver_of(options.actions),
                         .running = !options.paused && options.screenshot.empty(),
                         .width = options.width,
                         .height = options.height,
                         .best_quality = !options.screenshot.empty()};
  if (options.follow) {
    app_options.run = std::make_unique<FollowedRun>(*options.follow, options.make_environment);
    app_options.make_source = app_options.run->source();
    app_options.num_worlds = static_cast<int>(options.follow->first.episodes.size());
  }
  if (!options.episodes.empty()) app_options.num_worlds = static_cast<int>(options.episodes.size());
  if (app_options.num_worlds < 1 || app_options.num_worlds > kMostWorlds) {
    throw Error("worlds = " + std::to_string(app_options.num_worlds) + " is outside [1, 4096]", "worlds",
                "show at most 4096 worlds at once");
  }
  if (is_model_file(options.target)) {
    app_options.driver = Driver::kSliders;
    app_options.watched = options.target;
  }
  App app(std::move(app_options));
  spdlog::info("window: {}", app.window().description());
  spdlog::info("{}: {}", app.simulation().source().title(), app.simulation().source().report());
  if (!options.screenshot.empty()) {
    write_screenshot(app, options);
    return;
  }
  while (app.frame()) {
  }
}

bool has_display() {
  const char* display = std::getenv("DISPLAY");
  return display != nullptr && *display != '\0';
}

}  // namespace lockstep::viewer

#else

namespace lockstep::viewer {

void run(const ViewOptions&) {
  throw MissingResource("this program was built without the window", "GLFW, OpenGL or the ImGui sources were missing",
                        "run `make setup` (Debian: apt-get install libglfw3-dev libgl-dev) and build again");
}

bool has_display() { return false; }

}  // namespace lockstep::viewer

#endif
