#!/bin/bash
# Runs inside the small Debian that packaging/test-package.sh --boot boots: installs the package as an
# administrator would, and ends with the line "passed".
set -euo pipefail
trap 'echo "failed at: $BASH_COMMAND"; journalctl -u b24watch -n 30 --no-pager' ERR
export DEBIAN_FRONTEND=noninteractive

wait_for() { # SECONDS COMMAND...
  local left=$1
  shift
  until "$@"; do
    ((left-- > 0)) || { echo "in vain: $*"; return 1; }
    sleep 1
  done
}
property() { systemctl show -P "$1" b24watch; }
is() { [[ "$(property "$1")" == "$2" ]]; }

apt-get install -y --no-install-recommends /b24watch.deb
systemctl is-enabled b24watch
# Without a webhook it waits and is no failure.
is ActiveState inactive
is Result success

b24portal --port 0 --managers 4 --deals 60 --tasks 40 --calls 400 --days 30 --seed 7 >/portal.out &
wait_for 30 grep -qs '^webhook=' /portal.out
sed -n '1s/^webhook=//p' /portal.out >/etc/b24watch/webhook
[[ "$(stat -c '%U %a' /etc/b24watch/webhook)" == "b24watch 600" ]]

systemctl start b24watch
is ActiveState active
[[ "$(stat -c '%U %a' /var/lib/b24watch)" == "b24watch 700" ]]
[[ -n "$(property StatusText)" ]]
pid=$(property MainPID)
[[ "$(stat -c %U "/proc/$pid")" == b24watch ]]

systemctl reload b24watch
sleep 1
is MainPID "$pid"

# A kill is mended by itself.
kill -KILL "$pid"
restarted() { is ActiveState active && ! is MainPID "$pid"; }
wait_for 60 restarted

systemctl stop b24watch
is Result success

# The webhook as a credential of systemd, the way README.md describes it.
mv /etc/b24watch/webhook /root/b24watch-webhook
sed -i '/^  webhook_file:/d' /etc/b24watch/b24watch.yaml
mkdir /etc/systemd/system/b24watch.service.d
cat >/etc/systemd/system/b24watch.service.d/override.conf <<'UNIT'
[Unit]
ConditionFileNotEmpty=
[Service]
LoadCredential=webhook:/root/b24watch-webhook
UNIT
systemctl daemon-reload
systemctl start b24watch
is ActiveState active
systemctl stop b24watch
is Result success
apt-get purge -y b24watch
[[ ! -e /var/lib/b24watch && ! -e /etc/b24watch/webhook ]]
echo passed
