#!/usr/bin/env python3
"""Holds XLand worlds against the xminigrid package: every step bit for bit, and steps per second on the same work.

Usage: tests/bench/peers/xland_peer.py [--build BUILD] [--venv FOLDER] [--rulesets 64] [--steps 10000] [--compare R1 R4] [--race high/1024]
BUILD holds tests/bench/xland_worlds (cmake --build build --target xland_worlds). xminigrid runs in a virtual environment
that is made on first use, outside the repository, from the pinned and hashed packages of xland_peer.txt: FOLDER, or
xminigrid-0.9.3 in $LOCKSTEP_PEERS or ~/.cache/lockstep/peers.
Compared are grid, agent, pocket, reward, ends and observation after every step of random actions, from the package's own
starts. Then both are timed in turns, in processor time (others may be using the machine), each on the one core that this
script is bound to. Prints a table, and JSON lines with --json FILE.
"""
import argparse
import json
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import task_races
import virtual_environment

PINS = Path(__file__).with_suffix(".txt")
# Layout, side, rulesets, whether walls hide what is behind them.
COMPARED = (("R1", 9, "trivial", False), ("R2", 11, "small", True), ("R4", 13, "high", False), ("R9", 16, "medium", False))
RACED = (("trivial", 1024), ("medium", 1024), ("high", 1024), ("trivial", 8192), ("high", 8192))
PART = 250  # steps at a time, so that what is compared stays small


def rulesets_of(program, name, count, seed):
    lines = subprocess.run([program, "rulesets", name, str(count), str(seed)], check=True, capture_output=True, text=True)
    return [json.loads(line) for line in lines.stdout.splitlines()]


def state_bytes(grid, position, direction):
    import numpy as np
    return np.ascontiguousarray(grid, "u1").tobytes() + struct.pack("<3i", *map(int, position), int(direction))


class Ours:
    """The program that replays a job; one batch of worlds."""

    def __init__(self, program, room, rulesets, first):
        import numpy as np
        self.side, self.view, self.worlds = room.params.height, room.view, len(rulesets)
        self.process = subprocess.Popen([program, "replay"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        job = struct.pack("<6i", int(room.params.grid_type[1:]), self.side, self.view, int(room.occluded),
                          room.params.max_steps, self.worlds)
        for ruleset in rulesets:
            job += bytes(ruleset["goal"]) + struct.pack("<I", len(ruleset["rules"])) + bytes(sum(ruleset["rules"], []))
            job += struct.pack("<I", len(ruleset["init_tiles"])) + bytes(sum(ruleset["init_tiles"], []))
        agent = first.state.agent
        for world in range(self.worlds):
            job += state_bytes(first.state.grid[world], agent.position[world], agent.direction[world])
        self.process.stdin.write(job)
        self.row = np.dtype([("grid", "u1", (self.side, self.side, 2)), ("position", "<i4", 2), ("direction", "<i4"),
                             ("pocket", "u1", 2), ("reward", "<f4"), ("terminated", "u1"), ("truncated", "u1"),
                             ("observation", "u1", (self.view, self.view, 2))])

    def part(self, actions, out):
        """Runs a part under the same actions, and with the starts that the package drew. Returns rows [steps][worlds]."""
        import numpy as np
        ended = np.argwhere(out["terminated"] | out["truncated"])
        job = struct.pack("<i", len(actions)) + np.ascontiguousarray(actions, "u1").tobytes() + struct.pack("<i", len(ended))
        for step, world in ended:
            job += struct.pack("<2i", step, world) + state_bytes(
                out["next_grid"][step, world], out["next_position"][step, world], out["next_direction"][step, world])
        self.process.stdin.write(job)
        self.process.stdin.flush()
        size = len(actions) * self.worlds * self.row.itemsize
        return np.frombuffer(self.process.stdout.read(size), self.row).reshape(len(actions), self.worlds)

    def close(self):
        self.process.stdin.write(struct.pack("<i", 0))
        self.process.stdin.close()
        self.process.wait()


def compare(program, reference, case, options):
    """Steps compared, differing ones by field, goals reached and rule products seen."""
    import jax
    import numpy as np
    layout, side, name, occluded = case
    listed = rulesets_of(program, name, options.rulesets, 3)
    room = reference.Room(layout, side, occluded=occluded)
    batch = reference.stack([reference.encoded(r["goal"], r["rules"], r["init_tiles"]) for r in listed])
    timesteps = room.reset(batch, jax.random.split(jax.random.key(side), options.rulesets))
    ours = Ours(program, room, listed, timesteps)
    random = np.random.default_rng(side)
    differing = dict.fromkeys(ours.row.names, 0)
    goals, ends, done = 0, 0, 0
    while done < options.steps:
        actions = random.integers(0, 6, (min(PART, options.steps - done), options.rulesets))
        timesteps, out = room.run(batch, timesteps, actions, auto_reset=True)
        out = {key: np.asarray(value) for key, value in out.items()}
        rows = ours.part(actions, out)
        for field in differing:
            a, b = rows[field], out[field].astype(rows[field].dtype)
            differing[field] += int((a != b).reshape(*a.shape[:2], -1).any(-1).sum())
        goals += int(out["terminated"].sum())
        ends += int((out["terminated"] | out["truncated"]).sum())
        done += len(actions)
    ours.close()
    total = done * options.rulesets
    print(f"{layout}-{side}x{side} {name:<8} {'occluded' if occluded else '':<8} {total:>9} steps, {ends} episodes, {goals} "
          f"goals; differing: {', '.join(f'{k} {v}' for k, v in differing.items())}", flush=True)
    return {"name": f"xland {layout}-{side}x{side} {name}/equal", "steps": total, "episodes": ends, "goals": goals,
            "differing": sum(differing.values())}


def peer_speed(reference, listed, worlds):
    """A function that returns steps/s of xminigrid: worlds in a scan, nothing kept but what the next step needs."""
    import jax
    import jax.numpy as jnp
    from xminigrid.wrappers import GymAutoResetWrapper
    room = reference.Room("R4", 13)
    env, params = GymAutoResetWrapper(room.env), room.params
    padded = reference.stack([reference.encoded(r["goal"], r["rules"], r["init_tiles"]) for r in listed])
    batch = jax.tree.map(lambda rows: rows[jnp.arange(worlds) % len(listed)], padded)
    steps = max(8, 65536 // worlds)

    def body(carry, key):
        timesteps, total = carry
        actions = jax.random.randint(key, (worlds,), 0, 6)
        timesteps = jax.vmap(lambda r, t, a: env.step(params.replace(ruleset=r), t, a))(batch, timesteps, actions)
        # What was seen must count, or the compiler leaves it out.
        return (timesteps, total + timesteps.observation.astype(jnp.int32).sum() + timesteps.reward.sum()), None

    @jax.jit
    def run(timesteps, key):
        return jax.lax.scan(body, (timesteps, jnp.float32(0)), jax.random.split(key, steps))[0]

    state = [jax.jit(jax.vmap(lambda r, k: env.reset(params.replace(ruleset=r), k)))(
        batch, jax.random.split(jax.random.key(0), worlds))]

    def speed(seconds):
        begin, count = time.process_time(), 0
        while count == 0 or time.process_time() - begin < seconds:
            state[0], total = run(state[0], jax.random.key(count))
            total.block_until_ready()
            count += steps * worlds
        return count / (time.process_time() - begin)
    speed(0)  # compiles
    return speed


def race(program, reference, name, worlds, options):
    def ours():
        printed = subprocess.run([program, "time", name, str(worlds), str(options.seconds)], check=True,
                                 capture_output=True, text=True)
        return float(printed.stdout)
    peer = peer_speed(reference, rulesets_of(program, name, 64, 0), worlds)
    measured = task_races.race(ours, lambda: peer(options.seconds), options.turns)
    mine, theirs, ratio, low, high = measured
    print(f"{name:<8} {worlds:>6} worlds  ours {mine / 1e6:6.2f} M/s  xminigrid {theirs / 1e3:8.1f} k/s  {ratio:8.0f}x "
          f"({low:.0f} to {high:.0f})", flush=True)
    return task_races.row_of(f"xland-r4-13x13-{name}/{worlds}", measured, "xminigrid 0.9.3, jax on one core")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=task_races.ROOT / "build")
    parser.add_argument("--venv", type=Path, default=virtual_environment.default_folder("xminigrid-0.9.3"))
    parser.add_argument("--rulesets", type=int, default=64)
    parser.add_argument("--steps", type=int, default=10000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--compare", nargs="*", default=[case[0] for case in COMPARED], help="layouts; none: no comparison")
    parser.add_argument("--race", nargs="*", default=[f"{name}/{worlds}" for name, worlds in RACED],
                        help="sets and numbers of worlds; none: no race")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    program = (options.build / "tests/bench/xland_worlds").resolve()
    virtual_environment.enter(options.venv, PINS)
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # both on the same one core
    sys.path.insert(0, str(task_races.ROOT / "tools"))
    import record_xland_reference as reference
    rows = [compare(program, reference, case, options) for case in COMPARED if case[0] in options.compare]
    rows += [race(program, reference, name, int(worlds), options) for name, worlds in (r.split("/") for r in options.race)]
    if options.json:
        with options.json.open("w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps({"machine": task_races.machine()} | row) + "\n")
    return 0 if all(row.get("differing", 0) == 0 for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
