// What every step of a group of worlds ends with, whatever the task: flags, clocks, returns and faults on lanes T.
#pragma once

#include "envs/task_kernels.h"
#include "kernels/lanes.h"
#include "kernels/math.h"

namespace lockstep::envs {

// Members work on the group of kLanes<T> worlds that starts at lane `group`.
template <class T>
struct EpisodeOn {
  using R = kernels::Real<T>;
  using Mask = kernels::MaskOf<T>;
  static constexpr int kWidth = kernels::kLanes<T>;

  LS_FN static void store_bytes(Mask mask, std::uint8_t* bytes) {
    for (int lane = 0; lane < kWidth; ++lane) bytes[lane] = kernels::lane(mask, lane) ? 1 : 0;
  }
  LS_FN static Mask load_bytes(const std::uint8_t* bytes) {
    Mask mask = false;
    for (int lane = 0; lane < kWidth; ++lane) kernels::set_lane(mask, lane, bytes[lane] != 0);
    return mask;
  }
  LS_FN static void store_floats(T x, float* numbers) {
    R own[kWidth];
    kernels::store(own, x);
    for (int lane = 0; lane < kWidth; ++lane) numbers[lane] = static_cast<float>(own[lane]);
  }

  // Worlds that do not exist do not count.
  LS_FN static int count_faults(const Block<R>& b, int group, Mask fault) {
    if (!kernels::any(fault)) return 0;
    int faults = 0;
    for (int lane = 0; lane < kWidth && group + lane < b.worlds; ++lane) faults += kernels::lane(fault, lane) ? 1 : 0;
    return faults;
  }

  // The worlds whose episode ended, and those whose next one must start.
  struct End {
    Mask ended, restart;
  };
  // After a step: writes reward, flags, clock and returns, and counts the episode up where a new one must start.
  LS_FN static End settle(const Block<R>& b, int group, const StepSettings& settings, Mask terminated, Mask fault,
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
    store_floats(paid, b.reward + group);
    store_floats(select(ended, running_return, T(0)), b.final_return + group);
    store_bytes(at_task_end, b.terminated + group);
    store_bytes(truncated, b.truncated + group);
    kernels::store(b.clock + group, select(restart, T(0), clock));
    kernels::store(b.running_return + group, select(restart, T(0), running_return));
    kernels::for_each_lane(restart, [&](int lane) { ++b.episode[group + lane]; });
    return {ended, restart};
  }
};

}  // namespace lockstep::envs
