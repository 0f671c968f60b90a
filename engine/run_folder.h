// The folder of a training run: resolved configuration, metrics, TensorBoard events, checkpoint, lock.
//
//   config.toml                    every setting of the run; `lockstep train --config` reads it again
//   metrics.csv                    one row per iteration, complete at any moment
//   events.out.tfevents.lockstep   the same for TensorBoard
//   checkpoint.lockstep            engine/checkpoint.h; the run continues from it as if it had not stopped
//   report.html, video.mp4         written by apps/ when the run ends
#pragma once

#include "engine/appended_file.h"
#include "engine/settings.h"
#include "engine/tensorboard.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lockstep {

// Columns of metrics.csv.
struct MetricsTable {
  std::vector<std::string> names;
  std::vector<std::vector<double>> columns;  // [names][rows]

  [[nodiscard]] size_t num_rows() const { return columns.empty() ? 0 : columns.front().size(); }
  // The column of that name, or nullptr.
  [[nodiscard]] const std::vector<double>* find(std::string_view name) const;
};

// Throws Error with the line for text that is no table of numbers. A last line without its end is left out.
[[nodiscard]] MetricsTable parse_metrics(std::string_view csv, const std::string& origin);

// What a run continues from.
struct RunState {
  std::int64_t iteration = 0;    // iterations done
  double wall_seconds = 0;       // spent on them, over all sessions
  std::vector<std::byte> agent;  // Agent::save()
};

// Configuration and last checkpoint of a run, read without locking it.
struct SavedRun {
  Settings config;
  std::optional<RunState> state;  // empty where the run was stopped before its first checkpoint
};
// Throws Error where `folder` is no run folder or its files are damaged.
[[nodiscard]] SavedRun read_run(const std::filesystem::path& folder);

// A run being written, locked against other processes for as long as it lives (the system drops the lock of a process
// that was killed). Errors: Error, MissingResource where the disk is full.
class RunFolder {
 public:
  enum class Existing { kRefuse, kOverwrite };

  // Makes the folder and writes config.toml. Throws Error, having written nothing, where the folder is in use, or is
  // not empty (kOverwrite takes the place of an older run, and of nothing else).
  static RunFolder create(const std::filesystem::path& folder, const Settings& config, Existing existing);
  // Opens a run to continue it. `check` sees what was saved, and may throw, before anything is changed: then metrics
  // and events are cut back to the last checkpoint, and config.toml becomes `config`.
  static RunFolder resume(const std::filesystem::path& folder, const Settings& config,
                          const std::function<void(const SavedRun&)>& check);

  [[nodiscard]] const std::filesystem::path& path() const { return folder_; }
  [[nodiscard]] const SavedRun& saved() const { return saved_; }

  // Appends a row; the names are the same in every row of a run. Values go to TensorBoard under "train/<name>".
  void record(std::int64_t iteration, const std::vector<std::pair<std::string, double>>& values);
  void record_text(const std::string& tag, const std::string& text, std::int64_t iteration);
  // Makes what was recorded, and the state, permanent: everything before this call survives any crash after it.
  void save(const RunState& state);
  [[nodiscard]] MetricsTable metrics() const;

 private:
  // The lock: an flock on .lock, closed with the object.
  class Lock {
   public:
    explicit Lock(const std::filesystem::path& folder);
    ~Lock();
    Lock(Lock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    Lock& operator=(Lock&&) = delete;

   private:
    int descriptor_;
  };
  struct Sizes {
    std::uint64_t metrics = 0, events = 0;  // bytes of metrics.csv and of the event file at a checkpoint
  };
  RunFolder(std::filesystem::path folder, Lock lock, SavedRun saved, Sizes sizes);

  std::filesystem::path folder_;
  Lock lock_;
  SavedRun saved_;
  AppendedFile metrics_;
  EventFile events_;
  std::vector<std::string> names_;  // of the columns, once a row was written
};

// The first of PARENT/NAME-1, PARENT/NAME-2, ... that does not exist.
[[nodiscard]] std::filesystem::path free_run_folder(const std::filesystem::path& parent, const std::string& name);

}  // namespace lockstep
