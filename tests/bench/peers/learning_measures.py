"""What Stable-Baselines3, sbx and RLtools need for the work of learning_peer.py, each measured in a process of its own.

Usage: python learning_measures.py KIND LIBRARY ARGUMENTS..., in the virtual environment of learning_peer.py; prints one
JSON object. Seconds are those of the process's CPU time, without importing packages. CPU time of one thread.
  updates sb3|sbx SECONDS OBSERVATIONS ACTIONS WIDTH BATCH   gradient updates of SAC per second, from random transitions
  rate    sb3|sbx TASK WORLDS STEPS                          env steps of PPO per second with the library's own settings
  solve   sb3|sbx|rltools TASK SEED                          seconds and env steps until an evaluation's mean is enough
"""
import json
import os
import sys
import time
from pathlib import Path

EPISODES = 10  # of an evaluation; its time is not counted
# Task -> return that counts as solved, env steps between evaluations, most of them. PPO's settings for CartPole-v1 are
# those of RL Baselines3 Zoo; SAC's for Pendulum-v1 are the sizes and rates that all sides of the race have.
SOLVED = {"Pendulum-v1": (-200, 1000, 20000), "CartPole-v1": (475, 2048, 100352)}
SAC = {"learning_rate": 1e-3, "batch_size": 100, "learning_starts": 500, "buffer_size": 20000, "train_freq": 1,
       "gradient_steps": 1}
PPO = {"n_steps": 32, "batch_size": 256, "gae_lambda": 0.8, "gamma": 0.98, "n_epochs": 20, "ent_coef": 0.0,
       "learning_rate": lambda left: 1e-3 * left, "clip_range": lambda left: 0.2 * left}
PENDULUM = """
#include <rl_tools/rl/environments/pendulum/operations_cpu.h>
template <typename T, typename TI>
using ENVIRONMENT_FACTORY = rl_tools::rl::environments::Pendulum<rl_tools::rl::environments::pendulum::Specification<T, TI>>;
"""


def library_of(name):
    """Stable-Baselines3 or sbx, on one thread of a processor."""
    import torch
    torch.set_num_threads(1)
    if name == "sb3":
        import stable_baselines3
        return stable_baselines3
    import sbx
    return sbx


def network(name, width):
    """Two hidden layers; the activation is each library's own."""
    return {"net_arch": [width, width]} if name == "sb3" else {"net_arch": {"pi": [width, width], "qf": [width, width]}}


def updates(name, seconds, observations, actions, width, batch):
    import gymnasium
    import numpy as np

    class Noise(gymnasium.Env):
        """Spaces of the sizes asked for; it is never stepped."""
        observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (observations,))
        action_space = gymnasium.spaces.Box(-1, 1, (actions,))

        def reset(self, *, seed=None, options=None):
            return np.zeros(observations, np.float32), {}
    library, random = library_of(name), np.random.default_rng(0)
    model = library.SAC("MlpPolicy", Noise(), policy_kwargs=network(name, width), buffer_size=20000, batch_size=batch, seed=0)
    from stable_baselines3.common.logger import configure
    model.set_logger(configure(None, []))
    for _ in range(10000):
        row, after = random.normal(size=(2, 1, observations)).astype(np.float32)
        model.replay_buffer.add(row, after, random.uniform(-1, 1, (1, actions)), random.normal(size=1), np.zeros(1), [{}])
    steps = 100  # updates of a call: sbx compiles them into one
    model.train(gradient_steps=steps, batch_size=batch)
    begin, cpu, done = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() < begin + seconds:
        model.train(gradient_steps=steps, batch_size=batch)
        done += steps
    return {"rate": done / (time.process_time() - cpu)}


def rate(name, task, worlds, steps):
    from stable_baselines3.common.env_util import make_vec_env
    model = library_of(name).PPO("MlpPolicy", make_vec_env(task, worlds, seed=0), seed=0, device="cpu")
    model.learn(model.n_steps * worlds)  # compiles
    begin, before = time.process_time(), model.num_timesteps
    model.learn(steps, reset_num_timesteps=False)
    return {"rate": (model.num_timesteps - before) / (time.process_time() - begin)}


def mean_return(act, task, seed):
    """Of EPISODES episodes of the policy `act`: observation -> action."""
    import gymnasium
    env, total = gymnasium.make(task), 0
    for episode in range(EPISODES):
        observation, _ = env.reset(seed=1000 * seed + episode)
        while True:
            observation, reward, terminated, truncated, _ = env.step(act(observation))
            total += reward
            if terminated or truncated:
                break
    return float(total) / EPISODES


class Clock:
    """Seconds of learning, without evaluations; when they find that the task is solved."""

    def __init__(self, task, seed, act):
        self.task, self.seed, self.act = task, seed, act
        self.target, self.interval, self.most = SOLVED[task]
        self.seconds, self.steps, self.reached = 0.0, 0, -float("inf")
        self.begin = time.process_time()

    def is_over(self, steps):
        """To be asked again and again while learning; evaluates where an interval is over."""
        if steps < self.steps + self.interval:
            return False
        self.seconds += time.process_time() - self.begin
        self.steps, self.reached = steps, mean_return(self.act, self.task, self.seed)
        self.begin = time.process_time()
        return self.reached >= self.target or steps >= self.most

    def found(self):
        return {"seconds": self.seconds, "steps": self.steps, "return": self.reached, "solved": self.reached >= self.target}


def solve_python(name, task, seed):
    library = library_of(name)
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.env_util import make_vec_env
    if task == "Pendulum-v1":
        model = library.SAC("MlpPolicy", make_vec_env(task, 1, seed=seed), policy_kwargs=network(name, 64), seed=seed,
                            device="cpu", **SAC)
    else:
        model = library.PPO("MlpPolicy", make_vec_env(task, 8, seed=seed), seed=seed, device="cpu", **PPO)
    clock = Clock(task, seed, lambda observation: model.predict(observation, deterministic=True)[0])

    class UntilSolved(BaseCallback):
        def _on_step(self):
            return not clock.is_over(self.num_timesteps)
    model.learn(clock.most, callback=UntilSolved())  # in one go, so that rates fall over all of it
    return clock.found()


def compiler_with_openblas(folder):
    """How RLtools is to call the compiler so that its -lblas is OpenBLAS, whose package renames what it exports."""
    import scipy_openblas32
    library = Path(scipy_openblas32.get_lib_dir()) / "libscipy_openblas.so"
    link = folder / "libblas.so"
    link.unlink(missing_ok=True)
    link.symlink_to(library)
    names = " ".join(f"-Dcblas_{kind}gemm=scipy_cblas_{kind}gemm" for kind in "sd")
    return f"g++ -w -I{scipy_openblas32.get_include_dir()} {names} -L{folder} -Wl,-rpath,{library.parent}"


def solve_rltools(task, seed):
    assert task == "Pendulum-v1", "RLtools brings no CartPole"
    import rltools
    folder = Path(rltools.CACHE_PATH) / "lockstep_pendulum"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "environment.h").write_text(PENDULUM)
    os.environ["RL_TOOLS_DISABLE_MKL"] = "1"
    os.environ["RL_TOOLS_COMPILER"] = compiler_with_openblas(folder)
    begin = time.perf_counter()
    module = rltools.SAC({"path": str(folder), "action_dim": 1, "observation_dim": 3}, enable_evaluation=False,
                         STEP_LIMIT=SOLVED[task][2], N_WARMUP_STEPS=500, interface_name="lockstep", OPTIMIZER_ALPHA=1e-3)
    compiled, state, steps = time.perf_counter() - begin, module.State(seed), 0
    import numpy as np
    clock = Clock(task, seed, lambda observation: 2 * state.action(observation.astype(np.float32)))
    while not clock.is_over(steps):
        state.step()
        steps += 1
    begin = time.process_time()
    for _ in range(2000):
        state.step()
    return clock.found() | {"compile_seconds": compiled, "rate": 2000 / (time.process_time() - begin)}


def main(words):
    kind, name = words[:2]
    if kind == "updates":
        found = updates(name, float(words[2]), *map(int, words[3:]))
    elif kind == "rate":
        found = rate(name, words[2], int(words[3]), int(words[4]))
    elif name == "rltools":
        found = solve_rltools(words[2], int(words[3]))
    else:
        found = solve_python(name, words[2], int(words[3]))
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
