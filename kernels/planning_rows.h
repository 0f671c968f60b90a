// A problem's cost and dynamics, written once on the lane type, on rows of double with exact derivatives.
// Rows go through lanes kLanes<T> at a time; derivatives come from running the same code on dual numbers.
#pragma once

#include "kernels/dual.h"
#include "kernels/lanes.h"

namespace lockstep::kernels {

// Task has kStates, kActions, and static templates on the number type:
//   stage_cost(x, u), terminal_cost(x)   what is minimised
//   advance(x, u)                        one control step, in place; needed only by advance, jacobian and second
// Arrays are row-major with a row for each point: x [rows][nx], u [rows][nu].
template <class Task, class T>
struct PlanningRows {
  static constexpr int kWidth = kLanes<T>;
  static constexpr int kStates = Task::kStates, kActions = Task::kActions, kInputs = kStates + kActions;
  using Second = Dual<T, kInputs, 2>;
  using SecondOfState = Dual<T, kStates, 2>;
  using First = Dual<T, kInputs, 1>;

  // Number `field` of rows first ... first + kWidth - 1 of an array [rows][fields]; rows beyond the last repeat it.
  LS_FN static T gather(const double* array, int fields, int field, int first, int rows) {
    double numbers[kWidth];
    for (int lane = 0; lane < kWidth; ++lane) {
      const int row = first + lane < rows ? first + lane : rows - 1;
      numbers[lane] = array[row * fields + field];
    }
    return load<T>(numbers);
  }
  LS_FN static void scatter(T x, double* array, int fields, int field, int first, int rows) {
    double numbers[kWidth];
    store(numbers, x);
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

  // out: x [rows][nx], u [rows][nu], xx [rows][nx][nx], ux [rows][nu][nx], uu [rows][nu][nu]
  template <class Expansion>
  static void expand_stage(int rows, const double* x, const double* u, const Expansion& out) {
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
  // F [rows][nx][n][n], n = nx + nu: second derivatives of the next state by (x, u).
  static void second(int rows, const double* x, const double* u, double* F) {
    constexpr int kMatrix = kInputs * kInputs;
    for (int first = 0; first < rows; first += kWidth) {
      Second state[kStates], control[kActions];
      load_rows(first, rows, x, u, state, control);
      Task::advance(state, control);
      for (int i = 0; i < kStates; ++i) {
        for (int j = 0; j < kMatrix; ++j) {
          scatter(state[i].second(j / kInputs, j % kInputs), F, kStates * kMatrix, i * kMatrix + j, first, rows);
        }
      }
    }
  }
};

}  // namespace lockstep::kernels
