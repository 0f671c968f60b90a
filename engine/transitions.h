// Transitions: what an agent saw of a system, row by row in time, for fitting models and training policies.
#pragma once

#include "engine/byte_stream.h"
#include "engine/view.h"

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace lockstep {

// One row: in state `x` [nx] the control `u` [nu] was held for one step and led to `next` [nx].
struct Transition {
  std::span<const double> x, u, next;
  double reward = 0;
  bool done = false;            // the task ended here: `next` is terminal
  bool truncated = false;       // a time limit or a fault ended the episode here
  std::int64_t trajectory = 0;  // rows of one trajectory are appended in time order, one after the other
};

// Rows of transitions as a struct of arrays. Two rows that follow each other with the same trajectory number are
// consecutive steps of one motion (unless the first is done or truncated); no pair crosses a trajectory boundary.
class TransitionData {
 public:
  // state_size >= 1, control_size >= 0; Error otherwise.
  TransitionData(int state_size, int control_size);

  // Error where a size differs from state_size or control_size.
  void append(const Transition& row);
  void append(const TransitionData& other);
  void reserve(int rows);
  void clear();

  [[nodiscard]] int size() const { return static_cast<int>(reward_.size()); }
  [[nodiscard]] bool empty() const { return reward_.empty(); }
  [[nodiscard]] int state_size() const { return state_size_; }
  [[nodiscard]] int control_size() const { return control_size_; }

  [[nodiscard]] View<const double, 2> x() const { return rows_of(x_, state_size_); }        // [rows][nx]
  [[nodiscard]] View<const double, 2> u() const { return rows_of(u_, control_size_); }      // [rows][nu]
  [[nodiscard]] View<const double, 2> next() const { return rows_of(next_, state_size_); }  // [rows][nx]
  [[nodiscard]] std::span<const double> reward() const { return reward_; }                  // [rows]
  [[nodiscard]] std::span<const std::uint8_t> done() const { return done_; }                // [rows]
  [[nodiscard]] std::span<const std::uint8_t> truncated() const { return truncated_; }      // [rows]
  [[nodiscard]] std::span<const std::int64_t> trajectory() const { return trajectory_; }    // [rows]
  [[nodiscard]] Transition row(int index) const;

  // True where row + 1 continues the motion of row.
  [[nodiscard]] bool is_continued(int row) const;
  // Runs of consecutive rows, each at least `minimum` long: [first, past the last).
  [[nodiscard]] std::vector<std::pair<int, int>> segments(int minimum = 1) const;

  // The rows with keep [rows] != 0. A trajectory with a gap becomes several: trajectories are renumbered from 0.
  [[nodiscard]] TransitionData filtered(std::span<const std::uint8_t> keep) const;
  // {rows to fit, rows held out}: about `share` in (0, 1) of the rows is held out, as whole segments spread evenly
  // over the data where there are at least four, else as the tail of each.
  [[nodiscard]] std::pair<TransitionData, TransitionData> split(double share) const;

  void save(ByteWriter& out) const;
  // Error where the saved sizes do not fit each other.
  static TransitionData load(ByteReader& in);

 private:
  [[nodiscard]] View<const double, 2> rows_of(const std::vector<double>& values, int fields) const {
    return View<const double, 2>(values.data(), size(), fields);
  }

  int state_size_;
  int control_size_;
  std::vector<double> x_, u_, next_, reward_;
  std::vector<std::uint8_t> done_, truncated_;
  std::vector<std::int64_t> trajectory_;
};

}  // namespace lockstep
