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
import sys
import time
from pathlib import Path

import task_races
import virtual_environment

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
    parser = task_races.parser_of(__doc__, "envpool-1.2.5", worlds=64)
    parser.add_argument("task", nargs="*", choices=[*TASKS, []], help="default: all")
    options = parser.parse_args()
    virtual_environment.enter(options.venv, PINS)
    task_races.pin(options.core)
    import envpool
    peer_name = f"EnvPool {envpool.__version__}"
    print(task_races.heading(options, peer_name, "asked"))
    rows = []
    for task in options.task or TASKS:
        peer = peer_of(TASKS[task], options.worlds, options.seconds)
        rows.append(task_races.race_task(task, peer, peer_name, options))
        print(f"{task_races.line_of(rows[-1])} {ASKED}x", flush=True)
    return task_races.conclude(rows, ASKED, options.json)


if __name__ == "__main__":
    sys.exit(main())
