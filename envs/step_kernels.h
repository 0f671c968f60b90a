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
#include "kernels/lane_rows.h"
#include "kernels/lanes.h"
#include "kernels/math.h"

#include <type_traits>

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

  // Every `size`-th number from `column` on, of the first `worlds` lanes; 0 in the others.
  LS_FN static T load_column(const float* column, int size, int worlds) {
    if constexpr (std::is_same_v<R, float>) {
      if (size == 1 && worlds >= kWidth) return kernels::load<T>(column);
    }
    R numbers[kWidth];
    for (int lane = 0; lane < kWidth; ++lane) {
      numbers[lane] = lane < worlds ? static_cast<R>(column[lane * size]) : R(0);
    }
    return kernels::load<T>(numbers);
  }
  // Lanes beyond the last world act with 0. Where an action is not finite it becomes 0 and the result is true.
  LS_FN static Mask load_action(const Block<R>& b, int group, T (&action)[kActions]) {
    const float* const rows = b.actions + group * kActions;
    Mask bad = false;
    for (int i = 0; i < kActions; ++i) {
      action[i] = load_column(rows + i, kActions, b.worlds - group);
      const Mask finite = kernels::is_finite(action[i]);
      action[i] = kernels::select(finite, action[i], T(0));
      bad = bad || !finite;
    }
    return bad;
  }

  // Numbers in a world's row of observations.
  LS_FN static int row_size([[maybe_unused]] const Block<R>& b) {
    if constexpr (kHasOptionalParts<Task>) {
      return b.options->observation_size;
    } else {
      return kObservations;
    }
  }
  // The rows of a task whose observation has options: the parts that are shown. Known numbers of the usual part make
  // the usual rows as fast as those of a task without options.
  LS_FN static void store_parts(const OptionValues& options, const T (&observation)[kObservations], float* rows) {
    constexpr OptionValues kUsual = default_options<Task>();
    constexpr OptionValues::Part kPart = kUsual.parts[0];
    if (kUsual.num_parts == 1 && options.num_parts == 1 && options.parts[0].first == kPart.first &&
        options.parts[0].count == kPart.count) {
      return kernels::store_rows<kPart.count>(rows, observation + kPart.first);
    }
    int column = 0;
    for (int part = 0; part < options.num_parts; ++part) {
      const OptionValues::Part shown = options.parts[part];
      for (int i = 0; i < shown.count; ++i, ++column) {
        float numbers[kWidth];
        kernels::store_floats(numbers, observation[shown.first + i]);
        for (int lane = 0; lane < kWidth; ++lane) rows[lane * options.observation_size + column] = numbers[lane];
      }
    }
  }
  // One row a world of the group, from one number a field: the transpose that learners want.
  LS_FN static void store_observation(const Block<R>& b, const Now& now, float* rows) {
    T observation[kObservations];
    observation_of(now, observation);
    if constexpr (kHasOptionalParts<Task>) {
      store_parts(*b.options, observation, rows);
    } else {
      kernels::store_rows<kObservations>(rows, observation);
    }
  }
  LS_FN static void store_observation(const Block<R>& b, int group, const Now& now) {
    store_observation(b, now, b.observation + group * row_size(b));
  }

  // Starts the episodes whose numbers are in b.episode, of these worlds of the block.
  [[gnu::noinline]] static void start_worlds(const Block<R>& b, const StepSettings& settings,
                                             const int (&lanes)[kWidth], std::uint32_t attempt) {
    const StartOn<T> start(b, lanes);
    Now now;
    now.options = b.options;
    for (int i = 0; i < kBefore; ++i) now.before[i] = T(0);
    Task::reset(start.draw(b, settings, attempt), now.x);
    for (int field = 0; field < kStates; ++field) {
      R numbers[kWidth];
      kernels::store(numbers, now.x[field]);
      R* const target = state_field(b, field, 0);
      for (int i = 0; i < kWidth; ++i) target[lanes[i]] = numbers[i];
    }
    if constexpr (!kHasOwnDynamics<Task>) {
      for (const int lane : lanes) {
        for (int k = 0; k < kActions; ++k) b.ctrl[k * b.lanes + lane] = 0;
        for (int k = 0; k < Task::kFacts.nv; ++k) b.qacc_warmstart[k * b.lanes + lane] = 0;
        b.time[lane] = 0;
      }
    }
    if constexpr (!kStartsInPhysics<Task>) {
      const int size = row_size(b);
      float rows[kWidth * kObservations];
      store_observation(b, now, rows);
      for (int i = 0; i < kWidth; ++i) Episode::copy_row(rows + i * size, size, b.observation + lanes[i] * size);
    }
  }

  // Where `finite` does not hold, x becomes the state before the step, with 0 for what is not finite in it.
  LS_FN static void keep_last_state(const Block<R>& b, int group, Mask finite, T (&x)[kStates]) {
    for (int i = 0; i < kStates; ++i) {
      const T before = kernels::load<T>(state_field(b, i, group));
      x[i] = kernels::select(finite, x[i], kernels::select(kernels::is_finite(before), before, T(0)));
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
      // A step may hide what it was given (a limit makes a speed of infinity finite): look at both states.
      const Mask begins = kernels::all_finite(x, kStates);
      Task::advance(x, action);
      const Mask finite = begins && kernels::all_finite(x, kStates);
      if (!kernels::all(finite)) [[unlikely]]
        keep_last_state(b, group, finite, x);
      if constexpr (!Task::kRewardsStateBefore) reward = Task::reward(x, action);
      return !finite;
    } else {
      static_assert(!Task::kRewardsStateBefore, "the state before MuJoCo's physics is not kept");
      bad_action = kernels::load_flags<T>(b.fault + group);
      for (int i = 0; i < kActions; ++i) action[i] = kernels::load<T>(b.ctrl + i * b.lanes + group);
      const Mask finite = kernels::all_finite(x, kStates);
      for (int i = 0; i < kStates; ++i) x[i] = kernels::select(finite, x[i], T(0));
      load_senses(b, group, now);
      if constexpr (kFollows<Task>) Task::follow(now, action);
      reward = reward_of(now, action);
      return !finite;
    }
  }

  // All but what follows where an episode ends.
  [[gnu::always_inline]] LS_FN static int finish_group(const Block<R>& b, int group, const StepSettings& settings) {
    Now now;
    T reward;
    Mask fault;
    const Mask bad_state = transition(b, group, now, fault, reward);
    fault = fault || bad_state;
    [[maybe_unused]] const Mask ended = Episode::settle(b, group, settings, end_of(now), fault, reward);
    store_observation(b, group, now);
    if constexpr (kEvolves<Task>) {
      const int size = row_size(b);
      kernels::for_each_lane(ended, [&](int lane) { Episode::keep_final_observation(b, group + lane, size); });
      Task::evolve(now, StepDraw<T>{settings.stream.seed, b.first_world + static_cast<std::uint32_t>(group),
                                    b.episode + group, b.clock + group});
      store_observation(b, group, now);
    }
    store_state(b, group, now.x);
    return Episode::count_faults(b, group, fault);
  }

  // ---- What the table points to ----

  static void prepare(const Block<R>& b) {
    for (int group = 0; group < b.lanes; group += kWidth) {
      T action[kActions];
      kernels::store_flags(b.fault + group, load_action(b, group, action));
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
    const int size = row_size(b);
    Episode::end_episodes(
        b,
        [&]([[maybe_unused]] int lane) {
          if constexpr (!kEvolves<Task>) Episode::keep_final_observation(b, lane, size);
        },
        [&](const int(&lanes)[kWidth]) { start_worlds(b, settings, lanes, 0); });
    return faults;
  }
  static void begin(const Block<R>& b, const StepSettings& settings) {
    Episode::start_all(b, [&](const int(&lanes)[kWidth]) { start_worlds(b, settings, lanes, 0); });
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
      const Mask pending = kernels::load_flags<T>(b.pending + group);
      if (!kernels::any(pending)) continue;
      Now now;
      load_state(b, group, now.x);
      load_senses(b, group, now);
      const Mask rejected = pending && !Task::accepts(now);
      kernels::store_flags(b.pending + group, rejected);
      left += kernels::count(rejected);
    }
    Episode::start_marked(b, b.pending, [&](const int(&lanes)[kWidth]) { start_worlds(b, settings, lanes, attempt); });
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
