// Tests the sensors that a step leaves behind, and mjData's arrays read as sensors, against MuJoCo's own after the same
// steps, on both backends.
#include "engine/batch.h"
#include "engine/model.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

namespace lockstep {
namespace {

// Two trees that fall on the floor and on each other, with damped joints and a limit that is reached.
constexpr const char* kScene = R"(<mujoco>
  <option timestep="0.004" tolerance="1e-14" iterations="200" integrator="%" noslip_tolerance="0" noslip_iterations="#"/>
  <worldbody>
    <geom type="plane" size="2 2 1"/>
    <body name="trunk" pos="0 0 0.3">
      <freejoint/><geom type="capsule" size="0.1 0.2" euler="0 80 10"/>
      <body name="limb" pos="0.25 0 0">
        <joint name="knee" axis="0 1 0" damping="2" limited="true" range="-20 20"/>
        <geom type="capsule" size="0.05" fromto="0 0 0 0.3 0 -0.1"/><site name="tip" pos="0.3 0 -0.1" size="0.08"/>
      </body>
    </body>
    <body name="ball" pos="0.1 0.02 0.55"><freejoint/><geom size="0.09" mass="0.7"/></body>
  </worldbody>
  <actuator><motor joint="knee" gear="3"/></actuator>
  <sensor>
    <framepos objtype="site" objname="tip"/><framelinvel objtype="site" objname="tip"/>
    <subtreecom body="trunk"/><accelerometer site="tip"/><jointactuatorfrc joint="knee"/><jointlimitfrc joint="knee"/><touch site="tip"/>
    <user name="cinert" dim="40" needstage="acc"/><user name="cvel" dim="24" needstage="acc"/>
    <user name="cfrc_ext" dim="24" needstage="acc"/><user name="ncon" dim="1" needstage="pos"/>
  </sensor>
</mujoco>)";
constexpr int kSteps = 90;
constexpr int kStepsInTheAir = 3;
constexpr double kControl = 0.6;

struct Case {
  const char* backend;
  const char* integrator;
  int noslip_iterations = 0;
};

class StepSensors : public testing::TestWithParam<Case> {
 protected:
  StepSensors() : model_(Model::from_xml(scene())), data_(mj_makeData(model_->mj())) {}
  [[nodiscard]] static std::string scene() {
    std::string xml = kScene;
    xml.replace(xml.find('%'), 1, GetParam().integrator);
    return xml.replace(xml.find('#'), 1, std::to_string(GetParam().noslip_iterations));
  }
  [[nodiscard]] std::unique_ptr<Batch> batch() const {
    auto worlds =
        Batch::make(model_, {.num_worlds = 3, .backend = GetParam().backend, .precision = Precision::kDouble});
    for (int world = 0; world < 3; ++world) worlds->set_ctrl(world, std::vector<double>{kControl});
    return worlds;
  }
  void step_both(Batch& worlds, int steps) {
    worlds.for_each_block([&](int block, int thread) { worlds.step_and_sense_block(block, steps, thread); });
    data_->ctrl[0] = kControl;
    for (int step = 0; step < steps; ++step) mj_step(model_->mj(), data_.get());
  }
  // What MuJoCo's arrays hold now, in the order of the sensors.
  [[nodiscard]] std::vector<double> mujocos_numbers() const {
    const mjModel& m = *model_->mj();
    mj_sensorPos(&m, data_.get());
    mj_sensorVel(&m, data_.get());
    mj_sensorAcc(&m, data_.get());
    mj_rnePostConstraint(&m, data_.get());
    std::vector<double> numbers(data_->sensordata, data_->sensordata + m.nsensordata);
    const auto put = [&](const char* name, const mjtNum* array, int count) {
      std::copy_n(array, count, numbers.begin() + m.sensor_adr[mj_name2id(&m, mjOBJ_SENSOR, name)]);
    };
    put("cinert", data_->cinert, 40);
    put("cvel", data_->cvel, 24);
    put("cfrc_ext", data_->cfrc_ext, 24);
    const mjtNum contacts = data_->ncon;
    put("ncon", &contacts, 1);
    return numbers;
  }
  [[nodiscard]] std::vector<double> batchs_numbers(const Batch& worlds) const {
    std::vector<double> numbers(static_cast<std::size_t>(model_->mj()->nsensordata));
    worlds.get_sensors(2, numbers);
    return numbers;
  }
  void expect_near(const std::vector<double>& found, const std::vector<double>& expected) const {
    const mjModel& m = *model_->mj();
    for (int sensor = 0; sensor < m.nsensor; ++sensor) {
      // mjData's accelerations of bodies come of the last stage's qacc and the new qvel: of no one evaluation.
      if (m.opt.integrator == mjINT_RK4 && m.sensor_type[sensor] == mjSENS_ACCELEROMETER) continue;
      for (int i = m.sensor_adr[sensor]; i < m.sensor_adr[sensor] + m.sensor_dim[sensor]; ++i) {
        const double value = expected[static_cast<std::size_t>(i)];
        // Forces carry what 90 steps of both solvers, stopped at 1e-14, add up to.
        EXPECT_NEAR(found[static_cast<std::size_t>(i)], value, 1e-7 * std::max(1.0, std::abs(value)))
            << "sensor " << sensor << ", number " << i - m.sensor_adr[sensor];
      }
    }
  }

  struct DeleteData {
    void operator()(mjData* data) const { mj_deleteData(data); }
  };
  std::shared_ptr<const Model> model_;
  std::unique_ptr<mjData, DeleteData> data_;
};

TEST_P(StepSensors, AreThoseOfTheLastEvaluationOfForces) {
  const auto worlds = batch();
  step_both(*worlds, kSteps);
  ASSERT_GT(data_->ncon, 0);
  expect_near(batchs_numbers(*worlds), mujocos_numbers());
}

// Implicit integrators move a damped joint by another acceleration than that of the forces, which sensors see.
TEST_P(StepSensors, SeeTheAccelerationOfTheForcesWhereNothingTouches) {
  const auto worlds = batch();
  step_both(*worlds, kStepsInTheAir);
  ASSERT_EQ(data_->nefc, 0);
  expect_near(batchs_numbers(*worlds), mujocos_numbers());
}

TEST_P(StepSensors, LeaveTheStateAsAStepWithoutThemDoes) {
  const auto sensing = batch(), plain = batch();
  sensing->for_each_block([&](int block, int thread) { sensing->step_and_sense_block(block, kSteps, thread); });
  plain->step(kSteps);
  const auto state = [&](const Batch& worlds) {
    std::vector<double> qpos(static_cast<std::size_t>(model_->nq())), qvel(static_cast<std::size_t>(model_->nv()));
    worlds.get_state(1, qpos, qvel, {});
    qpos.insert(qpos.end(), qvel.begin(), qvel.end());
    return qpos;
  };
  EXPECT_EQ(state(*sensing), state(*plain));
}

TEST_P(StepSensors, OfMotionLeaveForcesAndReadTheNewState) {
  const auto worlds = batch();
  worlds->for_each_block([&](int block, int thread) {
    worlds->step_and_sense_block(block, kSteps, thread);
    worlds->sense_motion_block(block, thread);
  });
  data_->ctrl[0] = kControl;
  for (int step = 0; step < kSteps; ++step) mj_step(model_->mj(), data_.get());
  std::vector<double> expected = mujocos_numbers();
  mj_forward(model_->mj(), data_.get());
  const std::vector<double> now = mujocos_numbers();
  const mjModel& m = *model_->mj();
  for (int sensor = 0; sensor < m.nsensor; ++sensor) {
    const char* name = mj_id2name(&m, mjOBJ_SENSOR, sensor);
    const std::string_view array = name == nullptr ? "" : name;
    const bool moves =
        name == nullptr ? m.sensor_needstage[sensor] != mjSTAGE_ACC : array == "cinert" || array == "cvel";
    if (moves)
      std::copy_n(now.begin() + m.sensor_adr[sensor], m.sensor_dim[sensor], expected.begin() + m.sensor_adr[sensor]);
  }
  expect_near(batchs_numbers(*worlds), expected);
}

INSTANTIATE_TEST_SUITE_P(Backends, StepSensors,
                         testing::Values(Case{"cpu", "Euler"}, Case{"cpu", "RK4"}, Case{"cpu", "implicitfast"},
                                         Case{"cpu", "Euler", 3}, Case{"cpu", "RK4", 3}, Case{"cpu", "implicitfast", 3},
                                         Case{"mujoco", "Euler"}, Case{"mujoco", "RK4"}),
                         [](const auto& test) {
                           return std::string(test.param.backend) + "_" + test.param.integrator +
                                  (test.param.noslip_iterations > 0 ? "_WithoutSlip" : "");
                         });

}  // namespace
}  // namespace lockstep
