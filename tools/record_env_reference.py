#!/usr/bin/env python3
"""Records reference trajectories of the task suites into tests/data/envs/, for tests/envs/suite_reference_test.cpp.

Usage: tools/record_env_reference.py [TASK...]      (default: all)
       tools/record_env_reference.py --options      (tasks under other options than the suite's defaults)
Needs Python 3.11 with dm_control 1.0.50, gymnasium 1.4.0 and mujoco 4.0.0:
    python3 -m venv venv && venv/bin/pip install dm_control==1.0.50 'gymnasium[mujoco]==1.4.0' mujoco==4.0.0

A file holds, for one task, as the suite's own Python code gave them:
  episode_steps     steps after which the suite ended an episode by its time limit
  action_low, action_high
  resets            how many were made, and per number of the state the quantiles 0, 0.05 ... 1 over them
  trajectories      each from a state that was set: states [n + 1][nx], actions [n][nu], observations [n + 1][no],
                    rewards [n], terminated [n]
and one of tests/data/envs/options/, for tests/envs/option_reference_test.cpp: `options`, shorter trajectories under
them, and resets of some tasks.
"""
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("MUJOCO_GL", "disable")
import numpy as np  # noqa: E402

OUT = Path(__file__).resolve().parent.parent / "tests" / "data" / "envs"
RESETS = 4000
STEPS = 60


class DmControl:
    """A task of dm_control's suite. State: qpos, qvel, act, and `held`: numbers that its resets write into the model.

    held: (array of the model, element's name, axes) of each, such as a target's position."""

    source = f"dm_control {version('dm_control')}, mujoco {version('mujoco')}"

    def __init__(self, domain, task, *held):
        self.held = held
        self.forget_missing_fields()
        from dm_control import suite
        self.env = suite.load(domain, task, task_kwargs={"random": 1})
        self.physics = self.env.physics
        spec = self.env.action_spec()
        self.low, self.high = spec.minimum.tolist(), spec.maximum.tolist()

    @staticmethod
    def forget_missing_fields():
        """dm_control 1.0.50 makes indexers for fields of mjModel that MuJoCo 4.0.0 has no longer; no task needs them."""
        import mujoco
        from dm_control.mujoco.wrapper.mjbindings import sizes
        model = mujoco.MjModel.from_xml_string("<mujoco/>")
        structs = {"mjmodel": model, "mjdata": mujoco.MjData(model)}
        for name, struct in structs.items():
            fields = sizes.array_sizes[name]
            for field in [field for field in fields if not hasattr(struct, field)]:
                del fields[field]

    @staticmethod
    def flat(observation):
        return np.concatenate([np.ravel(part) for part in observation.values()]).tolist()

    def state(self):
        data = self.physics.data
        held = [np.ravel(array[index]) for array, index in self.held_numbers()]
        return np.concatenate([data.qpos, data.qvel, data.act, *held]).tolist()

    def held_numbers(self):
        """Arrays of the model and the indices of what is held in them."""
        return [(getattr(self.physics.named.model, array), (name, axes)) for array, name, axes in self.held]

    def reset(self):
        self.env.reset()

    def set_state(self, x):
        self.env.reset()
        return self.set_state_of_episode(x)

    def set_state_of_episode(self, x):
        nq, nv, na = self.physics.model.nq, self.physics.model.nv, self.physics.model.na
        with self.physics.reset_context():
            self.physics.data.qpos[:] = x[:nq]
            self.physics.data.qvel[:] = x[nq:nq + nv]
            if na > 0:
                self.physics.data.act[:] = x[nq + nv:nq + nv + na]
            first = nq + nv + na
            for array, index in self.held_numbers():
                count = np.size(array[index])
                array[index] = x[first:first + count]
                first += count
        return self.flat(self.env.task.get_observation(self.physics))

    def step(self, action):
        result = self.env.step(np.array(action))
        terminated = result.last() and result.discount == 0.0
        return self.flat(result.observation), float(result.reward), bool(terminated), result.last()


class PointMassHard(DmControl):
    """Its resets write two directions into the tendons."""

    def __init__(self):
        super().__init__("point_mass", "hard")

    def held_numbers(self):
        return [(self.physics.model.wrap_prm, slice(0, 4))]


class QuadrupedEscape(DmControl):
    """Its resets draw the ground: trajectories are on one that is recorded as the bumps that the suite drew it from."""

    resets = 400  # at a quarter of a second each

    def __init__(self):
        from scipy import ndimage
        super().__init__("quadruped", "escape")
        type(self.physics).contexts = None  # no window, to which a reset would give the ground
        self.bumps = np.random.default_rng(5).uniform(0.15, 1, (30, 30))
        row, column = np.ogrid[-1:1:201j, -1:1:201j]
        radius = np.clip(np.sqrt(column ** 2 + row ** 2), 0.04, 1)
        self.terrain = (0.5 - np.cos(2 * np.pi * radius) / 2) * ndimage.zoom(self.bumps, 201 / 30.0)

    def set_state(self, x):
        super().set_state(x)  # which resets
        self.physics.model.hfield_data[:] = self.terrain.ravel()
        return super().set_state_of_episode(x)

    def standing(self, x, y):
        """A state in which the robot just touches the ground at a place (m). Its joints are at 0, as after a reset: the
        suite looks at a start with its actuators switched off."""
        column, row = int(round((x / 60 + 0.5) * 200)), int(round((y / 60 + 0.5) * 200))
        state = [x, y, 5 * self.terrain[row, column] + 1.5, 0.98, 0.05, 0.1, 0.15] + 16 * [0.0] + 22 * [0.1] + 12 * [0.0]
        self.set_state(state)
        while self.physics.data.ncon == 0:
            state[2] -= 0.001
            with self.physics.reset_context():
                self.physics.data.qpos[:] = state[:23]
        return state

    def extra(self):
        return {"bumps": self.bumps.tolist(), "every_97th_height": self.terrain.ravel()[::97].tolist()}


class Lqr(DmControl):
    """Its springs are drawn when an environment is made: every reset makes one. Its controls have no bounds."""

    resets = 1000  # at a tenth of a second each

    def __init__(self, task):
        super().__init__("lqr", task)
        self.task = task
        self.random = np.random.RandomState(1)

    def held_numbers(self):
        return [(self.physics.model.jnt_stiffness, slice(None))]

    def reset(self):
        from dm_control import suite
        self.env = suite.load("lqr", self.task, task_kwargs={"random": self.random})
        self.physics = self.env.physics
        self.env.reset()

    def action_range(self, x):
        """Forces of the size of the springs'."""
        force = np.full(len(self.low), 30 * np.linalg.norm(x[:self.physics.model.nq]))
        return -force, force


class Manipulator(DmControl):
    """Held is where the target is; where it inserts, the whole pose of the receptacle, which stands there."""

    def __init__(self, task):
        target, receptacle = ("target_peg", "slot") if task.endswith("peg") else ("target_ball", "cup")
        self.inserts = task.startswith("insert")
        held = [("body_pos", target, ["x", "z"]), ("body_quat", target, ["qw", "qy"])]
        if self.inserts:
            held = [("body_pos", receptacle, ["x", "y", "z"]), ("body_quat", receptacle, ["qw", "qx", "qy", "qz"])]
        super().__init__("manipulator", task, *held)
        self.target = target

    def set_state(self, x):
        super().set_state(x)
        if self.inserts:
            model = self.physics.named.model
            with self.physics.reset_context():
                self.physics.data.qpos[:] = x[:11]
                self.physics.data.qvel[:] = x[11:22]
                model.body_pos[self.target, ["x", "z"]] = x[22], x[24]
                model.body_quat[self.target, ["qw", "qy"]] = x[25], x[27]
        return self.flat(self.env.task.get_observation(self.physics))


class Gymnasium:
    """A task of Gymnasium, classic control or MuJoCo."""

    source = f"gymnasium {version('gymnasium')}, mujoco {version('mujoco')}"

    def __init__(self, name, **options):
        import gymnasium
        self.env = gymnasium.make(name, **options)
        self.inner = self.env.unwrapped
        self.discrete = not hasattr(self.env.action_space, "low")
        self.low = [0.0] if self.discrete else self.env.action_space.low.tolist()
        self.high = [float(self.env.action_space.n - 1)] if self.discrete else self.env.action_space.high.tolist()
        if hasattr(self.inner, "model"):  # its own bounds are these, rounded to float
            self.low, self.high = (bound.tolist() for bound in self.inner.model.actuator_ctrlrange.T)
        self.env.reset(seed=1)

    def state(self):
        if hasattr(self.inner, "data"):
            return np.concatenate([self.inner.data.qpos, self.inner.data.qvel]).tolist()
        return np.asarray(self.inner.state, dtype=float).tolist()

    def observe(self):
        for name in ("_get_obs", "_get_ob"):
            if hasattr(self.inner, name):
                return getattr(self.inner, name)()
        return np.asarray(self.inner.state, dtype=np.float32)

    def reset(self):
        self.env.reset()

    def set_state(self, x):
        self.env.reset()
        if hasattr(self.inner, "data"):
            self.inner.set_state(np.array(x[:self.inner.model.nq]), np.array(x[self.inner.model.nq:]))
        else:
            self.inner.state = np.array(x, dtype=np.float64)
        return np.asarray(self.observe(), dtype=float).tolist()

    def step(self, action):
        # Classic control clips and computes in the type it is given: doubles here, so that tests may be exact.
        action = int(action[0]) if self.discrete else np.array(action, dtype=np.float64)
        observation, reward, terminated, truncated, _ = self.env.step(action)
        return np.asarray(observation, dtype=float).tolist(), float(reward), bool(terminated), terminated or truncated


# Steps of a trajectory where it would be too long, or chaotic before it ends.
SHORTER = {"ant-v5": 30, "humanoid-v5": 20, "humanoid-standup-v5": 12, "pusher-v5": 40, "half-cheetah-v5": 40,
           "walker2d-v5": 40, "cheetah-run": 40, "walker-stand": 30, "walker-walk": 30, "walker-run": 30,
           "humanoid-stand": 15, "humanoid-walk": 15, "humanoid-run": 15, "humanoid-run_pure_state": 15,
           "fish-upright": 30, "fish-swim": 30, "humanoid_cmu-stand": 8, "humanoid_cmu-walk": 8, "humanoid_cmu-run": 8,
           "quadruped-walk": 15, "quadruped-run": 15, "quadruped-fetch": 12, "quadruped-escape": 12,
           "dog-stand": 5, "dog-walk": 5, "dog-trot": 5, "dog-run": 5, "dog-fetch": 3, "swimmer-swimmer15": 20, "lqr-lqr_2_1": 30, "lqr-lqr_6_2": 25,
           "manipulator-bring_ball": 25, "manipulator-bring_peg": 25, "manipulator-insert_ball": 25,
           "manipulator-insert_peg": 25, "stacker-stack_2": 25, "stacker-stack_4": 20}
# Recorded with MuJoCo's search for contacts going on to 1e-10: a finger stands on the flat target, and where the search
# stops by default, at 1e-6, trajectories of both are 5e-5 apart after one step, and 2e-3 after five, where a contact opens.
SEARCHED_ON = {"dog-fetch", "quadruped-escape"}
# Starting states beside the suite's own resets: fast ones that hit walls, rails, speed limits and terminations.
CARTPOLE = [[1.7, 3.0, 2.0, -4.0], [-1.79, 0.4, -3.0, 9.0], [0.1, 0.02, 0.3, -0.1]]
# A leg or two on the floor, moving.
QUADRUPED = [0, 0, 0.51, 0.99, 0.02, 0.05, 0.1] + 16 * [0.0]
# An object in the hand, and its speed.
BALL_IN_HAND = ([-0.5196, 0.3278, -2.0085, -1.4754, 0.2084, 0.0269, 0.2084, 0.3158, 0.1819, 0.5769, 0.534]
                + 8 * [0.0] + [1.7, 0.0, 0.0])
PEG_IN_HAND = ([0.0996, -0.1277, -1.9398, 0.5953, 0.0021, 0.0889, 0.0021, -0.0131, 0.1607, 0.6954, 4.5142]
               + 8 * [0.0] + [-3.98, 0.0, 0.0])
# Two boxes just above one another, two that lean on each other.
BOXES = [0.2, 0.0225, 0.0, 0.205, 0.067, 0.02, -0.1, 0.0225, 0.0, -0.054, 0.026, 0.1]


def target(x, z, angle):
    return [x, z, float(np.cos(angle / 2)), float(np.sin(angle / 2))]


def receptacle(x, z, angle):
    return [x, 0.0, z, float(np.cos(angle / 2)), 0.0, float(np.sin(angle / 2)), 0.0]


TASKS = {
    "cartpole-balance": (lambda: DmControl("cartpole", "balance"), CARTPOLE),
    "cartpole-balance_sparse": (lambda: DmControl("cartpole", "balance_sparse"), CARTPOLE),
    "cartpole-swingup": (lambda: DmControl("cartpole", "swingup"), CARTPOLE),
    "cartpole-swingup_sparse": (lambda: DmControl("cartpole", "swingup_sparse"), CARTPOLE),
    "pendulum-swingup": (lambda: DmControl("pendulum", "swingup"), [[0.05, -0.1], [3.0, 12.0]]),
    "acrobot-swingup": (lambda: DmControl("acrobot", "swingup"), [[0.05, 0.02, 0.1, 0.0], [2.0, -1.0, 5.0, -7.0]]),
    "acrobot-swingup_sparse": (lambda: DmControl("acrobot", "swingup_sparse"),
                               [[0.05, 0.02, 0.1, 0.0], [2.0, -1.0, 5.0, -7.0]]),
    "cheetah-run": (lambda: DmControl("cheetah", "run"),
                    [[1.0, 0.1, 0.3, 0.9, -0.5, 0.3, -0.6, 0.5, -0.4, 4, 0.5, -2, 3, -3, 2, -1, 1, -2.0]]),
    "hopper-stand": (lambda: DmControl("hopper", "stand"),
                     [[0.5, -0.1, 0.05, 0.1, -0.6, 1.2, -0.3, 1.0, 0.5, 0.5, -1.0, 1.0, 2.0, -1.0]]),
    "hopper-hop": (lambda: DmControl("hopper", "hop"),
                   [[0.5, -0.1, 0.05, 0.1, -0.6, 1.2, -0.3, 2.0, 0.5, 0.5, -1.0, 1.0, 2.0, -1.0]]),
    "walker-stand": (lambda: DmControl("walker", "stand"), [[0.0, 0.3] + [0.1] * 7 + [0.5] * 9]),
    "walker-walk": (lambda: DmControl("walker", "walk"), [[0.0, 0.3] + [0.1] * 7 + [0.5] * 9]),
    "walker-run": (lambda: DmControl("walker", "run"), [[0.0, 0.3] + [0.1] * 7 + [4.0] * 9]),
    "reacher-easy": (lambda: DmControl("reacher", "easy", ("geom_pos", "target", ["x", "y"])),
                     [[0.3, 0.2, 1.0, -0.5, 0.17, 0.12], [-4.0, 2.7, 3.0, 9.0, -0.1, 0.02]]),
    "reacher-hard": (lambda: DmControl("reacher", "hard", ("geom_pos", "target", ["x", "y"])),
                     [[0.3, 0.2, 0.1, -0.1, 0.217, 0.093]]),
    "ball_in_cup-catch": (lambda: DmControl("ball_in_cup", "catch"),
                          [[0.0, 0.0, 0.01, 0.33, 0.2, 0.1, -0.1, 0.3], [0.1, 0.0, 0.0, -0.1, 0.0, 0.0, 1.0, 2.0]]),
    "point_mass-easy": (lambda: DmControl("point_mass", "easy"), [[0.01, 0.005, 0.02, 0.0], [0.28, -0.28, 0.5, -0.3]]),
    "finger-spin": (lambda: DmControl("finger", "spin"),
                    [[-0.3, 0.9, 0.2, 1.0, 3.0, -16.0], [0.4, 1.0, 1.5, -3.0, 6.0, 2.0]]),
    "finger-turn_easy": (lambda: DmControl("finger", "turn_easy", ("site_pos", "target", ["x", "z"])),
                         [[-0.3, 0.9, 0.2, 1.0, 3.0, 0.5, 0.2, 0.53]]),
    "finger-turn_hard": (lambda: DmControl("finger", "turn_hard", ("site_pos", "target", ["x", "z"])),
                         [[0.4, 1.0, 1.5, -3.0, 6.0, 2.0, 0.07, 0.4]]),
    "humanoid-stand": (lambda: DmControl("humanoid", "stand"), [[0, 0, 1.28, 0.99, 0.05, 0.1, 0.05] + 48 * [0.0]]),
    "humanoid-walk": (lambda: DmControl("humanoid", "walk"), [[0, 0, 1.28, 0.99, 0.05, 0.1, 0.05] + 48 * [0.1]]),
    "humanoid-run": (lambda: DmControl("humanoid", "run"), []),
    "humanoid-run_pure_state": (lambda: DmControl("humanoid", "run_pure_state"), []),
    "swimmer-swimmer6": (lambda: DmControl("swimmer", "swimmer6", ("geom_pos", "target", ["x", "y"])),
                         [[0.1, -0.2, 1.0] + 5 * [0.5] + 8 * [1.0] + [0.2, -0.3]]),
    "fish-upright": (lambda: DmControl("fish", "upright"), []),
    "fish-swim": (lambda: DmControl("fish", "swim", ("geom_pos", "target", ["x", "y", "z"])),
                  [[0.0, 0.3, 0.1, 0.9, 0.1, -0.2, 0.3] + 7 * [0.05] + 13 * [0.02] + [0.02, 0.42, 0.12]]),
    "point_mass-hard": (PointMassHard,
                        [[0.01, 0.005, 0.02, 0.0, 1, 0, 0, 1], [0.28, -0.28, 0.5, -0.3, 0.6, 0.8, -0.8, 0.6]]),
    "swimmer-swimmer15": (lambda: DmControl("swimmer", "swimmer15", ("geom_pos", "target", ["x", "y"])), []),
    "humanoid_cmu-stand": (lambda: DmControl("humanoid_CMU", "stand"), []),
    "humanoid_cmu-walk": (lambda: DmControl("humanoid_CMU", "walk"), []),
    "humanoid_cmu-run": (lambda: DmControl("humanoid_CMU", "run"), []),
    "quadruped-walk": (lambda: DmControl("quadruped", "walk"), [QUADRUPED + 22 * [0.3] + 12 * [0.0]]),
    "quadruped-run": (lambda: DmControl("quadruped", "run"), [QUADRUPED + 22 * [1.0] + 12 * [0.0]]),
    "quadruped-escape": (QuadrupedEscape, []),
    "quadruped-fetch": (lambda: DmControl("quadruped", "fetch"),
                        [QUADRUPED + [1.0, 0.1, 0.3, 1, 0, 0, 0] + 22 * [0.1] + [-5.0, 0, 0, 0, 3.0, 0] + 12 * [0.0]]),
    "dog-stand": (lambda: DmControl("dog", "stand"), []),
    "dog-walk": (lambda: DmControl("dog", "walk"), []),
    "dog-trot": (lambda: DmControl("dog", "trot"), []),
    "dog-run": (lambda: DmControl("dog", "run"), []),
    "dog-fetch": (lambda: DmControl("dog", "fetch"), []),
    "lqr-lqr_2_1": (lambda: Lqr("lqr_2_1"), [[1e-8, 0.0, 0.0, -1e-8, 20.0, 17.0]]),
    "lqr-lqr_6_2": (lambda: Lqr("lqr_6_2"), [6 * [1e-8] + 6 * [0.0] + 6 * [20.0]]),
    "manipulator-bring_ball": (lambda: Manipulator("bring_ball"), [BALL_IN_HAND + target(0.19, 0.57, 2.0)]),
    "manipulator-bring_peg": (lambda: Manipulator("bring_peg"), [PEG_IN_HAND + target(0.165, 0.69, -1.773)]),
    "manipulator-insert_ball": (lambda: Manipulator("insert_ball"), [BALL_IN_HAND + receptacle(0.301, 0.368, -0.87)]),
    "manipulator-insert_peg": (lambda: Manipulator("insert_peg"), [PEG_IN_HAND + receptacle(-0.22, 0.256, 0.6)]),
    "stacker-stack_2": (lambda: DmControl("stacker", "stack_2", ("body_pos", "target", ["x", "z"])),
                        [8 * [0.0] + BOXES[:6] + 8 * [0.5] + 6 * [0.1] + [0.15, 0.066]]),
    "stacker-stack_4": (lambda: DmControl("stacker", "stack_4", ("body_pos", "target", ["x", "z"])),
                        [8 * [0.0] + BOXES + 8 * [0.5] + 12 * [0.1] + [0.15, 0.066]]),
    "inverted-pendulum-v5": (lambda: Gymnasium("InvertedPendulum-v5"), [[0.95, 0.15, 2.0, 0.5], [0.0, 0.1, 0.0, 0.4]]),
    "cartpole-v1": (lambda: Gymnasium("CartPole-v1"), [[2.3, 0.01, 2.0, -0.1], [0.0, 0.19, 0.0, 0.3]]),
    "acrobot-v1": (lambda: Gymnasium("Acrobot-v1"),
                   [[3.0, -3.0, 9.0, -20.0], [2.4, 0.4, 1.0, 1.0], [-1.0, 2.0, -12.5, 28.0]]),
    "mountain-car-v0": (lambda: Gymnasium("MountainCar-v0"), [[-1.15, -0.06], [0.3, 0.05], [0.45, -0.03]]),
    "mountain-car-continuous-v0": (lambda: Gymnasium("MountainCarContinuous-v0"),
                                   [[-1.15, -0.06], [0.3, 0.06], [0.4, -0.03]]),
    "inverted-double-pendulum-v5": (lambda: Gymnasium("InvertedDoublePendulum-v5"),
                                    [[0.97, 0.05, -0.1, 1.5, 0.2, 0.1], [-0.97, -0.02, 0.1, -1.7, 0.1, -0.3]]),
    "reacher-v5": (lambda: Gymnasium("Reacher-v5"),
                   [[0.3, 2.95, 0.1, -0.05, 1.0, 20.0, 0.0, 0.0], [9.0, -2.9, -0.15, 0.1, -4.0, -9.0, 0.0, 0.0]]),
    "pusher-v5": (lambda: Gymnasium("Pusher-v5"),
                  [[0.5, 0.9, -0.5, -0.8, 0.4, -0.5, 0.3, -0.1, 0.12, 0.0, 0.0] + 7 * [0.5] + [0.2, -0.1, 0.0, 0.0]]),
    "swimmer-v5": (lambda: Gymnasium("Swimmer-v5"),
                   [[0.1, -0.2, 4.0, 1.7, -1.7, 0.5, 0.1, 1.0, 2.0, -2.0], [0.0, 0.0, -0.5, 0.2, 0.9, 1, -1, 3, -2, 2]]),
    "hopper-v5": (lambda: Gymnasium("Hopper-v5"), [[0.5, 1.2, 0.05, -0.4, -0.5, 0.2, 1.0, 0.5, 0.5, -1.0, 1.0, 9.0]]),
    "walker2d-v5": (lambda: Gymnasium("Walker2d-v5"),
                    [[0.2, 1.2, -0.2, -0.5, -0.6, 0.1, -0.1, -0.2, 0.3, 1.0, 0.5, -1, 2, -3, 4, -1, 0.5, 11.0]]),
    "half-cheetah-v5": (lambda: Gymnasium("HalfCheetah-v5"),
                        [[1.0, -0.05, 0.3, 0.9, -0.5, 0.3, -0.6, 0.5, -0.4, 2, 0.5, -2, 3, -3, 2, -1, 1, -2.0]]),
    "ant-v5": (lambda: Gymnasium("Ant-v5"),
               [[0.2, -0.3, 0.45, 0.95, 0.1, -0.2, 0.3, 0.2, 0.7, -0.3, -0.9, 0.1, -0.8, 0.3, 0.9, 0.5, 0.2, -1.0]
                + 11 * [0.5]]),
    "humanoid-v5": (lambda: Gymnasium("Humanoid-v5"),
                    [[0.0, 0.0, 1.35, 0.97, 0.05, 0.15, 0.1] + 17 * [-0.1] + 23 * [0.3]]),
    "humanoid-standup-v5": (lambda: Gymnasium("HumanoidStandup-v5"), []),
    "pendulum-v1": (lambda: Gymnasium("Pendulum-v1"), [[3.1, 7.9], [-9.5, -1.0], [0.05, 0.1]]),
}


def reset_statistics(task):
    states, samples = [], getattr(task, "resets", RESETS)
    for _ in range(samples):
        task.reset()
        states.append(task.state())
    quantiles = np.quantile(np.array(states), np.linspace(0, 1, 21), axis=0, method="inverted_cdf")
    return {"samples": samples, "quantiles": quantiles.T.tolist()}


def trajectory(task, x, rng, steps):
    """Up to `steps` steps from x under noise that is held for a few steps and reaches beyond the action's bounds."""
    low, high = task.action_range(x) if hasattr(task, "action_range") else (np.array(task.low), np.array(task.high))
    result = {"states": [list(x)], "actions": [], "observations": [task.set_state(x)], "rewards": [], "terminated": []}
    for k in range(steps):
        if k % 4 == 0:
            action = rng.uniform(low - 0.1 * (high - low), high + 0.1 * (high - low))
            if getattr(task, "discrete", False):
                action = rng.integers(0, int(high[0]) + 1, size=1).astype(float)
            action = np.float64(np.float32(action))  # environments take float actions
        observation, reward, terminated, over = task.step(action)
        result["states"].append(task.state())
        result["actions"].append(action.tolist())
        result["observations"].append(observation)
        result["rewards"].append(reward)
        result["terminated"].append(terminated)
        if over:
            break
    return result


def time_limit(task):
    """Steps of an episode that nothing but the time limit ends; 0 where another ending comes first."""
    rng = np.random.default_rng(3)
    task.reset()
    for k in range(1, 100000):
        action = rng.uniform(task.low, task.high) * 0
        _, _, terminated, over = task.step(action)
        if terminated:
            return task.env.spec.max_episode_steps
        if over:
            return k
    return 0


def record(name):
    make, starts = TASKS[name]
    task = make()
    if name in SEARCHED_ON:
        task.physics.model.opt.ccd_tolerance, task.physics.model.opt.ccd_iterations = 1e-10, 1000
    rng = np.random.default_rng(7)
    resets = reset_statistics(task)
    steps = SHORTER.get(name, STEPS)
    if hasattr(task, "standing"):
        starts = [task.standing(9.0, 4.0), task.standing(-14.0, 6.0), task.standing(0.5, -1.0)]
    trajectories = [trajectory(task, x, rng, steps) for x in starts]
    while len(trajectories) < len(starts) + 2 or sum(len(t["actions"]) for t in trajectories) < 2 * steps:
        task.reset()
        x = task.state()
        if hasattr(task, "standing"):  # the reset's own ground was another one
            x = task.standing(*rng.uniform(-20, 20, 2))
        if name == "quadruped-fetch":
            x[2] += 1e-3  # the suite starts 2e-16 m above the floor, where float cannot say what touches
        trajectories.append(trajectory(task, x, rng, steps))
    document = {
        "task": name,
        "source": f"{task.source}; recorded by tools/record_env_reference.py",
        "episode_steps": time_limit(task),
        "action_low": task.low, "action_high": task.high,
        "resets": resets,
        **(task.extra() if hasattr(task, "extra") else {}),
        "trajectories": trajectories,
    }
    text = json.dumps(document)
    (OUT / f"{name}.json").write_text(text.replace('"trajectories"', '\n"trajectories"').replace("]], ", "]],\n ") + "\n",
                                      encoding="utf-8")
    print(name, len(text), "bytes,", document["episode_steps"], "steps")


def record_tolerance():
    """Values of dm_control's soft indicator for every shape, inside and outside its interval."""
    from dm_control.utils import rewards
    rows = []
    for shape in ("gaussian", "hyperbolic", "long_tail", "reciprocal", "cosine", "linear", "quadratic", "tanh_squared"):
        for bounds, margin, at_margin in (((0.0, 0.0), 2.0, 0.1), ((-1.0, 0.5), 0.7, 0.3), ((0.2, 0.9), 0.0, 0.1)):
            for x in (-3.0, -1.3, -1.0, -0.4, 0.0, 0.2, 0.55, 0.9, 1.1, 2.5):
                value = rewards.tolerance(x, bounds, margin, shape, at_margin)
                rows.append([shape, bounds[0], bounds[1], margin, at_margin, x, value])
    document = {"source": f"{DmControl.source}; recorded by tools/record_env_reference.py",
                "columns": ["shape", "low", "high", "margin", "value_at_margin", "x", "value"], "rows": rows}
    (OUT / "tolerance.json").write_text(json.dumps(document).replace("], [", "],\n["), encoding="utf-8")


# Per file: the suite's name, options (as its constructor takes them), steps of a trajectory, whether resets are recorded.
# HumanoidStandup's uph_cost_weight is not among them: Gymnasium 1.4.0 takes it and leaves it unused.
VARIANTS = {
    "half-cheetah-v5": ("HalfCheetah-v5", {
        "frame_skip": 3, "forward_reward_weight": 2.5, "ctrl_cost_weight": 0.7, "reset_noise_scale": 0.03,
        "exclude_current_positions_from_observation": False}, 12, True),
    "swimmer-v5": ("Swimmer-v5", {
        "frame_skip": 6, "forward_reward_weight": -1.5, "ctrl_cost_weight": 0.02, "reset_noise_scale": 0.4,
        "exclude_current_positions_from_observation": False}, 12, False),
    "hopper-v5": ("Hopper-v5", {
        "frame_skip": 5, "forward_reward_weight": 0.5, "ctrl_cost_weight": 0.01, "healthy_reward": 3.0,
        "healthy_state_range": (-30.0, 25.0), "healthy_z_range": (1.0, 1.3), "healthy_angle_range": (-0.15, 0.4),
        "reset_noise_scale": 0.02, "exclude_current_positions_from_observation": False}, 15, True),
    "hopper-v5-goes-on": ("Hopper-v5", {"terminate_when_unhealthy": False, "healthy_z_range": (1.2, 1.24)}, 20, False),
    "walker2d-v5": ("Walker2d-v5", {
        "frame_skip": 2, "forward_reward_weight": 3.0, "ctrl_cost_weight": 0.2, "healthy_reward": 0.25,
        "terminate_when_unhealthy": False, "healthy_z_range": (1.1, 1.22), "healthy_angle_range": (-0.05, 0.2),
        "reset_noise_scale": 0.05, "exclude_current_positions_from_observation": False}, 15, False),
    "ant-v5": ("Ant-v5", {
        "frame_skip": 3, "forward_reward_weight": 1.5, "ctrl_cost_weight": 0.05, "contact_cost_weight": 0.01,
        "healthy_reward": 2.0, "terminate_when_unhealthy": False, "healthy_z_range": (0.4, 0.7),
        "contact_force_range": (-0.5, 20.0), "reset_noise_scale": 0.05,
        "exclude_current_positions_from_observation": False}, 10, False),
    "ant-v5-without-loads": ("Ant-v5", {
        "healthy_z_range": (0.45, 0.8), "include_cfrc_ext_in_observation": False}, 15, False),
    "humanoid-v5": ("Humanoid-v5", {
        "frame_skip": 3, "forward_reward_weight": 0.5, "ctrl_cost_weight": 0.3, "contact_cost_weight": 1e-4,
        "contact_cost_range": (0.01, 0.5), "healthy_reward": 1.5, "terminate_when_unhealthy": False,
        "healthy_z_range": (1.3, 1.38), "exclude_current_positions_from_observation": False,
        "include_cinert_in_observation": False, "include_cvel_in_observation": False}, 6, False),
    "humanoid-v5-inertias": ("Humanoid-v5", {
        "healthy_z_range": (1.34, 1.5), "include_qfrc_actuator_in_observation": False,
        "include_cfrc_ext_in_observation": False}, 4, False),
    "humanoid-standup-v5": ("HumanoidStandup-v5", {
        "frame_skip": 4, "ctrl_cost_weight": 0.5, "impact_cost_weight": 1e-3, "impact_cost_range": (2.0, 30.0),
        "exclude_current_positions_from_observation": False, "include_cvel_in_observation": False,
        "include_cinert_in_observation": False, "include_cfrc_ext_in_observation": False}, 8, False),
    "reacher-v5": ("Reacher-v5", {"frame_skip": 4, "reward_dist_weight": 2.5, "reward_control_weight": 0.1}, 12, False),
    "pusher-v5": ("Pusher-v5", {
        "frame_skip": 3, "reward_near_weight": 1.5, "reward_dist_weight": 0.25, "reward_control_weight": 0.4}, 10, False),
    "inverted-pendulum-v5": ("InvertedPendulum-v5", {"frame_skip": 5, "reset_noise_scale": 0.1}, 12, True),
    "inverted-double-pendulum-v5": ("InvertedDoublePendulum-v5", {
        "frame_skip": 2, "healthy_reward": 4.0, "reset_noise_scale": 0.02}, 12, True),
}


def record_variant(name):
    suite_name, options, steps, has_resets = VARIANTS[name]
    task = Gymnasium(suite_name, **options)
    own = next(row for row in sorted(TASKS, key=len, reverse=True) if name.startswith(row))
    rng = np.random.default_rng(11)
    document = {
        "task": own, "source": f"{task.source}; recorded by tools/record_env_reference.py --options",
        "options": {key: str(list(value)) if isinstance(value, tuple) else value for key, value in options.items()},
    }
    if has_resets:
        document["resets"] = reset_statistics(task)
    document["trajectories"] = [trajectory(task, x, rng, steps) for x in TASKS[own][1]]
    task.reset()
    document["trajectories"].append(trajectory(task, task.state(), rng, steps))
    text = json.dumps(document)
    (OUT / "options").mkdir(parents=True, exist_ok=True)
    (OUT / "options" / f"{name}.json").write_text(
        text.replace('"trajectories"', '\n"trajectories"').replace("]], ", "]],\n ") + "\n", encoding="utf-8")
    endings = sum(sum(t["terminated"]) for t in document["trajectories"])
    print(name, len(text), "bytes,", endings, "endings,", [len(t["actions"]) for t in document["trajectories"]])


def main():
    if sys.argv[1:] == ["--options"]:
        for name in VARIANTS:
            record_variant(name)
        return
    OUT.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or TASKS:
        record(name)
    record_tolerance()


if __name__ == "__main__":
    main()
