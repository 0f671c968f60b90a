#!/usr/bin/env python3
"""How the ratio to mj_step goes with dofs, contacts and lanes: writes families of models, races each, prints a table.

Usage: tests/bench/physics_scaling.py [--program build/lockstep] [--results FILE] [--slice SECONDS]
Families, one number each:
  arm/N    a serial arm of N hinges about changing axes, thrown about by its motors; no contacts
  feet/N   one body standing on N balls: N contacts, the same in every world
  crowd/N  N balls in a walled pit, each pushed about at random: contacts come and go, in other places in every world
Columns: instruction set (LOCKSTEP_ISA), precision, lanes; those that the processor lacks are left out.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SIZES = {"arm": (1, 2, 4, 8, 16, 32, 64), "feet": (1, 3, 6, 12, 24), "crowd": (1, 2, 4, 8)}
MOTIONS = {"arm": "noisy", "feet": "quiet", "crowd": "noisy"}
# Instruction set, precision, lanes.
COLUMNS = (("v4", "float", 16), ("v4", "float", 8), ("v3", "float", 8), ("v4", "double", 8), ("v4", "double", 4))


def arm(hinges):
    axes = ("0 1 0", "1 0 0", "0 0 1")
    bodies = "".join(f'<body pos="0 0 {0.0 if i == 0 else -0.2}"><joint name="j{i}" axis="{axes[i % 3]}" damping=".1"'
                     ' armature=".01"/><geom type="capsule" size=".03" fromto="0 0 0 0 0 -.2" mass=".5"/>'
                     for i in range(hinges))
    motors = "".join(f'<motor joint="j{i}" gear="2" ctrlrange="-1 1"/>' for i in range(hinges))
    return (f'<option timestep=".002"/><default><geom contype="0" conaffinity="0"/></default><worldbody>{bodies}'
            f'{"</body>" * hinges}</worldbody><actuator>{motors}</actuator>')


def feet(count):
    columns = max(1, round(count ** 0.5))
    balls = "".join(f'<geom type="sphere" size=".05" pos="{0.15 * (i % columns)} {0.15 * (i // columns)} 0" mass=".2"/>'
                    for i in range(count))
    return ('<option timestep=".002"/><worldbody><geom type="plane" size="5 5 1"/>'
            f'<body pos="0 0 .0499"><freejoint/>{balls}</body></worldbody>')


def crowd(count):
    half = 0.16 * count ** 0.5
    walls = "".join(f'<geom type="plane" size="2 2 1" pos="{-half * x} {-half * y} 0" zaxis="{x} {y} 0"/>'
                    for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)))
    columns = round(count ** 0.5 + 0.49)
    balls = "".join(f'<body pos="{0.22 * (i % columns) - 0.11 * (columns - 1)} '
                    f'{0.22 * (i // columns) - 0.11 * (columns - 1)} .099"><freejoint/>'
                    f'<geom type="sphere" size=".1" mass="1"/><site name="s{i}"/></body>' for i in range(count))
    motors = "".join(f'<motor site="s{i}" refsite="floor" gear="{gear}" ctrlrange="-1 1"/>'
                     for i in range(count) for gear in ("20 0 0 0 0 0", "0 20 0 0 0 0"))
    return (f'<option timestep=".002"/><worldbody><site name="floor"/><geom type="plane" size="2 2 1"/>{walls}{balls}'
            f'</worldbody><actuator>{motors}</actuator>')


def race(program, files, motion, column, slice_seconds):
    """{file stem: the row against mj_step}, or nothing where the processor lacks the instruction set."""
    isa, precision, lanes = column
    command = [program, "bench", "physics", *map(str, files), "--motion", motion, "--precision", precision, "--lanes",
               str(lanes), "--slice", str(slice_seconds), "--warmup", "200", "--json", "-"]
    done = subprocess.run(command, env={**os.environ, "LOCKSTEP_ISA": isa}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"left out {isa} {precision} {lanes}: {done.stderr.strip()}", file=sys.stderr)
        return {}
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {row["name"].split("/")[0]: row for row in rows if row["peer_name"] == "mj_step"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/lockstep", help="the lockstep program")
    parser.add_argument("--results", type=Path, help="JSON lines of all rows")
    parser.add_argument("--slice", type=float, default=0.1, help="seconds of a slice of each side")
    options = parser.parse_args()
    rows, titles = [], [f"{isa} {precision} x{lanes}" for isa, precision, lanes in COLUMNS]
    print("| model | " + " | ".join(titles) + " |\n|---" + "|---" * len(titles) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for family, write in (("arm", arm), ("feet", feet), ("crowd", crowd)):
            files = []
            for size in SIZES[family]:
                files.append(Path(folder, f"{family}-{size}.xml"))
                files[-1].write_text(f"<mujoco>{write(size)}</mujoco>", encoding="utf-8")
            found = [race(options.program, files, MOTIONS[family], column, options.slice) for column in COLUMNS]
            for file in files:
                cells = [f"{column[file.stem]['ratio']:.1f}x" if file.stem in column else "-" for column in found]
                print(f"| {file.stem.replace('-', '/')} | " + " | ".join(cells) + " |", flush=True)
            rows += [row for column in found for row in column.values()]
    if options.results:
        text = "".join(json.dumps(row) + "\n" for row in rows)
        part = options.results.with_suffix(options.results.suffix + ".part")
        part.write_text(text, encoding="utf-8")
        part.replace(options.results)


if __name__ == "__main__":
    main()
