#!/bin/bash
# Runs every test of b24watch.
#
#   packaging/test.sh              release build, the Debian package made of it, and all tests; then
#                                  all tests under AddressSanitizer + UBSan, and ThreadSanitizer
#   packaging/test.sh --quick      without the sanitizers
#   packaging/test.sh --package    compiles the package's program anew, as packaging/package.sh does
#
# Ends with the summary of ctest; the first failure ends it at once with a code other than 0.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

sanitizers=yes
package=no
for option in "$@"; do
  case "$option" in
    --quick) sanitizers=no ;;
    --package) package=yes ;;
    -h | --help) sed -n '2,10s/^# \{0,1\}//p' packaging/test.sh; exit 0 ;;
    *) echo "test: unknown option '$option'; see --help." >&2; exit 2 ;;
  esac
done
jobs=$(nproc)

step() {
  local name=$1 started=$SECONDS
  shift
  echo "== $name"
  "$@" || { echo "== $name: FAILED after $((SECONDS - started)) s" >&2; exit 1; }
  last="== $name: $((SECONDS - started)) s"
}
# Said before the next step and not after the last: the closing line is ctest's.
done_line() { echo "$last"; }

build() { cmake --preset "$1" && cmake --build --preset "$1" -j "$jobs"; }
# Many a test waits for another program, and so more run at a time than there are processors.
tests() { run_tests "$1" ctest --test-dir "build/$1" -j "$((jobs + $2))" --output-on-failure; }
# A hundred kills are for chance, and the release build has it; under sanitizers some will do.
sanitized_tests() { B24_KILLS=20 tests "$1" 1; }

# ThreadSanitizer of GCC 12 cannot map its memory where the kernel randomizes addresses widely.
run_tests() {
  local preset=$1
  shift
  if [[ "$preset" == tsan ]] && setarch "$(uname -m)" -R true 2>/dev/null; then
    setarch "$(uname -m)" -R "$@"
  else
    "$@"
  fi
}

step "Debian packages" packaging/setup.sh
done_line
step "release: build" build release
done_line
if [[ "$package" == yes ]]; then
  step "package: compile, check, install" packaging/test-package.sh
else
  step "package: check, install" env B24_PROGRAM=build/release/b24watch packaging/test-package.sh
fi
done_line
step "release: tests" tests release 2
if [[ "$sanitizers" == yes ]]; then
  for preset in asan tsan; do
    done_line
    step "$preset: build" build "$preset"
    done_line
    step "$preset: tests" sanitized_tests "$preset"
  done
fi
