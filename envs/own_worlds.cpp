// Worlds of tasks with dynamics of their own: state in blocks of lanes, advanced inside the task's step kernel, or by a
// system's equations before it.
#include "engine/buffer.h"
#include "engine/error.h"
#include "engine/thread_pool.h"
#include "engine/view.h"
#include "envs/own_dynamics.h"
#include "envs/worlds.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace lockstep::envs {
namespace {

// Worlds in a block, at most: state, actions and observations of so many stay in the first-level cache.
constexpr int kMaxLanes = 256;

template <class R>
const StepKernels<R>& step_kernels(const TaskKernels& kernels) {
  if constexpr (std::is_same_v<R, float>) {
    return kernels.floats[0];
  } else {
    return kernels.doubles[0];
  }
}

int lanes_for(int num_worlds, int width) { return std::min(kMaxLanes, (num_worlds + width - 1) / width * width); }

template <class R>
class OwnWorlds final : public Worlds<R> {
 public:
  OwnWorlds(const Entry& entry, const EnvironmentConfig& config)
      : isa_(chosen_isa()),
        kernels_(entry.kernels(isa_)),
        name_(entry.name),
        timestep_(entry.facts->control_timestep),
        action_size_(static_cast<int>(entry.action.size())),
        state_size_(static_cast<int>(entry.state.size())),
        num_worlds_(config.num_worlds),
        lanes_(lanes_for(num_worlds_, step_kernels<R>(kernels_).width)),
        num_blocks_((num_worlds_ + lanes_ - 1) / lanes_),
        state_(static_cast<std::size_t>(num_blocks_) * static_cast<std::size_t>(lanes_ * state_size_)),
        action_(static_cast<std::size_t>(num_blocks_) * static_cast<std::size_t>(lanes_ * action_size_)),
        system_(entry.system),
        before_(static_cast<std::size_t>(config.threads)),
        pool_(config.threads) {}

  [[nodiscard]] int lanes() const override { return lanes_; }
  [[nodiscard]] int num_blocks() const override { return num_blocks_; }
  void for_each_block(const std::function<void(int, int)>& f) override { pool_.for_each(num_blocks_, f); }

  void point_to(int block, Block<R>& out) override {
    out.qpos = state_.data() + static_cast<std::ptrdiff_t>(block) * lanes_ * state_size_;
    out.ctrl = action_.data() + static_cast<std::ptrdiff_t>(block) * lanes_ * action_size_;
    out.system = system_;
  }
  void sense(int, int, const std::uint8_t*) override {}
  void draw_parameters(std::uint64_t, int, std::uint32_t, int) override {}
  void settle(int, int, int, const std::uint8_t*) override {}
  void keep(int block, int thread, const std::uint8_t* kept, const std::function<void()>& work) override {
    const auto size = static_cast<std::size_t>(lanes_ * state_size_);
    const std::span<R> numbers = state_.span().subspan(static_cast<std::size_t>(block) * size, size);
    std::vector<R>& before = before_[static_cast<std::size_t>(thread)];
    before.assign(numbers.begin(), numbers.end());
    work();
    for (std::size_t i = 0; i < size; ++i) {
      if (kept[i % static_cast<std::size_t>(lanes_)] != 0) numbers[i] = before[i];
    }
  }
  void advance(int, int, const Block<R>& b) override { step_kernels<R>(kernels_).advance(b); }

  void get_state(int world, std::span<double> x) const override {
    for (int i = 0; i < state_size_; ++i) x[static_cast<std::size_t>(i)] = static_cast<double>(state_[index(world, i)]);
  }
  void set_state(int world, std::span<const double> x) override {
    for (int i = 0; i < state_size_; ++i) state_[index(world, i)] = static_cast<R>(x[static_cast<std::size_t>(i)]);
  }

  void save(ByteWriter& writer) const override {
    std::vector<R> rows;  // [world][field], so that another number of lanes can read it
    for (int world = 0; world < num_worlds_; ++world) {
      for (int i = 0; i < state_size_; ++i) rows.push_back(state_[index(world, i)]);
    }
    writer.write_array(std::span<const R>(rows));
  }
  void load(ByteReader& reader) override {
    std::vector<R> rows(static_cast<std::size_t>(num_worlds_) * static_cast<std::size_t>(state_size_));
    reader.read_array(std::span<R>(rows));
    auto next = rows.begin();
    for (int world = 0; world < num_worlds_; ++world) {
      for (int i = 0; i < state_size_; ++i) state_[index(world, i)] = *next++;
    }
  }

  [[nodiscard]] std::unique_ptr<Dynamics> dynamics() const override {
    return std::make_unique<OwnDynamics>(
        kernels_.planning,
        OwnDynamics::Shape{.name = name_, .states = state_size_, .controls = action_size_, .timestep = timestep_});
  }
  [[nodiscard]] const mjModel_* mujoco_model() const override { return nullptr; }
  [[nodiscard]] std::string report() const override {
    return fmt::format("cpu, {}, {} lanes of {}, {} threads, dynamics of its own", isa_name(isa_),
                       step_kernels<R>(kernels_).width, std::is_same_v<R, float> ? "float" : "double", pool_.size());
  }

 private:
  [[nodiscard]] std::size_t index(int world, int field) const {
    return static_cast<std::size_t>(world / lanes_ * state_size_ + field) * static_cast<std::size_t>(lanes_) +
           static_cast<std::size_t>(world % lanes_);
  }

  Isa isa_;
  TaskKernels kernels_;
  std::string name_;
  double timestep_;
  int action_size_, state_size_, num_worlds_, lanes_, num_blocks_;
  HostBuffer<R> state_;   // [block][state_size][lane]
  HostBuffer<R> action_;  // [block][action_size][lane], of the running step; read by systems alone
  const SystemRow* system_;
  std::vector<std::vector<R>> before_;  // [thread] scratch of keep
  ThreadPool pool_;
};

}  // namespace

template <class R>
std::unique_ptr<Worlds<R>> make_own_worlds(const Entry& entry, const EnvironmentConfig& config) {
  if (config.backend != "auto" && config.backend != "cpu") {
    throw Error(
        fmt::format("{} does not run on the backend '{}': it has dynamics of its own", entry.name, config.backend),
        "environment", "set backend to auto or cpu");
  }
  if (!config.randomise.empty()) {
    throw Error(fmt::format("{} has dynamics of its own, and no parameters to draw", entry.name),
                "environment.randomise", "leave it out, or choose a task with a MuJoCo model");
  }
  return std::make_unique<OwnWorlds<R>>(entry, config);
}
template std::unique_ptr<Worlds<float>> make_own_worlds<float>(const Entry&, const EnvironmentConfig&);
template std::unique_ptr<Worlds<double>> make_own_worlds<double>(const Entry&, const EnvironmentConfig&);

}  // namespace lockstep::envs
