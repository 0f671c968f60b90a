#!/usr/bin/env python3
"""Holds exported policies against ONNX Runtime: every kind of network, and policies that `lockstep train` has learned.

Usage: tests/bench/peers/onnx_peer.py [--build BUILD] [--venv FOLDER]
BUILD holds lockstep and tests/agents/policy_files (cmake --build build --target lockstep policy_files). ONNX Runtime runs
in a virtual environment that is made on first use, outside the repository, from the pinned and hashed packages of
onnx_peer.txt: FOLDER, or onnxruntime-1.32.0 in $LOCKSTEP_PEERS or ~/.cache/lockstep/peers.
Each policy is checked by onnx.checker, run by ONNX Runtime on random observations in batches of one and of all, and
compared with the C header (compiled by cc) and with the tensors of the safetensors file put together in numpy. Prints the
largest differences; fails above 1e-5 of an action (relative where it is above 1).
"""
import argparse
import ctypes
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import virtual_environment

ROOT = Path(__file__).resolve().parents[3]
PINS = Path(__file__).with_name("onnx_peer.txt")
TOLERANCE = 1e-5
ROWS = 1000
# Task, and settings that differ from the agent's own; two iterations are enough for a policy that is not its start.
LEARNED = (("cartpole-v1", ()), ("pendulum-v1", ("network.activation=relu",)),
           ("mountain-car-continuous-v0", ("network.activation=silu", "network.layers=3")),
           ("inverted-pendulum-v5", ("network.activation=elu", "network.width=32")),
           ("acrobot-v1", ("standardise_observations=false",)))


def compiled(header, folder):
    """The header's function, from an array of observations to the actions."""
    import numpy as np
    source, library = folder / "policy.c", folder / f"{header.stem}.so"
    source.write_text(f'#include "{header}"\nvoid act(const float *o, float *a) {{ lockstep_policy(o, a); }}\n')
    subprocess.run(["cc", "-std=c99", "-O2", "-shared", "-fPIC", "-o", str(library), str(source), "-lm"], check=True)
    function = ctypes.CDLL(str(library)).act

    def act(observations, size):
        actions = np.zeros((len(observations), size), np.float32)
        pointer = ctypes.POINTER(ctypes.c_float)
        for observation, action in zip(observations, actions):
            function(observation.ctypes.data_as(pointer), action.ctypes.data_as(pointer))
        return actions
    return act


def read_safetensors(file):
    """Tensors by name, and the metadata."""
    import numpy as np
    data = file.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[begin:end], "<f4").reshape(entry["shape"]).astype(np.float64)
    return tensors, metadata


def numpy_actions(file, observations):
    """What docs/agents.md says that the tensors mean, in double."""
    import numpy as np
    t, metadata = read_safetensors(file)
    activations = {"identity": lambda z: z, "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0),
                   "elu": lambda z: np.where(z < 0, np.expm1(np.minimum(z, 0)), z), "silu": lambda z: z / (1 + np.exp(-z))}
    x = observations.astype(np.float64)
    if "observation.mean" in t:
        limit = t["observation.limit"]
        x = np.clip((x - t["observation.mean"]) * t["observation.scale"], -limit, limit)
    for k, activation in enumerate(metadata["activations"].split(",")):
        x = x @ t[f"layers.{k}.kernel"] + t[f"layers.{k}.bias"]
        if f"layers.{k}.scale" in t:
            x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
            x = x * t[f"layers.{k}.scale"] + t[f"layers.{k}.shift"]
        x = activations[activation](x)
    if metadata["action"] == "discrete":
        return x.argmax(1)[:, None]
    x = x[:, :len(t["action.middle"])]
    x = np.tanh(x) if metadata["squash"] == "tanh" else x
    return np.clip(t["action.middle"] + t["action.half"] * x, t["action.low"], t["action.high"])


def difference(actions, reference):
    """Largest difference, relative where the action is above 1."""
    import numpy as np
    scale = np.maximum(1, np.abs(reference.astype(np.float64)))
    return float((np.abs(actions.astype(np.float64) - reference) / scale).max())


def compare(stem, folder, observations=None, expected=None):
    """Prints one row; returns whether all agree."""
    import numpy as np
    import onnx
    import onnxruntime
    model = onnx.load(f"{stem}.onnx")
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(f"{stem}.onnx", providers=["CPUExecutionProvider"])
    inputs = session.get_inputs()[0].shape[1]
    if observations is None:
        observations = np.random.default_rng(0).normal(0, 3, (ROWS, inputs)).astype(np.float32)
    batch = session.run(["action"], {"observation": observations})[0]
    single = np.concatenate([session.run(["action"], {"observation": row[None]})[0] for row in observations[:50]])
    found = {"one by one": difference(single, batch[:50]),
             "C header": difference(compiled(Path(f"{stem}.h"), folder)(observations, batch.shape[1]), batch),
             "safetensors": difference(numpy_actions(Path(f"{stem}.safetensors"), observations), batch)}
    if expected is not None:
        found["program"] = difference(expected.reshape(batch.shape), batch)
    print(f"{Path(stem).name:<28} {str(batch.dtype):<8} {len(np.unique(batch)):>5} actions  " +
          "  ".join(f"{name} {value:.1e}" for name, value in found.items()))
    return max(found.values()) <= TOLERANCE


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--venv", type=Path, default=virtual_environment.default_folder("onnxruntime-1.32.0"))
    options = parser.parse_args()
    build = options.build.resolve()
    virtual_environment.enter(options.venv, PINS)
    import numpy as np
    import onnxruntime
    print(f"differences from ONNX Runtime {onnxruntime.__version__}")
    agree = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([build / "tests/agents/policy_files", folder], check=True)
        for stem in sorted(file.with_suffix("") for file in folder.glob("*.onnx")):
            observations = np.fromfile(f"{stem}.observations", "<f4").reshape(-1, 3)
            agree &= compare(stem, folder, observations, np.fromfile(f"{stem}.actions", "<f4"))
        for task, settings in LEARNED:
            words = [word for setting in settings for word in ("--set", setting)]
            run = folder / "runs" / task
            subprocess.run([build / "lockstep", "train", task, "--agent", "ppo", "--agent-defaults", "--iterations", "2",
                            "--no-video", "--no-view", "--run-dir", run, *words], check=False, stdout=subprocess.DEVNULL)
            for kind, ending in (("onnx", "onnx"), ("c", "h"), ("safetensors", "safetensors")):
                subprocess.run([build / "lockstep", "export", run, "--format", kind, "-o", folder / f"{task}.{ending}"],
                               check=True, stdout=subprocess.DEVNULL)
            agree &= compare(folder / task, folder)
    print("all agree" if agree else f"a difference is above {TOLERANCE}")
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
