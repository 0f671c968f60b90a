#!/usr/bin/env bash
# Makes this machine able to build Lockstep: system packages (Debian, Ubuntu), then pinned wheels into the cache folder.
# Does nothing, at once, where everything is there. Usage: tools/setup.sh [--lint] [--no-packages]
#   --lint          also what CI looks at the sources with: clang-format 14 and clang-tidy 14
#   --no-packages   leave the system's packages as they are, fetch the wheels only
set -euo pipefail
cd "$(dirname "$0")/.."
cache="${LOCKSTEP_CACHE:-$HOME/.cache/lockstep}"

packages=(g++ cmake ninja-build ccache pkg-config python3 python3-pip unzip
  libeigen3-dev libfmt-dev libspdlog-dev libcli11-dev libtomlplusplus-dev nlohmann-json3-dev libstb-dev zlib1g-dev libhdf5-dev
  libgtest-dev libgmock-dev libbenchmark-dev libglfw3-dev libgl-dev libegl-dev libgl1-mesa-dri xvfb xauth ffmpeg)
say() { printf 'setup: %s\n' "$*"; }
fail() {  # what, where, fix
  printf 'error: %s\n  where: %s\n  fix: %s\n' "$1" "$2" "$3" >&2
  exit 3
}

with_packages=true
for option in "$@"; do
  case "$option" in
    --lint) packages+=(clang-format-14 clang-tidy-14) ;;
    --no-packages) with_packages=false ;;
    *) fail "unknown option '$option'" "tools/setup.sh" "tools/setup.sh [--lint] [--no-packages]" ;;
  esac
done

missing_packages() {
  local package
  for package in "${packages[@]}"; do
    dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || echo "$package"
  done
}

install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    check_other_system
    return
  fi
  local missing as_root=()
  mapfile -t missing < <(missing_packages)
  [ "${#missing[@]}" -eq 0 ] && return
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "system packages are missing: ${missing[*]}" "tools/setup.sh" \
      "as root: apt-get install -y --no-install-recommends ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# On a system without dpkg nothing is installed: CMake itself says which libraries it lacks; here only the tools.
check_other_system() {
  local tool missing=()
  for tool in g++ cmake ninja python3; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  python3 -m pip --version >/dev/null 2>&1 || missing+=("pip (for python3)")
  [ "${#missing[@]}" -eq 0 ] && return
  fail "this system is neither Debian nor Ubuntu, and lacks ${missing[*]}" "tools/setup.sh" \
    "install g++ 12 or newer, CMake 3.25, Ninja, Python 3 with pip, Eigen 3.4, fmt, spdlog, CLI11, toml++, \
nlohmann-json, stb, zlib, GoogleTest, Google Benchmark, GLFW 3.3, OpenGL, then run this again (docs/building.md)"
}

# fetch NAME VERSION SHA256 KIND: downloads with pip (which checks the hash) and unpacks, whole or not at all.
fetch() {
  local name="$1" version="$2" sha256="$3" kind="$4"
  local folder="$cache/$name-$version-${sha256:0:12}"
  [ -d "$folder" ] && return
  mkdir -p "$cache"
  case "$kind" in wheel | source) ;; *) fail "unknown kind '$kind' of $name" "tools/pins.txt" "write wheel or source" ;; esac
  local work options=()
  work="$(mktemp -d "$cache/.fetch.XXXXXX")"
  trap 'rm -rf "$work"' EXIT
  printf '%s==%s --hash=sha256:%s\n' "$name" "$version" "$sha256" >"$work/requirements.txt"
  if [ "$kind" = source ]; then
    # pip asks a source package's build backend for its metadata: tools/no_build answers, so that none is installed.
    options=(--no-binary "$name" --no-build-isolation --ignore-requires-python)
  else
    # The same wheel whatever Python this machine has: only C++ files are taken out of it.
    options=(--only-binary ":all:" --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none
      --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 --platform manylinux_2_17_x86_64
      --platform manylinux2014_x86_64 --platform any)
  fi
  say "fetching $name $version"
  PYTHONPATH="$PWD/tools/no_build" python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes "${options[@]}" \
    --dest "$work/download" --requirement "$work/requirements.txt" ||
    fail "pip could not download $name $version with SHA-256 $sha256" "tools/pins.txt" \
      "check the network and pip's configuration (pip config list), then run this again"
  mkdir "$work/unpacked"
  if [ "$kind" = source ]; then
    tar -xzf "$work"/download/*.tar.gz -C "$work/unpacked"
  else
    python3 -m zipfile -e "$work"/download/*.whl "$work/unpacked"
  fi || fail "$name $version could not be unpacked" "$cache" "check that the disk is not full, then run this again"
  chmod -R u+rwX,go+rX "$work/unpacked"
  mv -T "$work/unpacked" "$folder" 2>/dev/null || [ -d "$folder" ]  # somebody else may have been faster
  rm -rf "$work"
  trap - EXIT
}

if $with_packages; then install_packages; fi
while read -r name version sha256 kind; do
  case "$name" in '' | '#'*) continue ;; esac
  fetch "$name" "$version" "$sha256" "$kind" </dev/null
done <tools/pins.txt
