// Measures both renderers on the same poses, in one process, on whatever OpenGL the machine has.
#include "apps/bench_viewer.h"
#include "apps/quantile.h"
#include "engine/isa.h"
#include "engine/model.h"
#include "engine/task_models.h"
#include "kernels/philox.h"
#include "viewer/offscreen.h"

#include <algorithm>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lockstep::apps {
namespace {

constexpr int kPoses = 64;         // different ones; more worlds than this share them
constexpr int kStepsBetween = 10;  // physics steps from one pose to the next

// Positions along a motion under random controls, [kPoses][nq].
std::vector<std::vector<double>> moving_poses(const mjModel& model) {
  const viewer::DataPtr data(mj_makeData(&model));
  if (model.nkey > 0) mj_resetDataKeyframe(&model, data.get(), 0);
  const kernels::RandomStream stream{.seed = 0, .stream = 0x62766965};
  std::vector<std::vector<double>> poses;
  for (std::uint32_t pose = 0; pose < kPoses; ++pose) {
    for (int actuator = 0; actuator < model.nu; ++actuator) {
      data->ctrl[actuator] = 0.3 * kernels::normal<double>(stream, 0, pose, static_cast<std::uint32_t>(actuator));
    }
    for (int step = 0; step < kStepsBetween; ++step) mj_step(&model, data.get());
    poses.emplace_back(data->qpos, data->qpos + model.nq);
  }
  return poses;
}

// One renderer on `num_worlds` worlds; the first frame, which fills caches, is not counted.
class Contestant {
 public:
  Contestant(const mjModel& model, const BenchViewerOptions& options, int num_worlds, viewer::Drawing drawing)
      : renderer_(model, {.width = options.width,
                          .height = options.height,
                          .num_worlds = num_worlds,
                          .samples = options.shadows ? 4 : 0,
                          .shadows = options.shadows,
                          .reflections = false,
                          .drawing = drawing}) {}

  // Draws for `seconds` at least, one frame at least, and keeps the frames' times.
  void run(const std::vector<viewer::WorldPose>& worlds, double seconds) {
    if (times_.empty()) renderer_.draw(worlds);
    for (double spent = 0; spent < seconds;) {
      times_.push_back(renderer_.draw(worlds));
      spent += times_.back();
    }
  }

  [[nodiscard]] double frames_per_second(double share) const { return 1 / quantile(times_, 1 - share); }
  [[nodiscard]] const viewer::Offscreen& renderer() const { return renderer_; }

 private:
  viewer::Offscreen renderer_;
  std::vector<double> times_;  // s, of each frame
};

void measure(const Model& model, const std::vector<std::vector<double>>& poses, int num_worlds,
             const BenchViewerOptions& options, CommandContext& context) {
  std::vector<viewer::WorldPose> worlds;
  for (int world = 0; world < num_worlds; ++world) {
    worlds.push_back({.qpos = poses[static_cast<std::size_t>(world % kPoses)], .qvel = {}, .ctrl = {}});
  }
  Contestant ours(*model.mj(), options, num_worlds, viewer::Drawing::kOwn);
  Contestant peer(*model.mj(), options, num_worlds, viewer::Drawing::kMujoco);
  for (int turn = 0; turn < 2; ++turn) {
    ours.run(worlds, options.seconds / 2);
    peer.run(worlds, options.seconds / 2);
  }
  const double own_rate = ours.frames_per_second(0.5), peer_rate = peer.frames_per_second(0.5);
  context.print("{:>7} {:>10.1f} {:>12.2f} {:>8.1f}x {:>10} {:>11}\n", num_worlds, own_rate, peer_rate,
                own_rate / peer_rate, ours.renderer().num_drawn(), ours.renderer().num_triangles());
  JsonRow row;
  row["suite"] = "viewer";
  row["name"] = fmt::format("{}/{}", std::filesystem::path(model.name()).stem().string(), num_worlds);
  row["backend"] = ours.renderer().description();
  row["ours"] = own_rate;
  row["peer"] = peer_rate;
  row["peer_name"] = "mjr_render";
  row["unit"] = "frames/s";
  row["ratio"] = own_rate / peer_rate;
  row["spread"] = {ours.frames_per_second(0.25) / peer_rate, ours.frames_per_second(0.75) / peer_rate};
  row["threads"] = 1;
  row["isa"] = isa_name(chosen_isa());
  context.row(row);
}

}  // namespace

int bench_viewer(const BenchViewerOptions& options, CommandContext& context) {
  const auto model =
      Model::from_file(options.model.empty() ? task_model("gymnasium/envs/mujoco/assets/humanoid.xml") : options.model);
  const auto poses = moving_poses(*model->mj());
  const viewer::Offscreen probe(*model->mj(), {.width = 64, .height = 64});
  context.print("{}\n{} at {} x {}, {}; medians of frames from positions to picture\n\n", probe.description(),
                std::filesystem::path(model->name()).filename().string(), options.width, options.height,
                options.shadows ? "shadows, 4 samples a pixel" : "no shadows, 1 sample a pixel");
  context.print("{:>7} {:>10} {:>12} {:>9} {:>10} {:>11}\n", "worlds", "frames/s", "mjr_render", "ratio", "shapes",
                "triangles");
  for (const int worlds : options.worlds) measure(*model, poses, worlds, options, context);
  return kDone;
}

void add_bench_viewer(CLI::App& bench, CommandContext& context) {
  auto options = std::make_shared<BenchViewerOptions>();
  CLI::App& command = context.add(bench, "viewer", "frames per second of many worlds, beside MuJoCo's renderer",
                                  "  lockstep bench viewer\n  lockstep bench viewer my_robot.xml --worlds 1 256\n");
  command.add_option("MODEL", options->model, "A model file (default: Gymnasium's humanoid)");
  command.add_option("--worlds", options->worlds, "Numbers of worlds, one measurement each")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command.add_option("--width", options->width, "Of the picture")->check(CLI::Range(16, 8192))->capture_default_str();
  command.add_option("--height", options->height, "Of the picture")->check(CLI::Range(16, 8192))->capture_default_str();
  command.add_flag("--shadows", options->shadows, "With shadows and four samples a pixel");
  command.add_option("--seconds", options->seconds, "Least length of each measurement")
      ->check(CLI::Range(1e-3, 600.0))
      ->capture_default_str();
  context.on_run(command, [options, &context] { return bench_viewer(*options, context); });
}

}  // namespace lockstep::apps
