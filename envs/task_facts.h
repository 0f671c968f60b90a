// What a task states about itself in plain constants: names, sizes, bounds, limits and where its numbers come from.
// Plain data without containers, so that the sources compiled per instruction set may include it.
#pragma once

namespace lockstep::envs {

inline constexpr double kUnbounded = __builtin_huge_val();

// One number of the physical state.
struct StateField {
  const char* name;
  bool is_angle = false;     // an unbounded angle in rad
  double low = -kUnbounded;  // the box in which the dynamics are smooth: joint ranges, rails
  double high = kUnbounded;
};

// One number of the action, in the suite's own units.
struct ActionField {
  const char* name;
  double low, high;
};

// The rest of TaskSpec. The state is qpos [nq] and qvel [nv]; for a task with dynamics of its own nq counts all of it.
struct Facts {
  const char* name;        // "cartpole-swingup"
  const char* suite_name;  // the suite's own spelling, accepted too: "CartPole-v1"
  const char* summary;     // one line
  const char* source;      // suite and version
  const char* model;       // MJCF inside the suite's package, for task_model(); nullptr: dynamics of its own
  int nq, nv;
  int discrete_actions;     // 0: continuous
  double control_timestep;  // s of one env step
  int physics_steps;        // physics steps in one env step
  int episode_steps;        // env steps until truncation; 0: none
  double success_return;    // an episode return that counts as success; 0: not defined
};

}  // namespace lockstep::envs
