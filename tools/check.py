#!/usr/bin/env python3
"""Checks the rules of the house that no compiler checks; prints every breach and fails on any. Under a second.

Usage: tools/check.py [ROOT]      (default: the repository this file is in)
Rules: include direction between rooms, window libraries only in viewer/, forbidden words in file names and
identifiers, file size, first-line sentence, #pragma once, include paths from the root, no absolute paths of a machine
and no package-registry hosts.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

# room -> rooms it may include. kernels is below everything; tests may include all, and nobody includes tests.
MAY_INCLUDE = {
    "kernels": set(),
    "engine": {"kernels"},
    "models": {"engine", "kernels"},
    "envs": {"engine", "kernels"},
    "planners": {"models", "engine", "kernels"},
    "agents": {"planners", "models", "engine", "kernels"},
    "viewer": {"agents", "envs", "planners", "models", "engine", "kernels"},
    "apps": {"viewer", "agents", "envs", "planners", "models", "engine", "kernels"},
    "tests": {"apps", "viewer", "agents", "envs", "planners", "models", "engine", "kernels"},
}
ROOMS = set(MAY_INCLUDE)
# The generated headers belong to no room; kernels are compiled per instruction set and may not read them.
GENERATED = "generated"

CODE = {".h", ".cpp", ".cu", ".cuh"}
BUILD = {".py", ".sh", ".cmake"}
TEXT = CODE | BUILD | {".md", ".toml", ".yml", ".yaml", ".json", ".txt", ".xml", ""}
MAX_LINES = 800
# These two hold the forbidden words and paths as examples.
SHOWS_BAD_EXAMPLES = {"tools/check.py", "tests/tools/check_test.py"}

WINDOW_HEADER = re.compile(r"^(imgui|implot|imgui_.*|GLFW/.*|glfw.*|GL/.*)", re.IGNORECASE)
KERNEL_SYSTEM_HEADERS = re.compile(r"^(cuda/std/|cuda/cmath|cstdint$|cstddef$|cmath$|concepts$|type_traits$|limits$|"
                                   r"immintrin\.h$|utility$|bit$|tuple$|array$|cstring$|numbers$)")
FORBIDDEN_WORDS = ("toy", "utils", "util", "helpers", "helper", "common", "misc", "manager")
FORBIDDEN_NAME = re.compile(r"(?:^|_)(?:" + "|".join(FORBIDDEN_WORDS) + r")(?:_|$|\d)")
TERMS_OF_MATHEMATICS = re.compile(r"greatest_common_divisor|(?:least|lowest)_common_multiple|common_random_numbers")
FORBIDDEN_ANYWHERE = re.compile("|".join(FORBIDDEN_WORDS), re.IGNORECASE)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
# Identifiers of C++ sources (but not what std:: calls so, as common_type), and what a Python file declares.
IDENTIFIER = re.compile(r"(?<!std::)\b([A-Za-z_]\w*)")
PYTHON_DECLARED = re.compile(r"\b(?:class|def)\s+([A-Za-z_]\w*)")
MACHINE_PATH = re.compile(r"(?<![\w.$}~/-])/(?:home|Users|root|work|mnt|scratch)/[\w.-]+")
REGISTRY = re.compile(r"(?:index-url|extra-index|trusted-host|pypi\.org|pythonhosted\.org|deb\.debian\.org|"
                      r"files\.[\w.-]+/packages|https?://[\w.:-]+/(?:simple|pypi)\b)", re.IGNORECASE)


def snake(name):
    """CamelCase or snake_case, as snake_case."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def is_forbidden(name):
    """Whether a word of the name says nothing; terms of mathematics may hold one."""
    return FORBIDDEN_NAME.search(TERMS_OF_MATHEMATICS.sub("", snake(name)))


def without_comments_and_strings(text):
    """The code of a C++ source: comments and string contents blanked, line breaks kept."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.DOTALL)
    return pattern.sub(lambda found: "\n" * found.group().count("\n"), text)


def check_includes(path, lines):
    room = path.parts[0]
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        bracket, target = match.groups()
        if WINDOW_HEADER.match(target) and room != "viewer" and path.parts[:2] != ("tests", "viewer"):
            yield number, f"includes {target}: only viewer/ knows the window libraries"
        first = target.split("/")[0]
        if bracket == "<":
            if first in ROOMS and "/" in target:
                yield number, f"includes our own <{target}> in angle brackets: write \"{target}\""
            if room == "kernels" and not KERNEL_SYSTEM_HEADERS.match(target):
                yield number, f"kernels include {target}: only kernels/, cuda/std and plain C headers are allowed there"
            continue
        if room not in ROOMS:
            continue
        if first == GENERATED:
            if room == "kernels":
                yield number, "kernels include a generated header"
        elif first in ROOMS and "/" in target:
            if first != room and first not in MAY_INCLUDE[room]:
                allowed = ", ".join(sorted(MAY_INCLUDE[room])) or "nothing of ours"
                yield number, f"{room}/ includes {target}: {room}/ may include {allowed}"
        elif room != "viewer" or target.startswith("."):
            if not (room == "tests" and path.parts[1:2] == ("viewer",)):
                yield number, f"includes \"{target}\": give the path from the repository root"


def check_words(path, text):
    for part in path.parts:
        if is_forbidden(part.split(".")[0]):
            yield 1, f"'{part}' says nothing about what is in it: name it after its content"
    if path.suffix in CODE:
        code, pattern = without_comments_and_strings(text), IDENTIFIER
    elif path.suffix == ".py":
        code, pattern = text, PYTHON_DECLARED
    else:
        return
    if not FORBIDDEN_ANYWHERE.search(code):  # the quick way out: nearly every file
        return
    for match in pattern.finditer(code):
        if is_forbidden(match.group(1)):
            yield code.count("\n", 0, match.start()) + 1, f"'{match.group(1)}' holds a forbidden word: say what it is"


def check_first_line(path, lines):
    """The first line (after a shebang) is a comment that says what the file is for."""
    start = 1 if lines and lines[0].startswith("#!") else 0
    first = lines[start] if len(lines) > start else ""
    if path.suffix == ".py" and first.startswith('"""'):
        body = first[3:]
    else:
        mark = "//" if path.suffix in CODE else "#"
        if not first.startswith(mark):
            yield start + 1, f"starts without a comment that says what the file is for ({mark} ...)"
            return
        body = first[len(mark):]
    body = body.strip()
    if len(body.split()) < 3 or not re.match(r"[`'\"(]?\w", body):
        yield start + 1, "the first comment is no sentence: say in one line what the file is for"


def check_text(path, lines):
    for number, line in enumerate(lines, 1):
        if MACHINE_PATH.search(line):
            yield number, f"holds a machine's own path: {MACHINE_PATH.search(line).group()}"
        if REGISTRY.search(line):
            yield number, f"names a package registry or its setting: {REGISTRY.search(line).group()}"


def check_file(root, path):
    """Yields (line, message) for one file; path is relative to root."""
    full = root / path
    if path.suffix not in TEXT and path.name != "CMakeLists.txt":
        yield from check_words(path, "")
        return
    try:
        text = full.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        yield 1, "is not UTF-8"
        return
    lines = text.splitlines()
    shows_bad_examples = path.as_posix() in SHOWS_BAD_EXAMPLES
    yield from check_words(path, "" if shows_bad_examples else text)
    is_list = path.name == "CMakeLists.txt"
    if path.suffix in CODE | BUILD or is_list:
        yield from check_first_line(path, lines)
        if len(lines) > MAX_LINES:
            yield MAX_LINES, f"has {len(lines)} lines, more than {MAX_LINES}: split it by subject"
    if path.suffix in CODE:
        yield from check_includes(path, lines)
        if path.suffix in {".h", ".cuh"} and "#pragma once" not in lines:
            yield 1, "is a header without #pragma once"
    if not path.as_posix().startswith("tests/data/") and not shows_bad_examples:
        yield from check_text(path, lines)


def repository_files(root):
    """Files git would commit; all files where root is no git work tree."""
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            capture_output=True, check=False)
    if listed.returncode == 0 and (root / ".git").exists():
        names = [name for name in listed.stdout.decode().split("\0") if name]
        return sorted({Path(name) for name in names if os.path.isfile(root / name)})
    return sorted(path.relative_to(root) for path in root.rglob("*") if path.is_file())


def main(arguments):
    root = Path(arguments[0] if arguments else Path(__file__).resolve().parent.parent)
    files = repository_files(root)
    breaches = [f"{path}:{line}: {message}" for path in files for line, message in check_file(root, path)]
    for breach in breaches:
        print(breach)
    print(f"check.py: {len(files)} files, {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
