"""Tests tools/check.py: each rule refuses a bad file, names the line, and lets the nearest good file pass."""
import contextlib
import importlib.util
import io
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHECK = ROOT / "tools" / "check.py"

_spec = importlib.util.spec_from_file_location("check", CHECK)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)


def check(files):
    """Runs check.py on a tree of {path: text}; returns (exit code, output)."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            target = Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            code = _module.main([folder])
        return code, output.getvalue()


def source(*lines):
    return "// Steps one world by one step of time.\n" + "\n".join(lines) + "\n"


def header(*lines):
    return source("#pragma once", *lines)


class CheckTest(unittest.TestCase):
    def refuses(self, path, text, where, reason):
        code, output = check({path: text})
        self.assertEqual(code, 1, output)
        self.assertIn(f"{path}:{where}: ", output)
        self.assertIn(reason, output)
        self.assertIn("1 breaches", output)

    def accepts(self, path, text):
        code, output = check({path: text})
        self.assertEqual(code, 0, output)

    # Include direction: one case for every room and every room that it must not include.
    ALLOWED = {
        "kernels": "kernels",
        "engine": "engine kernels",
        "models": "models engine kernels",
        "envs": "envs engine kernels",
        "planners": "planners models engine kernels",
        "agents": "agents planners models engine kernels",
        "viewer": "viewer agents envs planners models engine kernels",
        "apps": "apps viewer agents envs planners models engine kernels",
        "tests": "tests apps viewer agents envs planners models engine kernels",
    }

    def test_include_direction_is_exactly_the_table_of_the_style_page(self):
        for room, allowed in self.ALLOWED.items():
            for other in self.ALLOWED:
                with self.subTest(room=room, includes=other):
                    text = source(f'#include "{other}/thing.h"')
                    if other in allowed.split():
                        self.accepts(f"{room}/step.cpp", text)
                    else:
                        self.refuses(f"{room}/step.cpp", text, 2, f"{room}/ includes {other}/thing.h")

    def test_own_headers_are_not_included_in_angle_brackets(self):
        self.refuses("engine/step.cpp", source("#include <kernels/lanes.h>"), 2, "angle brackets")

    def test_includes_start_at_the_root(self):
        self.refuses("engine/step.cpp", source('#include "lanes.h"'), 2, "from the repository root")
        self.refuses("engine/step.cpp", source('#include "../kernels/lanes.h"'), 2, "from the repository root")

    def test_kernels_do_not_include_containers_or_streams(self):
        self.refuses("kernels/step.h", header("#include <vector>"), 3, "kernels include vector")
        self.refuses("kernels/step.h", header("#include <Eigen/Core>"), 3, "kernels include Eigen/Core")
        self.accepts("kernels/step.h", header("#include <cuda/std/mdspan>", "#include <cstdint>"))

    def test_kernels_do_not_include_generated_headers(self):
        self.refuses("kernels/step.h", header('#include "generated/model_paths.h"'), 3, "generated")
        self.accepts("engine/step.cpp", source('#include "generated/model_paths.h"'))

    def test_window_libraries_stay_in_the_viewer(self):
        for target in ('"imgui.h"', "<imgui.h>", "<implot.h>", "<GLFW/glfw3.h>"):
            for room in ("agents", "apps", "engine"):
                with self.subTest(target=target, room=room):
                    code, output = check({f"{room}/panel.cpp": source(f"#include {target}")})
                    self.assertEqual(code, 1)
                    self.assertIn("only viewer/ knows the window libraries", output)
            self.accepts("viewer/panel.cpp", source(f"#include {target}"))
            self.accepts("tests/viewer/panel_test.cpp", source(f"#include {target}"))

    # Names.
    def test_files_are_named_after_their_content(self):
        for word in ("toy", "utils", "helpers", "common", "misc", "manager"):
            with self.subTest(word=word):
                self.refuses(f"engine/{word}.cpp", source(), 1, "name it after its content")
                self.refuses(f"engine/step_{word}.cpp", source(), 1, "name it after its content")

    def test_folders_are_named_after_their_content(self):
        self.refuses("engine/utils/step.cpp", source(), 1, "name it after its content")

    def test_identifiers_hold_no_forbidden_word(self):
        self.refuses("engine/step.cpp", source("class WorldManager {};"), 2, "'WorldManager'")
        self.refuses("engine/step.cpp", source("", "void step_helper();"), 3, "'step_helper'")
        self.refuses("tools/step.py", '"""Steps one world by a step."""\nclass StepUtils:\n    pass\n', 2, "StepUtils")

    def test_words_that_only_contain_a_forbidden_word_are_fine(self):
        self.accepts("engine/step.cpp", source("int permission_history; // a common remark",
                                               'const char* path = "dm_control/utils";', "std::common_type_t<int> x;",
                                               "int greatest_common_divisor(int a, int b);"))

    # Files.
    def test_a_file_has_at_most_800_lines(self):
        self.accepts("engine/step.cpp", source(*["int x;"] * 799))
        self.refuses("engine/step.cpp", source(*["int x;"] * 800), 800, "has 801 lines")

    def test_the_first_line_says_what_the_file_is_for(self):
        self.refuses("engine/step.cpp", "#include <vector>\n", 1, "starts without a comment")
        self.refuses("engine/step.cpp", "//\n", 1, "no sentence")
        self.refuses("engine/step.cpp", "// ---------------- x y z\n", 1, "no sentence")
        self.refuses("engine/CMakeLists.txt", "add_library(engine)\n", 1, "starts without a comment")
        self.refuses("tools/step.py", "#!/usr/bin/env python3\nimport os\n", 2, "starts without a comment")
        self.accepts("tools/step.sh", "#!/usr/bin/env bash\n# Steps one world by one step.\n")

    def test_a_header_is_guarded(self):
        self.refuses("engine/step.h", source(), 1, "without #pragma once")

    # Places of this machine alone.
    def test_machine_paths_are_refused(self):
        for place in ("/home/ann/lockstep", "/root/x", "/work/main", "/Users/ann/x"):
            with self.subTest(place=place):
                self.refuses("docs/building.md", f"see {place}\n", 1, "machine's own path")
        self.accepts("docs/building.md", "see ~/.cache/lockstep and /usr/local/cuda, docs/home/x, http://x.org/root/y\n")

    def test_registry_hosts_and_settings_are_refused(self):
        for text in ("pip install --index-url x y", "https://mirror.example/simple", "pypi.org", "deb.debian.org"):
            with self.subTest(text=text):
                self.refuses("docs/building.md", text + "\n", 1, "package registry")

    def test_this_repository_passes(self):
        done = subprocess.run([sys.executable, str(CHECK)], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    unittest.main()
