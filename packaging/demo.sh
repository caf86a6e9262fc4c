#!/bin/bash
# Shows b24watch at work: installs the missing Debian packages, builds, and lets it watch a portal.
#
#   packaging/demo.sh                 a simulated portal; every message as the head of sales sees it
#   packaging/demo.sh --seconds 60    the same for a minute; fails if no alert arrived
#   packaging/demo.sh --portal URL    a real portal, by the address of its inbound webhook;
#                                     "-" instead of URL asks for it
#   packaging/demo.sh --portal URL --dry-run   prints what it would send and sends nothing
#
# Runs until Ctrl-C and leaves nothing behind. The first run compiles for about a minute on two
# cores; a second one needs neither that nor the network.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() { sed -n '2,11s/^# \{0,1\}//p' "$root/packaging/demo.sh"; }
wrong() { echo "demo: $*; see --help." >&2; exit 2; }

seconds=
portal=
dry_run=
while (($# > 0)); do
  case "$1" in
    --seconds) seconds=${2:-none}; shift ;;
    --portal) portal=${2:-}; [[ -n "$portal" ]] || wrong "--portal wants an address"; shift ;;
    --dry-run) dry_run=--dry-run ;;
    -h | --help) usage; exit 0 ;;
    *) wrong "unknown option '$1'" ;;
  esac
  (($# > 0)) && shift
done
[[ -z "$seconds" || "$seconds" =~ ^[1-9][0-9]{0,5}$ ]] || wrong "--seconds wants a whole number"
if [[ "$portal" == - ]]; then
  read -r -s -p "The address of the inbound webhook: " portal
  echo
  [[ -n "$portal" ]] || wrong "no address was given"
fi

watcher=
simulator=
folder=
cleanup() {
  trap - EXIT
  trap '' INT TERM  # an impatient second Ctrl-C must not leave the address behind
  # The watcher first: it may still be telling something to the portal.
  for child in $watcher $simulator; do
    kill "$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
  done
  [[ -z "$folder" ]] || rm -rf "$folder"
}
trap cleanup EXIT
trap 'echo; exit 130' INT
trap 'exit 143' TERM

"$root/packaging/setup.sh" build
echo "demo: building b24watch and the simulated portal (the first time takes about a minute)."
(cd "$root" && cmake --preset demo >/dev/null &&
  cmake --build --preset demo --target b24watch b24portal -j "$(nproc)")
bin=$root/build/demo

folder=$(umask 077 && mktemp -d)
inbox=$folder/inbox
: >"$inbox"

# The simulated portal tells its own address in its first line, and after it prints whatever is
# posted to people.
start_portal() {
  mkfifo "$folder/said"
  "$bin/b24portal" --port 0 --managers 8 --deals 600 --tasks 400 --calls 8000 --days 60 --seed 7 \
    --live --print-inbox >"$folder/said" 2>"$folder/portal.log" &
  simulator=$!
  exec 3<"$folder/said"
  local line
  if ! read -r -t 30 line <&3 || [[ "$line" != webhook=* ]]; then
    cat "$folder/portal.log" >&2
    echo "demo: the simulated portal did not start." >&2
    exit 1
  fi
  portal=${line#webhook=}
  tee -a "$inbox" <&3 | as_seen &
}

# A notification as Bitrix24 shows it: its BB code is mark-up, a link is its text.
as_seen() {
  local bold='' line='' plain=''
  [[ -t 1 ]] && bold=$'\033[1m' line=$'\033[4m' plain=$'\033[0m'
  sed -u -E \
    -e "s/^--- [^T]*T([0-9:]{5})[^ ]* -> user ([0-9]+).*/\n${bold}🔔 \1, руководителю (сотрудник \2)${plain}/" \
    -e "s/\[url=[^]]*\]([^[]*)\[\/url\]/${line}\1${plain}/gi" \
    -e "s/\[user=[0-9]*\]([^[]*)\[\/user\]/${bold}\1${plain}/gi" \
    -e "s/\[b\]/${bold}/gi; s/\[\/b\]/${plain}/gi; s/\[\/?[ius]\]//gi"
}

write_settings() {
  # The address is a secret: it stands in a file of ours alone and on no command line.
  (umask 077 && printf '%s\n' "$portal" >"$folder/webhook")
  cat >"$folder/b24watch.yaml"
}

if [[ -z "$portal" ]]; then
  start_portal
  write_settings <<SETTINGS
language: ru
portal: {webhook_file: webhook, poll: 5 seconds, poll_quiet: 5 seconds}
people: {notify_hours: any}
state_dir: state
log: {level: warn}
SETTINGS
  echo "demo: a simulated portal with 8 managers, 600 deals, 400 tasks and 8000 calls is running."
  echo "demo: below is what the head of sales gets in Bitrix24. Ctrl-C ends it."
else
  hours=working
  [[ -z "$dry_run" ]] || hours=any  # what is only shown wakes nobody
  write_settings <<SETTINGS
language: ru
portal: {webhook_file: webhook}
people: {notify_hours: $hours}
state_dir: state
log: {level: info}
SETTINGS
  if [[ -n "$dry_run" ]]; then
    echo "demo: below is what the head of sales would get; nothing is sent. Ctrl-C ends it."
  else
    echo "demo: messages go to the heads of sales of this portal. Ctrl-C ends it."
  fi
fi

show_log() { [[ ! -e "$folder/log" ]] || cat "$folder/log" >&2; }

# What was posted to the simulated portal or printed by a dry run; what was sent to a real portal
# stands among the alerts.
alerts_arrived() {
  [[ -s "$inbox" ]] ||
    "$bin/b24watch" query --config "$folder/b24watch.yaml" --json \
      "SELECT rule_id FROM v_alert WHERE state IN ('firing', 'known')" 2>/dev/null | grep -q rule_id
}

mkdir -m 700 "$folder/state"
if [[ -n "$simulator" ]]; then
  "$bin/b24watch" run --config "$folder/b24watch.yaml" $dry_run >>"$folder/log" 2>&1 &
else
  "$bin/b24watch" run --config "$folder/b24watch.yaml" $dry_run > >(tee -a "$inbox") &
fi
watcher=$!

# Without an end of its own, Ctrl-C is the way to end it.
[[ -n "$seconds" ]] || trap 'echo; exit 0' INT
started=$SECONDS
while kill -0 "$watcher" 2>/dev/null; do
  if [[ -n "$seconds" ]] && ((SECONDS - started >= seconds)); then
    sleep 0.2  # what was just said is still on its way through the pipe
    if ! alerts_arrived; then
      echo "demo: no alert arrived within $seconds s." >&2
      show_log
      exit 1
    fi
    exit 0
  fi
  sleep 0.5
done
code=0
wait "$watcher" || code=$?
show_log
echo "demo: b24watch ended by itself with code $code." >&2
exit 1
