#!/usr/bin/env python3
"""Env steps per CPU second of classic control on one core: gymnax (JAX) and `lockstep bench tasks` in turns.

Usage: tests/bench/peers/gymnax_peer.py [--build BUILD] [--venv FOLDER] [--core N] [--worlds N] [--turns N]
                                        [--seconds S] [--json FILE]
gymnax runs in a virtual environment that is made on first use from the pinned and hashed packages of gymnax_peer.txt: its
steps under vmap inside one scan of 500 steps, compiled by jit, its own resets where episodes end, actions drawn before.
The observations of a step stay in the carry and rewards are summed, so that nothing is written that need not be; our side
writes observations, rewards and flags of every step. Both are bound to one core, and seconds are those of CPU time that
their processes took, so that other programs on that core change little.
The limit of memory is what one core can copy, over the bytes that our step reads and writes of a world: of arrays as
large as the batch (they stay in a cache), and of arrays far larger than any cache.
"""
import os
import sys
import time
from pathlib import Path

import task_races
import virtual_environment

PINS = Path(__file__).with_suffix(".txt")
# Task -> gymnax's name, and bytes of a world that our step moves. CartPole: state 4 floats read and written, action 1,
# observation 4, reward and return of an ended episode 2, two flags, clock and running return read and written. Pendulum:
# state 2, action 1, observation 3, the rest the same.
TASKS = {"cartpole-v1": ("CartPole-v1", 4 * (8 + 1 + 4 + 2 + 4) + 2), "pendulum-v1": ("Pendulum-v1", 4 * (4 + 1 + 3 + 2 + 4) + 2)}
ASKED = 20
STEPS, ACTION_SETS = 500, 32


def peer_of(name, worlds, seconds):
    """A function that measures gymnax's rate."""
    import gymnax
    import jax
    import jax.numpy as jnp
    env, params = gymnax.make(name)
    space = env.action_space(params)
    keys = jax.random.split(jax.random.PRNGKey(1), ACTION_SETS * worlds)
    actions = jax.vmap(space.sample)(keys)
    actions = actions.reshape((ACTION_SETS, worlds) + actions.shape[1:])
    reset = jax.jit(jax.vmap(env.reset, in_axes=(0, None)))
    observation, state = reset(jax.random.split(jax.random.PRNGKey(2), worlds), params)

    def one(carry, k):
        key, observation, state, total = carry
        key, now = jax.random.split(key)
        results = jax.vmap(env.step, in_axes=(0, 0, 0, None))(jax.random.split(now, worlds), state,
                                                            actions[k % ACTION_SETS], params)
        return (key, results[0], results[1], total + results[2]), None

    @jax.jit
    def many(carry):
        return jax.lax.scan(one, carry, jnp.arange(STEPS))[0]
    carry = [many((jax.random.PRNGKey(3), observation, state, jnp.zeros(worlds)))]
    jax.block_until_ready(carry[0])

    def rate():
        begin, cpu, steps = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() < begin + seconds:
            carry[0] = jax.block_until_ready(many(carry[0]))
            steps += STEPS
        return steps * worlds / (time.process_time() - cpu)
    return rate


def stream_rate(size, seconds):
    """Bytes per CPU second that one core reads and writes in copies between arrays of together `size` bytes."""
    import numpy as np
    source, target = np.ones(size // 2, np.uint8), np.ones(size // 2, np.uint8)
    begin, cpu, copies = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() < begin + seconds:
        np.copyto(target, source)
        copies += 1
    return copies * 2 * len(source) / (time.process_time() - cpu)


def main():
    options = task_races.parser_of(__doc__, "gymnax-1.0.1", worlds=4096).parse_args()
    virtual_environment.enter(options.venv, PINS)
    task_races.pin(options.core)
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax
    from importlib.metadata import version
    peer_name = f"gymnax {version('gymnax')}, jax {jax.__version__}"
    print(task_races.heading(options, peer_name, "asked  limit of memory: bytes a step, in cache, beyond it"))
    rows = []
    for task, (name, size) in TASKS.items():
        row = task_races.race_task(task, peer_of(name, options.worlds, options.seconds), peer_name, options)
        near, far = stream_rate(options.worlds * size, options.seconds), stream_rate(1 << 28, options.seconds)
        row["bytes_per_step"], row["limit_in_cache"], row["limit_beyond_cache"] = size, near / size, far / size
        rows.append(row)
        print(f"{task_races.line_of(row)} {ASKED}x    {size} B, {near / size:.3g} steps/s ({near / 1e9:.3g} GB/s), "
              f"{far / size:.3g} steps/s ({far / 1e9:.3g} GB/s)", flush=True)
    return task_races.conclude(rows, ASKED, options.json)


if __name__ == "__main__":
    sys.exit(main())
