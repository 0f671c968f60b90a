#!/usr/bin/env python3
"""Runs checked-in settings (agents/configs) by the command each names, and writes what they reached into them.

Usage: tools/measure_configs.py [--build build] [--jobs 1] NAME...        (pendulum-v1-ppo, or `all`)
The lines `return`, `return_interval`, `env_steps`, `seconds`, `solved` and `machine` are replaced; the rest stays.
Build again afterwards: the settings are part of the program.
"""
import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = ROOT / "agents" / "configs"


def comment(text, key):
    found = re.search(rf"^# {key}: (.*)$", text, re.MULTILINE)
    if not found:
        sys.exit(f"error: no comment '{key}'\n  where: {CONFIGS}\n  fix: write the settings as the others are")
    return found.group(1)


def measure(text, path, program, jobs):
    """The last row that the command of these settings prints, and its rows of single seeds."""
    command = shlex.split(comment(text, "command"))
    if command[:2] != ["lockstep", "train"]:
        sys.exit(f"error: the command is not lockstep train\n  where: {path}\n  fix: write the command that is to be run")
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.json"
        # The file itself: what is built into the program may be older.
        arguments = command[1:] + ["--config", str(path), "--json", str(rows), "--run-dir", f"{folder}/sweep",
                                   "--jobs", str(jobs), "--no-view"]
        done = subprocess.run([program, *arguments], cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
        if done.returncode not in (0, 1):
            sys.exit(f"error: {' '.join(command)} ended with {done.returncode}\n  where: {path}\n  fix: run it by hand")
        return json.loads(rows.read_text(encoding="utf-8").splitlines()[-1])


def machine(jobs):
    cpu, flags = "unknown processor", ""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            cpu = line.split(": ")[1].strip()
        if line.startswith("flags"):
            flags = line
    isa = "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "SSE2"
    return f"{cpu}, {isa}, {jobs} of {os.cpu_count()} cores at work"


def rewritten(text, row, seeds, jobs):
    low, high = row["return_iqm_low"], row["return_iqm_high"]
    new = {"return": f"{row['return_iqm']:.1f}", "return_interval": f"{low:.1f} to {high:.1f}",
           "env_steps": f"{row['env_steps_iqm']:.0f}", "seconds": f"{row['seconds_iqm']:.1f}",
           "solved": f"{round(row['success_mean'] * seeds)} of {seeds} seeds", "machine": machine(jobs)}
    for key, value in new.items():
        text = re.sub(rf"^# {key}: .*$", f"# {key}: {value}", text, flags=re.MULTILINE)
    return text, new


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("names", nargs="+")
    options = parser.parse_args()
    names = options.names if options.names != ["all"] else sorted(path.stem for path in CONFIGS.glob("*.toml"))
    program = str((ROOT / options.build / "lockstep").resolve())
    for name in names:
        path = CONFIGS / f"{name}.toml"
        text = path.read_text(encoding="utf-8")
        row = measure(text, path, program, options.jobs)
        text, new = rewritten(text, row, row["runs"], options.jobs)
        whole = path.with_suffix(".part")
        whole.write_text(text, encoding="utf-8")
        whole.replace(path)
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in new.items() if key != "machine"), flush=True)


if __name__ == "__main__":
    main()
