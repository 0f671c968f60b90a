// Tests every host backend of Batch for what a caller relies on: MuJoCo's numbers, results that do not depend on
// threads, batch size or neighbours, and faults that stay in their own world.
#include "engine/batch.h"
#include "engine/error.h"
#include "engine/isa.h"
#include "engine/model.h"
#include "engine/physics_kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

namespace lockstep {
namespace {

// A cart on a rail with limits and a pole with an actuator of its own; an activation, so that na = 1.
constexpr const char* kCartPole = R"(
<mujoco>
  <option timestep="0.01" integrator="implicitfast"/>
  <worldbody>
    <body><joint name="slide" type="slide" axis="1 0 0" limited="true" range="-1 1" damping="0.1"/>
      <geom type="box" size="0.1 0.1 0.1" mass="1" contype="0" conaffinity="0"/>
      <body><joint name="hinge" axis="0 1 0" damping="0.01" stiffness="0.2"/>
        <geom type="capsule" fromto="0 0 0 0 0 0.6" size="0.03" mass="0.2" contype="0" conaffinity="0"/>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor joint="slide" gear="8" ctrllimited="true" ctrlrange="-1 1"/>
    <general joint="hinge" dyntype="filter" dynprm="0.05" gainprm="0.3"/>
  </actuator>
</mujoco>)";

struct State {
  std::vector<double> qpos, qvel, act;
  friend bool operator==(const State&, const State&) = default;
};

State state_of(const Batch& batch, int world) {
  const mjModel& m = *batch.model().mj();
  State s{std::vector<double>(static_cast<std::size_t>(m.nq)), std::vector<double>(static_cast<std::size_t>(m.nv)),
          std::vector<double>(static_cast<std::size_t>(m.na))};
  batch.get_state(world, s.qpos, s.qvel, s.act);
  return s;
}

// Start states and controls that differ from world to world and depend on the world's number alone; exact in float.
State start_of(int world) {
  const double a = (world * 37 % 101) / 128.0, b = (world * 53 % 97) / 64.0;
  return {{a - 0.375, b - 0.75}, {0.5 - b, 4 * a - 1}, {a / 2}};
}
std::vector<double> control_of(int world, int step) {
  return {((world * 31 + step * 7) % 65 - 32) / 32.0, ((world * 17 + step * 5) % 33 - 16) / 16.0};
}

struct Case {
  std::string backend;
  Precision precision;
  int lanes;
};
std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.backend << (c.precision == Precision::kFloat ? "Float" : "Double") << c.lanes;
}

class BatchOn : public testing::TestWithParam<Case> {
 protected:
  [[nodiscard]] std::unique_ptr<Batch> make(int num_worlds, int threads = 1) const {
    auto batch = Batch::make(model_, {.num_worlds = num_worlds,
                                      .backend = GetParam().backend,
                                      .precision = GetParam().precision,
                                      .lanes = GetParam().lanes,
                                      .threads = threads});
    for (int world = 0; world < num_worlds; ++world) {
      const State s = start_of(world);
      batch->set_state(world, s.qpos, s.qvel, s.act);
    }
    return batch;
  }
  static void run(Batch& batch, int first_step, int steps) {
    for (int step = first_step; step < first_step + steps; ++step) {
      for (int world = 0; world < batch.config().num_worlds; ++world) batch.set_ctrl(world, control_of(world, step));
      batch.step(2);
    }
  }
  std::shared_ptr<const Model> model_ = Model::from_xml(kCartPole);
};

TEST_P(BatchOn, FollowsMujoco) {
  const auto batch = make(5);
  run(*batch, 0, 1);
  const mjModel& m = *model_->mj();
  const std::unique_ptr<mjData, decltype(&mj_deleteData)> d(mj_makeData(&m), mj_deleteData);
  // After two steps: rounding of the inputs' magnitude (1) to the precision, amplified by the step's stiffness (< 100).
  const double tolerance = GetParam().precision == Precision::kFloat ? 1e-5 : 1e-12;
  for (int world = 0; world < 5; ++world) {
    mj_resetData(&m, d.get());
    const State start = start_of(world), now = state_of(*batch, world);
    std::copy(start.qpos.begin(), start.qpos.end(), d->qpos);
    std::copy(start.qvel.begin(), start.qvel.end(), d->qvel);
    std::copy(start.act.begin(), start.act.end(), d->act);
    const std::vector<double> ctrl = control_of(world, 0);
    std::copy(ctrl.begin(), ctrl.end(), d->ctrl);
    mj_step(&m, d.get());
    mj_step(&m, d.get());
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_NEAR(now.qpos[i], d->qpos[i], tolerance) << "world " << world;
      EXPECT_NEAR(now.qvel[i], d->qvel[i], tolerance * 10) << "world " << world;
    }
    EXPECT_NEAR(now.act[0], d->act[0], tolerance) << "world " << world;
  }
}

TEST_P(BatchOn, KeepsTime) {
  const auto batch = make(3);
  batch->step(7);
  const double time = GetParam().precision == Precision::kFloat ? static_cast<double>(batch->fields_float().time(2, 0))
                                                                : batch->fields_double().time(2, 0);
  EXPECT_NEAR(time, 0.07, 1e-7);
}

TEST_P(BatchOn, GivesTheSameBitsForAnyNumberOfThreads) {
  const auto alone = make(257);
  run(*alone, 0, 20);
  for (const int threads : {2, 3}) {
    const auto together = make(257, threads);
    run(*together, 0, 20);
    for (int world = 0; world < 257; ++world)
      EXPECT_EQ(state_of(*alone, world), state_of(*together, world)) << "world " << world << " threads " << threads;
  }
}

TEST_P(BatchOn, GivesTheSameBitsForAnyBatchSize) {
  const auto large = make(257);
  run(*large, 0, 20);
  for (const int num_worlds : {1, 15, 16, 17}) {
    const auto small = make(num_worlds);
    run(*small, 0, 20);
    for (int world = 0; world < num_worlds; ++world)
      EXPECT_EQ(state_of(*large, world), state_of(*small, world)) << "world " << world << " of " << num_worlds;
  }
}

TEST_P(BatchOn, StepsBlocksAsTheWholeBatch) {
  const auto whole = make(40), blocks = make(40, 2);
  whole->step(3);
  blocks->for_each_block([&](int block, int thread) { blocks->step_block(block, 3, thread); });
  for (int world = 0; world < 40; ++world) EXPECT_EQ(state_of(*whole, world), state_of(*blocks, world)) << world;
}

TEST_P(BatchOn, SetsTheControlsOfAllWorldsAsOneByOne) {
  const auto together = make(19), singly = make(19);
  std::vector<double> all;
  for (int world = 0; world < 19; ++world) {
    const std::vector<double> ctrl = control_of(world, 2);
    singly->set_ctrl(world, ctrl);
    all.insert(all.end(), ctrl.begin(), ctrl.end());
  }
  together->set_all_ctrl(View<const double, 2>(all.data(), 19, 2));
  together->step(3);
  singly->step(3);
  for (int world = 0; world < 19; ++world) EXPECT_EQ(state_of(*together, world), state_of(*singly, world)) << world;
}

// Poison in one world, at every position among its neighbours; where it lands, and what it is.
enum class Where { kQpos, kQvel, kAct, kCtrl };

void poison(Batch& batch, int world, Where where, double value) {
  State s = state_of(batch, world);
  std::vector<double> ctrl = control_of(world, 3);
  (where == Where::kQpos   ? s.qpos[1]
   : where == Where::kQvel ? s.qvel[0]
   : where == Where::kAct  ? s.act[0]
                           : ctrl[1]) = value;
  batch.set_state(world, s.qpos, s.qvel, s.act);
  batch.set_ctrl(world, ctrl);
}

TEST_P(BatchOn, KeepsAFaultInItsOwnWorld) {
  constexpr int kWorlds = 18;  // a full block of 16 or 8 and one with padding
  const auto clean = make(kWorlds);
  run(*clean, 0, 3);
  for (int world = 0; world < kWorlds; ++world) clean->set_ctrl(world, control_of(world, 3));
  for (int world = 0; world < kWorlds; ++world) {  // as poison() does it: that clears the warm start
    const State s = state_of(*clean, world);
    clean->set_state(world, s.qpos, s.qvel, s.act);
  }
  clean->step(4);
  for (const double value : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity(), 1e300}) {
    for (const Where where : {Where::kQpos, Where::kQvel, Where::kAct, Where::kCtrl}) {
      for (int poisoned = 0; poisoned < kWorlds; ++poisoned) {
        const auto batch = make(kWorlds);
        run(*batch, 0, 3);
        for (int world = 0; world < kWorlds; ++world) {
          const State s = state_of(*batch, world);
          batch->set_state(world, s.qpos, s.qvel, s.act);
          batch->set_ctrl(world, control_of(world, 3));
        }
        poison(*batch, poisoned, where, value);
        batch->step(4);
        for (int world = 0; world < kWorlds; ++world) {
          ASSERT_EQ(batch->fault(world), world == poisoned)
              << "world " << world << " with " << value << " in world " << poisoned << ", field " << int(where);
          if (world != poisoned) {
            ASSERT_EQ(state_of(*batch, world), state_of(*clean, world))
                << "world " << world << " beside " << value << " in world " << poisoned << ", field " << int(where);
          }
        }
      }
    }
  }
}

TEST_P(BatchOn, LeavesAWorldWithABadControlWhereItWas) {
  const auto batch = make(3);
  run(*batch, 0, 3);
  const State before = state_of(*batch, 1);
  batch->set_ctrl(1, std::vector<double>{std::numeric_limits<double>::quiet_NaN(), 0});
  batch->step(5);
  EXPECT_TRUE(batch->fault(1));
  EXPECT_EQ(state_of(*batch, 1), before);
}

TEST_P(BatchOn, KeepsTheLastFiniteStateOfAWorldThatExplodes) {
  const auto batch = make(3);
  // The largest speed that counts as a number: the square of it in the next step does not.
  batch->set_state(1, std::vector<double>{0, 0}, std::vector<double>{0, 9e9}, std::vector<double>{0});
  batch->step(50);
  EXPECT_TRUE(batch->fault(1));
  const State s = state_of(*batch, 1);
  for (const double x : {s.qpos[0], s.qpos[1], s.qvel[0], s.qvel[1], s.act[0]}) EXPECT_LE(std::abs(x), 1e10);
}

TEST_P(BatchOn, StepsOnAfterAFaultIsCleared) {
  const auto batch = make(2), fresh = make(2);
  poison(*batch, 1, Where::kQpos, std::numeric_limits<double>::quiet_NaN());
  batch->step(1);
  ASSERT_TRUE(batch->fault(1));
  const State s = start_of(1);
  batch->set_state(1, s.qpos, s.qvel, s.act);
  batch->clear_fault(1);
  batch->set_ctrl(1, control_of(1, 0));
  fresh->set_ctrl(1, control_of(1, 0));
  batch->step(3);
  fresh->step(3);
  EXPECT_FALSE(batch->fault(1));
  EXPECT_EQ(state_of(*batch, 1), state_of(*fresh, 1));
}

TEST_P(BatchOn, ShowsItsFieldsInItsOwnPrecisionOnly) {
  const auto batch = make(2);
  if (GetParam().precision == Precision::kFloat) {
    EXPECT_THROW((void)batch->fields_double(), std::logic_error);
    EXPECT_EQ(static_cast<double>(batch->fields_float().qpos(1, 1)), start_of(1).qpos[1]);
  } else {
    EXPECT_THROW((void)batch->fields_float(), std::logic_error);
    EXPECT_EQ(batch->fields_double().qpos(1, 1), start_of(1).qpos[1]);
  }
}

std::string case_name(const testing::TestParamInfo<Case>& info) { return testing::PrintToString(info.param); }

INSTANTIATE_TEST_SUITE_P(Mujoco, BatchOn,
                         testing::Values(Case{"mujoco", Precision::kFloat, 0}, Case{"mujoco", Precision::kDouble, 0},
                                         Case{"mujoco", Precision::kFloat, 16}, Case{"mujoco", Precision::kDouble, 8}),
                         case_name);
// 0: the widest lanes; both numbers depend on the instruction set.
INSTANTIATE_TEST_SUITE_P(Cpu, BatchOn,
                         testing::Values(Case{"cpu", Precision::kFloat, 0},
                                         Case{"cpu", Precision::kFloat, physics_lanes<float>(chosen_isa()).back()},
                                         Case{"cpu", Precision::kDouble, 0},
                                         Case{"cpu", Precision::kDouble, physics_lanes<double>(chosen_isa()).back()}),
                         case_name);

TEST(MujocoBatch, GivesTheBitsOfMjStepInDouble) {
  const auto model = Model::from_xml(kCartPole);
  const auto batch = Batch::make(model, {.backend = "mujoco", .precision = Precision::kDouble});
  const mjModel& m = *model->mj();
  const std::unique_ptr<mjData, decltype(&mj_deleteData)> d(mj_makeData(&m), mj_deleteData);
  for (int step = 0; step < 100; ++step) {
    const std::vector<double> ctrl = control_of(0, step);
    batch->set_ctrl(0, ctrl);
    std::copy(ctrl.begin(), ctrl.end(), d->ctrl);
    batch->step(2);
    mj_step(&m, d.get());
    mj_step(&m, d.get());
  }
  const State s = state_of(*batch, 0);
  EXPECT_EQ(s.qpos, std::vector<double>(d->qpos, d->qpos + m.nq));
  EXPECT_EQ(s.qvel, std::vector<double>(d->qvel, d->qvel + m.nv));
}

TEST(MujocoBatch, KeepsItsStateInDoubleBehindFloatFields) {
  const auto model = Model::from_xml(kCartPole);
  const auto floats = Batch::make(model, {.backend = "mujoco", .precision = Precision::kFloat});
  const auto doubles = Batch::make(model, {.backend = "mujoco", .precision = Precision::kDouble});
  floats->step(1);
  doubles->step(1);
  for (int step = 0; step < 200; ++step) {
    floats->set_ctrl(0, control_of(0, step));
    doubles->set_ctrl(0, control_of(0, step));
    floats->step(1);
    doubles->step(1);
  }
  const State a = state_of(*floats, 0), b = state_of(*doubles, 0);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(static_cast<float>(a.qvel[i]), static_cast<float>(b.qvel[i]));
}

TEST(CudaBatch, SaysWhatIsMissingWithoutAGpu) {
  try {
    (void)Batch::make(Model::from_xml(kCartPole), {.backend = "cuda"});
    GTEST_SKIP() << "there is a GPU";
  } catch (const MissingResource& missing) {
    EXPECT_EQ(missing.where(), "backend cuda");
    EXPECT_NE(missing.fix().find("--backend cpu"), std::string::npos);
  }
}

// The fully implicit integrator, which only MuJoCo has.
constexpr const char* kImplicit = R"(<mujoco><option integrator="implicit"/><worldbody>
  <body pos="0 0 1"><joint/><geom size="0.1"/></body></worldbody></mujoco>)";

TEST(AutoBatch, TakesTheNativeKernelsWhereTheySupportTheModel) {
  EXPECT_TRUE(Batch::make(Model::from_xml(kCartPole), {})->report().starts_with("backend cpu"));
}

TEST(AutoBatch, FallsBackToMujocoAndNamesTheFeature) {
  const std::string report = Batch::make(Model::from_xml(kImplicit), {})->report();
  EXPECT_TRUE(report.starts_with("backend mujoco"));
  EXPECT_NE(report.find("integrator"), std::string::npos) << report;
  EXPECT_EQ(report.find('\n'), std::string::npos) << report;
}

TEST(CpuBatch, RefusesAModelThatItsKernelsLackFeaturesOf) {
  try {
    (void)Batch::make(Model::from_xml(kImplicit), {.backend = "cpu"});
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("integrator"), std::string::npos);
    EXPECT_NE(error.fix().find("--backend auto"), std::string::npos);
  }
}

TEST(MakeBatch, RefusesAnUnknownBackendAndNamesTheNearest) {
  try {
    (void)Batch::make(Model::from_xml(kCartPole), {.backend = "mujocco"});
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("mujocco"), std::string::npos);
    EXPECT_NE(error.fix().find("did you mean 'mujoco'"), std::string::npos);
  }
}

TEST(MakeBatch, RefusesABatchWithoutWorlds) {
  EXPECT_THROW((void)Batch::make(Model::from_xml(kCartPole), {.num_worlds = 0}), Error);
}

TEST(MakeBatch, RefusesABatchWithoutThreads) {
  EXPECT_THROW((void)Batch::make(Model::from_xml(kCartPole), {.threads = 0}), Error);
}

}  // namespace
}  // namespace lockstep
