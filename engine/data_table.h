// Tables of numbers read from files: comma-separated text (.csv), NumPy's archives (.npz) and HDF5 (.h5, .hdf5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

// Columns of numbers with their names. A cell that is missing is not-a-number.
struct DataTable {
  std::vector<std::string> names, units;  // [columns] unit: "" where unknown
  std::vector<double> values;             // [rows][columns]
  std::vector<std::int64_t> labels;       // [rows] what a person calls the row: its line, its place in an array
  std::string row_word = "line";          // "line" or "row"
  std::int64_t line_of_names = 0;         // 0: no line has them
  std::string where;                      // the file

  [[nodiscard]] size_t columns() const { return names.size(); }
  [[nodiscard]] size_t rows() const { return labels.size(); }
  [[nodiscard]] double at(size_t row, size_t column) const { return values[row * names.size() + column]; }
  // "data.csv, line 12".
  [[nodiscard]] std::string place(size_t row) const;
};

// Text with a line of names first, "th" or "th [rad]" with a unit. Cells are separated by commas (or semicolons or
// tabs, where the line of names has no comma). Empty lines and lines that begin with # are skipped; an empty cell,
// "nan" and "NA" are missing. Error, with file and line, for any other cell that is no number, a line of another
// length, a name that is a number, and two equal names.
[[nodiscard]] DataTable parse_csv(std::string_view text, const std::string& where);

// One array of a file.
struct DataArray {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<double> values;               // row-major
  std::vector<std::string> columns, units;  // of its last axis; may be empty
};

// A .npz archive of numeric arrays (any integer or real type, either byte order, stored or deflated). Arrays of text
// named "<array>_names" or "<array>_units" name the array's columns. Error, naming file and array, for anything else.
[[nodiscard]] std::vector<DataArray> read_npz(std::span<const std::byte> bytes, const std::string& where);

// Every numeric data set of an HDF5 file; those in groups are named "group/name". Attributes "names" and "units" of a
// data set name its columns. MissingResource where this build has no HDF5 (it says which package to install).
[[nodiscard]] std::vector<DataArray> read_hdf5(const std::filesystem::path& path);

// Arrays as one table: arrays [rows] are a column each, arrays [rows][k] k columns ("x0", "x1" ... of "x"), arrays
// [trajectories][rows][k] (and [trajectories][rows] beside them) k columns, one trajectory below the other, and groups
// of an HDF5 file that hold the same arrays are trajectories too. A column "trajectory" is added where there are
// several. A single number "dt" or "timestep" becomes the column of time. Error, naming the array, where lengths
// differ.
[[nodiscard]] DataTable table_of(const std::vector<DataArray>& arrays, const std::string& where);

// By the file's first bytes: .npz, HDF5, else text.
[[nodiscard]] DataTable read_table(const std::filesystem::path& path);

}  // namespace lockstep
