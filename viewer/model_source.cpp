// Worlds of a model on MuJoCo's own step.
#include "viewer/model_source.h"
#include "engine/error.h"
#include "viewer/world_scene.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace lockstep::viewer {
namespace {

std::string name_of(const mjModel& model, int type, int id, const char* kind) {
  const char* name = mj_id2name(&model, type, id);
  return name != nullptr && *name != '\0' ? name : std::string(kind) + " " + std::to_string(id);
}

class ModelSource final : public SceneSource {
 public:
  ModelSource(const std::filesystem::path& path, int num_worlds) : title_(path.filename().string()) {
    std::array<char, 1000> message{};
    model_.reset(mj_loadXML(path.c_str(), nullptr, message.data(), static_cast<int>(message.size())));
    if (model_ == nullptr) throw Error(message.data(), path.string(), "mend the model; MuJoCo names the line above");
    for (int world = 0; world < num_worlds; ++world) data_.emplace_back(mj_makeData(model_.get()));
    for (int actuator = 0; actuator < model_->nu; ++actuator) {
      const bool limited = model_->actuator_ctrllimited[actuator] != 0;
      controls_.push_back({name_of(*model_, mjOBJ_ACTUATOR, actuator, "actuator"),
                           limited ? model_->actuator_ctrlrange[2 * actuator] : -1,
                           limited ? model_->actuator_ctrlrange[2 * actuator + 1] : 1});
    }
    for (int joint = 0; joint < model_->njnt && static_cast<int>(plotted_.size()) < kMostPlotted; ++joint) {
      if (model_->jnt_type[joint] != mjJNT_HINGE && model_->jnt_type[joint] != mjJNT_SLIDE) continue;
      plotted_.push_back(model_->jnt_qposadr[joint]);
      signals_.push_back({name_of(*model_, mjOBJ_JOINT, joint, "joint"), Signal::Plot::kState});
    }
  }

  [[nodiscard]] const mjModel& model() const override { return *model_; }
  [[nodiscard]] std::string title() const override { return title_; }
  [[nodiscard]] std::string report() const override { return std::string("MuJoCo ") + mj_versionString(); }
  [[nodiscard]] int num_worlds() const override { return static_cast<int>(data_.size()); }
  [[nodiscard]] double step_seconds() const override { return model_->opt.timestep; }
  [[nodiscard]] const std::vector<ControlInput>& controls() const override { return controls_; }
  [[nodiscard]] const std::vector<Signal>& signals() const override { return signals_; }

  void reset() override {
    for (const DataPtr& data : data_) {
      if (model_->nkey > 0) {
        mj_resetDataKeyframe(model_.get(), data.get(), 0);
      } else {
        mj_resetData(model_.get(), data.get());
      }
    }
  }

  void step(View<const double, 2> controls) override {
    for (int world = 0; world < num_worlds(); ++world) {
      mjData& data = at(world);
      for (int k = 0; k < model_->nu; ++k) data.ctrl[k] = controls(world, k);
      mj_step(model_.get(), &data);
    }
  }

  void read_pose(int world, std::span<double> qpos, std::span<double> qvel) const override {
    std::copy_n(at(world).qpos, qpos.size(), qpos.begin());
    std::copy_n(at(world).qvel, qvel.size(), qvel.begin());
  }
  void write_pose(int world, std::span<const double> qpos, std::span<const double> qvel) override {
    std::copy(qpos.begin(), qpos.end(), at(world).qpos);
    std::copy(qvel.begin(), qvel.end(), at(world).qvel);
  }
  void read_signals(int world, std::span<double> values) const override {
    for (std::size_t k = 0; k < plotted_.size(); ++k) values[k] = at(world).qpos[plotted_[k]];
  }
  bool read_ctrl(int world, std::span<double> ctrl) const override {
    std::copy_n(at(world).ctrl, ctrl.size(), ctrl.begin());
    return true;
  }
  bool read_ghost(int, std::span<double>) const override { return false; }

  [[nodiscard]] std::vector<std::byte> save() const override {
    const auto size = static_cast<std::size_t>(mj_stateSize(model_.get(), mjSTATE_INTEGRATION));
    std::vector<std::byte> bytes(size * sizeof(double) * data_.size());
    std::vector<double> state(size);
    for (int world = 0; world < num_worlds(); ++world) {
      mj_getState(model_.get(), &at(world), state.data(), mjSTATE_INTEGRATION);
      std::memcpy(bytes.data() + static_cast<std::size_t>(world) * size * sizeof(double), state.data(),
                  size * sizeof(double));
    }
    return bytes;
  }
  void load(std::span<const std::byte> bytes) override {
    std::vector<double> state(bytes.size() / sizeof(double) / data_.size());
    for (int world = 0; world < num_worlds(); ++world) {
      std::memcpy(state.data(), bytes.data() + static_cast<std::size_t>(world) * state.size() * sizeof(double),
                  state.size() * sizeof(double));
      mj_setState(model_.get(), &at(world), state.data(), mjSTATE_INTEGRATION);
    }
  }

 private:
  [[nodiscard]] mjData& at(int world) const { return *data_[static_cast<std::size_t>(world)]; }

  std::string title_;
  ModelPtr model_;
  std::vector<DataPtr> data_;
  std::vector<ControlInput> controls_;
  std::vector<Signal> signals_;
  std::vector<int> plotted_;
};

}  // namespace

std::unique_ptr<SceneSource> make_model_source(const std::filesystem::path& path, int num_worlds) {
  return std::make_unique<ModelSource>(path, num_worlds);
}

}  // namespace lockstep::viewer
