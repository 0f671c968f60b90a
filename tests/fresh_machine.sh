#!/usr/bin/env bash
# Proves the two commands on a fresh machine: a minimal Debian 12 root, a clone, `make test`, `make demo`, twice.
#
# Usage (as root): tests/fresh_machine.sh [--keep] [--root FOLDER] [COMMAND...]
#   COMMAND   make targets to run in the clone, in order (default: test demo demo)
#   --root    where the root is made (default: a new temporary folder, about 4 GB)
#   --keep    leave the root there, and start from it the next time
# The root gets git, make and ca-certificates and nothing else. How this machine reaches its package sources (apt's
# sources and settings, pip's configuration, certificates, name resolution, proxy variables) is copied into the root
# when this runs; nothing of it is written in the repository. Not part of CI: it takes as long as a full build.
set -euo pipefail
repository="$(cd "$(dirname "$0")/.." && pwd)"
keep=false
root=""
while [ $# -gt 0 ]; do
  case "$1" in
    --keep) keep=true ;;
    --root) root="$2"; shift ;;
    -*) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 2 ;;
    *) break ;;
  esac
  shift
done
targets=("${@:-test}")
[ $# -eq 0 ] && targets=(test demo demo)

need() {
  printf 'error: %s\n  where: tests/fresh_machine.sh\n  fix: %s\n' "$1" "$2" >&2
  exit 3
}
[ "$(id -u)" -eq 0 ] || need "a new root needs root's rights" "run it as root"
command -v debootstrap >/dev/null || need "debootstrap is missing" "apt-get install debootstrap"
[ -n "$root" ] || root="$(mktemp -d "${TMPDIR:-/var/tmp}/lockstep-fresh.XXXXXX")"

leave() {
  local code=$?
  for place in proc sys dev; do
    mountpoint -q "$root/$place" && umount -l "$root/$place"
  done
  if $keep; then
    echo "fresh_machine: left in $root"
  else
    rm -rf --one-file-system "$root"
  fi
  exit "$code"
}
trap leave EXIT

# The first Debian mirror in this machine's own apt sources (one-line or deb822 format).
own_mirror() {
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2>/dev/null || true; } |
    sed -nE '/^(URIs:|deb( \[[^]]*\])?) +(https?:[^ ]+debian)\/?( .*)?$/{s//\3/p;q}'
}

copy_in() {  # copies files and folders to the same place in the root, where they exist here
  local item
  for item in "$@"; do
    [ -e "$item" ] || continue
    mkdir -p "$root$(dirname "$item")"
    cp -rL --remove-destination "$item" "$root$(dirname "$item")/"
  done
}

make_root() {
  local mirror
  mirror="$(own_mirror)"
  mkdir -p "$root"
  debootstrap --variant=minbase --include=ca-certificates,git,make bookworm "$root" ${mirror:+"$mirror"}
  rm -f "$root/etc/apt/sources.list"
  copy_in /etc/apt/sources.list /etc/apt/auth.conf.d /etc/pip.conf "$HOME/.config/pip" "$HOME/.pip"
  for file in /etc/apt/sources.list.d/*debian* /etc/apt/apt.conf.d/*; do
    grep -qs '/var/\|DPkg::Post\|APT::Update' "$file" || copy_in "$file"  # hooks of this machine stay here
  done
}

[ -x "$root/usr/bin/git" ] || make_root
copy_in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt /usr/local/share/ca-certificates
mkdir -p "$root/proc" "$root/sys" "$root/dev"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"

# A clone of what is committed, as a user would get it.
rm -rf "$root/srv/lockstep" "$root/srv/lockstep.git"
git clone --quiet --bare "$repository" "$root/srv/lockstep.git"

# A bare environment but for how packages are reached. pip's local wheel folders are no part of a fresh machine.
environment=(HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb)
while IFS= read -r variable; do
  environment+=("$variable")
done < <(env | grep -E '^(PIP_(INDEX_URL|EXTRA_INDEX_URL|TRUSTED_HOST|CERT|DEFAULT_TIMEOUT|CONFIG_FILE)|SSL_CERT_(FILE|DIR)|https?_proxy|HTTPS?_PROXY|no_proxy|NO_PROXY)=')
inside() { env -i "${environment[@]}" chroot "$root" /bin/bash -c "$1" </dev/null; }

inside 'git clone --quiet /srv/lockstep.git /srv/lockstep'
inside 'command -v g++ cmake python3 || true' | sed 's/^/fresh_machine: already there: /'
for target in "${targets[@]}"; do
  begin=$SECONDS
  echo "fresh_machine: make $target"
  inside "cd /srv/lockstep && make $target"
  echo "fresh_machine: make $target: done in $((SECONDS - begin)) s"
done
echo "fresh_machine: all done"
