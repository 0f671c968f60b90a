"""Tests that no code of one instruction set's objects can be merged by the linker with another's.

Usage: isa_symbols_test.py LIST     LIST names the objects: one per line, "V3 path/to/object.o"
A weak function (a template or inline function) in an object compiled for x86-64-v3 or -v4 must carry its instruction
set's tag type (lockstep::...::isa::V3 or isa::V4) in its name. Without it, the linker keeps one copy for the whole
program, and an AVX-512 body may reach a processor that lacks it. Weak data (no code in it) is harmless.
With no argument: the tests of this checker itself, which compile small sources.
"""
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path


def untagged_weak_functions(path, tag):
    """Demangled names of the weak functions that `path` defines without isa::<tag> in their name."""
    listed = subprocess.run(["nm", "--demangle", "--defined-only", str(path)], capture_output=True, text=True, check=True)
    found = []
    for line in listed.stdout.splitlines():
        match = re.match(r"^[0-9a-fA-F]*\s+(\S)\s+(.*)$", line)
        if match and match.group(1) == "W" and not re.search(rf"\bisa::{tag}\b", match.group(2)):
            found.append(match.group(2))
    return found


def check_list(path):
    breaches, checked = [], 0
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        if not line.strip():
            continue
        tag, objects = line.split(" ", 1)
        for item in filter(None, objects.split(";")):
            if tag == "Baseline":
                continue
            checked += 1
            breaches += [f"{item}: {name}" for name in untagged_weak_functions(item, tag)]
    for breach in breaches:
        print(f"weak symbol without its instruction set's tag: {breach}")
    print(f"isa_symbols: {checked} objects checked, {len(breaches)} breaches")
    return 1 if breaches else 0


class IsaSymbolsTest(unittest.TestCase):
    def weak_functions_of(self, source):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "kernel.cpp"
            path.write_text(source, encoding="utf-8")
            subprocess.run([shutil.which("g++") or "c++", "-std=c++20", "-O0", "-c", str(path), "-o", f"{path}.o"], check=True)
            return untagged_weak_functions(f"{path}.o", "V4")

    TAGS = "namespace isa { struct V3 {}; struct V4 {}; }\ntemplate <class Isa> struct Lanes { float value; };\n"

    def test_a_template_without_the_tag_is_refused(self):
        source = "template <class T> T twice(T x) { return x + x; }\nfloat kernel(float x) { return twice(x); }\n"
        self.assertEqual(len(self.weak_functions_of(source)), 1)

    def test_an_inline_function_without_the_tag_is_refused(self):
        self.assertEqual(self.weak_functions_of("inline float twice(float x) { return x + x; }\n"
                                                "float kernel(float x) { return twice(x); }\n"), ["twice(float)"])

    def test_another_instruction_sets_tag_does_not_count(self):
        source = self.TAGS + "template <class T> void run(T) {}\nvoid kernel() { run(Lanes<isa::V3>{}); }\n"
        self.assertEqual(len(self.weak_functions_of(source)), 1)

    def test_a_template_on_tagged_lanes_passes(self):
        source = self.TAGS + "template <class T> void run(T) {}\nvoid kernel() { run(Lanes<isa::V4>{}); }\n"
        self.assertEqual(self.weak_functions_of(source), [])

    def test_a_function_of_the_object_alone_passes(self):
        self.assertEqual(self.weak_functions_of("static float twice(float x) { return x + x; }\n"
                                                "float kernel(float x) { return twice(x); }\n"), [])


if __name__ == "__main__":
    if len(sys.argv) == 2:
        sys.exit(check_list(sys.argv[1]))
    unittest.main()
