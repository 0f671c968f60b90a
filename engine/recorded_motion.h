// Motion recorded in a text table (CSV): states and controls over time, as transitions.
#pragma once

#include "engine/transitions.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

// A table read. Two rows that follow each other in one trajectory make one transition.
struct RecordedMotion {
  std::vector<std::string> state_names, control_names;
  double timestep = 0;  // s between two rows
  TransitionData data{1, 0};
};

// How its columns are meant.
struct RecordedColumns {
  std::vector<std::string> controls;  // names of control columns; empty: u, u0, u1 ... where they are there
  double timestep = 0;                // s; 0: from the column of time
};

// Comma-separated text with a line of names first. Columns: `t` or `time` (s, evenly spaced; optional where
// columns.timestep is given), `trajectory` (a whole number; optional: a new one also begins where time goes back),
// controls, and all others are states. Empty lines and lines that begin with # are skipped.
// Error, with `where` and the line, for anything else: a cell that is no finite number, a short line, uneven time, a
// control that is no column, a table without two rows that follow each other.
[[nodiscard]] RecordedMotion parse_motion(std::string_view text, const std::string& where,
                                          const RecordedColumns& columns = {});
// The same from a file.
[[nodiscard]] RecordedMotion read_motion(const std::filesystem::path& path, const RecordedColumns& columns = {});

}  // namespace lockstep
