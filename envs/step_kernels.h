// One env step of a block of worlds, fused: dynamics or what follows MuJoCo's, reward, termination, reset, observation.
// Task is the struct of envs/<task>.h, T the lanes; docs/adding-a-task.md lists what a Task has.
#pragma once

#include "envs/episode_kernels.h"
#include "envs/reset_draw.h"
#include "envs/task_facts.h"
#include "envs/task_kernels.h"
#include "kernels/lanes.h"
#include "kernels/math.h"

namespace lockstep::envs {

template <class Task>
inline constexpr bool kHasOwnDynamics = Task::kFacts.model == nullptr;

// The kernels of one task on lanes T, as functions of a block. Members work on the group of kLanes<T> worlds that
// starts at lane `group`.
template <class Task, class T>
struct StepOn {
  using R = kernels::Real<T>;
  using Mask = kernels::MaskOf<T>;
  using Episode = EpisodeOn<T>;
  static constexpr int kWidth = kernels::kLanes<T>;
  static constexpr int kStates = Task::kStates, kActions = Task::kActions, kObservations = Task::kObservations;
  static constexpr int kPositions = Task::kFacts.nq;
  static_assert(Task::kFacts.nq + Task::kFacts.nv == kStates);

  LS_FN static R* state_field(const Block<R>& b, int field, int group) {
    return (field < kPositions ? b.qpos + field * b.lanes : b.qvel + (field - kPositions) * b.lanes) + group;
  }
  LS_FN static void load_state(const Block<R>& b, int group, T (&x)[kStates]) {
    for (int i = 0; i < kStates; ++i) x[i] = kernels::load<T>(state_field(b, i, group));
  }
  LS_FN static void store_state(const Block<R>& b, int group, const T (&x)[kStates]) {
    for (int i = 0; i < kStates; ++i) kernels::store(state_field(b, i, group), x[i]);
  }

  // Lanes beyond the last world act with 0. Where an action is not finite it becomes 0 and the result is true.
  LS_FN static Mask load_action(const Block<R>& b, int group, T (&action)[kActions]) {
    const float* const rows = b.actions + group * kActions;
    Mask bad = false;
    for (int i = 0; i < kActions; ++i) {
      R numbers[kWidth];
      if (kActions == 1 && group + kWidth <= b.worlds) {  // the common case, without a bound to test in the loop
        for (int lane = 0; lane < kWidth; ++lane) numbers[lane] = static_cast<R>(rows[lane]);
      } else {
        for (int lane = 0; lane < kWidth; ++lane) {
          numbers[lane] = group + lane < b.worlds ? static_cast<R>(rows[lane * kActions + i]) : R(0);
        }
      }
      action[i] = kernels::load<T>(numbers);
      const Mask finite = kernels::is_finite(action[i]);
      action[i] = kernels::select(finite, action[i], T(0));
      bad = bad || !finite;
    }
    return bad;
  }

  // One row a world, from one number a field: the transpose that learners want.
  LS_FN static void store_observation(const T (&x)[kStates], float* rows) {
    T observation[kObservations];
    Task::observe(x, observation);
    R fields[kObservations][kWidth];
    for (int i = 0; i < kObservations; ++i) kernels::store(fields[i], observation[i]);
    for (int lane = 0; lane < kWidth; ++lane) {
      for (int i = 0; i < kObservations; ++i) rows[lane * kObservations + i] = static_cast<float>(fields[i][lane]);
    }
  }

  // Starts the next episode where `restart` holds; the other lanes keep what they have.
  LS_FN static void start_episode(const Block<R>& b, int group, const StepSettings& settings, Mask restart,
                                  T (&x)[kStates]) {
    const ResetDraw<T> draw{settings.stream, b.first_world + static_cast<std::uint32_t>(group), b.episode + group,
                            restart};
    T fresh[kStates];
    Task::reset(draw, fresh);
    for (int i = 0; i < kStates; ++i) x[i] = kernels::select(restart, fresh[i], x[i]);
    if constexpr (!kHasOwnDynamics<Task>) {
      const auto clear = [&](R* field) {
        kernels::store(field + group, kernels::select(restart, T(0), kernels::load<T>(field + group)));
      };
      for (int i = 0; i < kActions; ++i) clear(b.ctrl + i * b.lanes);
      for (int i = 0; i < Task::kFacts.nv; ++i) clear(b.qacc_warmstart + i * b.lanes);
      clear(b.time);
    }
  }

  // The transition of one group: reward and state after it. True where a state is not finite; x is finite in the end.
  LS_FN static Mask transition(const Block<R>& b, int group, T (&x)[kStates], Mask& bad_action, T& reward) {
    T action[kActions];
    load_state(b, group, x);
    if constexpr (kHasOwnDynamics<Task>) {
      bad_action = load_action(b, group, action);
      if constexpr (Task::kFacts.discrete_actions > 0) Task::discretize(action);
      if constexpr (Task::kRewardsStateBefore) reward = Task::reward(x, action);
      T next[kStates];
      for (int i = 0; i < kStates; ++i) next[i] = x[i];
      Task::advance(next, action);
      // A step may hide what it was given (a limit makes a speed of infinity finite): look at both states.
      Mask finite = true;
      for (int i = 0; i < kStates; ++i) finite = finite && kernels::is_finite(x[i]) && kernels::is_finite(next[i]);
      for (int i = 0; i < kStates; ++i) {
        const T last = kernels::select(kernels::is_finite(x[i]), x[i], T(0));
        x[i] = kernels::select(finite, next[i], last);
      }
      if constexpr (!Task::kRewardsStateBefore) reward = Task::reward(x, action);
      return !finite;
    } else {
      static_assert(!Task::kRewardsStateBefore, "the state before MuJoCo's physics is not kept");
      bad_action = Episode::load_bytes(b.fault + group);
      for (int i = 0; i < kActions; ++i) action[i] = kernels::load<T>(b.ctrl + i * b.lanes + group);
      Mask finite = true;
      for (int i = 0; i < kStates; ++i) finite = finite && kernels::is_finite(x[i]);
      for (int i = 0; i < kStates; ++i) x[i] = kernels::select(finite, x[i], T(0));
      reward = Task::reward(x, action);
      return !finite;
    }
  }

  LS_FN static int finish_group(const Block<R>& b, int group, const StepSettings& settings) {
    T x[kStates];
    T reward;
    Mask fault;
    const Mask bad_state = transition(b, group, x, fault, reward);
    fault = fault || bad_state;
    const auto end = Episode::settle(b, group, settings, Task::terminated(x), fault, reward);
    if (kernels::any(end.ended)) {
      keep_final_observation(b, group, x, end.ended);
      start_episode(b, group, settings, end.restart, x);
    }
    store_state(b, group, x);
    store_observation(x, b.observation + group * kObservations);
    return Episode::count_faults(b, group, fault);
  }

  LS_FN static void keep_final_observation(const Block<R>& b, int group, const T (&x)[kStates], Mask ended) {
    T observation[kObservations];
    Task::observe(x, observation);
    R fields[kObservations][kWidth];
    for (int i = 0; i < kObservations; ++i) kernels::store(fields[i], observation[i]);
    kernels::for_each_lane(ended, [&](int lane) {
      float* const row = b.final_observation + (group + lane) * kObservations;
      for (int i = 0; i < kObservations; ++i) row[i] = static_cast<float>(fields[i][lane]);
    });
  }

  // ---- What the table points to ----

  static void prepare(const Block<R>& b) {
    for (int group = 0; group < b.lanes; group += kWidth) {
      T action[kActions];
      Episode::store_bytes(load_action(b, group, action), b.fault + group);
      for (int i = 0; i < kActions; ++i) kernels::store(b.ctrl + i * b.lanes + group, action[i]);
    }
  }
  static int finish(const Block<R>& b, const StepSettings& settings) {
    int faults = 0;
    for (int group = 0; group < b.lanes; group += kWidth) faults += finish_group(b, group, settings);
    return faults;
  }
  static void begin(const Block<R>& b, const StepSettings& settings) {
    for (int group = 0; group < b.lanes; group += kWidth) {
      T x[kStates];
      load_state(b, group, x);
      start_episode(b, group, settings, Mask(true), x);
      store_state(b, group, x);
      kernels::store(b.clock + group, T(0));
      kernels::store(b.running_return + group, T(0));
      store_observation(x, b.observation + group * kObservations);
    }
  }
  static void observe(const Block<R>& b) {
    for (int group = 0; group < b.lanes; group += kWidth) {
      T x[kStates];
      load_state(b, group, x);
      store_observation(x, b.observation + group * kObservations);
    }
  }
  static StepKernels<R> table() {
    return {kWidth, kHasOwnDynamics<Task> ? nullptr : &prepare, &finish, &begin, &observe};
  }
};

}  // namespace lockstep::envs
