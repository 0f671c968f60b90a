// Tests worlds whose physical parameters differ, against MuJoCo with a model of its own for each; and randomisation.
#include "engine/batch.h"
#include "engine/error.h"
#include "engine/model.h"
#include "engine/model_copy.h"
#include "engine/randomisation.h"
#include "engine/world_constants.h"
#include "engine/world_parameters.h"
#include "tests/engine/mujoco_reference.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

// Gives a model these parameters, as MuJoCo has it: frames that moved count, and mj_setConst runs.
void change(mjModel& m, const ParameterValues& values) {
  values.write_to(m);
  for (int geom = 0; geom < m.ngeom; ++geom) m.geom_sameframe[geom] = mjSAMEFRAME_NONE;
  for (int site = 0; site < m.nsite; ++site) m.site_sameframe[site] = mjSAMEFRAME_NONE;
  for (int body = 0; body < m.nbody; ++body) m.body_sameframe[body] = mjSAMEFRAME_NONE;
  for (int geom = 0; geom < m.ngeom; ++geom) {
    const mjtNum* s = m.geom_size + 3 * geom;
    if (m.geom_type[geom] == mjGEOM_SPHERE) m.geom_rbound[geom] = s[0];
    if (m.geom_type[geom] == mjGEOM_CAPSULE) m.geom_rbound[geom] = s[0] + s[1];
    if (m.geom_type[geom] == mjGEOM_BOX) m.geom_rbound[geom] = std::sqrt(s[0] * s[0] + s[1] * s[1] + s[2] * s[2]);
  }
  const Data d(mj_makeData(&m));
  mj_setConst(&m, d.get());
}

constexpr const char* kEverything =
    "body_mass+body_inertia *= uniform(0.6, 1.6); body_mass *= uniform(0.9, 1.1); body_ipos += uniform(-0.01, 0.01);"
    "dof_armature += uniform(0, 0.02); dof_damping *= uniform(0.5, 2); jnt_stiffness *= uniform(0.5, 2);"
    "geom_friction *= log_uniform(0.4, 2.5); geom_pos += uniform(-0.01, 0.01); gravity += normal(0, 0.3)";

struct Case {
  std::string name;
  std::shared_ptr<const Model> (*model)(const Model::Adjust&);
  std::string terms;
  double tolerance;  // of qpos and qvel after 20 steps, absolute
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

const std::vector<Case>& cases() {
  static const std::string kGains = "; actuator_gainprm+actuator_biasprm *= uniform(0.7, 1.3)";
  static const std::vector<Case> kCases{
      {"AllJoints", [](const Model::Adjust& adjust) { return Model::from_xml(kAllJoints, {}, adjust); },
       kEverything + kGains, 1e-9},
      {"AllLimits", [](const Model::Adjust& adjust) { return Model::from_xml(kAllLimits, {}, adjust); },
       kEverything + kGains, 1e-9},
      {"CartpolePlanar",
       [](const Model::Adjust& adjust) {
         return Model::from_file(task_model("dm_control/suite/cartpole.xml"), adjust);
       },
       "body_mass+body_inertia *= uniform(0.5, 2); body_ipos.2 += uniform(-0.05, 0.05); dof_damping += uniform(0, 0.1)",
       1e-9},
      {"HalfCheetahContacts",
       [](const Model::Adjust& adjust) {
         return Model::from_file(task_model("gymnasium/envs/mujoco/assets/half_cheetah.xml"), adjust);
       },
       "body_mass+body_inertia *= uniform(0.6, 1.6); geom_friction *= uniform(0.5, 2); jnt_stiffness *= uniform(0.5, "
       "2);"
       "geom_size[head,?foot] *= uniform(0.9, 1.2)",
       1e-6},
      {"HumanoidContacts",
       [](const Model::Adjust& adjust) {
         return Model::from_file(task_model("dm_control/suite/humanoid.xml"), adjust);
       },
       kEverything, 1e-6},
      {"AntWithNewFriction",
       [](const Model::Adjust& adjust) {
         return Model::from_file(task_model("gymnasium/envs/mujoco/assets/ant.xml"), adjust);
       },
       "dof_frictionloss += uniform(0, 0.3); geom_friction *= uniform(0.5, 2) shared; body_mass *= uniform(0.8, 1.2)",
       1e-6},
  };
  return kCases;
}

class VariedWorlds : public testing::TestWithParam<Case> {
 protected:
  static constexpr int kWorlds = 11;  // no multiple of any lane count

  void SetUp() override {
    model_ = GetParam().model({});
    randomisation_ = std::make_unique<Randomisation>(*model_->mj(), GetParam().terms);
    varied_ = std::make_shared<VariedElements>(randomisation_->varied());
    for (int world = 0; world < kWorlds; ++world) {
      values_.emplace_back(*model_->mj());
      randomisation_->draw(7, static_cast<std::uint32_t>(world), 3, values_.back());
    }
  }
  [[nodiscard]] std::unique_ptr<Batch> batch(int num_worlds, Precision precision = Precision::kDouble) const {
    return Batch::make(model_, {.num_worlds = num_worlds, .precision = precision, .threads = 2, .varied = varied_});
  }
  [[nodiscard]] double ctrl(int world, int actuator) const { return 0.4 * std::sin(1.7 * world + 2.3 * actuator); }
  // qpos and qvel of a world after `steps` steps from the model's initial state.
  [[nodiscard]] std::vector<double> state(const Batch& b, int world) const {
    std::vector<double> qpos(static_cast<std::size_t>(model_->nq())), qvel(static_cast<std::size_t>(model_->nv()));
    std::vector<double> act(static_cast<std::size_t>(model_->na()));
    b.get_state(world, qpos, qvel, act);
    qpos.insert(qpos.end(), qvel.begin(), qvel.end());
    return qpos;
  }
  void prepare(Batch& b, int place, int world) const {
    b.set_parameters(place, values_[static_cast<std::size_t>(world)], 0);
    std::vector<double> controls;
    for (int a = 0; a < model_->nu(); ++a) controls.push_back(ctrl(world, a));
    b.set_ctrl(place, controls);
  }

  std::shared_ptr<const Model> model_;
  std::unique_ptr<Randomisation> randomisation_;
  std::shared_ptr<const VariedElements> varied_;
  std::vector<ParameterValues> values_;
};

TEST_P(VariedWorlds, MoveAsMuJoCoWithAModelOfItsOwnForEach) {
  const auto b = batch(kWorlds);
  for (int world = 0; world < kWorlds; ++world) prepare(*b, world, world);
  b->step(20);
  for (int world = 0; world < kWorlds; ++world) {
    const OwnModel m = copy_of(*model_->mj());
    change(*m, values_[static_cast<std::size_t>(world)]);
    m->opt.tolerance = 1e-15;
    m->opt.iterations = 200;
    const Data d(mj_makeData(m.get()));
    for (int a = 0; a < m->nu; ++a) d->ctrl[a] = ctrl(world, a);
    for (int step = 0; step < 20; ++step) mj_step(m.get(), d.get());
    ASSERT_FALSE(b->fault(world));
    const std::vector<double> x = state(*b, world);
    for (int i = 0; i < m->nq + m->nv; ++i) {
      const double expected = i < m->nq ? d->qpos[i] : d->qvel[i - m->nq];
      ASSERT_NEAR(x[static_cast<std::size_t>(i)], expected, GetParam().tolerance * (1 + std::abs(expected)))
          << "world " << world << ", number " << i;
    }
  }
}

TEST_P(VariedWorlds, HaveTheConstantsOfAModelThatMuJoCoChanged) {
  WorldConstants constants(model_, *varied_, false, 1);
  std::vector<double> derived(static_cast<std::size_t>(constants.size()));
  for (int world = 0; world < 3; ++world) {
    constants.derive(values_[static_cast<std::size_t>(world)], 0, derived);
    const auto same = GetParam().model([&](mjModel_& m) { change(m, values_[static_cast<std::size_t>(world)]); });
    const WorldConstants expected(same, *varied_, false, 1);
    ASSERT_EQ(expected.of_model().size(), derived.size());
    for (std::size_t i = 0; i < derived.size(); ++i) {
      ASSERT_NEAR(derived[i], expected.of_model()[i], 1e-9 * (1e-3 + std::abs(expected.of_model()[i])))
          << "world " << world << ", number " << i;
    }
  }
}

TEST_P(VariedWorlds, DoNotDependOnTheirNeighboursOrPlace) {
  const auto all = batch(kWorlds), one = batch(5);
  for (int world = 0; world < kWorlds; ++world) prepare(*all, world, world);
  for (int place = 0; place < 5; ++place) prepare(*one, place, place == 3 ? 9 : 0);
  all->step(20);
  one->step(20);
  EXPECT_EQ(state(*all, 9), state(*one, 3));
}

TEST_P(VariedWorlds, WithTheModelsOwnParametersMoveAsOthers) {
  const auto varied = batch(3);
  const auto shared = Batch::make(model_, {.num_worlds = 3});
  for (int world = 0; world < 3; ++world) {
    prepare(*varied, world, world);
    varied->set_parameters(world, ParameterValues(*model_->mj()), 1);
    std::vector<double> controls;
    for (int a = 0; a < model_->nu(); ++a) controls.push_back(ctrl(world, a));
    shared->set_ctrl(world, controls);
  }
  varied->step(10);
  shared->step(10);
  for (int world = 0; world < 3; ++world) {
    const std::vector<double> x = state(*varied, world), y = state(*shared, world);
    for (std::size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(x[i], y[i], 1e-3 * (1 + std::abs(y[i])));  // y is float
  }
}

INSTANTIATE_TEST_SUITE_P(Models, VariedWorlds, testing::ValuesIn(cases()),
                         [](const auto& tested) { return tested.param.name; });

constexpr const char* kBalls = R"(
<mujoco>
  <option timestep="0.002"/>
  <worldbody>
    <geom name="floor" type="plane" size="1 1 1"/>
    <body name="ball" pos="0 0 0.3"><freejoint/><geom name="ball" size="0.1" friction="0.7"/></body>
    <body name="block" pos="1 0 0.3"><freejoint/><geom name="block" type="box" size="0.1 0.1 0.1"/></body>
  </worldbody>
</mujoco>)";

TEST(WorldParameters, GeomsRestAtTheHeightOfTheirOwnSize) {
  const auto model = Model::from_xml(kBalls);
  const Randomisation sizes(*model->mj(), "geom_size[ball,block] *= uniform(0.5, 2)");
  const auto batch = Batch::make(
      model,
      {.num_worlds = 9, .precision = Precision::kDouble, .varied = std::make_shared<VariedElements>(sizes.varied())});
  std::vector<ParameterValues> values;
  for (int world = 0; world < 9; ++world) {
    values.emplace_back(*model->mj());
    sizes.draw(1, static_cast<std::uint32_t>(world), 0, values.back());
    batch->set_parameters(world, values.back(), 0);
  }
  batch->step(2000);
  for (int world = 0; world < 9; ++world) {
    const auto& own = values[static_cast<std::size_t>(world)];
    std::vector<double> qpos(14), qvel(12);
    batch->get_state(world, qpos, qvel, {});
    EXPECT_NEAR(qpos[2], own.element(Parameter::kGeomSize, 1)[0], 1e-3) << world;
    EXPECT_NEAR(qpos[9], own.element(Parameter::kGeomSize, 2)[2], 1e-3) << world;
  }
  EXPECT_NE(values[0].element(Parameter::kGeomSize, 1)[0], values[1].element(Parameter::kGeomSize, 1)[0]);
}

TEST(WorldParameters, AreRefusedWhereTheBatchSharesThem) {
  const auto model = Model::from_xml(kBalls);
  const auto batch = Batch::make(model, {.num_worlds = 2});
  EXPECT_THROW(batch->set_parameters(0, ParameterValues(*model->mj()), 0), std::logic_error);
  const auto varied =
      std::make_shared<VariedElements>(Randomisation(*model->mj(), "body_mass *= uniform(1, 2)").varied());
  EXPECT_THROW(Batch::make(model, {.backend = "mujoco", .varied = varied}), Error);
  EXPECT_THROW(Batch::make(model, {.specialise = "auto", .varied = varied}), Error);
}

TEST(WorldParameters, ThatTheKernelsCannotFollowAreNamed) {
  const auto wet = Model::from_xml(R"(<mujoco><option density="1000"/><worldbody><body name="b"><freejoint/>
      <geom size="0.1"/></body></worldbody></mujoco>)");
  const auto varied =
      std::make_shared<VariedElements>(Randomisation(*wet->mj(), "body_mass *= uniform(1, 2)").varied());
  try {
    (void)Batch::make(wet, {.varied = varied});
    FAIL() << "masses in a fluid were accepted";
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("body_mass"), std::string::npos) << error.what();
    EXPECT_NE(error.problem().find("fluid"), std::string::npos) << error.what();
  }
}

class RandomisationOfBalls : public testing::Test {
 protected:
  [[nodiscard]] ParameterValues draw(const std::string& terms, std::uint64_t seed, std::uint32_t world,
                                     std::uint32_t episode) const {
    const Randomisation randomisation(*model_->mj(), terms);
    ParameterValues values(*model_->mj());
    randomisation.draw(seed, world, episode, values);
    return values;
  }
  [[nodiscard]] std::string error_of(const std::string& terms) const {
    try {
      const Randomisation randomisation(*model_->mj(), terms);
    } catch (const Error& error) {
      return error.what();
    }
    return "none";
  }
  [[nodiscard]] static double friction(const ParameterValues& values, int geom) {
    return values.element(Parameter::kGeomFriction, geom)[0];
  }
  std::shared_ptr<const Model> model_ = Model::from_xml(kBalls);
};

TEST_F(RandomisationOfBalls, IsAFunctionOfSeedWorldAndEpisode) {
  const std::string terms = "geom_friction *= uniform(0.5, 1.5)";
  EXPECT_EQ(friction(draw(terms, 1, 4, 2), 1), friction(draw(terms, 1, 4, 2), 1));
  EXPECT_NE(friction(draw(terms, 1, 4, 2), 1), friction(draw(terms, 1, 4, 3), 1));
  EXPECT_NE(friction(draw(terms, 1, 4, 2), 1), friction(draw(terms, 1, 5, 2), 1));
  EXPECT_NE(friction(draw(terms, 1, 4, 2), 1), friction(draw(terms, 2, 4, 2), 1));
}
TEST_F(RandomisationOfBalls, DrawsOnceOrInEveryEpisodeForOneElementOrForAll) {
  const std::string terms = "geom_friction *= uniform(0.5, 1.5) once shared";
  EXPECT_EQ(friction(draw(terms, 1, 4, 2), 1), friction(draw(terms, 1, 4, 3), 1));
  const ParameterValues values = draw(terms, 1, 4, 2);
  EXPECT_NEAR(friction(values, 1) / 0.7, friction(values, 2), 1e-12);  // the ball's friction is 0.7, the block's 1
  const ParameterValues apart = draw("geom_friction *= uniform(0.5, 1.5)", 1, 4, 2);
  EXPECT_GT(std::abs(friction(apart, 1) / 0.7 - friction(apart, 2)), 1e-6);
}
TEST_F(RandomisationOfBalls, FollowsItsDistributions) {
  const int count = 4000;
  const auto moments = [&](const std::string& terms, double& mean, double& deviation) {
    const Randomisation randomisation(*model_->mj(), terms);
    ParameterValues values(*model_->mj());
    double sum = 0, square = 0;
    for (int world = 0; world < count; ++world) {
      randomisation.draw(11, static_cast<std::uint32_t>(world), 0, values);
      const double x = values.element(Parameter::kGravity, 0)[2];
      sum += x;
      square += x * x;
    }
    mean = sum / count;
    deviation = std::sqrt(square / count - mean * mean);
  };
  double mean = 0, deviation = 0;
  moments("gravity.2 = uniform(-12, -6)", mean, deviation);
  EXPECT_NEAR(mean, -9, 0.1);
  EXPECT_NEAR(deviation, 6 / std::sqrt(12.0), 0.05);
  moments("gravity.2 += normal(1, 0.5)", mean, deviation);
  EXPECT_NEAR(mean, -8.81, 0.03);
  EXPECT_NEAR(deviation, 0.5, 0.02);
  moments("gravity.2 *= log_uniform(0.5, 2)", mean, deviation);
  EXPECT_NEAR(mean, -9.81 * 1.5 / std::log(4.0), 0.15);
}
TEST_F(RandomisationOfBalls, GivesTwoParametersTheSameDraw) {
  const ParameterValues values = draw("body_mass+body_inertia *= uniform(0.5, 2)", 3, 1, 0), own(*model_->mj());
  const double scale = values.element(Parameter::kBodyMass, 1)[0] / own.element(Parameter::kBodyMass, 1)[0];
  EXPECT_NEAR(values.element(Parameter::kBodyInertia, 1)[2], scale * own.element(Parameter::kBodyInertia, 1)[2], 1e-15);
  EXPECT_NE(scale, 1);
}
TEST_F(RandomisationOfBalls, ThatBreaksPhysicsIsRefusedWithTheParameterNamed) {
  EXPECT_NE(error_of("body_mass[ball] += uniform(-10, 1)").find("body_mass of ball"), std::string::npos);
  EXPECT_NE(error_of("body_inertia[block] *= uniform(0, 1)").find("body_inertia of block"), std::string::npos);
  EXPECT_NE(error_of("body_inertia[block].0 *= uniform(1, 5)").find("no body's"), std::string::npos);
  EXPECT_NE(error_of("geom_friction += normal(0, 1)").find("geom_friction of"), std::string::npos);
  EXPECT_NE(error_of("geom_size[ball] = uniform(0, 1)").find("geom_size of ball"), std::string::npos);
}
TEST_F(RandomisationOfBalls, ThatCannotBeReadSaysWhereAndHow) {
  EXPECT_NE(error_of("body_mas *= uniform(1, 2)").find("did you mean 'body_mass'"), std::string::npos);
  EXPECT_NE(error_of("body_mass[bal] *= uniform(1, 2)").find("did you mean 'ball'"), std::string::npos);
  EXPECT_NE(error_of("body_mass *= triangle(1, 2)").find("unknown distribution 'triangle'"), std::string::npos);
  EXPECT_NE(error_of("body_mass *= uniform(2, 1)").find("smaller bound first"), std::string::npos);
  EXPECT_NE(error_of("body_mass *= log_uniform(0, 1)").find("above zero"), std::string::npos);
  EXPECT_NE(error_of("body_mass *= uniform(1, x)").find("'x' is no number"), std::string::npos);
  EXPECT_NE(error_of("body_mass uniform(1, 2)").find("no *=, += or ="), std::string::npos);
  EXPECT_NE(error_of("body_mass.1 *= uniform(1, 2)").find("no component 1"), std::string::npos);
  EXPECT_NE(error_of("body_mass+geom_size *= uniform(1, 2)").find("not of the same elements"), std::string::npos);
  EXPECT_NE(error_of("body_mass *= uniform(1, 2) always").find("unknown word 'always'"), std::string::npos);
  EXPECT_NE(error_of("body_mass[ball *= uniform(1, 2)").find("not closed"), std::string::npos);
  EXPECT_NE(error_of("*= uniform(1, 2)").find("no parameter ''"), std::string::npos);
  EXPECT_NE(error_of("=").find("no *=, += or ="), std::string::npos);
  EXPECT_EQ(error_of(" ; "), "none");
}

}  // namespace
}  // namespace lockstep
