// Episodes of a learned policy, kept whole: data sets for offline learners.
#pragma once

#include "agents/policy_description.h"
#include "engine/environment.h"
#include "engine/hdf5_episodes.h"

#include <cstdint>
#include <functional>

namespace lockstep::agents {

struct RecordingConfig {
  std::uint64_t seed = 0;  // of the noise; starts are the worlds' own
  double noise = 0;  // deviation of Gaussian noise on continuous actions, in half ranges; they are cut to the range
};

// The first episode of each of the worlds, which reset themselves, under the policy. Noise is a function of (seed,
// world, step). Episodes in which a number stops being finite are left out. on_share is told the share that has ended.
// Error for noise on discrete actions.
[[nodiscard]] EpisodeSet record_episodes(const PolicyDescription& policy, Environment& worlds,
                                         const RecordingConfig& config, const std::function<void(double)>& on_share);

}  // namespace lockstep::agents
