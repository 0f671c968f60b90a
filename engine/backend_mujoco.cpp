// The fallback backend: any model, stepped in double by MuJoCo's own batch API, one batch of one block per thread.
//
// The whole integration state of a world (times, plugins, mocap poses, delays: more than Batch's fields) is kept as a
// row of doubles in mj_getState order. Batch's fields mirror parts of it: what was written there since the last step
// replaces the row's number; what was not leaves the row's double as it is, also where the fields are floats.
#include "engine/backends.h"
#include "engine/batch_state.h"
#include "engine/error.h"
#include "engine/model.h"
#include "engine/model_copy.h"
#include "engine/mujoco_log.h"
#include "engine/thread_pool.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <mujoco/mjbatch.h>
#include <mujoco/mujoco.h>

namespace lockstep {
namespace {

struct DeleteMjBatch {
  void operator()(mjBatch* batch) const { mjb_deleteBatch(batch); }
};
using MjBatch = std::unique_ptr<mjBatch, DeleteMjBatch>;

// One field of Batch and its place in MuJoCo's state row.
struct MirroredField {
  int field;  // first in the block
  int row;    // first in the row
  int count;
};

// What MuJoCo takes for the sign of an instability: not a number, infinite or huge (mju_isBad).
bool is_bad(mjtNum x) { return !(std::abs(x) <= mjMAXVAL); }

// Steps of worlds whose numbers turned bad, as MuJoCo counts them before it resets such a world.
int bad_number_warnings(const mjWarningStat* warnings) {
  return warnings[mjWARN_BADQPOS].number + warnings[mjWARN_BADQVEL].number + warnings[mjWARN_BADQACC].number +
         warnings[mjWARN_BADCTRL].number;
}

// How the sensors of a simulation come about, and where its numbers go: what mjb_apply hands to read_sensors.
struct Sensing {
  enum class When { kForward, kMotion, kAfterSteps } when;
  int steps;        // of kAfterSteps; else 0
  mjtNum* numbers;  // [sim][nsensordata]
};

// The rows of a sensor that stands for an array of mjData (kernels/body_arrays.h); nullptr for any other.
const mjtNum* array_of(const mjModel* m, const mjData* d, int sensor) {
  const char* name = mj_id2name(m, mjOBJ_SENSOR, sensor);
  if (m->sensor_type[sensor] != mjSENS_USER || name == nullptr) return nullptr;
  const std::string_view array = name;
  if (array == "cinert" && m->sensor_dim[sensor] == 10 * m->nbody) return d->cinert;
  if (array == "cvel" && m->sensor_dim[sensor] == 6 * m->nbody) return d->cvel;
  return array == "cfrc_ext" && m->sensor_dim[sensor] == 6 * m->nbody ? d->cfrc_ext : nullptr;
}

bool is_contact_count(const mjModel* m, int sensor) {
  const char* name = mj_id2name(m, mjOBJ_SENSOR, sensor);
  return m->sensor_type[sensor] == mjSENS_USER && name != nullptr && std::string_view(name) == "ncon";
}

// Steps or evaluates one simulation, and reads its sensors. After steps, as their last evaluation of forces saw them.
void read_sensors(const mjModel* m, mjData* d, int sim, void* arg) {
  const Sensing& sensing = *static_cast<const Sensing*>(arg);
  const bool moves_only = sensing.when == Sensing::When::kMotion;
  mjtNum* const numbers = sensing.numbers + static_cast<std::ptrdiff_t>(sim) * m->nsensordata;
  if (sensing.when == Sensing::When::kForward) {
    mj_forward(m, d);  // reads the sensors too
  } else {
    if (moves_only) {
      mj_fwdPosition(m, d);
      mj_fwdVelocity(m, d);
    }
    for (int step = 0; step < sensing.steps; ++step) mj_step(m, d);
    mj_sensorPos(m, d);
    mj_sensorVel(m, d);
    if (!moves_only) mj_sensorAcc(m, d);
  }
  if (!moves_only) mj_rnePostConstraint(m, d);
  for (int sensor = 0; sensor < m->nsensor; ++sensor) {
    if (is_contact_count(m, sensor)) {
      if (!moves_only) numbers[m->sensor_adr[sensor]] = d->ncon;
      continue;
    }
    const mjtNum* const array = array_of(m, d, sensor);
    const bool needs_acceleration =
        array == nullptr ? m->sensor_needstage[sensor] == mjSTAGE_ACC : array == d->cfrc_ext;
    if (moves_only && needs_acceleration) continue;
    std::copy_n(array != nullptr ? array : d->sensordata + m->sensor_adr[sensor], m->sensor_dim[sensor],
                numbers + m->sensor_adr[sensor]);
  }
}

class MujocoBatch final : public Batch {
 public:
  MujocoBatch(std::shared_ptr<const Model> model, const BatchConfig& config, std::string reason)
      : model_(std::move(model)),
        config_(config),
        reason_(std::move(reason)),
        state_(*model_->mj(), config, config.lanes == 0 ? 1 : config.lanes),
        pool_(config.threads) {
    const mjBatchConfig single{.nthread = 1, .persistent = 0};
    std::array<char, 512> error{};
    for (int thread = 0; thread < config.threads; ++thread) {
      batches_.emplace_back(
          mjb_makeBatch(model_->mj(), state_.lanes(), &single, error.data(), static_cast<int>(error.size())));
      if (!batches_.back()) {
        throw Error(fmt::format("MuJoCo cannot make a batch: {}", error.data()), "backend mujoco",
                    "lower num_worlds or threads, or the model's memory size");
      }
      ids_.emplace_back(state_.lanes());
    }
    row_size_ = static_cast<std::size_t>(mjb_nstate(batches_[0].get()));
    rows_ = HostBuffer<mjtNum>(row_size_ * static_cast<std::size_t>(config.num_worlds));
    find_mirrored_fields();
    const auto sensed = static_cast<std::size_t>(model_->mj()->nsensordata) * static_cast<std::size_t>(state_.lanes());
    for (int thread = 0; thread < config.threads; ++thread) sensed_.emplace_back(sensed);
    initial_row_ = HostBuffer<mjtNum>(row_size_);
    std::copy_n(mjb_state(batches_[0].get()), row_size_, initial_row_.data());
    for (int world = 0; world < config.num_worlds; ++world) std::copy_n(initial_row_.data(), row_size_, row(world));
    if (config.own_heights) give_models();
  }

  [[nodiscard]] const Model& model() const override { return *model_; }
  [[nodiscard]] const BatchConfig& config() const override { return config_; }
  [[nodiscard]] int lanes() const override { return state_.lanes(); }
  [[nodiscard]] int num_blocks() const override { return state_.num_blocks(); }
  [[nodiscard]] std::string report() const override {
    return fmt::format("backend mujoco: MuJoCo {}, double, {} thread{}{}", mj_versionString(), config_.threads,
                       config_.threads == 1 ? "" : "s", reason_.empty() ? "" : "; " + reason_);
  }

  void step(int steps) override {
    pool_.for_each(num_blocks(), [&](int block, int thread) { step_block(block, steps, thread); });
  }
  void for_each_block(const std::function<void(int block, int thread)>& f) override { pool_.for_each(num_blocks(), f); }
  void step_block(int block, int steps, int thread) override {
    if (config_.precision == Precision::kFloat) {
      step_block_in<float>(block, steps, thread, false);
    } else {
      step_block_in<double>(block, steps, thread, false);
    }
  }
  void step_and_sense_block(int block, int steps, int thread) override {
    if (config_.precision == Precision::kFloat) {
      step_block_in<float>(block, steps, thread, true);
    } else {
      step_block_in<double>(block, steps, thread, true);
    }
  }

  void sense() override {
    pool_.for_each(num_blocks(), [&](int block, int thread) { sense_block(block, thread); });
  }
  void sense_block(int block, int thread) override { sense_block_at(block, thread, Sensing::When::kForward); }
  void sense_motion_block(int block, int thread) override { sense_block_at(block, thread, Sensing::When::kMotion); }

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
  void reset(int world) override {
    std::copy_n(initial_row_.data(), row_size_, row(world));
    state_.reset(world);
  }
  void set_mocap(int world, std::span<const double> mocap_pos, std::span<const double> mocap_quat) override {
    state_.set_mocap(world, mocap_pos, mocap_quat);
  }
  void set_applied(int world, std::span<const double> qfrc_applied, std::span<const double> xfrc_applied) override {
    state_.set_applied(world, qfrc_applied, xfrc_applied);
  }
  void set_heights(int world, std::span<const float> heights) override {
    if (models_.empty()) return Batch::set_heights(world, heights);
    std::copy(heights.begin(), heights.end(), models_[static_cast<std::size_t>(world)]->hfield_data);
  }
  void get_heights(int world, std::span<float> heights) const override {
    const mjModel& own = models_.empty() ? *model_->mj() : *models_[static_cast<std::size_t>(world)];
    std::copy_n(own.hfield_data, heights.size(), heights.begin());
  }
  void get_sensors(int world, std::span<double> sensordata) const override { state_.get_sensors(world, sensordata); }
  [[nodiscard]] bool fault(int world) const override { return state_.fault(world); }
  void clear_fault(int world) override { state_.set_fault(world, false); }

 private:
  void find_mirrored_fields() {
    mjBatch* const batch = batches_[0].get();
    const kernels::StateLayout& layout = state_.layout();
    const mjModel& m = *model_->mj();
    const bool pushed = config_.applied_forces;
    const std::array<std::array<int, 3>, 10> fields{
        {{mjSTATE_QPOS, layout.qpos, static_cast<int>(m.nq)},
         {mjSTATE_QVEL, layout.qvel, static_cast<int>(m.nv)},
         {mjSTATE_ACT, layout.act, static_cast<int>(m.na)},
         {mjSTATE_CTRL, layout.ctrl, static_cast<int>(m.nu)},
         {mjSTATE_WARMSTART, layout.qacc_warmstart, static_cast<int>(m.nv)},
         {mjSTATE_TIME, layout.time, 1},
         {mjSTATE_MOCAP_POS, layout.mocap_pos, 3 * static_cast<int>(m.nmocap)},
         {mjSTATE_MOCAP_QUAT, layout.mocap_quat, 4 * static_cast<int>(m.nmocap)},
         {mjSTATE_QFRC_APPLIED, layout.qfrc_applied, pushed ? static_cast<int>(m.nv) : 0},
         {mjSTATE_XFRC_APPLIED, layout.xfrc_applied, pushed ? 6 * static_cast<int>(m.nbody) : 0}}};
    for (const auto& [component, field, count] : fields) {
      if (count == 0) continue;
      const mjtNum* const first = mjb_stateComponent(batch, component, nullptr);
      mirrored_.push_back({field, static_cast<int>(first - mjb_state(batch)), count});
    }
  }

  // A copy of the model for each world, and for the places behind the last.
  void give_models() {
    for (int world = 0; world < lanes() * num_blocks(); ++world) {
      models_.push_back(copy_of(*model_->mj()));
      of_worlds_.push_back(models_.back().get());
    }
  }
  // The thread's batch, on the models of a block's worlds where they have their own.
  [[nodiscard]] mjBatch* batch_for(int block, int thread) {
    mjBatch* const batch = batches_[static_cast<std::size_t>(thread)].get();
    if (!models_.empty()) mjb_setModels(batch, of_worlds_.data() + static_cast<std::ptrdiff_t>(block) * lanes());
    return batch;
  }

  mjtNum* row(int world) { return rows_.data() + static_cast<std::size_t>(world) * row_size_; }

  template <class R>
  void step_block_in(int block, int steps, int thread, bool senses) {
    mjBatch* const batch = batch_for(block, thread);
    std::vector<int>& ids = ids_[static_cast<std::size_t>(thread)];
    const std::span<R> fields = state_.block<R>(block);
    const int worlds = state_.worlds_in_block(block);
    int count = 0;
    for (int lane = 0; lane < worlds; ++lane) {
      const int world = block * lanes() + lane;
      if (state_.fault(world)) continue;
      if (!load_row<R>(fields, lane, row(world))) {
        state_.set_fault(world, true);
        continue;
      }
      std::copy_n(row(world), row_size_, simulation(batch, lane));
      ids[static_cast<std::size_t>(count++)] = lane;
    }
    const std::span<const int> running(ids.data(), static_cast<std::size_t>(count));
    const MujocoWarnings kept;  // a bad world is reported by its flag
    Sensing sensing{Sensing::When::kAfterSteps, steps, sensed_[static_cast<std::size_t>(thread)].data()};
    if (count > 0) advance(batch, running, steps, senses ? &sensing : nullptr);
    for (const int lane : running) {
      const int world = block * lanes() + lane;
      if (went_bad(batch, lane)) {
        state_.set_fault(world, true);
        return_to_last_finite(batch, lane, row(world), steps);
      }
      std::copy_n(simulation(batch, lane), row_size_, row(world));
      store_row(row(world), fields, lane);
      if (senses) store_sensors<R>(block, lane, sensing, true);
    }
  }

  void sense_block_at(int block, int thread, Sensing::When when) {
    if (config_.precision == Precision::kFloat) {
      sense_block_in<float>(block, thread, when);
    } else {
      sense_block_in<double>(block, thread, when);
    }
  }

  // Worlds whose state is none read as not-a-number.
  template <class R>
  void sense_block_in(int block, int thread, Sensing::When when) {
    if (model_->mj()->nsensordata == 0) return;
    mjBatch* const batch = batch_for(block, thread);
    Sensing sensing{when, 0, sensed_[static_cast<std::size_t>(thread)].data()};
    const MujocoWarnings kept;
    for (int lane = 0; lane < state_.worlds_in_block(block); ++lane) {
      mjtNum* const numbers = simulation(batch, lane);
      std::copy_n(row(block * lanes() + lane), row_size_, numbers);
      if (when == Sensing::When::kMotion) read_stored_sensors<R>(block, lane, sensing);
      const bool good = load_row<R>(state_.block<R>(block), lane, numbers) &&
                        mjb_apply(batch, &lane, 1, &read_sensors, &sensing, 0) == 0;
      store_sensors<R>(block, lane, sensing, good);
    }
  }
  template <class R>
  void store_sensors(int block, int lane, const Sensing& sensing, bool good) {
    const auto nsensordata = static_cast<int>(model_->mj()->nsensordata);
    const std::span<R> sensors = state_.block_sensors<R>(block);
    for (int i = 0; i < nsensordata; ++i) {
      sensors[place(i, lane)] =
          good ? static_cast<R>(sensing.numbers[lane * nsensordata + i]) : std::numeric_limits<R>::quiet_NaN();
    }
  }
  template <class R>
  void read_stored_sensors(int block, int lane, const Sensing& sensing) {
    const auto nsensordata = static_cast<int>(model_->mj()->nsensordata);
    const std::span<R> sensors = state_.block_sensors<R>(block);
    for (int i = 0; i < nsensordata; ++i) {
      sensing.numbers[lane * nsensordata + i] = static_cast<mjtNum>(sensors[place(i, lane)]);
    }
  }

  mjtNum* simulation(mjBatch* batch, int lane) const {
    return mjb_state(batch) + static_cast<std::size_t>(lane) * row_size_;
  }

  static void advance(mjBatch* batch, std::span<const int> lanes, int steps, Sensing* sensing = nullptr) {
    for (const int lane : lanes) std::fill_n(mjb_warning(batch) + lane * mjNWARNING, mjNWARNING, mjWarningStat{});
    const int count = static_cast<int>(lanes.size());
    if (sensing != nullptr) {
      mjb_apply(batch, lanes.data(), count, &read_sensors, sensing, 1);
    } else {
      mjb_step(batch, lanes.data(), count, steps, mjSTAGE_NONE);
    }
  }

  [[nodiscard]] bool went_bad(mjBatch* batch, int lane) const {
    if (mjb_status(batch)[lane] != 0 || bad_number_warnings(mjb_warning(batch) + lane * mjNWARNING) > 0) return true;
    const mjtNum* const numbers = simulation(batch, lane);
    return std::any_of(mirrored_.begin(), mirrored_.end(), [&](const MirroredField& f) {
      return std::any_of(numbers + f.row, numbers + f.row + f.count, is_bad);
    });
  }

  // Steps again from `start` one by one and leaves the last state whose step was good in the simulation's row.
  void return_to_last_finite(mjBatch* batch, int lane, const mjtNum* start, int steps) const {
    std::vector<mjtNum> last(start, start + row_size_);  // a fault is rare: it may allocate
    mjtNum* const numbers = simulation(batch, lane);
    std::copy(last.begin(), last.end(), numbers);
    for (int step = 0; step < steps; ++step) {
      advance(batch, std::span<const int>(&lane, 1), 1);
      if (went_bad(batch, lane)) break;
      std::copy_n(numbers, row_size_, last.begin());
    }
    std::copy(last.begin(), last.end(), numbers);
  }

  // Of a number in its block, [field][lane].
  [[nodiscard]] std::size_t place(int field, int lane) const {
    return static_cast<std::size_t>(field) * static_cast<std::size_t>(state_.lanes()) + static_cast<std::size_t>(lane);
  }

  // Brings one world's fields into its row; false where one of them is beyond what MuJoCo takes for a number.
  template <class R>
  [[nodiscard]] bool load_row(std::span<const R> fields, int lane, mjtNum* row) const {
    bool good = true;
    for (const MirroredField& f : mirrored_) {
      for (int i = 0; i < f.count; ++i) {
        const R now = fields[place(f.field + i, lane)];
        good = good && !is_bad(static_cast<mjtNum>(now));
        if (static_cast<R>(row[f.row + i]) != now) row[f.row + i] = static_cast<mjtNum>(now);
      }
    }
    return good;
  }
  template <class R>
  void store_row(const mjtNum* row, std::span<R> fields, int lane) const {
    for (const MirroredField& f : mirrored_) {
      for (int i = 0; i < f.count; ++i) {
        fields[place(f.field + i, lane)] = static_cast<R>(row[f.row + i]);
      }
    }
  }

  std::shared_ptr<const Model> model_;
  BatchConfig config_;
  std::string reason_;
  BatchState state_;
  ThreadPool pool_;
  std::vector<OwnModel> models_;            // [world] where worlds have height fields of their own, else empty
  std::vector<const mjModel*> of_worlds_;   // the same
  std::vector<MjBatch> batches_;            // [thread], of lanes() simulations each
  std::vector<std::vector<int>> ids_;       // [thread][lanes] scratch
  std::vector<HostBuffer<mjtNum>> sensed_;  // [thread] of each simulation: [nsensordata]
  std::vector<MirroredField> mirrored_;
  std::size_t row_size_ = 0;
  HostBuffer<mjtNum> initial_row_;  // of a world as mj_resetData leaves it
  HostBuffer<mjtNum> rows_;         // [world][row_size]
};

}  // namespace

std::unique_ptr<Batch> make_mujoco_batch(std::shared_ptr<const Model> model, const BatchConfig& config,
                                         std::string reason) {
  return std::make_unique<MujocoBatch>(std::move(model), config, std::move(reason));
}

}  // namespace lockstep
