#!/usr/bin/env python3
"""Compares b24watch with Bitrix24's own SDK for JavaScript at reading a whole portal.

  tests/bench/peer-jssdk/run.py                    20,000 deals, 10,000 tasks, 50,000 calls, no limits
  tests/bench/peer-jssdk/run.py --deals 200000 ... other sizes
  tests/bench/peer-jssdk/run.py --limits           under the portal's limits; --rounds 5 for more rounds

Both read the same simulated company over HTTPS, one after the other, each in a process of its own:
`b24watch sync` into an empty database, and read.mjs with the SDK's batchByChunk, which keeps the
rows in memory and stores nothing. (b24watch also reads people and directories, some dozens of
rows.) Prints requests, refusals, seconds, CPU and memory side by side; the best of the rounds
counts. Nothing is asserted. Needs node and npm (Debian packages nodejs and npm); the SDK is
installed from npm's registry into build/peer-jssdk, in the version of package.json.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent))

from sync import OTHERS, Portal, sync  # noqa: E402

SIZES = {"managers": 50, "deals": 20_000, "tasks": 10_000, "calls": 50_000}
COLUMNS = {"requests": "{:.0f}", "refusals": "{:.0f}", "rows": "{:.0f}", "wall": "{:.2f}",
           "cpu": "{:.2f}", "peak_mib": "{:.0f}", "bytes": "{:.1f}"}
NAMES = {"requests": "requests", "refusals": "refusals", "rows": "rows", "wall": "seconds",
         "cpu": "CPU seconds", "peak_mib": "peak MiB", "bytes": "MiB received"}


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
    return {"rows": sum(json.loads(out.splitlines()[-1]).values()), "wall": time.monotonic() - began,
            "cpu": usage.ru_utime + usage.ru_stime, "peak_mib": usage.ru_maxrss / 1024}


def read_with_b24watch(build, portal, limits):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "webhook").write_text(portal.webhook + "\n")
        (folder / "webhook").chmod(0o600)
        settings = folder / "b24watch.yaml"
        plan = "" if limits else "  limits: {plan: none}\n"
        settings.write_text(f"portal:\n  webhook_file: webhook\n  ca_file: {portal.ca_file}\n{plan}"
                            "state_dir: state\nlog: {level: warn}\n")
        return sync(build, settings)


def measured(portal, read):
    portal.reset()
    report = read()
    counters = portal.counters()
    return report | {"requests": counters["requests"], "refusals": sum(counters["refusals"].values()),
                     "bytes": counters["bytes_out"] / 2**20}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    for name, value in SIZES.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--limits", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    build = (ROOT / given.build).resolve()
    folder = install()
    # The same kinds of rows for both; a portal of limits that were used up must not decide.
    sizes = {name: getattr(given, name) for name in SIZES} | {name: 0 for name in OTHERS}
    readers = {"b24watch sync": lambda portal: read_with_b24watch(build, portal, given.limits),
               "b24jssdk": lambda portal: read_with_sdk(folder, portal, given.limits)}
    best = {}
    for _ in range(given.rounds):
        for name, read in readers.items():
            with Portal(build, sizes, given.limits, tls=True) as portal:
                report = measured(portal, lambda: read(portal))
            if name not in best or report["wall"] < best[name]["wall"]:
                best[name] = report
    version = json.loads((HERE / "package.json").read_text())["dependencies"]["@bitrix24/b24jssdk"]
    print(f"{given.deals:,} deals, {given.tasks:,} tasks, {given.calls:,} calls over HTTPS, limits "
          f"{'on' if given.limits else 'off'}; b24jssdk {version}; best of {given.rounds}")
    print(f"{'':<14}" + "".join(f"{name:>16}" for name in best) + f"{'times':>10}")
    for column, form in COLUMNS.items():
        own, peer = (best[name][column] for name in readers)
        times = f"{peer / own:.1f}" if own else ""
        print(f"{NAMES[column]:<14}{form.format(own):>16}{form.format(peer):>16}{times:>10}")


if __name__ == "__main__":
    main()
