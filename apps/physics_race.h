// What the physics benchmark lets run against each other: the same worlds, states and controls, stepped by a Batch of
// ours, by MuJoCo's mj_step and by its batch API.
#pragma once

#include "engine/batch.h"

#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace lockstep::apps {

// How the worlds of a benchmark are moved. Controls are drawn anew every kHoldSteps physics steps.
enum class Motion {
  kNoisy,   // uniform in the control's range (control_range)
  kQuiet,   // normal with deviation 0.01 about the control that holds the first pose
  kSmooth,  // as kNoisy, in a model whose constraints are disabled
};
[[nodiscard]] std::string motion_name(Motion motion);
[[nodiscard]] Motion motion_of(const std::string& name);  // Error for an unknown name

inline constexpr int kHoldSteps = 5;

// A course: every runner starts its worlds at these states and steps them under these controls. All numbers are
// exact in float, so that float and double runners start alike.
struct Course {
  std::shared_ptr<const Model> model;
  int num_worlds = 0;
  int intervals = 0;                    // of kHoldSteps physics steps each
  std::vector<double> qpos, qvel, act;  // [world][nq], [world][nv], [world][na]
  std::vector<double> ctrl;             // [interval][world][nu]

  [[nodiscard]] int steps() const { return intervals * kHoldSteps; }
};
// Start states are what MuJoCo reaches from the first keyframe (else qpos0) by `warmup` steps of the same motion, other
// in every world. Draws depend on the seed alone.
[[nodiscard]] Course make_course(const std::shared_ptr<const Model>& model, Motion motion, int num_worlds,
                                 int intervals, int warmup = 200);

// One contestant.
class Runner {
 public:
  virtual ~Runner() = default;
  // Brings the worlds of the next run to their start; not timed.
  virtual void restart() = 0;
  // Runs them to the end of the course; returns the world-steps done.
  virtual long run() = 0;
  // Worlds that went non-finite since the runner was made.
  [[nodiscard]] virtual long faults() const { return 0; }
};
// All worlds of the course in one batch; the course outlives the runner.
[[nodiscard]] std::unique_ptr<Runner> make_batch_runner(const Course& course, std::unique_ptr<Batch> batch);
// One mjData per thread, one world after the other: what suits mj_step best.
[[nodiscard]] std::unique_ptr<Runner> make_mj_step_runner(const Course& course, int threads);
// mjb_step on a batch of 16 simulations per thread.
[[nodiscard]] std::unique_ptr<Runner> make_mjb_step_runner(const Course& course, int threads);

// How far our physics is from the reference at the course's start states; the largest over its worlds.
struct Fidelity {
  double qpos_double = 0;  // of one step of the backend in double from one of mj_step, rad or m
  double qvel_double = 0;  // the same, rad/s or m/s
  // |float - double| / |double| of the native kernels' qacc (largest entries); NaN where the model is not native.
  double qacc_float = std::numeric_limits<double>::quiet_NaN();
  double qacc_float_median = std::numeric_limits<double>::quiet_NaN();  // over worlds
};
// mj_step solves constraints to the end here (tolerance 0).
[[nodiscard]] Fidelity measure_fidelity(const Course& course, const std::string& backend);

}  // namespace lockstep::apps
