#!/usr/bin/env python3
"""Measures how quickly b24watch answers the portal's events, and what a storm of them costs.

  tests/bench/events.py                     5,000 events about 200 deals
  tests/bench/events.py --events 50000 --build build/debug

Prints the time from sending an event to its answer, the requests the storm cost the portal, and how
long it took until nothing was left to read. Nothing is asserted.
"""

import argparse
import http.client
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.parse

from stop import wait_until
from sync import Portal

SIZES = {"managers": 5, "deals": 2000, "tasks": 500, "calls": 2000}
TOKEN = "9f2c4d51e08b4d2f8a77c1d3"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def event(deal):
    return urllib.parse.urlencode({"event": "ONCRMDEALUPDATE", "data[FIELDS][ID]": deal,
                                   "auth[application_token]": TOKEN})


def storm(port, events, deals):
    """Seconds to each answer, one connection kept open, and how many were not taken."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    seconds, refused = [], 0
    for i in range(events):
        began = time.perf_counter()
        link.request("POST", "/event", event(101 + i % deals),
                     {"Content-Type": "application/x-www-form-urlencoded"})
        answer = link.getresponse()
        answer.read()
        seconds.append(time.perf_counter() - began)
        refused += answer.status != 200
        if answer.getheader("Connection", "").lower() == "close":
            link.close()
    return sorted(seconds), refused


def requests_when_quiet(portal):
    """Requests so far, once none has come for four seconds."""
    before = -1  # hints are gathered for a second before the portal is asked
    while portal.counters()["requests"] != before:
        before = portal.counters()["requests"]
        time.sleep(4)
    return before


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--events", type=int, default=5000)
    parser.add_argument("--deals", type=int, default=200)
    given = parser.parse_args()
    build = pathlib.Path(__file__).resolve().parents[2] / given.build
    with tempfile.TemporaryDirectory() as name, Portal(build, SIZES, limits=True) as portal:
        folder = pathlib.Path(name)
        (folder / "webhook").write_text(portal.webhook + "\n")
        (folder / "webhook").chmod(0o600)
        port = free_port()
        settings = folder / "b24watch.yaml"
        settings.write_text("portal: {webhook_file: webhook, poll: 1 hour, poll_quiet: 1 hour}\nstate_dir: state\n"
                            f"http: {{listen: '127.0.0.1:{port}', application_token: '{TOKEN}'}}\n"
                            "log: {level: debug}\n")
        settings.chmod(0o600)
        log = folder / "log"
        with log.open("w") as out:
            run = subprocess.Popen([str(build / "b24watch"), "--config", str(settings), "run"],
                                   stderr=out)
        try:
            for stream in portal.streams():
                wait_until(lambda: f"stream complete entity={stream}\n" in log.read_text(),
                           f"the full read of {stream}")
            before = requests_when_quiet(portal)
            began = time.perf_counter()
            seconds, refused = storm(port, given.events, given.deals)
            took = time.perf_counter() - began
            after = requests_when_quiet(portal)
        finally:
            run.terminate()
            run.wait()
    middle, most = seconds[len(seconds) // 2], seconds[-1]
    print(f"{given.events} events about {given.deals} deals in {took:.2f} s, not taken: {refused}")
    print(f"answered in {middle * 1000:.2f} ms (median), "
          f"{seconds[int(len(seconds) * 0.99)] * 1000:.2f} ms (99 of 100), {most * 1000:.1f} ms (most)")
    print(f"requests to the portal: {after - before}")


if __name__ == "__main__":
    main()
