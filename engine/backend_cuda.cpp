// The native backend on a GPU: the state of all worlds as [field][world] in device memory, one warp per world, the
// scratch of a step in shared memory (in device memory for models that do not fit).
#include "engine/backends.h"
#include "engine/batch_state.h"
#include "engine/contact_pairs.h"
#include "engine/device_buffer.h"
#include "engine/error.h"
#include "engine/model.h"
#include "engine/physics_cuda.h"
#include "kernels/state_layout.h"

#include <algorithm>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <mujoco/mujoco.h>

namespace lockstep {
namespace {

void require_gpu() {
  int devices = 0;
  const cudaError_t status = cudaGetDeviceCount(&devices);
  if (status == cudaSuccess && devices > 0) return;
  cudaGetLastError();  // leaves no error behind for the next call
  throw MissingResource(
      fmt::format("no GPU found: {}", status == cudaSuccess ? "the driver lists none" : cudaGetErrorString(status)),
      "backend cuda", "use --backend cpu, or run on a machine with an NVIDIA GPU and its driver (`nvidia-smi`)");
}

template <class R>
class CudaBatch final : public Batch {
 public:
  CudaBatch(std::shared_ptr<const Model> model, const BatchConfig& config)
      : model_(std::move(model)),
        config_(config),
        m_(*model_->mj()),
        layout_(kernels::StateLayout::of(model_->nq(), model_->nv(), model_->na(), model_->nu(),
                                         static_cast<int>(m_.nmocap), config.applied_forces ? model_->nbody() : 0)),
        initial_(initial_fields(m_, layout_)),
        state_(static_cast<std::size_t>(layout_.size) * static_cast<std::size_t>(config.num_worlds)),
        staging_(static_cast<std::size_t>(m_.nu) * static_cast<std::size_t>(config.num_worlds)) {
    const ConstantStorage<R>& constants = model_->template storage<R>();
    ints_ = DeviceBuffer<std::int32_t>(constants.ints.span());
    reals_ = DeviceBuffer<R>(constants.reals.span());
    constants_ = constants.bound_to(ints_.data(), reals_.data());
    constants_.applied_bodies = config.applied_forces ? constants_.nbody : 0;
    plan_launch();
    set_initial_state();
  }

  [[nodiscard]] const Model& model() const override { return *model_; }
  [[nodiscard]] const BatchConfig& config() const override { return config_; }
  [[nodiscard]] int lanes() const override { return config_.num_worlds; }
  [[nodiscard]] int num_blocks() const override { return 1; }
  [[nodiscard]] std::string report() const override {
    cudaDeviceProp device{};
    check_cuda(cudaGetDeviceProperties(&device, 0), "reading the GPU's properties");
    return fmt::format("backend cuda: {}, {}, one warp per world, scratch in {} memory", device.name,
                       sizeof(R) == 4 ? "float" : "double", arena_.size() == 0 ? "shared" : "device");
  }

  void step(int steps) override {
    check_cuda(launch_steps(constants_, state_.data(), steps, launch_), "launching a physics step");
    check_cuda(cudaDeviceSynchronize(), "a physics step");
  }
  void step_block(int, int steps, int) override { step(steps); }
  void step_and_sense_block(int, int, int) override { sense(); }
  void sense_motion_block(int, int) override { sense(); }
  // Their kernels, compiled for a GPU too, would double the time that this build takes.
  void sense() override {
    throw Error("sensors are not evaluated on a GPU", "batch on backend cuda",
                "read the state and evaluate them in a batch on backend cpu");
  }
  void sense_block(int, int) override { sense(); }
  void get_sensors(int, std::span<double>) const override {
    throw std::logic_error("sensors read from a batch on a GPU, which has none");
  }
  void for_each_block(const std::function<void(int block, int thread)>&) override {
    throw std::logic_error("for_each_block asked of a batch on a GPU");
  }

  Fields<float> fields_float() override { return fields<float>(); }
  Fields<double> fields_double() override { return fields<double>(); }
  void get_state(int world, std::span<double> qpos, std::span<double> qvel, std::span<double> act) const override {
    read(world, layout_.qpos, qpos);
    read(world, layout_.qvel, qvel);
    read(world, layout_.act, act);
  }
  void set_state(int world, std::span<const double> qpos, std::span<const double> qvel,
                 std::span<const double> act) override {
    write(world, layout_.qpos, qpos);
    write(world, layout_.qvel, qvel);
    write(world, layout_.act, act);
    write(world, layout_.qacc_warmstart, std::vector<double>(static_cast<std::size_t>(m_.nv)));
  }
  void reset(int world) override { write(world, 0, initial_.span()); }
  void set_ctrl(int world, std::span<const double> ctrl) override { write(world, layout_.ctrl, ctrl); }
  void set_mocap(int world, std::span<const double> mocap_pos, std::span<const double> mocap_quat) override {
    write(world, layout_.mocap_pos, mocap_pos);
    write(world, layout_.mocap_quat, mocap_quat);
  }
  void set_applied(int world, std::span<const double> qfrc_applied, std::span<const double> xfrc_applied) override {
    if (!config_.applied_forces) {
      throw std::logic_error("applied forces asked of a batch without applied_forces");
    }
    write(world, layout_.qfrc_applied, qfrc_applied);
    write(world, layout_.xfrc_applied, xfrc_applied);
  }
  void set_all_ctrl(View<const double, 2> ctrl) override {
    if (m_.nu == 0) return;
    for (int world = 0; world < config_.num_worlds; ++world) {
      for (int i = 0; i < ctrl.extent(1); ++i)
        staging_[static_cast<std::size_t>(i) * static_cast<std::size_t>(config_.num_worlds) +
                 static_cast<std::size_t>(world)] = static_cast<R>(ctrl(world, i));
    }
    check_cuda(cudaMemcpy(address(state_.data(), 0, layout_.ctrl), staging_.data(), staging_.size() * sizeof(R),
                          cudaMemcpyHostToDevice),
               "writing controls");
  }
  [[nodiscard]] bool fault(int world) const override {
    double flag = 0;
    read(world, layout_.fault, std::span<double>(&flag, 1));
    return flag != 0;
  }
  void clear_fault(int world) override {
    const double flag = 0;
    write(world, layout_.fault, std::span<const double>(&flag, 1));
  }

 private:
  void plan_launch() {
    const auto scratch = static_cast<std::size_t>(step_scratch_size(constants_of<double>(*model_, config_)));
    int limit = 0;
    check_cuda(cudaDeviceGetAttribute(&limit, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0), "asking for shared memory");
    const std::size_t fitting = static_cast<std::size_t>(limit) / std::max<std::size_t>(scratch * sizeof(R), 1);
    const int worlds = static_cast<int>(std::clamp<std::size_t>(fitting, 1, kMaxWorldsPerBlock));
    launch_ = {.num_worlds = config_.num_worlds,
               .worlds_per_block = worlds,
               .shared_bytes = fitting == 0 ? 0 : scratch * sizeof(R) * static_cast<std::size_t>(worlds),
               .arena = nullptr,
               .scratch = static_cast<long>(scratch)};
    if (fitting == 0) {
      arena_ = DeviceBuffer<R>(scratch * static_cast<std::size_t>(config_.num_worlds));
      launch_.arena = arena_.data();
    } else {
      check_cuda(allow_shared_memory<R>(launch_.shared_bytes), "setting the shared memory of a step");
    }
  }

  void set_initial_state() {
    HostBuffer<R> initial(state_.size());
    const auto worlds = static_cast<std::size_t>(config_.num_worlds);
    for (std::size_t field = 0; field < initial_.size(); ++field) {
      std::fill_n(initial.data() + field * worlds, worlds, static_cast<R>(initial_[field]));
    }
    state_.copy_from(initial.span());
  }

  template <class S>
  Fields<S> fields() {
    if constexpr (!std::is_same_v<S, R>) {
      throw std::logic_error("fields asked in the other precision");
    } else {
      const auto view = [&](int first, long count) {
        return world_view(state_.data() + static_cast<std::ptrdiff_t>(first) * config_.num_worlds, config_.num_worlds,
                          count, config_.num_worlds);
      };
      const bool pushed = config_.applied_forces;
      return {.qpos = view(layout_.qpos, m_.nq),
              .qvel = view(layout_.qvel, m_.nv),
              .act = view(layout_.act, m_.na),
              .ctrl = view(layout_.ctrl, m_.nu),
              .qacc_warmstart = view(layout_.qacc_warmstart, m_.nv),
              .time = view(layout_.time, 1),
              .mocap_pos = view(layout_.mocap_pos, 3 * m_.nmocap),
              .mocap_quat = view(layout_.mocap_quat, 4 * m_.nmocap),
              .qfrc_applied = view(layout_.qfrc_applied, pushed ? m_.nv : 0),
              .xfrc_applied = view(layout_.xfrc_applied, pushed ? 6 * m_.nbody : 0),
              .sensordata = world_view(static_cast<R*>(nullptr), config_.num_worlds, 0)};
    }
  }

  // Numbers of one world lie num_worlds apart: a column of a matrix.
  void read(int world, int field, std::span<double> out) const {
    if (out.empty()) return;
    std::vector<R> values(out.size());
    check_cuda(cudaMemcpy2D(values.data(), sizeof(R), address(state_.data(), world, field), pitch(), sizeof(R),
                            out.size(), cudaMemcpyDeviceToHost),
               "reading a world's state");
    std::copy(values.begin(), values.end(), out.begin());
  }
  void write(int world, int field, std::span<const double> in) {
    if (in.empty()) return;
    std::vector<R> values(in.size());
    std::transform(in.begin(), in.end(), values.begin(), [](double x) { return static_cast<R>(x); });
    check_cuda(cudaMemcpy2D(address(state_.data(), world, field), pitch(), values.data(), sizeof(R), sizeof(R),
                            in.size(), cudaMemcpyHostToDevice),
               "writing a world's state");
  }
  template <class Pointer>
  Pointer address(Pointer first, int world, int field) const {
    return first + static_cast<std::ptrdiff_t>(field) * config_.num_worlds + world;
  }
  [[nodiscard]] std::size_t pitch() const { return static_cast<std::size_t>(config_.num_worlds) * sizeof(R); }

  std::shared_ptr<const Model> model_;
  BatchConfig config_;
  const mjModel& m_;
  kernels::StateLayout layout_;
  HostBuffer<double> initial_;  // [field] one world as mj_resetData leaves it
  DeviceBuffer<R> state_;       // [field][world]
  HostBuffer<R> staging_;       // [nu][world] controls on their way
  DeviceBuffer<std::int32_t> ints_;
  DeviceBuffer<R> reals_;
  kernels::ModelConstants<R> constants_;  // pointing into ints_ and reals_
  DeviceBuffer<R> arena_;                 // [world][scratch], or empty: shared memory
  StepLaunch<R> launch_{};
};

}  // namespace

std::unique_ptr<Batch> make_cuda_batch(std::shared_ptr<const Model> model, const BatchConfig& config) {
  require_gpu();
  if (const auto missing = missing_contact_features_on_gpu(*model->mj()); !missing.empty()) {
    throw Error(fmt::format("the kernels on a GPU lack: {}", fmt::join(missing, ", ")), model->name(),
                "use --backend cpu, which has them");
  }
  if (config.precision == Precision::kFloat) return std::make_unique<CudaBatch<float>>(std::move(model), config);
  return std::make_unique<CudaBatch<double>>(std::move(model), config);
}

}  // namespace lockstep
