// Hands the seeds to threads, one run each, and collects what they come to.
#include "apps/sweep.h"
#include "apps/interrupt.h"
#include "apps/seed_list.h"
#include "engine/atomic_file.h"
#include "engine/error.h"
#include "engine/write_failure.h"

#include <algorithm>
#include <mutex>
#include <numeric>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace lockstep::apps {
namespace {

constexpr const char* kSweepFile = "sweep.toml";
constexpr const char* kSeedPrefix = "seed-";

std::filesystem::path folder_of(const std::filesystem::path& sweep, std::uint64_t seed) {
  return sweep / fmt::format("{}{}", kSeedPrefix, seed);
}

bool is_there(const std::filesystem::path& file) {
  std::error_code ignored;
  return std::filesystem::exists(file, ignored);
}

// Throws where the folder holds anything but an older sweep of the same seeds that may be replaced.
void check_folder(const SweepRequest& request) {
  if (!is_there(request.folder)) return;
  const std::string where = request.folder.string();
  if (!std::filesystem::is_directory(request.folder))
    throw Error("the sweep folder's path is a file", where, "choose another --run-dir");
  if (std::filesystem::is_empty(request.folder)) return;
  if (!is_sweep(request.folder))
    throw Error("the folder is not empty, and holds no sweep", where, "choose another --run-dir, or empty the folder");
  if (!request.overwrite) {
    throw Error("the folder already holds a sweep", where,
                "choose another --run-dir, continue the sweep with --resume, or give --overwrite to replace it");
  }
  const SavedSweep before = read_sweep(request.folder);
  if (!std::ranges::includes(request.seeds, before.seeds)) {
    throw Error(fmt::format("the sweep to be replaced has seeds {}, and not all of them are in {}",
                            seeds_text(before.seeds), seeds_text(request.seeds)),
                where, "choose another --run-dir, or delete the folder");
  }
}

void write_sweep_file(const SweepRequest& request) {
  std::error_code reason;
  std::filesystem::create_directories(request.folder, reason);
  if (reason)
    throw_write_failure("cannot make the sweep folder", request.folder, reason.value(), "nothing was written");
  Settings all = without_key(request.run.all(), "seed");
  all.set("seeds", {seeds_text(request.seeds), "--seeds"});
  write_file(request.folder / kSweepFile, all.to_toml());
}

TrainRequest request_of(const SweepRequest& sweep, std::uint64_t seed) {
  TrainRequest request{sweep.run, folder_of(sweep.folder, seed), false, sweep.overwrite};
  request.run.config.seed = seed;
  request.run.config.environment.seed = seed;
  // A sweep that was stopped may have runs that have not begun.
  if (sweep.resume) request.resume = is_there(request.folder / "config.toml");
  return request;
}

// Seeds in progress, shared by the threads that run them.
class Sweep {
 public:
  Sweep(const SweepRequest& request, const agents::Entry& entry, const EnvironmentFactory& make_environment,
        const SweepObserver& observer)
      : request_(request),
        entry_(entry),
        make_environment_(make_environment),
        observer_(observer),
        shares_(request.seeds.size()),
        runs_(request.seeds.size()) {}

  SweepResult run() {
    {
      std::vector<std::jthread> others;
      const size_t jobs = std::min(request_.seeds.size(), static_cast<size_t>(std::max(1, request_.jobs)));
      for (size_t job = 1; job < jobs; ++job) others.emplace_back([this] { take_seeds(); });
      take_seeds();
    }
    SweepResult result{is_interrupted_ || is_interrupted(), {}, failure_};
    for (std::optional<SeedRun>& run : runs_)
      if (run) result.runs.push_back(std::move(*run));
    return result;
  }

 private:
  void take_seeds() {
    while (const std::optional<size_t> index = next()) {
      try {
        train_seed(*index);
      } catch (const Interrupted&) {
        const std::lock_guard lock(mutex_);
        is_interrupted_ = true;
      } catch (const std::exception& error) {
        const std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
        if (observer_.failure) observer_.failure(request_.seeds[*index], error);
      }
    }
  }

  std::optional<size_t> next() {
    const std::lock_guard lock(mutex_);
    if (is_interrupted_ || is_interrupted() || next_ == request_.seeds.size()) return std::nullopt;
    return next_++;
  }

  void train_seed(size_t index) {
    const std::uint64_t seed = request_.seeds[index];
    TrainObserver observer;
    observer.progress = [this, index](double share, const std::string& text) { on_progress(index, share, text); };
    observer.iteration = [this, seed](std::int64_t iteration, const std::vector<agents::Metric>& metrics) {
      const std::lock_guard lock(mutex_);
      if (observer_.iteration) observer_.iteration(seed, iteration, metrics);
    };
    SeedRun run{seed, request_of(request_, seed), {}};
    run.result = train(run.request, entry_, make_environment_, observer);
    const std::lock_guard lock(mutex_);
    is_interrupted_ |= run.result.is_interrupted;
    shares_[index] = 1;
    runs_[index] = std::move(run);
  }

  void on_progress(size_t index, double share, const std::string& text) {
    const std::lock_guard lock(mutex_);
    shares_[index] = share;
    if (!observer_.progress) return;
    const auto done = std::ranges::count_if(runs_, [](const auto& run) { return run.has_value(); });
    const double sum = std::accumulate(shares_.begin(), shares_.end(), 0.0);
    observer_.progress(
        sum / static_cast<double>(shares_.size()),
        fmt::format("{} of {} seeds done, seed {}: {}", done, runs_.size(), request_.seeds[index], text));
  }

  const SweepRequest& request_;
  const agents::Entry& entry_;
  const EnvironmentFactory& make_environment_;
  const SweepObserver& observer_;
  std::mutex mutex_;  // of all below, and of the observer
  size_t next_ = 0;   // the seed to be taken next
  bool is_interrupted_ = false;
  std::exception_ptr failure_;
  std::vector<double> shares_;                // [seeds] of each run that is done
  std::vector<std::optional<SeedRun>> runs_;  // [seeds]
};

}  // namespace

SweepResult run_sweep(const SweepRequest& request, const agents::Entry& entry,
                      const EnvironmentFactory& make_environment, const SweepObserver& observer) {
  if (!request.resume) {
    check_folder(request);
    (void)make_agent(request.run, entry, make_environment, {});  // which refuses settings before anything is written
    write_sweep_file(request);
  }
  return Sweep(request, entry, make_environment, observer).run();
}

bool is_sweep(const std::filesystem::path& folder) { return is_there(folder / kSweepFile); }

void check_single_run(const std::filesystem::path& folder) {
  if (!is_sweep(folder)) return;
  const SavedSweep sweep = read_sweep(folder);
  throw Error(fmt::format("this is a sweep over the seeds {}", seeds_text(sweep.seeds)), folder.string(),
              fmt::format("give the run of one seed: {}", folder_of(folder, sweep.seeds.front()).string()));
}

SavedSweep read_sweep(const std::filesystem::path& folder) {
  if (!is_sweep(folder)) {
    throw Error(fmt::format("this is no sweep: it has no {}", kSweepFile), folder.string(),
                "give the folder that `lockstep train --seeds` printed at its end");
  }
  const Settings all = Settings::from_file((folder / kSweepFile).string());
  const auto seeds = all.values().find("seeds");
  const auto* text = seeds == all.values().end() ? nullptr : std::get_if<std::string>(&seeds->second.value);
  if (text == nullptr) {
    throw Error("there is no text 'seeds'", (folder / kSweepFile).string(), "put the file back as the sweep wrote it");
  }
  return {without_key(all, "seeds"), parse_seeds(*text)};
}

}  // namespace lockstep::apps
