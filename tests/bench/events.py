#!/usr/bin/env python3
"""Measures what a storm of the portal's events costs b24watch, and what it costs the portal.

  tests/bench/events.py                     5,000 events a second about 400 deals for two minutes
  tests/bench/events.py --rate 1000 --seconds 30 --connections 4 --build build/debug

First some deals change and nobody is told: that is what the polls cost, at their usual pace. Then
deals change in the same way, some are deleted, and events about all of them come at the given rate
over several connections. Prints how many were taken and how quickly, CPU and memory of b24watch, the
requests to the portal in each half-minute of both, and whether the mirror is the portal afterwards.
Nothing is asserted. The listener takes up to 5,000 events a second and answers 503 to what is more.
"""

import argparse
import contextlib
import os
import pathlib
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import urllib.parse

from stop import wait_until
from sync import OTHERS, Portal, control

SIZES = {"managers": 5, "deals": 2000, "tasks": 500, "calls": 2000} | dict.fromkeys(OTHERS, 0)
TOKEN = "9f2c4d51e08b4d2f8a77c1d3"
POLL = 30
LIMITS = ("QUERY_LIMIT_EXCEEDED", "OPERATION_TIME_LIMIT")
EVERY = 10  # seconds between changes
CHANGED = 20  # deals at once


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def request(deal):
    body = urllib.parse.urlencode({"event": "ONCRMDEALUPDATE", "data[FIELDS][ID]": deal,
                                   "auth[application_token]": TOKEN})
    return (f"POST /event HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}").encode()


class Sender:
    """One connection that sends its share of the storm, each event at its time or when it can."""

    def __init__(self, port, requests, rate, seconds, late):
        self.link = socket.create_connection(("127.0.0.1", port))
        self.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.requests, self.gap, self.seconds = requests, 1 / rate, seconds
        self.began = time.perf_counter() + late
        self.statuses, self.waits, self.failure = {}, [], None
        self.thread = threading.Thread(target=self.send)
        self.thread.start()

    def send(self):
        for i in range(int(self.seconds / self.gap)):
            ahead = self.began + i * self.gap - time.perf_counter()
            if ahead > 0.001:
                time.sleep(ahead)
            sent = time.perf_counter()
            if sent > self.began + self.seconds:
                return
            self.link.sendall(self.requests[i % len(self.requests)])
            answer = b""
            while b"\r\n\r\n" not in answer:  # the few bytes of the body come with the head
                part = self.link.recv(4096)
                if not part:
                    self.failure = "the listener closed a connection"
                    return
                answer += part
            self.waits.append(time.perf_counter() - sent)
            status = answer[9:12].decode()
            self.statuses[status] = self.statuses.get(status, 0) + 1


class Usage:
    """What the system says of the running process."""

    def __init__(self, pid):
        words = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        self.cpu = sum(map(int, words[11:13])) / os.sysconf("SC_CLK_TCK")
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        self.now, self.peak = (int(status.split(name)[1].split()[0]) / 1024
                               for name in ("VmRSS:", "VmHWM:"))


class Company:
    """The portal's deals, which change every ten seconds."""

    def __init__(self, portal, count):
        self.portal, self.deals, self.changed = portal, [], 0
        while len(self.deals) < count:
            page = self.call("crm.item.list", entityTypeId=2, order={"id": "ASC"}, select=["id"],
                             filter={">id": self.deals[-1] if self.deals else 0})
            self.deals += [item["id"] for item in page["items"]]

    def call(self, method, **params):
        return control(self.portal.url, "call", {"method": method, "params": params})["result"]

    def change(self):
        for _ in range(CHANGED):
            self.changed += 1
            self.call("crm.item.update", entityTypeId=2, id=self.deals[self.changed % len(self.deals)],
                      fields={"opportunity": 1_000_000 + self.changed})

    def delete_one(self):
        self.call("crm.item.delete", entityTypeId=2, id=self.deals.pop())

    def requests_in(self, seconds, deleting):
        """Requests in each half-minute, while deals change."""
        counts, before = [], self.portal.counters()["requests"]
        began = time.monotonic()
        for step in range(1, seconds // EVERY + 1):
            self.change()
            if deleting:
                self.delete_one()
            time.sleep(max(0.0, began + step * EVERY - time.monotonic()))
            if step * EVERY % POLL == 0:
                after = self.portal.counters()["requests"]
                counts.append(after - before)
                before = after
        return counts


def deals_in(file, where):
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as mirror:
        return mirror.execute(f"SELECT count(*) FROM deals WHERE deleted_at IS NULL AND {where}"
                              ).fetchone()[0]


def seconds_until(holds, most=120):
    began = time.monotonic()
    while not holds() and time.monotonic() < began + most:
        time.sleep(0.1)
    return time.monotonic() - began


def storm(port, deals, given):
    requests = [request(deal) for deal in deals]
    each = given.rate / given.connections
    return [Sender(port, requests[i::given.connections], each, given.seconds, i / given.rate)
            for i in range(given.connections)]


def tell(senders, given, took, before, after):
    waits = sorted(wait for sender in senders for wait in sender.waits)
    taken = sum(sender.statuses.get("200", 0) for sender in senders)
    refused = sum(sum(sender.statuses.values()) for sender in senders) - taken
    cpu = after.cpu - before.cpu
    print(f"{len(waits):,} events in {took:.1f} s over {given.connections} connections: taken "
          f"{taken:,} ({taken / took:,.0f} a second), answered 503: {refused:,}")
    print(f"answered in {waits[len(waits) // 2] * 1000:.2f} ms (median), "
          f"{waits[int(len(waits) * 0.99)] * 1000:.2f} ms (99 of 100), {waits[-1] * 1000:.1f} ms (most)")
    print(f"b24watch: CPU {cpu:.1f} s ({cpu / took * 100:.0f} % of a core, {cpu / len(waits) * 1e6:.0f} "
          f"us an event), RSS MiB {before.now:.1f} before, {after.now:.1f} after, peak {after.peak:.1f}")


def measure(portal, run, port, mirror, given):
    company = Company(portal, given.deals)
    polls = company.requests_in(given.seconds, deleting=False)
    told = list(company.deals)
    before, began = Usage(run.pid), time.perf_counter()
    senders = storm(port, told, given)
    counts = company.requests_in(given.seconds, deleting=True)
    for sender in senders:
        sender.thread.join()
        if sender.failure:
            raise SystemExit(sender.failure)
    took, after = time.perf_counter() - began, Usage(run.pid)
    there = portal.streams()["deal"]
    last = f"amount_minor = {(1_000_000 + company.changed) * 100}"
    late = seconds_until(lambda: deals_in(mirror, "1") == there and deals_in(mirror, last))
    refusals = portal.counters()["refusals"]
    tell(senders, given, took, before, after)
    print(f"requests to the portal in each half-minute: polls alone {polls}, in the storm {counts}; "
          f"refused by its limits: {sum(refusals.get(code, 0) for code in LIMITS)}")
    print(f"deals there {there:,}, in the mirror {deals_in(mirror, '1'):,} {late:.1f} s after the "
          f"storm; the last change is {'there' if deals_in(mirror, last) else 'missing'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--deals", type=int, default=400)
    given = parser.parse_args()
    build = pathlib.Path(__file__).resolve().parents[2] / given.build
    with tempfile.TemporaryDirectory() as name, Portal(build, SIZES, limits=True) as portal:
        folder = pathlib.Path(name)
        (folder / "webhook").write_text(portal.webhook + "\n")
        (folder / "webhook").chmod(0o600)
        port = free_port()
        settings = folder / "b24watch.yaml"
        settings.write_text(
            f"portal: {{webhook_file: webhook, poll: {POLL} seconds, poll_quiet: {POLL} seconds}}\n"
            f"http: {{listen: '127.0.0.1:{port}', application_token: '{TOKEN}'}}\n"
            "state_dir: state\n")
        settings.chmod(0o600)
        log = folder / "log"
        with log.open("w") as out:
            run = subprocess.Popen([str(build / "b24watch"), "--config", str(settings), "run"],
                                   stderr=out)
        try:
            for stream in portal.streams():
                wait_until(lambda: f"stream complete entity={stream}\n" in log.read_text(),
                           f"the full read of {stream}")
            time.sleep(5)  # what follows a full read
            measure(portal, run, port, folder / "state" / "b24watch.sqlite", given)
        finally:
            run.terminate()
            run.wait()


if __name__ == "__main__":
    main()
