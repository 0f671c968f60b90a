#!/usr/bin/env python3
"""Holds exported data sets against Minari and h5py: what they read, and that their files are read by `lockstep train`.

Usage: tests/bench/peers/dataset_peer.py [--build BUILD] [--venv FOLDER]
Minari runs in a virtual environment that is made on first use, outside the repository, from the pinned and hashed
packages of dataset_peer.txt. A policy is trained for two iterations and exported in both layouts: Minari must find
episodes whose steps fit its spaces and are those of the flat file, whose lengths are the task's, and, for Pendulum-v1,
whose rewards are those of its formula. Then a data set that Minari itself wrote is handed to an agent's replay.
"""
import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import virtual_environment

ROOT = Path(__file__).resolve().parents[3]
PINS = Path(__file__).with_suffix(".txt")
EPISODES = 7


def lockstep(build, *words, code=0):
    done = subprocess.run([build / "lockstep", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode != code:
        sys.exit(f"lockstep {' '.join(map(str, words))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def trained(build, folder, task, agent, *settings):
    words = [word for setting in settings for word in ("--set", setting)]
    lockstep(build, "train", task, "--agent", agent, "--agent-defaults", "--iterations", 2, "--no-video", "--no-view",
             "--run-dir", folder / task, *words, code=1)
    return folder / task


def pendulum_rewards(observations, actions):
    """Gymnasium's Pendulum-v1: -(theta^2 + 0.1 omega^2 + 0.001 u^2), of the state before the step."""
    import numpy as np
    theta = np.arctan2(observations[:-1, 1], observations[:-1, 0])
    return -(theta ** 2 + 0.1 * observations[:-1, 2] ** 2 + 0.001 * actions[:, 0] ** 2)


def check_export(build, run, folder, steps_of_episode, *more):
    """Both layouts of a run's episodes; returns the flat file."""
    import h5py
    import minari
    import numpy as np
    task = run.name
    for layout, target in (("minari", folder / f"{task}-minari"), ("hdf5", folder / f"{task}.h5")):
        lockstep(build, "export", run, "--format", layout, "--episodes", EPISODES, "--seed", 5, "-o", target, *more)
    data = minari.MinariDataset(folder / f"{task}-minari")
    assert data.total_episodes == EPISODES, data.total_episodes
    flat, row = h5py.File(folder / f"{task}.h5"), 0
    for episode in data.iterate_episodes():
        steps = len(episode.rewards)
        assert steps_of_episode is None or steps == steps_of_episode, steps
        assert len(episode.observations) == steps + 1 and episode.terminations.dtype == bool
        assert all(data.observation_space.contains(o) for o in episode.observations)
        assert all(data.action_space.contains(a) for a in episode.actions)
        assert (episode.terminations | episode.truncations).tolist() == [False] * (steps - 1) + [True]
        for name, mine in (("observations", episode.observations[:-1]), ("next_observations", episode.observations[1:]),
                           ("actions", episode.actions), ("rewards", episode.rewards), ("terminals", episode.terminations),
                           ("timeouts", episode.truncations)):
            assert np.array_equal(flat[name][row:row + steps], mine), name
        if task == "pendulum-v1":
            difference = np.abs(episode.rewards - pendulum_rewards(episode.observations, episode.actions)).max()
            assert difference < 1e-4, difference  # rewards up to 16 in float, an angle by way of its sine
        row += steps
    assert row == data.total_steps == len(flat["rewards"])
    print(f"{task}: {EPISODES} episodes, {row} steps, the same in both layouts")
    return folder / f"{task}.h5"


def check_import(build, folder):
    """A data set that Minari's own buffer wrote, at the start of a replay."""
    import gymnasium
    import minari
    import numpy as np
    from minari.data_collector import EpisodeBuffer
    from minari.dataset.minari_storage import MinariStorage
    random, spaces = np.random.default_rng(0), gymnasium.spaces
    (folder / "theirs").mkdir()
    storage = MinariStorage.new(folder / "theirs", spaces.Box(-np.inf, np.inf, (3,), np.float32),
                                spaces.Box(-2, 2, (1,), np.float32), data_format="hdf5")
    episodes = [EpisodeBuffer(id=k, seed=k, options=None, observations=random.normal(size=(201, 3)).astype(np.float32),
                              actions=random.uniform(-2, 2, (200, 1)).astype(np.float32), rewards=random.normal(size=200),
                              terminations=np.zeros(200, bool), truncations=np.arange(200) == 199, infos={})
                for k in range(3)]
    storage.update_episodes(episodes)
    run = trained(build, folder / "runs-of-theirs", "pendulum-v1", "sac", f"initial_transitions={folder / 'theirs'}",
                  "iteration_steps=100", "random_steps=0", "batch=16", "network.width=16", "evaluations=2")
    sizes = [line.split(",") for line in (run / "metrics.csv").read_text().splitlines()]
    found = [int(float(row[sizes[0].index("replay_size")])) for row in sizes[1:]]
    assert found == [700, 800], found
    print(f"minari {minari.__version__} wrote 600 steps; replays held {found} after 100 and 200 more")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--venv", type=Path, default=virtual_environment.default_folder("minari-0.5.4"))
    options = parser.parse_args()
    build = options.build.resolve()
    virtual_environment.enter(options.venv, PINS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small = ("iteration_steps=300", "random_steps=100", "batch=16", "network.width=16", "evaluations=2")
        pendulum = trained(build, folder / "runs", "pendulum-v1", "sac", *small)
        check_export(build, pendulum, folder, 200, "--noise", 0.3)
        check_export(build, trained(build, folder / "runs", "cartpole-v1", "ppo"), folder, None)
        check_import(build, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
