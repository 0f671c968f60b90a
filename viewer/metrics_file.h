// The metrics.csv of a run folder as it grows: read when its size or time changed, and only then.
#pragma once

#include "engine/run_folder.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace lockstep::viewer {

// What tells that a file was written: both are 0 where it is missing.
struct FileStamp {
  std::uintmax_t size = 0;  // bytes
  std::filesystem::file_time_type time{};
  bool operator==(const FileStamp&) const = default;
};
[[nodiscard]] FileStamp stamp_of(const std::filesystem::path& file);

// Belongs to one thread. Another process may write the file at any moment.
class MetricsFile {
 public:
  explicit MetricsFile(const std::filesystem::path& run_folder);

  // Reads the file where it changed since the last call; a last line without its end is left for the next time. True
  // where there is a new table or a new problem.
  bool refresh();

  // The last table that could be read; empty where there is no file.
  [[nodiscard]] const MetricsTable& table() const { return table_; }
  // Why table() is not what the file holds, with what to do; empty: it is.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  // How often the file was read, whole.
  [[nodiscard]] int times_read() const { return times_read_; }

 private:
  std::filesystem::path file_;
  bool has_looked_ = false;
  FileStamp seen_;
  MetricsTable table_;
  std::string problem_;
  int times_read_ = 0;
};

// Environment steps per second of wall time over the last ten rows (0 where there are fewer than two rows, or no
// columns env_steps and wall_seconds).
[[nodiscard]] double steps_per_second(const MetricsTable& table);

}  // namespace lockstep::viewer
