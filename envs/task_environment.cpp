// Environments: steps the blocks of a task's worlds and keeps clocks, returns, flags and observations of every world.
#include "envs/task_environment.h"
#include "engine/buffer.h"
#include "engine/byte_stream.h"
#include "envs/option_values.h"
#include "envs/repeated_dynamics.h"
#include "envs/task_cost.h"
#include "envs/tracking_cost.h"
#include "envs/worlds.h"
#include "envs/wrapper.h"
#include "kernels/philox.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace lockstep::envs {
namespace {

// The streams of random numbers that resets draw from; no other place uses them.
constexpr std::uint32_t kResetStream = 0x7e5e7000, kStaggerStream = 0x7e5e7001;
constexpr std::uint32_t kSavedVersion = 2;
// A start that is not accepted after so many draws is taken as it is.
constexpr std::uint32_t kMostDraws = 1000;
constexpr std::int64_t kNoEpisode = -1;

// The widest kernels whose width divides the blocks of the worlds; width 1 fits all.
template <class R>
StepKernels<R> fitting_kernels(const Entry& entry, Isa isa, int lanes) {
  const TaskKernels kernels = entry.kernels(isa);
  const auto choose = [&](const StepKernels<R>(&widths)[2], StepKernels<R> (*scalar)()) {
    for (const StepKernels<R>& candidate : widths) {
      if (lanes % candidate.width == 0) return candidate;
    }
    return scalar();
  };
  if constexpr (std::is_same_v<R, float>) {
    return choose(kernels.floats, entry.float_kernels);
  } else {
    return choose(kernels.doubles, entry.double_kernels);
  }
}

// What is kept and shown of every world beside its state; the arrays have room for whole blocks.
template <class R>
struct Episodes {
  Episodes(std::size_t rows, std::size_t observation_size, std::size_t before_size)
      : clock(rows),
        running_return(rows),
        episode(rows),
        fault(rows),
        started(rows),
        pending(rows),
        before(rows * before_size),
        observation(rows * observation_size),
        final_observation(rows * observation_size),
        reward(rows),
        final_return(rows),
        terminated(rows),
        truncated(rows) {}

  // f on every array that outlives a step; `observation` alone can be computed again.
  template <class Self, class Function>
  static void each_saved(Self& self, Function&& f) {
    f(self.clock), f(self.running_return), f(self.episode), f(self.final_observation), f(self.reward);
    f(self.final_return), f(self.terminated), f(self.truncated);
  }

  HostBuffer<R> clock, running_return;
  HostBuffer<std::uint32_t> episode;
  HostBuffer<std::uint8_t> fault, started, pending;
  HostBuffer<R> before;
  HostBuffer<float> observation, final_observation, reward, final_return;
  HostBuffer<std::uint8_t> terminated, truncated;
};

// Numbers of the worlds of a block that an env step too many would change, to have them back after it.
template <class R>
class KeptEpisodes {
 public:
  void keep(const Block<R>& b, int observation_size) {
    clock_.assign(b.clock, b.clock + b.lanes);
    running_return_.assign(b.running_return, b.running_return + b.lanes);
    episode_.assign(b.episode, b.episode + b.lanes);
    observation_.assign(b.observation, b.observation + static_cast<std::ptrdiff_t>(b.lanes) * observation_size);
  }
  // Where `kept` [lane] marks it.
  void give_back(const Block<R>& b, int observation_size, const std::uint8_t* kept) const {
    for (int lane = 0; lane < b.lanes; ++lane) {
      if (kept[lane] == 0) continue;
      const auto number = static_cast<std::size_t>(lane);
      b.clock[lane] = clock_[number];
      b.running_return[lane] = running_return_[number];
      b.episode[lane] = episode_[number];
      const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(lane) * observation_size;
      std::copy_n(observation_.data() + row, observation_size, b.observation + row);
    }
  }

 private:
  std::vector<R> clock_, running_return_;  // [lanes]
  std::vector<std::uint32_t> episode_;     // [lanes]
  std::vector<float> observation_;         // [lanes][observation_size]
};

template <class R>
class TaskEnvironment final : public Environment {
 public:
  TaskEnvironment(const Entry& entry, const EnvironmentConfig& config, std::unique_ptr<Worlds<R>> worlds)
      : spec_(envs::spec(entry, config)),
        config_(config),
        options_(choose_options(entry, config.options).values),
        observation_size_(options_.observation_size),
        worlds_(std::move(worlds)),
        kernels_(fitting_kernels<R>(entry, chosen_isa(), worlds_->lanes())),
        planning_(entry.kernels(chosen_isa()).planning),
        entry_(entry),
        episodes_(static_cast<std::size_t>(worlds_->num_blocks() * worlds_->lanes()),
                  static_cast<std::size_t>(observation_size_), static_cast<std::size_t>(entry.before_size)),
        faults_in_block_(static_cast<std::size_t>(worlds_->num_blocks())),
        drawn_episode_(episodes_.episode.size(), kNoEpisode),
        kept_(static_cast<std::size_t>(config.threads)) {
    settings_.stream = {.seed = config.seed, .stream = kResetStream};
    settings_.episode_steps = config.episode_steps > 0 ? config.episode_steps : entry.facts->episode_steps;
    settings_.auto_reset = config.auto_reset;
    if (config.wrapping.is_active()) wrap();
    begin_episodes();
  }

  [[nodiscard]] const TaskSpec& spec() const override { return spec_; }
  [[nodiscard]] const EnvironmentConfig& config() const override { return config_; }

  void reset() override {
    if (touched_) {
      for (std::uint32_t& episode : episodes_.episode.span()) ++episode;
    }
    touched_ = true;
    begin_episodes();
  }

  void step(View<const float, 2> actions) override {
    assert(actions.extent(0) == config_.num_worlds && actions.extent(1) == spec_.action_size);
    touched_ = true;
    const auto step_all = [&](int block, int thread) {
      Block<R> b = block_of(block);
      b.actions = actions.data_handle() + static_cast<std::ptrdiff_t>(b.first_world) * spec_.action_size;
      faults_in_block_[static_cast<std::size_t>(block)] =
          wrapper_ ? decide_block(block, thread, b, actions.data_handle()) : step_block(block, thread, b);
    };
    worlds_->for_each_block(std::ref(step_all));
    for (const int faults : faults_in_block_) faults_ += faults;
    if (wrapper_) end_decision();
  }

  [[nodiscard]] View<const float, 2> observation() const override {
    return rows(wrapper_ ? wrapper_->observation() : episodes_.observation.span());
  }
  [[nodiscard]] View<const float, 2> final_observation() const override {
    return rows(wrapper_ ? wrapper_->final_observation() : episodes_.final_observation.span());
  }
  [[nodiscard]] std::span<const float> reward() const override {
    return of_worlds(wrapper_ ? wrapper_->reward() : episodes_.reward.span());
  }
  [[nodiscard]] std::span<const std::uint8_t> terminated() const override {
    return of_worlds(wrapper_ ? wrapper_->terminated() : episodes_.terminated.span());
  }
  [[nodiscard]] std::span<const std::uint8_t> truncated() const override {
    return of_worlds(wrapper_ ? wrapper_->truncated() : episodes_.truncated.span());
  }
  [[nodiscard]] std::span<const float> final_return() const override {
    return of_worlds(wrapper_ ? wrapper_->final_return() : episodes_.final_return.span());
  }
  [[nodiscard]] std::int64_t faults() const override { return faults_; }

  void get_state(int world, std::span<double> x) const override {
    assert(world >= 0 && world < config_.num_worlds && x.size() == spec_.state_names.size());
    worlds_->get_state(world, x);
  }
  void set_state(int world, std::span<const double> x) override {
    assert(world >= 0 && world < config_.num_worlds && x.size() == spec_.state_names.size());
    touched_ = true;
    worlds_->set_state(world, x);
    const int block = world / worlds_->lanes();
    const Block<R> b = block_of(block);
    if (!entry_.sensors.empty()) {
      std::fill_n(b.started, b.lanes, std::uint8_t{0});
      b.started[world % worlds_->lanes()] = 1;
      worlds_->sense(block, 0, b.started);
    }
    kernels_.observe(b);
    if (wrapper_) wrapper_->show_state(world);
  }

  [[nodiscard]] std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;

  [[nodiscard]] std::unique_ptr<Dynamics> dynamics() const override {
    if (config_.wrapping.action_repeat == 1) return worlds_->dynamics();
    return std::make_unique<RepeatedDynamics>(worlds_->dynamics(), config_.wrapping.action_repeat);
  }
  [[nodiscard]] std::unique_ptr<Cost> cost() const override {
    if (entry_.system != nullptr) return std::make_unique<TrackingCost>(*entry_.system);
    return std::make_unique<TaskCost>(planning_, spec_.state_size, spec_.action_size);
  }

  [[nodiscard]] const mjModel_* mujoco_model() const override { return worlds_->mujoco_model(); }
  void get_mujoco_state(int world, std::span<double> qpos, std::span<double> qvel) const override {
    if (mujoco_model() == nullptr) throw std::logic_error("a task with dynamics of its own has no MuJoCo state");
    std::vector<double> x(spec_.state_names.size());
    get_state(world, x);
    std::copy_n(x.begin(), qpos.size(), qpos.begin());
    std::copy_n(x.begin() + static_cast<std::ptrdiff_t>(qpos.size()), qvel.size(), qvel.begin());
  }
  [[nodiscard]] bool has_own_heights() const override { return entry_.facts->terrain != Terrain::kOfModel; }
  void get_heights(int world, std::span<float> heights) const override { worlds_->get_heights(world, heights); }
  void set_heights(int world, std::span<const float> heights) override { worlds_->set_heights(world, heights); }
  [[nodiscard]] std::string backend_report() const override { return worlds_->report(); }

 private:
  [[nodiscard]] std::string saved_kind() const { return "environment " + spec_.name; }
  [[nodiscard]] View<const float, 2> rows(std::span<const float> numbers) const {
    return View<const float, 2>(numbers.data(), config_.num_worlds, spec_.observation_size);
  }
  template <class T>
  [[nodiscard]] std::span<const T> of_worlds(std::span<const T> numbers) const {
    return numbers.first(static_cast<std::size_t>(config_.num_worlds));
  }

  void wrap() {
    TaskSpec task = spec_;
    task.observation_size = observation_size_;
    const StepResults results{.observation = episodes_.observation.data(),
                              .final_observation = episodes_.final_observation.data(),
                              .reward = episodes_.reward.data(),
                              .final_return = episodes_.final_return.data(),
                              .terminated = episodes_.terminated.data(),
                              .truncated = episodes_.truncated.data(),
                              .episode = episodes_.episode.data()};
    wrapper_ = std::make_unique<Wrapper>(config_, task, results, static_cast<int>(episodes_.clock.size()),
                                         worlds_->num_blocks());
  }

  // One env step of a block under b.actions. Returns the number of faults.
  int step_block(int block, int thread, const Block<R>& b) {
    if (kernels_.prepare != nullptr) {
      kernels_.prepare(b);
      worlds_->advance(block, thread, b);
    }
    const int faults = kernels_.finish(b, settings_);
    if (draws_parameters_) draw_parameters(b, thread);
    if (entry_.starts_in_physics) start_in_physics(block, thread, b);
    return faults;
  }
  // One decision of the agent in a block: `action_repeat` env steps, or fewer where an episode ends.
  int decide_block(int block, int thread, Block<R>& b, const float* actions) {
    const int first = static_cast<int>(b.first_world);
    b.actions = wrapper_->execute(first, b.worlds, actions);
    int faults = step_block(block, thread, b);
    bool is_over = wrapper_->collect(first, b.worlds);
    for (int k = 1; k < config_.wrapping.action_repeat && !is_over; ++k) {
      faults += wrapper_->has_ended(first, b.worlds) ? step_the_others(block, thread, b) : step_block(block, thread, b);
      is_over = wrapper_->collect(first, b.worlds);
    }
    wrapper_->see(block, first, b.worlds);
    return faults;
  }
  // An env step of a block whose worlds that have ended in this decision stay as they are.
  int step_the_others(int block, int thread, const Block<R>& b) {
    const std::uint8_t* const ended = wrapper_->stop_ended(static_cast<int>(b.first_world), b.worlds);
    KeptEpisodes<R>& kept = kept_[static_cast<std::size_t>(thread)];
    kept.keep(b, observation_size_);
    int faults = 0;
    worlds_->keep(block, thread, ended, [&] { faults = step_block(block, thread, b); });
    kept.give_back(b, observation_size_, ended);
    if (draws_parameters_) draw_parameters(b, thread);
    return faults;
  }
  void end_decision() {
    if (config_.wrapping.normalises()) {
      wrapper_->learn();
      const auto show = [&](int block, int) {
        const Block<R> b = block_of(block);
        wrapper_->show(static_cast<int>(b.first_world), b.worlds);
      };
      worlds_->for_each_block(std::ref(show));
    }
    wrapper_->end_decision();
  }

  [[nodiscard]] Block<R> block_of(int block) {
    const int lanes = worlds_->lanes();
    const std::ptrdiff_t first = static_cast<std::ptrdiff_t>(block) * lanes;
    Block<R> b;
    b.lanes = lanes;
    b.worlds = std::min(lanes, config_.num_worlds - static_cast<int>(first));
    b.first_world = static_cast<std::uint32_t>(first);
    worlds_->point_to(block, b);
    b.clock = episodes_.clock.data() + first;
    b.running_return = episodes_.running_return.data() + first;
    b.episode = episodes_.episode.data() + first;
    b.fault = episodes_.fault.data() + first;
    b.started = episodes_.started.data() + first;
    b.pending = episodes_.pending.data() + first;
    b.before = episodes_.before.data() + first * entry_.before_size;
    b.observation = episodes_.observation.data() + first * observation_size_;
    b.final_observation = episodes_.final_observation.data() + first * observation_size_;
    b.options = &options_;
    b.reward = episodes_.reward.data() + first;
    b.final_return = episodes_.final_return.data() + first;
    b.terminated = episodes_.terminated.data() + first;
    b.truncated = episodes_.truncated.data() + first;
    return b;
  }

  // Starts the episodes whose numbers are in episodes_.episode, and clears the results of the last step.
  void begin_episodes() {
    std::ranges::fill(episodes_.reward.span(), 0.0f);
    std::ranges::fill(episodes_.final_return.span(), 0.0f);
    std::ranges::fill(episodes_.terminated.span(), std::uint8_t{0});
    std::ranges::fill(episodes_.truncated.span(), std::uint8_t{0});
    const auto begin = [&](int block, int thread) {
      const Block<R> b = block_of(block);
      kernels_.begin(b, settings_);
      if (draws_parameters_) draw_parameters(b, thread);
      if (entry_.starts_in_physics) start_in_physics(block, thread, b);
    };
    worlds_->for_each_block(std::ref(begin));
    if (config_.stagger_episodes) stagger();
    if (wrapper_) wrapper_->start();
  }

  // Gives the worlds of a block whose episode is new the physical parameters of it.
  void draw_parameters(const Block<R>& b, int thread) {
    for (int lane = 0; lane < b.worlds; ++lane) {
      const auto world = static_cast<std::size_t>(b.first_world) + static_cast<std::size_t>(lane);
      if (drawn_episode_[world] == b.episode[lane]) continue;
      drawn_episode_[world] = b.episode[lane];
      worlds_->draw_parameters(config_.seed, static_cast<int>(world), b.episode[lane], thread);
    }
  }

  // As if every world had been at its episode for a time of its own.
  void stagger() {
    const kernels::RandomStream stream{.seed = config_.seed, .stream = kStaggerStream};
    for (int world = 0; world < config_.num_worlds; ++world) {
      const auto number = static_cast<std::uint32_t>(world);
      const double share = kernels::uniform<double>(stream, number, episodes_.episode[number]);
      episodes_.clock[number] = static_cast<R>(std::floor(share * settings_.episode_steps));
    }
  }

  // What is left to do for the worlds of a block that `started` marks: starts that the task accepts, physics that comes
  // to rest, sensors, the first observation.
  void start_in_physics(int block, int thread, const Block<R>& b) {
    const auto marks = [](std::uint8_t mark) { return mark != 0; };
    if (std::none_of(b.started, b.started + b.lanes, marks)) return;
    if (kernels_.choose != nullptr) {
      std::copy_n(b.started, b.lanes, b.pending);
      for (std::uint32_t attempt = 1; attempt < kMostDraws; ++attempt) {
        worlds_->sense(block, thread, b.pending);
        if (kernels_.choose(b, settings_, attempt) == 0) break;
      }
    }
    if (entry_.settle_steps > 0) worlds_->settle(block, thread, entry_.settle_steps, b.started);
    worlds_->sense(block, thread, b.started);
    kernels_.observe(b);
  }

  TaskSpec spec_;
  EnvironmentConfig config_;
  OptionValues options_;
  int observation_size_;  // of the task; spec_ has that of the wrapping
  std::unique_ptr<Worlds<R>> worlds_;
  StepKernels<R> kernels_;
  PlanningKernels planning_;
  const Entry& entry_;
  StepSettings settings_;
  Episodes<R> episodes_;
  std::vector<int> faults_in_block_;
  bool draws_parameters_ = !config_.randomise.empty() || entry_.facts->terrain != Terrain::kOfModel;
  std::vector<std::int64_t> drawn_episode_;  // whose parameters each world has
  std::unique_ptr<Wrapper> wrapper_;         // nullptr where nothing stands between agent and worlds
  std::vector<KeptEpisodes<R>> kept_;        // [thread]
  std::int64_t faults_ = 0;
  bool touched_ = false;  // false until the first reset, step or set_state: that reset keeps the first episode
};

template <class R>
std::vector<std::byte> TaskEnvironment<R>::save() const {
  ByteWriter writer(saved_kind(), kSavedVersion);
  writer.write(config_.num_worlds);
  writer.write(config_.precision);
  writer.write(config_.seed);
  writer.write(faults_);
  writer.write(touched_);
  // The arrays of worlds that exist; how many more a block has room for is no matter of what is saved.
  Episodes<R>::each_saved(episodes_, [&](const auto& buffer) {
    const std::size_t per_world = buffer.size() / episodes_.clock.size();
    writer.write_array(buffer.span().first(per_world * static_cast<std::size_t>(config_.num_worlds)));
  });
  worlds_->save(writer);
  if (wrapper_) wrapper_->save(writer);
  return std::move(writer).finish();
}

template <class R>
void TaskEnvironment<R>::load(std::span<const std::byte> bytes) {
  ByteReader reader(bytes, saved_kind(), kSavedVersion, "state of the environment " + spec_.name);
  const auto num_worlds = reader.read<int>();
  const std::string precision = reader.read_string();
  if (num_worlds != config_.num_worlds || precision != config_.precision) {
    reader.fail(fmt::format("the saved environment has {} worlds of {}, this one {} of {}", num_worlds, precision,
                            config_.num_worlds, config_.precision));
  }
  config_.seed = settings_.stream.seed = reader.read<std::uint64_t>();
  faults_ = reader.read<std::int64_t>();
  touched_ = reader.read<bool>();
  Episodes<R>::each_saved(episodes_, [&](auto& buffer) {
    const std::size_t per_world = buffer.size() / episodes_.clock.size();
    reader.read_array(buffer.span().first(per_world * static_cast<std::size_t>(config_.num_worlds)));
  });
  worlds_->load(reader);
  if (wrapper_) wrapper_->load(reader);
  reader.expect_end();
  std::ranges::fill(drawn_episode_, kNoEpisode);
  const auto observe = [&](int block, int thread) {
    if (draws_parameters_) draw_parameters(block_of(block), thread);
    kernels_.observe(block_of(block));
  };
  worlds_->for_each_block(std::ref(observe));
}

template <class R>
std::unique_ptr<Environment> make(const Entry& entry, const EnvironmentConfig& config) {
  auto worlds =
      entry.facts->model == nullptr ? make_own_worlds<R>(entry, config) : make_mujoco_worlds<R>(entry, config);
  return std::make_unique<TaskEnvironment<R>>(entry, config, std::move(worlds));
}

}  // namespace

std::unique_ptr<Environment> make_task_environment(const Entry& entry, const EnvironmentConfig& config) {
  return config.precision == "double" ? make<double>(entry, config) : make<float>(entry, config);
}

}  // namespace lockstep::envs
