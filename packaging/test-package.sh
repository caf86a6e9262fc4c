#!/bin/bash
# Builds the Debian package and tests it: contents, lintian, the unit, the examples of the READMEs, the
# installed files against the simulated portal, installing and purging in a copy of this system.
#
#   packaging/test-package.sh          all of it that this machine allows; says what it left out
#   packaging/test-package.sh --boot   also installs it on a small Debian that is booted for it
#                                      (root, network, debootstrap and systemd-container)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

boot=no
case "${1:-}" in
  '') ;;
  --boot) boot=yes ;;
  *) sed -n '2,8s/^# \{0,1\}//p' packaging/test-package.sh; [[ "$1" == --help ]] && exit 0; exit 2 ;;
esac

fail() { echo "package: $*" >&2; exit 1; }
passed() { echo "package: $*: passed"; }
skipped() { echo "package: $*"; }

scratch=$(mktemp -d)
portal_pid=
cleanup() {
  [[ -z "$portal_pid" ]] || { kill "$portal_pid" && wait "$portal_pid"; } 2>/dev/null || true
  rm -rf "$scratch"
}
trap cleanup EXIT

deb=$(packaging/package.sh | tail -n 1)
tree=$scratch/tree
dpkg-deb -x "$deb" "$tree"

test_contents() {
  local file
  for file in etc/b24watch/b24watch.yaml etc/b24watch/rules/README usr/bin/b24watch \
    lib/systemd/system/b24watch.service usr/lib/sysusers.d/b24watch.conf \
    usr/share/b24watch/metrics usr/share/b24watch/rules usr/share/man/man1/b24watch.1.gz \
    usr/share/doc/b24watch/README.ru.md usr/share/doc/b24watch/copyright; do
    # Longer documents are compressed.
    [[ -e "$tree/$file" || -e "$tree/$file.gz" ]] || fail "contents: no /$file"
  done
  dpkg-deb -I "$deb" conffiles | grep -q '^/etc/b24watch/b24watch.yaml$' ||
    fail "contents: the settings are no conffile"
  dpkg-deb -f "$deb" Depends | grep -q procps || fail "contents: reloading needs procps"
  passed "contents"
}

test_lintian() {
  command -v lintian >/dev/null || { skipped "lintian: skipped, it is not installed"; return; }
  local found
  found=$(lintian --allow-root "$deb" 2>&1 | grep -E '^[EW]:' || true)
  [[ -z "$found" ]] || fail "lintian: $found"
  passed "lintian"
}

test_unit() {
  command -v systemd-analyze >/dev/null ||
    { skipped "unit: skipped, systemd is not installed"; return; }
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
    grep -q -m1 '^webhook=' "$scratch/portal.out" && return
    sleep 0.1
  done
  fail "service: the simulated portal did not start: $(cat "$scratch/portal.err")"
}

test_service() {
  [[ -x build/release/b24portal ]] ||
    { skipped "service: skipped, build/release/b24portal is not built"; return; }
  start_portal
  local etc=$tree/etc/b24watch
  (umask 077 && sed -n '1s/^webhook=//p' "$scratch/portal.out" >"$etc/webhook")
  # The settings as shipped, but for the places that only exist once they are installed.
  sed -i "s|/var/lib/b24watch|$scratch/state|g" "$etc/b24watch.yaml"
  mkdir -m 700 "$scratch/state"
  python3 packaging/test-service.py "$tree/usr/bin/b24watch" run --config "$etc/b24watch.yaml" ||
    fail "service: see above"
  passed "service"
}

# A copy-on-write view of this system, in namespaces of its own: what is done in it stays in it.
test_install() {
  local why
  if ((EUID != 0)); then
    skipped "install: skipped, it needs root"
    return
  fi
  mkdir "$scratch/view"
  if ! why=$(unshare -m bash -c "$(declare -f overlay); overlay '$scratch/view'" 2>&1); then
    skipped "install: skipped, no overlay file system here: ${why##*: }"
    return
  fi
  { declare -f inside; echo inside; } >"$scratch/inside.sh"
  cp "$deb" "$scratch/b24watch.deb"
  unshare -m bash -euo pipefail -c "$(declare -f overlay)
    overlay '$scratch/view'
    merged='$scratch/view/root/merged'
    cp '$scratch/b24watch.deb' '$scratch/inside.sh' \"\$merged\"
    chroot \"\$merged\" /bin/bash -euo pipefail /inside.sh
  " >"$scratch/install.log" 2>&1 ||
    fail "install: $(cat "$scratch/install.log")"
  passed "install"
}

overlay() {
  mount -t tmpfs none "$1"
  mkdir -p "$1"/root/{upper,work,merged}
  mount -t overlay none -o "lowerdir=/,upperdir=$1/root/upper,workdir=$1/root/work" "$1/root/merged"
  mount -t proc none "$1/root/merged/proc"
}

inside() {
  export DEBIAN_FRONTEND=noninteractive
  dpkg -i /b24watch.deb
  [[ "$(stat -c '%U %a %s' /etc/b24watch/webhook)" == "b24watch 600 0" ]]
  # An administrator's edits survive a reinstallation, his own rules a removal.
  echo "# edited" >>/etc/b24watch/b24watch.yaml
  echo "https://example.bitrix24.ru/rest/1/secret/" >/etc/b24watch/webhook
  dpkg -i /b24watch.deb
  grep -q "# edited" /etc/b24watch/b24watch.yaml
  [[ -s /etc/b24watch/webhook ]]
  mkdir -p /var/lib/b24watch
  touch /var/lib/b24watch/mirror.db /etc/b24watch/rules/own.yaml
  dpkg -r b24watch
  [[ -e /var/lib/b24watch/mirror.db && -e /etc/b24watch/webhook ]]
  dpkg -P b24watch
  [[ ! -e /var/lib/b24watch && ! -e /etc/b24watch/webhook && ! -e /usr/bin/b24watch ]]
  [[ -e /etc/b24watch/rules/own.yaml ]]
}

# A small Debian, booted: the unit is started, reloaded, restarted and stopped by a real systemd.
test_boot() {
  ((EUID == 0)) || fail "boot: it needs root"
  local tool
  for tool in debootstrap systemd-nspawn; do
    command -v "$tool" >/dev/null ||
      fail "boot: no $tool; apt-get install debootstrap systemd-container"
  done
  [[ -x build/release/b24portal ]] || fail "boot: build/release/b24portal is not built"
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
  timeout 600 systemd-nspawn --boot --register=no --keep-unit --private-network --quiet \
    -D "$root" >"$scratch/boot.log" 2>&1 </dev/null || true
  [[ -e "$root/result" ]] || fail "boot: it did not boot: $(tail -n 5 "$scratch/boot.log")"
  tail -n 1 "$root/result" | grep -qx passed || fail "boot: $(cat "$root/result")"
  passed "boot"
}

test_contents
test_lintian
test_unit
test_readme
test_service
test_install
if [[ "$boot" == yes ]]; then
  test_boot
else
  skipped "boot: not asked for; packaging/test-package.sh --boot runs it"
fi
