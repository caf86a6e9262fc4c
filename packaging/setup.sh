#!/bin/bash
# Installs the Debian packages that packaging/packages.txt names and this machine lacks.
#
#   packaging/setup.sh                 what packaging/test.sh needs
#   packaging/setup.sh build test      only what these steps need; the steps: build, test, package,
#                                      package-test (of it), boot (of a small Debian with it)
#
# With all of them present it does nothing and needs neither the network nor root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() { echo "setup: $*" >&2; exit 1; }

steps="${*:-build test package package-test}"
for step in $steps; do
  case "$step" in
    build | test | package | package-test | boot) ;;
    -h | --help) sed -n '2,8s/^# \{0,1\}//p' packaging/setup.sh; exit 0 ;;
    *) fail "unknown step '$step': see --help." ;;
  esac
done

command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
  fail "this is not Debian: install what packaging/packages.txt names by hand."

missing=()
while read -r package step _; do
  [[ -z "$package" || "$package" == \#* ]] && continue
  [[ " $steps " == *" ${step:-build} "* ]] || continue
  state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ "$state" == installed ]] || missing+=("$package")
done <packaging/packages.txt

if ((${#missing[@]} == 0)); then
  echo "setup: all Debian packages are here."
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null ||
    fail "no root and no sudo. As root: apt-get install --no-install-recommends ${missing[*]}"
  as_root=(sudo)
fi
echo "setup: installing ${#missing[@]} Debian packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q || fail "apt-get update failed: is the network there?"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -q -y --no-install-recommends "${missing[@]}" ||
  fail "apt-get could not install them; its own words are above."
echo "setup: done."
