// Worlds of a model, stepped by a Batch: natively where the model's features are supported, else by MuJoCo.
#include "viewer/model_source.h"
#include "engine/batch.h"
#include "engine/model.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace lockstep::viewer {
namespace {

std::string name_of(const mjModel& model, int type, int id, const char* kind) {
  const char* name = mj_id2name(&model, type, id);
  return name != nullptr && *name != '\0' ? name : std::string(kind) + " " + std::to_string(id);
}

// State of one world in one array: qpos, qvel, act.
struct Sizes {
  std::size_t nq, nv, na;
  [[nodiscard]] std::size_t all() const { return nq + nv + na; }
};

class ModelSource final : public SceneSource {
 public:
  ModelSource(std::shared_ptr<const Model> model, const BatchConfig& config)
      : model_(std::move(model)),
        batch_(Batch::make(model_, config)),
        sizes_{static_cast<std::size_t>(model_->nq()), static_cast<std::size_t>(model_->nv()),
               static_cast<std::size_t>(model_->na())},
        start_(sizes_.all()),
        ctrl_(static_cast<std::size_t>(num_worlds()) * static_cast<std::size_t>(model_->nu())) {
    const mjModel& m = *model_->mj();
    for (int actuator = 0; actuator < m.nu; ++actuator) {
      const bool limited = m.actuator_ctrllimited[actuator] != 0;
      controls_.push_back({name_of(m, mjOBJ_ACTUATOR, actuator, "actuator"),
                           limited ? m.actuator_ctrlrange[2 * actuator] : -1,
                           limited ? m.actuator_ctrlrange[2 * actuator + 1] : 1});
    }
    for (int joint = 0; joint < m.njnt && static_cast<int>(plotted_.size()) < kMostPlotted; ++joint) {
      if (m.jnt_type[joint] != mjJNT_HINGE && m.jnt_type[joint] != mjJNT_SLIDE) continue;
      plotted_.push_back(static_cast<std::size_t>(m.jnt_qposadr[joint]));
      signals_.push_back({name_of(m, mjOBJ_JOINT, joint, "joint"), Signal::Plot::kState});
    }
    std::copy_n(m.nkey > 0 ? m.key_qpos : m.qpos0, sizes_.nq, start_.begin());
    if (m.nkey > 0) {
      std::copy_n(m.key_qvel, sizes_.nv, start_.begin() + static_cast<std::ptrdiff_t>(sizes_.nq));
      std::copy_n(m.key_act, sizes_.na, start_.begin() + static_cast<std::ptrdiff_t>(sizes_.nq + sizes_.nv));
    }
  }

  [[nodiscard]] const mjModel& model() const override { return *model_->mj(); }
  [[nodiscard]] std::string title() const override { return std::filesystem::path(model_->name()).filename().string(); }
  [[nodiscard]] std::string report() const override { return batch_->report(); }
  [[nodiscard]] int num_worlds() const override { return batch_->config().num_worlds; }
  [[nodiscard]] double step_seconds() const override { return model_->timestep(); }
  [[nodiscard]] const std::vector<ControlInput>& controls() const override { return controls_; }
  [[nodiscard]] const std::vector<Signal>& signals() const override { return signals_; }
  [[nodiscard]] std::int64_t faults() const override { return faults_; }

  void reset() override {
    std::fill(ctrl_.begin(), ctrl_.end(), 0);
    faults_ = 0;
    for (int world = 0; world < num_worlds(); ++world) restart(world);
  }

  // A world that went non-finite begins again from the start.
  void step(View<const double, 2> controls) override {
    const auto nu = static_cast<std::size_t>(model_->nu());
    for (int world = 0; world < num_worlds(); ++world) {
      const auto ctrl = std::span(ctrl_).subspan(static_cast<std::size_t>(world) * nu, nu);
      for (std::size_t k = 0; k < nu; ++k) ctrl[k] = controls(world, static_cast<int>(k));
      batch_->set_ctrl(world, ctrl);
    }
    batch_->step(1);
    for (int world = 0; world < num_worlds(); ++world) {
      if (!batch_->fault(world)) continue;
      ++faults_;
      batch_->clear_fault(world);
      restart(world);
    }
  }

  void read_pose(int world, std::span<double> qpos, std::span<double> qvel) const override {
    std::vector<double> act(sizes_.na);
    batch_->get_state(world, qpos, qvel, act);
  }
  void write_pose(int world, std::span<const double> qpos, std::span<const double> qvel) override {
    std::vector<double> state(sizes_.all());
    get(world, state);
    batch_->set_state(world, qpos, qvel, std::span(state).subspan(sizes_.nq + sizes_.nv));
  }
  void read_signals(int world, std::span<double> values) const override {
    std::vector<double> state(sizes_.all());
    get(world, state);
    for (std::size_t k = 0; k < plotted_.size(); ++k) values[k] = state[plotted_[k]];
  }
  bool read_ctrl(int world, std::span<double> ctrl) const override {
    std::copy_n(ctrl_.begin() + static_cast<std::ptrdiff_t>(world) * static_cast<std::ptrdiff_t>(ctrl.size()),
                ctrl.size(), ctrl.begin());
    return true;
  }
  bool read_ghost(int, std::span<double>) const override { return false; }

  // [worlds][qpos, qvel, act]; the solver's warm start is not kept.
  [[nodiscard]] std::vector<std::byte> save() const override {
    std::vector<double> states(static_cast<std::size_t>(num_worlds()) * sizes_.all());
    for (int world = 0; world < num_worlds(); ++world) {
      get(world, std::span(states).subspan(static_cast<std::size_t>(world) * sizes_.all(), sizes_.all()));
    }
    std::vector<std::byte> bytes(states.size() * sizeof(double));
    std::memcpy(bytes.data(), states.data(), bytes.size());
    return bytes;
  }
  void load(std::span<const std::byte> bytes) override {
    std::vector<double> states(bytes.size() / sizeof(double));
    std::memcpy(states.data(), bytes.data(), bytes.size());
    for (int world = 0; world < num_worlds(); ++world) {
      set(world, std::span(states).subspan(static_cast<std::size_t>(world) * sizes_.all(), sizes_.all()));
    }
  }

 private:
  void get(int world, std::span<double> state) const {
    batch_->get_state(world, state.first(sizes_.nq), state.subspan(sizes_.nq, sizes_.nv),
                      state.subspan(sizes_.nq + sizes_.nv));
  }
  void set(int world, std::span<const double> state) {
    batch_->set_state(world, state.first(sizes_.nq), state.subspan(sizes_.nq, sizes_.nv),
                      state.subspan(sizes_.nq + sizes_.nv));
  }
  void restart(int world) { set(world, start_); }

  std::shared_ptr<const Model> model_;
  std::unique_ptr<Batch> batch_;
  Sizes sizes_;
  std::vector<double> start_;  // state of the first key frame, or the initial one
  std::vector<double> ctrl_;   // [worlds][nu]
  std::vector<ControlInput> controls_;
  std::vector<Signal> signals_;
  std::vector<std::size_t> plotted_;  // qpos addresses
  std::int64_t faults_ = 0;
};

}  // namespace

std::unique_ptr<SceneSource> make_model_source(const std::filesystem::path& path, int num_worlds,
                                               const std::string& backend) {
  const BatchConfig config{.num_worlds = num_worlds, .backend = backend, .precision = Precision::kDouble};
  return std::make_unique<ModelSource>(Model::from_file(path), config);
}

}  // namespace lockstep::viewer
