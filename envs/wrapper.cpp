// Delays, disturbs and repeats actions; normalises and stacks what is seen.
#include "envs/wrapper.h"

#include <algorithm>
#include <cmath>

namespace lockstep::envs {
namespace {

// The stream of random numbers of action noise; no other place uses it.
constexpr std::uint32_t kNoiseStream = 0x7e5e7002;
// That of noise on observations.
constexpr std::uint32_t kBlurStream = 0x7e5e7003;
// Normalised numbers are cut off at this many deviations.
constexpr float kLimit = 10;

std::size_t product(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

template <class T>
T* row_of(HostBuffer<T>& buffer, int row, int width) {
  return buffer.data() + static_cast<std::ptrdiff_t>(row) * width;
}

}  // namespace

Wrapper::Wrapper(const EnvironmentConfig& config, const TaskSpec& task, StepResults results, int rows, int num_blocks)
    : wrapping_(config.wrapping),
      worlds_(config.num_worlds),
      size_(task.observation_size),
      actions_(task.action_size),
      learns_(config.learns_statistics),
      statistics_(config.statistics ? config.statistics : std::make_shared<RunningStatistics>()),
      results_(results),
      noise_{.seed = config.seed, .stream = kNoiseStream},
      waiting_(product(rows, wrapping_.action_delay * actions_)),
      executed_(product(rows, actions_)),
      noisy_(wrapping_.observation_noise > 0 ? product(rows, size_) : 0),
      normalised_(product(rows, size_)),
      shown_(product(rows, observation_size())),
      final_(product(rows, observation_size())),
      last_(product(rows, size_)),
      reward_(static_cast<std::size_t>(rows)),
      discounted_(static_cast<std::size_t>(rows)),
      final_return_(static_cast<std::size_t>(rows)),
      terminated_(static_cast<std::size_t>(rows)),
      truncated_(static_cast<std::size_t>(rows)),
      ended_(static_cast<std::size_t>(rows)),
      episode_(static_cast<std::size_t>(worlds_)),
      block_observations_(static_cast<std::size_t>(num_blocks), RunningMoments(size_)),
      block_returns_(static_cast<std::size_t>(num_blocks), RunningMoments(1)) {
  for (const double width : task.observation_noise) {
    if (wrapping_.observation_noise > 0) blur_.push_back(static_cast<float>(wrapping_.observation_noise * width));
  }
  for (std::size_t i = 0; i < task.action_low.size(); ++i) {
    const double low = task.action_low[i], high = task.action_high[i];
    const bool is_bounded = std::isfinite(low) && std::isfinite(high);
    deviation_.push_back(static_cast<float>(wrapping_.action_noise * (is_bounded ? 0.5 * (high - low) : 1.0)));
    low_.push_back(static_cast<float>(low));
    high_.push_back(static_cast<float>(high));
    neutral_.push_back(std::clamp(0.0f, low_.back(), high_.back()));
  }
  if (statistics_->observations.width() != size_) *statistics_ = {RunningMoments(size_), RunningMoments(1)};
}

void Wrapper::begin_episode(int world) {
  const auto number = static_cast<std::size_t>(world);
  episode_[number] = results_.episode[world];
  discounted_[number] = 0;
  for (int k = 0; k < wrapping_.action_delay; ++k) {
    std::ranges::copy(neutral_, row_of(waiting_, world * wrapping_.action_delay + k, actions_));
  }
}

void Wrapper::blur_row(int world, std::uint32_t draw, float* row) const {
  const kernels::RandomStream stream{.seed = noise_.seed, .stream = kBlurStream};
  for (std::size_t i = 0; i < blur_.size(); i += 4) {
    const kernels::PhiloxWords words = kernels::philox(stream, static_cast<std::uint32_t>(world), decision_,
                                                       (draw << 16) + static_cast<std::uint32_t>(i / 4));
    for (std::size_t k = i; k < std::min(i + 4, blur_.size()); ++k) {
      const float unit = kernels::uniform_from_words<float>(words.word[k - i], 0);
      row[k] += blur_[k] * (2 * unit - 1);
    }
  }
}
void Wrapper::blur(int first, int count) {
  for (int world = first; world < first + count && !blur_.empty(); ++world) {
    float* const row = row_of(noisy_, world, size_);
    std::copy_n(results_.observation + static_cast<std::ptrdiff_t>(world) * size_, size_, row);
    blur_row(world, 0, row);
  }
}

void Wrapper::start() {
  blur(0, worlds_);
  if (wrapping_.normalise_observations && learns_) {
    statistics_->observations.add(View<const float, 2>(seen(), worlds_, size_));
  }
  for (int world = 0; world < worlds_; ++world) {
    begin_episode(world);
    show_seen(world);
  }
  std::ranges::fill(reward_.span(), 0.0f);
  std::ranges::fill(final_return_.span(), 0.0f);
  std::ranges::fill(terminated_.span(), std::uint8_t{0});
  std::ranges::fill(truncated_.span(), std::uint8_t{0});
}

void Wrapper::show_state(int world) {
  blur(world, 1);
  show_seen(world);
}
void Wrapper::show_seen(int world) {
  float* const now = row_of(normalised_, world, size_);
  normalise(seen(), world, 1, now);
  for (int frame = 0; frame < wrapping_.frame_stack; ++frame) {
    std::copy_n(now, size_, row_of(shown_, world, observation_size()) + frame * size_);
  }
}

void Wrapper::add_noise(int world, float* action) const {
  const auto count = static_cast<std::size_t>(actions_);
  for (std::size_t i = 0; i < count; i += 2) {
    float draws[2];
    kernels::normal_pair<float>(noise_, static_cast<std::uint32_t>(world), decision_, static_cast<std::uint32_t>(i / 2),
                                draws[0], draws[1]);
    for (std::size_t k = i; k < std::min(i + 2, count); ++k) {
      action[k] = std::clamp(action[k] + deviation_[k] * draws[k - i], low_[k], high_[k]);
    }
  }
}

const float* Wrapper::execute(int first, int count, const float* actions) {
  const int delay = wrapping_.action_delay;
  for (int world = first; world < first + count; ++world) {
    const auto number = static_cast<std::size_t>(world);
    reward_[number] = final_return_[number] = 0;
    terminated_[number] = truncated_[number] = ended_[number] = 0;
    const float* const chosen = actions + static_cast<std::ptrdiff_t>(world) * actions_;
    float* const action = row_of(executed_, world, actions_);
    if (delay == 0) {
      std::copy_n(chosen, actions_, action);
    } else {
      float* const next = row_of(waiting_, world, delay * actions_);
      std::copy_n(next, actions_, action);
      std::copy(next + actions_, next + delay * actions_, next);
      std::copy_n(chosen, actions_, next + (delay - 1) * actions_);
    }
    if (wrapping_.action_noise > 0) add_noise(world, action);
  }
  return row_of(executed_, first, actions_);
}

bool Wrapper::collect(int first, int count) {
  bool is_over = true;
  for (int world = first; world < first + count; ++world) {
    const auto number = static_cast<std::size_t>(world);
    if (ended_[number] != 0) continue;
    reward_[number] += results_.reward[world];
    terminated_[number] = results_.terminated[world];
    truncated_[number] = results_.truncated[world];
    if (terminated_[number] == 0 && truncated_[number] == 0) {
      is_over = false;
      continue;
    }
    ended_[number] = 1;
    final_return_[number] = results_.final_return[world];
    std::copy_n(results_.final_observation + static_cast<std::ptrdiff_t>(world) * size_, size_,
                row_of(last_, world, size_));
    blur_row(world, 1, row_of(last_, world, size_));
  }
  return is_over;
}

bool Wrapper::has_ended(int first, int count) const {
  const auto worlds = ended_.span().subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
  return std::ranges::any_of(worlds, [](std::uint8_t mark) { return mark != 0; });
}

const std::uint8_t* Wrapper::stop_ended(int first, int count) {
  for (int world = first; world < first + count; ++world) {
    if (ended_[static_cast<std::size_t>(world)] != 0) std::fill_n(row_of(executed_, world, actions_), actions_, 0.0f);
  }
  return ended_.data() + first;
}

void Wrapper::see(int block, int first, int count) {
  const auto number = static_cast<std::size_t>(block);
  blur(first, count);
  if (wrapping_.normalise_observations && learns_) {
    block_observations_[number].clear();
    block_observations_[number].add(
        View<const float, 2>(seen() + static_cast<std::ptrdiff_t>(first) * size_, count, size_));
  }
  if (wrapping_.normalise_rewards) {
    const auto discount = static_cast<float>(wrapping_.reward_discount);
    for (auto world = static_cast<std::size_t>(first); world < static_cast<std::size_t>(first + count); ++world) {
      discounted_[world] = reward_[world] + discount * discounted_[world];
    }
    block_returns_[number].clear();
    block_returns_[number].add(View<const float, 2>(discounted_.data() + first, count, 1));
  }
  if (!wrapping_.normalises()) show(first, count);
}

void Wrapper::learn() {
  if (!learns_) return;
  for (const RunningMoments& block : block_observations_) statistics_->observations.add(block);
  for (const RunningMoments& block : block_returns_) statistics_->returns.add(block);
}

void Wrapper::normalise(const float* observations, int first, int rows, float* out) const {
  const float* const begin = observations + static_cast<std::ptrdiff_t>(first) * size_;
  if (wrapping_.normalise_observations) {
    statistics_->observations.standardise(View<const float, 2>(begin, rows, size_), kLimit,
                                          View<float, 2>(out, rows, size_));
  } else {
    std::copy_n(begin, product(rows, size_), out);
  }
}

void Wrapper::push_frame(const float* observation, float* frames) const {
  std::copy(frames + size_, frames + observation_size(), frames);
  std::copy_n(observation, size_, frames + observation_size() - size_);
}

void Wrapper::show_world(int world) {
  const auto number = static_cast<std::size_t>(world);
  float* const frames = row_of(shown_, world, observation_size());
  if (ended_[number] != 0) {
    float* const last = row_of(final_, world, observation_size());
    std::copy_n(frames, observation_size(), last);
    float* const observation = row_of(last_, world, size_);
    normalise(observation, 0, 1, observation);
    push_frame(observation, last);
  }
  const float* const now = row_of(normalised_, world, size_);
  if (results_.episode[world] == episode_[number]) {
    push_frame(now, frames);
    return;
  }
  begin_episode(world);
  for (int frame = 0; frame < wrapping_.frame_stack; ++frame) std::copy_n(now, size_, frames + frame * size_);
}

void Wrapper::show(int first, int count) {
  normalise(seen(), first, count, row_of(normalised_, first, size_));
  for (int world = first; world < first + count; ++world) show_world(world);
  if (!wrapping_.normalise_rewards) return;
  const float scale = statistics_->returns.scale(0);
  for (auto world = static_cast<std::size_t>(first); world < static_cast<std::size_t>(first + count); ++world) {
    reward_[world] = std::clamp(reward_[world] * scale, -kLimit, kLimit);
    if (ended_[world] != 0) discounted_[world] = 0;
  }
}

// f on every array of worlds that outlives a decision.
template <class Self, class Function>
void Wrapper::each_saved(Self& self, Function&& f) {
  f(self.waiting_), f(self.shown_), f(self.final_), f(self.reward_), f(self.discounted_), f(self.final_return_);
  f(self.terminated_), f(self.truncated_);
}

void Wrapper::save(ByteWriter& out) const {
  out.write(noise_.seed);
  out.write(decision_);
  out.write_array(std::span<const std::uint32_t>(episode_));
  const auto worlds = static_cast<std::size_t>(worlds_);
  each_saved(*this,
             [&](const auto& buffer) { out.write_array(buffer.span().first(buffer.size() / ended_.size() * worlds)); });
  statistics_->observations.save(out);
  statistics_->returns.save(out);
}

void Wrapper::load(ByteReader& in) {
  noise_.seed = in.read<std::uint64_t>();
  decision_ = in.read<std::uint32_t>();
  in.read_array(std::span<std::uint32_t>(episode_));
  const auto worlds = static_cast<std::size_t>(worlds_);
  each_saved(*this, [&](auto& buffer) { in.read_array(buffer.span().first(buffer.size() / ended_.size() * worlds)); });
  statistics_->observations.load(in);
  statistics_->returns.load(in);
}

}  // namespace lockstep::envs
