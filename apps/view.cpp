// `lockstep view`: the window on a task, a model file, or the evaluation of a trained agent.
#include "apps/commands.h"
#include "apps/interrupt.h"
#include "apps/played_policy.h"
#include "apps/progress_bar.h"
#include "engine/error.h"
#include "envs/env.h"
#include "viewer/viewer.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

namespace lockstep::apps {
namespace {

struct Options {
  viewer::ViewOptions view;
  int worlds = 0;  // 0: nine of a task, one of a model file
  int episodes = 1;
  bool follow = false;
  std::string size = "1440x900";
};

// Plays the agent of a run folder: its evaluation episodes, with what its model predicted as ghosts.
void evaluate_run(Options& options, CommandContext& context) {
  const std::filesystem::path folder = options.view.target;
  const viewer::FileStamp checkpoint = viewer::stamp_of(folder / "checkpoint.lockstep");
  const InterruptGuard guard;
  ProgressBar bar(context.text_stream());
  viewer::PlayedPolicy played = play_policy(folder, options.episodes, [&bar](std::string_view stage, double share) {
    stop_if_interrupted();
    bar.update(share, std::string(stage));
  });
  options.view.target = played.task;
  if (options.follow) {
    options.view.follow = viewer::RunToFollow{folder, policy_player(options.episodes), checkpoint, std::move(played)};
  } else {
    options.view.episodes = std::move(played.episodes);
  }
}

// Reads "1280x800".
void take_size(const std::string& size, viewer::ViewOptions& view) {
  int read = 0;
  const int found = std::sscanf(size.c_str(), "%dx%d%n", &view.width, &view.height, &read);
  const auto in_range = [](int pixels) { return pixels >= 640 && pixels <= 8192; };
  if (found == 2 && read == static_cast<int>(size.size()) && in_range(view.width) && in_range(view.height)) return;
  throw Error(fmt::format("'{}' is no size of a window", size), "--size",
              "write WIDTHxHEIGHT with 640 to 8192 each, for example 1280x800");
}

int view(Options options, CommandContext& context) {
  take_size(options.size, options.view);
  const bool is_file = std::filesystem::path(options.view.target).has_extension();
  options.view.environment.num_worlds = options.worlds > 0 ? options.worlds : (is_file ? 1 : 9);
  options.view.make_environment = envs::make_environment;
  if (std::filesystem::is_directory(options.view.target)) {
    evaluate_run(options, context);
  } else if (options.follow) {
    throw Error(fmt::format("'{}' is not the folder of a run", options.view.target), "--follow",
                "give the folder that `lockstep train` writes, or leave --follow out");
  }
  viewer::run(options.view);
  return kDone;
}

}  // namespace

void add_view(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<Options>();
  viewer::ViewOptions& view_options = options->view;
  CLI::App& command = context.add(app, "view", "show a task, a model file or a trained agent in a window",
                                  "  lockstep view cartpole-swingup\n"
                                  "  lockstep view my_robot.xml --worlds 1\n"
                                  "  lockstep view runs/demo\n"
                                  "  lockstep view runs/demo --follow\n"
                                  "  lockstep view cartpole-swingup --worlds 12 --screenshot picture.png\n");
  command.add_option("TARGET", view_options.target, "A task (`lockstep list`), a model file, or the folder of a run")
      ->required();
  command
      .add_option("--worlds", options->worlds,
                  "How many worlds are shown at once (nine of a task, one of a model file)")
      ->check(CLI::Range(1, 4096))
      ->type_name("N");
  command.add_option("--actions", view_options.actions, "What drives a task at first: zero, sliders, random")
      ->check(CLI::IsMember({"zero", "sliders", "random"}))
      ->capture_default_str();
  command.add_option("--seed", view_options.environment.seed, "Seed of starts and noise")->capture_default_str();
  command.add_option("--backend", view_options.environment.backend, "auto, cpu, cuda or mujoco")->capture_default_str();
  command.add_option("--episodes", options->episodes, "Of a run: how many evaluation episodes are played side by side")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command.add_flag("--follow", options->follow,
                   "Of a run: show its learning curves as they grow, and play the policy of every new checkpoint");
  command.add_option("--size", options->size, "Of the window")->type_name("WIDTHxHEIGHT")->capture_default_str();
  command.add_flag("--paused", view_options.paused, "Start paused");
  command.add_option("--screenshot", view_options.screenshot, "Write a picture of the window and leave")
      ->type_name("FILE");
  command.add_option("--seconds", view_options.seconds, "Simulated seconds before the picture")
      ->check(CLI::Range(0.0, 1e4))
      ->capture_default_str();
  context.on_run(command, [options, &context] { return view(*options, context); });
}

}  // namespace lockstep::apps
