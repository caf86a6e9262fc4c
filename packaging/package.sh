#!/bin/bash
# Builds the Debian package into build/package/ and prints its path as the last line.
#
#   packaging/package.sh                               compiles the program for it
#   B24_PROGRAM=build/release/b24watch packaging/package.sh   takes one that is compiled already
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() { echo "package: $*" >&2; exit 1; }

packaging/setup.sh build package >&2
if [[ -n "${B24_PROGRAM:-}" ]]; then
  [[ -x "$B24_PROGRAM" ]] || fail "no program $B24_PROGRAM: cmake --build --preset release makes it."
  B24_PROGRAM=$(realpath "$B24_PROGRAM")
fi

# dpkg-buildpackage wants debian/ at the root of the sources: a copy gets it there. Always the same
# folder, so that the compiler's cache knows the files again.
out=$PWD/build/package
tree=$out/b24watch
rm -rf "$tree" "$out"/*.deb
mkdir -p "$tree"
tar -c --exclude=./build --exclude=./.git --exclude=./.cache . | tar -x -C "$tree"
cp -r packaging/debian "$tree/debian"

echo "package: building in $tree" >&2
export B24_PROGRAM DEB_BUILD_OPTIONS="parallel=$(nproc) nocheck"
# -d: packages.txt has just been checked, and some of it may come from elsewhere than dpkg.
if ! (cd "$tree" && dpkg-buildpackage -us -uc -b -d) >"$out/build.log" 2>&1; then
  tail -n 40 "$out/build.log" >&2
  fail "the build failed; the whole log is in $out/build.log"
fi
ls "$out"/b24watch_*.deb
