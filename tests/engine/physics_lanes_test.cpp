// What holds for the compiled kernels of every instruction set, precision and lane count: worlds do not see their
// neighbours, faults stay where they arise, and all agree with each other.
#include "tests/engine/force_models.h"
#include "tests/engine/native_worlds.h"

#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

struct Configuration {
  Isa isa;
  int lanes;
  bool single;  // float; else double
};

std::vector<Configuration> configurations() {
  std::vector<Configuration> list;
  for (const Isa isa : runnable_isas()) {
    for (const int lanes : physics_lanes<float>(isa)) list.push_back({isa, lanes, true});
    for (const int lanes : physics_lanes<double>(isa)) list.push_back({isa, lanes, false});
  }
  return list;
}

std::shared_ptr<const Model> with_noslip(const std::string& xml) {
  return Model::from_xml(xml, {}, [](mjModel_& m) { m.opt.noslip_iterations = 3; });
}

class PhysicsLanes : public testing::TestWithParam<Configuration> {
 protected:
  // Calls f(R{}, kernels) in the precision of the configuration.
  template <class Function>
  void with_kernels(Function&& f) {
    const Configuration& c = GetParam();
    if (c.single) {
      f(float{}, physics_kernels<float>(c.isa, c.lanes));
    } else {
      f(double{}, physics_kernels<double>(c.isa, c.lanes));
    }
  }
  static std::vector<std::shared_ptr<const Model>> models() {
    return {Model::from_xml(kAllLimits),
            Model::from_xml(kAllJoints),
            Model::from_xml(all_contacts("pyramidal")),
            Model::from_xml(all_contacts("elliptic")),
            Model::from_xml(kScalarConstraints),
            Model::from_xml(body_equalities("<freejoint/>")),
            Model::from_xml(kPlanarLinkage),
            with_noslip(all_contacts("pyramidal")),
            with_noslip(all_contacts("elliptic")),
            with_noslip(kScalarConstraints),
            suite_model("gymnasium/envs/mujoco/assets/half_cheetah.xml", true),
            suite_model("dm_control/suite/cartpole.xml", true),
            Model::from_xml(two_trees(kTendons, kImplicit)),
            Model::from_xml(with_joint_ranges(two_trees(kClampedTendons, kWet))),
            Model::from_xml(joints_in_space(std::string(kTransmissions) + kMuscles, kImplicit)),
            Model::from_xml(ellipsoids_in_fluid()),
            Model::from_xml(kWrapping),
            suite_model("gymnasium/envs/mujoco/assets/swimmer.xml", false)};
  }
};

// All numbers of one world's state.
template <class R>
std::vector<R> state_of(NativeWorlds<R>& worlds, int world) {
  std::vector<R> state;
  for (int field = 0; field < worlds.layout().size; ++field) state.push_back(worlds.at(world, field));
  return state;
}

template <class R>
bool same_bits(const std::vector<R>& a, const std::vector<R>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(R)) == 0;
}

TEST_P(PhysicsLanes, AWorldIsBitEqualWhateverItsNeighboursAndItsLane) {
  for (const auto& model : models()) {
    with_kernels([&](auto zero, const auto& kernels) {
      using R = decltype(zero);
      const int lanes = kernels.lanes;
      const Data tested = make_data(*model), neighbour = make_data(*model);
      std::mt19937_64 random(21);
      randomise(*model, *tested, random, 0.6);
      std::vector<R> expected;
      for (int position = 0; position < lanes; ++position) {
        NativeWorlds<R> worlds(*model, lanes, kernels);
        for (int world = 0; world < lanes; ++world) {
          randomise(*model, *neighbour, random, position == 0 ? 0.01 : 0.7);
          worlds.read(world, world == position ? *tested : *neighbour);
        }
        worlds.step(20);
        const std::vector<R> state = state_of(worlds, position);
        if (position == 0) expected = state;
        EXPECT_TRUE(same_bits(state, expected)) << model->name() << " at lane " << position;
      }
    });
  }
}

TEST_P(PhysicsLanes, SeveralStepsAtOnceAreTheSameStepsOneByOne) {
  for (const auto& model : models()) {
    with_kernels([&](auto zero, const auto& kernels) {
      using R = decltype(zero);
      NativeWorlds<R> at_once(*model, kernels.lanes, kernels), one_by_one(*model, kernels.lanes, kernels);
      const Data d = make_data(*model);
      std::mt19937_64 random(22);
      for (int world = 0; world < kernels.lanes; ++world) {
        randomise(*model, *d, random, 0.5);
        at_once.read(world, *d);
        one_by_one.read(world, *d);
      }
      at_once.step(10);
      for (int step = 0; step < 10; ++step) one_by_one.step(1);
      for (int world = 0; world < kernels.lanes; ++world) {
        EXPECT_TRUE(same_bits(state_of(at_once, world), state_of(one_by_one, world))) << model->name();
      }
    });
  }
}

// One world gets `value` into the field that `where` names; the others must end as without it.
template <class R>
void expect_fault_stays_in_its_world(const Model& model, const kernels::PhysicsKernels<R>& kernels, int field,
                                     R value) {
  NativeWorlds<R> healthy(model, kernels.lanes, kernels), hurt(model, kernels.lanes, kernels);
  const Data d = make_data(model);
  std::mt19937_64 random(23);
  for (int world = 0; world < kernels.lanes; ++world) {
    randomise(model, *d, random, 0.5);
    healthy.read(world, *d);
    hurt.read(world, *d);
  }
  hurt.at(1, field) = value;
  healthy.step(3);
  hurt.step(3);
  const int fault = hurt.layout().fault;
  EXPECT_EQ(hurt.at(1, fault), 1) << model.name() << " with " << model.nv() << " dofs, field " << field;
  for (int world = 0; world < kernels.lanes; ++world) {
    if (world == 1) continue;
    EXPECT_EQ(hurt.at(world, fault), 0);
    EXPECT_TRUE(same_bits(state_of(hurt, world), state_of(healthy, world))) << "field " << field << " world " << world;
  }
}

TEST_P(PhysicsLanes, ABadNumberIsAFaultOfItsWorldAlone) {
  for (const auto& model : models()) {
    with_kernels([&](auto zero, const auto& kernels) {
      using R = decltype(zero);
      const auto layout = model->state_layout();
      const R nan = std::numeric_limits<R>::quiet_NaN(), infinity = std::numeric_limits<R>::infinity();
      for (const int field : {layout.qpos, layout.qvel, layout.ctrl}) {
        if (field == layout.ctrl && model->nu() == 0) continue;
        expect_fault_stays_in_its_world<R>(*model, kernels, field, nan);
        expect_fault_stays_in_its_world<R>(*model, kernels, field, infinity);
        expect_fault_stays_in_its_world<R>(*model, kernels, field, R(1e12));
      }
    });
  }
}

TEST_P(PhysicsLanes, AWorldThatDivergesKeepsItsLastFiniteState) {
  const auto model = Model::from_xml(R"(
    <mujoco><worldbody><body><joint type="slide" axis="1 0 0" stiffness="-1e9"/><geom size="0.1" mass="0.001"/></body>
    </worldbody><option timestep="0.1"/></mujoco>)");
  with_kernels([&](auto zero, const auto& kernels) {
    using R = decltype(zero);
    NativeWorlds<R> worlds(*model, kernels.lanes, kernels);
    worlds.at(1, worlds.layout().qpos) = R(0.5);
    worlds.step(1);
    EXPECT_EQ(worlds.at(1, worlds.layout().fault), 1);
    EXPECT_EQ(worlds.at(1, worlds.layout().qpos), R(0.5));
    EXPECT_EQ(worlds.at(1, worlds.layout().qvel), R(0));
    EXPECT_EQ(worlds.at(1, worlds.layout().time), R(0));
    EXPECT_EQ(worlds.at(0, worlds.layout().fault), 0);
    EXPECT_EQ(worlds.at(0, worlds.layout().time), R(0.1));
  });
}

// The instruction sets round differently (fused multiply-add), nothing more.
TEST_P(PhysicsLanes, AgreeWithTheBaselineToRounding) {
  for (const auto& model : models()) {
    with_kernels([&](auto zero, const auto& kernels) {
      using R = decltype(zero);
      NativeWorlds<R> worlds(*model, 8, kernels), baseline(*model, 8, physics_kernels<R>(Isa::kBaseline));
      const Data d = make_data(*model);
      std::mt19937_64 random(24);
      for (int world = 0; world < 8; ++world) {
        randomise(*model, *d, random, 0.5);
        worlds.read(world, *d);
        baseline.read(world, *d);
      }
      const auto layout = model->state_layout();
      std::vector<R> before;
      for (int world = 0; world < 8; ++world) {
        for (int i = 0; i < model->nv(); ++i) before.push_back(baseline.at(world, layout.qvel + i));
      }
      worlds.step(1);
      baseline.step(1);
      for (int world = 0; world < 8; ++world) {
        // A thousand roundings of the largest acceleration (at least 1e3 m/s^2) over one step.
        double change = 1e3 * model->timestep();
        const R* start = before.data() + static_cast<std::ptrdiff_t>(world) * model->nv();
        for (int i = 0; i < model->nv(); ++i) {
          change = std::max(change, std::abs(double{baseline.at(world, layout.qvel + i)} - double{start[i]}));
        }
        // Seven stiff welds between light bodies, two of them at odds, magnify rounding by ten.
        const double roundings = model->mj()->neq > 4 ? 1e4 : 1e3;
        const double tolerance = roundings * double{std::numeric_limits<R>::epsilon()} * change;
        for (int i = 0; i < model->nv(); ++i) {
          EXPECT_NEAR(worlds.at(world, layout.qvel + i), baseline.at(world, layout.qvel + i), tolerance)
              << model->name();
        }
      }
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, PhysicsLanes, testing::ValuesIn(configurations()), [](const auto& parameter) {
  const Configuration& c = parameter.param;
  return std::string(isa_name(c.isa)) + (c.single ? "Float" : "Double") + std::to_string(c.lanes);
});

TEST(PhysicsKernels, RefusesALaneCountThatIsNotCompiledAndNamesThoseThatAre) {
  try {
    (void)physics_kernels<float>(Isa::kBaseline, 5);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.problem().find("5 lanes"), std::string::npos);
    EXPECT_NE(error.fix().find("4 or 2"), std::string::npos);
  }
}

}  // namespace
}  // namespace lockstep
