// Motion recorded in a text table: names, cells, time, and pairs of rows.
#include "engine/recorded_motion.h"
#include "engine/atomic_file.h"
#include "engine/error.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

namespace lockstep {
namespace {

constexpr double kUnevenTime = 1e-3;  // relative deviation of a time step that is refused

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  for (size_t begin = 0;;) {
    const size_t comma = line.find(',', begin);
    cells.push_back(trimmed(line.substr(begin, comma - begin)));
    if (comma == std::string_view::npos) return cells;
    begin = comma + 1;
  }
}

class MotionParser {
 public:
  MotionParser(std::string where, const RecordedColumns& columns) : where_(std::move(where)), columns_(columns) {}

  RecordedMotion parse(std::string_view text) {
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      ++line_;
      const std::string_view line = trimmed(text.substr(begin, end - begin));
      begin = end + 1;
      if (line.empty() || line.front() == '#') continue;
      if (names_.empty()) {
        read_names(cells_of(line));
      } else {
        read_row(cells_of(line));
      }
    }
    if (motion_.data.empty()) {
      throw Error("no two rows follow each other", where_, "give a line of names and at least two rows of numbers");
    }
    return std::move(motion_);
  }

 private:
  enum class Meaning { kTime, kTrajectory, kState, kControl };
  struct Row {
    std::vector<double> x, u;
    double time = 0;
    std::int64_t trajectory = 0;
  };

  [[nodiscard]] std::string at_line() const { return fmt::format("{}, line {}", where_, line_); }

  [[nodiscard]] bool is_control(const std::string& name) const {
    if (!columns_.controls.empty()) {
      return std::find(columns_.controls.begin(), columns_.controls.end(), name) != columns_.controls.end();
    }
    return name.front() == 'u' && name.find_first_not_of("0123456789", 1) == std::string::npos;
  }

  void read_names(const std::vector<std::string_view>& cells) {
    for (const std::string_view cell : cells) {
      const std::string name(cell);
      double number = 0;
      if (name.empty() || std::from_chars(name.data(), name.data() + name.size(), number).ec == std::errc{}) {
        throw Error(fmt::format("'{}' is no name of a column", name), at_line(),
                    "begin the table with a line of names");
      }
      if (std::find(names_.begin(), names_.end(), name) != names_.end()) {
        throw Error(fmt::format("two columns are named '{}'", name), at_line(), "give every column its own name");
      }
      names_.push_back(name);
      const bool is_time = name == "t" || name == "time";
      meanings_.push_back(is_time                ? Meaning::kTime
                          : name == "trajectory" ? Meaning::kTrajectory
                          : is_control(name)     ? Meaning::kControl
                                                 : Meaning::kState);
      if (meanings_.back() == Meaning::kState) motion_.state_names.push_back(name);
      if (meanings_.back() == Meaning::kControl) motion_.control_names.push_back(name);
    }
    for (const std::string& wished : columns_.controls) {
      if (std::find(names_.begin(), names_.end(), wished) == names_.end()) {
        throw Error(fmt::format("no column is named '{}'", wished), at_line(),
                    fmt::format("name controls among the columns: {}", fmt::join(names_, ", ")));
      }
    }
    const auto times = std::count(meanings_.begin(), meanings_.end(), Meaning::kTime);
    if (motion_.state_names.empty() || times > 1 || (times == 0 && !(columns_.timestep > 0))) {
      throw Error(fmt::format("{} columns of states and {} of time", motion_.state_names.size(), times), at_line(),
                  "give at least one state, and one column t (s), or the time step as an option");
    }
    motion_.timestep = columns_.timestep;
    motion_.data =
        TransitionData(static_cast<int>(motion_.state_names.size()), static_cast<int>(motion_.control_names.size()));
  }

  [[nodiscard]] double number(std::string_view cell, const std::string& name) const {
    double value = 0;
    const auto [end, problem] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    if (problem != std::errc{} || end != cell.data() + cell.size() || !std::isfinite(value)) {
      throw Error(fmt::format("{} = '{}' is no finite number", name, cell.substr(0, 40)), at_line(),
                  "write a decimal number, or leave the row out and begin a new trajectory");
    }
    return value;
  }

  void read_row(const std::vector<std::string_view>& cells) {
    if (cells.size() != names_.size()) {
      throw Error(fmt::format("{} cells under {} names", cells.size(), names_.size()), at_line(),
                  "give one number per column");
    }
    Row row;
    bool has_time = false;
    for (size_t i = 0; i < cells.size(); ++i) {
      const double value = number(cells[i], names_[i]);
      switch (meanings_[i]) {
        case Meaning::kTime:
          row.time = value;
          has_time = true;
          break;
        case Meaning::kTrajectory:
          if (value != std::floor(value) || std::abs(value) > 1e15) {
            throw Error(fmt::format("trajectory = {} is no whole number", value), at_line(),
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
      }
    }
    if (last_ && last_->trajectory == row.trajectory && (!has_time || row.time > last_->time)) {
      if (has_time) check_step(row.time - last_->time);
      motion_.data.append({.x = last_->x, .u = last_->u, .next = row.x, .trajectory = number_});
    } else {
      ++number_;
    }
    last_ = std::move(row);
  }

  void check_step(double step) {
    if (motion_.timestep == 0) motion_.timestep = step;
    if (std::abs(step - motion_.timestep) <= kUnevenTime * motion_.timestep) return;
    throw Error(fmt::format("a time step of {} s after steps of {} s", step, motion_.timestep), at_line(),
                "sample evenly, or begin a new trajectory where there is a gap");
  }

  std::string where_;
  const RecordedColumns& columns_;
  int line_ = 0;
  std::vector<std::string> names_;
  std::vector<Meaning> meanings_;
  std::optional<Row> last_;
  std::int64_t number_ = -1;  // of the trajectory, counted anew
  RecordedMotion motion_;
};

}  // namespace

RecordedMotion parse_motion(std::string_view text, const std::string& where, const RecordedColumns& columns) {
  return MotionParser(where, columns).parse(text);
}

RecordedMotion read_motion(const std::filesystem::path& path, const RecordedColumns& columns) {
  const std::vector<std::byte> bytes = read_file(path);
  return parse_motion({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string(), columns);
}

}  // namespace lockstep
