#!/bin/bash
# Builds the Debian package and tests it: contents, lintian, the unit, the examples of the READMEs, the
# installed files against the simulated portal, installing and purging in a copy of this system.
#
#   packaging/test-package.sh          all of it that this machine allows; says what it left out
#   packaging/test-package.sh --boot   also installs it on a small Debian that is booted for it
#                                      (root and network)
#
# B24_PROGRAM: as for packaging/package.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

boot=no
case "${1:-}" in
  '') ;;
  --boot) boot=yes ;;
  *) sed -n '2,10s/^# \{0,1\}//p' packaging/test-package.sh; [[ "$1" == --help ]] && exit 0; exit 2 ;;
esac

fail() { echo "package: $*" >&2; exit 1; }
passed() { echo "package: $*: passed"; }
skipped() { echo "package: $*"; }

scratch=$(mktemp -d)
portal_pid=
cleanup() {
  trap '' INT TERM
  [[ -z "$portal_pid" ]] || { kill "$portal_pid" && wait "$portal_pid"; } 2>/dev/null || true
  rm -rf "$scratch"
}
trap cleanup EXIT

packaging/setup.sh test package-test
[[ -x build/release/b24portal ]] ||
  fail "no build/release/b24portal: cmake --preset release && cmake --build --preset release"
deb=$(packaging/package.sh | tail -n 1)
tree=$scratch/tree
dpkg-deb -x "$deb" "$tree"

test_contents() {
  local file
  for file in etc/b24watch/b24watch.yaml etc/b24watch/rules/README usr/bin/b24watch \
    lib/systemd/system/b24watch.service usr/lib/sysusers.d/b24watch.conf \
    usr/share/b24watch/metrics usr/share/b24watch/rules usr/share/man/man1/b24watch.1.gz \
    usr/share/doc/b24watch/README.md usr/share/doc/b24watch/README.ru.md \
    usr/share/doc/b24watch/views.ru.md \
    usr/share/doc/b24watch/copyright; do
    [[ -e "$tree/$file" ]] || fail "contents: no /$file"
  done
  dpkg-deb -I "$deb" conffiles | grep -q '^/etc/b24watch/b24watch.yaml$' ||
    fail "contents: the settings are no conffile"
  dpkg-deb -f "$deb" Depends | grep -q procps || fail "contents: reloading needs procps"
  passed "contents"
}

test_lintian() {
  local said status=0 found
  said=$(lintian --allow-root --tag-display-limit 0 -I "$deb" 2>&1) || status=$?
  # 2: it has found errors; anything above 0 besides: it could not work.
  ((status == 0 || status == 2)) || fail "lintian ended with $status: $said"
  found=$(grep -E '^[EW]:|hardening-no' <<<"$said" || true)
  [[ -z "$found" ]] || fail "lintian: $found"
  passed "lintian"
}

test_unit() {
  # The unit as it is, but for the program, which is not installed here.
  local unit=$scratch/b24watch.service
  sed "s|/usr/bin/b24watch|$tree/usr/bin/b24watch|" "$tree/lib/systemd/system/b24watch.service" \
    >"$unit"
  local said
  said=$(systemd-analyze verify --man=no "$unit" 2>&1 | grep -F b24watch || true)
  [[ -z "$said" ]] || fail "unit: $said"
  systemd-analyze security --offline=yes --threshold=20 --no-pager "$unit" >"$scratch/security" ||
    fail "unit: $(tail -n 1 "$scratch/security")"
  passed "unit"
}

# The rules that the READMEs show must be rules.
test_readme() {
  local folder file count=0
  for file in README.md README.ru.md; do
    awk -v out="$scratch/readme-$file-" '/^```yaml$/ { ++n; on = 1; next } /^```$/ { on = 0 }
      on { print > (out n ".yaml") }' "$file"
  done
  for file in "$scratch"/readme-*.yaml; do
    grep -q '^  - id:' "$file" || continue
    folder=$scratch/rules-$((++count))
    mkdir "$folder"
    cp "$file" "$folder/example.yaml"
    "$tree/usr/bin/b24watch" check --rules "$folder" >"$scratch/check.out" 2>&1 ||
      fail "readme: $(cat "$file" "$scratch/check.out")"
  done
  ((count > 0)) || fail "readme: no rules found"
  passed "rules in the READMEs ($count)"
}

# The first line of the simulated portal is its webhook.
start_portal() {
  build/release/b24portal --port 0 --managers 4 --deals 60 --tasks 40 --calls 400 --days 30 --seed 7 \
    >"$scratch/portal.out" 2>"$scratch/portal.err" &
  portal_pid=$!
  local i
  for ((i = 0; i < 300; ++i)); do
    if grep -q -m1 '^webhook=' "$scratch/portal.out"; then
      (umask 077 && sed -n '1s/^webhook=//p' "$scratch/portal.out" >"$scratch/webhook")
      return
    fi
    sleep 0.1
  done
  fail "service: the simulated portal did not start: $(cat "$scratch/portal.err")"
}

# Whether this machine allows a copy-on-write view of its system.
can_install() {
  local why
  ((EUID == 0)) || { skipped "install: skipped, it needs root"; return 1; }
  [[ ! -e /var/lib/dpkg/info/b24watch.list ]] ||
    { skipped "install: skipped, b24watch is installed here"; return 1; }
  mkdir "$scratch/view"
  why=$(unshare -m bash -euc "$(declare -f overlay); overlay '$scratch/view'" 2>&1) ||
    { skipped "install: skipped, no overlay file system here: ${why##*: }"; return 1; }
}

overlay() {
  local merged=$1/root/merged
  mount -t tmpfs none "$1"
  mkdir -p "$1"/root/{upper,work,merged}
  mount -t overlay none -o "lowerdir=/,upperdir=$1/root/upper,workdir=$1/root/work" "$merged"
  mount -t proc none "$merged/proc"
  mount --rbind /dev "$merged/dev"
}

# In that view, where all that is done stays, the package is installed, and the service runs by its
# unit as the unit's user.
test_install() {
  local files=$scratch/install
  mkdir "$files"
  cp "$deb" "$files/b24watch.deb"
  cp packaging/test-install.sh packaging/test-service.py "$scratch/webhook" "$files"
  cp "$scratch/rules-1/example.yaml" "$files/own.yaml"
  unshare -m bash -euc "$(declare -f overlay)
    overlay '$scratch/view'
    cp -r '$files' '$scratch/view/root/merged/test-install'
    chroot '$scratch/view/root/merged' /bin/bash /test-install/test-install.sh
  " >"$scratch/install.log" 2>&1 || fail "install: $(cat "$scratch/install.log")"
  grep '^service, ' "$scratch/install.log" | sed 's/^/package: /'
  passed "install, upgrade, remove, purge"
}

# Where nothing can be installed: the unpacked package, by the unit, as the user that runs this.
test_unpacked() {
  local etc=$tree/etc/b24watch unit=$scratch/unpacked.service
  install -m 600 "$scratch/webhook" "$etc/webhook"
  sed -i "s|/var/lib/b24watch|$scratch/state|g" "$etc/b24watch.yaml"
  mkdir -m 700 "$scratch/state"
  sed -e "s|/usr/bin/b24watch|$tree&|" -e "s|/etc/b24watch|$tree&|" -e '/^User=/d' \
    "$tree/lib/systemd/system/b24watch.service" >"$unit"
  local said
  said=$(python3 packaging/test-service.py "$unit" 2>&1) || fail "service: $said"
  skipped "service, unpacked: $said"
}

# A small Debian, booted: the unit is started, reloaded, restarted and stopped by a real systemd.
test_boot() {
  ((EUID == 0)) || fail "boot: it needs root"
  packaging/setup.sh boot
  local base=$PWD/build/package/base.tar root=$scratch/root
  mkdir "$root"
  if [[ -e "$base" ]]; then
    tar -x -f "$base" -C "$root"
  else
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,procps,ca-certificates,tzdata \
      bookworm "$root" "${B24_MIRROR:-http://deb.debian.org/debian}" >"$scratch/debootstrap.log" 2>&1 ||
      fail "boot: debootstrap failed: $(tail -n 3 "$scratch/debootstrap.log")"
    tar -c -f "$base.new" -C "$root" . && mv "$base.new" "$base"
  fi
  cp "$deb" "$root/b24watch.deb"
  cp build/release/b24portal "$root/usr/bin/"
  chroot "$root" apt-get update -q >"$scratch/apt.log" 2>&1 ||
    fail "boot: $(tail -n 3 "$scratch/apt.log")"
  # The packages it depends on are fetched now: the booted system has no network.
  chroot "$root" apt-get install -q -y --no-install-recommends --download-only /b24watch.deb \
    >"$scratch/apt.log" 2>&1 || fail "boot: $(tail -n 3 "$scratch/apt.log")"
  cp packaging/test-boot.sh "$root/test-boot.sh"
  cat >"$root/etc/systemd/system/test-boot.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/bash /test-boot.sh
ExecStopPost=/bin/systemctl --no-block poweroff
StandardOutput=file:/result
StandardError=inherit
TimeoutStartSec=5min
[Install]
WantedBy=multi-user.target
UNIT
  ln -s ../test-boot.service "$root/etc/systemd/system/multi-user.target.wants/"
  timeout --foreground 600 systemd-nspawn --boot --register=no --keep-unit --private-network --quiet \
    -D "$root" >"$scratch/boot.log" 2>&1 </dev/null || true
  [[ -e "$root/result" ]] || fail "boot: it did not boot: $(tail -n 5 "$scratch/boot.log")"
  tail -n 1 "$root/result" | grep -qx passed || fail "boot: $(cat "$root/result")"
  passed "boot"
}

test_contents
test_lintian
test_unit
test_readme
start_portal
if can_install; then test_install; else test_unpacked; fi
if [[ "$boot" == yes ]]; then
  test_boot
else
  skipped "boot: not asked for; packaging/test-package.sh --boot runs it"
fi
