// How far native physics is from MuJoCo: after 100 steps in double, and in float after one.
#include "tests/engine/native_worlds.h"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

struct Case {
  const char* name;
  std::shared_ptr<const Model> (*make)();
};

std::shared_ptr<const Model> unlimited(const std::string& path) {
  return Model::from_file(task_model(path), [](mjModel_& m) { m.opt.disableflags |= mjDSBL_LIMIT | mjDSBL_CONTACT; });
}

const Case kCases[] = {
    {"Cartpole", [] { return unlimited("dm_control/suite/cartpole.xml"); }},
    {"Pendulum", [] { return unlimited("dm_control/suite/pendulum.xml"); }},
    {"Acrobot", [] { return unlimited("dm_control/suite/acrobot.xml"); }},
    {"HalfCheetahUnconstrained", [] { return suite_model("gymnasium/envs/mujoco/assets/half_cheetah.xml", false); }},
    {"HumanoidUnconstrained", [] { return suite_model("dm_control/suite/humanoid.xml", false); }},
    {"HopperUnconstrained", [] { return suite_model("gymnasium/envs/mujoco/assets/hopper.xml", false); }},
    {"AntUnconstrained", [] { return suite_model("gymnasium/envs/mujoco/assets/ant.xml", false); }},
    {"SwimmerWithoutFluid",
     [] {
       return Model::from_file(task_model("gymnasium/envs/mujoco/assets/swimmer.xml"), [](mjModel_& m) {
         m.opt.disableflags |= mjDSBL_CONSTRAINT;
         m.opt.density = m.opt.viscosity = 0;
       });
     }},
};

class PhysicsFidelity : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    model = GetParam().make();
    ASSERT_TRUE(model->is_native()) << model->native_support()[0];
  }
  std::shared_ptr<const Model> model;
};

// The controls of a step: the same on both sides, new every five steps.
void draw_controls(const Model& model, mjData& d, std::mt19937_64& random) {
  std::uniform_real_distribution<double> draw(-1, 1);
  for (int i = 0; i < model.nu(); ++i) d.ctrl[i] = draw(random);
}

// 64 worlds from states near the reference pose, 100 steps under random controls: over worlds, the largest deviation of
// any entry of qpos and qvel. The bounds are those that the project promises (median 1e-12, maximum 1e-10).
TEST_P(PhysicsFidelity, AHundredStepsInDoubleStayOnMujocosPath) {
  constexpr int kWorlds = 64, kSteps = 100;
  const mjModel& m = *model->mj();
  NativeWorlds<double> worlds(*model, kWorlds, physics_kernels<double>(best_isa()));
  const Data d = make_data(*model);
  std::mt19937_64 random(11);
  std::vector<double> deviations;
  std::vector<Data> theirs;
  for (int world = 0; world < kWorlds; ++world) {
    theirs.push_back(make_data(*model));
    randomise(*model, *theirs.back(), random, 0.1);
    worlds.read(world, *theirs.back());
  }
  for (int step = 0; step < kSteps; ++step) {
    for (int world = 0; world < kWorlds; ++world) {
      mjData& data = *theirs[static_cast<std::size_t>(world)];
      if (step % 5 == 0) draw_controls(*model, data, random);
      for (int i = 0; i < model->nu(); ++i) worlds.at(world, worlds.layout().ctrl + i) = data.ctrl[i];
      mj_step(&m, &data);
    }
    worlds.step(1);
  }
  for (int world = 0; world < kWorlds; ++world) {
    const mjData& data = *theirs[static_cast<std::size_t>(world)];
    double worst = 0;
    for (int i = 0; i < m.nq; ++i)
      worst = std::max(worst, std::abs(worlds.at(world, worlds.layout().qpos + i) - data.qpos[i]));
    for (int i = 0; i < m.nv; ++i)
      worst = std::max(worst, std::abs(worlds.at(world, worlds.layout().qvel + i) - data.qvel[i]));
    deviations.push_back(worst);
    EXPECT_EQ(worlds.at(world, worlds.layout().fault), 0);
  }
  std::sort(deviations.begin(), deviations.end());
  RecordProperty("median", testing::PrintToString(deviations[kWorlds / 2]));
  RecordProperty("maximum", testing::PrintToString(deviations.back()));
  EXPECT_LE(deviations[kWorlds / 2], 1e-12);
  EXPECT_LE(deviations.back(), 1e-10);
}

// Float lanes against double lanes from the same (float-valued) states: deviation of qacc relative to its largest
// entry.
TEST_P(PhysicsFidelity, AccelerationInFloatIsThatInDoubleToOneInTenThousand) {
  constexpr int kWorlds = 64;
  NativeWorlds<float> single(*model, kWorlds, physics_kernels<float>(best_isa()));
  NativeWorlds<double> twice(*model, kWorlds, physics_kernels<double>(best_isa()));
  const Data d = make_data(*model);
  std::mt19937_64 random(12);
  for (int world = 0; world < kWorlds; ++world) {
    randomise(*model, *d, random, 0.5);
    for (mjtNum* x = d->qpos; x < d->qpos + model->nq(); ++x) *x = static_cast<float>(*x);
    for (mjtNum* x = d->qvel; x < d->qvel + model->nv(); ++x) *x = static_cast<float>(*x);
    for (mjtNum* x = d->ctrl; x < d->ctrl + model->nu(); ++x) *x = static_cast<float>(*x);
    single.read(world, *d);
    twice.read(world, *d);
  }
  double worst = 0;
  for (int world = 0; world < kWorlds; ++world) {
    const std::vector<float> ours = single.acceleration(world);
    const std::vector<double> truth = twice.acceleration(world);
    double scale = 0, deviation = 0;
    for (std::size_t i = 0; i < truth.size(); ++i) {
      scale = std::max(scale, std::abs(truth[i]));
      deviation = std::max(deviation, std::abs(double{ours[i]} - truth[i]));
    }
    worst = std::max(worst, deviation / scale);
  }
  RecordProperty("worst", testing::PrintToString(worst));
  EXPECT_LE(worst, 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Models, PhysicsFidelity, testing::ValuesIn(kCases),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

}  // namespace
}  // namespace lockstep
