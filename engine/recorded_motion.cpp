// Motion recorded in a table: what its columns mean, where trajectories begin and end, and pairs of rows.
#include "engine/recorded_motion.h"
#include "engine/error.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lockstep {
namespace {

constexpr double kUnevenTime = 1e-3;  // relative deviation of a time step
constexpr double kGap = 1.5;          // steps longer than so many medians end a trajectory
constexpr double kUnevenGap = 10;     // the same where time is uneven anyway

enum class Meaning { kTime, kTrajectory, kState, kControl, kNothing };

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class MotionBuilder {
 public:
  MotionBuilder(const DataTable& table, const RecordedColumns& columns) : table_(table), columns_(columns) {}

  RecordedMotion build() {
    check_options();
    if (table_.names.empty()) fail_without_rows();
    give_meanings();
    collect();
    find_step();
    cut_at_gaps();
    thin();
    leave_out_single_rows();
    if (motion_.trajectories.empty()) fail_without_rows();
    return std::move(motion_);
  }

 private:
  [[nodiscard]] bool splits() const { return columns_.missing == "split"; }

  void check_options() {
    motion_.where = table_.where;
    if ((columns_.missing != "refuse" && !splits()) || columns_.every < 1) {
      throw Error(fmt::format("missing = '{}', every = {}", columns_.missing, columns_.every), table_.where,
                  "choose refuse or split, and keep every n-th row with n >= 1");
    }
    for (const auto* wished : {&columns_.controls, &columns_.states}) {
      for (const std::string& name : *wished) check_column(name);
    }
    if (!columns_.time.empty()) check_column(columns_.time);
  }

  [[nodiscard]] std::string at_names() const {
    return table_.line_of_names > 0 ? fmt::format("{}, line {}", table_.where, table_.line_of_names) : table_.where;
  }

  void check_column(const std::string& name) const {
    if (holds(table_.names, name)) return;
    const std::string nearest = nearest_name(name, table_.names);
    throw Error(fmt::format("no column is named '{}'", name), at_names(),
                fmt::format("{}name columns among {}", nearest.empty() ? "" : "did you mean '" + nearest + "'? ",
                            fmt::join(table_.names, ", ")));
  }

  [[noreturn]] void fail_without_rows() const {
    throw Error("no two rows follow each other", table_.where,
                "give a line of names and at least two rows of numbers in a trajectory");
  }

  [[nodiscard]] bool is_control(const std::string& name) const {
    if (!columns_.controls.empty()) return holds(columns_.controls, name);
    return name.front() == 'u' && name.find_first_not_of("0123456789", 1) == std::string::npos;
  }

  [[nodiscard]] Meaning meaning_of(const std::string& name) const {
    const bool is_time = columns_.time.empty() ? name == "t" || name == "time" : name == columns_.time;
    if (is_time) return Meaning::kTime;
    if (name == "trajectory") return Meaning::kTrajectory;
    if (is_control(name)) return Meaning::kControl;
    return columns_.states.empty() || holds(columns_.states, name) ? Meaning::kState : Meaning::kNothing;
  }

  void give_meanings() {
    std::vector<std::string> unused;
    for (size_t c = 0; c < table_.columns(); ++c) {
      const std::string& name = table_.names[c];
      meanings_.push_back(meaning_of(name));
      if (meanings_.back() == Meaning::kState) {
        motion_.state_names.push_back(name);
        motion_.state_units.push_back(table_.units[c]);
      } else if (meanings_.back() == Meaning::kControl) {
        motion_.control_names.push_back(name);
        motion_.control_units.push_back(table_.units[c]);
      } else if (meanings_.back() == Meaning::kNothing) {
        unused.push_back(name);
      }
    }
    if (!unused.empty()) motion_.notes.push_back(fmt::format("columns that are not used: {}", fmt::join(unused, ", ")));
    const auto times = std::count(meanings_.begin(), meanings_.end(), Meaning::kTime);
    has_time_ = times > 0;
    if (motion_.state_names.empty() || times > 1 || (times == 0 && !(columns_.timestep > 0))) {
      throw Error(fmt::format("{} columns of states and {} of time", motion_.state_names.size(), times), at_names(),
                  "give at least one state, and one column t (s), or the time step as an option");
    }
  }

  struct Row {
    std::vector<double> x, u;
    double time = 0;
    std::int64_t trajectory = 0;
  };

  // The row's numbers; nothing where one is missing and rows are split there.
  std::optional<Row> read(size_t index) {
    Row row;
    for (size_t c = 0; c < table_.columns(); ++c) {
      if (meanings_[c] == Meaning::kNothing) continue;
      const double value = table_.at(index, c);
      if (!std::isfinite(value)) {
        if (splits()) {
          if (missing_++ == 0) first_missing_ = fmt::format("{}, column {}", table_.place(index), table_.names[c]);
          return std::nullopt;
        }
        throw Error(fmt::format("{} = '{}' is no finite number", table_.names[c], value), table_.place(index),
                    "write a decimal number, leave the row out and begin a new trajectory, or split at missing rows");
      }
      switch (meanings_[c]) {
        case Meaning::kTime:
          row.time = value;
          break;
        case Meaning::kTrajectory:
          if (value != std::floor(value) || std::abs(value) > 1e15) {
            throw Error(fmt::format("trajectory = {} is no whole number", value), table_.place(index),
                        "number trajectories 0, 1 ...");
          }
          row.trajectory = static_cast<std::int64_t>(value);
          break;
        case Meaning::kState:
          row.x.push_back(value);
          break;
        case Meaning::kControl:
          row.u.push_back(value);
          break;
        case Meaning::kNothing:
          break;
      }
    }
    return row;
  }

  // Trajectories as the table numbers them, cut where cells are missing and where time goes back.
  void collect() {
    bool is_cut = true;
    std::int64_t number = 0;
    std::int64_t since_start = 0;  // rows, for time that is counted
    for (size_t index = 0; index < table_.rows(); ++index, ++since_start) {
      const std::optional<Row> row = read(index);
      if (!row) {
        is_cut = true;
        continue;
      }
      if (!motion_.trajectories.empty() && row->trajectory != number) is_cut = true;
      if (!is_cut && has_time_ && !(row->time > motion_.trajectories.back().time.back())) is_cut = true;
      if (is_cut) {
        motion_.trajectories.emplace_back();
        if (row->trajectory != number || !has_time_) since_start = 0;
      }
      number = row->trajectory;
      is_cut = false;
      RecordedTrajectory& trajectory = motion_.trajectories.back();
      trajectory.time.push_back(has_time_ ? row->time : static_cast<double>(since_start) * columns_.timestep);
      trajectory.x.insert(trajectory.x.end(), row->x.begin(), row->x.end());
      trajectory.u.insert(trajectory.u.end(), row->u.begin(), row->u.end());
      trajectory.labels.push_back(table_.labels[index]);
    }
    if (missing_ > 0) {
      motion_.notes.push_back(
          fmt::format("{} row{} with missing cells left out (the first: {}), trajectories end there", missing_,
                      missing_ == 1 ? "" : "s", first_missing_));
    }
  }

  void find_step() {
    std::vector<double> steps;
    for (const RecordedTrajectory& trajectory : motion_.trajectories) {
      for (size_t row = 1; row < trajectory.time.size(); ++row) {
        steps.push_back(trajectory.time[row] - trajectory.time[row - 1]);
      }
    }
    if (steps.empty()) return;
    if (splits()) {
      const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
      std::nth_element(steps.begin(), middle, steps.end());
      motion_.timestep = *middle;
    } else {
      motion_.timestep = columns_.timestep > 0 ? columns_.timestep : steps.front();
    }
  }

  void cut_at_gaps() {
    size_t uneven = 0, gaps = 0;
    std::string first_uneven, first_gap;
    const double step = motion_.timestep;
    const auto is_whole = [&](double h) { return std::abs(h - std::round(h / step) * step) <= kUnevenTime * step; };
    for (const RecordedTrajectory& t : motion_.trajectories) {
      for (size_t row = 1; row < t.time.size(); ++row) uneven += is_whole(t.time[row] - t.time[row - 1]) ? 0 : 1;
    }
    const double longest = step * (uneven == 0 ? kGap : kUnevenGap);
    std::vector<RecordedTrajectory> cut;
    for (RecordedTrajectory& t : motion_.trajectories) {
      const size_t nx = motion_.state_names.size(), nu = motion_.control_names.size();
      size_t begin = 0;
      for (size_t row = 1; row <= t.time.size(); ++row) {
        const bool is_end = row == t.time.size();
        const double h = is_end ? 0 : t.time[row] - t.time[row - 1];
        const std::string place = is_end ? "" : fmt::format("{}, {} {}", table_.where, table_.row_word, t.labels[row]);
        if (!is_end && std::abs(h - step) > kUnevenTime * step) {
          if (!splits()) {
            throw Error(fmt::format("a time step of {} s after steps of {} s", h, step), place,
                        "sample evenly, or begin a new trajectory where there is a gap");
          }
          if (h <= longest && first_uneven.empty()) first_uneven = fmt::format("{} s at {}", h, place);
        }
        if (!is_end && h <= longest) continue;
        if (!is_end && gaps++ == 0) first_gap = fmt::format("{} s at {}", h, place);
        const auto part = [&](const std::vector<double>& v, size_t width) {
          return std::vector<double>(v.begin() + static_cast<std::ptrdiff_t>(begin * width),
                                     v.begin() + static_cast<std::ptrdiff_t>(row * width));
        };
        cut.push_back({part(t.time, 1),
                       part(t.x, nx),
                       part(t.u, nu),
                       {t.labels.begin() + static_cast<std::ptrdiff_t>(begin),
                        t.labels.begin() + static_cast<std::ptrdiff_t>(row)}});
        begin = row;
      }
    }
    motion_.trajectories = std::move(cut);
    motion_.is_even = first_uneven.empty();
    if (gaps > 0) {
      motion_.notes.push_back(fmt::format("{} gap{} in time (the first: {}), trajectories end there", gaps,
                                          gaps == 1 ? "" : "s", first_gap));
    }
    if (!motion_.is_even) {
      motion_.notes.push_back(
          fmt::format("time steps differ from the median of {} s (the first: {})", step, first_uneven));
    }
  }

  void thin() {
    const auto every = static_cast<size_t>(columns_.every);
    if (every == 1) return;
    const size_t nx = motion_.state_names.size(), nu = motion_.control_names.size();
    for (RecordedTrajectory& t : motion_.trajectories) {
      RecordedTrajectory kept;
      for (size_t row = 0; row < t.time.size(); row += every) {
        kept.time.push_back(t.time[row]);
        kept.labels.push_back(t.labels[row]);
        kept.x.insert(kept.x.end(), &t.x[row * nx], &t.x[row * nx] + nx);
        if (nu > 0) kept.u.insert(kept.u.end(), &t.u[row * nu], &t.u[row * nu] + nu);
      }
      t = std::move(kept);
    }
    motion_.timestep *= columns_.every;
  }

  void leave_out_single_rows() {
    size_t single = 0;
    std::int64_t first = 0;
    for (const RecordedTrajectory& t : motion_.trajectories) {
      if (t.rows() < 2 && single++ == 0) first = t.labels.front();
    }
    if (single == 0) return;
    std::erase_if(motion_.trajectories, [](const RecordedTrajectory& t) { return t.rows() < 2; });
    motion_.notes.push_back(fmt::format("{} trajector{} of a single row left out (the first: {} {})", single,
                                        single == 1 ? "y" : "ies", table_.row_word, first));
  }

  const DataTable& table_;
  const RecordedColumns& columns_;
  std::vector<Meaning> meanings_;
  bool has_time_ = false;
  size_t missing_ = 0;
  std::string first_missing_;
  RecordedMotion motion_;
};

}  // namespace

TransitionData RecordedMotion::transitions() const {
  const auto nx = state_names.size(), nu = control_names.size();
  TransitionData data(static_cast<int>(nx), static_cast<int>(nu));
  for (size_t number = 0; number < trajectories.size(); ++number) {
    const RecordedTrajectory& t = trajectories[number];
    for (size_t row = 0; row + 1 < t.time.size(); ++row) {
      const double h = t.time[row + 1] - t.time[row];
      if (std::abs(h - timestep) > 2 * kUnevenTime * timestep) {
        throw Error(fmt::format("a time step of {} s among steps of {} s", h, timestep),
                    fmt::format("{}, row {}", where, t.labels[row + 1]),
                    "sample evenly, or fit by derivatives or in weak form");
      }
      data.append({.x = std::span(&t.x[row * nx], nx),
                   .u = std::span(t.u.data() + row * nu, nu),
                   .next = std::span(&t.x[(row + 1) * nx], nx),
                   .trajectory = static_cast<std::int64_t>(number)});
    }
  }
  return data;
}

std::int64_t RecordedMotion::rows() const {
  std::int64_t count = 0;
  for (const RecordedTrajectory& t : trajectories) count += t.rows();
  return count;
}

RecordedMotion motion_of(const DataTable& table, const RecordedColumns& columns) {
  return MotionBuilder(table, columns).build();
}

RecordedMotion parse_motion(std::string_view text, const std::string& where, const RecordedColumns& columns) {
  return motion_of(parse_csv(text, where), columns);
}

RecordedMotion read_motion(const std::filesystem::path& path, const RecordedColumns& columns) {
  return motion_of(read_table(path), columns);
}

}  // namespace lockstep
