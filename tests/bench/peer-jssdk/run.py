#!/usr/bin/env python3
"""Compares b24watch with Bitrix24's own SDK for JavaScript at reading a whole portal.

  tests/bench/peer-jssdk/run.py                    20,000 deals, 10,000 tasks, 50,000 calls, no limits
  tests/bench/peer-jssdk/run.py --full             ten times as many
  tests/bench/peer-jssdk/run.py --full --limits    under the portal's limits: about five minutes
  tests/bench/peer-jssdk/run.py --limits --page-cost 0.045 --operating 42
                                                   where 50,000 calls are more than a method may do in
                                                   ten minutes: about ten of them
  tests/bench/peer-jssdk/run.py --deals 5000 --rounds 5 --build build/release

Both read the same simulated company over HTTPS, one after the other, each in a process of its own:
`b24watch sync` into an empty database, and read.mjs with the SDK's batchByChunk, as its guide has it,
which keeps the rows in memory and stores nothing. (b24watch also reads people and directories, some
dozens of rows.) Prints what the portal counted, what the system says of the processes, and how many
rows of the three kinds there are, arrived and were lost; of several rounds the quickest. Nothing is
asserted. Needs node and npm (Debian packages nodejs and npm); the SDK is installed from npm's
registry into build/peer-jssdk, in the version of package.json.
"""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent))

from sync import OTHERS, Portal, sync  # noqa: E402

SIZES = {"managers": 50, "deals": 20_000, "tasks": 10_000, "calls": 50_000}
FULL = SIZES | {"deals": 200_000, "tasks": 100_000, "calls": 500_000}
KINDS = {"deal": "deals", "task": "tasks", "call": "calls"}  # as the portal says, and our tables
LINES = {"requests": ("requests", "{:,}"), "refusals": ("refusals", "{:,}"),
         "wall": ("seconds", "{:.2f}"), "cpu": ("CPU seconds", "{:.2f}"),
         "peak_mib": ("peak MiB", "{:.0f}"), "received": ("MiB received", "{:.1f}"),
         "there": ("rows there", "{:,}"), "got": ("rows got", "{:,}"), "lost": ("lost", "{:,}")}


def install():
    """The folder with the SDK; installed once for each version of package.json."""
    folder = ROOT / "build" / "peer-jssdk"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / "package.json").read_text()
    have = folder / "package.json"
    if not (folder / "node_modules").exists() or have.read_text() != wanted:
        have.write_text(wanted)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder,
                       check=True, stdout=subprocess.DEVNULL)
    shutil.copy(HERE / "read.mjs", folder)
    return folder


def read_with_sdk(folder, portal, limits):
    command = ["node", "read.mjs", portal.webhook] + (["--limits"] if limits else [])
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True,
                               env=os.environ | {"NODE_EXTRA_CA_CERTS": portal.ca_file})
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"the SDK ended with {process.returncode}")
    told = json.loads(out.splitlines()[-1])
    return {"got": sum(told["got"].values()), "errors": told["errors"],
            "wall": time.monotonic() - began, "cpu": usage.ru_utime + usage.ru_stime,
            "peak_mib": usage.ru_maxrss / 1024}


def rows_in(file):
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as mirror:
        return sum(mirror.execute(f"SELECT count(*) FROM {table} WHERE deleted_at IS NULL")
                   .fetchone()[0] for table in KINDS.values())


def read_with_b24watch(build, portal, limits):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "webhook").write_text(portal.webhook + "\n")
        (folder / "webhook").chmod(0o600)
        settings = folder / "b24watch.yaml"
        plan = "" if limits else "  limits: {plan: none}\n"
        settings.write_text(f"portal:\n  webhook_file: webhook\n  ca_file: {portal.ca_file}\n{plan}"
                            "state_dir: state\nlog: {level: warn}\n")
        report = sync(build, settings)
        return report | {"got": rows_in(folder / "state" / "b24watch.sqlite"), "errors": {}}


def measured(portal, read):
    portal.reset()
    report = read()
    counters = portal.counters()
    streams = portal.streams()
    there = sum(streams.get(kind, 0) for kind in KINDS)
    return report | {"requests": counters["requests"], "codes": counters["refusals"],
                     "refusals": sum(counters["refusals"].values()),
                     "received": counters["bytes_out"] / 2**20,
                     "there": there, "lost": there - report["got"]}


def show(best):
    own, peer = best.values()
    print(f"{'':<14}" + "".join(f"{name:>16}" for name in best) + f"{'times':>10}")
    for column, (name, form) in LINES.items():
        compared = own[column] and column not in ("there", "got", "lost")
        times = f"{peer[column] / own[column]:.1f}" if compared else ""
        print(f"{name:<14}{form.format(own[column]):>16}{form.format(peer[column]):>16}{times:>10}")
    for name, report in best.items():
        for what, codes in (("refused by the portal", report["codes"]),
                            ("errors told, one a place in a batch", report["errors"])):
            if codes:
                told = ", ".join(f"{code} {times:,}" for code, times in codes.items())
                print(f"{name}: {what}: {told}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    for name, value in SIZES.items():
        parser.add_argument(f"--{name}", type=int, help=f"{value:,}; with --full {FULL[name]:,}")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--limits", action="store_true")
    parser.add_argument("--page-cost", type=float, default=0.02,
                        help="seconds of operating time that the portal charges for a page: 0.02")
    parser.add_argument("--operating", type=float, default=480,
                        help="seconds of it that a method has in ten minutes: 480")
    parser.add_argument("--rounds", type=int, help="3; with --limits 1")
    given = parser.parse_args()
    usual = FULL if given.full else SIZES
    sizes = {name: value if getattr(given, name) is None else getattr(given, name)
             for name, value in usual.items()}
    rounds = given.rounds or (1 if given.limits else 3)
    build = (ROOT / given.build).resolve()
    folder = install()
    readers = {"b24watch sync": lambda portal: read_with_b24watch(build, portal, given.limits),
               "b24jssdk": lambda portal: read_with_sdk(folder, portal, given.limits)}
    options = sizes | dict.fromkeys(OTHERS, 0) | {
        "page-cost": given.page_cost, "operating": given.operating}
    best = {}
    for _ in range(rounds):
        for name, read in readers.items():
            # A portal for each: limits that were used up must not decide.
            with Portal(build, options, given.limits, tls=True) as portal:
                report = measured(portal, lambda: read(portal))
            if name not in best or report["wall"] < best[name]["wall"]:
                best[name] = report
    limits = "off"
    if given.limits:
        limits = f"on, {given.page_cost:g} s a page, {given.operating:g} s in ten minutes"
    version = json.loads((HERE / "package.json").read_text())["dependencies"]["@bitrix24/b24jssdk"]
    print(f"{sizes['deals']:,} deals, {sizes['tasks']:,} tasks, {sizes['calls']:,} calls over HTTPS, "
          f"limits {limits}; b24jssdk {version}; best of {rounds}")
    show(best)


if __name__ == "__main__":
    main()
