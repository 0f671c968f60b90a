// What every step of a group of worlds ends with, whatever the task: flags, clocks, returns and faults on lanes T.
#pragma once

#include "envs/reset_draw.h"
#include "envs/task_kernels.h"
#include "kernels/lane_rows.h"
#include "kernels/lanes.h"
#include "kernels/math.h"

namespace lockstep::envs {

// Members work on the group of kLanes<T> worlds that starts at lane `group`.
template <class T>
struct EpisodeOn {
  using R = kernels::Real<T>;
  using Mask = kernels::MaskOf<T>;
  static constexpr int kWidth = kernels::kLanes<T>;

  // Worlds that do not exist do not count.
  LS_FN static int count_faults(const Block<R>& b, int group, Mask fault) {
    if (!kernels::any(fault)) return 0;
    int faults = 0;
    for (int lane = 0; lane < kWidth && group + lane < b.worlds; ++lane) faults += kernels::lane(fault, lane) ? 1 : 0;
    return faults;
  }

  // After a step: writes reward, flags, clock and returns, and marks in b.started the worlds where the next episode
  // must start. Returns the worlds whose episode ended.
  LS_FN static Mask settle(const Block<R>& b, int group, const StepSettings& settings, Mask terminated, Mask fault,
                           T reward) {
    using kernels::select;
    const T paid = select(fault, T(0), reward);
    const T clock = kernels::load<T>(b.clock + group) + T(1);
    const T running_return = kernels::load<T>(b.running_return + group) + paid;
    const Mask at_task_end = terminated && !fault;
    const Mask late = settings.episode_steps > 0 ? clock >= T(settings.episode_steps) : Mask(false);
    const Mask truncated = late || fault;
    const Mask ended = at_task_end || truncated;
    const Mask restart = settings.auto_reset ? ended : fault;
    kernels::store_floats(b.reward + group, paid);
    kernels::store_floats(b.final_return + group, select(ended, running_return, T(0)));
    kernels::store_flags(b.terminated + group, at_task_end);
    kernels::store_flags(b.truncated + group, truncated);
    kernels::store_flags(b.started + group, restart);
    kernels::store(b.clock + group, select(restart, T(0), clock));
    kernels::store(b.running_return + group, select(restart, T(0), running_return));
    return ended;
  }

  // Worlds of a block that start an episode, gathered until they fill a register: few do at once, wherever they are.
  struct Starts {
    int lanes[kWidth] = {};
    int count = 0;
    // True where the register is full now: start these.
    bool add(int lane) {
      lanes[count] = lane;
      count = (count + 1) % kWidth;
      return count == 0;
    }
    // Fills up what is left with its first world, which will start twice in the same way; false where nothing is left.
    bool fill() {
      if (count == 0) return false;
      for (int i = 1; i < kWidth; ++i) lanes[i] = i < count ? lanes[i] : lanes[0];
      return true;
    }
  };
  // start(lanes) with registers of the worlds that `marks` [lane] marks.
  template <class Start>
  static void start_marked(const Block<R>& b, const std::uint8_t* marks, Start&& start) {
    Starts starts;
    kernels::for_each_flag(marks, b.lanes, [&](int lane) {
      if (starts.add(lane)) start(starts.lanes);
    });
    if (starts.fill()) start(starts.lanes);
  }
  // What follows where an episode ended: keep(lane), and start(lanes) with registers of the worlds that b.started
  // marks, whose episodes are counted up.
  template <class Keep, class Start>
  static void end_episodes(const Block<R>& b, Keep&& keep, Start&& start) {
    Starts starts;
    kernels::for_each_flag(b.terminated, b.truncated, b.lanes, [&](int lane) {
      keep(lane);
      if (b.started[lane] == 0) return;
      ++b.episode[lane];
      if (starts.add(lane)) start(starts.lanes);
    });
    if (starts.fill()) start(starts.lanes);
  }
  // Before the first step: all worlds of the block start.
  template <class Start>
  static void start_all(const Block<R>& b, Start&& start) {
    for (int lane = 0; lane < b.lanes; ++lane) {
      b.clock[lane] = b.running_return[lane] = 0;
      b.started[lane] = 1;
    }
    start_marked(b, b.started, start);
  }

  LS_FN static void copy_row(const float* row, int size, float* target) {
    for (int i = 0; i < size; ++i) target[i] = row[i];
  }
  LS_FN static void keep_final_observation(const Block<R>& b, int lane, int size) {
    copy_row(b.observation + lane * size, size, b.final_observation + lane * size);
  }
};

// What a register of worlds that start draws with.
template <class T>
struct StartOn {
  static constexpr int kWidth = kernels::kLanes<T>;
  std::uint32_t worlds[kWidth], episodes[kWidth];

  LS_FN StartOn(const Block<kernels::Real<T>>& b, const int (&lanes)[kWidth]) {
    for (int i = 0; i < kWidth; ++i) {
      worlds[i] = b.first_world + static_cast<std::uint32_t>(lanes[i]);
      episodes[i] = b.episode[lanes[i]];
    }
  }
  [[nodiscard]] LS_FN ResetDraw<T> draw(const Block<kernels::Real<T>>& b, const StepSettings& settings,
                                        std::uint32_t attempt) const {
    return {settings.stream, worlds, episodes, attempt, b.options};
  }
};

}  // namespace lockstep::envs
