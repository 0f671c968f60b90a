#!/usr/bin/env python3
"""Training against Stable-Baselines3 (PyTorch), sbx (JAX) and RLtools (C++): updates, env steps and solved tasks.

Usage: tests/bench/peers/learning_peer.py [--build BUILD] [--venv FOLDER] [--core N] [--turns N] [--seconds S]
                                          [--seeds N] [--only updates|rate|solve] [--json FILE]
The peers run in a virtual environment that is made on first use from the pinned and hashed packages of
learning_peer.txt, torch without its CUDA libraries (torch_without_cuda.py), RLtools compiled with OpenBLAS. All sides
take turns on one core with one thread, and seconds are those of CPU time, so that other programs there change little.
  updates  gradient updates of SAC per second: ours by `lockstep bench learning`, theirs 100 in a call (sbx compiles them
           into one); RLtools' are with the env step that each of its updates belongs to
  rate     env steps of PPO per second, collecting and learning, with the defaults of each (ours: a rollout of 4096 steps
           of 64 worlds in 8 minibatches, theirs of 2048 steps a world in minibatches of 64; 10 epochs, 2 x 64 units), and
           ours once more with theirs
  solve    seconds until an evaluation of 10 episodes (ours: as its checked-in settings say) has a mean of -200 on
           Pendulum-v1 by SAC, 475 on CartPole-v1 by PPO, medians over seeds. Ours: the whole process, from its start to
           the end of that evaluation. Theirs: learning alone, without imports, evaluations and RLtools' compilation.
Ratios are those of speeds; what is asked stands beside them.
"""
import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import task_races
import torch_without_cuda
import virtual_environment

PINS = Path(__file__).with_suffix(".txt")
MEASURES = Path(__file__).with_name("learning_measures.py")
NAMES = {"sb3": "stable-baselines3", "sbx": "sbx-rl", "rltools": "rltools"}
# Observations, actions, width, batch -> the ratios asked against each peer.
UPDATES = {(17, 6, 256, 256): {"sb3": 1.8, "sbx": 1}, (3, 1, 64, 100): {"sb3": 10, "sbx": None}}
# Gymnasium's name -> ours, the peers' worlds and steps, the ratio asked against sbx.
RATES = {"CartPole-v1": ("cartpole-v1", 8, 32768, 20), "HalfCheetah-v5": ("half-cheetah-v5", 1, 8192, 20)}
OUR_ITERATIONS = 20
# Gymnasium's name -> ours, agent, return that counts as solved, ratios asked.
SOLVED = {"Pendulum-v1": ("pendulum-v1", "sac", -200, {"rltools": 1, "sbx": None, "sb3": None}),
          "CartPole-v1": ("cartpole-v1", "ppo", 475, {"sbx": 10, "sb3": None})}
UPDATES_OF_RLTOOLS = 1.2  # asked of ours at 64 units


def peer(*words):
    """What learning_measures.py finds."""
    done = subprocess.run([sys.executable, str(MEASURES), *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def timed(command):
    """Runs a program: its output, and seconds of CPU time and of the clock."""
    before, begin = os.times(), os.times().elapsed
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    after = os.times()
    if done.returncode not in (0, 1):  # 1: a training run that did not meet its criterion
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr[-3000:]}")
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return done.stdout, cpu, after.elapsed - begin


def our_updates(build, sizes, seconds):
    """Of `lockstep bench learning`, per second of the core that its process really had."""
    observations, actions, width, batch = sizes
    output, cpu, wall = timed([build / "lockstep", "bench", "learning", "sac", "--repeats", 1, "--seconds", seconds,
                               "--json", "-"])
    name = f"sac {observations}/{actions} {width}x{width} batch {batch}"
    rows = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return next(row["ours"] for row in rows if row["name"] == name) * wall / cpu


def train(build, folder, words):
    """A run of ours in `folder`: rows of its metrics, CPU seconds, seconds of the clock."""
    _, cpu, wall = timed([build / "lockstep", "train", *words, "--run-dir", folder, "--overwrite", "--no-view",
                          "--no-video", "--threads", 1, "--set", "evaluation_episodes=1"])
    with open(folder / "metrics.csv", encoding="utf-8") as file:
        return list(csv.DictReader(file)), cpu, wall


def our_rate(build, task, settings):
    """Env steps of PPO per second of the core that the process really had."""
    with tempfile.TemporaryDirectory() as name:
        rows, cpu, wall = train(build, Path(name) / "run", [task, "--agent", "ppo", "--agent-defaults", "--iterations",
                                                            OUR_ITERATIONS, "--set", "evaluations=1", *settings])
    steps = int(rows[-1]["env_steps"])
    learning = sum(steps / len(rows) / float(row["wall_steps_per_second"]) for row in rows)  # without evaluations
    return steps / (learning * cpu / wall)


def our_solution(build, task, agent, target, seed):
    """CPU seconds of a run that ends with the first evaluation whose mean is enough, found by a run before it."""
    with tempfile.TemporaryDirectory() as name:
        words = [task, "--agent", agent, "--seed", seed]
        rows, _, _ = train(build, Path(name) / "run", words)
        enough = [row for row in rows if float(row["return"]) >= target]
        if not enough:
            return {"seconds": float("inf"), "steps": int(rows[-1]["env_steps"]), "solved": False}
        _, cpu, _ = train(build, Path(name) / "run", [*words, "--iterations", enough[0]["iteration"]])
    return {"seconds": cpu, "steps": int(enough[0]["env_steps"]), "solved": True}


class Table:
    """Rows as they come: printed, and written to the results file, if there is one."""

    def __init__(self, file):
        self.rows, self.file = [], file
        if file:
            file.write_text("", encoding="utf-8")
        print(f"{'what':<46} {'peer':<18} {'lockstep':>10} {'peer':>10} {'ratio':>8}  {'quartiles':<14} asked")

    def add(self, name, library, unit, pairs, asked, **more):
        """pairs: (ours, theirs) of every turn, speeds or seconds."""
        from importlib.metadata import version
        is_speed = not unit.endswith("seconds")
        ratios = [ours / theirs if is_speed else theirs / ours for ours, theirs in pairs]
        low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else [ratios[0]] * 3
        row = {"suite": "learning peers", "name": name, "backend": "cpu", "ours": statistics.median(p[0] for p in pairs),
               "peer": statistics.median(p[1] for p in pairs), "peer_name": f"{NAMES[library]} {version(NAMES[library])}",
               "ratio": middle, "spread": [low, high], "unit": unit, "threads": 1, "asked": asked, **more,
               "machine": task_races.machine()}
        self.rows.append(row)
        if self.file:
            with open(self.file, "a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        print(f"{name:<46} {row['peer_name'][-18:]:<18} {row['ours']:>10.4g} {row['peer']:>10.4g} {middle:>7.2f}x  "
              f"{f'{low:.2f} to {high:.2f}':<14} {'' if asked is None else f'{asked}x'}", flush=True)


def race_updates(table, build, options):
    unit = "updates per CPU second"
    for sizes, asked in UPDATES.items():
        name = "sac {}/{} {}x{} batch {}".format(*sizes[:2], sizes[2], *sizes[2:])
        for library, ratio in asked.items():
            pairs = [(our_updates(build, sizes, options.seconds), peer("updates", library, options.seconds, *sizes)["rate"])
                     for _ in range(options.turns)]
            table.add(name, library, unit, pairs, ratio)
    small = (3, 1, 64, 100)
    pairs = [(our_updates(build, small, options.seconds), peer("solve", "rltools", "Pendulum-v1", turn)["rate"])
             for turn in range(options.turns)]
    table.add("sac 3/1 64x64 batch 100", "rltools", unit, pairs, UPDATES_OF_RLTOOLS)


def race_rates(table, build, options):
    unit = "env steps per CPU second"
    for name, (task, worlds, steps, asked) in RATES.items():
        theirs = ["--set", f"worlds={worlds}", "--set", "steps=2048", "--set", f"minibatches={2048 * worlds // 64}"]
        for library in ("sb3", "sbx"):
            rows = [(our_rate(build, task, []), our_rate(build, task, theirs), peer("rate", library, name, worlds, steps)["rate"])
                    for _ in range(options.turns)]
            table.add(f"ppo {name}", library, unit, [(a, c) for a, _, c in rows], asked if library == "sbx" else None)
            table.add(f"ppo {name}, its worlds and minibatches", library, unit, [(b, c) for _, b, c in rows], None)


def race_solutions(table, build, options):
    for name, (task, agent, target, asked) in SOLVED.items():
        for library, ratio in asked.items():
            ours = [our_solution(build, task, agent, target, seed) for seed in range(options.seeds)]
            theirs = [peer("solve", library, name, seed) for seed in range(options.seeds)]
            table.add(f"{name} solved by {agent}", library, "CPU seconds",
                      [(a["seconds"], b["seconds"]) for a, b in zip(ours, theirs)], ratio,
                      steps=[statistics.median(found["steps"] for found in side) for side in (ours, theirs)],
                      solved=[sum(found["solved"] for found in side) for side in (ours, theirs)], seeds=options.seeds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=task_races.ROOT / "build")
    parser.add_argument("--venv", type=Path,
                        default=virtual_environment.default_folder("stable-baselines3-2.9.2-sbx-0.28.0"))
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", choices=("updates", "rate", "solve"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    virtual_environment.enter(options.venv, PINS)
    torch_without_cuda.prepare(Path(sys.prefix) / "lib/python3.11/site-packages")
    task_races.pin(options.core)
    os.environ.update({"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false", "JAX_PLATFORMS": "cpu", "OMP_NUM_THREADS": "1",
                       "OPENBLAS_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONWARNINGS": "ignore"})
    print(f"one core of {task_races.processor()}, one thread, {options.turns} turns, {options.seeds} seeds")
    table, races = Table(options.json), {"updates": race_updates, "rate": race_rates, "solve": race_solutions}
    for name, race in races.items():
        if options.only in (None, name):
            race(table, options.build.resolve(), options)
    missed = [row for row in table.rows if row["asked"] is not None and row["ratio"] < row["asked"]]
    print(f"{len(missed)} of {sum(row['asked'] is not None for row in table.rows)} ratios are below what is asked")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
