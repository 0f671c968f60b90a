// Steps of all worlds, sorted into motions of each.
#include "agents/observed_worlds.h"
#include "agents/action_distribution.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

namespace lockstep::agents {
namespace {

void append_rows(View<const float, 2> rows, std::vector<float>& out) {
  out.insert(out.end(), rows.data_handle(), rows.data_handle() + rows.size());
}

}  // namespace

ObservedWorlds::ObservedWorlds(std::unique_ptr<Environment> worlds)
    : worlds_(std::move(worlds)),
      actions_(static_cast<size_t>(worlds_->config().num_worlds) * static_cast<size_t>(worlds_->spec().action_size)) {}

void ObservedWorlds::restart() { worlds_->reset(); }

void ObservedWorlds::take_step(const Chooser& choose, Seen& seen) {
  append_rows(worlds_->observation(), seen.before);
  choose(*worlds_, actions_);
  const View<const float, 2> actions =
      view(std::as_const(actions_).data(), worlds_->config().num_worlds, worlds_->spec().action_size);
  append_rows(actions, seen.actions);
  worlds_->step(actions);
  for (int world = 0; world < actions.extent(0); ++world) {
    const bool ends =
        worlds_->terminated()[static_cast<size_t>(world)] != 0 || worlds_->truncated()[static_cast<size_t>(world)] != 0;
    const std::span<const float> row = row_of(ends ? worlds_->final_observation() : worlds_->observation(), world);
    seen.after.insert(seen.after.end(), row.begin(), row.end());
  }
  seen.rewards.insert(seen.rewards.end(), worlds_->reward().begin(), worlds_->reward().end());
  seen.terminated.insert(seen.terminated.end(), worlds_->terminated().begin(), worlds_->terminated().end());
  seen.truncated.insert(seen.truncated.end(), worlds_->truncated().begin(), worlds_->truncated().end());
}

void ObservedWorlds::append(const Seen& seen, int steps, int world, TransitionData& data) {
  const auto worlds = static_cast<size_t>(worlds_->config().num_worlds);
  const auto nx = static_cast<size_t>(worlds_->spec().observation_size);
  const auto nu = static_cast<size_t>(worlds_->spec().action_size);
  ++motions_;
  for (int step = 0; step < steps; ++step) {
    const size_t row = static_cast<size_t>(step) * worlds + static_cast<size_t>(world);
    const auto numbers = [row](const std::vector<float>& of, size_t width) {
      const auto first = of.begin() + static_cast<std::ptrdiff_t>(row * width);
      return std::vector<double>(first, first + static_cast<std::ptrdiff_t>(width));
    };
    const std::vector<double> x = numbers(seen.before, nx), u = numbers(seen.actions, nu),
                              next = numbers(seen.after, nx);
    const auto is_finite = [](double number) { return std::isfinite(number); };
    const bool is_sound = std::ranges::all_of(x, is_finite) && std::ranges::all_of(u, is_finite) &&
                          std::ranges::all_of(next, is_finite) && std::isfinite(seen.rewards[row]);
    const bool ends = seen.terminated[row] != 0 || seen.truncated[row] != 0;
    if (is_sound) {
      data.append({.x = x,
                   .u = u,
                   .next = next,
                   .reward = static_cast<double>(seen.rewards[row]),
                   .done = seen.terminated[row] != 0,
                   .truncated = seen.truncated[row] != 0,
                   .trajectory = motions_});
    }
    if (ends || !is_sound) ++motions_;
  }
}

std::int64_t ObservedWorlds::collect(int steps, const Chooser& choose, TransitionData& data,
                                     const std::function<void(double)>& on_share) {
  const int worlds = worlds_->config().num_worlds, of_each = (steps + worlds - 1) / worlds;
  Seen seen;
  for (int step = 0; step < of_each; ++step) {
    take_step(choose, seen);
    on_share((step + 1.0) / of_each);
  }
  for (int world = 0; world < worlds; ++world) append(seen, of_each, world, data);
  return std::int64_t{of_each} * worlds;
}

void ObservedWorlds::save(ByteWriter& out) const {
  out.write(motions_);
  out.write_array(std::span<const std::byte>(worlds_->save()));
}

void ObservedWorlds::load(ByteReader& in) {
  motions_ = in.read<std::int64_t>();
  worlds_->load(in.read_vector<std::byte>());
}

}  // namespace lockstep::agents
