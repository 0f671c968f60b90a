// Whole motions with contacts whose end is known: a block that slides (solved by hand), a ball that rolls, boxes that
// stand on each other, a body that falls and comes to rest; and momentum in free flight.
#include "engine/batch.h"
#include "tests/engine/mujoco_reference.h"

#include <cmath>
#include <numbers>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

constexpr double kGravity = 9.81;

struct EndState {
  std::vector<double> qpos, qvel;
};

std::span<const double> numbers(const mjtNum* data, int count) { return {data, static_cast<std::size_t>(count)}; }

// The state after `steps` steps of the native kernels in double from qpos0, or from `start` where it is given.
EndState after(const std::shared_ptr<const Model>& model, int steps, const mjData* start = nullptr) {
  const auto batch = Batch::make(model, {.num_worlds = 1, .backend = "cpu", .precision = Precision::kDouble});
  if (start != nullptr) {
    batch->set_state(0, numbers(start->qpos, model->nq()), numbers(start->qvel, model->nv()),
                     numbers(start->act, model->na()));
  }
  batch->step(steps);
  EXPECT_FALSE(batch->fault(0));
  EndState end{std::vector<double>(static_cast<std::size_t>(model->nq())),
               std::vector<double>(static_cast<std::size_t>(model->nv()))};
  std::vector<double> act(static_cast<std::size_t>(model->na()));
  batch->get_state(0, end.qpos, end.qvel, act);
  return end;
}

EndState after_in_mujoco(const std::shared_ptr<const Model>& model, int steps) {
  const Data d = make_data(*model);
  for (int step = 0; step < steps; ++step) mj_step(model->mj(), d.get());
  return {std::vector<double>(d->qpos, d->qpos + model->nq()), std::vector<double>(d->qvel, d->qvel + model->nv())};
}

// One body on a plane under gravity that is tilted by `angle` about y, as on a slope: down is along x. The friction is
// the pair's: MuJoCo takes the larger of the two geoms', so both get it.
std::shared_ptr<const Model> on_slope(double angle, double friction, const std::string& geom,
                                      const std::string& option) {
  return Model::from_xml(fmt::format(R"(
    <mujoco><option timestep="0.002" gravity="{} 0 {}" {}/>
      <default><geom friction="{} 0 0"/></default>
      <worldbody><geom type="plane" size="0 0 1"/><body pos="0 0 0.1"><freejoint/>{}</body></worldbody></mujoco>)",
                                     kGravity * std::sin(angle), -kGravity * std::cos(angle), option, friction, geom));
}

class OnASlope : public testing::TestWithParam<const char*> {  // the cone
 protected:
  [[nodiscard]] std::string option() const { return fmt::format("cone='{}' impratio='10'", GetParam()); }
};

TEST_P(OnASlope, ABlockSlidesAsCoulombSays) {
  const double angle = 0.6, friction = 0.4, seconds = 1;
  const auto model = on_slope(angle, friction, "<geom type='box' size='0.2 0.2 0.1'/>", option());
  const EndState end = after(model, 500);
  const double expected = kGravity * (std::sin(angle) - friction * std::cos(angle)) * seconds;
  // The block first settles a fraction of a millimetre into the plane, and pushes harder meanwhile.
  EXPECT_NEAR(end.qvel[0], expected, 0.01 * expected);
  EXPECT_NEAR(end.qvel[1], 0, 1e-6);
}

TEST_P(OnASlope, ABlockStaysInsideTheFrictionCone) {
  const auto model = on_slope(0.3, 0.4, "<geom type='box' size='0.2 0.2 0.1'/>", option());
  const EndState end = after(model, 500);
  // Soft friction creeps: MuJoCo's own creep is what is allowed, to a tenth of it.
  const EndState reference = after_in_mujoco(model, 500);
  EXPECT_LT(std::abs(end.qvel[0]), 0.05);
  EXPECT_NEAR(end.qvel[0], reference.qvel[0], 0.1 * std::abs(reference.qvel[0]) + 1e-9);
}

TEST_P(OnASlope, ABallRollsAtFiveSeventhsOfTheSlope) {
  const double angle = 0.2, seconds = 1;
  const auto model = on_slope(angle, 1, "<geom size='0.1'/>", option());
  const EndState end = after(model, 500);
  const double expected = 5.0 / 7 * kGravity * std::sin(angle) * seconds;
  EXPECT_NEAR(end.qvel[0], expected, 0.02 * expected);  // soft friction slips a little
  EXPECT_NEAR(0.1 * end.qvel[4], end.qvel[0], 0.03 * expected) << "it rolls";
}

INSTANTIATE_TEST_SUITE_P(Cones, OnASlope, testing::Values("pyramidal", "elliptic"),
                         [](const auto& parameter) { return std::string(parameter.param); });

TEST(BoxStack, StandsWhereItStandsInMujoco) {
  const auto model = Model::from_xml(R"(
    <mujoco><option timestep="0.002"/><worldbody><geom type="plane" size="0 0 1"/>
      <body pos="0 0 0.1"><freejoint/><geom type="box" size="0.1 0.1 0.1"/></body>
      <body pos="0.02 0.01 0.3"><freejoint/><geom type="box" size="0.1 0.1 0.1"/></body>
      <body pos="-0.01 0.02 0.5" euler="0 0 20"><freejoint/><geom type="box" size="0.1 0.1 0.1"/></body>
    </worldbody></mujoco>)",
                                     {}, solve_to_the_end);
  const EndState end = after(model, 1000), reference = after_in_mujoco(model, 1000);
  // Of a stack MuJoCo's own solver leaves 8e-6 of the forces open, and soft friction creeps along what is left.
  for (std::size_t i = 0; i < end.qpos.size(); ++i) EXPECT_NEAR(end.qpos[i], reference.qpos[i], 2e-5) << "qpos " << i;
  EXPECT_NEAR(end.qpos[2 * 7 + 2], 0.5, 0.002) << "the top box is still on top";
}

TEST(Ragdoll, FallsAndComesToRestAsInMujoco) {
  const auto model = Model::from_file(task_model("dm_control/suite/humanoid.xml"), solve_to_the_end);
  const int steps = static_cast<int>(10 / model->timestep());
  const EndState end = after(model, steps), reference = after_in_mujoco(model, steps);
  // Ten seconds of falling are chaotic in the last digits: what is compared is how it lies, not each finger.
  EXPECT_NEAR(end.qpos[2], reference.qpos[2], 0.05) << "height of the root (m)";
  EXPECT_LT(end.qpos[2], 0.3) << "it lies";
  for (const double v : end.qvel) EXPECT_LT(std::abs(v), 0.5);
}

// Linear and angular momentum about the centre of mass, by MuJoCo from the state.
std::vector<double> momentum(const Model& model, const EndState& state) {
  const Data d = make_data(model);
  std::copy(state.qpos.begin(), state.qpos.end(), d->qpos);
  std::copy(state.qvel.begin(), state.qvel.end(), d->qvel);
  mj_forward(model.mj(), d.get());
  mj_subtreeVel(model.mj(), d.get());
  const double mass = model.mj()->body_subtreemass[0];
  std::vector<double> p;
  for (int k = 0; k < 3; ++k) p.push_back(mass * d->subtree_linvel[k]);
  for (int k = 0; k < 3; ++k) p.push_back(d->subtree_angmom[k]);
  return p;
}

TEST(FreeFlight, KeepsMomentumAsMujocoDoes) {
  const auto model = Model::from_file(task_model("dm_control/suite/humanoid.xml"), [](mjModel_& m) {
    m.opt.disableflags |= mjDSBL_CONTACT | mjDSBL_GRAVITY;
    m.opt.integrator = mjINT_RK4;
    m.opt.timestep = 0.002;
  });
  const Data d = make_data(*model);
  std::mt19937_64 random(5);
  randomise(*model, *d, random, 0.2);
  EndState start{std::vector<double>(d->qpos, d->qpos + model->nq()),
                 std::vector<double>(d->qvel, d->qvel + model->nv())};
  const std::vector<double> before = momentum(*model, start);
  const std::vector<double> ours = momentum(*model, after(model, 500, d.get()));
  for (int step = 0; step < 500; ++step) {
    std::fill_n(d->ctrl, model->nu(), 0.0);
    mj_step(model->mj(), d.get());
  }
  const std::vector<double> theirs = momentum(*model, {std::vector<double>(d->qpos, d->qpos + model->nq()),
                                                       std::vector<double>(d->qvel, d->qvel + model->nv())});
  for (std::size_t k = 0; k < before.size(); ++k) {
    const double drift = std::abs(theirs[k] - before[k]);
    EXPECT_NEAR(ours[k], before[k], 2 * drift + 1e-9) << "component " << k;
  }
}

}  // namespace
}  // namespace lockstep
