#!/bin/bash
# Runs inside the copy of this system that packaging/test-package.sh makes, with the package, the
# webhook of a simulated portal and test-service.py beside it: installs, runs, upgrades, removes and
# purges, as an administrator and systemd would.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
trap 'echo "failed at line $LINENO: $BASH_COMMAND" >&2' ERR
export DEBIAN_FRONTEND=noninteractive

etc=/etc/b24watch
state=/var/lib/b24watch
unit=/lib/systemd/system/b24watch.service
is() { [[ "$(stat -c '%U:%G %a' "$1")" == "$2" ]]; }
as_nobody() { setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"; }

apt-get install -y --no-install-recommends ./b24watch.deb
[[ "$(getent passwd b24watch)" == *":$state:/usr/sbin/nologin" ]]
is $etc/b24watch.yaml "root:root 644"
is $etc/webhook "b24watch:b24watch 600"
[[ ! -s $etc/webhook ]]
[[ -e /etc/systemd/system/multi-user.target.wants/b24watch.service ]]
/usr/bin/b24watch --help
# The analyst checks his rules as nobody in particular: before there is a webhook, and after.
as_nobody b24watch check
# One command connects the portal and leaves the files to those they belong to.
b24watch init --webhook-file webhook </dev/null
cmp $etc/webhook webhook
is $etc/webhook "b24watch:b24watch 600"
is $etc/b24watch.yaml "root:root 644"
as_nobody b24watch check
b24watch doctor

said=$(python3 test-service.py $unit)
echo "service, the webhook in a file: $said"
is $state "b24watch:b24watch 700"
[[ -s $state/b24watch.sqlite && -z "$(find $state -perm /077)" ]]
# Commands run by root leave the files to the service.
b24watch sync
b24watch status
b24watch query "SELECT count(*) AS deals FROM v_deal"
[[ -z "$(find $state ! -user b24watch)" ]]

: >$etc/webhook
sed -i '/^  webhook_file:/d' $etc/b24watch.yaml
said=$(python3 test-service.py $unit webhook=webhook)
echo "service, the webhook as a credential: $said"

# The administrator's edits survive an upgrade, his own rules a purge.
cp webhook $etc/webhook
cp $etc/b24watch.yaml edited.yaml
cp own.yaml $etc/rules/own.yaml
dpkg -i b24watch.deb
cmp $etc/b24watch.yaml edited.yaml
cmp $etc/webhook webhook
dpkg -r b24watch
[[ ! -e /usr/bin/b24watch && ! -e $unit ]]
[[ -s $state/b24watch.sqlite && -s $etc/webhook && -s $etc/b24watch.yaml ]]
dpkg -P b24watch
[[ "$(find $etc $state /var/lib/private -path '*b24watch*' -type f 2>/dev/null)" == $etc/rules/own.yaml ]]
rm -r $etc
left=$(find /etc /lib/systemd /usr/bin /usr/share /var/lib -name '*b24watch*')
[[ -z "$left" ]] || { echo "left behind: $left" >&2; exit 1; }
