// Tests what a caller of Batch does to its worlds from outside, on every host backend: forces, poses of mocap bodies,
// resets; and the sensors that it reads.
#include "engine/batch.h"
#include "engine/model.h"
#include "tests/engine/mujoco_reference.h"

#include <cmath>
#include <limits>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

// A box on the floor, and a pendulum that hangs on a mocap body.
constexpr const char* kScene = R"(
<mujoco>
  <option timestep="0.005"/>
  <worldbody>
    <geom type="plane" size="1 1 1"/>
    <body name="box" pos="0 0 0.1"><freejoint/><geom type="box" size="0.1 0.1 0.1"/>
      <site name="box" type="box" size="0.11 0.11 0.11"/></body>
    <body name="hand" mocap="true" pos="1 0 1" quat="0.8 0 0.6 0">
      <body pos="0.1 0 0"><joint name="swing" axis="0 1 0" damping="0.1"/>
        <geom type="capsule" size="0.02" fromto="0 0 0 0.3 0 0" contype="0" conaffinity="0"/>
        <site name="bob" pos="0.3 0 0"/></body>
    </body>
  </worldbody>
  <actuator><motor joint="swing" gear="2"/></actuator>
  <sensor>
    <touch site="box"/><force site="bob"/><accelerometer site="box"/><framequat objtype="site" objname="bob"/>
    <rangefinder site="bob"/><clock/>
  </sensor>
</mujoco>)";
constexpr std::size_t kNumSensors = 13;

struct Case {
  std::string backend;
  Precision precision;
};
std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.backend << (c.precision == Precision::kFloat ? "Float" : "Double");
}

// What is done to a world; exact in float.
struct Push {
  std::vector<double> mocap_pos, mocap_quat, qfrc, xfrc, ctrl;
};
Push push_of(int world, const mjModel& m) {
  Push push{{1 + world / 8.0, world / 16.0, 1}, {1, 0, world / 4.0, 0.25}, {}, {}, {world / 8.0}};
  for (int i = 0; i < m.nv; ++i) push.qfrc.push_back(((world + 3 * i) % 5 - 2) / 4.0);
  for (int i = 0; i < 6 * m.nbody; ++i) push.xfrc.push_back(((2 * world + 5 * i) % 7 - 3) / 8.0);
  return push;
}

class PushedBatch : public testing::TestWithParam<Case> {
 protected:
  [[nodiscard]] std::unique_ptr<Batch> make(int num_worlds, bool applied_forces = true) const {
    return Batch::make(model_, {.num_worlds = num_worlds,
                                .backend = GetParam().backend,
                                .precision = GetParam().precision,
                                .threads = 2,
                                .applied_forces = applied_forces});
  }
  void apply(Batch& batch, int world) const {
    const Push push = push_of(world, *model_->mj());
    batch.set_mocap(world, push.mocap_pos, push.mocap_quat);
    batch.set_applied(world, push.qfrc, push.xfrc);
    batch.set_ctrl(world, push.ctrl);
  }
  // qpos and qvel of one world.
  [[nodiscard]] std::vector<double> state(const Batch& batch, int world) const {
    std::vector<double> qpos(static_cast<std::size_t>(model_->nq())), qvel(static_cast<std::size_t>(model_->nv()));
    batch.get_state(world, qpos, qvel, {});
    qpos.insert(qpos.end(), qvel.begin(), qvel.end());
    return qpos;
  }
  [[nodiscard]] static std::vector<double> sensors(const Batch& batch, int world) {
    std::vector<double> sensordata(kNumSensors);
    batch.get_sensors(world, sensordata);
    return sensordata;
  }
  [[nodiscard]] double tolerance() const { return GetParam().precision == Precision::kFloat ? 2e-4 : 1e-9; }

  std::shared_ptr<const Model> model_ = Model::from_xml(kScene, {}, solve_to_the_end);
};

TEST_P(PushedBatch, FollowsMujocoUnderForcesAndMovedMocapBodies) {
  const mjModel& m = *model_->mj();
  const auto batch = make(6);
  for (int world = 0; world < 6; ++world) apply(*batch, world);
  batch->step(10);
  batch->sense();
  for (int world = 0; world < 6; ++world) {
    const Data d = make_data(*model_);
    const Push push = push_of(world, m);
    std::copy(push.mocap_pos.begin(), push.mocap_pos.end(), d->mocap_pos);
    std::copy(push.mocap_quat.begin(), push.mocap_quat.end(), d->mocap_quat);
    std::copy(push.qfrc.begin(), push.qfrc.end(), d->qfrc_applied);
    std::copy(push.xfrc.begin(), push.xfrc.end(), d->xfrc_applied);
    std::copy(push.ctrl.begin(), push.ctrl.end(), d->ctrl);
    for (int step = 0; step < 10; ++step) mj_step(&m, d.get());
    mj_forward(&m, d.get());
    const std::vector<double> now = state(*batch, world), sensed = sensors(*batch, world);
    for (int i = 0; i < m.nq; ++i) EXPECT_NEAR(now[static_cast<std::size_t>(i)], d->qpos[i], tolerance()) << world;
    for (int i = 0; i < m.nv; ++i) {
      EXPECT_NEAR(now[static_cast<std::size_t>(m.nq + i)], d->qvel[i], 10 * tolerance()) << world;
    }
    // Contact forces are stiff in the state: a box of 8 kg on a floor that gives way by a millimetre.
    for (int i = 0; i < m.nsensordata; ++i) {
      EXPECT_NEAR(sensed[static_cast<std::size_t>(i)], d->sensordata[i], 1e3 * tolerance()) << world << ", " << i;
    }
  }
}

TEST_P(PushedBatch, LeavesTheBitsOfTheNeighboursOfAPushedWorld) {
  const auto quiet = make(5), pushed = make(5);
  apply(*pushed, 2);
  for (Batch* batch : {quiet.get(), pushed.get()}) {
    batch->step(10);
    batch->sense();
  }
  for (const int world : {0, 1, 3, 4}) {
    EXPECT_EQ(state(*quiet, world), state(*pushed, world)) << world;
    EXPECT_EQ(sensors(*quiet, world), sensors(*pushed, world)) << world;
  }
  EXPECT_NE(state(*quiet, 2), state(*pushed, 2));
}

TEST_P(PushedBatch, HoldsForcesUntilTheyChange) {
  const auto once = make(1), again = make(1);
  apply(*once, 0);
  once->step(4);
  for (int step = 0; step < 4; ++step) {
    apply(*again, 0);
    again->step(1);
  }
  EXPECT_EQ(state(*once, 0), state(*again, 0));
}

TEST_P(PushedBatch, ResetsAWorldToWhereItBegan) {
  const auto used = make(3), fresh = make(3);
  for (int world = 0; world < 3; ++world) apply(*used, world);
  used->step(10);
  used->reset(1);
  for (Batch* batch : {used.get(), fresh.get()}) {
    batch->step(3);
    batch->sense();
  }
  EXPECT_EQ(state(*used, 1), state(*fresh, 1));
  EXPECT_EQ(sensors(*used, 1), sensors(*fresh, 1));
  EXPECT_NE(state(*used, 0), state(*fresh, 0));
}

TEST_P(PushedBatch, FlagsAWorldWithABadForceAndClearsItByAReset) {
  const auto batch = make(2);
  Push push = push_of(1, *model_->mj());
  push.xfrc[8] = std::numeric_limits<double>::quiet_NaN();
  batch->set_applied(1, push.qfrc, push.xfrc);
  batch->step(1);
  EXPECT_FALSE(batch->fault(0));
  EXPECT_TRUE(batch->fault(1));
  batch->reset(1);
  batch->step(1);
  EXPECT_FALSE(batch->fault(1));
  EXPECT_EQ(state(*batch, 0).size(), state(*batch, 1).size());
}

TEST_P(PushedBatch, SensesBlocksAsTheWholeBatchAndLeavesTheStateAlone) {
  const auto whole = make(20), blocks = make(20);
  for (int world = 0; world < 20; ++world) {
    apply(*whole, world);
    apply(*blocks, world);
  }
  whole->step(5);
  blocks->step(5);
  const std::vector<double> before = state(*whole, 7);
  whole->sense();
  EXPECT_EQ(state(*whole, 7), before);
  blocks->for_each_block([&](int block, int thread) { blocks->sense_block(block, thread); });
  for (int world = 0; world < 20; ++world) EXPECT_EQ(sensors(*whole, world), sensors(*blocks, world)) << world;
}

TEST_P(PushedBatch, ShowsPosesForcesAndSensorsAsFields) {
  const auto batch = make(3);
  apply(*batch, 2);
  batch->sense();
  const Push push = push_of(2, *model_->mj());
  const auto expect_shown = [&](const auto& fields) {
    EXPECT_EQ(static_cast<double>(fields.mocap_pos(2, 0)), push.mocap_pos[0]);
    EXPECT_EQ(static_cast<double>(fields.mocap_quat(2, 2)), push.mocap_quat[2]);
    EXPECT_EQ(static_cast<double>(fields.qfrc_applied(2, 3)), push.qfrc[3]);
    EXPECT_EQ(static_cast<double>(fields.xfrc_applied(2, 9)), push.xfrc[9]);
    EXPECT_EQ(static_cast<double>(fields.sensordata(2, 4)), sensors(*batch, 2)[4]);
  };
  if (GetParam().precision == Precision::kFloat) {
    expect_shown(batch->fields_float());
  } else {
    expect_shown(batch->fields_double());
  }
}

TEST_P(PushedBatch, RefusesForcesThatItHasNoPlacesFor) {
  const auto batch = make(1, false);
  const Push push = push_of(0, *model_->mj());
  EXPECT_THROW(batch->set_applied(0, push.qfrc, push.xfrc), std::logic_error);
}

INSTANTIATE_TEST_SUITE_P(Backends, PushedBatch,
                         testing::Values(Case{"mujoco", Precision::kFloat}, Case{"mujoco", Precision::kDouble},
                                         Case{"cpu", Precision::kFloat}, Case{"cpu", Precision::kDouble}),
                         [](const auto& parameter) { return testing::PrintToString(parameter.param); });

}  // namespace
}  // namespace lockstep
