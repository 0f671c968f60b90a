// Models and states on which native physics is held against MuJoCo, and MuJoCo's side of it.
#pragma once

#include "engine/model.h"
#include "engine/task_models.h"

#include <memory>
#include <random>
#include <string>
#include <vector>

#include <mujoco/mujoco.h>

namespace lockstep {

inline std::shared_ptr<const Model> suite_model(const std::string& path, bool constraints, int integrator = -1) {
  return Model::from_file(task_model(path), [=](mjModel_& m) {
    if (!constraints) m.opt.disableflags |= mjDSBL_CONSTRAINT;
    if (integrator >= 0) m.opt.integrator = integrator;
  });
}

// Joints of all kinds with offsets, two trees, welded bodies with turned inertias, springs and dampers of all orders,
// and every supported actuator.
inline const char* kAllJoints = R"(
<mujoco>
  <option timestep="0.002"><flag contact="disable"/></option>
  <worldbody>
    <body pos="0.1 0.2 1" quat="0.9 0.1 0.2 -0.3">
      <freejoint/>
      <geom type="box" size="0.1 0.15 0.2" pos="0.02 0.01 -0.03" euler="10 20 30"/>
      <body pos="0.1 0 0.2" euler="20 0 10">
        <geom type="capsule" size="0.05" fromto="0 0 0 0.1 0.2 0"/>
        <body pos="0.2 0.1 0" quat="0.7 0.2 0.1 0.5">
          <joint name="ball" type="ball" pos="0.02 0.03 0.01" stiffness="3 1 2" damping="0.2 0.1 0.05" springref="0" armature="0.01"/>
          <geom type="ellipsoid" size="0.05 0.1 0.15" pos="0.1 0 0.05"/>
          <body pos="0 0.1 0.2">
            <joint name="slide" type="slide" axis="1 2 0.5" pos="0.1 0 0" stiffness="40 -3 5" damping="1 0.5 0.2" springref="0.1"/>
            <joint name="hinge" type="hinge" axis="0.3 -1 0.4" pos="0 0.05 0.1" ref="0.2" damping="0.1" armature="0.02"/>
            <geom type="box" size="0.1 0.03 0.05" pos="0.05 0.02 0.01" euler="5 6 7"/>
          </body>
        </body>
      </body>
      <body pos="-0.1 0.05 -0.2">
        <joint name="aligned" type="hinge" axis="0 -1 0" stiffness="2" damping="0.3"/>
        <geom type="capsule" size="0.03" fromto="0 0 0 0 0 -0.3"/>
        <body pos="0 0 -0.3">
          <joint name="x" type="hinge" axis="1 0 0" damping="0.05"/>
          <joint name="z" type="hinge" axis="0 0 1" damping="0.05"/>
          <geom type="capsule" size="0.03" fromto="0 0 0 0.1 0 -0.1"/>
        </body>
      </body>
    </body>
    <body pos="2 0 1" euler="0 30 0">
      <joint name="rail" type="slide" axis="1 0 0" damping="0.5" armature="0.1"/>
      <joint name="mast" type="hinge" axis="0 0 1" pos="0.1 0 0" damping="0.1"/>
      <joint name="lift" type="slide" axis="0 0.6 0.8" stiffness="50"/>
      <geom type="sphere" size="0.1" pos="0.2 0 0"/>
      <body pos="0.3 0 0">
        <joint name="arm" type="hinge" axis="0 1 0"/>
        <geom type="capsule" size="0.04" fromto="0 0 0 0.3 0 0.1"/>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor joint="hinge" gear="2" ctrlrange="-1 1" ctrllimited="true"/>
    <position joint="slide" kp="30" kv="2" forcerange="-5 5" forcelimited="true"/>
    <velocity joint="aligned" kv="1.5"/>
    <general joint="x" dyntype="filter" dynprm="0.05" gaintype="affine" gainprm="2 0.3 -0.2" biastype="affine" biasprm="0.1 -1 -0.3"/>
    <general joint="z" dyntype="integrator" gainprm="3" actlimited="true" actrange="-0.2 0.3" biastype="affine" biasprm="0 -2 0"/>
    <general joint="rail" dyntype="filterexact" dynprm="0.03" gainprm="10"/>
    <general joint="rail" dyntype="filter" dynprm="0.02" gainprm="4" actearly="true"/>
    <intvelocity joint="mast" kp="20" actrange="-2 2"/>
    <motor joint="arm" gear="-3"/>
  </actuator>
</mujoco>)";

// Limits on a hinge, a slide and a ball, with margins and solver parameters of several kinds.
inline const char* kAllLimits = R"(
<mujoco>
  <option timestep="0.002"><flag contact="disable"/></option>
  <worldbody>
    <body pos="0 0 1">
      <joint name="slide" type="slide" axis="1 0 0" limited="true" range="-0.2 0.3" damping="0.1" margin="0.02"/>
      <geom type="box" size="0.1 0.1 0.1"/>
      <body pos="0 0 0.2">
        <joint name="hinge" type="hinge" axis="0 1 0" limited="true" range="-20 25" solreflimit="0.05 0.8" solimplimit="0.5 0.97 0.1 0.4 3"/>
        <geom type="capsule" size="0.04" fromto="0 0 0 0.2 0 0.1"/>
        <body pos="0.2 0 0.1">
          <joint name="ball" type="ball" limited="true" range="0 40" damping="0.02" solimplimit="0.9 0.95 0.01 0.5 1"/>
          <geom type="ellipsoid" size="0.05 0.08 0.1" pos="0.1 0 0.05"/>
          <body pos="0.2 0 0">
            <joint name="direct" type="hinge" axis="1 0.3 0" limited="true" range="-30 30" solreflimit="-500 -10"/>
            <geom type="box" size="0.1 0.03 0.05" pos="0.05 0.02 0.01"/>
          </body>
        </body>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor joint="slide" gear="20"/>
    <motor joint="hinge" gear="5"/>
    <motor joint="direct" gear="2"/>
  </actuator>
</mujoco>)";

// Contacts of all dimensions, with the ground, between trees and inside one, with margins, mixed parameters, an
// explicit pair and an exclusion; friction loss. %CONE% is pyramidal or elliptic.
inline const char* kAllContacts = R"(
<mujoco>
  <option timestep="0.002" cone="%CONE%" impratio="2"/>
  <default><geom friction="0.8 0.02 0.01"/></default>
  <worldbody>
    <geom name="floor" type="plane" size="0 0 1" pos="0 0 -0.1" zaxis="0.05 0 1"/>
    <geom name="post" type="capsule" size="0.1" fromto="0.5 0 0 0.5 0 0.4"/>
    <body name="ball" pos="0.1 0.1 0.1">
      <freejoint/>
      <geom name="ball" size="0.12" condim="4" friction="0.9 0.05 0.01" margin="0.01" solref="0.03 0.9" solmix="2"/>
    </body>
    <body name="roller" pos="-0.15 0.05 0.1" quat="0.8 0.3 0.5 0.1">
      <freejoint/>
      <geom name="roller" type="capsule" size="0.08 0.15" condim="6" solimp="0.8 0.9 0.02 0.4 3"/>
    </body>
    <body name="puck" pos="0.1 -0.2 0.05">
      <freejoint/>
      <geom name="puck" size="0.1" condim="1" priority="1" solref="-400 -15"/>
    </body>
    <body name="arm" pos="0.3 0.15 0.2">
      <joint type="ball" damping="0.1" frictionloss="0.3"/>
      <geom name="upper" type="capsule" size="0.05" fromto="0 0 0 0.2 0 0"/>
      <body pos="0.2 0 0">
        <joint name="elbow" type="hinge" axis="0 1 0" frictionloss="0.2" armature="0.01"/>
        <geom name="lower" type="capsule" size="0.05" fromto="0 0 0 -0.05 0 0.2"/>
        <body pos="-0.05 0 0.2">
          <joint name="wrist" type="slide" axis="0 0.6 0.8" frictionloss="1.5" solreffriction="0.05 1"/>
          <geom name="hand" size="0.07" pos="-0.1 0 -0.12"/>
        </body>
      </body>
      <body pos="0 0.05 0">
        <joint name="spur" type="hinge" axis="1 0 0"/>
        <geom name="spur" type="capsule" size="0.04" fromto="0 0 0 0.1 0.05 0.15"/>
      </body>
    </body>
  </worldbody>
  <contact>
    <pair geom1="ball" geom2="roller" condim="3" friction="0.5 0.7 0.01 0.001 0.002" margin="0.02"/>
    <exclude body1="puck" body2="roller"/>
  </contact>
  <actuator>
    <motor joint="elbow" gear="3"/>
    <position joint="wrist" kp="20"/>
  </actuator>
</mujoco>)";

inline std::string all_contacts(const std::string& cone) {
  std::string xml = kAllContacts;
  return xml.replace(xml.find("%CONE%"), 6, cone);
}

// Constraints of one number each: limits (with margin) and friction loss of tendons, equalities of joints (a
// polynomial, a constant) and of tendons, along one branch and across several trees.
inline const char* kScalarConstraints = R"(
<mujoco>
  <option timestep="0.002"><flag contact="disable"/></option>
  <default><geom type="capsule" size="0.04" fromto="0 0 0 0.2 0 0.05"/></default>
  <worldbody>
    <site name="anchor" pos="0.1 0.3 0.3"/>
    <body pos="0 0 0.5">
      <joint name="a" axis="0 1 0" ref="0.1" damping="0.1"/><geom/>
      <body pos="0.2 0 0.05">
        <joint name="b" axis="1 0 0.2"/><geom/><site name="tip" pos="0.2 0 0.05"/>
      </body>
      <body pos="0.1 0.1 0">
        <joint name="c" axis="0 0 1"/><geom/>
        <body pos="0.2 0 0.05"><joint name="d" type="slide" axis="1 0 0"/><geom/></body>
      </body>
    </body>
    <body pos="0.5 0.2 0.2">
      <joint name="e" axis="0 1 1"/><geom/>
      <body pos="0.2 0 0.05"><joint name="f" axis="1 0 0" armature="0.01"/><geom/></body>
    </body>
  </worldbody>
  <tendon>
    <spatial name="string" limited="true" range="0.2 0.45" margin="0.02" solimplimit="0.8 0.95 0.05 0.4 3">
      <site site="anchor"/><site site="tip"/>
    </spatial>
    <fixed name="pair" frictionloss="0.4" solreffriction="0.04 1">
      <joint joint="b" coef="0.7"/><joint joint="c" coef="-0.3"/>
    </fixed>
    <fixed name="left" limited="true" range="-0.2 0.1" solreflimit="-300 -20">
      <joint joint="a" coef="1"/><joint joint="e" coef="0.5"/>
    </fixed>
    <fixed name="right"><joint joint="d" coef="2"/><joint joint="f" coef="1"/></fixed>
  </tendon>
  <equality>
    <joint joint1="f" joint2="b" polycoef="0.1 0.5 -0.3 0.2 0.05" solref="0.05 0.9"/>
    <joint joint1="d" polycoef="0.05 0 0 0 0"/>
    <joint joint1="a" joint2="e" active="false"/>
    <tendon tendon1="left" tendon2="right" polycoef="0 0.4 0.1 0 0" solimp="0.7 0.9 0.1 0.5 2"/>
  </equality>
  <actuator><motor joint="a" gear="4"/><motor joint="e" gear="3"/></actuator>
</mujoco>)";

// Connects and welds of bodies and of sites: to the world, to a mocap body, across trees and branches, along one chain
// (a loop), with a torquescale, with a relative pose; beside contacts and a limit. %BASE% is a joint of the first tree.
inline const char* kBodyEqualities = R"(
<mujoco>
  <option timestep="0.002"/>
  <default><default class="beam"><geom type="capsule" size="0.04" fromto="0 0 0 0.2 0 0.05"/></default></default>
  <worldbody>
    <geom type="plane" size="0 0 1" pos="0 0 -0.2"/>
    <site name="hook" pos="0.4 0.3 0.9" euler="20 0 10"/>
    <body name="handle" mocap="true" pos="0.3 -0.4 0.6" quat="0.9 0.1 0.3 0.2">
      <geom type="box" size="0.02 0.02 0.05"/>
    </body>
    <body name="trunk" pos="0 0 0.5" euler="0 20 10">
      %BASE%
      <geom class="beam"/>
      <body name="left" pos="0.2 0 0.05">
        <joint axis="1 0 0.2" range="-40 50" limited="true"/><geom class="beam"/><site name="left" pos="0.2 0 0.05"/>
        <body name="fingertip" pos="0.2 0.1 0.05"><joint type="ball" damping="0.1"/><geom class="beam"/></body>
      </body>
      <body name="right" pos="0.1 0.1 0">
        <joint axis="0 0 1"/><geom class="beam"/>
        <body name="rod" pos="0.2 0 0.05"><joint type="slide" axis="1 0 0"/><geom class="beam"/><site name="rod" euler="0 40 0"/></body>
      </body>
    </body>
    <body name="crate" pos="0.5 0.2 0.2"><freejoint/><geom type="box" size="0.1 0.08 0.06"/></body>
    <body name="lever" pos="0.6 -0.3 0.4" quat="0.8 0.2 0.4 0.1">
      <joint axis="0 1 1"/><geom class="beam"/>
      <body name="tip" pos="0.2 0 0.05"><joint axis="1 0 0" armature="0.01"/><geom class="beam"/><site name="tip" pos="0 0.1 0"/></body>
    </body>
  </worldbody>
  <equality>
    <connect body1="fingertip" anchor="0.1 0 0.02"/>
    <connect body1="rod" body2="left" anchor="0.05 0.02 0" solref="0.05 0.8"/>
    <connect body1="left" body2="trunk" anchor="0.1 0 0.03" solimp="0.7 0.9 0.2 0.4 3"/>
    <connect site1="tip" site2="hook" active="true"/>
    <weld body1="crate" body2="handle" torquescale="0.3"/>
    <weld body1="lever" body2="rod" relpose="0.1 0.05 0.2 0.7 0.3 -0.2 0.1" anchor="0.02 0 0.1" solref="-200 -20"/>
    <weld site1="rod" site2="tip" torquescale="2" solimp="0.8 0.95 0.3 0.5 2"/>
    <weld body1="fingertip" body2="right" active="false"/>
  </equality>
</mujoco>)";

inline std::string body_equalities(const std::string& base) {
  std::string xml = kBodyEqualities;
  return xml.replace(xml.find("%BASE%"), 6, base);
}

// A four-bar linkage in one plane, closed by a connect, whose last bar carries a welded weight.
inline const char* kPlanarLinkage = R"(
<mujoco>
  <option timestep="0.002"><flag contact="disable"/></option>
  <default><geom type="capsule" size="0.02" fromto="0 0 0 0.3 0 0.1"/><joint axis="0 1 0" damping="0.05"/></default>
  <worldbody>
    <body name="crank" pos="0 0 1"><joint/><geom/>
      <body name="coupler" pos="0.3 0 0.1"><joint/><geom/></body>
    </body>
    <body name="rocker" pos="0.5 0 0.8"><joint/><geom/></body>
    <body name="weight" pos="0.8 0 1">
      <joint type="slide" axis="1 0 0"/><joint type="slide" axis="0 0 1"/><joint axis="0 -1 0"/><geom/>
    </body>
  </worldbody>
  <equality>
    <connect body1="coupler" body2="rocker" anchor="0.3 0 0.1"/>
    <weld body1="rocker" body2="weight" torquescale="0.5"/>
  </equality>
</mujoco>)";

// MuJoCo's solver goes on until nothing improves: with its usual tolerance it stops up to 1e-6 short of the optimum.
inline void solve_to_the_end(mjModel_& m) {
  m.opt.tolerance = 0;
  m.opt.iterations = 200;
}

struct DeleteData {
  void operator()(mjData* d) const { mj_deleteData(d); }
};
using Data = std::unique_ptr<mjData, DeleteData>;

inline Data make_data(const Model& model) { return Data(mj_makeData(model.mj())); }

// A random state: qpos0 turned and moved by up to `reach`, velocities and activations of that size, random controls.
inline void randomise(const Model& model, mjData& d, std::mt19937_64& random, double reach) {
  const mjModel& m = *model.mj();
  std::uniform_real_distribution<double> draw(-1, 1);
  mj_resetData(&m, &d);
  std::vector<double> motion(static_cast<std::size_t>(m.nv));
  for (double& x : motion) x = reach * draw(random);
  mj_integratePos(&m, d.qpos, motion.data(), 1);
  for (int i = 0; i < m.nv; ++i) d.qvel[i] = 2 * reach * draw(random);
  for (int i = 0; i < m.na; ++i) d.act[i] = 0.2 * draw(random);
  for (int i = 0; i < m.nu; ++i) d.ctrl[i] = 1.5 * draw(random);
  for (int i = 0; i < 3 * m.nmocap; ++i) d.mocap_pos[i] += reach * draw(random);
  for (int i = 0; i < 4 * m.nmocap; ++i) d.mocap_quat[i] += reach * draw(random);
}

}  // namespace lockstep
