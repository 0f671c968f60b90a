// Transitions: appending, cutting into segments, splitting for validation, saving.
#include "engine/transitions.h"
#include "engine/error.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace lockstep {
namespace {

void check_size(const char* what, size_t found, int expected) {
  if (found == static_cast<size_t>(expected)) return;
  throw Error(std::string("a transition's ") + what + " has " + std::to_string(found) + " numbers, not " +
                  std::to_string(expected),
              "TransitionData::append", "give one number per state and control of the data set");
}

}  // namespace

TransitionData::TransitionData(int state_size, int control_size)
    : state_size_(state_size), control_size_(control_size) {
  if (state_size < 1 || control_size < 0) {
    throw Error(
        "transitions of " + std::to_string(state_size) + " states and " + std::to_string(control_size) + " controls",
        "TransitionData", "give at least one state, and no negative number of controls");
  }
}

void TransitionData::append(const Transition& row) {
  check_size("x", row.x.size(), state_size_);
  check_size("u", row.u.size(), control_size_);
  check_size("next", row.next.size(), state_size_);
  x_.insert(x_.end(), row.x.begin(), row.x.end());
  u_.insert(u_.end(), row.u.begin(), row.u.end());
  next_.insert(next_.end(), row.next.begin(), row.next.end());
  reward_.push_back(row.reward);
  done_.push_back(row.done ? 1 : 0);
  truncated_.push_back(row.truncated ? 1 : 0);
  trajectory_.push_back(row.trajectory);
}

void TransitionData::append(const TransitionData& other) {
  reserve(size() + other.size());
  for (int i = 0; i < other.size(); ++i) append(other.row(i));
}

void TransitionData::reserve(int rows) {
  const auto n = static_cast<size_t>(std::max(rows, 0));
  x_.reserve(n * static_cast<size_t>(state_size_));
  u_.reserve(n * static_cast<size_t>(control_size_));
  next_.reserve(n * static_cast<size_t>(state_size_));
  reward_.reserve(n);
  done_.reserve(n);
  truncated_.reserve(n);
  trajectory_.reserve(n);
}

void TransitionData::clear() { *this = TransitionData(state_size_, control_size_); }

Transition TransitionData::row(int index) const {
  const auto i = static_cast<size_t>(index);
  const auto nx = static_cast<size_t>(state_size_), nu = static_cast<size_t>(control_size_);
  return {std::span(x_).subspan(i * nx, nx),
          std::span(u_).subspan(i * nu, nu),
          std::span(next_).subspan(i * nx, nx),
          reward_[i],
          done_[i] != 0,
          truncated_[i] != 0,
          trajectory_[i]};
}

bool TransitionData::is_continued(int row) const {
  const auto i = static_cast<size_t>(row);
  return row + 1 < size() && trajectory_[i] == trajectory_[i + 1] && done_[i] == 0 && truncated_[i] == 0;
}

std::vector<std::pair<int, int>> TransitionData::segments(int minimum) const {
  std::vector<std::pair<int, int>> runs;
  for (int first = 0; first < size();) {
    int last = first;
    while (is_continued(last)) ++last;
    if (last + 1 - first >= minimum) runs.emplace_back(first, last + 1);
    first = last + 1;
  }
  return runs;
}

TransitionData TransitionData::filtered(std::span<const std::uint8_t> keep) const {
  if (keep.size() != reward_.size()) {
    throw Error("a filter of " + std::to_string(keep.size()) + " rows for " + std::to_string(size()) + " transitions",
                "TransitionData::filtered", "give one value per row");
  }
  TransitionData out(state_size_, control_size_);
  std::int64_t number = -1;
  int previous = -2;
  for (int i = 0; i < size(); ++i) {
    if (keep[static_cast<size_t>(i)] == 0) continue;
    if (previous != i - 1 || !is_continued(previous)) ++number;
    Transition kept = row(i);
    kept.trajectory = number;
    out.append(kept);
    previous = i;
  }
  return out;
}

std::pair<TransitionData, TransitionData> TransitionData::split(double share) const {
  if (!(share > 0 && share < 1)) {
    throw Error("a held-out share of " + std::to_string(share), "TransitionData::split", "choose it inside (0, 1)");
  }
  std::vector<std::uint8_t> held(reward_.size(), 0);
  const auto runs = segments();
  const auto hold = [&](int first, int last) { std::fill(held.begin() + first, held.begin() + last, std::uint8_t{1}); };
  if (runs.size() >= 4) {
    // A segment is held out when the rows before its end reach the next multiple of the share.
    double owed = 0;
    for (const auto& [first, last] : runs) {
      owed += share * (last - first);
      if (owed < 0.5 * (last - first)) continue;
      hold(first, last);
      owed -= last - first;
    }
  } else {
    for (const auto& [first, last] : runs) hold(last - static_cast<int>(std::lround(share * (last - first))), last);
  }
  std::vector<std::uint8_t> fit(held.size());
  std::transform(held.begin(), held.end(), fit.begin(), [](std::uint8_t h) { return h == 0 ? 1 : 0; });
  return {filtered(fit), filtered(held)};
}

void TransitionData::save(ByteWriter& out) const {
  out.write(std::int32_t{state_size_});
  out.write(std::int32_t{control_size_});
  out.write_array(std::span(x_));
  out.write_array(std::span(u_));
  out.write_array(std::span(next_));
  out.write_array(std::span(reward_));
  out.write_array(std::span(done_));
  out.write_array(std::span(truncated_));
  out.write_array(std::span(trajectory_));
}

TransitionData TransitionData::load(ByteReader& in) {
  const auto nx = in.read<std::int32_t>(), nu = in.read<std::int32_t>();
  if (nx < 1 || nu < 0)
    in.fail("transitions of " + std::to_string(nx) + " states and " + std::to_string(nu) + " controls");
  TransitionData data(nx, nu);
  data.x_ = in.read_vector<double>();
  data.u_ = in.read_vector<double>();
  data.next_ = in.read_vector<double>();
  data.reward_ = in.read_vector<double>();
  data.done_ = in.read_vector<std::uint8_t>();
  data.truncated_ = in.read_vector<std::uint8_t>();
  data.trajectory_ = in.read_vector<std::int64_t>();
  const size_t rows = data.reward_.size();
  if (data.x_.size() != rows * static_cast<size_t>(nx) || data.u_.size() != rows * static_cast<size_t>(nu) ||
      data.next_.size() != data.x_.size() || data.done_.size() != rows || data.truncated_.size() != rows ||
      data.trajectory_.size() != rows) {
    in.fail("arrays of transitions whose lengths do not fit each other");
  }
  return data;
}

}  // namespace lockstep
