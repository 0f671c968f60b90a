// The viewer's program state: one window, one simulation, what is selected and shown, and every action a key or button
// can ask for.
#pragma once

#include "viewer/followed_run.h"
#include "viewer/recorder.h"
#include "viewer/simulation.h"
#include "viewer/window.h"
#include "viewer/world_colours.h"
#include "viewer/world_renderer.h"
#include "viewer/world_scene.h"

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace lockstep::viewer {

// Speeds in percent of real time, as MuJoCo's simulate lists them.
inline constexpr std::array<double, 31> kSpeeds = {100,  80,  63,  50,   40,   32,  25,   20,   16,  13, 10,
                                                   8,    6.3, 5,   4,    3.2,  2.5, 2,    1.6,  1.3, 1,  0.8,
                                                   0.63, 0.5, 0.4, 0.32, 0.25, 0.2, 0.16, 0.13, 0.1};

inline constexpr int kMostWorlds = 4096;  // that are shown at once

// How the worlds are shown: the selected one, all side by side, or all in one place.
enum class Arrangement { kOne, kGrid, kOverlay };

struct AppOptions {
  SourceFactory make_source;
  int num_worlds = 1;
  std::uint64_t seed = 0;
  Driver driver = Driver::kSliders;
  bool running = true;
  int width = 1440, height = 900;                // of the window, in screen units
  bool best_quality = false;                     // smoothing and shadows even where OpenGL is software
  std::filesystem::path screenshot_folder = {};  // where Ctrl+P and F8 write; empty: the working folder
  std::filesystem::path watched = {};            // a file to reload on when it changes; empty: none
  std::unique_ptr<FollowedRun> run = nullptr;    // whose newest policy plays; null: none. make_source is its source()
};

// What is shown and selected; the panels write into it.
struct ViewState {
  bool left_panel = true, right_panel = true, plots = true;
  bool help = false, info = true, sensors = false;
  Arrangement arrangement = Arrangement::kGrid;
  Drawing drawing = Drawing::kAuto;
  ColourBy colour_by = ColourBy::kModel;
  Follow follow = Follow::kNone;
  bool ghost = true;   // the model's prediction, where there is one
  bool labels = true;  // numbers under the worlds
  int world = 0;       // selected
  int speed = 0;       // index into kSpeeds
  Driver driver = Driver::kSliders;
  float noise_scale = 0, noise_rate = 0.2F;
  bool all_worlds = true;             // sliders act on every world
  int num_worlds = 1;                 // wanted; taken over when the field is left
  std::array<bool, 3> dragging = {};  // per mouse button: a drag that began in the view goes on outside it
  bool over_steps = true;             // learning curves run over environment steps, else over iterations
  std::string curve;                  // the metric in the third of them; empty: the first there is
  std::string message;                // shown over the view for a while
  double message_until = 0;
};

// Rectangle of the window in ImGui's units.
struct Region {
  float x = 0, y = 0, width = 0, height = 0;
  [[nodiscard]] float aspect() const { return height > 0 ? width / height : 1; }
};

// One window. Make it on the program's first thread; call frame() until it returns false.
class App {
 public:
  explicit App(AppOptions options);  // throws MissingResource without a display, Error for a bad model
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // Draws one frame; `picture`, where given, gets it. False once the window was closed.
  bool frame(Image* picture = nullptr);

  [[nodiscard]] Window& window() { return *window_; }
  [[nodiscard]] Simulation& simulation() { return *simulation_; }
  [[nodiscard]] WorldScene& scene() { return *scene_; }
  [[nodiscard]] ViewState& state() { return state_; }
  [[nodiscard]] const Snapshot& shown() const { return *shown_; }
  [[nodiscard]] const Status& status() const { return status_; }
  [[nodiscard]] const Region& view() const { return view_; }
  [[nodiscard]] const std::array<Region, 4>& panels() const { return panels_; }  // toolbar, left, right, plots
  [[nodiscard]] int num_worlds() const { return shown_->num_worlds; }
  // Whether all worlds are shown, and whether side by side.
  [[nodiscard]] bool shows_many() const { return state_.arrangement != Arrangement::kOne && num_worlds() > 1; }
  [[nodiscard]] bool shows_grid() const { return shows_many() && state_.arrangement == Arrangement::kGrid; }
  [[nodiscard]] bool draws_own() const;  // with our own renderer
  [[nodiscard]] WorldRenderer* own_renderer() { return own_.get(); }
  [[nodiscard]] const FollowedRun* run() const { return options_.run.get(); }  // nullptr: none is followed
  [[nodiscard]] bool is_recording() const { return recorder_ != nullptr; }
  [[nodiscard]] const std::optional<WorldColours>& colours() const { return colours_; }
  [[nodiscard]] double display_seconds() const;  // wall time of a frame, smoothed
  [[nodiscard]] double step_seconds() const { return simulation_->source().step_seconds(); }

  // Actions, each bound to a key or a control (shortcuts.cpp, the panels).
  void toggle_running();
  void step();
  void step_back();
  void reset();
  void reload();
  void change_speed(int by);     // +1: slower
  void select_world(int world);  // by hand: ends following
  void set_arrangement(Arrangement arrangement);
  void cycle_arrangement();
  void set_colour_by(ColourBy by);
  void cycle_colour();
  void set_follow(Follow follow);
  void cycle_follow();
  void set_num_worlds(int num_worlds);
  void open_file(const std::filesystem::path& path);
  void align_camera();
  void free_camera();
  void cycle_camera(int by);
  void select_parent();
  void select_child();
  void copy_key_frame();
  void copy_camera();
  void load_key_frame(int key);
  void take_screenshot();
  void toggle_recording();
  void set_driver(Driver driver);
  void apply_noise();
  void say(std::string message);

  // Mouse over the view: shares of the view from its top left.
  void select_at(double x, double y);
  void select_world_at(double x, double y);
  void look_at(double x, double y, bool track);
  // Begins or goes on with a pull or a camera move; dx, dy as shares of the view's height.
  void move_camera(int action, double dx, double dy);
  void move_selected(int action, double dx, double dy);
  void end_perturbation();

 private:
  void rebuild(SourceFactory make_source, int num_worlds);
  void show(std::unique_ptr<SceneSource> source);
  void follow_run();
  void play_newer();
  void lay_out();
  void follow();
  void draw_view();
  void draw_own(const mjrRect& viewport, std::span<const GhostPose> ghosts);
  [[nodiscard]] std::vector<GhostPose> ghosts() const;
  void make_own_renderer();
  void show_ground();
  [[nodiscard]] std::filesystem::path output_folder() const;
  void save_screenshot(const Image& picture);
  void record_view();
  void end_recording(const std::string& reason);
  void watch(const std::filesystem::path& file);
  void reload_if_changed();
  [[nodiscard]] std::vector<WorldPose> poses() const;

  AppOptions options_;
  std::unique_ptr<SceneSource> first_source_;  // made before the window, so that bad input is told without one
  std::unique_ptr<Window> window_;
  std::unique_ptr<Simulation> simulation_;
  std::unique_ptr<WorldScene> scene_;
  mjrContext renderer_;
  std::unique_ptr<WorldRenderer> own_;  // null where OpenGL is too old for it
  std::optional<WorldColours> colours_;
  double follow_from_ = 0;  // s of ImGui's clock: the next change of the followed world
  ViewState state_;
  std::shared_ptr<const Snapshot> shown_;
  Ground ground_;  // that is drawn, where episodes draw their own
  Status status_;
  std::unique_ptr<Recorder> recorder_;  // null: nothing is recorded
  std::filesystem::path watched_;
  std::filesystem::file_time_type watched_time_{};
  double watch_from_ = 0;       // s of ImGui's clock: the next look
  std::int64_t last_step_ = 0;  // of the snapshot before, while a run is followed
  mjrRect viewport_{0, 0, 2, 2};
  Region view_;
  std::array<Region, 4> panels_;
  bool align_pending_ = true;
  bool screenshot_pending_ = false;
};

}  // namespace lockstep::viewer
