#!/usr/bin/env python3
"""Runs clang-tidy on the project's sources, the most recently changed first, within a budget of time.

Usage: tools/tidy.py [--build build] [--budget SECONDS] [FILE...]      (default: every .cpp of the rooms, no budget)
Each source is looked at once, however often it is compiled (per instruction set); .cu files and generated sources are
left out. What the budget did not suffice for is listed: nothing is passed over in silence.
"""
import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("kernels", "engine", "models", "envs", "planners", "agents", "viewer", "apps")


def without_precompiled_headers(entry):
    """The entry for clang, which cannot read what g++ has precompiled: the sources include what they use."""
    return {**entry, "command": re.sub(r" (-Winvalid-pch|-include \S*/cmake_pch\.hxx)(?= )", "", entry["command"])}


def compiled_sources(build):
    """{path relative to the root: its first compile command}, sources of the rooms only."""
    entries = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        path = Path(entry["directory"], entry["file"]).resolve()
        if path.suffix == ".cpp" and path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in ROOMS:
            entries.setdefault(path.relative_to(ROOT).as_posix(), without_precompiled_headers(entry))
    return entries


def newest_first(paths):
    """The paths by the time of their last commit; files that git does not know yet come first."""
    listed = subprocess.run(["git", "-C", str(ROOT), "log", "--format=", "--name-only", "-n", "300"],
                            capture_output=True, text=True, check=False)
    order = {}
    for name in listed.stdout.splitlines():
        order.setdefault(name, len(order) + 1)
    return sorted(paths, key=lambda path: (order.get(path, 0), path))


def tidy(program, database, path):
    done = subprocess.run([program, "-p", str(database), "--quiet", str(ROOT / path)],
                          capture_output=True, text=True, check=False)
    text = "\n".join(line for line in done.stderr.splitlines() if not line.endswith("generated.")
                     and not line.startswith("Suppressed") and not line.startswith("Use -header-filter"))
    return path, done.returncode, done.stdout + (text if done.returncode else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build", help="build folder with compile_commands.json")
    parser.add_argument("--budget", type=float, default=float("inf"), help="seconds after which no new file is begun")
    parser.add_argument("files", nargs="*", help="sources to look at (default: all)")
    options = parser.parse_args()
    program = shutil.which("clang-tidy-14") or shutil.which("clang-tidy")
    if not program:
        print("error: clang-tidy was not found\n  where: tools/tidy.py\n  fix: apt-get install clang-tidy-14")
        return 3
    build = (ROOT / options.build).resolve()
    entries = compiled_sources(build)
    wanted = [Path(name).resolve().relative_to(ROOT).as_posix() for name in options.files] or list(entries)
    unknown = sorted(set(wanted) - set(entries))
    database = build / "tidy"
    database.mkdir(exist_ok=True)
    (database / "compile_commands.json").write_text(json.dumps(list(entries.values())), encoding="utf-8")

    start, failed, skipped = time.monotonic(), [], []

    def run(path):
        if time.monotonic() - start > options.budget:
            skipped.append(path)
            return path, 0, ""
        return tidy(program, database, path)

    queue = newest_first([path for path in wanted if path in entries])
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, code, text in pool.map(run, queue):
            if code:
                failed.append(path)
                lines = text.splitlines()
                print("\n".join(lines[:60] + ([f"... and {len(lines) - 60} lines more"] if len(lines) > 60 else [])))
    for path in unknown:
        print(f"tidy.py: {path} is not compiled in {build}: not looked at")
    if skipped:
        print(f"tidy.py: not looked at, out of time: {' '.join(sorted(skipped))}")
    print(f"tidy.py: {len(queue) - len(skipped)} of {len(queue)} sources in {time.monotonic() - start:.0f} s, "
          f"{len(failed)} with findings: {' '.join(failed) or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
