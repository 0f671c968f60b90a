// Reads metrics.csv again when it was written.
#include "viewer/metrics_file.h"
#include "engine/atomic_file.h"
#include "engine/error.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <system_error>
#include <vector>

namespace lockstep::viewer {

FileStamp stamp_of(const std::filesystem::path& file) {
  std::error_code no_size, no_time;
  const auto size = std::filesystem::file_size(file, no_size);
  const auto time = std::filesystem::last_write_time(file, no_time);
  return no_size || no_time ? FileStamp{} : FileStamp{size, time};
}

MetricsFile::MetricsFile(const std::filesystem::path& run_folder) : file_(run_folder / "metrics.csv") {}

bool MetricsFile::refresh() {
  const FileStamp stamp = stamp_of(file_);  // before reading: what is written meanwhile is seen the next time
  if (has_looked_ && stamp == seen_) return false;
  has_looked_ = true;
  seen_ = stamp;
  problem_.clear();
  try {
    if (stamp == FileStamp{}) {
      table_ = {};
      throw Error("there are no metrics yet", file_.string(),
                  "wait for the run's first iteration, or give the folder that `lockstep train` printed");
    }
    const std::vector<std::byte> bytes = read_file(file_);
    ++times_read_;
    table_ = parse_metrics(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), file_.string());
  } catch (const Error& error) {
    problem_ = error.what();
  }
  return true;
}

double steps_per_second(const MetricsTable& table) {
  constexpr std::size_t kMostRows = 10;
  const std::vector<double>* steps = table.find("env_steps");
  const std::vector<double>* seconds = table.find("wall_seconds");
  if (steps == nullptr || seconds == nullptr || table.num_rows() < 2) return 0;
  const std::size_t last = table.num_rows() - 1, first = last - std::min(last, kMostRows - 1);
  const double elapsed = (*seconds)[last] - (*seconds)[first];
  return elapsed > 0 ? ((*steps)[last] - (*steps)[first]) / elapsed : 0;
}

}  // namespace lockstep::viewer
