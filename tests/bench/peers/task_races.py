"""Turns of our side and of a peer on one core: what the scripts of task suites share."""
import argparse
import json
import os
import platform
import statistics
import subprocess
from pathlib import Path

import virtual_environment

ROOT = Path(__file__).resolve().parents[3]

def pin(core):
    """Binds this process and its children to one core."""
    os.sched_setaffinity(0, {core})


def our_rate(build, task, worlds, seconds):
    """Env steps of a task per second of CPU time, in a process of its own on this core."""
    command = [str(build / "lockstep"), "bench", "tasks", task, "--worlds", str(worlds), "--repeats", "1", "--seconds",
               str(seconds), "--json", "-"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    row = next(row for row in rows if row["name"] == task)
    return row["ours_per_cpu_second"], row["isa"]


def processor():
    """The processor's name."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())


def race(ours, peer, turns):
    """Rates of both in turns, and the median ratio with its quartiles."""
    rows = [(ours(), peer()) for _ in range(turns)]
    ratios = sorted(mine / theirs for mine, theirs in rows)
    quartiles = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else [ratios[0]] * 3
    return (statistics.median(mine for mine, _ in rows), statistics.median(theirs for _, theirs in rows),
            statistics.median(ratios), quartiles[0], quartiles[2])


def row_of(name, measured, peer_name, **more):
    """One line of a results file."""
    ours, peer, ratio, low, high = measured
    return {"suite": "task peers", "name": name, "backend": "cpu", "ours": ours, "peer": peer, "peer_name": peer_name,
            "ratio": ratio, "spread": [low, high], "unit": "env steps per CPU second", "threads": 1, **more,
            "machine": machine()}


def machine():
    """The processor, and how busy it has been."""
    return {"cpu": processor(), "load_average": round(os.getloadavg()[0], 2)}


def race_task(task, peer, peer_name, options):
    """The row of one task in `lockstep bench tasks` against peer(), which returns a rate."""
    isa = ["?"]

    def ours():
        rate, isa[0] = our_rate(options.build.resolve(), task, options.worlds, options.seconds)
        return rate
    measured = race(ours, peer, options.turns)
    return row_of(task, measured, peer_name, isa=isa[0])


def line_of(row):
    """A row as text."""
    return (f"{row['name']:<28} {row['ours']:>10.4g} {row['peer']:>10.4g} {row['ratio']:>7.1f}x  "
            f"{row['spread'][0]:.1f} to {row['spread'][1]:<8.1f}")


def heading(options, peer_name, more):
    """What stands above the rows."""
    return (f"{options.worlds} worlds, one core of {processor()}, {peer_name}, {options.turns} turns of "
            f"{options.seconds} s\n{'task':<28} {'lockstep':>10} {'peer':>10} {'ratio':>8}  {'quartiles':<16} {more}")


def parser_of(description, venv, worlds):
    """The options that all of the scripts have."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--venv", type=Path, default=virtual_environment.default_folder(venv))
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--worlds", type=int, default=worlds)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--json", type=Path)
    return parser


def conclude(rows, asked, file):
    """Writes the rows and says whether all ratios are what is asked. Returns the exit status."""
    if file:
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    met = all(row["ratio"] >= asked for row in rows)
    print("all that is asked is met" if met else "not all that is asked is met")
    return 0 if met else 1
