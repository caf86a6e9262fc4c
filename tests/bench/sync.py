#!/usr/bin/env python3
"""Measures how b24watch reads a portal: requests, refusals, seconds, CPU and memory.

  tests/bench/sync.py                     50 managers, 20,000 deals, 20,000 tasks, 100,000 calls,
                                          and of the other kinds what so many deals bring along
  tests/bench/sync.py --deals 200000 ...  other sizes
  tests/bench/sync.py --bare              deals, tasks and calls alone
  tests/bench/sync.py --build build/release

Starts the simulated portal twice, with the real limits and without, and reads it each time with
`b24watch sync`: in full, with nothing changed, and after a tenth of the rows has changed. Nothing
is asserted: figures depend on the machine, so compare them within one run. The "least requests" are
those of the lists, 2,500 rows each; what activities are bound to comes on top, 50 of them in a request
and 40 requests in a sync.
"""

import argparse
import json
import os
import pathlib
import ssl
import subprocess
import tempfile
import time
import urllib.request


# The portal's options and their usual values; -1: as many as so many deals bring along.
OTHERS = {"leads": -1, "contacts": -1, "companies": -1, "quotes": -1, "invoices": -1,
          "activities": -1, "history": 1, "products": 1, "payments": 1, "comments": 1}
SIZES = {"managers": 50, "deals": 20_000, "tasks": 20_000, "calls": 100_000} | OTHERS


def control(url, path, body=None, trust=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/control/{path}", data=data)
    with urllib.request.urlopen(request, timeout=600, context=trust) as answer:
        text = answer.read()
    return json.loads(text) if text else None


class Portal:
    def __init__(self, build, sizes, limits, tls=False):
        command = [str(build / "b24portal"), "--port", "0", "--seed", "1", "--days", "60"]
        for name, value in sizes.items():
            command += [f"--{name}", str(value)]
        if not limits:
            command.append("--no-limits")
        if tls:
            command.append("--tls")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            self.read_greeting(tls)
        except BaseException:
            self.__exit__()
            raise

    def read_greeting(self, tls):
        line = self.process.stdout.readline()
        if not line.startswith("webhook="):
            raise SystemExit("the simulated portal did not start")
        self.webhook = line.strip()[len("webhook="):]
        self.url = self.webhook.split("/rest/")[0]
        self.ca_file = self.process.stdout.readline().strip()[len("ca="):] if tls else None
        self.trust = ssl.create_default_context(cafile=self.ca_file) if tls else None

    def counters(self):
        return control(self.url, "counters", trust=self.trust)

    def streams(self):
        """Rows by the kind of what is read by its changes; kinds without rows are left out."""
        return control(self.url, "streams", trust=self.trust)

    def reset(self):
        control(self.url, "reset-counters", {}, self.trust)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def sync(build, settings):
    """One `b24watch sync`, with what the system says of the finished process."""
    began = time.monotonic()
    process = subprocess.Popen(
        [str(build / "b24watch"), "--config", str(settings), "sync", "--json"],
        stdout=subprocess.PIPE, text=True)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"b24watch sync ended with {process.returncode}")
    report = json.loads(out)
    report["wall"] = time.monotonic() - began
    report["cpu"] = usage.ru_utime + usage.ru_stime
    report["peak_mib"] = usage.ru_maxrss / 1024
    return report


def bucket_floor(requests, drain=2, burst=50):
    """The least time in which a portal lets so many requests through."""
    return max(0.0, (requests - burst) / drain)


def show(title, report, counters, least=None):
    refusals = sum(counters["refusals"].values())
    line = (f"{title:<34} requests {report['requests']:>5}  rows {report['rows']:>8}  "
            f"refusals {refusals:>2}  seconds {report['seconds']:>7.2f}  "
            f"cpu {report['cpu']:>6.2f}  peak MiB {report['peak_mib']:>6.1f}")
    if least is not None:
        line += f"  least requests {least}  bucket floor s {bucket_floor(report['requests']):.1f}"
    if report["seconds"] > 0:
        line += f"  rows/s {report['rows'] / report['seconds']:.0f}"
    print(line, flush=True)


def measure(build, sizes, limits):
    print(f"-- limits {'on: 2 requests a second, burst 50, operating 480 s' if limits else 'off'}")
    with tempfile.TemporaryDirectory() as folder, Portal(build, sizes, limits) as portal:
        folder = pathlib.Path(folder)
        (folder / "webhook").write_text(portal.webhook + "\n")
        (folder / "webhook").chmod(0o600)
        settings = folder / "b24watch.yaml"
        plan = "" if limits else "  limits: {plan: none}\n"
        settings.write_text(
            f"portal:\n  webhook_file: webhook\n{plan}state_dir: state\nlog: {{level: warn}}\n")
        streams = portal.streams()
        print("   " + ", ".join(f"{rows:,} {name}" for name, rows in streams.items()))
        least = sum(-(-rows // 2500) for rows in streams.values())
        show("full read", sync(build, settings), portal.counters(), least)
        portal.reset()
        show("nothing changed", sync(build, settings), portal.counters())
        # So many of deals, tasks and calls; a third as many of the others come along.
        changes = sum(streams.get(name, 0) for name in ("deal", "task", "call")) // 10
        control(portal.url, "mutate", {"count": changes, "seed": 7})
        portal.reset()
        show(f"{changes} changes", sync(build, settings), portal.counters())


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    for name, value in SIZES.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--bare", action="store_true", help="no kinds but deals, tasks and calls")
    options = parser.parse_args()
    root = pathlib.Path(__file__).resolve().parents[2]
    build = (root / options.build).resolve()
    sizes = {name: getattr(options, name) for name in SIZES}
    if options.bare:
        sizes.update((name, 0) for name in OTHERS)
    for limits in (True, False):
        measure(build, sizes, limits)


if __name__ == "__main__":
    main()
