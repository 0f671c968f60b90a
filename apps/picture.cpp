// `lockstep picture`: tasks as pictures, drawn without a display.
#include "apps/commands.h"
#include "engine/error.h"
#include "envs/env.h"
#include "viewer/environment_source.h"
#include "viewer/image.h"
#include "viewer/offscreen.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <mujoco/mujoco.h>
#include <nlohmann/json.hpp>

namespace lockstep::apps {
namespace {

struct PictureOptions {
  std::vector<std::string> tasks;
  std::string folder = ".", size = "640x480";
  double seconds = 0;
  std::uint64_t seed = 0;
};

viewer::OffscreenConfig picture_config(const std::string& size) {
  viewer::OffscreenConfig config;
  int read = 0;
  const int found = std::sscanf(size.c_str(), "%dx%d%n", &config.width, &config.height, &read);
  const auto in_range = [](int pixels) { return pixels >= 16 && pixels <= 8192; };
  if (found == 2 && read == static_cast<int>(size.size()) && in_range(config.width) && in_range(config.height)) {
    return config;
  }
  throw Error(fmt::format("'{}' is no size of a picture", size), "--size",
              "write WIDTHxHEIGHT with 16 to 8192 each, for example 200x150");
}

// The task's first episode after `seconds` in which nothing acts.
viewer::Image draw(Environment& world, const PictureOptions& options) {
  const TaskSpec& spec = world.spec();
  const std::vector<float> none(static_cast<std::size_t>(spec.action_size), 0.0f);
  const auto steps = static_cast<int>(std::lround(options.seconds / spec.control_timestep));
  for (int k = 0; k < steps; ++k) world.step(View<const float, 2>(none.data(), 1, spec.action_size));
  const viewer::StatePoser poser(world);
  std::vector<double> qpos(static_cast<std::size_t>(poser.model().nq));
  std::vector<double> qvel(static_cast<std::size_t>(poser.model().nv));
  poser.read(world, 0, qpos, qvel);
  viewer::Offscreen renderer(poser.model(), picture_config(options.size));
  const viewer::WorldPose pose{.qpos = qpos, .qvel = qvel, .ctrl = {}};
  return renderer.render({&pose, 1});
}

int picture_command(const PictureOptions& options, CommandContext& context) {
  (void)picture_config(options.size);
  std::filesystem::create_directories(options.folder);
  for (const std::string& task : options.tasks) {
    const envs::Entry& entry = envs::find(task);
    const auto world = envs::make_environment(entry.name, {.seed = options.seed, .precision = "double"});
    const auto file = std::filesystem::path(options.folder) / (std::string(entry.name) + ".png");
    viewer::write_png(file, draw(*world, options));
    context.print("{}\n", file.string());
    JsonRow row;
    row["name"] = std::string(entry.name);
    row["summary"] = std::string(entry.summary);
    row["file"] = file.string();
    context.row(row);
  }
  return kDone;
}

}  // namespace

void add_picture(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<PictureOptions>();
  CLI::App& command = context.add(app, "picture", "draw tasks into PNG files, without a display",
                                  "  lockstep picture ant-v5 humanoid-walk --size 200x150 -o pictures\n");
  command.add_option("TASK", options->tasks, "Tasks with a MuJoCo model, or a scene of their own")->required();
  command.add_option("-o,--output", options->folder, "Folder of the pictures: TASK.png")->type_name("DIR");
  command.add_option("--size", options->size, "Of a picture")->type_name("WIDTHxHEIGHT")->capture_default_str();
  command.add_option("--seconds", options->seconds, "Simulated seconds after the start, in which nothing acts")
      ->check(CLI::Range(0.0, 1e4))
      ->capture_default_str();
  command.add_option("--seed", options->seed, "Of the start")->type_name("N")->capture_default_str();
  context.on_run(command, [options, &context] { return picture_command(*options, context); });
}

}  // namespace lockstep::apps
