// A task's planning cost, and its own dynamics where it has them, on rows of double with exact derivatives.
// Rows go through lanes kLanes<T> at a time; derivatives come from running the task's code on dual numbers.
#pragma once

#include "envs/step_kernels.h"
#include "envs/task_kernels.h"
#include "kernels/dual.h"
#include "kernels/lanes.h"

namespace lockstep::envs {

// Derivatives of tasks with more states and actions than this are left to differences: the second derivatives of one
// number would be more than a cache holds.
inline constexpr int kMaxExactInputs = 16;

template <class Task, class T>
struct PlanningOn {
  static constexpr int kWidth = kernels::kLanes<T>;
  static constexpr int kStates = Task::kStates, kActions = Task::kActions, kInputs = kStates + kActions;
  using Second = kernels::Dual<T, kInputs, 2>;
  using SecondOfState = kernels::Dual<T, kStates, 2>;
  using First = kernels::Dual<T, kInputs, 1>;

  // Number `field` of rows first ... first + kWidth - 1 of an array [rows][fields]; rows beyond the last repeat it.
  LS_FN static T gather(const double* array, int fields, int field, int first, int rows) {
    double numbers[kWidth];
    for (int lane = 0; lane < kWidth; ++lane) {
      const int row = first + lane < rows ? first + lane : rows - 1;
      numbers[lane] = array[row * fields + field];
    }
    return kernels::load<T>(numbers);
  }
  LS_FN static void scatter(T x, double* array, int fields, int field, int first, int rows) {
    double numbers[kWidth];
    kernels::store(numbers, x);
    for (int lane = 0; lane < kWidth && first + lane < rows; ++lane)
      array[(first + lane) * fields + field] = numbers[lane];
  }
  // One group of rows as numbers N (T or a dual); for duals, inputs 0 ... kStates - 1 are x and the rest u.
  template <class N>
  LS_FN static void load_rows(int first, int rows, const double* x, const double* u, N (&state)[kStates],
                              N (&control)[kActions]) {
    const auto make = [](T value, [[maybe_unused]] int input) {
      if constexpr (requires { N::input(value, input); }) {
        return N::input(value, input);
      } else {
        return value;
      }
    };
    for (int i = 0; i < kStates; ++i) state[i] = make(gather(x, kStates, i, first, rows), i);
    for (int i = 0; i < kActions; ++i) control[i] = make(gather(u, kActions, i, first, rows), kStates + i);
  }

  static void stage(int rows, const double* x, const double* u, double* values) {
    for (int first = 0; first < rows; first += kWidth) {
      T state[kStates], control[kActions];
      load_rows(first, rows, x, u, state, control);
      scatter(Task::stage_cost(state, control), values, 1, 0, first, rows);
    }
  }
  static void terminal(int rows, const double* x, double* values) {
    for (int first = 0; first < rows; first += kWidth) {
      T state[kStates];
      for (int i = 0; i < kStates; ++i) state[i] = gather(x, kStates, i, first, rows);
      scatter(Task::terminal_cost(state), values, 1, 0, first, rows);
    }
  }

  static void expand_stage(int rows, const double* x, const double* u, const PlanningKernels::Expansion& out) {
    for (int first = 0; first < rows; first += kWidth) {
      Second state[kStates], control[kActions];
      load_rows(first, rows, x, u, state, control);
      const Second cost = Task::stage_cost(state, control);
      const auto put = [&](T number, double* array, int fields, int field) {
        scatter(number, array, fields, field, first, rows);
      };
      for (int i = 0; i < kStates; ++i) {
        put(cost.gradient[i], out.x, kStates, i);
        for (int j = 0; j < kStates; ++j) put(cost.second(i, j), out.xx, kStates * kStates, i * kStates + j);
      }
      for (int i = 0; i < kActions; ++i) {
        const int input = kStates + i;
        put(cost.gradient[input], out.u, kActions, i);
        for (int j = 0; j < kStates; ++j) put(cost.second(input, j), out.ux, kActions * kStates, i * kStates + j);
        for (int j = 0; j < kActions; ++j) {
          put(cost.second(input, kStates + j), out.uu, kActions * kActions, i * kActions + j);
        }
      }
    }
  }
  static void expand_terminal(int rows, const double* x, double* gradient, double* hessian) {
    for (int first = 0; first < rows; first += kWidth) {
      SecondOfState state[kStates];
      for (int i = 0; i < kStates; ++i) state[i] = SecondOfState::input(gather(x, kStates, i, first, rows), i);
      const SecondOfState cost = Task::terminal_cost(state);
      for (int i = 0; i < kStates; ++i) {
        scatter(cost.gradient[i], gradient, kStates, i, first, rows);
        for (int j = 0; j < kStates; ++j) {
          scatter(cost.second(i, j), hessian, kStates * kStates, i * kStates + j, first, rows);
        }
      }
    }
  }

  // A row that diverges gets what its own arithmetic gives (not a number, or infinity), and no other row does.
  static void advance(int rows, const double* x, const double* u, double* next) {
    for (int first = 0; first < rows; first += kWidth) {
      T state[kStates], control[kActions];
      load_rows(first, rows, x, u, state, control);
      Task::advance(state, control);
      for (int i = 0; i < kStates; ++i) scatter(state[i], next, kStates, i, first, rows);
    }
  }
  static void jacobian(int rows, const double* x, const double* u, double* A, double* B) {
    for (int first = 0; first < rows; first += kWidth) {
      First state[kStates], control[kActions];
      load_rows(first, rows, x, u, state, control);
      Task::advance(state, control);
      for (int i = 0; i < kStates; ++i) {
        for (int j = 0; j < kStates; ++j) {
          scatter(state[i].gradient[j], A, kStates * kStates, i * kStates + j, first, rows);
        }
        for (int j = 0; j < kActions; ++j) {
          scatter(state[i].gradient[kStates + j], B, kStates * kActions, i * kActions + j, first, rows);
        }
      }
    }
  }

  static PlanningKernels table() {
    PlanningKernels kernels{.stage = &stage, .terminal = &terminal};
    if constexpr (kInputs <= kMaxExactInputs) {
      kernels.expand_stage = &expand_stage;
      kernels.expand_terminal = &expand_terminal;
    }
    if constexpr (kHasOwnDynamics<Task>) {
      kernels.advance = &advance;
      kernels.jacobian = &jacobian;
    }
    return kernels;
  }
};

// Everything of one task for one instruction set.
template <class Task, class Isa>
TaskKernels task_kernels() {
  using kernels::Lanes;
  using W = Widths<Isa>;
  return {
      {StepOn<Task, Lanes<float, W::kFloat[0], Isa>>::table(), StepOn<Task, Lanes<float, W::kFloat[1], Isa>>::table()},
      {StepOn<Task, Lanes<double, W::kDouble[0], Isa>>::table(),
       StepOn<Task, Lanes<double, W::kDouble[1], Isa>>::table()},
      PlanningOn<Task, Lanes<double, W::kDouble[0], Isa>>::table()};
}

}  // namespace lockstep::envs
