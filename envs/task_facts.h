// What a task states about itself in plain constants: names, sizes, bounds, limits and where its numbers come from.
// Plain data without containers, so that the sources compiled per instruction set may include it.
#pragma once

namespace lockstep::envs {

inline constexpr double kUnbounded = __builtin_huge_val();
inline constexpr double kDegree = 0.017453292519943295;  // rad

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

// Numbers that a task reads beside the state: a sensor that is added to the suite's model, named as in MJCF, or one
// that the model has. They change nothing of the motion.
//   type "framepos", kind "xbody", object "torso": MJCF's <framepos objtype="xbody" objname="torso"/>
//   type "own", object "velocity": the model's own sensor of that name
//   type "array", object "cinert", "cvel" or "cfrc_ext": mjData's array of all bodies, the world first; "ncon" (at
//   starts
//     alone): the number of contacts
struct SensedField {
  const char* type;
  const char* kind;
  const char* object;
  int numbers;
  const char* reference_kind = nullptr;  // frames: as seen from there
  const char* reference = nullptr;
};

// When a task's sensors are read.
enum class Sensing {
  kNewState,        // positions and velocities of the state after the step; forces of the last evaluation in it
  kLastEvaluation,  // all of the last evaluation, as mj_step leaves mjData: a physics step behind the state
};

// The height field under a task's worlds.
enum class Terrain {
  kOfModel,  // the model's, if it has one
  kBowl,     // drawn for every episode: envs/bowl_terrain.h
};

// A damping that a task gives to one joint of the suite's model, N m s/rad or N s/m.
struct JointDamping {
  const char* joint = nullptr;  // nullptr: none
  double damping = 0;
};

// The rest of TaskSpec. The state is qpos [nq], qvel [nv], act [na] and the numbers of an episode that no physics moves
// [nheld], such as targets; for a task with dynamics of its own nq counts all of it.
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
  int na = 0, nheld = 0;
  Sensing sensing = Sensing::kNewState;
  JointDamping damping = {};
  const char* robot = nullptr;  // "go1": mjlab's robot of that name, set up as engine/mjlab_robots.h has it
  // > 0: controls of its servos are in [-servo_range, servo_range], and 1 moves a set-point from the first pose by that
  // share of the angle that holds the largest torque.
  double servo_scale = 0, servo_range = 0;
  const char* randomise = nullptr;  // terms of engine/randomisation.h, where the environment asks for the task's own
  Terrain terrain = Terrain::kOfModel;
  int swimmer_bodies = 0;  // > 0: bodies of dm_control's swimmer, whose suite builds them onto the model file
};

}  // namespace lockstep::envs
