#!/usr/bin/env python3
"""Draws a small picture of every task that the program can draw, and writes docs/gallery.md.

Usage: tools/make_gallery.py [--build BUILD]
Calls `lockstep picture` (no display is needed) and ffmpeg, which reduces each picture to few colours. Pictures lie in
docs/images/gallery. Tasks without a model or a scene are named at the end of the page.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "images" / "gallery"
COLUMNS = 4
# Seconds after the start that show more of a task than the start does.
SECONDS = {"ant-v5": 0.6, "quadruped-escape": 1.0, "half-cheetah-v5": 0.5, "cheetah-run": 0.0, "humanoid-v5": 0.2,
           "pusher-v5": 0.2}
# Nothing is to be seen of it: its goal's joints have ranges of 10 m, which the camera wants to take in.
UNSEEN = {"pusher-v5"}
# A picture of large surfaces needs few colours, and so few bytes.
FILTER = "split[a][b];[a]palettegen=max_colors=96[p];[b][p]paletteuse=dither=none"


def lines(command):
    """The rows of --json - of a command of the program."""
    output = subprocess.run([str(word) for word in command] + ["--json", "-"], check=True, capture_output=True, text=True)
    return [json.loads(line) for line in output.stdout.splitlines()]


def draw(program, task, folder):
    """Draws one task; False where the program has no picture of it."""
    done = subprocess.run([program, "picture", task, "-o", folder, "--size", "200x150", "--seconds",
                           str(SECONDS.get(task, 0)), "--seed", "1"], check=False, capture_output=True,
                          text=True)
    if done.returncode != 0:
        return False
    subprocess.run(["ffmpeg", "-y", "-loglevel", "error", "-i", folder / f"{task}.png", "-vf", FILTER,
                    PICTURES / f"{task}.png"], check=True)
    return True


def page(drawn, left_out):
    """The text of docs/gallery.md."""
    text = ["# Tasks in pictures", "",
            "Each task at its start, or shortly after, drawn by `lockstep picture`; `tools/make_gallery.py` makes this",
            "page. [tasks.md](tasks.md) says how near they are to their suites, and `lockstep view NAME` shows them move.", "",
            "|" + " |" * COLUMNS, "|" + "---|" * COLUMNS]
    for first in range(0, len(drawn), COLUMNS):
        cells = [f'<img src="images/gallery/{row["name"]}.png" alt="{row["name"]}"><br>`{row["name"]}`<br>{row["summary"]}'
                 for row in drawn[first:first + COLUMNS]]
        text.append("| " + " | ".join(cells + [""] * (COLUMNS - len(cells))) + " |")
    text += ["", "Not drawn, as the program has no scene of them or stands too far away: " + ", ".join(f"`{name}`" for name in left_out) +
             ", and the systems of [systems.md](systems.md).", ""]
    return "\n".join(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    program = parser.parse_args().build.resolve() / "lockstep"
    systems = {path.stem.replace("_", "-") for path in (ROOT / "envs" / "systems").glob("*.h")}
    PICTURES.mkdir(parents=True, exist_ok=True)
    drawn, left_out = [], []
    with tempfile.TemporaryDirectory() as folder:
        for row in lines([program, "list", "tasks"]):
            if row["name"] in systems:
                continue
            if row["name"] not in UNSEEN and draw(program, row["name"], Path(folder)):
                drawn.append(row)
            else:
                left_out.append(row["name"])
    (ROOT / "docs" / "gallery.md").write_text(page(drawn, left_out), encoding="utf-8")
    size = sum(file.stat().st_size for file in PICTURES.glob("*.png"))
    print(f"{len(drawn)} pictures, {size / 1024:.0f} KB; not drawn: {', '.join(left_out) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
