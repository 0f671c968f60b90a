#!/usr/bin/env python3
"""Env steps per CPU second of Gymnasium's MuJoCo tasks on one core: EnvPool and `lockstep bench tasks` in turns.

Usage: tests/bench/peers/envpool_peer.py [TASK...] [--build BUILD] [--venv FOLDER] [--core N] [--worlds N] [--turns N]
                                         [--seconds S] [--json FILE]
EnvPool runs in a virtual environment that is made on first use from the pinned and hashed packages of envpool_peer.txt.
Both sides step as many worlds of the same v5 tasks under random actions that were drawn before, start worlds again where
their episodes end, and hand out observations and rewards; both are bound to one core, and seconds are those of CPU time
that their processes took, so that other programs on that core change little. A turn of either begins with 200 steps that
do not count, so that worlds are where random actions bring them.
"""
import argparse
import sys
import time
from pathlib import Path

import task_races
import virtual_environment

ROOT = Path(__file__).resolve().parents[3]
PINS = Path(__file__).with_suffix(".txt")
TASKS = {"half-cheetah-v5": "HalfCheetah-v5", "ant-v5": "Ant-v5", "humanoid-v5": "Humanoid-v5", "hopper-v5": "Hopper-v5",
         "walker2d-v5": "Walker2d-v5", "swimmer-v5": "Swimmer-v5", "humanoid-standup-v5": "HumanoidStandup-v5",
         "reacher-v5": "Reacher-v5", "pusher-v5": "Pusher-v5", "inverted-pendulum-v5": "InvertedPendulum-v5",
         "inverted-double-pendulum-v5": "InvertedDoublePendulum-v5"}
ASKED = 8
WARM_UP, ACTION_SETS = 200, 32


def peer_of(name, worlds, seconds):
    """A function that measures EnvPool's rate."""
    import envpool
    import numpy as np
    env = envpool.make(name, env_type="gymnasium", num_envs=worlds, batch_size=worlds, num_threads=1)
    low, high = env.action_space.low, env.action_space.high
    actions = np.random.default_rng(1).uniform(low, high, (ACTION_SETS, worlds, len(low)))
    env.reset()

    def rate():
        for k in range(WARM_UP):
            env.step(actions[k % ACTION_SETS])
        begin, cpu, steps = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() < begin + seconds:
            env.step(actions[steps % ACTION_SETS])
            steps += 1
        return steps * worlds / (time.process_time() - cpu)
    return rate


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", nargs="*", choices=[*TASKS, []], help="default: all")
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--venv", type=Path, default=virtual_environment.default_folder("envpool-1.2.5"))
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--worlds", type=int, default=64)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    virtual_environment.enter(options.venv, PINS)
    import envpool
    task_races.pin(options.core)
    print(f"{options.worlds} worlds, one core of {task_races.processor()}, EnvPool {envpool.__version__}, "
          f"{options.turns} turns of {options.seconds} s")
    print(f"{'task':<28} {'lockstep':>10} {'EnvPool':>10} {'ratio':>8}  {'quartiles':<16} asked")
    rows = []
    for task, name in ((task, TASKS[task]) for task in options.task or TASKS):
        isa = ["?"]

        def ours():
            rate, isa[0] = task_races.our_rate(options.build.resolve(), task, options.worlds, options.seconds)
            return rate
        measured = task_races.race(ours, peer_of(name, options.worlds, options.seconds), options.turns)
        rows.append(task_races.row_of(task, measured, f"EnvPool {envpool.__version__}", isa[0]))
        print(f"{task:<28} {measured[0]:>10.4g} {measured[1]:>10.4g} {measured[2]:>7.1f}x  "
              f"{measured[3]:.1f} to {measured[4]:<8.1f} {ASKED}x", flush=True)
    task_races.write(rows, options.json)
    met = all(row["ratio"] >= ASKED for row in rows)
    print("all that is asked is met" if met else "not all that is asked is met")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
