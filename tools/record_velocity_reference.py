#!/usr/bin/env python3
"""Records terms of mjlab's velocity task into tests/data/envs/go1-velocity-terms.json, for velocity_task_test.cpp.

Usage: tools/record_velocity_reference.py MJLAB      (the unpacked wheel of mjlab 1.6.0)
Needs Python 3.11 with mujoco 4.0.0 and numpy. mjlab's own functions compute the terms (tasks/velocity/mdp/rewards.py,
envs/mdp/rewards.py); they are written on torch, of which the few functions that they call are given them by numpy.

A row holds a state as envs/legged_velocity.h has it (without the wishes for commands and the timers, which no term
reads), what the task senses of its feet, the observation, and each term without its weight.
"""
import importlib.util
import json
import math
import sys
import types
from pathlib import Path

import mujoco
import numpy as np

OUT = Path(__file__).resolve().parent.parent / "tests" / "data" / "envs" / "go1-velocity-terms.json"
ROWS = 12
FEET = ("FR", "FL", "RR", "RL")
FIRST = np.tile([0.0, 0.9, -1.8], 4) + np.array([0.1, 0, 0, -0.1, 0, 0, 0.1, 0, 0, -0.1, 0, 0])
SERVOS = [0, 1, 3, 4, 6, 7, 9, 10, 2, 5, 8, 11]  # joints in the order of servos


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
    torch.square, torch.exp, torch.abs = np.square, np.exp, np.abs
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

    def __init__(self, model, random, rewards):
        data = mujoco.MjData(model)
        self.data, self.rewards, self.extras = data, rewards, {"log": {}}
        self.num_envs, self.device, self.step_dt = 1, None, 0.02
        quat = np.array([1, *random.normal(0, 0.25, 3)])
        data.qpos[:] = [*random.uniform(-1, 1, 2), random.uniform(0.22, 0.35), *(quat / np.linalg.norm(quat)),
                        *(FIRST + random.uniform(-1, 1, 12) * random.choice([0.5, 1.2]))]
        data.qvel[:] = random.normal(0, 0.7, model.nv)
        mujoco.mj_forward(model, data)
        scale = random.choice([0.02, 0.3, 1.2])
        self.command = random.uniform(-1, 1, 3) * scale
        self.last, self.before = random.normal(0, 1, (2, 12))
        self.heights = np.array([data.site(f).xpos[2] for f in FEET]) + random.uniform(-0.05, 0.03, 4)
        self.ground = self.heights < 0.023
        self.ground_time = np.where(self.ground, random.choice([0.02, 0.02, 0.3], 4), 0)
        self.air_time = np.where(self.ground, 0, random.uniform(0.02, 0.7, 4))
        self.peaks = random.uniform(0.03, 0.15, 4)
        self.feet_speed = np.array([self.foot_velocity(model, f) for f in FEET])
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
                         joint_pos=array([d.qpos[7:]]), default_joint_pos=array([FIRST]),
                         soft_joint_pos_limits=array([np.stack([middle - reach, middle + reach], 1)]),
                         site_lin_vel_w=array([self.feet_speed])))
        sensor = self.rewards.ContactSensor()
        sensor.data = n(found=array([self.ground]), current_air_time=array([self.air_time]), force=None)
        sensor.compute_first_contact = lambda dt: array(
            [(self.ground_time > 0) & (self.ground_time < dt + 1e-6)]).astype(bool).view(Array)
        terrain = self.rewards.TerrainHeightSensor()
        terrain.data, terrain.num_frames = n(heights=array([self.heights])), 4
        self.scene = {"robot": robot, "feet": sensor, "terrain": terrain}
        self.command_manager = n(get_command=lambda name: array([self.command]))
        self.action_manager = n(action=array([self.last]), prev_action=array([self.before]))
        self.rewards.quat_apply_inverse = lambda q, v: array([self.down])

    def terms(self, general):
        r, n = self.rewards, types.SimpleNamespace
        robot = n(name="robot", body_ids=None, joint_ids=slice(None), site_ids=slice(None))
        posture = r.variable_posture.__new__(r.variable_posture)
        posture.default_joint_pos = array([FIRST])
        posture.std_standing = array(np.tile([0.05, 0.05, 0.1], 4))
        posture.std_walking = posture.std_running = array(np.tile([0.3, 0.3, 0.6], 4))
        swing = r.feet_swing_height.__new__(r.feet_swing_height)
        swing.peak_heights, swing.step_dt = array([self.peaks]), 0.02
        upright = r.upright.__new__(r.upright)
        feet = {"command_name": "twist", "command_threshold": 0.05}
        return {
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
        observation = [*d.sensor("imu_lin_vel").data, *d.sensor("imu_ang_vel").data, *self.down, *(d.qpos[7:] - FIRST),
                       *d.qvel[6:], *self.last, *self.command]
        # The height of a swing is known before the term is asked: of feet in the air with this step's in it.
        peaks = np.where(self.ground, self.peaks, np.maximum(self.peaks, self.heights))
        state = [*d.qpos, *d.qvel, *self.command, 0, 0, 0, 1, 1, *self.last, *self.before, *self.air_time,
                 *self.ground_time, *peaks]
        sensed = np.concatenate([[0, 0, self.heights[i], *self.feet_speed[i]] for i in range(4)])
        terms = {name: float(np.asarray(value).reshape(-1)[0]) for name, value in self.terms(general).items()}
        return {"state": [float(x) for x in state], "sensed": sensed.tolist(),
                "observation": [float(x) for x in observation], "terms": terms}


def main(mjlab):
    rewards = load(mjlab / "mjlab/tasks/velocity/mdp/rewards.py", "velocity_rewards")
    general = load(mjlab / "mjlab/envs/mdp/rewards.py", "general_rewards")
    model = mujoco.MjModel.from_xml_path(str(mjlab / "mjlab/asset_zoo/robots/unitree_go1/xmls/go1.xml"))
    random = np.random.default_rng(3)
    rows = [World(model, random, rewards).row(model, general) for _ in range(ROWS)]
    OUT.write_text(json.dumps({"source": f"mjlab 1.6.0, mujoco {mujoco.__version__}", "rows": rows}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
