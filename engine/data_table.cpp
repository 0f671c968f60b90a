// Arrays of a file as one table: which are columns, which are trajectories, and what does not fit.
#include "engine/data_table.h"
#include "engine/atomic_file.h"
#include "engine/error.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lockstep {
namespace {

constexpr std::int64_t kMostColumns = 10000;

std::string shape_text(const DataArray& array) {
  std::string text = fmt::format("'{}' [{}]", array.name, fmt::join(array.shape, "]["));
  return text;
}

bool is_number(const DataArray& array) { return array.values.size() == 1 && array.shape.size() <= 1; }

// Arrays of one trajectory, or of several of equal length.
class TableBuilder {
 public:
  explicit TableBuilder(std::string where) {
    table_.where = std::move(where);
    table_.row_word = "row";
  }

  // `group` names the arrays' trajectory; all groups must give the same columns.
  void add(const std::vector<const DataArray*>& arrays) {
    std::int64_t trajectories = 1, rows = -1;
    const DataArray *longest = nullptr, *stacked = nullptr;
    const auto has_three = [](const DataArray* array) { return array->shape.size() == 3; };
    const bool is_stacked = std::any_of(arrays.begin(), arrays.end(), has_three);
    for (const DataArray* array : arrays) {
      if (is_number(*array)) continue;
      const bool is_shared = is_stacked && array->shape.size() == 1;  // one time axis for all trajectories
      const std::int64_t found = array->shape[is_stacked && !is_shared ? 1 : 0];
      if (is_stacked && !is_shared) {
        if (stacked != nullptr && array->shape[0] != trajectories) fail(*array, *stacked);
        stacked = array;
        trajectories = array->shape[0];
      }
      if (rows >= 0 && found != rows) fail(*array, *longest);
      rows = found;
      longest = array;
    }
    if (longest == nullptr || rows == 0 || trajectories == 0) {
      throw Error("no rows of numbers", table_.where, "give arrays [rows] or [rows][columns], and one of them t (s)");
    }
    add_columns(arrays, is_stacked);
    for (std::int64_t trajectory = 0; trajectory < trajectories; ++trajectory, ++trajectories_) {
      for (std::int64_t row = 0; row < rows; ++row) add_row(arrays, is_stacked, trajectory, rows, row);
    }
  }

  DataTable finish() {
    if (trajectories_ > 1 && std::find(table_.names.begin(), table_.names.end(), "trajectory") == table_.names.end()) {
      DataTable with = table_;
      with.names.push_back("trajectory");
      with.units.emplace_back();
      with.values.clear();
      for (size_t row = 0; row < table_.rows(); ++row) {
        for (size_t c = 0; c < table_.columns(); ++c) with.values.push_back(table_.at(row, c));
        with.values.push_back(static_cast<double>(trajectory_of_[row]));
      }
      return with;
    }
    return std::move(table_);
  }

 private:
  [[noreturn]] void fail(const DataArray& array, const DataArray& other) const {
    throw Error(fmt::format("array {} beside {}", shape_text(array), shape_text(other)), table_.where,
                "give arrays of equally many rows, or leave those out that are no time series");
  }

  static std::int64_t width(const DataArray& array, bool is_stacked) {
    const size_t row_axes = is_stacked && array.shape.size() > 1 ? 2 : 1;
    return array.shape.size() > row_axes ? array.shape[row_axes] : 1;
  }

  void add_columns(const std::vector<const DataArray*>& arrays, bool is_stacked) {
    std::vector<std::string> names, units;
    for (const DataArray* array : arrays) {
      const bool is_step = is_number(*array) && (base_name(*array) == "dt" || base_name(*array) == "timestep");
      if (is_step) {
        names.emplace_back("t");
        units.emplace_back("s");
      }
      if (is_number(*array)) continue;
      const size_t most = is_stacked && array->shape.size() > 1 ? 3 : 2;
      const std::int64_t count = width(*array, is_stacked);
      if (array->shape.size() > most || count > kMostColumns) {
        throw Error(fmt::format("array {} is no table", shape_text(*array)), table_.where,
                    "give arrays [rows], [rows][columns] or [trajectories][rows][columns]");
      }
      const bool has_names = static_cast<std::int64_t>(array->columns.size()) == count;
      const bool has_units = static_cast<std::int64_t>(array->units.size()) == count;
      const bool is_single = array->shape.size() < most;
      for (std::int64_t c = 0; c < count; ++c) {
        names.push_back(has_names   ? array->columns[static_cast<size_t>(c)]
                        : is_single ? base_name(*array)
                                    : fmt::format("{}{}", base_name(*array), c));
        units.push_back(has_units ? array->units[static_cast<size_t>(c)] : std::string());
      }
    }
    if (names.empty()) {  // arrays [rows][0]
      throw Error("arrays without columns", table_.where,
                  "give arrays [rows] or [rows][columns], with one column or more");
    }
    for (size_t i = 0; i < names.size(); ++i) {
      if (std::count(names.begin(), names.end(), names[i]) == 1) continue;
      throw Error(fmt::format("two columns are named '{}'", names[i]), table_.where, "give every column its own name");
    }
    if (table_.names.empty()) {
      table_.names = names;
      table_.units = units;
    } else if (table_.names != names) {
      throw Error(fmt::format("columns {} beside {}", fmt::join(names, ", "), fmt::join(table_.names, ", ")),
                  table_.where, "give every group the same arrays");
    }
  }

  static std::string base_name(const DataArray& array) { return array.name.substr(array.name.rfind('/') + 1); }

  void add_row(const std::vector<const DataArray*>& arrays, bool is_stacked, std::int64_t trajectory, std::int64_t rows,
               std::int64_t row) {
    for (const DataArray* array : arrays) {
      if (is_number(*array)) {
        const std::string name = base_name(*array);
        if (name == "dt" || name == "timestep") table_.values.push_back(array->values[0] * static_cast<double>(row));
        continue;
      }
      const std::int64_t count = width(*array, is_stacked);
      const bool is_shared = is_stacked && array->shape.size() == 1;
      const std::int64_t first = ((is_shared ? 0 : trajectory * rows) + row) * count;
      for (std::int64_t c = 0; c < count; ++c) table_.values.push_back(array->values[static_cast<size_t>(first + c)]);
    }
    table_.labels.push_back(row);
    trajectory_of_.push_back(trajectories_);
  }

  DataTable table_;
  std::int64_t trajectories_ = 0;
  std::vector<std::int64_t> trajectory_of_;
};

// "run2/x" before "run10/x": numbers in names compare as numbers.
bool natural_less(const std::string& a, const std::string& b) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      size_t end_a = i, end_b = j;
      while (end_a < a.size() && is_digit(a[end_a])) ++end_a;
      while (end_b < b.size() && is_digit(b[end_b])) ++end_b;
      while (i + 1 < end_a && a[i] == '0') ++i;
      while (j + 1 < end_b && b[j] == '0') ++j;
      if (end_a - i != end_b - j) return end_a - i < end_b - j;
      const int order = a.compare(i, end_a - i, b, j, end_b - j);
      if (order != 0) return order < 0;
      i = end_a, j = end_b;
    } else if (a[i] != b[j]) {
      return a[i] < b[j];
    } else {
      ++i, ++j;
    }
  }
  return a.size() - i < b.size() - j;
}

}  // namespace

DataTable table_of(const std::vector<DataArray>& arrays, const std::string& where) {
  std::map<std::string, std::vector<const DataArray*>, decltype(&natural_less)> groups(&natural_less);
  for (const DataArray& array : arrays) {
    const size_t slash = array.name.rfind('/');
    groups[slash == std::string::npos ? "" : array.name.substr(0, slash)].push_back(&array);
  }
  // A number at the top (dt) holds for every group.
  std::vector<const DataArray*> numbers;
  if (const auto top = groups.find(""); top != groups.end() && groups.size() > 1) {
    if (std::all_of(top->second.begin(), top->second.end(), [](const DataArray* a) { return is_number(*a); })) {
      numbers = top->second;
      groups.erase(top);
    }
  }
  TableBuilder builder(where);
  for (auto& [name, members] : groups) {
    members.insert(members.begin(), numbers.begin(), numbers.end());
    builder.add(members);
  }
  if (groups.empty()) throw Error("no arrays of numbers", where, "give at least a time t (s) and a state");
  return builder.finish();
}

DataTable read_table(const std::filesystem::path& path) {
  const std::vector<std::byte> bytes = read_file(path);
  const auto begins_with = [&](std::string_view mark) {
    return bytes.size() >= mark.size() && std::memcmp(bytes.data(), mark.data(), mark.size()) == 0;
  };
  if (begins_with("PK\x03\x04")) return table_of(read_npz(bytes, path.string()), path.string());
  if (begins_with("\x89HDF\r\n\x1a\n")) return table_of(read_hdf5(path), path.string());
  const std::string extension = path.extension().string();
  if (extension == ".npz" || extension == ".h5" || extension == ".hdf5") {
    throw Error(fmt::format("no {} file", extension), path.string(), "check that it was written and copied whole");
  }
  return parse_csv({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string());
}

}  // namespace lockstep
