"""Lets the torch wheel, which is linked to CUDA's libraries, start where they are not: on processors alone.

In the place of each library that torch names and that its wheel does not hold lies a small one with the same name, whose
functions all return 999 (cudaErrorUnknown). Torch then finds no device. This saves four gigabytes of packages.
"""
import re
import subprocess
import tempfile
from pathlib import Path


def needs(library):
    """{library: {version}} and the functions that `library` asks of others: [(name, version or None)]."""
    versions, current = {}, None
    for line in subprocess.run(["readelf", "-W", "--version-info", str(library)], capture_output=True, text=True,
                               check=True).stdout.splitlines():
        if found := re.search(r"Version: 1\s+File: (\S+)", line):
            current = versions.setdefault(found[1], set())
        elif (found := re.search(r"Name: (\S+)\s+Flags", line)) and current is not None:
            current.add(found[1])
    names = re.findall(r"\(NEEDED\).*\[(.+)\]", subprocess.run(["readelf", "-W", "-d", str(library)], check=True,
                                                              capture_output=True, text=True).stdout)
    symbols = []
    for line in subprocess.run(["readelf", "-W", "--dyn-syms", str(library)], check=True, capture_output=True,
                               text=True).stdout.splitlines():
        if found := re.search(r"\bUND (\w+)(?:@(\S+))?", line):
            symbols.append((found[1], found[2]))
    return {name: versions.get(name, set()) for name in names}, symbols


def write_stand_in(target, functions):
    """Compiles a library of the functions {version or None: {name}}."""
    with tempfile.TemporaryDirectory() as folder:
        source, script = Path(folder) / "functions.c", Path(folder) / "versions"
        source.write_text("".join(f"int {name}(void) {{ return 999; }}\n" for name in sorted(set().union(*functions.values()))))
        script.write_text("".join(f"{version} {{ {' '.join(f'{name};' for name in sorted(of_version))} }};\n"
                                  for version, of_version in functions.items() if version and of_version))
        options = [f"-Wl,--version-script,{script}"] if script.stat().st_size else []
        subprocess.run(["cc", "-shared", "-fPIC", "-w", "-fno-builtin", f"-Wl,-soname,{target.name}", *options, "-o",
                        str(target), str(source)], check=True)


def prepare(packages):
    """Writes what is missing beside torch's own libraries in the folder of packages, once."""
    folder = packages / "torch" / "lib"
    done = folder / "cuda_stands_in"
    if done.exists():
        return
    wanted, unversioned = {}, set()
    for library in [file for file in folder.glob("*.so*") if file.is_file()]:
        names, symbols = needs(library)
        for name, versions in names.items():
            if not re.match(r"lib(cu|nccl|nv)", name):
                continue
            functions = wanted.setdefault(name, {})
            for version in versions:
                functions.setdefault(version, set()).update(s for s, v in symbols if v == version)
        unversioned.update(s for s, v in symbols if v is None and re.match(r"(cu|nccl|nv)[a-zA-Z]*[A-Z_]", s))
    for name, functions in wanted.items():
        if name.startswith("libnccl"):
            functions[None] = unversioned
        write_stand_in(folder / name, functions)
    done.touch()
