// Ring of transitions in chunks, n-step sums, uniform draws.
#include "agents/replay.h"
#include "engine/error.h"
#include "models/random_index.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include <fmt/format.h>

namespace lockstep::agents {
namespace {

constexpr int kChunkRows = 4096;

bool is_finite(std::span<const float> numbers) {
  return std::ranges::all_of(numbers, [](float x) { return std::isfinite(x); });
}

}  // namespace

void ReplayConfig::describe(Fields& fields) {
  fields.add("capacity", capacity, "transitions that are remembered", {1, 1e9});
  fields.add("lookahead", lookahead, "steps whose rewards a transition sums before it bootstraps", {1, 1000});
  fields.add("discount", discount, "of rewards, per step", {0, 1});
  fields.add("priority_exponent", priority_exponent,
             "draws go by the values' errors to this power; 0: all transitions alike", {0, 1});
  fields.add("priority_correction", priority_correction,
             "share of such draws' bias that weights take back at the start; 1 at the end", {0, 1});
  fields.add("initial_transitions", initial_transitions,
             "file that the replay begins with, of export, Minari or D4RL; empty: none");
}

template <class R>
Minibatch<R>::Minibatch(int rows, int observation_size, int action_size)
    : rows_(rows),
      observation_size_(observation_size),
      action_size_(action_size),
      observations_(static_cast<size_t>(rows) * static_cast<size_t>(observation_size)),
      actions_(static_cast<size_t>(rows) * static_cast<size_t>(action_size)),
      rewards_(static_cast<size_t>(rows)),
      discounts_(static_cast<size_t>(rows)),
      next_observations_(observations_.size()),
      weights_(static_cast<size_t>(rows)) {
  std::ranges::fill(weights_.span(), R(1));
}

template <class R>
Transitions<R> Minibatch<R>::transitions() const {
  return {.observations = view(observations_.data(), rows_, observation_size_),
          .actions = view(actions_.data(), rows_, action_size_),
          .next_observations = view(next_observations_.data(), rows_, observation_size_),
          .rewards = rewards_.span(),
          .discounts = discounts_.span(),
          .weights = weights_.span()};
}

template <class R>
void Minibatch<R>::set(int row, const TransitionRow<float>& from) {
  const auto k = static_cast<size_t>(row);
  std::ranges::copy(from.observation, &observations_[k * from.observation.size()]);
  std::ranges::copy(from.action, &actions_[k * from.action.size()]);
  std::ranges::copy(from.next_observation, &next_observations_[k * from.next_observation.size()]);
  rewards_[k] = from.reward;
  discounts_[k] = from.discount;
}

Replay::Replay(const ReplayConfig& config, int worlds, int observation_size, int action_size)
    : config_(config),
      observation_size_(static_cast<size_t>(observation_size)),
      action_size_(static_cast<size_t>(action_size)),
      width_(2 * observation_size_ + action_size_ + 2),
      pending_(static_cast<size_t>(worlds)) {
  if (config.priority_exponent > 0) priorities_.emplace(config.priority_exponent);
  const auto steps = static_cast<size_t>(config.lookahead);
  for (Pending& pending : pending_) {
    pending.observations.resize(steps * observation_size_);
    pending.actions.resize(steps * action_size_);
    pending.rewards.resize(steps);
  }
}

const float* Replay::numbers_of(int index) const {
  return chunks_[static_cast<size_t>(index / kChunkRows)].data() + static_cast<size_t>(index % kChunkRows) * width_;
}

float* Replay::numbers_of(int index) { return const_cast<float*>(std::as_const(*this).numbers_of(index)); }

TransitionRow<float> Replay::row(int index) const {
  const float* const numbers = numbers_of(index);
  const float* const action = numbers + observation_size_;
  const float* const rest = action + action_size_;
  return {.observation = {numbers, observation_size_},
          .action = {action, action_size_},
          .next_observation = {rest + 2, observation_size_},
          .reward = rest[0],
          .discount = rest[1]};
}

// The transition from the pending step `first` to after `last`, whose reward is among the pending ones.
void Replay::append(const Pending& pending, int first, const Step& last) {
  const auto start = static_cast<size_t>(first);
  double reward = 0, discount = 1;
  for (int step = first; step < pending.steps; ++step) {
    reward += discount * static_cast<double>(pending.rewards[static_cast<size_t>(step)]);
    discount *= config_.discount;
  }
  if (static_cast<size_t>(next_) == chunks_.size() * kChunkRows) chunks_.emplace_back(kChunkRows * width_);
  float* out = numbers_of(next_);
  out = std::copy_n(&pending.observations[start * observation_size_], observation_size_, out);
  out = std::copy_n(&pending.actions[start * action_size_], action_size_, out);
  *out++ = static_cast<float>(reward);
  *out++ = last.is_terminated ? 0.0f : static_cast<float>(discount);
  std::ranges::copy(last.next_observation, out);
  if (priorities_) priorities_->add(next_);
  next_ = (next_ + 1) % config_.capacity;
  size_ = std::min(size_ + 1, config_.capacity);
}

void Replay::forget_first(Pending& pending) const {
  const auto shift = [](std::vector<float>& rows, size_t width) {
    std::copy(rows.begin() + static_cast<std::ptrdiff_t>(width), rows.end(), rows.begin());
  };
  shift(pending.observations, observation_size_);
  shift(pending.actions, action_size_);
  shift(pending.rewards, 1);
  --pending.steps;
}

void Replay::add(int world, const Step& step) {
  Pending& pending = pending_[static_cast<size_t>(world)];
  if (!is_finite(step.observation) || !is_finite(step.action) || !is_finite(step.next_observation) ||
      !std::isfinite(step.reward)) {
    dropped_ += pending.steps + 1;
    pending.steps = 0;
    return;
  }
  const auto k = static_cast<size_t>(pending.steps);
  std::ranges::copy(step.observation, &pending.observations[k * observation_size_]);
  std::ranges::copy(step.action, &pending.actions[k * action_size_]);
  pending.rewards[k] = step.reward;
  ++pending.steps;
  if (step.is_last) {
    for (int first = 0; first < pending.steps; ++first) append(pending, first, step);
    pending.steps = 0;
  } else if (pending.steps == config_.lookahead) {
    append(pending, 0, step);
    forget_first(pending);
  }
}

void Replay::require_transitions() const {
  if (size_ > 0) return;
  throw Error("transitions were asked of an empty replay", "replay", "collect steps before the first update");
}

template <class R>
void Replay::sample(kernels::RandomStream stream, std::uint32_t draw, int first, int count, Minibatch<R>& out) const {
  require_transitions();
  for (int k = first; k < first + count; ++k) {
    out.set(k, row(static_cast<int>(
                   models::index_below(static_cast<size_t>(size_), stream, static_cast<std::uint32_t>(k), draw))));
  }
}

void Replay::sample_by_priority(kernels::RandomStream stream, std::uint32_t draw, double correction,
                                Minibatch<float>& out, std::span<std::int32_t> rows) const {
  require_transitions();
  assert(is_prioritised());
  priorities_->sample(stream, draw, correction, rows, out.weights());
  for (int k = 0; k < out.rows(); ++k) out.set(k, row(rows[static_cast<size_t>(k)]));
}

void Replay::set_priorities(std::span<const std::int32_t> rows, std::span<const float> errors) {
  assert(is_prioritised());
  priorities_->set(rows, errors);
}

void Replay::save(ByteWriter& out) const {
  out.write(size_);
  out.write(next_);
  out.write(dropped_);
  for (int first = 0; first < size_; first += kChunkRows) {
    const auto rows = static_cast<size_t>(std::min(kChunkRows, size_ - first));
    out.write_array(std::span<const float>(numbers_of(first), rows * width_));
  }
  for (const Pending& pending : pending_) {
    out.write(pending.steps);
    out.write_array(std::span<const float>(pending.observations));
    out.write_array(std::span<const float>(pending.actions));
    out.write_array(std::span<const float>(pending.rewards));
  }
  if (priorities_) priorities_->save(out);
}

void Replay::load(ByteReader& in) {
  const auto size = in.read<int>(), next = in.read<int>();
  if (size < 0 || size > config_.capacity || next < 0 || next > size || next >= config_.capacity) {
    in.fail(fmt::format("a replay of {} transitions, the next at {}, with room for {}", size, next, config_.capacity));
  }
  dropped_ = in.read<std::int64_t>();
  chunks_.clear();
  for (int first = 0; first < size; first += kChunkRows) {
    const auto rows = static_cast<size_t>(std::min(kChunkRows, size - first));
    HostBuffer<float>& chunk = chunks_.emplace_back(kChunkRows * width_);
    in.read_array(chunk.span().first(rows * width_));
  }
  size_ = size;
  next_ = next;
  for (Pending& pending : pending_) {
    pending.steps = in.read<int>();
    if (pending.steps < 0 || pending.steps >= config_.lookahead) in.fail("pending steps of a world");
    in.read_array(std::span(pending.observations));
    in.read_array(std::span(pending.actions));
    in.read_array(std::span(pending.rewards));
  }
  if (priorities_) priorities_->load(in, size_);
}

template class Minibatch<float>;
template class Minibatch<double>;
template void Replay::sample(kernels::RandomStream, std::uint32_t, int, int, Minibatch<float>&) const;
template void Replay::sample(kernels::RandomStream, std::uint32_t, int, int, Minibatch<double>&) const;

}  // namespace lockstep::agents
