// What a task can be told: its options, what an observation shows under them, and how lane code reads their values.
// Plain data without containers, so that the sources compiled per instruction set may include it.
#pragma once

#include "envs/task_facts.h"
#include "kernels/lanes.h"

namespace lockstep::envs {

enum class OptionKind { kNumber, kCount, kFlag, kRange };

// One option: a number, a whole number, true or false, or a range [low, high].
struct OptionField {
  const char* name;
  OptionKind kind;
  double value[2];           // the default; a range has two numbers, a flag is 0 or 1
  const char* meaning;       // one line
  double low = -kUnbounded;  // what is possible, for both numbers of a range
  double high = kUnbounded;
};

constexpr OptionField number_option(const char* name, double value, const char* meaning, double low = -kUnbounded,
                                    double high = kUnbounded) {
  return {name, OptionKind::kNumber, {value, 0}, meaning, low, high};
}
constexpr OptionField flag_option(const char* name, bool value, const char* meaning) {
  return {name, OptionKind::kFlag, {value ? 1.0 : 0.0, 0}, meaning, 0, 1};
}
constexpr OptionField range_option(const char* name, double low, double high, const char* meaning) {
  return {name, OptionKind::kRange, {low, high}, meaning, -kUnbounded, kUnbounded};
}
// Physics steps in one env step: the host reads this option, by its name, and gives lane code `control_timestep`.
inline constexpr char kFrameSkip[] = "frame_skip";
constexpr OptionField frame_skip_option(int steps) {
  return {kFrameSkip, OptionKind::kCount, {static_cast<double>(steps), 0}, "physics steps in one env step", 1, 1000};
}

// Numbers `first` ... `first` + `count` - 1 of the task's observation are there where the flag `option` is
// `shown_when`.
struct OptionalPart {
  const char* option;
  bool shown_when;
  int first, count;
};

inline constexpr int kMostOptions = 24, kMostParts = 8;

// Options of a batch, the same for all its worlds.
struct OptionValues {
  double control_timestep = 0;           // s of one env step
  double numbers[kMostOptions][2] = {};  // in the order of the task's kOptions
  // What observations show: `count` numbers from number `first` on, for each of `num_parts` parts. The rest of the
  // task's numbers is hidden.
  struct Part {
    int first = 0, count = 0;
  };
  Part parts[2 * kMostParts + 1] = {};
  int num_parts = 0;
  int observation_size = 0;  // sum of the counts
};

constexpr bool is_same_text(const char* a, const char* b) {
  while (*a != '\0' && *a == *b) ++a, ++b;
  return *a == *b;
}

// The values of a task's options by name; `kOptions` is its list. A name that is not there does not compile.
template <const auto& kOptions>
class OptionsOf {
 public:
  class Name {
   public:
    consteval Name(const char* name) : place_(place_of(name)) {}  // NOLINT(google-explicit-constructor)
    [[nodiscard, gnu::always_inline]] LS_FN int place() const { return place_; }

   private:
    static consteval int place_of(const char* name) {
      int place = 0;
      for (const OptionField& field : kOptions) {
        if (is_same_text(field.name, name)) return place;
        ++place;
      }
      throw "this task has no option of that name";
    }
    int place_;
  };

  [[gnu::always_inline]] LS_FN explicit OptionsOf(const OptionValues* values) : values_(values) {}
  // A number, a count, or a flag as 0 or 1.
  [[gnu::always_inline]] LS_FN double operator[](Name name) const { return values_->numbers[name.place()][0]; }
  [[nodiscard, gnu::always_inline]] LS_FN bool is_on(Name name) const { return values_->numbers[name.place()][0] != 0; }
  // The ends of a range.
  [[nodiscard, gnu::always_inline]] LS_FN double low(Name name) const { return values_->numbers[name.place()][0]; }
  [[nodiscard, gnu::always_inline]] LS_FN double high(Name name) const { return values_->numbers[name.place()][1]; }
  [[nodiscard, gnu::always_inline]] LS_FN double control_timestep() const { return values_->control_timestep; }

 private:
  const OptionValues* values_;
};

// A task whose observation shows more or less by its options lists those parts in kOptionalParts.
template <class Task>
inline constexpr bool kHasOptionalParts = requires {
  Task::kOptionalParts;
};

// Sets what is shown of `count` numbers under the values that are set.
template <class Fields, class Parts>
constexpr void show_parts(const Fields& fields, const Parts& parts, int count, OptionValues& values) {
  const auto is_shown = [&](int number) {
    for (const OptionalPart& part : parts) {
      if (number < part.first || number >= part.first + part.count) continue;
      int place = 0;
      for (const OptionField& field : fields) {
        if (is_same_text(field.name, part.option)) return (values.numbers[place][0] != 0) == part.shown_when;
        ++place;
      }
    }
    return true;
  };
  values.num_parts = values.observation_size = 0;
  for (int number = 0; number < count; ++number) {
    if (!is_shown(number)) continue;
    if (number == 0 || !is_shown(number - 1)) values.parts[values.num_parts++].first = number;
    ++values.parts[values.num_parts - 1].count;
    ++values.observation_size;
  }
}

// The values that a task's options have where none is given.
template <class Task>
constexpr OptionValues default_options() {
  OptionValues values;
  values.control_timestep = Task::kFacts.control_timestep;
  if constexpr (requires { Task::kOptions; }) {
    int place = 0;
    for (const OptionField& field : Task::kOptions) {
      for (int i = 0; i < 2; ++i) values.numbers[place][i] = field.value[i];
      ++place;
    }
    if constexpr (kHasOptionalParts<Task>) {
      show_parts(Task::kOptions, Task::kOptionalParts, Task::kObservations, values);
    }
  }
  return values;
}

}  // namespace lockstep::envs
