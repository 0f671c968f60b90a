// Kernels of systems on lanes: what is common to all of them with sizes known at run time, and per system its
// equations. Only the equations are compiled once per system, so that dozens of systems cost the build seconds.
#pragma once

#include "envs/episode_kernels.h"
#include "envs/reset_draw.h"
#include "envs/system.h"
#include "envs/task_kernels.h"

namespace lockstep::envs {

// All but the equations. Members work on the group of kLanes<T> worlds that starts at lane `group`; the state is
// b.qpos [num_states][lane], the action b.ctrl [num_controls][lane], and both are the observation's and the agent's.
template <class T>
struct SystemOn {
  using R = kernels::Real<T>;
  using Mask = kernels::MaskOf<T>;
  using Episode = EpisodeOn<T>;
  static constexpr int kWidth = kernels::kLanes<T>;
  using State = T[kMaxSystemStates];

  // Actions inside their bounds; 0 and a fault where they are not finite, 0 beyond the last world.
  LS_FN static void prepare_group(const Block<R>& b, int group) {
    const SystemRow& system = *b.system;
    const int size = system.num_controls;
    Mask bad = false;
    for (int i = 0; i < size; ++i) {
      R numbers[kWidth];
      for (int lane = 0; lane < kWidth; ++lane) {
        numbers[lane] = group + lane < b.worlds ? static_cast<R>(b.actions[(group + lane) * size + i]) : R(0);
      }
      const T action = kernels::load<T>(numbers);
      const Mask finite = kernels::is_finite(action);
      bad = bad || !finite;
      const T inside = kernels::clamp(action, T(system.controls[i].low), T(system.controls[i].high));
      kernels::store(b.ctrl + i * b.lanes + group, kernels::select(finite, inside, T(0)));
    }
    kernels::store_flags(b.fault + group, bad);
  }

  // Minus the tracking cost of the state after the step and the action; 0 for a system without controls.
  LS_FN static T reward(const Block<R>& b, int group, const State& x) {
    const SystemRow& system = *b.system;
    T cost = T(0);
    if (system.num_controls == 0) return cost;
    for (int i = 0; i < system.num_states; ++i) {
      const SystemState& state = system.states[i];
      const T away = x[i] - T(state.target);
      const T square = state.is_angle ? T(2) * (T(1) - kernels::cosine(away)) : away * away;
      cost = cost + T(state.weight) * square;
    }
    for (int i = 0; i < system.num_controls; ++i) {
      const T action = kernels::load<T>(b.ctrl + i * b.lanes + group);
      cost = cost + T(system.facts.action_weight) * action * action;
    }
    return -cost;
  }

  // Starts the episodes whose numbers are in b.episode, of these worlds of the block.
  static void start_worlds(const Block<R>& b, const StepSettings& settings, const int (&lanes)[kWidth]) {
    const int size = b.system->num_states;
    const StartOn<T> start(b, lanes);
    const ResetDraw<T> draw = start.draw(b, settings, 0);
    for (int i = 0; i < size; ++i) {
      const SystemState& state = b.system->states[i];
      R numbers[kWidth];
      kernels::store(numbers, T(state.start) + T(state.spread) * draw.uniform(static_cast<std::uint32_t>(i), -1, 1));
      for (int k = 0; k < kWidth; ++k) {
        b.qpos[i * b.lanes + lanes[k]] = numbers[k];
        b.observation[lanes[k] * size + i] = static_cast<float>(numbers[k]);
      }
    }
  }

  // The state is the observation: one row a world from one number a field.
  LS_FN static void store_rows(const State& x, int size, float* rows) {
    for (int i = 0; i < size; ++i) {
      R numbers[kWidth];
      kernels::store(numbers, x[i]);
      for (int lane = 0; lane < kWidth; ++lane) rows[lane * size + i] = static_cast<float>(numbers[lane]);
    }
  }

  LS_FN static int finish_group(const Block<R>& b, int group, const StepSettings& settings) {
    const int size = b.system->num_states;
    State x;
    Mask finite = true;
    for (int i = 0; i < size; ++i) {
      x[i] = kernels::load<T>(b.qpos + i * b.lanes + group);
      finite = finite && kernels::is_finite(x[i]);
    }
    for (int i = 0; i < size; ++i) x[i] = kernels::select(finite, x[i], T(0));
    const Mask fault = kernels::load_flags<T>(b.fault + group) || !finite;
    Episode::settle(b, group, settings, Mask(false), fault, reward(b, group, x));
    for (int i = 0; i < size; ++i) kernels::store(b.qpos + i * b.lanes + group, x[i]);
    store_rows(x, size, b.observation + group * size);
    return Episode::count_faults(b, group, fault);
  }

  // ---- What the table points to ----

  static void prepare(const Block<R>& b) {
    for (int group = 0; group < b.lanes; group += kWidth) prepare_group(b, group);
  }
  static int finish(const Block<R>& b, const StepSettings& settings) {
    int faults = 0;
    for (int group = 0; group < b.lanes; group += kWidth) faults += finish_group(b, group, settings);
    Episode::end_episodes(
        b, [&](int lane) { Episode::keep_final_observation(b, lane, b.system->num_states); },
        [&](const int(&lanes)[kWidth]) { start_worlds(b, settings, lanes); });
    return faults;
  }
  static void begin(const Block<R>& b, const StepSettings& settings) {
    Episode::start_all(b, [&](const int(&lanes)[kWidth]) { start_worlds(b, settings, lanes); });
  }
  static void observe(const Block<R>& b) {
    const int size = b.system->num_states;
    for (int group = 0; group < b.lanes; group += kWidth) {
      State x;
      for (int i = 0; i < size; ++i) x[i] = kernels::load<T>(b.qpos + i * b.lanes + group);
      store_rows(x, size, b.observation + group * size);
    }
  }
};

// The equations of one system on lanes T.
template <class System, class T>
struct EquationsOn {
  using R = kernels::Real<T>;
  static constexpr int kWidth = kernels::kLanes<T>;
  static constexpr int kStates = kSystemStates<System>, kControls = kSystemControls<System>;
  static_assert(kStates <= kMaxSystemStates && kControls <= kMaxSystemControls);
  using Tangent = kernels::Dual<T, 1, 1>;

  // One env step of a block under b.ctrl.
  static void advance(const Block<R>& b) {
    for (int group = 0; group < b.lanes; group += kWidth) {
      T x[kStates], u[kControlRoom<System>] = {};
      for (int i = 0; i < kStates; ++i) x[i] = kernels::load<T>(b.qpos + i * b.lanes + group);
      for (int i = 0; i < kControls; ++i) u[i] = kernels::load<T>(b.ctrl + i * b.lanes + group);
      advance_system<System>(x, u);
      for (int i = 0; i < kStates; ++i) kernels::store(b.qpos + i * b.lanes + group, x[i]);
    }
  }

  // Number `field` of rows first ... first + kWidth - 1 of an array [rows][fields]; rows beyond the last repeat it.
  LS_FN static T gather(const R* array, int fields, int field, int first, int rows) {
    R numbers[kWidth];
    for (int lane = 0; lane < kWidth; ++lane) {
      const int row = first + lane < rows ? first + lane : rows - 1;
      numbers[lane] = array[row * fields + field];
    }
    return kernels::load<T>(numbers);
  }
  LS_FN static void scatter(T x, R* array, int fields, int field, int first, int rows) {
    R numbers[kWidth];
    kernels::store(numbers, x);
    for (int lane = 0; lane < kWidth && first + lane < rows; ++lane) {
      array[(first + lane) * fields + field] = numbers[lane];
    }
  }

  // As PlanningKernels::advance and jacobian. The Jacobian is taken one input at a time, by the tangent of the whole
  // step along it.
  static void advance_rows(int rows, const R* x, const R* u, R* next) {
    for (int first = 0; first < rows; first += kWidth) {
      T state[kStates], control[kControlRoom<System>] = {};
      for (int i = 0; i < kStates; ++i) state[i] = gather(x, kStates, i, first, rows);
      for (int i = 0; i < kControls; ++i) control[i] = gather(u, kControls, i, first, rows);
      advance_system<System>(state, control);
      for (int i = 0; i < kStates; ++i) scatter(state[i], next, kStates, i, first, rows);
    }
  }
  static void jacobian(int rows, const R* x, const R* u, R* A, R* B) {
    for (int first = 0; first < rows; first += kWidth) {
      for (int input = 0; input < kStates + kControls; ++input) {
        Tangent state[kStates], control[kControlRoom<System>] = {};
        const auto tangent = [input](T value, int index) {
          Tangent number(value);
          number.gradient[0] = T(index == input ? 1 : 0);
          return number;
        };
        for (int i = 0; i < kStates; ++i) state[i] = tangent(gather(x, kStates, i, first, rows), i);
        for (int i = 0; i < kControls; ++i) control[i] = tangent(gather(u, kControls, i, first, rows), kStates + i);
        advance_system<System>(state, control);
        const bool is_state = input < kStates;
        for (int i = 0; i < kStates; ++i) {
          const int column = is_state ? i * kStates + input : i * kControls + input - kStates;
          scatter(state[i].gradient[0], is_state ? A : B, kStates * (is_state ? kStates : kControls), column, first,
                  rows);
        }
      }
    }
  }
};

// The step of a system on lanes T.
template <class System, class T>
StepKernels<kernels::Real<T>> system_step() {
  using All = SystemOn<T>;
  StepKernels<kernels::Real<T>> kernels{All::kWidth, &All::prepare, &All::finish, &All::begin, &All::observe};
  kernels.advance = &EquationsOn<System, T>::advance;
  return kernels;
}

// Everything of one system for one instruction set. Blocks of systems always hold whole registers: one width will do.
template <class System, class Isa>
TaskKernels system_kernels() {
  using Floats = kernels::Lanes<float, Widths<Isa>::kFloat[0], Isa>;
  using Doubles = kernels::Lanes<double, Widths<Isa>::kDouble[0], Isa>;
  TaskKernels kernels;
  kernels.floats[0] = kernels.floats[1] = system_step<System, Floats>();
  kernels.doubles[0] = kernels.doubles[1] = system_step<System, Doubles>();
  kernels.planning.advance = &EquationsOn<System, Doubles>::advance_rows;
  kernels.planning.jacobian = &EquationsOn<System, Doubles>::jacobian;
  return kernels;
}

}  // namespace lockstep::envs
