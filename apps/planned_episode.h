// One episode of a task under receding-horizon control: what `lockstep plan` and `lockstep bench closed-loop` run.
#pragma once

#include "engine/environment.h"
#include "engine/settings.h"
#include "planners/asynchronous_horizon.h"
#include "planners/plan_timing.h"

#include <cstdint>
#include <string>

namespace lockstep::apps {

struct PlannedEpisodeConfig {
  std::string task;
  std::string planner = "ilqr";
  Settings settings = {};        // planner.* and mpc.*
  std::uint64_t seed = 0;        // of the world and of the planner
  std::string backend = "auto";  // of the world that is acted on; plans are made through the task's native dynamics
  bool asynchronous = false;     // a planner thread beside the simulation, by the wall clock
  double speed = 1;              // simulated seconds per second of wall time, asynchronous only
  EnvironmentConfig environment = {};  // its options, time limit, wrapping and code compiled for the model count
};

struct PlannedEpisode {
  double cost = 0;  // the planning cost summed over the episode
  double episode_return = 0;
  int steps = 0;
  planners::PlanTiming timing;                // asynchronous: of latencies
  double rate_hz = 0;                         // plans per second: of planning time, asynchronous: of wall time
  double cpu_seconds = 0;                     // of the thread that plans, in plans; synchronous only
  planners::AsynchronousTiming asynchronous;  // asynchronous only
  int late_steps = 0;                         // control steps that began later than the clock wanted
  std::string backend;                        // one line on what steps the world that is acted on
};

// Throws Error for discrete actions, and what make_environment, the planner and the settings throw.
[[nodiscard]] PlannedEpisode run_planned_episode(const PlannedEpisodeConfig& config);

}  // namespace lockstep::apps
