// Sensors that need the forces of constraints, or cast rays, against MuJoCo's sensordata in double: on random states,
// and along motions that end in contact.
#include "engine/physics_kernels.h"
#include "kernels/sensors.h"
#include "tests/engine/native_worlds.h"
#include "tests/engine/scalar_world.h"

#include <algorithm>
#include <array>
#include <string>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

// Bodies that fall on each other and on the floor, with touch zones of every shape, and wrists to measure at.
std::string sensed_heap(const std::string& cone) {
  return R"(
<mujoco>
  <option timestep="0.002" cone=")" +
         cone + R"(" impratio="2"/>
  <default><geom friction="0.8 0.02 0.01" solref="0.03 1"/></default>
  <worldbody>
    <geom name="floor" type="plane" size="0 0 1" pos="0 0 -0.1" zaxis="0.05 0 1"/>
    <geom name="post" type="capsule" size="0.05" fromto="0.42 0.15 0.2 0.42 0.15 0.5"/>
    <site name="pad" type="box" size="0.5 0.5 0.1"/>
    <body name="ball" pos="0.1 0.1 0.1">
      <freejoint/>
      <geom size="0.12" condim="4" margin="0.01"/>
      <site name="ball" type="sphere" size="0.1" pos="0 0 -0.05"/>
      <site name="crown" type="ellipsoid" size="0.1 0.08 0.05" pos="0 0 0.1" euler="10 20 0"/>
    </body>
    <body name="roller" pos="-0.15 0.05 0.1" quat="0.8 0.3 0.5 0.1">
      <freejoint/>
      <geom type="capsule" size="0.08 0.15" condim="6"/>
      <site name="roller" type="capsule" size="0.07 0.1" euler="0 0 20"/>
      <body name="badge" pos="0.05 0 0.2">
        <geom type="sphere" size="0.04" mass="0.2"/>
        <site name="badge" type="cylinder" size="0.05 0.03" euler="30 0 10"/>
      </body>
    </body>
    <body name="puck" pos="0.1 -0.2 0.05">
      <freejoint/>
      <geom type="box" size="0.1 0.08 0.05" condim="1"/>
      <site name="puck" type="box" size="0.11 0.05 0.06"/>
    </body>
    <body name="arm" pos="0.3 0.15 0.2">
      <joint type="ball" damping="0.1" range="0 50"/>
      <geom type="capsule" size="0.05" fromto="0 0 0 0.2 0 0"/>
      <site name="shoulder" euler="0 30 0"/>
      <body pos="0.2 0 0">
        <joint name="elbow" axis="0 1 0" range="-2 2" armature="0.01"/>
        <geom type="capsule" size="0.05" fromto="0 0 0 -0.05 0 0.2"/>
        <site name="elbow" type="capsule" size="0.06 0.1" pos="0 0 0.1"/>
        <body pos="-0.05 0 0.2">
          <joint name="wrist" type="slide" axis="0 0.6 0.8" range="-0.02 0.03" margin="0.005"/>
          <geom size="0.07" pos="-0.1 0 -0.12"/>
          <site name="wrist" type="cylinder" size="0.08 0.05" pos="-0.1 0 -0.12"/>
          <body name="plate" pos="0 0 0.05" euler="0 40 10">
            <geom type="box" size="0.08 0.06 0.01"/>
            <site name="plate" type="ellipsoid" size="0.1 0.07 0.03"/>
          </body>
        </body>
      </body>
    </body>
  </worldbody>
  <tendon>
    <fixed name="cable" range="-0.05 0.04"><joint joint="elbow" coef="0.2"/><joint joint="wrist" coef="1"/></fixed>
  </tendon>
  <actuator><motor joint="elbow" gear="3"/><motor joint="wrist" gear="10"/></actuator>
  <sensor>
    <touch site="pad"/><touch site="ball"/><touch site="crown"/><touch site="roller"/><touch site="badge"/>
    <touch site="puck"/><touch site="elbow"/><touch site="wrist" cutoff="2"/><touch site="plate"/>
    <force site="pad"/><force site="ball"/><torque site="ball"/>
    <force site="roller"/><torque site="roller"/><force site="badge"/><torque site="badge"/>
    <force site="puck"/><torque site="puck"/><force site="shoulder"/><torque site="shoulder"/>
    <force site="elbow"/><torque site="elbow"/><force site="wrist"/><torque site="wrist"/>
    <force site="plate"/><torque site="plate" cutoff="0.5"/>
    <accelerometer site="plate"/><accelerometer site="puck"/>
    <jointlimitpos joint="elbow"/><jointlimitvel joint="elbow"/><jointlimitfrc joint="elbow"/>
    <jointlimitpos joint="wrist"/><jointlimitvel joint="wrist"/><jointlimitfrc joint="wrist"/>
    <tendonlimitpos tendon="cable"/><tendonlimitvel tendon="cable"/><tendonlimitfrc tendon="cable"/>
  </sensor>
</mujoco>)";
}

// A leg in the plane whose foot stands on a rail that leans out of the plane.
std::string sensed_leg(const std::string& cone) {
  return R"(
<mujoco>
  <option timestep="0.002" cone=")" +
         cone + R"("/>
  <worldbody>
    <geom type="plane" size="0 0 1"/>
    <geom type="capsule" size="0.05" fromto="0.1 -1 0.1 0.2 1 0.0"/>
    <body pos="0 0 0.6">
      <joint type="slide" axis="1 0 0"/><joint type="slide" axis="0 0 1"/><joint axis="0 1 0"/>
      <geom type="box" size="0.1 0.1 0.05"/>
      <body pos="0 0 -0.05">
        <joint name="hip" axis="0 1 0" range="-40 40"/>
        <geom type="capsule" size="0.05" fromto="0 0.03 0 0 0.06 -0.35"/>
        <site name="hip" euler="10 20 30"/>
        <body pos="0 0 -0.45">
          <geom type="capsule" size="0.07" fromto="-0.1 0.05 0 0.15 0.02 0" condim="6"/>
          <site name="foot" type="box" size="0.2 0.1 0.1" pos="0 0.03 0"/>
          <site name="toe" type="sphere" size="0.1" pos="0.15 0.02 0"/>
        </body>
      </body>
    </body>
  </worldbody>
  <actuator><motor joint="hip" gear="20"/></actuator>
  <sensor>
    <touch site="foot"/><touch site="toe"/><force site="foot"/><torque site="foot"/><force site="hip"/>
    <torque site="hip"/><jointlimitfrc joint="hip"/><accelerometer site="toe"/>
  </sensor>
</mujoco>)";
}

std::shared_ptr<const Model> solved(const std::string& xml) { return Model::from_xml(xml, {}, solve_to_the_end); }
std::shared_ptr<const Model> without_slip(const std::string& xml) {
  return Model::from_xml(xml, {}, [](mjModel_& m) {
    solve_to_the_end(m);
    m.opt.noslip_iterations = 3;
    m.opt.noslip_tolerance = 0;  // MuJoCo lets each island end by itself
  });
}
// A model whose bodies are tied to each other and to the world.
std::string tied(std::string xml) {
  const char* ties = R"(
  <equality>
    <connect body1="ball" body2="roller" anchor="0.1 0 0.02" solref="0.05 0.8"/>
    <weld body1="puck" torquescale="0.3" solref="0.1 1"/>
    <weld body1="plate" body2="arm" torquescale="2" anchor="0.02 0.03 0" solref="0.1 1" solimp="0.5 0.6 0.3 0.5 2"/>
  </equality>)";
  return xml.insert(xml.find("</mujoco>"), ties);
}
std::shared_ptr<const Model> solved_suite(const std::string& name) {
  return Model::from_file(task_model("dm_control/suite/" + name + ".xml"), solve_to_the_end);
}

struct SensedCase {
  const char* name;
  std::shared_ptr<const Model> (*make)();
  double reach;      // of the random states that motions start from
  double tolerance;  // relative to the sensor's largest number, at least 1
};

// The suite's hand and finger touch with cylinders and ellipsoids, whose contacts MuJoCo itself finds by iteration.
const SensedCase kCases[] = {
    {"PyramidalHeap", [] { return solved(sensed_heap("pyramidal")); }, 0.2, 1e-7},
    {"EllipticHeap", [] { return solved(sensed_heap("elliptic")); }, 0.2, 1e-6},
    {"PyramidalLeg", [] { return solved(sensed_leg("pyramidal")); }, 0.2, 1e-7},
    {"EllipticLeg", [] { return solved(sensed_leg("elliptic")); }, 0.2, 1e-6},
    {"PyramidalHeapWithoutSlip", [] { return without_slip(sensed_heap("pyramidal")); }, 0.2, 1e-7},
    {"EllipticHeapWithoutSlip", [] { return without_slip(sensed_heap("elliptic")); }, 0.2, 1e-6},
    {"TiedHeap", [] { return solved(tied(sensed_heap("pyramidal"))); }, 0.2, 1e-7},
    {"Hopper", [] { return solved_suite("hopper"); }, 0.3, 1e-7},
    {"Walker", [] { return solved_suite("walker"); }, 0.3, 1e-7},
    {"Cheetah", [] { return solved_suite("cheetah"); }, 0.3, 1e-7},
    {"Finger", [] { return solved_suite("finger"); }, 0.3, 1e-6},
    {"Fish", [] { return solved_suite("fish"); }, 0.3, 1e-7},
    {"Swimmer", [] { return solved_suite("swimmer"); }, 0.3, 1e-7},
    {"Manipulator", [] { return solved_suite("manipulator"); }, 0.3, 1e-6},
    {"Stacker", [] { return solved_suite("stacker"); }, 0.3, 1e-6},
    {"Humanoid", [] { return solved_suite("humanoid"); }, 0.3, 1e-7},
    {"HumanoidCMU", [] { return solved_suite("humanoid_CMU"); }, 0.3, 1e-7},
    {"Quadruped", [] { return solved_suite("quadruped"); }, 0.3, 1e-4},
};

class ContactSensors : public testing::TestWithParam<SensedCase> {};

// Starts anew from a random state every ten states; between them MuJoCo moves on by some steps.
void next_state(const Model& model, mjData& d, std::mt19937_64& random, int state, double reach) {
  if (state % 10 == 0) randomise(model, d, random, reach);
  std::uniform_real_distribution<double> draw(-1, 1);
  for (int i = 0; i < model.nu(); ++i) d.ctrl[i] = draw(random);
  for (int step = 0; step < 15; ++step) mj_step(model.mj(), &d);
  mj_forward(model.mj(), &d);
}

TEST_P(ContactSensors, MatchMujoco) {
  const auto model = GetParam().make();
  ASSERT_TRUE(model->is_native()) << model->native_support()[0];
  const mjModel& m = *model->mj();
  const Data d = make_data(*model);
  ScalarWorld world(*model);
  std::mt19937_64 random(5);
  std::vector<double> ours(static_cast<std::size_t>(m.nsensordata));
  std::vector<double> seen(static_cast<std::size_t>(m.nsensor));
  for (int state = 0; state < 60; ++state) {
    next_state(*model, *d, random, state, GetParam().reach);
    world.read(*d);
    kernels::sensors(model->constants<double>(), world.block(), world.arena(), ours.data(), kernels::Solo{});
    for (int sensor = 0; sensor < m.nsensor; ++sensor) {
      const int adr = m.sensor_adr[sensor], dim = m.sensor_dim[sensor];
      EXPECT_LE(relative_deviation(&ours[static_cast<std::size_t>(adr)], d->sensordata + adr, dim),
                GetParam().tolerance)
          << "state " << state << ", sensor " << sensor << " of type " << m.sensor_type[sensor];
      for (int i = 0; i < dim; ++i) seen[static_cast<std::size_t>(sensor)] += std::abs(d->sensordata[adr + i]);
    }
  }
  const std::string name = GetParam().name;
  if (name != "PyramidalHeap" && name != "EllipticHeap") return;
  for (int sensor = 0; sensor < m.nsensor; ++sensor) {
    const bool on_world = m.sensor_objtype[sensor] == mjOBJ_SITE && m.site_bodyid[m.sensor_objid[sensor]] == 0;
    if (!on_world) {
      EXPECT_GT(seen[static_cast<std::size_t>(sensor)], 0) << "sensor " << sensor << " never saw anything";
    }
  }
}

TEST_P(ContactSensors, AreTheSameBitsInEveryOrder) {
  const auto model = GetParam().make();
  const Data d = make_data(*model);
  ScalarWorld world(*model);
  std::mt19937_64 random(6);
  std::vector<double> alone(static_cast<std::size_t>(model->mj()->nsensordata)), shuffled(alone.size());
  for (int state = 0; state < 5; ++state) {
    next_state(*model, *d, random, state, GetParam().reach);
    world.read(*d);
    kernels::sensors(model->constants<double>(), world.block(), world.arena(), alone.data(), kernels::Solo{});
    kernels::sensors(model->constants<double>(), world.block(), world.arena(), shuffled.data(),
                     kernels::Shuffled{.seed = 5});
    EXPECT_EQ(alone, shuffled) << "state " << state;
  }
}

// Of the widest kernels: a world among others, and with nothing but copies of the initial state beside it.
TEST_P(ContactSensors, OfOneWorldDoNotDependOnItsNeighbours) {
  const auto model = GetParam().make();
  const auto& kernels = physics_kernels<float>(best_isa());
  const Data d = make_data(*model);
  std::mt19937_64 random(7);
  NativeWorlds<float> crowd(*model, kernels.lanes, kernels);
  for (int state = 0; state < kernels.lanes; ++state) {
    next_state(*model, *d, random, state, GetParam().reach);
    crowd.read(state, *d);
    NativeWorlds<float> alone(*model, kernels.lanes, kernels);
    alone.read(state, *d);
    if (state + 1 == kernels.lanes) {
      EXPECT_EQ(crowd.sensors(state), alone.sensors(state));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, ContactSensors, testing::ValuesIn(kCases),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

// Rays from a cloud of sites against every kind of geom: some inside of one, one on the body of a geom, some against
// what cannot be seen.
std::string range_scene() {
  return R"(
<mujoco>
  <asset>
    <hfield name="hills" nrow="5" ncol="7" size="0.8 0.5 0.3 0.1"
      elevation="0 1 0 2 0 1 3  2 0 4 0 1 0 0  0 3 0 0 2 5 0  1 0 0 4 0 0 2  0 2 1 0 3 0 1"/>
    <mesh name="wedge" vertex="0 0 0  0.3 0 0  0 0.3 0  0.1 0.1 0.05  0 0 0.4"
      face="0 2 1  0 1 4  0 4 2  1 2 3  1 3 4  3 2 4"/>
    <material name="glass" rgba="1 1 1 0"/>
  </asset>
  <worldbody>
    <geom type="plane" size="2 1.5 0.1" pos="0 0 -0.5"/>
    <geom type="hfield" hfield="hills" pos="0.2 0.1 -0.3" euler="5 10 20"/>
    <geom type="sphere" size="0.2" pos="0.6 0 0.4"/>
    <geom type="ellipsoid" size="0.1 0.2 0.3" pos="-0.6 0 0.4" euler="10 20 30"/>
    <geom type="sphere" size="0.4" pos="0 0 1.2" rgba="1 0 0 0"/>
    <geom type="box" size="0.4 0.4 0.4" pos="0 1 0" material="glass"/>
    <body pos="0 0.6 0.4"><freejoint/><geom type="capsule" size="0.1 0.2"/>
      <body pos="0 0 0.4"><geom type="cylinder" size="0.15 0.1" euler="20 0 0"/></body></body>
    <body pos="0 -0.6 0.4"><joint type="ball"/><geom type="box" size="0.2 0.1 0.15" group="4"/></body>
    <body pos="0.5 0.5 0.5"><freejoint/><geom type="mesh" mesh="wedge"/></body>
    <body mocap="true" pos="-0.5 0.5 0.6"><geom type="sphere" size="0.1" contype="0" conaffinity="0"/></body>
    <body pos="0 0 0.5"><freejoint/><geom size="0.05"/>%SITES%</body>
    <site name="fixed" pos="0.1 0.1 1" euler="170 5 0"/>
  </worldbody>
  <contact/>
  <sensor><rangefinder site="fixed"/>%SENSORS%</sensor>
</mujoco>)";
}

std::string filled(std::string xml, const std::string& mark, const std::string& text) {
  return xml.replace(xml.find(mark), mark.size(), text);
}

std::shared_ptr<const Model> range_model() {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> draw(-1, 1);
  std::string sites, sensors;
  for (int k = 0; k < 60; ++k) {
    const std::string name = "s" + std::to_string(k);
    std::string pos, axis;
    for (int i = 0; i < 3; ++i) {
      pos += std::to_string(0.6 * draw(random)) + " ";
      axis += std::to_string(draw(random)) + " ";
    }
    sites += "<site name=\"" + name + "\" pos=\"" + pos + "\" zaxis=\"" + axis + "\"/>";
    sensors += "<rangefinder site=\"" + name + "\"" + (k % 7 == 0 ? " cutoff=\"0.4\"" : "") + "/>";
  }
  return Model::from_xml(filled(filled(range_scene(), "%SITES%", sites), "%SENSORS%", sensors), {},
                         [](mjModel_& m) { m.opt.disableflags |= mjDSBL_CONTACT; });
}

TEST(Rangefinders, MeasureAsMujocoDoes) {
  const auto model = range_model();
  ASSERT_TRUE(model->is_native()) << model->native_support()[0];
  const mjModel& m = *model->mj();
  const Data d = make_data(*model);
  ScalarWorld world(*model);
  std::mt19937_64 random(9);
  std::vector<double> ours(static_cast<std::size_t>(m.nsensordata));
  int hits = 0, misses = 0;
  for (int state = 0; state < 50; ++state) {
    randomise(*model, *d, random, 0.5);
    mj_forward(&m, d.get());
    world.read(*d);
    kernels::sensors(model->constants<double>(), world.block(), world.arena(), ours.data(), kernels::Solo{});
    for (int i = 0; i < m.nsensordata; ++i) {
      EXPECT_NEAR(ours[static_cast<std::size_t>(i)], d->sensordata[i], 1e-9) << "state " << state << ", sensor " << i;
      ++(d->sensordata[i] < 0 ? misses : hits);
    }
  }
  EXPECT_GT(hits, 1000);
  EXPECT_GT(misses, 200);
}

TEST(Rangefinders, OfOneWorldDoNotDependOnItsNeighbours) {
  const auto model = range_model();
  const auto& kernels = physics_kernels<float>(best_isa());
  const Data d = make_data(*model);
  std::mt19937_64 random(10);
  NativeWorlds<float> crowd(*model, kernels.lanes, kernels);
  for (int world = 0; world < kernels.lanes; ++world) {
    randomise(*model, *d, random, 0.5);
    crowd.read(world, *d);
    NativeWorlds<float> alone(*model, kernels.lanes, kernels);
    alone.read(world, *d);
    if (world + 1 == kernels.lanes) {
      EXPECT_EQ(crowd.sensors(world), alone.sensors(world));
    }
  }
}

// A height field of one triangle's slope, seen from above: z = 0.3 (x + 1) / 2 at the ray.
TEST(Rays, MeetAHeightFieldWhereItsSlopeIs) {
  const std::array<double, 4> heights{0, 1, 0, 1};
  const kernels::HeightFieldShape<double> field{2, 2, {1, 1, 0.3, 0.1}, heights.data()};
  const kernels::Ray<double> down{{0.5, -0.2, 2}, {0, 0, -1}};
  EXPECT_NEAR(kernels::hit_height_field(field, down), 2 - 0.3 * 0.75, 1e-12);
}

TEST(Rays, LeaveASphereThatTheyBeginIn) {
  const std::array<double, 3> size{0.5, 0, 0};
  const kernels::Ray<double> ray{{0.1, 0, 0}, {1, 0, 0}};
  EXPECT_NEAR(kernels::hit_geom(kernels::kSphere, size.data(), ray), 0.4, 1e-15);
}

TEST(Rays, PassAPlaneFromBehind) {
  const std::array<double, 3> endless{0, 0, 1};
  const kernels::Ray<double> up{{0, 0, -1}, {0, 0, 1}};
  EXPECT_TRUE(std::isinf(kernels::hit_geom(kernels::kPlane, endless.data(), up)));
}

}  // namespace
}  // namespace lockstep
