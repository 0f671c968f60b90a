// Motion recorded in a table: states and controls over time, in trajectories, and as transitions.
#pragma once

#include "engine/data_table.h"
#include "engine/transitions.h"
#include "engine/view.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

// Rows that follow each other in time, without a gap.
struct RecordedTrajectory {
  std::vector<double> time;          // [rows] s, increasing
  std::vector<double> x, u;          // [rows][nx], [rows][nu]
  std::vector<std::int64_t> labels;  // [rows] lines or rows of the file

  [[nodiscard]] int rows() const { return static_cast<int>(time.size()); }
};

// A table read.
struct RecordedMotion {
  std::vector<std::string> state_names, control_names;
  std::vector<std::string> state_units, control_units;  // "" where unknown
  double timestep = 0;                                  // s between two rows: the median step
  bool is_even = true;                                  // every step is the time step, but for a thousandth
  std::vector<RecordedTrajectory> trajectories;         // of two rows and more
  std::vector<std::string> notes;                       // what was left out or cut, one sentence each
  std::string where;

  // Two rows that follow each other make one transition. Error, with the first step that differs, where time is uneven.
  [[nodiscard]] TransitionData transitions() const;
  [[nodiscard]] std::int64_t rows() const;
};

// How its columns are meant.
struct RecordedColumns {
  std::vector<std::string> controls = {};  // names of control columns; empty: u, u0, u1 ... where they are there
  std::vector<std::string> states = {};    // names of state columns; empty: all that are left
  std::string time = {};                   // of the column of time (s); empty: t or time
  double timestep = 0;                     // s; 0: from the column of time
  // refuse: Error for a missing or infinite cell, a gap and uneven time
  // split: such rows are left out, trajectories end there and at gaps (a step of twice the median and more), and time
  //        may be uneven; notes say how often and where first
  std::string missing = "refuse";
  int every = 1;  // keep every n-th row of a trajectory
};

// Columns of the table: time (optional where columns.timestep is given), `trajectory` (a whole number; optional: a new
// one also begins where time goes back), controls, and states. Error, with file and row, for a control that is no
// column, a table without two rows that follow each other, and what columns.missing refuses.
[[nodiscard]] RecordedMotion motion_of(const DataTable& table, const RecordedColumns& columns = {});

[[nodiscard]] RecordedMotion parse_motion(std::string_view text, const std::string& where,
                                          const RecordedColumns& columns = {});
// From a file that read_table reads.
[[nodiscard]] RecordedMotion read_motion(const std::filesystem::path& path, const RecordedColumns& columns = {});

}  // namespace lockstep
