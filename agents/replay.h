// Replay: the transitions that an off-policy agent remembers and learns from.
#pragma once

#include "agents/replay_priorities.h"
#include "engine/buffer.h"
#include "engine/byte_stream.h"
#include "engine/settings.h"
#include "engine/view.h"
#include "kernels/philox.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace lockstep::agents {

struct ReplayConfig {
  int capacity = 1000000;  // transitions; the oldest are forgotten, >= 1
  int lookahead = 1;       // steps whose rewards a transition sums before it bootstraps (n-step returns), >= 1
  double discount = 0.99;  // of rewards, per step, [0, 1]
  // Draws in proportion to (TD error)^priority_exponent, [0, 1]; 0: all alike (agents/replay_priorities.h).
  double priority_exponent = 0;
  // How far the bias of such draws is taken back by weights at the start, rising linearly to 1 at the end, [0, 1].
  double priority_correction = 0.4;
  std::string initial_transitions = {};  // file of steps that it begins with (engine/hdf5_episodes.h); empty: none

  void describe(Fields& fields);
};

// A step of one world. What follows an action is the true last observation where the episode ended there.
struct Step {
  std::span<const float> observation, action, next_observation;  // [observation_size], [action_size], as the first
  float reward = 0;
  bool is_terminated = false;  // the task ended there: nothing follows
  bool is_last = false;        // terminated, or cut by a time limit: the next step is of another episode
};

// One transition, [observation_size], [action_size], as the first.
template <class R>
struct TransitionRow {
  std::span<const R> observation, action, next_observation;
  R reward = 0, discount = 0;
};

// Transitions side by side, as an update wants them. With n steps looked ahead (fewer at the end of an episode):
//   reward = sum over k < n of discount^k r_k, and discount = discount^n, or 0 where the task ended there.
template <class R>
struct Transitions {
  View<const R, 2> observations, actions, next_observations;  // [rows][observation_size], [rows][action_size], ...
  std::span<const R> rewards, discounts;                      // [rows]
  std::span<const R> weights = {};                            // [rows] of their losses; empty: all 1

  [[nodiscard]] TransitionRow<R> row(int k) const {
    const auto of = [k](View<const R, 2> rows) {
      return std::span<const R>(&rows(k, 0), static_cast<size_t>(rows.extent(1)));
    };
    const auto i = static_cast<size_t>(k);
    return {of(observations), of(actions), of(next_observations), rewards[i], discounts[i]};
  }
};

// Room for a number of transitions.
template <class R>
class Minibatch {
 public:
  Minibatch(int rows, int observation_size, int action_size);

  [[nodiscard]] int rows() const { return rows_; }
  [[nodiscard]] Transitions<R> transitions() const;
  // Overwrites row `row`.
  void set(int row, const TransitionRow<float>& from);
  // [rows] 1 unless something else is written.
  [[nodiscard]] std::span<R> weights() { return weights_.span(); }

 private:
  int rows_, observation_size_, action_size_;
  HostBuffer<R> observations_, actions_, rewards_, discounts_, next_observations_, weights_;
};

// A ring of transitions of worlds that are stepped side by side. Memory grows with what is in it, up to `capacity`
// rows of 2 observation_size + action_size + 2 floats.
class Replay {
 public:
  Replay(const ReplayConfig& config, int worlds, int observation_size, int action_size);

  [[nodiscard]] int size() const { return size_; }
  [[nodiscard]] int capacity() const { return config_.capacity; }
  [[nodiscard]] std::int64_t dropped() const { return dropped_; }

  // Remembers a step of a world. One with a number that is not finite is dropped, as is what leads to it, and counted:
  // the world diverged there.
  void add(int world, const Step& step);

  // A transition that is remembered, 0 <= index < size(); valid until the next add().
  [[nodiscard]] TransitionRow<float> row(int index) const;

  // Draws transitions uniformly, with replacement: row k is a function of (stream, draw, k) and of what is remembered.
  // Error where nothing is.
  template <class R>
  void sample(kernels::RandomStream stream, std::uint32_t draw, Minibatch<R>& out) const {
    sample(stream, draw, 0, out.rows(), out);
  }
  // The same into rows first ... first + count - 1 alone.
  template <class R>
  void sample(kernels::RandomStream stream, std::uint32_t draw, int first, int count, Minibatch<R>& out) const;

  // Where priority_exponent is above 0: draws transitions in proportion to their priorities, with their weights, and
  // writes which they are into rows [out.rows()]; set_priorities tells what their values' errors [rows] came to.
  void sample_by_priority(kernels::RandomStream stream, std::uint32_t draw, double correction, Minibatch<float>& out,
                          std::span<std::int32_t> rows) const;
  void set_priorities(std::span<const std::int32_t> rows, std::span<const float> errors);
  [[nodiscard]] bool is_prioritised() const { return priorities_.has_value(); }

  void save(ByteWriter& out) const;
  void load(ByteReader& in);

 private:
  // The last steps of a world that still wait for the rewards after them.
  struct Pending {
    std::vector<float> observations, actions, rewards;  // of up to `lookahead` steps, the oldest first
    int steps = 0;
  };

  void require_transitions() const;
  [[nodiscard]] float* numbers_of(int index);
  [[nodiscard]] const float* numbers_of(int index) const;
  void append(const Pending& pending, int first, const Step& last);
  void forget_first(Pending& pending) const;

  ReplayConfig config_;
  size_t observation_size_, action_size_, width_;
  std::vector<HostBuffer<float>> chunks_;  // rows: observation | action | reward | discount | next observation
  std::vector<Pending> pending_;           // [worlds]
  int size_ = 0, next_ = 0;                // rows in use; the row that is written next
  std::int64_t dropped_ = 0;
  std::optional<ReplayPriorities> priorities_;
};

extern template class Minibatch<float>;
extern template class Minibatch<double>;

}  // namespace lockstep::agents
