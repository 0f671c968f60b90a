// Checks and evaluates policies that are described.
#include "agents/policy_description.h"
#include "agents/episodes.h"
#include "engine/error.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include <fmt/format.h>

namespace lockstep::agents {
namespace {

using models::networks::Network;
using models::networks::ParameterBlock;
using models::networks::Tape;

std::vector<float> narrowed(std::span<const double> values) {
  std::vector<float> out;
  for (const double value : values) out.push_back(static_cast<float>(value));
  return out;
}

[[noreturn]] void refuse(const PolicyDescription& policy, const std::string& problem) {
  throw Error(problem, fmt::format("policy for the task {}", policy.task),
              "train it again: the network that was learned is damaged");
}

void check_size(const PolicyDescription& policy, const char* name, size_t size, size_t expected) {
  if (size != expected) refuse(policy, fmt::format("{} has {} numbers instead of {}", name, size, expected));
}

void check_finite(const PolicyDescription& policy, const char* name, std::span<const float> values) {
  for (const float value : values)
    if (!std::isfinite(value)) refuse(policy, fmt::format("{} holds a number that is not finite", name));
}

// Row `row` of the network's outputs -> action [action_size].
void act(const PolicyDescription& policy, std::span<const float> outputs, std::span<float> action) {
  if (policy.is_discrete) {
    action[0] = static_cast<float>(std::ranges::max_element(outputs) - outputs.begin());
    return;
  }
  for (size_t k = 0; k < action.size(); ++k) {
    const float squashed = policy.squash == Squash::kTanh ? std::tanh(outputs[k]) : outputs[k];
    action[k] = std::clamp(policy.middle[k] + policy.half[k] * squashed, policy.low[k], policy.high[k]);
  }
}

}  // namespace

PolicyDescription policy_for(const TaskSpec& task) {
  PolicyDescription policy;
  policy.task = task.name;
  policy.observation_names = task.observation_names;
  policy.inputs = task.observation_size;
  policy.is_discrete = task.discrete_actions > 0;
  policy.action_size = task.action_size;
  if (policy.is_discrete) return policy;
  const ActionRange range(task);
  policy.middle = narrowed(range.middle);
  policy.half = narrowed(range.half);
  policy.low = narrowed(range.low);
  policy.high = narrowed(range.high);
  return policy;
}

void set_standardisation(const RunningMoments& moments, float limit, PolicyDescription& policy) {
  policy.mean = narrowed(moments.mean());
  policy.scale.clear();
  for (int column = 0; column < policy.inputs; ++column) policy.scale.push_back(moments.scale(column));
  policy.limit = limit;
}

void check_policy(const PolicyDescription& policy) {
  const Network<float> network(policy.inputs, policy.layers);
  check_size(policy, "the network", policy.parameters.size(), static_cast<size_t>(network.num_parameters()));
  check_finite(policy, "the network", policy.parameters);
  if (policy.is_standardised()) {
    for (const auto* values : {&policy.mean, &policy.scale}) {
      check_size(policy, "the standardisation", values->size(), static_cast<size_t>(policy.inputs));
      check_finite(policy, "the standardisation", *values);
    }
    if (!(policy.limit > 0)) refuse(policy, "the limit of standardised observations is not positive");
  }
  if (policy.is_discrete) return check_size(policy, "a discrete action", static_cast<size_t>(policy.action_size), 1);
  if (policy.action_size < 1 || policy.action_size > network.outputs())
    refuse(policy, fmt::format("{} outputs make no action of {} numbers", network.outputs(), policy.action_size));
  for (const auto* values : {&policy.middle, &policy.half, &policy.low, &policy.high})
    check_size(policy, "the action's range", values->size(), static_cast<size_t>(policy.action_size));
  check_finite(policy, "the action's range", policy.middle);
  check_finite(policy, "the action's range", policy.half);
}

std::vector<float> policy_actions(const PolicyDescription& policy, View<const float, 2> observations) {
  assert(observations.extent(1) == policy.inputs);
  const int rows = observations.extent(0);
  std::vector<float> seen(observations.data_handle(), observations.data_handle() + observations.size());
  for (size_t k = 0; k < seen.size() && policy.is_standardised(); ++k) {
    const size_t column = k % static_cast<size_t>(policy.inputs);
    seen[k] = std::clamp((seen[k] - policy.mean[column]) * policy.scale[column], -policy.limit, policy.limit);
  }
  const Network<float> network(policy.inputs, policy.layers);
  Tape<float> tape;
  const View<const float, 2> outputs =
      network.forward(policy.parameters, view(static_cast<const float*>(seen.data()), rows, policy.inputs), tape);
  const auto size = static_cast<size_t>(policy.action_size);
  std::vector<float> actions(static_cast<size_t>(rows) * size);
  for (int row = 0; row < rows; ++row) {
    act(policy, {&outputs(row, 0), static_cast<size_t>(network.outputs())},
        std::span(actions).subspan(static_cast<size_t>(row) * size, size));
  }
  return actions;
}

std::span<const float> policy_block(const PolicyDescription& policy, size_t layer, std::string_view block) {
  const Network<float> network(policy.inputs, policy.layers);
  const std::vector<ParameterBlock>& blocks = network.parameter_blocks();
  const auto found = std::ranges::find(blocks, fmt::format("layers.{}.{}", layer, block), &ParameterBlock::name);
  assert(found != blocks.end());
  return std::span(policy.parameters).subspan(static_cast<size_t>(found->offset), static_cast<size_t>(found->size()));
}

}  // namespace lockstep::agents
