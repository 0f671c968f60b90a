// The robots against those that mjlab 1.6.0's own Python makes of the same files with MuJoCo 4.0.0
// (Entity(get_go1_robot_ cfg()).spec.compile(), get_g1_robot_cfg() likewise): of each array the sum, and the sum of
// entry times position from 1.
#include "engine/mjlab_robots.h"
#include "engine/error.h"

#include <cmath>

#include <gtest/gtest.h>
#include <mujoco/mujoco.h>

namespace lockstep {
namespace {

class MjlabRobot : public testing::Test {
 protected:
  template <class Number>
  static void expect_sums(const char* array, const Number* values, mjtSize count, double sum, double weighted) {
    double plain = 0, by_position = 0;
    for (mjtSize i = 0; i < count; ++i) {
      plain += static_cast<double>(values[i]);
      by_position += static_cast<double>(values[i]) * static_cast<double>(i + 1);
    }
    // Rounding of sums in another order.
    EXPECT_NEAR(plain, sum, 1e-12 * (1 + std::abs(weighted))) << array;
    EXPECT_NEAR(by_position, weighted, 1e-12 * (1 + std::abs(weighted))) << array;
  }
};

TEST_F(MjlabRobot, Go1HasServosPoseAndContactsOfMjlab) {
  const auto model = mjlab_robot("go1");
  const mjModel& m = *model->mj();
  const mjtSize geoms = m.ngeom - 1;  // without the floor, which is the last
  ASSERT_EQ(geoms, 43);
  expect_sums("actuator_gainprm", m.actuator_gainprm, mjNGAIN * m.nactuator, 270.2191251049936, 18311.31953652663);
  expect_sums("actuator_biasprm", m.actuator_biasprm, mjNBIAS * m.nactuator, -287.42180889685613, -19781.67883675803);
  expect_sums("actuator_forcerange", m.actuator_forcerange, 2 * m.nactuator, 0, 331.8);
  expect_sums("dof_armature", m.dof_armature, m.nv, 0.068447304, 0.87572286);
  expect_sums("key_qpos", m.key_qpos, m.nq, -2.322, -51.566);
  expect_sums("key_ctrl", m.key_ctrl, m.nu, -3.6, -58);
  expect_sums("geom_condim", m.geom_condim, geoms, 89, 2028);
  expect_sums("geom_friction", m.geom_friction, 3 * geoms, 43.2209, 2766.3932);
  expect_sums("geom_priority", m.geom_priority, geoms, 4, 112);
  expect_sums("geom_solref", m.geom_solref, mjNREF * geoms, 43.56, 1915.58);
  expect_sums("geom_contype", m.geom_contype, geoms, 30, 685);
}

TEST_F(MjlabRobot, G1HasServosPoseAndContactsOfMjlab) {
  const auto model = mjlab_robot("g1");
  const mjModel& m = *model->mj();
  const mjtSize geoms = m.ngeom - 1;
  ASSERT_EQ(geoms, 68);
  expect_sums("actuator_gainprm", m.actuator_gainprm, mjNGAIN * m.nactuator, 977.9169223559855, 154268.33804352744);
  expect_sums("actuator_biasprm", m.actuator_biasprm, mjNBIAS * m.nactuator, -1040.1730472082322, -165191.79464074818);
  expect_sums("actuator_forcerange", m.actuator_forcerange, 2 * m.nactuator, 0, 1566);
  expect_sums("dof_armature", m.dof_armature, m.nv, 0.24770925020661155, 4.080476087603305);
  expect_sums("key_qpos", m.key_qpos, m.nq, 3.348, 51.858);
  expect_sums("key_ctrl", m.key_ctrl, m.nu, 1.588, 5.194);
  expect_sums("geom_condim", m.geom_condim, geoms, 166, 5658);
  expect_sums("geom_friction", m.geom_friction, 3 * geoms, 62.7468, 6520.3538);
  expect_sums("geom_priority", m.geom_priority, geoms, 14, 357);
  expect_sums("geom_solref", m.geom_solref, mjNREF * geoms, 69.36, 4784.48);
  expect_sums("geom_contype", m.geom_contype, geoms, 33, 1047);
}

class EachMjlabRobot : public testing::TestWithParam<const char*> {};

TEST_P(EachMjlabRobot, IsNative) {
  const auto model = mjlab_robot(GetParam());
  EXPECT_TRUE(model->is_native()) << model->native_support()[0];
}

INSTANTIATE_TEST_SUITE_P(Robots, EachMjlabRobot, testing::Values("go1", "g1"));

// The height of the root after a second of holding the first pose, against mjlab's own composition on a plane, with its
// task's options, in MuJoCo 4.0.0. (Nobody balances the G1: it sinks, and falls in the second after.)
double height_after_a_second(const char* name) {
  const auto model = mjlab_robot(name);
  const mjModel& m = *model->mj();
  mjData* const d = mj_makeData(&m);
  mj_resetDataKeyframe(&m, d, 0);
  for (int step = 0; step < 200; ++step) mj_step(&m, d);
  const double height = d->qpos[2];
  mj_deleteData(d);
  return height;
}
TEST_F(MjlabRobot, Go1StandsAsInMjlab) { EXPECT_NEAR(height_after_a_second("go1"), 0.25445644350499824, 1e-9); }
TEST_F(MjlabRobot, G1SinksAsInMjlab) { EXPECT_NEAR(height_after_a_second("g1"), 0.6853662657782258, 1e-9); }

TEST(MjlabRobots, RefuseAnotherName) {
  try {
    (void)mjlab_robot("spot");
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("'spot'"), std::string::npos);
    EXPECT_NE(error.fix().find("go1 or g1"), std::string::npos);
  }
}

}  // namespace
}  // namespace lockstep
