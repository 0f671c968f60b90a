// Reads tables of comma-separated text: names, units, cells, missing cells.
#include "engine/data_table.h"
#include "engine/error.h"
#include "engine/text_pieces.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace lockstep {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

// Cells without the quotes that may stand around them.
void split_cells(std::string_view line, char separator, std::vector<std::string_view>& cells) {
  cells.clear();
  for (size_t begin = 0;;) {
    const size_t quote = line.find_first_not_of(" \t", begin);
    size_t search = begin;
    if (quote != std::string_view::npos && line[quote] == '"') {
      const size_t closing = line.find('"', quote + 1);
      if (closing != std::string_view::npos) search = closing;
    }
    const size_t end = line.find(separator, search);
    std::string_view cell = trimmed(line.substr(begin, end == std::string_view::npos ? end : end - begin));
    if (cell.size() >= 2 && cell.front() == '"' && cell.back() == '"') cell = trimmed(cell.substr(1, cell.size() - 2));
    cells.push_back(cell);
    if (end == std::string_view::npos) return;
    begin = end + 1;
  }
}

bool is_number(std::string_view text) {
  double value = 0;
  return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{};
}

class CsvParser {
 public:
  explicit CsvParser(const std::string& where) { table_.where = where; }

  DataTable parse(std::string_view text) {
    if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);  // the mark that some editors write first
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      ++line_;
      const std::string_view raw = text.substr(begin, end - begin), line = trimmed(raw);
      begin = end + 1;
      if (line.empty() || line.front() == '#') continue;
      if (table_.names.empty()) {
        read_names(line);
      } else {
        read_row(separator_ == '\t' ? raw : line);
      }
    }
    return std::move(table_);
  }

 private:
  [[nodiscard]] std::string at_line() const { return fmt::format("{}, line {}", table_.where, line_); }

  void read_names(std::string_view line) {
    for (const char candidate : {',', ';', '\t'}) {
      if (line.find(candidate) == std::string_view::npos) continue;
      separator_ = candidate;
      break;
    }
    split_cells(line, separator_, cells_);
    table_.line_of_names = line_;
    for (const std::string_view cell : cells_) {
      // "th [rad]" or "th (rad)"
      const size_t open = cell.find_last_of("[(");
      const bool has_unit =
          !cell.empty() && open != std::string_view::npos && open > 0 && (cell.back() == ']' || cell.back() == ')');
      const std::string name(has_unit ? trimmed(cell.substr(0, open)) : cell);
      if (name.empty() || is_number(name)) {
        throw Error(fmt::format("'{}' is no name of a column", name), at_line(),
                    "begin the table with a line of names");
      }
      if (std::find(table_.names.begin(), table_.names.end(), name) != table_.names.end()) {
        throw Error(fmt::format("two columns are named '{}'", name), at_line(), "give every column its own name");
      }
      table_.names.push_back(name);
      table_.units.emplace_back(has_unit ? trimmed(cell.substr(open + 1, cell.size() - open - 2)) : std::string_view{});
    }
  }

  void read_row(std::string_view line) {
    split_cells(line, separator_, cells_);
    if (cells_.size() != table_.names.size()) {
      throw Error(fmt::format("{} cells under {} names", cells_.size(), table_.names.size()), at_line(),
                  "give one number per column");
    }
    for (size_t i = 0; i < cells_.size(); ++i) table_.values.push_back(number(cells_[i], table_.names[i]));
    table_.labels.push_back(line_);
  }

  [[nodiscard]] double number(std::string_view cell, const std::string& name) const {
    if (cell.empty() || cell == "NA" || cell == "NaN" || cell == "nan") return kMissing;
    double value = 0;
    const std::string_view digits = cell.front() == '+' ? cell.substr(1) : cell;
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (problem == std::errc{} && end == digits.data() + digits.size()) return value;
    throw Error(fmt::format("{} = '{}' is no finite number", name, cell.substr(0, 40)), at_line(),
                "write a decimal number; leave the cell empty where there is none");
  }

  int line_ = 0;
  char separator_ = ',';
  std::vector<std::string_view> cells_;
  DataTable table_;
};

}  // namespace

std::string DataTable::place(size_t row) const { return fmt::format("{}, {} {}", where, row_word, labels[row]); }

DataTable parse_csv(std::string_view text, const std::string& where) { return CsvParser(where).parse(text); }

}  // namespace lockstep
