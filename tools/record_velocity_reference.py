#!/usr/bin/env python3
"""Records terms of mjlab's velocity tasks into tests/data/envs/{go1,g1}-velocity-terms.json, for velocity_task_test.cpp.

Usage: tools/record_velocity_reference.py MJLAB      (the unpacked wheel of mjlab 1.6.0)
Needs Python 3.11 with mujoco 4.0.0 and numpy. mjlab's own functions compute the terms (tasks/velocity/mdp/rewards.py,
envs/mdp/rewards.py); they are written on torch, of which the few functions that they call are given them by numpy.

A row holds a state as envs/legged_velocity.h has it (without the wishes for commands and the timers, which no term
reads), what the task senses of its feet, the observation, and each term without its weight.
"""
import importlib.util
import json
import math
import re
import sys
import types
from pathlib import Path

import mujoco
import numpy as np

OUT = Path(__file__).resolve().parent.parent / "tests" / "data" / "envs"


def by_pattern(table, names):
    """Per joint the value of the first pattern that its name holds; mjlab's configs give them so."""
    return np.array([next((value for pattern, value in table.items() if re.search(pattern, name)), 0.0)
                     for name in names])


class Go1:
    path, rows, height = "unitree_go1/xmls/go1.xml", 12, (0.22, 0.35)
    feet = ("FR", "FL", "RR", "RL")
    first = {"thigh": 0.9, "calf": -1.8, "R_hip": 0.1, "L_hip": -0.1}
    standing = {"hip|thigh": 0.05, "calf": 0.1}
    walking = running = {"hip|thigh": 0.3, "calf": 0.6}
    foot_numbers = 6

    @staticmethod
    def clearance(height, axes):
        return height - 0.023


class G1:
    path, rows, height = "unitree_g1/xmls/g1.xml", 8, (0.65, 0.85)
    feet = ("left_foot", "right_foot")
    first = {"hip_pitch": -0.312, "knee": 0.669, "ankle_pitch": -0.363, "elbow": 0.6, "left_shoulder_(roll|pitch)": 0.2,
             "right_shoulder_roll": -0.2, "right_shoulder_pitch": 0.2}
    standing = {"": 0.05}
    walking = {"hip_pitch": 0.3, "hip_roll": 0.15, "hip_yaw": 0.15, "knee": 0.35, "ankle_pitch": 0.25,
               "ankle_roll": 0.1, "waist_yaw": 0.2, "waist_roll": 0.08, "waist_pitch": 0.1, "shoulder_pitch": 0.15,
               "shoulder_roll": 0.15, "shoulder_yaw": 0.1, "elbow": 0.15, "wrist": 0.3}
    running = {"hip_pitch": 0.5, "hip_roll": 0.2, "hip_yaw": 0.2, "knee": 0.6, "ankle_pitch": 0.35,
               "ankle_roll": 0.15, "waist_yaw": 0.3, "waist_roll": 0.08, "waist_pitch": 0.2, "shoulder_pitch": 0.5,
               "shoulder_roll": 0.2, "shoulder_yaw": 0.15, "elbow": 0.35, "wrist": 0.3}
    foot_numbers = 12

    @staticmethod
    def clearance(height, axes):
        up = axes[0, 0] * axes[1, 1] - axes[1, 0] * axes[0, 1]
        return height + 0.012 * up - 0.093 * abs(axes[2, 0]) - 0.026 * abs(axes[2, 1]) - 0.01


class Array(np.ndarray):
    """numpy's array with the methods of torch's that the terms call."""

    def float(self):
        return self.astype(np.float64).view(Array)

    def unsqueeze(self, axis):
        return np.expand_dims(self, axis).view(Array)

    def clip(self, min=None, max=None):
        return np.clip(np.asarray(self), min, max).view(Array)


def array(values):
    return np.asarray(values, dtype=np.float64).view(Array)


def torch_of_numpy():
    torch = types.ModuleType("torch")
    torch.Tensor, torch.float32 = Array, np.float64
    torch.sum = lambda x, dim=None: np.sum(x, axis=dim).view(Array) if dim is not None else array(np.sum(x))
    torch.mean = lambda x, dim=None: np.mean(x, axis=dim).view(Array) if dim is not None else array(np.mean(x))
    torch.square, torch.exp, torch.abs, torch.sqrt = np.square, np.exp, np.abs, np.sqrt
    torch.maximum, torch.where, torch.zeros_like = np.maximum, np.where, np.zeros_like
    torch.norm = lambda x, dim: np.linalg.norm(x, axis=dim).view(Array)
    torch.clamp = lambda x, min: np.maximum(x, min)
    torch.tensor = lambda values, device=None, dtype=None: array(values)
    torch.zeros = lambda shape, device=None, dtype=None: np.zeros(shape).view(Array)
    return torch


def load(path, name):
    """A module of mjlab's, without the packages that it imports for other purposes."""
    class Anything(types.ModuleType):
        def __getattr__(self, key):
            if key.startswith("__"):
                raise AttributeError(key)
            return type(key, (), {"__init__": lambda self, *a, **k: None})
    sys.modules["torch"] = torch_of_numpy()
    for module in ("mjlab", "mjlab.entity", "mjlab.managers", "mjlab.managers.reward_manager", "mjlab.sensor",
                   "mjlab.managers.scene_entity_config", "mjlab.sensor.terrain_height_sensor", "mjlab.utils",
                   "mjlab.tasks.velocity.mdp.terrain_utils", "mjlab.utils.lab_api", "mjlab.utils.lab_api.math",
                   "mjlab.utils.lab_api.string"):
        sys.modules.setdefault(module, Anything(module))
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def turned_back(quat, v):
    out = np.zeros(3)
    mujoco.mju_rotVecQuat(out, v, np.array([quat[0], -quat[1], -quat[2], -quat[3]]))
    return out


class World:
    """One world, as mjlab's environment shows it to its terms."""

    def __init__(self, robot, model, random, rewards):
        data = mujoco.MjData(model)
        names = [model.joint(j).name for j in range(1, model.njnt)]
        self.robot, self.first = robot, by_pattern(robot.first, names)
        self.tolerances = [by_pattern(table, names) for table in (robot.standing, robot.walking, robot.running)]
        joints, feet = len(names), len(robot.feet)
        self.data, self.rewards, self.extras = data, rewards, {"log": {}}
        self.num_envs, self.device, self.step_dt = 1, None, 0.02
        quat = np.array([1, *random.normal(0, 0.25, 3)])
        data.qpos[:] = [*random.uniform(-1, 1, 2), random.uniform(*robot.height), *(quat / np.linalg.norm(quat)),
                        *(self.first + random.uniform(-1, 1, joints) * random.choice([0.2, 0.5, 1.2]))]
        data.qvel[:] = random.normal(0, 0.7, model.nv)
        mujoco.mj_forward(model, data)
        scale = random.choice([0.02, 0.3, 1.2])
        self.command = random.uniform(-1, 1, 3) * scale
        self.last, self.before = random.normal(0, 1, (2, joints))
        self.axes = [data.site(f).xmat.reshape(3, 3) for f in robot.feet]
        self.heights = random.uniform(-0.02, 0.12, feet)
        self.ground = np.array([robot.clearance(h, a) < 0 for h, a in zip(self.heights, self.axes)])
        self.ground_time = np.where(self.ground, random.choice([0.02, 0.02, 0.3], feet), 0)
        self.air_time = np.where(self.ground, 0, random.uniform(0.02, 0.7, feet))
        self.peaks = random.uniform(0.03, 0.15, feet)
        self.feet_speed = np.array([self.foot_velocity(model, f) for f in robot.feet])
        self.make_views(model)

    def foot_velocity(self, model, foot):
        speed = np.zeros(6)
        site = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_SITE, foot)
        mujoco.mj_objectVelocity(model, self.data, mujoco.mjtObj.mjOBJ_SITE, site, speed, 0)
        return speed[3:]

    def make_views(self, model):
        d, n = self.data, types.SimpleNamespace
        quat = d.qpos[3:7]
        self.down = turned_back(quat, np.array([0, 0, -1.0]))
        limits = model.jnt_range[1:]
        middle, reach = limits.mean(1), 0.9 * (limits[:, 1] - limits[:, 0]) / 2
        robot = n(data=n(root_link_lin_vel_b=array([turned_back(quat, d.qvel[:3])]),
                         root_link_ang_vel_b=array([d.qvel[3:6]]), gravity_vec_w=None, root_link_quat_w=None,
                         joint_pos=array([d.qpos[7:]]), default_joint_pos=array([self.first]),
                         soft_joint_pos_limits=array([np.stack([middle - reach, middle + reach], 1)]),
                         site_lin_vel_w=array([self.feet_speed]), body_link_ang_vel_w=None))
        sensor = self.rewards.ContactSensor()
        sensor.data = n(found=array([self.ground]), current_air_time=array([self.air_time]), force=None)
        sensor.compute_first_contact = lambda dt: array(
            [(self.ground_time > 0) & (self.ground_time < dt + 1e-6)]).astype(bool).view(Array)
        terrain = self.rewards.TerrainHeightSensor()
        terrain.data, terrain.num_frames = n(heights=array([self.heights])), len(self.heights)
        self.scene = {"robot": robot, "feet": sensor, "terrain": terrain}
        self.command_manager = n(get_command=lambda name: array([self.command]))
        self.action_manager = n(action=array([self.last]), prev_action=array([self.before]))
        self.tilted = self.down
        if self.robot is G1:
            torso = d.body("torso_link")
            spin = np.zeros(6)
            mujoco.mj_objectVelocity(model, d, mujoco.mjtObj.mjOBJ_XBODY, torso.id, spin, 0)
            self.tilted = turned_back(torso.xquat, np.array([0, 0, -1.0]))
            self.others = [*torso.xmat.reshape(3, 3)[:, 2], *spin[:3], *d.sensor("root_angmom").data]
            robot.data.body_link_ang_vel_w = array([[spin[:3]]])
            self.scene["momentum"] = n(data=array([d.sensor("root_angmom").data]))
        self.rewards.quat_apply_inverse = lambda q, v: array([self.tilted])

    def terms(self, general):
        r, n = self.rewards, types.SimpleNamespace
        robot = n(name="robot", body_ids=None, joint_ids=slice(None), site_ids=slice(None))
        posture = r.variable_posture.__new__(r.variable_posture)
        posture.default_joint_pos = array([self.first])
        posture.std_standing, posture.std_walking, posture.std_running = (array(t) for t in self.tolerances)
        swing = r.feet_swing_height.__new__(r.feet_swing_height)
        swing.peak_heights, swing.step_dt = array([self.peaks]), 0.02
        upright = r.upright.__new__(r.upright)
        feet = {"command_name": "twist", "command_threshold": 0.05}
        own = {} if self.robot is Go1 else {
            "torso_spin": r.body_angular_velocity_penalty(self, n(name="robot", body_ids=slice(None))),
            "momentum": r.angular_momentum_penalty(self, "momentum"),
        }
        return own | {
            "track_velocity": r.track_linear_velocity(self, math.sqrt(0.25), "twist", robot),
            "track_turn": r.track_angular_velocity(self, math.sqrt(0.5), "twist", robot),
            "upright": upright(self, math.sqrt(0.2), robot),
            "pose": posture(self, None, None, None, robot, "twist", 0.05, 1.5),
            "limits": general.joint_pos_limits(self, robot),
            "action_rate": general.action_rate_l2(self),
            "air_time": r.feet_air_time(self, "feet", 0.05, 0.5, "twist", 0.5),
            "clearance": r.feet_clearance(self, 0.1, "terrain", asset_cfg=robot, **feet),
            "swing": swing(self, "feet", "terrain", 0.1, **feet),
            "slip": r.feet_slip(self, "feet", asset_cfg=robot, **feet),
        }

    def row(self, model, general):
        d = self.data
        observation = [*d.sensor("imu_lin_vel").data, *d.sensor("imu_ang_vel").data, *self.down, *(d.qpos[7:] - self.first),
                       *d.qvel[6:], *self.last, *self.command]
        # The height of a swing is known before the term is asked: of feet in the air with this step's in it.
        peaks = np.where(self.ground, self.peaks, np.maximum(self.peaks, self.heights))
        state = [*d.qpos, *d.qvel, *self.command, 0, 0, 0, 1, 1, *self.last, *self.before, *self.air_time,
                 *self.ground_time, *peaks]
        feet = [[0, 0, height, *speed, *axes[:, 0], *axes[:, 1]][:self.robot.foot_numbers]
                for height, speed, axes in zip(self.heights, self.feet_speed, self.axes)]
        sensed = np.concatenate([*feet, getattr(self, "others", [])])
        terms = {name: float(np.asarray(value).reshape(-1)[0]) for name, value in self.terms(general).items()}
        return {"state": [float(x) for x in state], "sensed": sensed.tolist(),
                "observation": [float(x) for x in observation], "terms": terms}


def main(mjlab):
    rewards = load(mjlab / "mjlab/tasks/velocity/mdp/rewards.py", "velocity_rewards")
    general = load(mjlab / "mjlab/envs/mdp/rewards.py", "general_rewards")
    for robot, name in ((Go1, "go1"), (G1, "g1")):
        model = mujoco.MjModel.from_xml_path(str(mjlab / "mjlab/asset_zoo/robots" / robot.path))
        random = np.random.default_rng(3)
        rows = [World(robot, model, random, rewards).row(model, general) for _ in range(robot.rows)]
        text = json.dumps({"source": f"mjlab 1.6.0, mujoco {mujoco.__version__}", "rows": rows})
        (OUT / f"{name}-velocity-terms.json").write_text(text + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
