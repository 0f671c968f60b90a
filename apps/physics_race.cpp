// The course and its runners.
#include "apps/physics_race.h"
#include "apps/control_range.h"
#include "apps/converged_model.h"
#include "apps/native_acceleration.h"
#include "engine/batch_state.h"
#include "engine/error.h"
#include "engine/isa.h"
#include "engine/model.h"
#include "engine/physics_kernels.h"
#include "engine/thread_pool.h"
#include "kernels/philox.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <mujoco/mjbatch.h>
#include <mujoco/mujoco.h>

namespace lockstep::apps {
namespace {

constexpr kernels::RandomStream kWarmupStream{.seed = 0, .stream = 1}, kControlStream{.seed = 0, .stream = 2};

struct DeleteMujoco {
  void operator()(mjData* d) const { mj_deleteData(d); }
  void operator()(mjBatch* b) const { mjb_deleteBatch(b); }
};
using MjData = std::unique_ptr<mjData, DeleteMujoco>;

std::size_t size(int count) { return static_cast<std::size_t>(count); }

// The number that float arithmetic would also start from.
double exact_in_float(double x) { return static_cast<double>(static_cast<float>(x)); }

double draw_control(const mjModel& m, Motion motion, kernels::RandomStream stream, int world, int interval, int index) {
  const auto w = static_cast<std::uint32_t>(world), k = static_cast<std::uint32_t>(interval);
  const auto i = static_cast<std::uint32_t>(index);
  const auto [low, high, home] = control_range(m, index);
  const double u = motion == Motion::kQuiet
                       ? std::clamp(home + 0.01 * kernels::normal<double>(stream, w, k, i), low, high)
                       : low + (high - low) * kernels::uniform<double>(stream, w, k, i);
  return exact_in_float(u);
}

void warm_up(Course& course, Motion motion, int steps) {
  const mjModel& m = *course.model->mj();
  const int nq = static_cast<int>(m.nq), nv = static_cast<int>(m.nv), na = static_cast<int>(m.na);
  const MjData d(mj_makeData(&m));
  for (int world = 0; world < course.num_worlds; ++world) {
    if (m.nkey > 0) {
      mj_resetDataKeyframe(&m, d.get(), 0);
    } else {
      mj_resetData(&m, d.get());
    }
    for (int step = 0; step < steps; ++step) {
      if (step % kHoldSteps == 0) {
        for (int i = 0; i < static_cast<int>(m.nu); ++i)
          d->ctrl[i] = draw_control(m, motion, kWarmupStream, world, step / kHoldSteps, i);
      }
      mj_step(&m, d.get());
    }
    std::transform(d->qpos, d->qpos + nq, course.qpos.begin() + world * nq, exact_in_float);
    std::transform(d->qvel, d->qvel + nv, course.qvel.begin() + world * nv, exact_in_float);
    std::transform(d->act, d->act + na, course.act.begin() + world * na, exact_in_float);
  }
}

// Sets a MuJoCo state to the start of a world.
void set_start(const Course& course, int world, mjData* d) {
  const mjModel& m = *course.model->mj();
  mj_resetData(&m, d);
  std::copy_n(course.qpos.begin() + world * m.nq, m.nq, d->qpos);
  std::copy_n(course.qvel.begin() + world * m.nv, m.nv, d->qvel);
  std::copy_n(course.act.begin() + world * m.na, m.na, d->act);
}

std::span<const double> of_world(const std::vector<double>& all, int world, mjtSize count) {
  return std::span<const double>(all).subspan(static_cast<std::size_t>(world * count), static_cast<std::size_t>(count));
}

const double* controls(const Course& course, int interval, int world) {
  const mjtSize nu = course.model->mj()->nu;
  return course.ctrl.data() + (static_cast<mjtSize>(interval) * course.num_worlds + world) * nu;
}

class BatchRunner final : public Runner {
 public:
  BatchRunner(const Course& course, std::unique_ptr<Batch> batch)
      : course_(course), batch_(std::move(batch)), nu_(static_cast<int>(course.model->mj()->nu)) {
    if (on_gpu()) return;
    if (batch_->config().precision == Precision::kFloat) {
      lay_out(floats_);
    } else {
      lay_out(doubles_);
    }
  }

  void restart() override {
    const mjModel& m = *course_.model->mj();
    for (int world = 0; world < course_.num_worlds; ++world) {
      faults_ += batch_->fault(world) ? 1 : 0;
      batch_->clear_fault(world);
      batch_->set_state(world, of_world(course_.qpos, world, m.nq), of_world(course_.qvel, world, m.nv),
                        of_world(course_.act, world, m.na));
    }
  }

  long run() override {
    if (on_gpu()) {
      for (int interval = 0; interval < course_.intervals; ++interval) {
        batch_->set_all_ctrl(View<const double, 2>(controls(course_, interval, 0), course_.num_worlds, nu_));
        batch_->step(kHoldSteps);
      }
    } else if (batch_->config().precision == Precision::kFloat) {
      run_with(floats_, batch_->fields_float().ctrl);
    } else {
      run_with(doubles_, batch_->fields_double().ctrl);
    }
    return static_cast<long>(course_.num_worlds) * course_.steps();
  }

  [[nodiscard]] long faults() const override { return faults_; }

 private:
  [[nodiscard]] bool on_gpu() const { return batch_->config().backend == "cuda"; }

  // Controls as blocks hold them: [interval][block][control][lane].
  template <class R>
  void lay_out(std::vector<R>& table) const {
    const int lanes = batch_->lanes(), padded = batch_->num_blocks() * lanes;
    table.assign(size(course_.intervals) * size(padded) * size(nu_), R(0));
    for (int interval = 0; interval < course_.intervals; ++interval) {
      for (int world = 0; world < course_.num_worlds; ++world) {
        const double* const u = controls(course_, interval, world);
        R* const block = table.data() + size((interval * batch_->num_blocks() + world / lanes) * nu_ * lanes);
        for (int i = 0; i < nu_; ++i) block[i * lanes + world % lanes] = static_cast<R>(u[i]);
      }
    }
  }

  template <class R>
  void run_with(const std::vector<R>& table, WorldView<R> ctrl) {
    const std::size_t count = size(nu_ * batch_->lanes());
    batch_->for_each_block([&](int block, int thread) {
      R* const target = nu_ > 0 ? &ctrl(block * batch_->lanes(), 0) : nullptr;
      for (int interval = 0; interval < course_.intervals; ++interval) {
        const std::size_t source = size(interval * batch_->num_blocks() + block) * count;
        if (nu_ > 0) std::memcpy(target, table.data() + source, count * sizeof(R));
        batch_->step_block(block, kHoldSteps, thread);
      }
    });
  }

  const Course& course_;
  std::unique_ptr<Batch> batch_;
  int nu_;
  std::vector<float> floats_;
  std::vector<double> doubles_;
  long faults_ = 0;
};

class MjStepRunner final : public Runner {
 public:
  MjStepRunner(const Course& course, int threads) : course_(course), pool_(threads) {
    for (int thread = 0; thread < threads; ++thread) data_.emplace_back(mj_makeData(course.model->mj()));
  }
  void restart() override {}  // a state is set once in steps() steps
  long run() override {
    const mjModel& m = *course_.model->mj();
    pool_.for_each(pool_.size(), [&](int part, int) {
      mjData* const d = data_[size(part)].get();
      const int world = (next_ + part) % course_.num_worlds;
      set_start(course_, world, d);
      for (int interval = 0; interval < course_.intervals; ++interval) {
        std::copy_n(controls(course_, interval, world), m.nu, d->ctrl);
        for (int step = 0; step < kHoldSteps; ++step) mj_step(&m, d);
      }
    });
    next_ = (next_ + pool_.size()) % course_.num_worlds;
    return static_cast<long>(pool_.size()) * course_.steps();
  }

 private:
  const Course& course_;
  ThreadPool pool_;
  std::vector<MjData> data_;  // [thread]
  int next_ = 0;              // first world of the next run
};

class MjbStepRunner final : public Runner {
 public:
  MjbStepRunner(const Course& course, int threads)
      : course_(course), simulations_(std::min(16 * threads, course.num_worlds)) {
    const mjBatchConfig config{.nthread = threads, .persistent = 0};
    std::array<char, 512> error{};
    batch_.reset(mjb_makeBatch(course.model->mj(), simulations_, &config, error.data(), error.size()));
    if (!batch_) throw Error(fmt::format("MuJoCo cannot make a batch: {}", error.data()), "bench", "use fewer threads");
    start_.reset(mj_makeData(course.model->mj()));
  }
  void restart() override {
    const mjModel& m = *course_.model->mj();
    for (int sim = 0; sim < simulations_; ++sim) {
      set_start(course_, world_of(sim), start_.get());
      mj_getState(&m, start_.get(), mjb_state(batch_.get()) + sim * mjb_nstate(batch_.get()), mjSTATE_INTEGRATION);
    }
  }
  long run() override {
    const int nu = static_cast<int>(course_.model->mj()->nu), row = mjb_nstate(batch_.get());
    mjtNum* const ctrl = nu > 0 ? mjb_stateComponent(batch_.get(), mjSTATE_CTRL, nullptr) : nullptr;
    for (int interval = 0; interval < course_.intervals; ++interval) {
      for (int sim = 0; sim < simulations_ && nu > 0; ++sim)
        std::copy_n(controls(course_, interval, world_of(sim)), nu, ctrl + sim * row);
      mjb_step(batch_.get(), nullptr, simulations_, kHoldSteps, mjSTAGE_NONE);
    }
    next_ = (next_ + simulations_) % course_.num_worlds;
    return static_cast<long>(simulations_) * course_.steps();
  }

 private:
  [[nodiscard]] int world_of(int sim) const { return (next_ + sim) % course_.num_worlds; }

  const Course& course_;
  int simulations_;
  std::unique_ptr<mjBatch, DeleteMujoco> batch_;
  MjData start_;
  int next_ = 0;
};

// The state of all worlds after one step from the course's start.
struct OneStep {
  std::vector<double> qpos, qvel;  // [world][nq], [world][nv]
};

// Brings a Batch or a BatchState to the course's start and first controls.
template <class Worlds>
void start(const Course& course, Worlds& worlds) {
  const mjModel& m = *course.model->mj();
  for (int world = 0; world < course.num_worlds; ++world) {
    worlds.set_state(world, of_world(course.qpos, world, m.nq), of_world(course.qvel, world, m.nv),
                     of_world(course.act, world, m.na));
    worlds.set_ctrl(world, std::span<const double>(controls(course, 0, world), static_cast<std::size_t>(m.nu)));
  }
}

OneStep step_once(const Course& course, const std::string& backend) {
  const auto batch =
      Batch::make(course.model, {.num_worlds = course.num_worlds, .backend = backend, .precision = Precision::kDouble});
  start(course, *batch);
  batch->step(1);
  OneStep result{std::vector<double>(course.qpos.size()), std::vector<double>(course.qvel.size())};
  const auto nq = size(course.model->nq()), nv = size(course.model->nv());
  std::vector<double> act(size(course.model->na()));
  for (int world = 0; world < course.num_worlds; ++world) {
    batch->get_state(world, std::span(result.qpos).subspan(size(world) * nq, nq),
                     std::span(result.qvel).subspan(size(world) * nv, nv), act);
  }
  return result;
}

// mj_step whose constraint solver runs until nothing improves.
OneStep mujoco_once(const Course& course) {
  const auto model = converged(*course.model->mj());
  const mjModel& m = *model;
  OneStep result{std::vector<double>(course.qpos.size()), std::vector<double>(course.qvel.size())};
  const MjData d(mj_makeData(&m));
  for (int world = 0; world < course.num_worlds; ++world) {
    set_start(course, world, d.get());
    std::copy_n(controls(course, 0, world), m.nu, d->ctrl);
    mj_step(&m, d.get());
    std::copy_n(d->qpos, m.nq, result.qpos.begin() + world * m.nq);
    std::copy_n(d->qvel, m.nv, result.qvel.begin() + world * m.nv);
  }
  return result;
}

// qacc [world][nv] at the start, by the native kernels that a batch of this precision runs.
template <class R>
std::vector<double> native_qacc(const Course& course) {
  const kernels::PhysicsKernels<R>& native = physics_kernels<R>(chosen_isa());
  const Precision precision = sizeof(R) == 4 ? Precision::kFloat : Precision::kDouble;
  BatchState state(*course.model->mj(), {.num_worlds = course.num_worlds, .precision = precision}, native.lanes);
  start(course, state);
  return native_acceleration(*course.model, native, state);
}

double largest_difference(std::span<const double> a, std::span<const double> b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(a[i] - b[i]);
    if (!(difference <= largest)) largest = difference;  // keeps NaN
  }
  return largest;
}

}  // namespace

std::string motion_name(Motion motion) {
  switch (motion) {
    case Motion::kNoisy:
      return "noisy";
    case Motion::kQuiet:
      return "quiet";
    case Motion::kSmooth:
      return "smooth";
  }
  return "";
}

Motion motion_of(const std::string& name) {
  for (const Motion motion : {Motion::kNoisy, Motion::kQuiet, Motion::kSmooth}) {
    if (motion_name(motion) == name) return motion;
  }
  throw Error(fmt::format("unknown motion '{}'", name), "--motion", "use one of noisy, quiet, smooth");
}

Course make_course(const std::shared_ptr<const Model>& model, Motion motion, int num_worlds, int intervals,
                   int warmup) {
  const mjModel& m = *model->mj();
  const std::size_t worlds = size(num_worlds);
  Course course{.model = model,
                .num_worlds = num_worlds,
                .intervals = intervals,
                .qpos = std::vector<double>(worlds * static_cast<std::size_t>(m.nq)),
                .qvel = std::vector<double>(worlds * static_cast<std::size_t>(m.nv)),
                .act = std::vector<double>(worlds * static_cast<std::size_t>(m.na)),
                .ctrl = {}};
  warm_up(course, motion, warmup);
  course.ctrl.reserve(worlds * size(intervals) * static_cast<std::size_t>(m.nu));
  for (int interval = 0; interval < intervals; ++interval)
    for (int world = 0; world < num_worlds; ++world)
      for (int i = 0; i < static_cast<int>(m.nu); ++i)
        course.ctrl.push_back(draw_control(m, motion, kControlStream, world, interval, i));
  return course;
}

std::unique_ptr<Runner> make_batch_runner(const Course& course, std::unique_ptr<Batch> batch) {
  return std::make_unique<BatchRunner>(course, std::move(batch));
}
std::unique_ptr<Runner> make_mj_step_runner(const Course& course, int threads) {
  return std::make_unique<MjStepRunner>(course, threads);
}
std::unique_ptr<Runner> make_mjb_step_runner(const Course& course, int threads) {
  return std::make_unique<MjbStepRunner>(course, threads);
}

Fidelity measure_fidelity(const Course& course, const std::string& backend) {
  const OneStep mujoco = mujoco_once(course), ours = step_once(course, backend);
  Fidelity fidelity{.qpos_double = largest_difference(mujoco.qpos, ours.qpos),
                    .qvel_double = largest_difference(mujoco.qvel, ours.qvel)};
  if (!course.model->is_native() || course.model->nv() == 0) return fidelity;
  const std::vector<double> floats = native_qacc<float>(course), doubles = native_qacc<double>(course);
  const std::vector<double> zero(size(course.model->nv()));
  std::vector<double> relative;
  for (int world = 0; world < course.num_worlds; ++world) {
    const auto expected = of_world(doubles, world, course.model->nv());
    const double scale = largest_difference(expected, zero);
    relative.push_back(largest_difference(of_world(floats, world, course.model->nv()), expected) /
                       (scale > 0 ? scale : 1));
  }
  std::sort(relative.begin(), relative.end());
  fidelity.qacc_float = relative.back();
  fidelity.qacc_float_median = relative[relative.size() / 2];
  return fidelity;
}

}  // namespace lockstep::apps
