// Models whose forces go beyond joint springs, joint dampers and motors on joints, a few lines of MJCF each, and the
// models of the suites that have such forces (their contacts and other constraints switched off).
#pragma once

#include "tests/engine/mujoco_reference.h"

#include <memory>
#include <string>
#include <vector>

namespace lockstep {

struct ForceCase {
  std::string name;
  std::shared_ptr<const Model> (*make)();
};

// A free body with two arms and a pendulum of its own; `rest` is what stands behind the worldbody.
inline std::string two_trees(const std::string& rest, const std::string& option = "") {
  return R"(
<mujoco>
  <option timestep="0.002" )" +
         option + R"(><flag contact="disable"/></option>
  <worldbody>
    <site name="ceiling" pos="0.1 0.2 2"/>
    <body name="trunk" pos="0 0 1">
      <freejoint/>
      <geom type="box" size="0.1 0.15 0.2" pos="0.02 0.01 -0.03" euler="10 20 30"/>
      <site name="back" pos="-0.1 0.02 0.1" euler="10 0 20"/>
      <body name="upper" pos="0.1 0 0.2" gravcomp="0.7">
        <joint name="shoulder" axis="0 1 0.2"/>
        <geom type="capsule" size="0.03" fromto="0 0 0 0.3 0.02 0"/>
        <site name="elbow_site" pos="0.25 0 0.05" euler="0 30 0"/>
        <body name="lower" pos="0.3 0.02 0" euler="0 0 15">
          <joint name="elbow" axis="0 1 0" pos="0.01 0 0"/>
          <geom type="capsule" size="0.02" fromto="0 0 0 0.2 0 0.1"/>
          <body name="hand" pos="0.2 0 0.1" gravcomp="1.5">
            <geom type="ellipsoid" size="0.02 0.03 0.05" pos="0.02 0 0" euler="20 0 0"/>
            <site name="tip" pos="0.05 0.01 0"/>
          </body>
        </body>
      </body>
      <body name="tail" pos="-0.1 0 -0.1">
        <joint name="tail_slide" type="slide" axis="1 0 0.3"/>
        <geom type="box" size="0.05 0.03 0.02"/>
        <site name="tail_site" pos="0 0.02 0.03"/>
      </body>
    </body>
    <body name="pendulum" pos="1 0 1" gravcomp="1">
      <joint name="swing" axis="1 0 0" damping="0.3"/>
      <joint name="rise" type="slide" axis="0 0 1" stiffness="30"/>
      <geom type="capsule" size="0.03" fromto="0 0 0 0 0.3 -0.2"/>
      <site name="bob" pos="0 0.3 -0.2"/>
    </body>
  </worldbody>
)" + rest +
         "</mujoco>";
}

inline const char* kTendons = R"(
  <tendon>
    <fixed name="coupled" springlength="0.1 0.2" stiffness="40 5 2" damping="2 0.5 0.3" armature="0.05">
      <joint joint="shoulder" coef="1"/><joint joint="elbow" coef="-0.7"/><joint joint="tail_slide" coef="2"/>
      <joint joint="swing" coef="0.3"/>
    </fixed>
    <fixed name="geared"><joint joint="elbow" coef="0.5"/><joint joint="shoulder" coef="0.5"/></fixed>
    <spatial name="strap" stiffness="100" springlength="0.3" damping="3" armature="0.02">
      <site site="back"/><site site="elbow_site"/><site site="tip"/>
    </spatial>
    <spatial name="rope" stiffness="10" springlength="0.2" damping="1" armature="0.1">
      <site site="ceiling"/><site site="bob"/><site site="tail_site"/>
      <pulley divisor="2"/>
      <site site="back"/><site site="tip"/>
      <pulley divisor="3"/>
      <site site="back"/><site site="ceiling"/>
    </spatial>
  </tendon>
  <actuator>
    <motor tendon="geared" gear="3" ctrlrange="-1 1"/>
    <position tendon="strap" kp="20" kv="4" forcerange="-8 8"/>
    <velocity tendon="rope" kv="2" gear="0.5"/>
    <general tendon="rope" dyntype="filter" dynprm="0.1" gainprm="3" biastype="affine" biasprm="0.2 -1 -0.4"/>
    <position joint="shoulder" kp="8" kv="2"/>
    <motor joint="elbow" gear="2" damping="0.3 0.1 0.05" armature="0.01"/>
    <motor tendon="coupled" gear="2" damping="0.2 0.1 0.05" armature="0.01"/>
  </actuator>)";

inline const char* kClampedTendons = R"(
  <tendon>
    <fixed name="pair" actuatorfrcrange="-3 4"><joint joint="shoulder" coef="1"/><joint joint="elbow" coef="2"/></fixed>
    <spatial name="strap"><site site="back"/><site site="tip"/></spatial>
  </tendon>
  <actuator>
    <motor tendon="pair" gear="3"/>
    <velocity tendon="pair" kv="2"/>
    <position tendon="strap" kp="30" kv="3"/>
    <velocity joint="shoulder" kv="3"/>
    <motor joint="swing" gear="2"/>
    <velocity joint="swing" kv="2"/>
  </actuator>)";

// A ball between two bodies, a lone free body, a crank with a slider.
inline std::string joints_in_space(const std::string& actuators, const std::string& option = "") {
  return R"(
<mujoco>
  <option timestep="0.002" )" +
         option + R"(><flag contact="disable"/></option>
  <worldbody>
    <site name="wall" pos="0.3 0.1 0.2" euler="10 20 30"/>
    <body name="base" pos="0 0 1">
      <joint name="turn" axis="0 0 1" damping="0.2"/>
      <geom type="box" size="0.1 0.2 0.15" pos="0.05 0 0"/>
      <site name="mount" pos="0.1 0.2 0.1" euler="40 10 5"/>
      <body pos="0.3 0 0">
        <joint name="ball" type="ball" damping="0.1"/>
        <geom type="box" size="0.1 0.05 0.07" pos="0.2 0 0"/>
        <site name="wrist" pos="0.1 0 0.1" euler="4 10 50"/>
        <body pos="0.4 0 0">
          <joint name="finger" axis="0 1 0"/>
          <geom type="capsule" size="0.03" fromto="0 0 0 0.2 0.1 0"/>
          <site name="tip" pos="0.1 0.1 0.05" euler="4 50 10"/>
        </body>
      </body>
    </body>
    <body name="top" pos="1 0 1">
      <joint name="free" type="free" damping="0.05" armature="0.02"/>
      <geom type="box" size="0.1 0.2 0.05" pos="0.02 0.05 -0.03" euler="10 20 30"/>
      <site name="handle" pos="0.1 0 0.05" euler="0 20 40"/>
    </body>
    <body pos="0 2 0">
      <joint name="wheel" axis="0 1 0"/>
      <geom type="cylinder" size="0.1 0.02" euler="90 0 0"/>
      <site name="pin" pos="0.08 0 0"/>
    </body>
    <body pos="0 2 -0.4" euler="0 0 20"><joint name="guide" axis="1 0 0"/><geom size="0.05" pos="0 0 0.02"/>
      <site name="rail" euler="0 5 0"/></body>
  </worldbody>
  <actuator>)" +
         actuators + R"(</actuator>
</mujoco>)";
}

inline const char* kTransmissions = R"(
    <motor joint="ball" gear="1 2 3"/>
    <position joint="ball" gear="0.3 0 0.2" kp="3" kv="0.5"/>
    <position jointinparent="ball" gear="0.1 0.3 0.2" kp="4"/>
    <motor jointinparent="ball" gear="1 -2 0.5"/>
    <motor joint="free" gear="1 2 3 0.1 0.2 0.3"/>
    <velocity jointinparent="free" gear="0.3 1 -1 0.2 0.1 -0.2" kv="0.5"/>
    <motor jointinparent="finger" gear="2"/>
    <motor site="tip" gear="1 2 3 0.1 0.2 0.3"/>
    <velocity site="handle" gear="0.1 0 0.3 0.2 0.2 0.3" kv="2"/>
    <position site="tip" refsite="mount" gear="1 0.5 0.3 0 0 0" kp="6" kv="1"/>
    <position site="tip" refsite="mount" gear="0 0 0 0.4 0.5 0.3" kp="6" kv="1"/>
    <position site="handle" refsite="wall" gear="1 0.5 0.3 0.2 0 0.1" kp="6" kv="1" forcerange="-3 2"/>
    <motor cranksite="pin" slidersite="rail" cranklength="0.45" gear="2"/>
    <position cranksite="pin" slidersite="rail" cranklength="0.1" kp="5" kv="0.3"/>)";

inline const char* kMuscles = R"(
    <muscle joint="turn" lengthrange="-1 1" force="20" ctrlrange="0 1"/>
    <muscle joint="finger" lengthrange="-0.7 0.9" range="0.6 1.2" timeconst="0.02 0.05" tausmooth="0.3" lmin="0.4"
            lmax="1.7" vmax="2" fpmax="1.1" fvmax="1.4" scale="100"/>
    <general joint="wheel" gaintype="muscle" gainprm="0.75 1.05 5 200 0.5 1.6 1.5 1.3 1.2" lengthrange="-1 2"/>
    <general joint="guide" dyntype="muscle" dynprm="0.01 0.04 0" gainprm="3" actearly="true" biastype="affine"
             biasprm="0 0 -0.1"/>)";

inline std::string with_joint_ranges(std::string xml) {
  for (const char* joint : {"name=\"shoulder\"", "name=\"swing\"", "name=\"rise\""}) {
    const std::string with = std::string(joint) + " actuatorfrcrange=\"-2 3\" actuatorgravcomp=\"true\"";
    xml.replace(xml.find(joint), std::string(joint).size(), with);
  }
  return xml;
}

// Geoms of all shapes as ellipsoids in a fluid, besides bodies that are boxes there.
inline std::string ellipsoids_in_fluid() {
  return R"(
<mujoco>
  <option timestep="0.002" density="300" viscosity="0.4" wind="0.5 -1 0.2"><flag contact="disable"/></option>
  <worldbody>
    <body pos="0 0 1">
      <freejoint/>
      <geom type="box" size="0.1 0.15 0.2" euler="10 20 30" fluidshape="ellipsoid"/>
      <geom type="capsule" size="0.05 0.1" pos="0.1 0 0.1" euler="10 60 30" fluidshape="ellipsoid"
            fluidcoef="0.4 0.3 1.2 0.9 0.7"/>
      <geom type="sphere" size="0.1" pos="1 0 0"/>
      <body pos="0.2 0 0">
        <joint name="flap" axis="0 1 0.4"/>
        <geom type="cylinder" size="0.04 0.15" pos="0.1 0 0" euler="0 70 0" fluidshape="ellipsoid"/>
        <body pos="0.3 0 0" euler="0 10 0">
          <geom type="sphere" size="0.06" pos="0.05 0 0" fluidshape="ellipsoid"/>
        </body>
        <body pos="0.1 0.2 0">
          <joint axis="1 0 0" pos="0.01 0.02 0.03"/>
          <geom type="ellipsoid" size="0.03 0.1 0.05" pos="0 0.05 0" fluidshape="ellipsoid"/>
        </body>
      </body>
    </body>
    <body pos="1 0 1">
      <joint axis="1 0.3 0"/><joint type="slide" axis="0 1 0"/>
      <geom type="box" size="0.1 0.02 0.2" pos="0.05 0.02 0.1"/>
    </body>
  </worldbody>
  <actuator><motor joint="flap" gear="3"/></actuator>
</mujoco>)";
}

// A body that is moved from outside, with joints and tendons hung on it.
inline std::string hung_on_mocap() {
  return R"(
<mujoco>
  <option timestep="0.002"><flag contact="disable"/></option>
  <worldbody>
    <body name="hand" mocap="true" pos="0.1 0.2 1" quat="0.8 0.1 0.2 0.1">
      <geom size="0.05" pos="0.1 0 0"/>
      <body pos="0.1 0 0.1" euler="0 20 10">
        <joint axis="0 1 0" damping="0.1"/><joint type="slide" axis="1 0.2 0" pos="0.1 0 0" stiffness="20"/>
        <geom type="capsule" size="0.03" fromto="0 0 0 0.3 0 0.1"/>
        <site name="end" pos="0.3 0 0.1"/>
      </body>
      <body pos="-0.1 0 0"><geom type="box" size="0.1 0.02 0.03"/><site name="grip" pos="0.05 0 0.02"/></body>
    </body>
    <body pos="0 0 1"><freejoint/><geom type="box" size="0.1 0.2 0.05"/><site name="load" pos="0.1 0.1 0"/></body>
  </worldbody>
  <tendon><spatial stiffness="50" springlength="0.2" damping="1"><site site="grip"/><site site="load"/><site site="end"/>
  </spatial></tendon>
  </mujoco>)";
}

// Tendons around spheres and cylinders, with and without a side site, on moving and standing geoms.
inline const char* kWrapping = R"(
<mujoco>
  <option timestep="0.002"><flag contact="disable"/></option>
  <worldbody>
    <site name="wall" pos="0 0.3 0.9"/>
    <geom name="pipe" type="cylinder" size="0.1 0.5" pos="0.2 0.2 0.6" euler="70 20 0"/>
    <site name="above" pos="0.2 0.2 0.8"/>
    <body pos="0 0 0.5">
      <joint axis="0 1 0" damping="0.1"/><joint axis="1 0 0"/>
      <geom name="knee" type="sphere" size="0.12" pos="0.3 0 0.02"/>
      <geom name="shaft" type="cylinder" size="0.05 0.2" pos="0.1 0.05 0" euler="80 10 0"/>
      <site name="near" pos="0.02 0.1 0.1"/><site name="kneecap" pos="0.3 0.05 0.2"/><site name="behind" pos="0.1 0 -0.1"/>
      <body pos="0.3 0 0">
        <joint axis="0 1 0.3"/><joint axis="1 0 0.2"/>
        <geom type="capsule" size="0.04" fromto="0 0 0 0.4 0 0"/>
        <site name="far" pos="0.3 0.1 0.1"/><site name="end" pos="0.4 -0.1 0"/>
      </body>
    </body>
    <body pos="0.3 0.4 0.4"><freejoint/><geom name="ball" type="sphere" size="0.15"/><site name="hook" pos="0 0.2 0.1"/>
    </body>
  </worldbody>
  <tendon>
    <spatial stiffness="20" damping="0.5"><site site="near"/><geom geom="knee"/><site site="far"/></spatial>
    <spatial stiffness="20" springlength="0.1"><site site="near"/><geom geom="knee" sidesite="kneecap"/><site site="end"/>
    </spatial>
    <spatial><site site="near"/><geom geom="shaft" sidesite="behind"/><site site="end"/></spatial>
    <spatial><site site="end"/><geom geom="shaft"/><site site="wall"/><geom geom="pipe" sidesite="above"/>
      <site site="far"/><pulley divisor="2"/><site site="far"/><geom geom="ball"/><site site="wall"/></spatial>
    <spatial name="free"><site site="hook"/><geom geom="knee"/><site site="near"/></spatial>
  </tendon>
  <actuator><motor tendon="free"/></actuator>
</mujoco>)";

inline std::shared_ptr<const Model> from(const std::string& xml) { return Model::from_xml(xml); }
inline const char* kImplicit = "integrator=\"implicitfast\"";
inline const char* kRunge = "integrator=\"RK4\"";
inline const char* kWet = "density=\"300\" viscosity=\"0.3\" wind=\"0.5 -1 0.2\"";

inline std::vector<ForceCase> force_cases() {
  return {
      {"GravityCompensation", [] { return from(two_trees("")); }},
      {"Tendons", [] { return from(two_trees(kTendons)); }},
      {"TendonsImplicitFast", [] { return from(two_trees(kTendons, kImplicit)); }},
      {"TendonsRungeKutta", [] { return from(two_trees(kTendons, kRunge)); }},
      {"ClampedTendons", [] { return from(two_trees(kClampedTendons)); }},
      {"ClampedTendonsImplicitFast", [] { return from(two_trees(kClampedTendons, kImplicit)); }},
      {"ClampedJoints", [] { return from(with_joint_ranges(two_trees(kClampedTendons))); }},
      {"ClampedJointsImplicitFast", [] { return from(with_joint_ranges(two_trees(kClampedTendons, kImplicit))); }},
      {"Transmissions", [] { return from(joints_in_space(kTransmissions)); }},
      {"TransmissionsImplicitFast", [] { return from(joints_in_space(kTransmissions, kImplicit)); }},
      {"Muscles", [] { return from(joints_in_space(kMuscles)); }},
      {"MusclesImplicitFast", [] { return from(joints_in_space(kMuscles, kImplicit)); }},
      {"MusclesRungeKutta", [] { return from(joints_in_space(kMuscles, kRunge)); }},
      {"DisabledGroup",
       [] {
         return from(joints_in_space(R"(<motor joint="turn" gear="2" group="3"/>
        <motor joint="turn"/>)",
                                     R"(actuatorgroupdisable="3")"));
       }},
      {"FluidBoxes", [] { return from(two_trees("", kWet)); }},
      {"FluidEllipsoids", [] { return from(ellipsoids_in_fluid()); }},
      {"Wrapping", [] { return from(kWrapping); }},
      {"Mocap", [] { return from(hung_on_mocap()); }},
      {"SuiteFish", [] { return suite_model("dm_control/suite/fish.xml", false); }},
      {"SuiteSwimmer", [] { return suite_model("dm_control/suite/swimmer.xml", false); }},
      {"SuiteBallInCup", [] { return suite_model("dm_control/suite/ball_in_cup.xml", false); }},
      {"SuitePointMass", [] { return suite_model("dm_control/suite/point_mass.xml", false); }},
      {"SuiteManipulator", [] { return suite_model("dm_control/suite/manipulator.xml", false); }},
      {"SuiteStacker", [] { return suite_model("dm_control/suite/stacker.xml", false); }},
      {"SuiteQuadruped", [] { return suite_model("dm_control/suite/quadruped.xml", false); }},
      {"SuiteDog", [] { return suite_model("dm_control/suite/dog.xml", false); }},
      {"GymnasiumSwimmer", [] { return suite_model("gymnasium/envs/mujoco/assets/swimmer.xml", false); }},
      {"GymnasiumHumanoid", [] { return suite_model("gymnasium/envs/mujoco/assets/humanoid.xml", false); }},
  };
}

}  // namespace lockstep
