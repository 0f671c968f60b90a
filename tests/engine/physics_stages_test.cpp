// Every stage of the native pipeline against MuJoCo's arrays, in double, on states of many kinds of models.
#include "tests/engine/scalar_world.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

struct Case {
  const char* name;
  std::shared_ptr<const Model> (*make)();
  double slack = 1;  // on all bounds. 100: MuJoCo stops its cone iteration 3e-9 short; 10: thirty bodies in a chain
};

std::shared_ptr<const Model> with_integrator(const char* xml, int integrator) {
  return Model::from_xml(xml, {}, [=](mjModel_& m) { m.opt.integrator = integrator; });
}

std::shared_ptr<const Model> with_noslip(const std::string& xml, int integrator) {
  return Model::from_xml(xml, {}, [=](mjModel_& m) {
    m.opt.integrator = integrator;
    m.opt.noslip_iterations = 5;
    solve_to_the_end(m);
  });
}

// The dog (nv = 79, noslip), but for contacts that MuJoCo itself finds by iteration.
std::shared_ptr<const Model> dog() {
  return Model::from_file(task_model("dm_control/suite/dog.xml"), [](mjModel_& m) {
    solve_to_the_end(m);
    for (int geom = 0; geom < m.ngeom; ++geom) {
      const int type = m.geom_type[geom];
      if (type != mjGEOM_ELLIPSOID && type != mjGEOM_CYLINDER && type != mjGEOM_MESH) continue;
      m.geom_contype[geom] = m.geom_conaffinity[geom] = 0;
    }
  });
}

const Case kCases[] = {
    {"Cartpole", [] { return suite_model("dm_control/suite/cartpole.xml", true); }},
    {"Pendulum", [] { return suite_model("dm_control/suite/pendulum.xml", true); }},
    {"Acrobot", [] { return suite_model("dm_control/suite/acrobot.xml", true); }},
    {"HalfCheetahUnconstrained", [] { return suite_model("gymnasium/envs/mujoco/assets/half_cheetah.xml", false); }},
    {"HumanoidUnconstrained", [] { return suite_model("dm_control/suite/humanoid.xml", false); }},
    {"AllJoints", [] { return Model::from_xml(kAllJoints); }},
    {"AllJointsRungeKutta", [] { return with_integrator(kAllJoints, mjINT_RK4); }},
    {"AllJointsImplicitFast", [] { return with_integrator(kAllJoints, mjINT_IMPLICITFAST); }},
    {"AllLimits", [] { return Model::from_xml(kAllLimits); }},
    {"AllLimitsRungeKutta", [] { return with_integrator(kAllLimits, mjINT_RK4); }},
    {"PyramidalContacts", [] { return Model::from_xml(all_contacts("pyramidal"), {}, solve_to_the_end); }},
    {"EllipticContacts", [] { return Model::from_xml(all_contacts("elliptic"), {}, solve_to_the_end); }},
    {"ScalarConstraints", [] { return Model::from_xml(kScalarConstraints); }},
    {"ScalarConstraintsImplicitFast", [] { return with_integrator(kScalarConstraints, mjINT_IMPLICITFAST); }},
    {"BodyEqualities",
     [] { return Model::from_xml(body_equalities("<joint axis='0 1 0' damping='0.1'/>"), {}, solve_to_the_end); }},
    {"BodyEqualitiesOfAFreeTrunk",
     [] { return Model::from_xml(body_equalities("<freejoint/>"), {}, solve_to_the_end); }},
    {"PlanarLinkage", [] { return Model::from_xml(kPlanarLinkage, {}, solve_to_the_end); }},
    {"NoslipPyramidal", [] { return with_noslip(all_contacts("pyramidal"), mjINT_EULER); }},
    {"NoslipElliptic", [] { return with_noslip(all_contacts("elliptic"), mjINT_EULER); }, 100},
    {"NoslipOfTendonFriction", [] { return with_noslip(kScalarConstraints, mjINT_EULER); }},
    {"NoslipUnderImplicitFast", [] { return with_noslip(kScalarConstraints, mjINT_IMPLICITFAST); }},
    {"DogWithContactsInClosedForm", dog, 10},
    {"BallInCup", [] { return suite_model("dm_control/suite/ball_in_cup.xml", true); }},
    {"Manipulator", [] { return Model::from_file(task_model("dm_control/suite/manipulator.xml"), solve_to_the_end); }},
    {"Stacker", [] { return Model::from_file(task_model("dm_control/suite/stacker.xml"), solve_to_the_end); }},
    {"Finger", [] { return Model::from_file(task_model("dm_control/suite/finger.xml"), solve_to_the_end); }},
    {"Pusher", [] { return suite_model("gymnasium/envs/mujoco/assets/pusher_v5.xml", true); }},
    {"HumanoidCmu", [] { return suite_model("dm_control/suite/humanoid_CMU.xml", true); }},
    {"GymnasiumHumanoid",
     [] { return Model::from_file(task_model("gymnasium/envs/mujoco/assets/humanoid.xml"), solve_to_the_end); }},
    {"HalfCheetah", [] { return suite_model("gymnasium/envs/mujoco/assets/half_cheetah.xml", true); }},
    {"Hopper", [] { return suite_model("gymnasium/envs/mujoco/assets/hopper.xml", true); }},
    {"Walker2d", [] { return suite_model("gymnasium/envs/mujoco/assets/walker2d_v5.xml", true); }},
    {"Ant", [] { return suite_model("gymnasium/envs/mujoco/assets/ant.xml", true); }},
    {"Humanoid", [] { return suite_model("dm_control/suite/humanoid.xml", true); }},
    {"Walker", [] { return suite_model("dm_control/suite/walker.xml", true); }},
    {"AllLimitsImplicitFast", [] { return with_integrator(kAllLimits, mjINT_IMPLICITFAST); }},
};

class PhysicsStages : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    model = GetParam().make();
    ASSERT_TRUE(model->is_native()) << model->native_support()[0];
    data = make_data(*model);
  }
  static constexpr int kStates = 10;
  std::shared_ptr<const Model> model;
  Data data;
  std::mt19937_64 random{7};
  double slack = GetParam().slack;
};

TEST_P(PhysicsStages, PosesMatchMujoco) {
  const mjModel& m = *model->mj();
  ScalarWorld world(*model);
  std::vector<double> xpos(3 * m.nbody), xmat(9 * m.nbody);
  for (int state = 0; state < kStates; ++state) {
    randomise(*model, *data, random, 1);
    mj_kinematics(&m, data.get());
    world.read(*data);
    kernels::poses(model->constants<double>(), world.block(), world.arena(), xpos.data(), xmat.data(), kernels::Solo{});
    expect_near(xpos.data(), data->xpos, 3 * m.nbody, 1e-14 * slack, "xpos");
    expect_near(xmat.data(), data->xmat, 9 * m.nbody, 1e-14 * slack, "xmat");
  }
}

TEST_P(PhysicsStages, MassMatrixAndForcesMatchMujoco) {
  const mjModel& m = *model->mj();
  ScalarWorld world(*model);
  std::vector<double> full(m.nv * m.nv), bias(m.nv), passive(m.nv), actuator(m.nv);
  for (int state = 0; state < kStates; ++state) {
    randomise(*model, *data, random, 1);
    mj_forward(&m, data.get());
    mj_fullM(&m, data.get(), full.data());
    world.read(*data);
    world.run([&](const auto& c, const auto& w) {
      const kernels::Solo team;
      mass_and_bias(c, w, team);
      for (int i = 0; i < m.nv; ++i) {
        bias[i] = -w.qfrc[i];
        for (int t = 0; t <= c.dof_depth[i]; ++t) {
          const int column = c.dof_ancestor[c.dof_row[i] + 1 + t];
          EXPECT_NEAR(w.mass_rows[c.dof_row[i] + 1 + t], full[i * m.nv + column],
                      1e-13 * slack * (1 + full[i * m.nv + i]))
              << "M " << i << " " << column;
        }
      }
      std::fill(w.qfrc, w.qfrc + m.nv, 0.0);
      add_passive(c, w, team);
      std::copy(w.qfrc, w.qfrc + m.nv, passive.begin());
      std::fill(w.qfrc, w.qfrc + m.nv, 0.0);
      add_actuation(c, w, static_cast<double*>(nullptr), team);
      std::copy(w.qfrc, w.qfrc + m.nv, actuator.begin());
      expect_near(w.act_dot, data->act_dot, m.na, 1e-14 * slack, "act_dot");
    });
    expect_near(bias.data(), data->qfrc_bias, m.nv, 1e-13 * slack, "qfrc_bias");
    expect_near(passive.data(), data->qfrc_passive, m.nv, 1e-14 * slack, "qfrc_passive");
    expect_near(actuator.data(), data->qfrc_actuator, m.nv, 1e-14 * slack, "qfrc_actuator");
  }
}

TEST_P(PhysicsStages, AccelerationMatchesMujoco) {
  const mjModel& m = *model->mj();
  ScalarWorld world(*model);
  std::vector<double> qacc(m.nv);
  for (int state = 0; state < kStates; ++state) {
    randomise(*model, *data, random, 1);
    mj_forward(&m, data.get());
    world.read(*data);
    kernels::acceleration(model->constants<double>(), world.block(), world.arena(), qacc.data(), kernels::Solo{});
    expect_near(qacc.data(), data->qacc, m.nv, 1e-10 * slack, "qacc");
  }
}

TEST_P(PhysicsStages, OneStepMatchesMujoco) {
  const mjModel& m = *model->mj();
  ScalarWorld world(*model);
  const auto layout = model->state_layout();
  for (int state = 0; state < kStates; ++state) {
    randomise(*model, *data, random, 1);
    world.read(*data);
    mj_step(&m, data.get());
    world.step(1, kernels::Solo{});
    EXPECT_EQ(world[layout.fault], 0);
    EXPECT_EQ(world[layout.time], data->time);
    for (int i = 0; i < m.nq; ++i) EXPECT_NEAR(world[layout.qpos + i], data->qpos[i], 2e-13 * slack) << "qpos " << i;
    // Where a light hand is thrown about, rounding grows with the change of velocity in the step.
    double change = 1;
    for (int i = 0; i < m.nv; ++i) change = std::max(change, std::abs(data->qacc[i]) * m.opt.timestep);
    for (int i = 0; i < m.nv; ++i)
      EXPECT_NEAR(world[layout.qvel + i], data->qvel[i], 1e-11 * slack * change) << "qvel " << i;
    for (int i = 0; i < m.na; ++i) EXPECT_NEAR(world[layout.act + i], data->act[i], 1e-14 * slack) << "act " << i;
  }
}

TEST_P(PhysicsStages, OrderOfWorkInsideATeamDoesNotMatter) {
  ScalarWorld alone(*model), backwards(*model), shuffled(*model);
  randomise(*model, *data, random, 1);
  for (ScalarWorld* world : {&alone, &backwards, &shuffled}) world->read(*data);
  alone.step(3, kernels::Solo{});
  backwards.step(3, kernels::Shuffled{.seed = 0});
  shuffled.step(3, kernels::Shuffled{.seed = 5});
  for (int field = 0; field < model->state_layout().size; ++field) {
    EXPECT_EQ(alone[field], backwards[field]) << "field " << field;
    EXPECT_EQ(alone[field], shuffled[field]) << "field " << field;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, PhysicsStages, testing::ValuesIn(kCases),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

}  // namespace
}  // namespace lockstep
