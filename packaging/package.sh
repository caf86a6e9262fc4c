#!/bin/bash
# Builds the Debian package into build/package/ and prints its path as the last line.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packaging/setup.sh build package >&2

# dpkg-buildpackage wants debian/ at the root of the sources: a copy gets it there. Always the same
# folder, so that the compiler's cache knows the files again.
out=$PWD/build/package
tree=$out/b24watch
rm -rf "$tree"
mkdir -p "$tree"
tar -c --exclude=./build --exclude=./.git --exclude=./.cache . | tar -x -C "$tree"
cp -r packaging/debian "$tree/debian"

echo "package: building in $tree" >&2
rm -f "$out"/*.deb
# -d: packages.txt has just been checked, and some of it may come from elsewhere than dpkg.
if ! (cd "$tree" && DEB_BUILD_OPTIONS="parallel=$(nproc) nocheck" \
        dpkg-buildpackage -us -uc -b -d) >"$out/build.log" 2>&1; then
  tail -n 40 "$out/build.log" >&2
  echo "package: the build failed; the whole log is in $out/build.log" >&2
  exit 1
fi
ls "$out"/b24watch_*.deb
