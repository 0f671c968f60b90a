// Tendons, general actuators, fluid and gravity compensation on the native kernels, stage by stage against MuJoCo's
// arrays in double.
#include "engine/model_constants.h"
#include "tests/engine/force_models.h"
#include "tests/engine/scalar_world.h"

#include <string>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

class SmoothForces : public testing::TestWithParam<ForceCase> {
 protected:
  void SetUp() override { ASSERT_TRUE(model->is_native()) << model->native_support()[0]; }
  // f(mjData) at random states, after `run_mujoco(model, data)`.
  template <class Run, class Function>
  void at_random_states(Run&& run_mujoco, Function&& f) {
    for (int state = 0; state < 20; ++state) {
      randomise(*model, *data, random, 1);
      world.read(*data);
      run_mujoco(model->mj(), data.get());
      f(*data);
    }
  }
  std::shared_ptr<const Model> model = GetParam().make();
  Data data = make_data(*model);
  ScalarWorld world{*model};
  std::mt19937_64 random{17};
};

TEST_P(SmoothForces, PosesMatchMujoco) {
  const mjModel& m = *model->mj();
  std::vector<double> xpos(static_cast<std::size_t>(3 * m.nbody)), xmat(3 * xpos.size());
  at_random_states(mj_forward, [&](const mjData& d) {
    kernels::poses(model->constants<double>(), world.block(), world.arena(), xpos.data(), xmat.data(), kernels::Solo{});
    expect_near(xpos.data(), d.xpos, 3 * m.nbody, 5e-14, "xpos");
    expect_near(xmat.data(), d.xmat, 9 * m.nbody, 5e-14, "xmat");
  });
}

TEST_P(SmoothForces, TendonsMatchMujoco) {
  const mjModel& m = *model->mj();
  at_random_states(mj_forward, [&](const mjData& d) {
    world.run([&](const auto& c, const auto& w) {
      mass_and_bias(c, w, kernels::Solo{});
      expect_near(w.ten_length, d.ten_length, m.ntendon, 1e-14, "ten_length");
      expect_near(w.ten_velocity, d.ten_velocity, m.ntendon, 1e-13, "ten_velocity");
      expect_near(w.ten_J, d.ten_J, m.nJten, 1e-13, "ten_J");
    });
  });
}

TEST_P(SmoothForces, MassMatrixAndBiasMatchMujoco) {
  const mjModel& m = *model->mj();
  const auto nv = static_cast<std::size_t>(m.nv);
  std::vector<double> full(nv * nv), ours(nv * nv), bias(nv);
  at_random_states(mj_forward, [&](const mjData& d) {
    mj_fullM(&m, data.get(), full.data());
    world.run([&](const auto& c, const auto& w) {
      mass_and_bias(c, w, kernels::Solo{});
      for (int i = 0; i < c.nv; ++i) {
        bias[static_cast<std::size_t>(i)] = -w.qfrc[i];
        for (int t = 0; t <= c.dof_depth[i]; ++t) {
          const int column = c.dof_ancestor[c.dof_row[i] + 1 + t];
          const double entry = w.mass_rows[c.dof_row[i] + 1 + t];
          ours[static_cast<std::size_t>(i * c.nv + column)] = ours[static_cast<std::size_t>(column * c.nv + i)] = entry;
        }
      }
    });
    expect_near(ours.data(), full.data(), m.nv * m.nv, 1e-13, "M");
    expect_near(bias.data(), d.qfrc_bias, m.nv, 1e-12, "qfrc_bias");
  });
}

TEST_P(SmoothForces, PassiveForcesMatchMujoco) {
  const mjModel& m = *model->mj();
  at_random_states(mj_forward, [&](const mjData& d) {
    world.run([&](const auto& c, const auto& w) {
      mass_and_bias(c, w, kernels::Solo{});
      std::fill(w.qfrc, w.qfrc + m.nv, 0.0);
      add_passive(c, w, kernels::Solo{});
      expect_near(w.qfrc, d.qfrc_passive, m.nv, 1e-12, "qfrc_passive");
    });
  });
}

TEST_P(SmoothForces, ActuationMatchesMujoco) {
  const mjModel& m = *model->mj();
  at_random_states(mj_forward, [&](const mjData& d) {
    world.run([&](const auto& c, const auto& w) {
      mass_and_bias(c, w, kernels::Solo{});
      add_passive(c, w, kernels::Solo{});
      std::fill(w.qfrc, w.qfrc + m.nv, 0.0);
      add_actuation(c, w, static_cast<double*>(nullptr), kernels::Solo{});
      expect_near(w.qfrc, d.qfrc_actuator, m.nv, 1e-12, "qfrc_actuator");
      expect_near(w.act_dot, d.act_dot, m.na, 1e-13, "act_dot");
    });
  });
}

TEST_P(SmoothForces, AccelerationMatchesMujoco) {
  const mjModel& m = *model->mj();
  std::vector<double> qacc(static_cast<std::size_t>(m.nv));
  at_random_states(mj_forward, [&](const mjData& d) {
    kernels::acceleration(model->constants<double>(), world.block(), world.arena(), qacc.data(), kernels::Solo{});
    expect_near(qacc.data(), d.qacc, m.nv, 1e-9, "qacc");
  });
}

TEST_P(SmoothForces, OneStepMatchesMujoco) {
  const mjModel& m = *model->mj();
  const auto layout = model->state_layout();
  at_random_states(mj_step, [&](const mjData& d) {
    world.step(1, kernels::Solo{});
    const double* state = world.block().base;
    EXPECT_EQ(world[layout.fault], 0);
    expect_near(state + layout.qpos, d.qpos, m.nq, 1e-12, "qpos");
    expect_near(state + layout.qvel, d.qvel, m.nv, 1e-11, "qvel");
    expect_near(state + layout.act, d.act, m.na, 1e-13, "act");
  });
}

TEST_P(SmoothForces, OrderOfWorkInsideATeamDoesNotMatter) {
  randomise(*model, *data, random, 1);
  ScalarWorld alone(*model), backwards(*model), shuffled(*model);
  for (ScalarWorld* each : {&alone, &backwards, &shuffled}) each->read(*data);
  alone.step(3, kernels::Solo{});
  backwards.step(3, kernels::Shuffled{.seed = 0});
  shuffled.step(3, kernels::Shuffled{.seed = 5});
  for (int field = 0; field < model->state_layout().size; ++field) {
    EXPECT_EQ(alone[field], backwards[field]) << "field " << field;
    EXPECT_EQ(alone[field], shuffled[field]) << "field " << field;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, SmoothForces, testing::ValuesIn(force_cases()),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

// A batch whose constants say applied_bodies = nbody has places for forces from outside in its state block.
TEST(AppliedForces, AccelerateBodiesAndDofsAsInMujoco) {
  const auto model = from(two_trees(kTendons));
  const mjModel& m = *model->mj();
  auto constants = model->constants<double>();
  constants.applied_bodies = constants.nbody;
  const kernels::StateLayout layout = kernels::state_layout(constants);
  HostBuffer<double> state(static_cast<std::size_t>(layout.size));
  HostBuffer<double> arena(static_cast<std::size_t>(scratch_size(constants)));
  const Data d = make_data(*model);
  std::mt19937_64 random(23);
  std::uniform_real_distribution<double> draw(-5, 5);
  std::vector<double> qacc(static_cast<std::size_t>(m.nv));
  for (int k = 0; k < 10; ++k) {
    randomise(*model, *d, random, 1);
    for (int i = 0; i < 6 * m.nbody; ++i) d->xfrc_applied[i] = draw(random);
    for (int i = 0; i < m.nv; ++i) d->qfrc_applied[i] = draw(random);
    mj_forward(&m, d.get());
    std::copy(d->qpos, d->qpos + m.nq, state.data() + layout.qpos);
    std::copy(d->qvel, d->qvel + m.nv, state.data() + layout.qvel);
    std::copy(d->act, d->act + m.na, state.data() + layout.act);
    std::copy(d->ctrl, d->ctrl + m.nu, state.data() + layout.ctrl);
    std::copy(d->xfrc_applied, d->xfrc_applied + 6 * m.nbody, state.data() + layout.xfrc_applied);
    std::copy(d->qfrc_applied, d->qfrc_applied + m.nv, state.data() + layout.qfrc_applied);
    kernels::acceleration(constants, kernels::StateBlock<double>{state.data(), 1}, arena.data(), qacc.data(),
                          kernels::Solo{});
    expect_near(qacc.data(), d->qacc, m.nv, 1e-9, "qacc");
  }
}

}  // namespace
}  // namespace lockstep
