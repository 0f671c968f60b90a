#!/usr/bin/env python3
"""Records trajectories of XLand-MiniGrid's own code into tests/data/envs/xland.json, for tests/envs/xland_reference_test.cpp.

Usage: tools/record_xland_reference.py
Needs Python 3.11 with xminigrid 0.9.3 and JAX 0.10.2 on a CPU:
    python3 -m venv venv && venv/bin/pip install xminigrid==0.9.3 'jax[cpu]==0.10.2'

Every rule and every goal has a trajectory in a small room full of its tiles, under actions that pick up and put down
often, from the seed in which the rule changed most or the goal was reached most; further ones are of whole rulesets in
layouts of rooms. Episodes go on after their goal. The file holds
  source        package and version
  trajectories  each with layout, side, view, occluded, max_steps, ruleset (goal, rules, init_tiles), grid (hexadecimal
                digits of tile and colour, cell by cell), agent (y, x, direction), actions (a digit a step), and per step a
                row of hexadecimal digits: y, x (2 each), direction, pocket (tile, colour), reward (8, IEEE single),
                flags (1 terminated + 2 truncated), observation (2 a cell), then per changed cell y, x (2 each), tile,
                colour
"""
import json
import os
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from xminigrid.core.observation import minigrid_field_of_view  # noqa: E402
from xminigrid.envs.xland import XLandMiniGrid  # noqa: E402
from xminigrid.types import RuleSet  # noqa: E402

OUT = Path(__file__).resolve().parent.parent / "tests" / "data" / "envs" / "xland.json"
STEPS, SEEDS, VIEW = 40, 24, 5
A, B, C = [3, 1], [4, 2], [11, 8]  # red ball, green square, orange hex
GOAL_TILE = [6, 5]                 # may be walked on


def encoded(goal, rules, init_tiles):
    """A RuleSet of lists; a rule or goal is padded with zeros."""
    rows = [rule + [0] * (7 - len(rule)) for rule in rules] or [[0] * 7]
    tiles = init_tiles or [[0, 0]]
    return RuleSet(goal=jnp.array(goal + [0] * (5 - len(goal)), jnp.uint8), rules=jnp.array(rows, jnp.uint8),
                   init_tiles=jnp.array(tiles, jnp.uint8))


class Room:
    """Worlds of one layout: batched resets and steps, one ruleset and key per world."""

    def __init__(self, layout, side, view=VIEW, occluded=False, max_steps=None):
        self.env = XLandMiniGrid()
        self.params = self.env.default_params(height=side, width=side, view_size=view, grid_type=layout,
                                              max_steps=max_steps)
        self.view, self.occluded = view, occluded
        self.reset = jax.jit(jax.vmap(lambda ruleset, key: self.env.reset(self.params.replace(ruleset=ruleset), key)))
        self.run = jax.jit(self._run, static_argnames="auto_reset")

    def _observation(self, timestep):
        if not self.occluded:
            return timestep.observation
        return minigrid_field_of_view(timestep.state.grid, timestep.state.agent, self.view, self.view)

    def _run(self, rulesets, timesteps, actions, auto_reset):
        """actions [steps][worlds]. Returns the last timesteps, and of every step what it gave and, with auto_reset, the
        start of the next episode, which counts where one ended."""
        def one(ruleset, timestep, action):
            params = self.params.replace(ruleset=ruleset)
            after = self.env.step(params, timestep, action)
            agent = after.state.agent
            out = {"grid": after.state.grid, "position": agent.position, "direction": agent.direction,
                   "pocket": agent.pocket, "reward": after.reward.astype(jnp.float32), "terminated": after.discount == 0,
                   "truncated": after.state.step_num == params.max_steps, "observation": self._observation(after)}
            if auto_reset:
                fresh = self.env.reset(params, jax.random.split(after.state.key)[0])
                out |= {"next_grid": fresh.state.grid, "next_position": fresh.state.agent.position,
                        "next_direction": fresh.state.agent.direction}
                after = jax.tree.map(lambda new, old: jnp.where(after.last(), new, old), fresh, after)
            return after, out
        return jax.lax.scan(lambda carry, row: jax.vmap(one)(rulesets, carry, row), timesteps, actions)


def stack(rulesets):
    """Rulesets of one batch, padded to the longest with empty rules and tiles."""
    rules = max(len(r.rules) for r in rulesets)
    tiles = max(len(r.init_tiles) for r in rulesets)
    pad = lambda rows, n: jnp.pad(rows, ((0, n - len(rows)), (0, 0)))
    return RuleSet(goal=jnp.stack([r.goal for r in rulesets]), rules=jnp.stack([pad(r.rules, rules) for r in rulesets]),
                   init_tiles=jnp.stack([pad(r.init_tiles, tiles) for r in rulesets]))


def nibbles(cells):
    return "".join(f"{int(v):x}" for v in np.asarray(cells).reshape(-1))


def row_of(out, step, world, before):
    at = lambda name: np.asarray(out[name][step, world])
    grid, (y, x) = at("grid"), at("position")
    text = f"{y:02x}{x:02x}{int(at('direction')):x}{nibbles(at('pocket'))}"
    text += at("reward").astype(">f4").tobytes().hex() + f"{int(at('terminated')) + 2 * int(at('truncated')):x}"
    text += nibbles(at("observation"))
    for cy, cx in zip(*np.nonzero((grid != before).any(-1))):
        text += f"{cy:02x}{cx:02x}{nibbles(grid[cy, cx])}"
    return text, grid


def record(room, rulesets, shares, score, name):
    """The best of SEEDS trajectories of one ruleset, by score(out, plain): plain is the same without rules."""
    random = np.random.default_rng(len(name))
    actions = jnp.array(random.choice(6, p=shares, size=(STEPS, SEEDS)), jnp.int32)
    batch = stack([rulesets] * SEEDS)
    keys = jax.random.split(jax.random.key(7), SEEDS)
    first = room.reset(batch, keys)
    _, out = room.run(batch, first, actions, auto_reset=False)
    idle = batch.replace(rules=jnp.zeros_like(batch.rules))
    bare = first.replace(state=first.state.replace(rule_encoding=idle.rules))
    _, plain = room.run(idle, bare, actions, auto_reset=False)
    scores = np.array(score(out, plain))
    world = int(scores.argmax())
    grid, agent = np.asarray(first.state.grid[world]), first.state.agent
    rows, before = [], grid
    for step in range(STEPS):
        text, before = row_of(out, step, world, before)
        rows.append(text)
    print(f"{name}: {scores[world]} of {STEPS} steps count")
    return {"name": name, "layout": room.params.grid_type, "side": room.params.height, "view": room.view,
            "occluded": room.occluded, "max_steps": room.params.max_steps,
            "ruleset": {"goal": rulesets.goal.tolist(), "rules": rulesets.rules.tolist(),
                        "init_tiles": rulesets.init_tiles.tolist()},
            "grid": nibbles(grid), "agent": [*agent.position[world].tolist(), int(agent.direction[world])],
            "actions": "".join(str(int(a)) for a in actions[:, world]), "steps": rows}


def changes(out, plain):
    """Per world, steps in which the rules made a difference for the first time or went on to."""
    differ = (out["grid"] != plain["grid"]).any((2, 3, 4)) | (out["pocket"] != plain["pocket"]).any(-1)
    grew = (out["grid"] != plain["grid"]).sum((2, 3, 4))
    return (np.diff(np.asarray(grew), axis=0, prepend=0) != 0).sum(0) + np.asarray(differ).any(0)


def successes(out, _):
    return np.asarray(out["terminated"]).sum(0)


def rule_cases():
    for rule in range(1, 12):
        two = 3 <= rule <= 7
        yield f"rule {rule}", encoded([0], [[rule] + A + (B if two else []) + C, [1] + C + A], [A] * 5 + [B] * 5)


def goal_cases():
    two = (4, 7, 8, 9, 10)
    for goal in range(1, 15):
        tile = GOAL_TILE if goal in (2, 3) else A
        arguments = {5: A + [3, 3], 6: [3, 3]}.get(goal, tile + (B if goal in two else []))
        yield f"goal {goal}", encoded([goal] + arguments, [], [tile] * 5 + [B] * 5)


def room_cases():
    """Layouts with doors: rules that chain, more of one kind of object than the generator would place."""
    rules = [[3] + A + B + C, [2] + C + GOAL_TILE, [1] + B + A, [9] + A + B, [5] + B + C + [1, 7]]
    tiles = [A] * 6 + [B] * 6 + [C] * 3 + [[7, 1], [7, 2]]
    for layout, side in (("R2", 9), ("R4", 9), ("R6", 13), ("R9", 10)):
        yield layout, side, encoded([2] + GOAL_TILE, rules, tiles)


def main():
    trajectories = []
    busy, walking = [.34, .1, .1, .2, .22, .04], [.4, .12, .12, .12, .12, .12]
    for occluded in (False, True):
        room = Room("R1", 7, occluded=occluded, max_steps=STEPS if occluded else 200)
        cases = [(*case, changes) for case in rule_cases()] + [(*case, successes) for case in goal_cases()]
        for number, (name, ruleset, score) in enumerate(cases):
            if number % 2 == int(occluded):
                trajectories.append(record(room, ruleset, busy, score, name))
    for number, (layout, side, ruleset) in enumerate(room_cases()):
        room = Room(layout, side, view=7 if layout == "R6" else VIEW, occluded=number % 2 == 1)
        trajectories.append(record(room, ruleset, walking, changes, f"{layout} {side}"))
    source = f"xminigrid {version('xminigrid')}, jax {version('jax')}"
    lines = ",\n".join(json.dumps(t, separators=(",", ":")) for t in trajectories)
    OUT.write_text(f'{{"source":"{source}","trajectories":[\n{lines}\n]}}\n', encoding="utf-8")
    print(f"{OUT}: {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
