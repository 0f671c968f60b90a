// The native backend on a CPU: every block of worlds is one group of lanes, stepped by the kernels of the chosen
// instruction set in a scratch arena that each thread keeps for itself.
#include "engine/backends.h"
#include "engine/batch_state.h"
#include "engine/error.h"
#include "engine/isa.h"
#include "engine/model.h"
#include "engine/physics_kernels.h"
#include "engine/specialised_kernels.h"
#include "engine/thread_pool.h"
#include "engine/world_constants.h"
#include "engine/world_parameters.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lockstep {
namespace {

template <class R>
class CpuBatch final : public Batch {
 public:
  CpuBatch(std::shared_ptr<const Model> model, const BatchConfig& config)
      : model_(std::move(model)),
        config_(config),
        kernels_(config.varied ? varied_physics_kernels<R>(chosen_isa(), config.lanes)
                               : physics_kernels<R>(chosen_isa(), config.lanes)),
        constants_(constants_of<R>(*model_, config)),
        specialised_constants_(constants_),
        state_(*model_->mj(), config, kernels_.lanes),
        pool_(config.threads) {
    if (config.varied) give_parameters();
    if (config.own_heights) give_heights();
    const long numbers = own_ ? own_->scratch_size() : scratch_size(constants_of<double>(*model_, config));
    const std::size_t scratch = static_cast<std::size_t>(numbers) * static_cast<std::size_t>(lanes());
    for (int thread = 0; thread < config.threads; ++thread) arenas_.emplace_back(scratch);
    if (config.specialise == "off") return;
    specialised_ = std::make_unique<SpecialisedKernels>(model_, config.precision, chosen_isa(), kernels_.lanes,
                                                        config.specialise == "require");
    specialised_constants_.specialised = &specialised_->pieces();
  }

  [[nodiscard]] const Model& model() const override { return *model_; }
  [[nodiscard]] const BatchConfig& config() const override { return config_; }
  [[nodiscard]] int lanes() const override { return state_.lanes(); }
  [[nodiscard]] int num_blocks() const override { return state_.num_blocks(); }
  [[nodiscard]] std::string report() const override {
    return fmt::format("backend cpu: native kernels, {}, {} lanes of {}, {} thread{}{}{}", kernels_.isa, lanes(),
                       sizeof(R) == 4 ? "float" : "double", config_.threads, config_.threads == 1 ? "" : "s",
                       specialised_ ? ", " + specialised_->report() : "", own_ ? ", parameters of each world" : "");
  }

  void step(int steps) override {
    pool_.for_each(num_blocks(), [&](int block, int thread) { step_block(block, steps, thread); });
  }
  void step_block(int block, int steps, int thread) override {
    with_constants(block, [&](const auto& constants) {
      kernels_.step(constants, state_.block<R>(block).data(), arena(thread), steps, nullptr);
    });
  }
  void step_and_sense_block(int block, int steps, int thread) override {
    with_constants(block, [&](const auto& constants) {
      kernels_.step(constants, state_.block<R>(block).data(), arena(thread), steps,
                    state_.block_sensors<R>(block).data());
    });
  }
  void sense() override {
    pool_.for_each(num_blocks(), [&](int block, int thread) { sense_block(block, thread); });
  }
  void sense_block(int block, int thread) override {
    with_constants(block, [&](const auto& constants) {
      kernels_.sensors(constants, state_.block<R>(block).data(), arena(thread), state_.block_sensors<R>(block).data());
    });
  }
  void sense_motion_block(int block, int thread) override {
    with_constants(block, [&](const auto& constants) {
      kernels_.motion_sensors(constants, state_.block<R>(block).data(), arena(thread),
                              state_.block_sensors<R>(block).data());
    });
  }
  void for_each_block(const std::function<void(int block, int thread)>& f) override { pool_.for_each(num_blocks(), f); }

  Fields<float> fields_float() override { return state_.fields<float>(); }
  Fields<double> fields_double() override { return state_.fields<double>(); }
  void get_state(int world, std::span<double> qpos, std::span<double> qvel, std::span<double> act) const override {
    state_.get_state(world, qpos, qvel, act);
  }
  void set_state(int world, std::span<const double> qpos, std::span<const double> qvel,
                 std::span<const double> act) override {
    state_.set_state(world, qpos, qvel, act);
  }
  void set_ctrl(int world, std::span<const double> ctrl) override { state_.set_ctrl(world, ctrl); }
  void reset(int world) override { state_.reset(world); }
  void set_mocap(int world, std::span<const double> mocap_pos, std::span<const double> mocap_quat) override {
    state_.set_mocap(world, mocap_pos, mocap_quat);
  }
  void set_applied(int world, std::span<const double> qfrc_applied, std::span<const double> xfrc_applied) override {
    state_.set_applied(world, qfrc_applied, xfrc_applied);
  }
  void set_parameters(int world, const ParameterValues& values, int thread) override {
    if (!own_) return Batch::set_parameters(world, values, thread);
    std::vector<double>& numbers = derived_[static_cast<std::size_t>(thread)];
    own_->derive(values, thread, numbers);
    write_numbers(world, numbers);
  }
  void set_heights(int world, std::span<const float> heights) override {
    if (heights_.size() == 0) return Batch::set_heights(world, heights);
    std::copy(heights.begin(), heights.end(), heights_.data() + static_cast<std::ptrdiff_t>(world) * num_heights());
  }
  void get_heights(int world, std::span<float> heights) const override {
    if (heights_.size() == 0) return Batch::get_heights(world, heights);
    const R* const own = heights_.data() + static_cast<std::ptrdiff_t>(world) * num_heights();
    for (std::size_t i = 0; i < heights.size(); ++i) heights[i] = static_cast<float>(own[i]);
  }
  void get_sensors(int world, std::span<double> sensordata) const override { state_.get_sensors(world, sensordata); }
  [[nodiscard]] bool fault(int world) const override { return state_.fault(world); }
  void clear_fault(int world) override { state_.set_fault(world, false); }

 private:
  // All worlds start with the model's parameters.
  void give_parameters() {
    own_ = std::make_unique<WorldConstants>(model_, *config_.varied, config_.applied_forces, config_.threads);
    derived_.assign(static_cast<std::size_t>(config_.threads), std::vector<double>(own_numbers()));
    numbers_ = HostBuffer<R>(own_numbers() * static_cast<std::size_t>(lanes() * num_blocks()));
    for (int world = 0; world < lanes() * num_blocks(); ++world) write_numbers(world, own_->of_model());
    of_model_ = HostBuffer<R>(own_numbers() * static_cast<std::size_t>(lanes()));
    std::copy_n(numbers_.data(), of_model_.size(), of_model_.data());
  }
  [[nodiscard]] std::size_t own_numbers() const { return static_cast<std::size_t>(own_->size()); }
  void write_numbers(int world, std::span<const double> numbers) {
    const auto width = static_cast<std::size_t>(lanes()), index = static_cast<std::size_t>(world);
    R* const target = numbers_.data() + index / width * width * own_numbers() + index % width;
    for (std::size_t i = 0; i < numbers.size(); ++i) target[i * width] = static_cast<R>(numbers[i]);
  }
  [[nodiscard]] int num_heights() const { return static_cast<int>(model_->mj()->nhfielddata); }
  void give_heights() {
    heights_ =
        HostBuffer<R>(static_cast<std::size_t>(num_heights()) * static_cast<std::size_t>(lanes() * num_blocks()));
    const std::span<const float> of_model(model_->mj()->hfield_data, static_cast<std::size_t>(num_heights()));
    for (int world = 0; world < lanes() * num_blocks(); ++world) set_heights(world, of_model);
  }
  [[nodiscard]] kernels::ModelConstants<R> own_constants(int block) const {
    const R* const first = numbers_.data() + static_cast<std::size_t>(block * lanes()) * own_numbers();
    return own_->bound_to(first, of_model_.data(), lanes());
  }
  // f(constants) with those of a block of worlds: the block's own numbers in them, or the code compiled for the model,
  // once that is ready.
  template <class Function>
  void with_constants(int block, Function&& f) const {
    const kernels::ModelConstants<R>& shared =
        specialised_ && specialised_->is_ready() ? specialised_constants_ : constants_;
    if (!own_ && heights_.size() == 0) return f(shared);
    kernels::ModelConstants<R> of_block = own_ ? own_constants(block) : shared;
    if (heights_.size() > 0) {
      of_block.field_lane_stride = num_heights();
      of_block.field_heights = of_block.ray_field_heights =
          heights_.data() + static_cast<std::ptrdiff_t>(block) * lanes() * num_heights();
    }
    f(of_block);
  }
  R* arena(int thread) { return arenas_[static_cast<std::size_t>(thread)].data(); }

  std::shared_ptr<const Model> model_;
  BatchConfig config_;
  const kernels::PhysicsKernels<R>& kernels_;
  const kernels::ModelConstants<R> constants_;  // pointing into the model's
  kernels::ModelConstants<R> specialised_constants_;
  BatchState state_;
  ThreadPool pool_;
  std::vector<HostBuffer<R>> arenas_;  // [thread] scratch of one block
  std::unique_ptr<SpecialisedKernels> specialised_;
  // Where worlds have parameters of their own:
  std::unique_ptr<WorldConstants> own_;
  HostBuffer<R> of_model_;                    // [number][lane]
  HostBuffer<R> numbers_;                     // [block][number][lane]
  std::vector<std::vector<double>> derived_;  // [thread] scratch of one world
  HostBuffer<R> heights_;                     // [world][nhfielddata] where worlds have their own, else empty
};

}  // namespace

std::unique_ptr<Batch> make_cpu_batch(std::shared_ptr<const Model> model, const BatchConfig& config) {
  if (!model->is_native()) {
    throw Error(fmt::format("the native kernels lack: {}", fmt::join(model->native_support(), ", ")), model->name(),
                "use --backend auto, which falls back to MuJoCo, or --backend mujoco");
  }
  if (config.precision == Precision::kFloat) return std::make_unique<CpuBatch<float>>(std::move(model), config);
  return std::make_unique<CpuBatch<double>>(std::move(model), config);
}

}  // namespace lockstep
