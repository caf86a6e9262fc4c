#!/usr/bin/env python3
"""Measures how long `b24watch run` takes to end after SIGTERM, whatever it is doing.

  tests/bench/stop.py                     five runs of each situation
  tests/bench/stop.py --runs 20 --build build/debug

The promise is two seconds. Nothing is asserted: what is above is marked.
"""

import argparse
import contextlib
import pathlib
import signal
import subprocess
import tempfile
import time

from sync import Portal, control

SMALL = {"managers": 5, "deals": 500, "tasks": 500, "calls": 2000}
LARGE = {"managers": 20, "deals": 40_000, "tasks": 20_000, "calls": 60_000}
PROMISE = 2.0
PATIENCE = 60


def wait_until(holds, what):
    until = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > until:
            raise SystemExit(f"waited in vain for: {what}")
        time.sleep(0.02)


class Run:
    """`b24watch run` with a state folder of its own."""

    def __init__(self, build, portal, folder):
        self.log = folder / "log"
        (folder / "webhook").write_text(portal.webhook + "\n")
        (folder / "webhook").chmod(0o600)
        settings = folder / "b24watch.yaml"
        settings.write_text("portal:\n  webhook_file: webhook\n  poll: 1 second\n"
                            "  poll_quiet: 1 second\n"
                            "  limits: {plan: none}\nstate_dir: state\n")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [str(build / "b24watch"), "--config", str(settings), "run"], stderr=log)

    def logged(self, words):
        return words in self.log.read_text()

    def wait_for_log(self, words):
        wait_until(lambda: self.logged(words), words)

    def seconds_to_end(self):
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = "killed"
        if code != 0:
            print(f"  exit code {code}:", self.log.read_text()[-1000:])
        return time.monotonic() - began


def requests(portal):
    return portal.counters()["requests"]


def wait_for_requests(portal, more):
    at_least = requests(portal) + more
    wait_until(lambda: requests(portal) >= at_least, "requests")


def hang(portal):
    control(portal.url, "faults", {"kind": "slow", "count": -1, "delay_ms": 60_000})


def close(portal):
    portal.process.terminate()
    portal.process.wait()


# Each brings the program into its situation. `start` starts it.

def idle(portal, start):
    run = start()
    for stream in portal.streams():
        run.wait_for_log(f"stream complete entity={stream}\n")
    wait_for_requests(portal, 3)
    return run


def reading(portal, start):
    run = start()
    run.wait_for_log("started")
    wait_for_requests(portal, 15)
    return run


def hanging(portal, start):
    run = idle(portal, start)
    hang(portal)
    wait_for_requests(portal, 1)
    return run


def hanging_at_start(portal, start):
    hang(portal)
    run = start()
    wait_for_requests(portal, 1)
    return run


def away_repeating(portal, start):
    run = idle(portal, start)
    close(portal)
    time.sleep(3)
    return run


def away_given_up(portal, start):
    run = idle(portal, start)
    close(portal)
    run.wait_for_log("portal not read")
    time.sleep(0.5)
    return run


def away_at_start(portal, start):
    close(portal)
    run = start()
    time.sleep(2)
    return run


SITUATIONS = (
    ("idle", SMALL, idle),
    ("in the midst of a full read", LARGE, reading),
    ("the portal hangs", SMALL, hanging),
    ("the portal hangs at the start", SMALL, hanging_at_start),
    ("the portal is away: a call repeats", SMALL, away_repeating),
    ("the portal is away: the pause after", SMALL, away_given_up),
    ("the portal is away at the start", SMALL, away_at_start),
)


def measure(build, sizes, situation):
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        portal = stack.enter_context(Portal(build, sizes, limits=False))

        def start():
            run = Run(build, portal, folder)
            stack.callback(run.process.kill)  # a wait in vain leaves nothing running
            return run

        return situation(portal, start).seconds_to_end()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    root = pathlib.Path(__file__).resolve().parents[2]
    build = (root / options.build).resolve()
    print(f"{'seconds from SIGTERM to the end':<38} {'longest':>8}   each run")
    for title, sizes, situation in SITUATIONS:
        took = [measure(build, sizes, situation) for _ in range(options.runs)]
        mark = "" if max(took) < PROMISE else "   above the promised 2 s"
        each = " ".join(f"{seconds:.2f}" for seconds in took)
        print(f"{title:<38} {max(took):>8.2f}   {each}{mark}", flush=True)


if __name__ == "__main__":
    main()
