"""Tests tools/setup.sh without a network: pins are checked, unpacked whole or not at all, and fetched once."""
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HAS_PIP = subprocess.run(["python3", "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0
METADATA = "Metadata-Version: 2.1\nName: {}\nVersion: 1.0\n"


def make_wheel(folder):
    """A wheel of one package, models 1.0; returns its SHA-256."""
    path = Path(folder) / "models-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("models/pole.xml", "<mujoco/>")
        wheel.writestr("models-1.0.dist-info/METADATA", METADATA.format("models"))
        wheel.writestr("models-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("models-1.0.dist-info/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make_source(folder):
    """A source package, window 1.0, of the backend that tools/no_build stands in for; returns its SHA-256."""
    path = Path(folder) / "window-1.0.tar.gz"
    project = '[build-system]\nrequires = ["scikit-build-core"]\nbuild-backend = "scikit_build_core.build"\n'
    with tarfile.open(path, "w:gz") as archive:
        for name, text in (("PKG-INFO", METADATA.format("window")), ("pyproject.toml", project), ("gui.cpp", "int x;")):
            entry = tarfile.TarInfo(f"window-1.0/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@unittest.skipUnless(HAS_PIP, "python3 has no pip")
class SetupTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.index = self.folder / "index"
        self.index.mkdir()
        self.cache = self.folder / "cache"
        shutil.copytree(ROOT / "tools", self.folder / "tools")

    def setup_with(self, *pins):
        (self.folder / "tools" / "pins.txt").write_text("# pins\n" + "\n".join(pins) + "\n", encoding="utf-8")
        environment = dict(os.environ, LOCKSTEP_CACHE=str(self.cache), PIP_NO_INDEX="1",
                           PIP_FIND_LINKS=str(self.index), PIP_CONFIG_FILE=os.devnull)
        done = subprocess.run(["bash", str(self.folder / "tools" / "setup.sh"), "--no-packages"], env=environment,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        return done.returncode, done.stdout + done.stderr

    def cached(self):
        return sorted(path.name for path in self.cache.iterdir()) if self.cache.exists() else []

    def test_a_wheel_is_unpacked_under_its_hash(self):
        sha256 = make_wheel(self.index)
        code, output = self.setup_with(f"models 1.0 {sha256} wheel")
        self.assertEqual(code, 0, output)
        self.assertEqual(self.cached(), [f"models-1.0-{sha256[:12]}"])
        self.assertEqual((self.cache / self.cached()[0] / "models" / "pole.xml").read_text(), "<mujoco/>")

    def test_a_source_is_unpacked_without_its_build_tools(self):
        sha256 = make_source(self.index)
        code, output = self.setup_with(f"window 1.0 {sha256} source")
        self.assertEqual(code, 0, output)
        self.assertTrue((self.cache / f"window-1.0-{sha256[:12]}" / "window-1.0" / "gui.cpp").exists())

    def test_a_second_run_fetches_nothing(self):
        sha256 = make_wheel(self.index)
        self.setup_with(f"models 1.0 {sha256} wheel")
        shutil.rmtree(self.index)
        code, output = self.setup_with(f"models 1.0 {sha256} wheel")
        self.assertEqual((code, output), (0, ""))

    def test_another_hash_is_refused_and_leaves_nothing(self):
        make_wheel(self.index)
        code, output = self.setup_with(f"models 1.0 {'0' * 64} wheel")
        self.assertEqual(code, 3, output)
        self.assertIn("error: pip could not download models 1.0", output)
        self.assertIn("fix: ", output)
        self.assertEqual(self.cached(), [])

    def test_what_cannot_be_unpacked_leaves_nothing(self):
        sha256 = make_wheel(self.index)
        (self.cache).mkdir()
        # An unzip that fails half way: python3 -m zipfile is replaced by one that writes a file and dies.
        programs = self.folder / "programs"
        programs.mkdir()
        real = shutil.which("python3")
        (programs / "python3").write_text(f'#!/bin/bash\nif [ "$2" = zipfile ]; then echo half >"$5/half"; exit 1; fi\n'
                                          f'exec {real} "$@"\n', encoding="utf-8")
        (programs / "python3").chmod(0o755)
        path = os.environ["PATH"]
        os.environ["PATH"] = f"{programs}:{path}"
        try:
            code, output = self.setup_with(f"models 1.0 {sha256} wheel")
        finally:
            os.environ["PATH"] = path
        self.assertEqual(code, 3, output)
        self.assertIn("could not be unpacked", output)
        self.assertEqual(self.cached(), [])

    def test_an_unknown_kind_is_refused(self):
        code, output = self.setup_with(f"models 1.0 {'0' * 64} whale")
        self.assertEqual(code, 3)
        self.assertIn("unknown kind 'whale'", output)

    def test_another_system_is_told_in_one_message_what_to_install(self):
        programs = self.folder / "programs"
        programs.mkdir()
        for name in ("bash", "dirname", "id"):  # no dpkg-query, no compiler, no CMake
            (programs / name).symlink_to(shutil.which(name))
        done = subprocess.run(["bash", str(ROOT / "tools" / "setup.sh")], env={"PATH": str(programs), "HOME": "/"},
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(done.stderr.count("error: "), 1)
        for wanted in ("lacks g++ cmake ninja python3", "Eigen", "toml++", "GoogleTest", "docs/building.md"):
            self.assertIn(wanted, done.stderr)

    def test_an_unknown_option_is_refused(self):
        done = subprocess.run(["bash", str(ROOT / "tools" / "setup.sh"), "--lnit"], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("unknown option '--lnit'", done.stderr)


if __name__ == "__main__":
    sys.exit(unittest.main())
