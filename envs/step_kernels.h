// One env step of a block of worlds, fused: dynamics or what follows MuJoCo's, reward, termination, reset, observation.
// Task is the struct of envs/<task>.h, T the lanes; docs/adding-a-task.md lists what a Task has.
#pragma once

#include "envs/episode_kernels.h"
#include "envs/reset_draw.h"
#include "envs/scene.h"
#include "envs/step_draw.h"
#include "envs/task_facts.h"
#include "envs/task_kernels.h"
#include "envs/task_options.h"
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
  static constexpr int kSensed = sensed_size<Task>(), kBefore = before_size<Task>();
  using Now = SceneOf<Task, T>;
  static constexpr int kVelocities = Task::kFacts.nq, kActivations = kVelocities + Task::kFacts.nv;
  static constexpr int kHeld = kActivations + Task::kFacts.na;
  static_assert(kHeld + Task::kFacts.nheld == kStates);

  LS_FN static R* state_field(const Block<R>& b, int field, int group) {
    R* const start = field < kVelocities    ? b.qpos + field * b.lanes
                     : field < kActivations ? b.qvel + (field - kVelocities) * b.lanes
                     : field < kHeld        ? b.act + (field - kActivations) * b.lanes
                                            : b.held + (field - kHeld) * b.lanes;
    return start + group;
  }
  // What is seen beside the state; what is not finite (in a world whose state is not, either) reads as 0.
  LS_FN static void load_senses(const Block<R>& b, int group, Now& now) {
    now.options = b.options;
    for (int i = 0; i < kSensed; ++i) {
      const T number = kernels::load<T>(b.sensed + i * b.lanes + group);
      now.sensed[i] = kernels::select(kernels::is_finite(number), number, T(0));
    }
    for (int i = 0; i < kBefore; ++i) now.before[i] = kernels::load<T>(b.before + i * b.lanes + group);
  }

  // The task's functions, of a scene or of its state alone.
  LS_FN static void observation_of(const Now& now, T (&observation)[kObservations]) {
    if constexpr (kSeesScenes<Task>) {
      Task::observe(now, observation);
    } else {
      Task::observe(now.x, observation);
    }
  }
  LS_FN static T reward_of(const Now& now, const T (&action)[kActions]) {
    if constexpr (kSeesScenes<Task>) {
      return Task::reward(now, action);
    } else {
      return Task::reward(now.x, action);
    }
  }
  LS_FN static Mask end_of(const Now& now) {
    if constexpr (kSeesScenes<Task>) {
      return Task::terminated(now);
    } else {
      return Task::terminated(now.x);
    }
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

  // The row of a world whose observation has options: the parts that are shown. Known numbers of the usual part make
  // the usual row as fast as that of a task without options.
  LS_FN static void store_parts(const OptionValues& options, const R (&fields)[kObservations][kWidth], int lane,
                                float* row) {
    constexpr OptionValues kUsual = default_options<Task>();
    constexpr OptionValues::Part kPart = kUsual.parts[0];
    if (kUsual.num_parts == 1 && options.num_parts == 1 && options.parts[0].first == kPart.first &&
        options.parts[0].count == kPart.count) {
      for (int i = 0; i < kPart.count; ++i) row[i] = static_cast<float>(fields[kPart.first + i][lane]);
      return;
    }
    for (int part = 0; part < options.num_parts; ++part) {
      const OptionValues::Part shown = options.parts[part];
      for (int i = 0; i < shown.count; ++i) *row++ = static_cast<float>(fields[shown.first + i][lane]);
    }
  }
  // Numbers in a world's row of observations.
  LS_FN static int row_size([[maybe_unused]] const Block<R>& b) {
    if constexpr (kHasOptionalParts<Task>) {
      return b.options->observation_size;
    } else {
      return kObservations;
    }
  }
  LS_FN static void store_row([[maybe_unused]] const Block<R>& b, const R (&fields)[kObservations][kWidth], int lane,
                              float* row) {
    if constexpr (kHasOptionalParts<Task>) {
      store_parts(*b.options, fields, lane, row);
    } else {
      for (int i = 0; i < kObservations; ++i) row[i] = static_cast<float>(fields[i][lane]);
    }
  }

  // One row a world, from one number a field: the transpose that learners want.
  LS_FN static void store_observation(const Block<R>& b, int group, const Now& now) {
    T observation[kObservations];
    observation_of(now, observation);
    R fields[kObservations][kWidth];
    for (int i = 0; i < kObservations; ++i) kernels::store(fields[i], observation[i]);
    const int size = row_size(b);
    float* const rows = b.observation + group * size;
    for (int lane = 0; lane < kWidth; ++lane) store_row(b, fields, lane, rows + lane * size);
  }

  // Starts the next episode where `restart` holds; the other lanes keep what they have.
  LS_FN static void start_episode(const Block<R>& b, int group, const StepSettings& settings, Mask restart,
                                  T (&x)[kStates], std::uint32_t attempt = 0) {
    const ResetDraw<T> draw{settings.stream,   b.first_world + static_cast<std::uint32_t>(group),
                            b.episode + group, restart,
                            attempt,           b.options};
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
  LS_FN static Mask transition(const Block<R>& b, int group, Now& now, Mask& bad_action, T& reward) {
    T action[kActions];
    T(&x)[kStates] = now.x;
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
      load_senses(b, group, now);
      if constexpr (kFollows<Task>) Task::follow(now, action);
      reward = reward_of(now, action);
      return !finite;
    }
  }

  LS_FN static int finish_group(const Block<R>& b, int group, const StepSettings& settings) {
    Now now;
    T reward;
    Mask fault;
    const Mask bad_state = transition(b, group, now, fault, reward);
    fault = fault || bad_state;
    const auto end = Episode::settle(b, group, settings, end_of(now), fault, reward);
    if constexpr (kStartsInPhysics<Task>) Episode::store_bytes(end.restart, b.started + group);
    if (kernels::any(end.ended)) {
      keep_final_observation(b, group, now, end.ended);
    }
    if constexpr (kEvolves<Task>) {
      Task::evolve(now, StepDraw<T>{settings.stream.seed, b.first_world + static_cast<std::uint32_t>(group),
                                    b.episode + group, b.clock + group});
    }
    if (kernels::any(end.ended)) start_episode(b, group, settings, end.restart, now.x);
    store_state(b, group, now.x);
    store_observation(b, group, now);
    return Episode::count_faults(b, group, fault);
  }

  LS_FN static void keep_final_observation(const Block<R>& b, int group, const Now& now, Mask ended) {
    T observation[kObservations];
    observation_of(now, observation);
    R fields[kObservations][kWidth];
    for (int i = 0; i < kObservations; ++i) kernels::store(fields[i], observation[i]);
    const int size = row_size(b);
    kernels::for_each_lane(ended,
                           [&](int lane) { store_row(b, fields, lane, b.final_observation + (group + lane) * size); });
  }

  // ---- What the table points to ----

  static void prepare(const Block<R>& b) {
    for (int group = 0; group < b.lanes; group += kWidth) {
      T action[kActions];
      Episode::store_bytes(load_action(b, group, action), b.fault + group);
      for (int i = 0; i < kActions; ++i) kernels::store(b.ctrl + i * b.lanes + group, action[i]);
      if constexpr (kBefore > 0) {
        Now now;
        load_state(b, group, now.x);
        load_senses(b, group, now);
        Task::remember(now, now.before);
        for (int i = 0; i < kBefore; ++i) kernels::store(b.before + i * b.lanes + group, now.before[i]);
      }
    }
  }
  static int finish(const Block<R>& b, const StepSettings& settings) {
    int faults = 0;
    for (int group = 0; group < b.lanes; group += kWidth) faults += finish_group(b, group, settings);
    return faults;
  }
  static void begin(const Block<R>& b, const StepSettings& settings) {
    for (int group = 0; group < b.lanes; group += kWidth) {
      Now now;
      now.options = b.options;
      load_state(b, group, now.x);
      start_episode(b, group, settings, Mask(true), now.x);
      store_state(b, group, now.x);
      kernels::store(b.clock + group, T(0));
      kernels::store(b.running_return + group, T(0));
      if constexpr (kStartsInPhysics<Task>) {
        Episode::store_bytes(Mask(true), b.started + group);
      } else {
        store_observation(b, group, now);
      }
    }
  }
  static void observe(const Block<R>& b) {
    for (int group = 0; group < b.lanes; group += kWidth) {
      Now now;
      load_state(b, group, now.x);
      load_senses(b, group, now);
      store_observation(b, group, now);
    }
  }
  static int choose(const Block<R>& b, const StepSettings& settings, std::uint32_t attempt) {
    int left = 0;
    for (int group = 0; group < b.lanes; group += kWidth) {
      const Mask pending = Episode::load_bytes(b.pending + group);
      if (!kernels::any(pending)) continue;
      Now now;
      load_state(b, group, now.x);
      load_senses(b, group, now);
      const Mask rejected = pending && !Task::accepts(now);
      if (kernels::any(rejected)) start_episode(b, group, settings, rejected, now.x, attempt);
      store_state(b, group, now.x);
      Episode::store_bytes(rejected, b.pending + group);
      for (int lane = 0; lane < kWidth; ++lane) left += kernels::lane(rejected, lane) ? 1 : 0;
    }
    return left;
  }
  static StepKernels<R> table() {
    StepKernels<R> kernels{
        .width = kWidth, .prepare = nullptr, .finish = &finish, .begin = &begin, .observe = &observe};
    if constexpr (!kHasOwnDynamics<Task>) kernels.prepare = &prepare;
    if constexpr (kChoosesStarts<Task>) kernels.choose = &choose;
    return kernels;
  }
};

}  // namespace lockstep::envs
