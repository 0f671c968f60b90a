"""Virtual environments of peers: made on first use from a file of pinned packages, outside the repository."""
import os
import subprocess
import sys
from pathlib import Path


def default_folder(name):
    """Where the environment of a peer lies unless told otherwise: $LOCKSTEP_PEERS, or ~/.cache/lockstep/peers."""
    return Path(os.environ.get("LOCKSTEP_PEERS", Path.home() / ".cache" / "lockstep" / "peers")) / name


def enter(folder, pins):
    """Starts this script again in the virtual environment `folder`, which is made from `pins` where it is not there."""
    python = folder / "bin" / "python"
    if Path(sys.prefix).resolve() == folder.resolve():
        return
    if not python.exists():
        print(f"making {folder} from {pins.name}", file=sys.stderr)
        made = subprocess.run([sys.executable, "-m", "venv", str(folder)], check=False)
        installed = made.returncode == 0 and subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "-r", str(pins)],
            check=False).returncode == 0
        if not installed:
            subprocess.run(["rm", "-rf", str(folder)], check=False)
            sys.exit(f"the packages of {pins.name} could not be installed into {folder}\n"
                     "  fix: let pip reach a package index that has them (Python 3.11, x86-64), or give --venv a virtual\n"
                     "  environment that holds them")
    os.execv(python, [str(python), *sys.argv])
