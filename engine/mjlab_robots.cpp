// Numbers and composition of the robots, in the order of mjlab's own files.
#include "engine/mjlab_robots.h"
#include "engine/error.h"
#include "engine/task_models.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <regex>
#include <string>
#include <vector>

#include <mujoco/mujoco.h>

namespace lockstep {
namespace {

// A servo on each hinge whose whole name matches. Stiffness and damping follow from the armature (kg m^2): those of an
// oscillator of 10 Hz with damping ratio 2.
struct Servo {
  std::string joints;
  double armature;
  double effort_limit;  // N m
};

// The angle (rad) of each hinge whose name matches, in the pose that episodes start from; the first match holds.
struct Angle {
  std::string joints;
  double angle;
};

struct Robot {
  std::string mjcf;
  double height;  // of the root body at the start, m
  std::vector<Servo> servos;
  std::vector<Angle> pose;
  std::string collision_geoms, feet;  // names; other geoms touch nothing
  int feet_condim;                    // all others: 1
  std::vector<double> feet_friction;  // the rest as in the MJCF
  std::vector<double> solref;         // of all collision geoms
  int cone;
  double impratio;
};

// unitree_go1/go1_constants.py; options of tasks/velocity/config/go1/env_cfgs.py.
Robot go1() {
  const auto reflected = [](double gear) { return 0.000111842 * gear * gear; };
  return {.mjcf = "mjlab/asset_zoo/robots/unitree_go1/xmls/go1.xml",
          .height = 0.278,
          .servos = {{".*_(hip|thigh)_joint", reflected(6), 23.7}, {".*_calf_joint", reflected(9), 35.55}},
          .pose = {{".*thigh_joint", 0.9}, {".*calf_joint", -1.8}, {".*R_hip_joint", 0.1}, {".*L_hip_joint", -0.1}},
          .collision_geoms = ".*_collision\\d*",
          .feet = "[FR][LR]_foot_collision",
          .feet_condim = 6,
          .feet_friction = {1, 5e-3, 5e-4},
          .solref = {0.01, 1},
          .cone = mjCONE_ELLIPTIC,
          .impratio = 10};
}

// Inertia (kg m^2) of a two-stage planetary gearbox's rotors, seen behind it: utils/actuator.py.
double planetary(const std::array<double, 3>& rotors, double first_gear, double second_gear) {
  return rotors[0] * std::pow(first_gear * second_gear, 2) + rotors[1] * std::pow(second_gear, 2) + rotors[2];
}

// unitree_g1/g1_constants.py. Ankles, waist roll and pitch are driven by two motors each.
Robot g1() {
  const double small = planetary({0.139e-4, 0.017e-4, 0.169e-4}, 1 + 46.0 / 18, 1 + 56.0 / 16);  // motor 5020
  const double large = planetary({0.489e-4, 0.098e-4, 0.533e-4}, 4.5, 1 + 48.0 / 22);            // motor 7520-14
  const double strong = planetary({0.489e-4, 0.109e-4, 0.738e-4}, 4.5, 5);                       // motor 7520-22
  const double tiny = planetary({0.068e-4, 0, 0}, 5, 5);                                         // motor 4010
  return {.mjcf = "mjlab/asset_zoo/robots/unitree_g1/xmls/g1.xml",
          .height = 0.76,
          .servos = {{".*_(elbow|shoulder_pitch|shoulder_roll|shoulder_yaw|wrist_roll)_joint", small, 25},
                     {".*_hip_(pitch|yaw)_joint|waist_yaw_joint", large, 88},
                     {".*_(hip_roll|knee)_joint", strong, 139},
                     {".*_wrist_(pitch|yaw)_joint", tiny, 5},
                     {"waist_(pitch|roll)_joint", 2 * small, 50},
                     {".*_ankle_(pitch|roll)_joint", 2 * small, 50}},
          .pose = {{".*_hip_pitch_joint", -0.312},
                   {".*_knee_joint", 0.669},
                   {".*_ankle_pitch_joint", -0.363},
                   {".*_elbow_joint", 0.6},
                   {"left_shoulder_roll_joint", 0.2},
                   {"left_shoulder_pitch_joint", 0.2},
                   {"right_shoulder_roll_joint", -0.2},
                   {"right_shoulder_pitch_joint", 0.2}},
          .collision_geoms = ".*_collision",
          .feet = "(left|right)_foot[1-7]_collision",
          .feet_condim = 3,
          .feet_friction = {0.6},
          .solref = {},
          .cone = mjCONE_PYRAMIDAL,
          .impratio = 1};
}

std::string name_of(mjsElement* element) { return mjs_getString(mjs_getName(element)); }

bool matches(const std::string& name, const std::string& pattern) {
  return std::regex_match(name, std::regex(pattern));
}

// CollisionCfg of utils/spec_config.py.
void set_contacts(const Robot& robot, mjSpec& spec) {
  for (mjsElement* e = mjs_firstElement(&spec, mjOBJ_GEOM); e != nullptr; e = mjs_nextElement(&spec, e)) {
    mjsGeom& geom = *mjs_asGeom(e);
    const std::string name = name_of(e);
    const bool touches = matches(name, robot.collision_geoms), is_foot = matches(name, robot.feet);
    geom.contype = geom.conaffinity = touches ? 1 : 0;
    if (!touches) continue;
    geom.condim = is_foot ? robot.feet_condim : 1;
    geom.priority = is_foot ? 1 : 0;
    if (is_foot) std::copy(robot.feet_friction.begin(), robot.feet_friction.end(), geom.friction);
    std::copy(robot.solref.begin(), robot.solref.end(), geom.solref);
  }
}

// create_position_actuator of utils/spec.py; its control range is one of information only and is left out.
void add_servo(const Servo& servo, mjsJoint& joint, mjSpec& spec) {
  constexpr double kFrequency = 10 * 2.0 * 3.1415926535, kDampingRatio = 2;  // rad/s
  const std::string name = name_of(joint.element);
  mjsActuator& actuator = *mjs_addActuator(&spec, nullptr);
  mjs_setName(actuator.element, name.c_str());
  mjs_setString(actuator.target, name.c_str());
  actuator.trntype = mjTRN_JOINT;
  actuator.gaintype = mjGAIN_FIXED;
  actuator.biastype = mjBIAS_AFFINE;
  const double stiffness = servo.armature * kFrequency * kFrequency;
  actuator.gainprm[0] = stiffness;
  actuator.biasprm[1] = -stiffness;
  actuator.biasprm[2] = -2 * kDampingRatio * servo.armature * kFrequency;
  actuator.ctrllimited = mjLIMITED_FALSE;
  actuator.forcelimited = mjLIMITED_TRUE;
  actuator.forcerange[0] = -servo.effort_limit;
  actuator.forcerange[1] = servo.effort_limit;
  joint.armature = servo.armature;
}

std::vector<mjsJoint*> hinges(mjSpec& spec) {
  std::vector<mjsJoint*> list;
  for (mjsElement* e = mjs_firstElement(&spec, mjOBJ_JOINT); e != nullptr; e = mjs_nextElement(&spec, e)) {
    if (mjs_asJoint(e)->type == mjJNT_HINGE) list.push_back(mjs_asJoint(e));
  }
  return list;
}

double first_angle(const Robot& robot, const mjsJoint& joint) {
  const std::string name = name_of(joint.element);
  const auto found =
      std::find_if(robot.pose.begin(), robot.pose.end(), [&](const Angle& a) { return matches(name, a.joints); });
  return found == robot.pose.end() ? 0 : found->angle;
}

// Actuators in the order of servos, and of hinges for each (_add_actuators of entity/entity.py, sort_actuators off);
// the keyframe.
void add_servos_and_pose(const Robot& robot, mjSpec& spec) {
  std::vector<double> qpos{0, 0, robot.height, 1, 0, 0, 0}, ctrl;
  for (const mjsJoint* joint : hinges(spec)) qpos.push_back(first_angle(robot, *joint));
  for (const Servo& servo : robot.servos) {
    for (mjsJoint* joint : hinges(spec)) {
      if (!matches(name_of(joint->element), servo.joints)) continue;
      add_servo(servo, *joint, spec);
      ctrl.push_back(first_angle(robot, *joint));
    }
  }
  mjsKey& key = *mjs_addKey(&spec);
  mjs_setName(key.element, "init_state");
  mjs_setDouble(key.qpos, qpos.data(), static_cast<int>(qpos.size()));
  mjs_setDouble(key.ctrl, ctrl.data(), static_cast<int>(ctrl.size()));
}

// _import_ground_plane of terrains/terrain_entity.py.
void add_floor(mjSpec& spec) {
  mjsBody& body = *mjs_addBody(mjs_findBody(&spec, "world"), nullptr);
  mjs_setName(body.element, "terrain");
  mjsGeom& plane = *mjs_addGeom(&body, nullptr);
  mjs_setName(plane.element, "terrain");
  plane.type = mjGEOM_PLANE;
  plane.size[0] = plane.size[1] = 0;
  plane.size[2] = 0.01;
}

// MujocoCfg of sim/sim.py with what tasks/velocity/velocity_env_cfg.py and the flat tasks make of it.
void set_options(const Robot& robot, mjModel& m) {
  m.opt.timestep = 0.005;
  m.opt.integrator = mjINT_IMPLICITFAST;
  m.opt.solver = mjSOL_NEWTON;
  m.opt.iterations = 10;
  m.opt.ls_iterations = 20;
  m.opt.ccd_iterations = 50;
  m.opt.cone = robot.cone;
  m.opt.impratio = robot.impratio;
}

}  // namespace

std::shared_ptr<const Model> mjlab_robot(std::string_view name, const Model::Adjust& adjust, const Model::Edit& edit) {
  if (name != "go1" && name != "g1") {
    throw Error("mjlab has no robot '" + std::string(name) + "' that is known here", "mjlab_robot", "use go1 or g1");
  }
  const Robot robot = name == "go1" ? go1() : g1();
  const auto compose = [&](mjSpec& spec) {
    set_contacts(robot, spec);
    add_servos_and_pose(robot, spec);
    add_floor(spec);
    if (edit) edit(spec);
  };
  return Model::from_edited_file(task_model(robot.mjcf), compose, [&](mjModel& m) {
    set_options(robot, m);
    if (adjust) adjust(m);
  });
}

}  // namespace lockstep
