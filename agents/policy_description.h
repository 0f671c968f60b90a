// What a learned policy computes, from the task's raw observation to an action in the task's units, apart from the
// agent that learned it: for export to other programs.
//
//   x = clamp((observation - mean) * scale, -limit, limit)      where standardised
//   z = network(x)                                              models/networks/network.h
//   action = index of the largest of z                          discrete tasks; the first where several are
//   action = clamp(middle + half * squash(z), low, high)        others, from the first action_size numbers of z
#pragma once

#include "engine/environment.h"
#include "engine/running_moments.h"
#include "engine/view.h"
#include "models/networks/network.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::agents {

enum class Squash { kNone, kTanh };

struct PolicyDescription {
  std::string task;
  std::vector<std::string> observation_names;  // [inputs]

  // [inputs] each, or empty where the network sees raw observations.
  std::vector<float> mean, scale;
  float limit = 0;  // of standardised observations, > 0 where there are any

  int inputs = 0;
  std::vector<models::networks::LayerSpec> layers;
  std::vector<float> parameters;  // of Network<float>(inputs, layers)

  bool is_discrete = false;  // the action is the index of an output
  int action_size = 0;       // at most the network's outputs: a stochastic policy may put deviations after its means
  Squash squash = Squash::kNone;
  // [action_size] each; empty where the action is discrete. Infinite bounds cut nothing.
  std::vector<float> middle, half, low, high;

  [[nodiscard]] bool is_standardised() const { return !mean.empty(); }
};

// The task's side of a policy: names, sizes, ranges. The network, the squash and the standardisation are left to fill
// in.
[[nodiscard]] PolicyDescription policy_for(const TaskSpec& task);
// Makes the policy standardise observations as moments.standardise(..., limit, ...) does.
void set_standardisation(const RunningMoments& moments, float limit, PolicyDescription& policy);

// Throws Error, naming the task, where sizes do not fit together or a number is not finite (a bound may be infinite).
void check_policy(const PolicyDescription& policy);

// Actions [rows][action_size] at observations [rows][inputs], in float: what an exported file has to repeat.
[[nodiscard]] std::vector<float> policy_actions(const PolicyDescription& policy, View<const float, 2> observations);

// A layer's part of the parameters: its "kernel" [inputs][outputs], "bias", "scale" or "shift" [outputs].
[[nodiscard]] std::span<const float> policy_block(const PolicyDescription& policy, size_t layer,
                                                  std::string_view block);

}  // namespace lockstep::agents
