// Builds policy and value networks for a task.
#include "agents/actor_critic.h"
#include "engine/error.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

namespace lockstep::agents {
namespace {

using models::networks::LayerSpec;

// Streams of initial weights.
enum Stream : std::uint32_t { kActorWeights = 0xac70, kCriticWeights };

constexpr const char *kActorPrefix = "actor.", *kCriticPrefix = "critic.", *kDeviationName = "log_deviation";
constexpr double kPolicyGain = 0.01, kValueGain = 1;

std::vector<LayerSpec> layers_of(const ActorCriticConfig& config, int outputs, double head_gain) {
  const std::vector<int> hidden(static_cast<size_t>(config.layers), config.width);
  return models::networks::perceptron(hidden, outputs, models::networks::activation_named(config.activation),
                                      head_gain);
}

}  // namespace

void ActorCriticConfig::describe(Fields& fields) {
  fields.add("layers", layers, "hidden layers of the policy and of the value network", {1, 100});
  fields.add("width", width, "units of a hidden layer", {1, 1 << 14});
  fields.add_choice("activation", activation, "of hidden units", models::networks::activation_names());
  fields.add("initial_deviation", initial_deviation, "of Gaussian actions at the start, in half ranges of the action",
             {1e-3, 1e3});
}

template <class R>
ActorCritic<R>::ActorCritic(const TaskSpec& task, const ActorCriticConfig& config, std::uint64_t seed)
    : actions_(task),
      actor_layers_(layers_of(config, actions_.outputs(), kPolicyGain)),
      actor_(task.observation_size, actor_layers_),
      critic_(task.observation_size, layers_of(config, 1, kValueGain)),
      parameters_(static_cast<size_t>(actor_.num_parameters() + critic_.num_parameters() + actions_.deviations())) {
  const std::span<R> all = parameters_;
  actor_.initialise(seed, kActorWeights, actor_part(all));
  critic_.initialise(seed, kCriticWeights, critic_part(all));
  std::ranges::fill(log_deviation_of(all), static_cast<R>(std::log(config.initial_deviation)));
}

template <class R>
double ActorCritic<R>::mean_deviation() const {
  if (actions_.is_discrete()) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (const R logarithm : log_deviation()) sum += std::exp(static_cast<double>(logarithm));
  return sum / actions_.deviations();
}

template <class R>
models::networks::TensorFile ActorCritic<R>::tensors() const {
  const std::span<const R> all = parameters_;
  models::networks::TensorFile file;
  models::networks::append_parameters(actor_, actor_part(all), kActorPrefix, file);
  models::networks::append_parameters(critic_, critic_part(all), kCriticPrefix, file);
  if (!actions_.is_discrete()) {
    const std::span<const R> logarithms = log_deviation();
    file.tensors.push_back({.name = kDeviationName,
                            .shape = {actions_.deviations()},
                            .is_double = sizeof(R) == sizeof(double),
                            .values = {logarithms.begin(), logarithms.end()}});
  }
  return file;
}

template <class R>
void ActorCritic<R>::describe(PolicyDescription& policy) const {
  const std::span<const R> all = parameters_;
  policy.layers = actor_layers_;
  policy.parameters.clear();
  for (const R value : actor_part(all)) policy.parameters.push_back(static_cast<float>(value));
}

template <class R>
void ActorCritic<R>::take(const models::networks::TensorFile& file, const std::string& where) {
  std::vector<R> taken(parameters_.size());
  const std::span<R> all = taken;
  models::networks::take_parameters(actor_, file, kActorPrefix, where, actor_part(all));
  models::networks::take_parameters(critic_, file, kCriticPrefix, where, critic_part(all));
  if (!actions_.is_discrete()) {
    const std::span<R> target = log_deviation_of(all);
    const auto found = std::ranges::find(file.tensors, kDeviationName, &models::networks::Tensor::name);
    if (found == file.tensors.end() || found->values.size() != target.size()) {
      throw Error(fmt::format("there is no tensor '{}' of {} numbers", kDeviationName, target.size()), where,
                  "take a file of a policy for the same task");
    }
    std::ranges::transform(found->values, target.begin(), [](double value) { return static_cast<R>(value); });
  }
  parameters_ = std::move(taken);
}

template class ActorCritic<float>;
template class ActorCritic<double>;

}  // namespace lockstep::agents
