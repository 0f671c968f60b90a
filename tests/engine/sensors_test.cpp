// Sensors on the native kernels against MuJoCo's sensordata in double.
#include "engine/native_support.h"
#include "kernels/sensors.h"
#include "tests/engine/force_models.h"
#include "tests/engine/scalar_world.h"

#include <string>

#include <gtest/gtest.h>

namespace lockstep {
namespace {

std::string with_sensors(std::string xml, const std::string& sensors) {
  return xml.insert(xml.find("</mujoco>"), "<sensor>" + sensors + "</sensor>");
}

// A sensor of every native kind, frames of all objects, with and without references and cutoffs.
std::string all_sensors() {
  const std::string moving = R"(
    <gyro site="tip"/><velocimeter site="handle"/><accelerometer site="tip"/><accelerometer site="wall"/>
    <magnetometer site="mount"/>
    <jointpos joint="finger"/><jointvel joint="turn" cutoff="0.3"/><actuatorpos actuator="motor"/>
    <actuatorvel actuator="servo"/><actuatorfrc actuator="motor"/><actuatorfrc actuator="servo"/>
    <actuatorfrc actuator="wrench" cutoff="0.5"/><ballquat joint="ball"/><ballangvel joint="ball"/>
    <framepos objtype="site" objname="tip"/><framepos objtype="body" objname="top" reftype="site" refname="mount"/>
    <framexaxis objtype="site" objname="handle"/><frameyaxis objtype="xbody" objname="base" reftype="body" refname="top"/>
    <framezaxis objtype="geom" objname="plate" reftype="site" refname="wall"/>
    <framelinvel objtype="site" objname="tip"/><framelinvel objtype="site" objname="tip" reftype="site" refname="handle"/>
    <frameangvel objtype="body" objname="top"/><frameangvel objtype="site" objname="tip" reftype="xbody" refname="base"/>
    <framelinacc objtype="site" objname="handle"/><framelinacc objtype="body" objname="base"/>
    <frameangacc objtype="site" objname="tip"/>
    <subtreecom body="base"/><subtreelinvel body="base"/><subtreeangmom body="base"/><subtreeangmom body="top"/>
    <subtreecom body="world"/><clock/><jointactuatorfrc joint="turn"/><jointactuatorfrc joint="finger"/>
    <e_kinetic/><e_potential/>
    <framequat objtype="site" objname="tip"/><framequat objtype="body" objname="top"/>
    <framequat objtype="xbody" objname="top"/><framequat objtype="site" objname="wall"/>
    <framequat objtype="geom" objname="plate" reftype="site" refname="tip"/>
    <framequat objtype="site" objname="tip" reftype="body" refname="top"/>
    <force site="tip"/><torque site="tip"/><force site="wrist"/><torque site="wrist"/><force site="mount"/>
    <torque site="mount" cutoff="0.7"/><force site="handle"/><torque site="handle"/><force site="wall"/>)";
  std::string xml = joints_in_space(R"(<motor name="motor" joint="turn" gear="2"/>
    <position name="servo" joint="ball" gear="1 0 2" kp="3" kv="0.5"/>
    <motor name="wrench" site="tip" gear="1 2 3 0.1 0.2 0.3"/>)");
  const std::string plate = R"(<geom type="box" size="0.1 0.2 0.05")";
  xml.replace(xml.find(plate), 5, R"(<geom name="plate" )");
  return with_sensors(xml, moving);
}

struct SensorCase {
  const char* name;
  std::shared_ptr<const Model> (*make)();
};

const SensorCase kCases[] = {
    {"AllKinds", [] { return Model::from_xml(all_sensors()); }},
    {"TendonsAndActuators",
     [] {
       return Model::from_xml(with_sensors(two_trees(kTendons), R"(<tendonpos tendon="rope"/><tendonvel tendon="strap"/>
         <tendonvel tendon="coupled"/><accelerometer site="tip"/><subtreelinvel body="pendulum"/>
         <jointactuatorfrc joint="shoulder"/><jointactuatorfrc joint="elbow"/><jointactuatorfrc joint="swing"/>
         <tendonactuatorfrc tendon="strap"/><tendonactuatorfrc tendon="rope"/><tendonactuatorfrc tendon="coupled"/>
         <e_kinetic/><e_potential/>)"));
     }},
    {"ClampedActuators",
     [] {
       return Model::from_xml(with_sensors(two_trees(kClampedTendons), R"(<jointactuatorfrc joint="shoulder"/>
         <jointactuatorfrc joint="swing"/><tendonactuatorfrc tendon="pair"/><tendonactuatorfrc tendon="strap"/>)"));
     }},
    {"SpringsOfAllJoints",
     [] {
       std::string xml = kAllJoints;
       xml.insert(xml.find("<freejoint/>"), "<site name=\"hull\" pos=\"0.1 0 0\"/>");
       return Model::from_xml(with_sensors(xml, R"(<e_potential/><e_kinetic/><force site="hull"/><torque site="hull"/>
         <jointactuatorfrc joint="rail"/>)"));
     }},
    {"AcrossThePlane",
     [] {
       return Model::from_xml(R"(<mujoco><option gravity="1 2 -9.81"/><worldbody><body name="a">
         <joint axis="0 0 1"/><geom type="capsule" size="0.02" fromto="0 0 0 0.3 0 0"/>
         <site name="s" pos="0.2 0.1 0.1" euler="10 20 30"/>
         <body pos="0.3 0 0"><joint axis="0 0 1"/><geom type="capsule" size="0.02" fromto="0 0 0 0.3 0.1 0.1"/>
         <site name="t" pos="0.2 0.1 0.1" euler="10 20 30"/></body></body></worldbody>
         <sensor><accelerometer site="s"/><accelerometer site="t"/><framelinacc objtype="site" objname="t"/>
         <force site="s"/><torque site="s"/><force site="t"/><torque site="t"/><e_potential/><e_kinetic/>
         <framequat objtype="site" objname="t"/></sensor></mujoco>)");
     }},
    {"Mocap",
     [] {
       return Model::from_xml(with_sensors(hung_on_mocap(), R"(<framepos objtype="body" objname="hand"/>
         <framelinvel objtype="site" objname="end"/><accelerometer site="end"/><subtreecom body="hand"/>
         <framequat objtype="body" objname="hand"/><framequat objtype="site" objname="end"/><force site="end"/>
         <torque site="end"/>)"));
     }},
    {"SuiteCheetah", [] { return suite_model("dm_control/suite/cheetah.xml", false); }},
    {"SuiteSwimmer", [] { return suite_model("dm_control/suite/swimmer.xml", false); }},
    {"SuiteHumanoid", [] { return suite_model("dm_control/suite/humanoid.xml", false); }},
    {"SuiteDog", [] { return suite_model("dm_control/suite/dog.xml", false); }},
    {"SuiteQuadruped", [] { return suite_model("dm_control/suite/quadruped.xml", false); }},
};

class Sensors : public testing::TestWithParam<SensorCase> {};

TEST_P(Sensors, MatchMujoco) {
  const auto model = GetParam().make();
  ASSERT_TRUE(model->is_native()) << model->native_support()[0];
  const mjModel& m = *model->mj();
  const Data d = make_data(*model);
  ScalarWorld world(*model);
  std::mt19937_64 random(31);
  std::vector<double> ours(static_cast<std::size_t>(m.nsensordata));
  const auto& kinds = model->constants<double>().sensor_kind;
  for (int state = 0; state < 20; ++state) {
    randomise(*model, *d, random, 1);
    d->time = 0.7 * state;
    world.read(*d);
    mj_forward(&m, d.get());
    kernels::sensors(model->constants<double>(), world.block(), world.arena(), ours.data(), kernels::Solo{});
    for (int sensor = 0; sensor < m.nsensor; ++sensor) {
      if (kinds[sensor] == kernels::kForeignSensor) continue;
      const int adr = m.sensor_adr[sensor];
      EXPECT_LE(relative_deviation(&ours[static_cast<std::size_t>(adr)], d->sensordata + adr, m.sensor_dim[sensor]),
                1e-9)
          << "sensor " << sensor << " of type " << m.sensor_type[sensor];
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Sensors, testing::ValuesIn(kCases),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

TEST(NativeSensors, OnesThatTheKernelsLackAreNamedAndReadAsNotANumber) {
  const auto model = Model::from_xml(R"(
    <mujoco><worldbody><body><joint/><geom size="0.1"/><site name="s"/></body><camera name="eye" resolution="64 48"/>
    <site name="w"/></worldbody>
    <sensor><camprojection name="seen" site="s" camera="eye"/><gyro site="s"/><torque name="earth" site="w"/></sensor>
    </mujoco>)");
  EXPECT_EQ(missing_native_sensors(*model->mj()), (std::vector<std::string>{"seen", "earth"}));
  ScalarWorld world(*model);
  std::array<double, 8> ours{};
  kernels::sensors(model->constants<double>(), world.block(), world.arena(), ours.data(), kernels::Solo{});
  EXPECT_TRUE(std::isnan(ours[0]));
  EXPECT_EQ(ours[2], 0);
}

}  // namespace
}  // namespace lockstep
