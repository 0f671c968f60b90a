// Lets our batch and MuJoCo take turns in short slices on the same course, and prints rates, ratios and agreement.
#include "apps/bench_physics.h"
#include "apps/machine.h"
#include "apps/physics_race.h"
#include "apps/quantile.h"
#include "engine/error.h"
#include "engine/isa.h"
#include "engine/model.h"
#include "engine/model_sets.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include <mujoco/mujoco.h>
#include <nlohmann/json.hpp>
#include <sched.h>

namespace lockstep::apps {
namespace {

// What runs without any name: models with and without contacts, in motions that ask for different things.
constexpr std::array kUsual{
    "dm_control/cartpole/noisy",     "dm_control/acrobot/noisy",     "gymnasium/inverted_pendulum/noisy",
    "gymnasium/half_cheetah/smooth", "gymnasium/half_cheetah/noisy", "gymnasium/half_cheetah/quiet",
    "dm_control/humanoid/smooth",    "dm_control/humanoid/noisy",    "dm_control/humanoid/quiet",
};

// Whose model, which, and how it moves: `name` ends in the motion.
struct Subject {
  std::string name;
  std::string model;  // of the model sets, or a file
  Motion motion;
};

// "suite/model/motion" of every model in every motion.
std::vector<Subject> known_subjects() {
  std::vector<Subject> list;
  for (const std::string& model : known_models()) {
    for (const Motion motion : {Motion::kNoisy, Motion::kQuiet, Motion::kSmooth}) {
      list.push_back({fmt::format("{}/{}", model, motion_name(motion)), model, motion});
    }
  }
  return list;
}

// Whether `wanted` names the subject: whole, or its suite, or its suite and model.
bool names_subject(const std::string& wanted, const std::string& subject) {
  return subject == wanted || subject.starts_with(wanted + "/");
}

Subject subject_of_file(const std::string& name, const std::string& motion_name_wanted) {
  if (!std::filesystem::exists(name)) {
    std::vector<std::string> names;
    for (const Subject& subject : known_subjects()) names.push_back(subject.name);
    const std::string near = nearest_name(name, names);
    throw Error(fmt::format("'{}' is neither a model of the list nor a file", name), "bench physics",
                near.empty() ? "`lockstep bench physics --help` has the list; or give an MJCF file"
                             : fmt::format("did you mean '{}'?", near));
  }
  const Motion motion = motion_of(motion_name_wanted);
  return {std::filesystem::path(name).stem().string() + "/" + motion_name(motion), name, motion};
}

// The subject's model; without constraints where it moves so.
std::shared_ptr<const Model> model_of(const Subject& subject) {
  const auto adjust = [&](mjModel& m) {
    if (subject.motion == Motion::kSmooth) m.opt.disableflags |= mjDSBL_CONSTRAINT;
  };
  return known_models(subject.model).empty() ? Model::from_file(subject.model, adjust)
                                             : load_known_model(subject.model, adjust);
}

std::vector<Subject> subjects(const BenchPhysicsOptions& options) {
  std::vector<std::string> wanted = options.models;
  if (wanted.empty()) wanted.assign(kUsual.begin(), kUsual.end());
  const std::vector<Subject> known = known_subjects();
  std::vector<Subject> chosen;
  for (const std::string& name : wanted) {
    const std::size_t before = chosen.size();
    std::copy_if(known.begin(), known.end(), std::back_inserter(chosen),
                 [&](const Subject& subject) { return names_subject(name, subject.name); });
    if (chosen.size() == before) chosen.push_back(subject_of_file(name, options.motion));
  }
  return chosen;
}

void check(const BenchPhysicsOptions& options) {
  const auto at_least = [](const char* name, double value, double least) {
    if (!(value >= least)) {
      throw Error(fmt::format("--{} = {} is below {}", name, value, least), "bench physics",
                  fmt::format("set --{} to at least {}", name, least));
    }
  };
  for (const int threads : options.threads) at_least("threads", threads, 1);
  at_least("worlds", options.worlds, 1);
  at_least("pairs", options.pairs, 1);
  at_least("slice", options.slice_seconds, 1e-3);
  at_least("warmup", options.warmup, 0);
  at_least("steps", options.steps, kHoldSteps);
  if (options.precision != "float" && options.precision != "double") {
    throw Error(fmt::format("unknown precision '{}'", options.precision), "--precision", "use float or double");
  }
}

// Keeps this thread, and those started meanwhile, on the last `cores` processors that it may use; undone at the end.
class Pinned {
 public:
  explicit Pinned(int cores) {
    CPU_ZERO(&before_);
    if (sched_getaffinity(0, sizeof(before_), &before_) != 0) return;
    cpu_set_t chosen;
    CPU_ZERO(&chosen);
    for (int cpu = CPU_SETSIZE - 1; cpu >= 0 && CPU_COUNT(&chosen) < cores; --cpu) {
      if (CPU_ISSET(cpu, &before_)) CPU_SET(cpu, &chosen);
    }
    changed_ = sched_setaffinity(0, sizeof(chosen), &chosen) == 0;
  }
  ~Pinned() {
    if (changed_) sched_setaffinity(0, sizeof(before_), &before_);
  }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

 private:
  cpu_set_t before_{};
  bool changed_ = false;
};

// Seconds of CPU time of this thread, where other programs on the core do not count, or of the wall clock, which serves
// several threads.
double now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// World-steps per second over one slice.
double rate(Runner& runner, clockid_t clock, double seconds) {
  double spent = 0;
  long steps = 0;
  while (spent < seconds) {
    runner.restart();
    const double start = now(clock);
    steps += runner.run();
    spent += now(clock) - start;
  }
  return static_cast<double>(steps) / spent;
}

struct Contest {
  Runner* ours;
  std::vector<Runner*> peers;
  clockid_t clock;
};

// Fills in rates and ratios of ours against each peer, in slices that take turns.
void compete(const Contest& contest, const BenchPhysicsOptions& options, std::vector<BenchRow>& rows) {
  std::vector<double> ours;
  std::vector<std::vector<double>> peers(contest.peers.size()), ratios(contest.peers.size());
  rate(*contest.ours, contest.clock, options.slice_seconds / 4);  // warm up
  for (int pair = 0; pair < options.pairs; ++pair) {
    for (std::size_t i = 0; i < contest.peers.size(); ++i) {
      ours.push_back(rate(*contest.ours, contest.clock, options.slice_seconds));
      peers[i].push_back(rate(*contest.peers[i], contest.clock, options.slice_seconds));
      ratios[i].push_back(ours.back() / peers[i].back());
    }
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].ours = quantile(ours, 0.5);
    rows[i].peer = quantile(peers[i], 0.5);
    rows[i].ratio = quantile(ratios[i], 0.5);
    rows[i].low = quantile(ratios[i], 0.25);
    rows[i].high = quantile(ratios[i], 0.75);
  }
}

std::unique_ptr<Batch> our_batch(const Course& course, const BenchPhysicsOptions& options, int threads) {
  return Batch::make(course.model, {.num_worlds = course.num_worlds,
                                    .backend = options.backend,
                                    .precision = options.precision == "float" ? Precision::kFloat : Precision::kDouble,
                                    .lanes = options.lanes,
                                    .threads = threads,
                                    .specialise = options.specialise});
}

// "cpu", "cuda" or "mujoco": what `auto` chose; report() begins with "backend <name>:".
std::string backend_name(const Batch& batch) {
  const std::string report = batch.report();
  const std::size_t begin = report.find(' ') + 1;
  return report.substr(begin, report.find(':') - begin);
}

// The rows of one subject on a number of threads: against mj_step, against mjb_step and, above one, against one thread.
std::vector<BenchRow> measure(const Subject& subject, const Course& course, const BenchPhysicsOptions& options,
                              int threads, CommandContext& context) {
  const Pinned pinned(threads);
  auto batch = our_batch(course, options, threads);
  const BenchRow row{.name = subject.name,
                     .backend = backend_name(*batch),
                     .peer_name = {},
                     .isa = std::string(isa_name(chosen_isa())),
                     .threads = threads,
                     .lanes = batch->lanes(),
                     .worlds = course.num_worlds,
                     .precision = options.precision,
                     .specialise = options.specialise};
  const auto ours = make_batch_runner(course, std::move(batch));
  const auto mj_step = make_mj_step_runner(course, threads), mjb_step = make_mjb_step_runner(course, threads);
  std::unique_ptr<Runner> alone;
  Contest contest{.ours = ours.get(),
                  .peers = {mj_step.get(), mjb_step.get()},
                  .clock = threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC};
  std::vector<BenchRow> rows{row, row};
  rows[0].peer_name = "mj_step";
  rows[1].peer_name = "mjb_step";
  if (threads > 1) {
    alone = make_batch_runner(course, our_batch(course, options, 1));
    contest.peers.push_back(alone.get());
    rows.push_back(row);
    rows.back().peer_name = "1 thread";
  }
  compete(contest, options, rows);
  if (ours->faults() > 0) {
    context.print("  {} worlds went non-finite and stood still: the figures of {} flatter us\n", ours->faults(),
                  subject.name);
  }
  return rows;
}

JsonRow to_json(const BenchRow& row, const Fidelity& fidelity, const JsonRow& machine) {
  return {{"suite", "physics"},
          {"name", row.name},
          {"backend", row.backend},
          {"ours", row.ours},
          {"peer", row.peer},
          {"peer_name", row.peer_name},
          {"unit", "world-steps/s"},
          {"ratio", row.ratio},
          {"spread", {row.low, row.high}},
          {"threads", row.threads},
          {"isa", row.isa},
          {"precision", row.precision},
          {"specialise", row.specialise},
          {"lanes", row.lanes},
          {"worlds", row.worlds},
          {"one_step_qvel_double", fidelity.qvel_double},
          {"one_step_qpos_double", fidelity.qpos_double},
          {"one_step_qacc_float", fidelity.qacc_float},
          {"one_step_qacc_float_median", fidelity.qacc_float_median},
          {"machine", machine}};
}

void print_rows(const std::vector<BenchRow>& rows, CommandContext& context) {
  for (const BenchRow& row : rows) {
    context.print("{:<34} {:>7} {:>11.4g} {:>11.4g} {:<9} {:>7.2f}x [{:.2f}, {:.2f}]\n", row.name, row.threads,
                  row.ours, row.peer, row.peer_name, row.ratio, row.low, row.high);
  }
}

}  // namespace

int bench_physics(const BenchPhysicsOptions& options, CommandContext& context) {
  check(options);
  const JsonRow machine = machine_description();
  bool first = true;
  for (const Subject& subject : subjects(options)) {
    const auto model = model_of(subject);
    const Course course =
        make_course(model, subject.motion, options.worlds, options.steps / kHoldSteps, options.warmup);
    if (first) {
      context.print("{}, {}\n{}\n", machine["cpu"].get<std::string>(), options.precision,
                    our_batch(course, options, 1)->report());
      context.print("world-steps/s, medians of {} slices of {} s; ratio with quartiles\n", options.pairs,
                    options.slice_seconds);
      context.print("{:<34} {:>7} {:>11} {:>11} {:<9} {:>8}\n", "", "threads", "lockstep", "mujoco", "peer", "ratio");
      first = false;
    }
    const Fidelity fidelity = measure_fidelity(course, options.backend);
    for (const int threads : options.threads) {
      const std::vector<BenchRow> rows = measure(subject, course, options, threads, context);
      print_rows(rows, context);
      for (const BenchRow& row : rows) context.row(to_json(row, fidelity, machine));
    }
    context.print(
        "  one step from {} states: double qpos {:.1e}, qvel {:.1e} off a converged mj_step; float qacc off double "
        "{:.1e} "
        "(median {:.1e}, relative)\n",
        course.num_worlds, fidelity.qpos_double, fidelity.qvel_double, fidelity.qacc_float, fidelity.qacc_float_median);
  }
  return kDone;
}

double speed_ratio(const std::shared_ptr<const Model>& model, Motion motion, double seconds) {
  BenchPhysicsOptions options;
  options.backend = "auto";
  options.pairs = 3;
  options.slice_seconds = seconds;
  const Course course = make_course(model, motion, options.worlds, 20);
  const auto ours = make_batch_runner(course, our_batch(course, options, 1)), peer = make_mj_step_runner(course, 1);
  std::vector<BenchRow> rows(1);
  compete({.ours = ours.get(), .peers = {peer.get()}, .clock = CLOCK_THREAD_CPUTIME_ID}, options, rows);
  return rows[0].ratio;
}

void add_bench_physics(CLI::App& bench, CommandContext& context) {
  auto options = std::make_shared<BenchPhysicsOptions>();
  CLI::App& command = context.add(bench, "physics", "speed of physics against MuJoCo C, beside how far they agree",
                                  "  lockstep bench physics\n"
                                  "  lockstep bench physics dm_control/cartpole/noisy --threads 1,2\n"
                                  "  lockstep bench physics model.xml --motion quiet --json bench.json\n");
  std::string known;
  for (const std::string& model : known_models()) known += "\n  " + model;
  command.add_option(
      "MODELS", options->models,
      "MJCF files, or SUITE, SUITE/MODEL or SUITE/MODEL/MOTION of this list (without any: a selection):" + known);
  command.add_option("--backend", options->backend, "Ours: cpu, cuda, mujoco or auto")->capture_default_str();
  command.add_option("--precision", options->precision, "Ours: float or double")->capture_default_str();
  command.add_option("--motion", options->motion, "Of MJCF files: noisy, quiet, or smooth (constraints disabled)")
      ->capture_default_str();
  command.add_option("--threads", options->threads, "Numbers of threads, each its own rows")
      ->delimiter(',')
      ->capture_default_str();
  command.add_option("--worlds", options->worlds, "Worlds of our batch")->capture_default_str();
  command.add_option("--lanes", options->lanes, "Worlds side by side in a register; 0: the widest")
      ->capture_default_str();
  command
      .add_option("--specialise", options->specialise,
                  "Physics compiled for the model: off, auto (once it is ready) or require (waited for)")
      ->capture_default_str();
  command.add_option("--pairs", options->pairs, "Slices of each side")->capture_default_str();
  command.add_option("--warmup", options->warmup, "Physics steps from the first pose to where the worlds start")
      ->capture_default_str();
  command.add_option("--steps", options->steps, "Physics steps of a course; then the worlds start anew")
      ->capture_default_str();
  command.add_option("--slice", options->slice_seconds, "Seconds of a slice")->capture_default_str();
  context.on_run(command, [options, &context] { return bench_physics(*options, context); });
}

}  // namespace lockstep::apps
