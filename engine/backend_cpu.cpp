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
        kernels_(physics_kernels<R>(chosen_isa(), config.lanes)),
        constants_(constants_of<R>(*model_, config)),
        specialised_constants_(constants_),
        state_(*model_->mj(), config, kernels_.lanes),
        pool_(config.threads) {
    const long numbers = scratch_size(constants_of<double>(*model_, config));
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
    return fmt::format("backend cpu: native kernels, {}, {} lanes of {}, {} thread{}{}", kernels_.isa, lanes(),
                       sizeof(R) == 4 ? "float" : "double", config_.threads, config_.threads == 1 ? "" : "s",
                       specialised_ ? ", " + specialised_->report() : "");
  }

  void step(int steps) override {
    pool_.for_each(num_blocks(), [&](int block, int thread) { step_block(block, steps, thread); });
  }
  void step_block(int block, int steps, int thread) override {
    kernels_.step(constants(), state_.block<R>(block).data(), arena(thread), steps, nullptr);
  }
  void step_and_sense_block(int block, int steps, int thread) override {
    kernels_.step(constants(), state_.block<R>(block).data(), arena(thread), steps,
                  state_.block_sensors<R>(block).data());
  }
  void sense() override {
    pool_.for_each(num_blocks(), [&](int block, int thread) { sense_block(block, thread); });
  }
  void sense_block(int block, int thread) override {
    kernels_.sensors(constants_, state_.block<R>(block).data(), arena(thread), state_.block_sensors<R>(block).data());
  }
  void sense_motion_block(int block, int thread) override {
    kernels_.motion_sensors(constants_, state_.block<R>(block).data(), arena(thread),
                            state_.block_sensors<R>(block).data());
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
  void get_sensors(int world, std::span<double> sensordata) const override { state_.get_sensors(world, sensordata); }
  [[nodiscard]] bool fault(int world) const override { return state_.fault(world); }
  void clear_fault(int world) override { state_.set_fault(world, false); }

 private:
  // With the code compiled for the model, once that is ready.
  [[nodiscard]] const kernels::ModelConstants<R>& constants() const {
    return specialised_ && specialised_->is_ready() ? specialised_constants_ : constants_;
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
