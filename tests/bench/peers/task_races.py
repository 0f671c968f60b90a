"""Turns of `lockstep bench tasks` and of a peer on one core: what the scripts of task suites share."""
import json
import os
import platform
import statistics
import subprocess


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


def row_of(name, measured, peer_name, isa):
    """One line of a results file."""
    ours, peer, ratio, low, high = measured
    return {"suite": "task peers", "name": name, "backend": "cpu", "ours": ours, "peer": peer, "peer_name": peer_name,
            "ratio": ratio, "spread": [low, high], "unit": "env steps per CPU second", "threads": 1, "isa": isa,
            "machine": {"cpu": processor(), "load_average": round(os.getloadavg()[0], 2)}}


def write(rows, file):
    """The rows as JSON lines."""
    if file:
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
