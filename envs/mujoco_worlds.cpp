// Worlds of tasks whose physics is a MuJoCo model: a Batch, stepped block by block.
#include "engine/batch.h"
#include "engine/buffer.h"
#include "engine/error.h"
#include "engine/mjlab_robots.h"
#include "engine/model.h"
#include "engine/randomisation.h"
#include "engine/simulator_dynamics.h"
#include "engine/task_models.h"
#include "engine/world_parameters.h"
#include "envs/bowl_terrain.h"
#include "envs/held_dynamics.h"
#include "envs/model_sensors.h"
#include "envs/option_values.h"
#include "envs/suite_models.h"
#include "envs/swimmer_model.h"
#include "envs/worlds.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <mujoco/mujoco.h>

namespace lockstep::envs {
namespace {

// Throws Error where the model found is not the one that the task's numbers were written for.
void check_model(const Entry& entry, const mjModel& m, const std::string& file) {
  const Facts& facts = *entry.facts;
  const auto require = [&](bool holds, std::string_view what) {
    if (holds) return;
    throw Error(fmt::format("this model is not the one of {}: {}", facts.source, what), file,
                "use the suite's own model file: run `make setup`, or mend LOCKSTEP_MODELS");
  };
  require(m.nq == facts.nq && m.nv == facts.nv && m.na == facts.na,
          fmt::format("nq, nv, na = {}, {}, {} instead of {}, {}, {}", m.nq, m.nv, m.na, facts.nq, facts.nv, facts.na));
  require(m.nu == static_cast<int>(entry.action.size()),
          fmt::format("{} actuators instead of {}", m.nu, entry.action.size()));
  require(std::abs(m.opt.timestep * facts.physics_steps - facts.control_timestep) < 1e-12,
          fmt::format("timestep {} s instead of {} s", m.opt.timestep, facts.control_timestep / facts.physics_steps));
  for (int i = 0; i < m.nu; ++i) {
    const ActionField& action = entry.action[static_cast<std::size_t>(i)];
    require(m.actuator_ctrlrange[2 * i] == action.low && m.actuator_ctrlrange[2 * i + 1] == action.high,
            fmt::format("another range of the control '{}'", action.name));
  }
}

void set_damping(const JointDamping& damping, mjModel& m, const std::string& file) {
  if (damping.joint == nullptr) return;
  const int joint = mj_name2id(&m, mjOBJ_JOINT, damping.joint);
  if (joint < 0) {
    throw Error(fmt::format("this model has no joint '{}'", damping.joint), file,
                "use the suite's own model file: run `make setup`, or mend LOCKSTEP_MODELS");
  }
  m.dof_damping[m.jnt_dofadr[joint]] = damping.damping;
}

// Controls of 0 hold the first keyframe's pose; see Facts::servo_scale.
void centre_servos(const Facts& facts, mjModel& m) {
  for (int a = 0; a < m.nactuator; ++a) {
    mjtNum& gain = m.actuator_gainprm[mjNGAIN * a];
    m.actuator_biasprm[mjNBIAS * a] = gain * m.key_ctrl[a];
    gain = facts.servo_scale * m.actuator_forcerange[2 * a + 1];
    m.actuator_ctrllimited[a] = 1;
    m.actuator_ctrlrange[2 * a] = -facts.servo_range;
    m.actuator_ctrlrange[2 * a + 1] = facts.servo_range;
  }
}

std::shared_ptr<const Model> load_model(const Entry& entry) {
  const auto file = task_model(entry.facts->model);
  const Facts& facts = *entry.facts;
  const auto edit = [&](mjSpec& spec) {
    if (facts.swimmer_bodies > 0) add_swimmer_segments(spec, facts.swimmer_bodies);
    change_suite_model(spec, facts.suite_name, file.string());
    set_sensors(spec, entry.sensors, file.string());
  };
  const auto adjust = [&](mjModel& m) {
    set_damping(facts.damping, m, file.string());
    if (facts.servo_scale > 0) centre_servos(facts, m);
  };
  auto model =
      facts.robot != nullptr ? mjlab_robot(facts.robot, adjust, edit) : Model::from_edited_file(file, edit, adjust);
  check_model(entry, *model->mj(), file.string());
  return model;
}

std::unique_ptr<const BowlTerrain> terrain_of(const Facts& facts, const mjModel& m) {
  if (facts.terrain == Terrain::kOfModel) return nullptr;
  return std::make_unique<const BowlTerrain>(m.hfield_nrow[0], m.hfield_size[0]);
}

std::string randomise_terms(const Entry& entry, const std::string& wanted) {
  if (wanted != "task") return wanted;
  if (entry.facts->randomise != nullptr) return entry.facts->randomise;
  throw Error(fmt::format("{} has no randomisation of its own", entry.name), "environment.randomise",
              "write terms (docs/randomisation.md), or leave it out");
}

std::unique_ptr<const Randomisation> randomisation_of(const Model& model, const std::string& terms) {
  auto randomisation = std::make_unique<const Randomisation>(*model.mj(), terms);
  return randomisation->varied().any() ? std::move(randomisation) : nullptr;
}
std::shared_ptr<const VariedElements> varied_of(const Randomisation* randomisation) {
  return randomisation == nullptr ? nullptr : std::make_shared<const VariedElements>(randomisation->varied());
}

template <class R>
Batch::Fields<R> fields_of(Batch& batch) {
  if constexpr (std::is_same_v<R, float>) {
    return batch.fields_float();
  } else {
    return batch.fields_double();
  }
}

template <class R>
class MujocoWorlds final : public Worlds<R> {
 public:
  MujocoWorlds(const Entry& entry, const EnvironmentConfig& config)
      : physics_steps_(choose_options(entry, config.options).physics_steps),
        backend_(config.backend),
        num_worlds_(config.num_worlds),
        model_(load_model(entry)),
        randomisation_(randomisation_of(*model_, randomise_terms(entry, config.randomise))),
        terrain_(terrain_of(*entry.facts, *model_->mj())),
        batch_(Batch::make(model_, {.num_worlds = config.num_worlds,
                                    .backend = config.backend,
                                    .precision = std::is_same_v<R, float> ? Precision::kFloat : Precision::kDouble,
                                    .threads = config.threads,
                                    .specialise = config.specialise,
                                    .varied = varied_of(randomisation_.get()),
                                    .own_heights = terrain_ != nullptr})),
        fields_(fields_of<R>(*batch_)),
        held_numbers_(static_cast<std::size_t>(batch_->num_blocks() * batch_->lanes() * entry.facts->nheld)),
        held_(world_view(held_numbers_.data(), num_worlds_, entry.facts->nheld, batch_->lanes())),
        sensing_(entry.facts->sensing),
        senses_forces_(reads_forces(*model_->mj())),
        kept_(static_cast<std::size_t>(config.threads)),
        frozen_(static_cast<std::size_t>(config.threads)),
        chosen_(static_cast<std::size_t>(config.threads)),
        drawn_(static_cast<std::size_t>(config.threads), ParameterValues(*model_->mj())),
        heights_(static_cast<std::size_t>(config.threads)),
        muscles_(static_cast<std::size_t>(config.threads)) {}

  [[nodiscard]] int lanes() const override { return batch_->lanes(); }
  [[nodiscard]] int num_blocks() const override { return batch_->num_blocks(); }
  void for_each_block(const std::function<void(int, int)>& f) override { batch_->for_each_block(f); }

  void point_to(int block, Block<R>& out) override {
    const auto start = [block](const WorldView<R>& view) {
      return view.data_handle() + static_cast<std::ptrdiff_t>(block) * view.mapping().block_stride();
    };
    out.qpos = start(fields_.qpos);
    out.qvel = start(fields_.qvel);
    out.ctrl = start(fields_.ctrl);
    out.qacc_warmstart = start(fields_.qacc_warmstart);
    out.time = start(fields_.time);
    out.act = start(fields_.act);
    out.sensed = start(fields_.sensordata);
    out.held = start(held_);
  }
  void advance(int block, int thread, const Block<R>& b) override {
    place_receptacle(block);
    if (sensing_ == Sensing::kLastEvaluation || senses_forces_) {
      batch_->step_and_sense_block(block, physics_steps_, thread);
    } else {
      batch_->step_block(block, physics_steps_, thread);
    }
    if (sensing_ == Sensing::kNewState && fields_.sensordata.extent(1) > 0) batch_->sense_motion_block(block, thread);
    for (int lane = 0; lane < b.worlds; ++lane) {
      const int world = static_cast<int>(b.first_world) + lane;
      if (!batch_->fault(world)) continue;
      b.fault[lane] = 1;
      batch_->clear_fault(world);
    }
  }

  void sense(int block, int thread, const std::uint8_t* chosen) override {
    if (fields_.sensordata.extent(1) == 0) return;
    place_receptacle(block);
    const std::array views{fields_.sensordata};
    keep_others(block, kept_[static_cast<std::size_t>(thread)], chosen, views, [&] {
      sense_without_muscles(block, thread);
      // mj_forward, after which this is read at a start, leaves the loads on bodies alone: they are those of a reset.
      if (sensing_ == Sensing::kLastEvaluation) clear_loads(block);
    });
  }
  void draw_parameters(std::uint64_t seed, int world, std::uint32_t episode, int thread) override {
    if (terrain_ != nullptr) {
      std::vector<float>& heights = heights_[static_cast<std::size_t>(thread)];
      heights.resize(static_cast<std::size_t>(model_->mj()->nhfielddata));
      terrain_->draw(seed, static_cast<std::uint32_t>(world), episode, heights);
      batch_->set_heights(world, heights);
    }
    if (randomisation_ == nullptr) return;
    ParameterValues& values = drawn_[static_cast<std::size_t>(thread)];
    randomisation_->draw(seed, static_cast<std::uint32_t>(world), episode, values);
    batch_->set_parameters(world, values, thread);
  }
  void get_heights(int world, std::span<float> heights) const override { batch_->get_heights(world, heights); }
  void set_heights(int world, std::span<const float> heights) override { batch_->set_heights(world, heights); }
  void settle(int block, int thread, int steps, const std::uint8_t* chosen) override {
    const std::array views{fields_.qpos, fields_.qvel, fields_.act, fields_.ctrl, fields_.qacc_warmstart, fields_.time};
    keep_others(block, kept_[static_cast<std::size_t>(thread)], chosen, views,
                [&] { batch_->step_block(block, steps, thread); });
    for (int lane = 0; lane < lanes(); ++lane) {
      const int world = block * lanes() + lane;
      if (world >= num_worlds_) break;
      if (chosen[lane] != 0) fields_.time(world, 0) = 0;
      batch_->clear_fault(world);
    }
  }

  void keep(int block, int thread, const std::uint8_t* kept, const std::function<void()>& work) override {
    const std::array views{fields_.qpos,           fields_.qvel, fields_.act,        fields_.ctrl,
                           fields_.qacc_warmstart, fields_.time, fields_.sensordata, held_};
    std::vector<std::uint8_t>& moving = chosen_[static_cast<std::size_t>(thread)];
    moving.assign(kept, kept + lanes());
    for (std::uint8_t& mark : moving) mark = mark == 0 ? 1 : 0;
    keep_others(block, frozen_[static_cast<std::size_t>(thread)], moving.data(), views, work);
  }

  void get_state(int world, std::span<double> x) const override {
    batch_->get_state(world, x.first(nq()), x.subspan(nq(), nv()), x.subspan(nq() + nv(), na()));
    for (std::size_t i = 0; i < nheld(); ++i) {
      x[nq() + nv() + na() + i] = static_cast<double>(held_(world, static_cast<long>(i)));
    }
  }
  void set_state(int world, std::span<const double> x) override {
    batch_->set_state(world, x.first(nq()), x.subspan(nq(), nv()), x.subspan(nq() + nv(), na()));
    for (std::size_t i = 0; i < nheld(); ++i) {
      held_(world, static_cast<long>(i)) = static_cast<R>(x[nq() + nv() + na() + i]);
    }
  }

  void save(ByteWriter& writer) const override {
    each_saved([&](const WorldView<R>& view) {
      std::vector<R> rows;  // [world][field], so that another number of lanes can read it
      for (int world = 0; world < num_worlds_; ++world) {
        for (int field = 0; field < view.extent(1); ++field) rows.push_back(view(world, field));
      }
      writer.write_array(std::span<const R>(rows));
    });
  }
  void load(ByteReader& reader) override {
    each_saved([&](const WorldView<R>& view) {
      std::vector<R> rows(static_cast<std::size_t>(num_worlds_) * static_cast<std::size_t>(view.extent(1)));
      reader.read_array(std::span<R>(rows));
      auto next = rows.begin();
      for (int world = 0; world < num_worlds_; ++world) {
        for (int field = 0; field < view.extent(1); ++field) view(world, field) = *next++;
      }
    });
    for (int world = 0; world < num_worlds_; ++world) batch_->clear_fault(world);
  }

  [[nodiscard]] std::unique_ptr<Dynamics> dynamics() const override {
    const bool has_receptacle = model_->mj()->nmocap > 0;
    auto simulator =
        std::make_unique<SimulatorDynamics>(model_, SimulatorDynamicsConfig{.physics_steps = physics_steps_,
                                                                            .backend = backend_,
                                                                            .specialise = batch_->config().specialise,
                                                                            .mocap_in_state = has_receptacle});
    if (nheld() == 0 || has_receptacle) return simulator;
    return std::make_unique<HeldDynamics>(std::move(simulator), static_cast<int>(nheld()));
  }
  [[nodiscard]] const mjModel_* mujoco_model() const override { return model_->mj(); }
  [[nodiscard]] std::string report() const override { return batch_->report(); }

 private:
  [[nodiscard]] std::size_t nq() const { return static_cast<std::size_t>(fields_.qpos.extent(1)); }
  [[nodiscard]] std::size_t nv() const { return static_cast<std::size_t>(fields_.qvel.extent(1)); }
  [[nodiscard]] std::size_t na() const { return static_cast<std::size_t>(fields_.act.extent(1)); }
  [[nodiscard]] std::size_t nheld() const { return static_cast<std::size_t>(held_.extent(1)); }
  template <class Function>
  void each_saved(Function&& f) const {
    f(fields_.qpos), f(fields_.qvel), f(fields_.act), f(fields_.ctrl), f(fields_.qacc_warmstart), f(fields_.time);
    f(fields_.sensordata), f(held_);
  }
  // A body that stands elsewhere in every episode is a mocap body (change_suite_model): the held numbers are its pose.
  void place_receptacle(int block) {
    const std::span<R> pos = numbers_of(fields_.mocap_pos, block, lanes());
    if (pos.empty()) return;
    const std::span<R> quat = numbers_of(fields_.mocap_quat, block, lanes()), held = numbers_of(held_, block, lanes());
    std::ranges::copy(held.first(pos.size()), pos.begin());
    std::ranges::copy(held.subspan(pos.size(), quat.size()), quat.begin());
  }
  // dm_control looks at a start with its actuators switched off. Their force at its joints is that of `act` alone.
  void sense_without_muscles(int block, int thread) {
    const std::span<R> act = numbers_of(fields_.act, block, lanes());
    if (act.empty()) return batch_->sense_block(block, thread);
    std::vector<R>& kept = muscles_[static_cast<std::size_t>(thread)];
    kept.assign(act.begin(), act.end());
    std::ranges::fill(act, R(0));
    batch_->sense_block(block, thread);
    std::ranges::copy(kept, act.begin());
  }
  void clear_loads(int block) {
    const mjModel& m = *model_->mj();
    const int sensor = mj_name2id(&m, mjOBJ_SENSOR, "cfrc_ext");
    if (sensor < 0) return;
    const auto lanes_in_block = static_cast<std::size_t>(lanes());
    std::ranges::fill(numbers_of(fields_.sensordata, block, lanes())
                          .subspan(static_cast<std::size_t>(m.sensor_adr[sensor]) * lanes_in_block,
                                   static_cast<std::size_t>(m.sensor_dim[sensor]) * lanes_in_block),
                      R(0));
  }
  [[nodiscard]] static std::span<R> numbers_of(const WorldView<R>& view, int block, int lanes) {
    const auto count = static_cast<std::size_t>(view.extent(1)) * static_cast<std::size_t>(lanes);
    if (count == 0) return {};
    return {view.data_handle() + static_cast<std::ptrdiff_t>(block) * view.mapping().block_stride(), count};
  }
  // Does `work` on a block, after which the worlds that are not chosen have their numbers in `views` back, from `kept`.
  template <class Views, class Work>
  void keep_others(int block, std::vector<R>& kept, const std::uint8_t* chosen, const Views& views, Work&& work) {
    const int lanes_in_block = lanes();
    const bool all = std::all_of(chosen, chosen + lanes_in_block, [](std::uint8_t mark) { return mark != 0; });
    if (all) return work();
    kept.clear();
    for (const WorldView<R>& view : views) {
      const std::span<R> numbers = numbers_of(view, block, lanes_in_block);
      kept.insert(kept.end(), numbers.begin(), numbers.end());
    }
    work();
    auto next = kept.begin();
    for (const WorldView<R>& view : views) {
      const std::span<R> numbers = numbers_of(view, block, lanes_in_block);
      for (std::size_t i = 0; i < numbers.size(); ++i, ++next) {
        if (chosen[i % static_cast<std::size_t>(lanes_in_block)] == 0) numbers[i] = *next;
      }
    }
  }

  int physics_steps_;
  std::string backend_;
  int num_worlds_;
  std::shared_ptr<const Model> model_;
  std::unique_ptr<const Randomisation> randomisation_;  // nullptr: all worlds are the model
  std::unique_ptr<const BowlTerrain> terrain_;          // nullptr: the model's, if it has one
  std::unique_ptr<Batch> batch_;
  Batch::Fields<R> fields_;
  HostBuffer<R> held_numbers_;
  WorldView<R> held_;  // [W][nheld] what no physics moves
  Sensing sensing_;
  bool senses_forces_;
  std::vector<std::vector<R>> kept_, frozen_;      // [thread] numbers of keep_others, at starts and in keep
  std::vector<std::vector<std::uint8_t>> chosen_;  // [thread][lane] of keep
  std::vector<ParameterValues> drawn_;             // [thread] scratch of draw_parameters
  std::vector<std::vector<float>> heights_;        // [thread] scratch of draw_parameters
  std::vector<std::vector<R>> muscles_;            // [thread] scratch of sense_without_muscles
};

}  // namespace

template <class R>
std::unique_ptr<Worlds<R>> make_mujoco_worlds(const Entry& entry, const EnvironmentConfig& config) {
  if (config.backend == "cuda") {
    throw MissingResource("environments do not run on a GPU in this release", "environment.backend = cuda",
                          "set environment.backend to auto, cpu or mujoco");
  }
  return std::make_unique<MujocoWorlds<R>>(entry, config);
}
template std::unique_ptr<Worlds<float>> make_mujoco_worlds<float>(const Entry&, const EnvironmentConfig&);
template std::unique_ptr<Worlds<double>> make_mujoco_worlds<double>(const Entry&, const EnvironmentConfig&);

}  // namespace lockstep::envs
