// Creates, locks, extends and reopens run folders.
#include "engine/run_folder.h"
#include "engine/atomic_file.h"
#include "engine/byte_stream.h"
#include "engine/checkpoint.h"
#include "engine/error.h"
#include "engine/text_pieces.h"
#include "engine/write_failure.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>

namespace lockstep {
namespace {

constexpr const char* kConfig = "config.toml";
constexpr const char* kMetrics = "metrics.csv";
constexpr const char* kEvents = "events.out.tfevents.lockstep";
constexpr const char* kCheckpoint = "checkpoint.lockstep";
constexpr const char* kLock = ".lock";
// Everything that a run may leave in its folder, and nothing else is ever deleted.
constexpr std::array kRunFiles = {kMetrics, kEvents, kCheckpoint, "report.html", "video.mp4", "video.gif", kConfig};
constexpr std::uint32_t kStateVersion = 1;

bool is_there(const std::filesystem::path& file) {
  std::error_code ignored;
  return std::filesystem::exists(file, ignored);
}

bool is_partial_file(const std::string& name) { return name.starts_with(".") && name.ends_with(".part"); }

// Throws where the folder holds anything but the files of an older run that may be replaced.
void check_replaceable(const std::filesystem::path& folder, RunFolder::Existing existing) {
  bool is_empty = true, is_run = false;
  std::string stranger;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name == kLock || is_partial_file(name)) continue;
    is_empty = false;
    is_run |= name == kConfig;
    if (std::ranges::find(kRunFiles, name) == kRunFiles.end()) stranger = name;
  }
  if (is_empty) return;
  if (!is_run || !stranger.empty()) {
    throw Error(is_run ? fmt::format("the folder holds '{}' beside a run", stranger) : "the folder is not empty",
                folder.string(), "choose another --run-dir, or empty the folder");
  }
  if (existing == RunFolder::Existing::kRefuse) {
    throw Error("the folder already holds a run", folder.string(),
                "choose another --run-dir, continue the run with --resume, or give --overwrite to replace it");
  }
}

void remove_run_files(const std::filesystem::path& folder) {
  for (const char* name : kRunFiles) std::filesystem::remove(folder / name);
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (is_partial_file(entry.path().filename().string())) std::filesystem::remove(entry.path());
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code reason;
  std::filesystem::create_directories(folder, reason);
  if (reason) throw_write_failure("cannot make the run folder", folder, reason.value(), "nothing was written");
}

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

double parse_number(std::string_view text, const std::string& where) {
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size())
    throw Error(fmt::format("'{}' is not a number", text), where, "put the file back as the run wrote it");
  return value;
}

// What a checkpoint of a run holds beside the agent.
struct Session {
  double wall_seconds = 0;
  std::uint64_t metrics_bytes = 0, events_bytes = 0;
};

struct ReadRun {
  SavedRun saved;
  Session session;
};

ReadRun read_folder(const std::filesystem::path& folder) {
  if (!is_there(folder / kConfig)) {
    throw Error("this is not a run folder: it has no config.toml", folder.string(),
                "give the folder that `lockstep train` printed at its end");
  }
  ReadRun run{{Settings::from_file((folder / kConfig).string()), std::nullopt}, {}};
  const std::filesystem::path file = folder / kCheckpoint;
  if (!is_there(file)) return run;
  const std::string where = file.string();
  const CheckpointSections sections = load_checkpoint(file);
  ByteReader progress(checkpoint_section(sections, "progress", where), "run progress", kStateVersion, where);
  ByteReader session(checkpoint_section(sections, "session", where), "run session", kStateVersion, where);
  const auto agent = checkpoint_section(sections, "agent", where);
  RunState state;
  state.iteration = progress.read<std::int64_t>();
  progress.expect_end();
  state.wall_seconds = session.read<double>();
  run.session = {state.wall_seconds, session.read<std::uint64_t>(), session.read<std::uint64_t>()};
  session.expect_end();
  state.agent.assign(agent.begin(), agent.end());
  run.saved.state = std::move(state);
  return run;
}

MetricsTable read_metrics(const std::filesystem::path& file) {
  if (!is_there(file)) return {};
  const std::vector<std::byte> bytes = read_file(file);
  return parse_metrics({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file.string());
}

}  // namespace

const std::vector<double>* MetricsTable::find(std::string_view name) const {
  const auto found = std::ranges::find(names, name);
  return found == names.end() ? nullptr : &columns[static_cast<size_t>(found - names.begin())];
}

MetricsTable parse_metrics(std::string_view csv, const std::string& origin) {
  std::vector<std::string_view> lines = split(csv, '\n');
  lines.pop_back();  // what follows the last line end: nothing, or half a row
  MetricsTable table;
  if (lines.empty()) return table;
  for (const std::string_view name : split(lines.front(), ',')) table.names.emplace_back(name);
  table.columns.resize(table.names.size());
  for (size_t line = 1; line < lines.size(); ++line) {
    const std::string where = fmt::format("{}, line {}", origin, line + 1);
    const std::vector<std::string_view> cells = split(lines[line], ',');
    if (cells.size() != table.names.size()) {
      throw Error(fmt::format("the row has {} values for {} columns", cells.size(), table.names.size()), where,
                  "put the file back as the run wrote it");
    }
    for (size_t k = 0; k < cells.size(); ++k) table.columns[k].push_back(parse_number(cells[k], where));
  }
  return table;
}

SavedRun read_run(const std::filesystem::path& folder) { return read_folder(folder).saved; }

RunFolder::Lock::Lock(const std::filesystem::path& folder)
    : descriptor_(open((folder / kLock).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) throw_write_failure("cannot lock the run folder", folder, errno, "nothing was written");
  if (flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
  close(descriptor_);
  throw Error("another process is writing this run", folder.string(),
              "wait for it, stop it, or choose another --run-dir");
}

RunFolder::Lock::~Lock() {
  if (descriptor_ >= 0) close(descriptor_);
}

RunFolder::RunFolder(std::filesystem::path folder, Lock lock, SavedRun saved, Sizes sizes)
    : folder_(std::move(folder)),
      lock_(std::move(lock)),
      saved_(std::move(saved)),
      metrics_(folder_ / kMetrics, sizes.metrics),
      events_(folder_ / kEvents, sizes.events),
      names_(read_metrics(folder_ / kMetrics).names) {}

RunFolder RunFolder::create(const std::filesystem::path& folder, const Settings& config, Existing existing) {
  if (is_there(folder)) {
    if (!std::filesystem::is_directory(folder))
      throw Error("the run folder's path is a file", folder.string(), "choose another --run-dir");
    check_replaceable(folder, existing);
  }
  make_folder(folder);
  Lock lock(folder);
  check_replaceable(folder, existing);  // again, now that nobody else may write
  remove_run_files(folder);
  write_file(folder / kConfig, config.to_toml());
  return {folder, std::move(lock), {config, std::nullopt}, {}};
}

RunFolder RunFolder::resume(const std::filesystem::path& folder, const Settings& config,
                            const std::function<void(const SavedRun&)>& check) {
  read_folder(folder);  // errors come before the lock file
  Lock lock(folder);
  ReadRun run = read_folder(folder);
  check(run.saved);
  if (config.to_toml() != run.saved.config.to_toml()) write_file(folder / kConfig, config.to_toml());
  return {folder, std::move(lock), std::move(run.saved), {run.session.metrics_bytes, run.session.events_bytes}};
}

void RunFolder::record(std::int64_t iteration, const std::vector<std::pair<std::string, double>>& values) {
  std::vector<std::string> names = {"iteration"};
  std::string row = fmt::format("{}", iteration);
  for (const auto& [name, value] : values) {
    names.push_back(name);
    row += fmt::format(",{}", value);
  }
  if (names_.empty()) {
    metrics_.append(fmt::format("{}\n", fmt::join(names, ",")));
    names_ = names;
  }
  if (names != names_) {
    throw Error(fmt::format("this iteration's metrics ({}) are not the columns of the run ({})", fmt::join(names, ","),
                            fmt::join(names_, ",")),
                (folder_ / kMetrics).string(), "start a new run with this release");
  }
  metrics_.append(row + "\n");
  const double wall_time = now();
  for (const auto& [name, value] : values) events_.add_scalar("train/" + name, value, iteration, wall_time);
}

void RunFolder::record_text(const std::string& tag, const std::string& text, std::int64_t iteration) {
  events_.add_text(tag, text, iteration, now());
}

void RunFolder::save(const RunState& state) {
  metrics_.sync();
  events_.sync();
  ByteWriter progress("run progress", kStateVersion);
  progress.write(state.iteration);
  ByteWriter session("run session", kStateVersion);
  session.write(state.wall_seconds);
  session.write(metrics_.size());
  session.write(events_.size());
  save_checkpoint(
      folder_ / kCheckpoint,
      {{"progress", std::move(progress).finish()}, {"session", std::move(session).finish()}, {"agent", state.agent}});
}

MetricsTable RunFolder::metrics() const { return read_metrics(folder_ / kMetrics); }

std::filesystem::path free_run_folder(const std::filesystem::path& parent, const std::string& name) {
  for (int number = 1;; ++number) {
    std::filesystem::path folder = parent / fmt::format("{}-{}", name, number);
    if (!is_there(folder)) return folder;
  }
}

}  // namespace lockstep
