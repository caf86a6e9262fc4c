#!/usr/bin/env python3
"""Measures b24watch at full size, and how it grows with the portal.

  tests/bench/size.py full      200,000 deals, 100,000 tasks, 500,000 calls without limits: CPU and
                                memory
  tests/bench/size.py limits    the same rows under the real limits: seconds, refusals, rows
  tests/bench/size.py growth    100,000 rows, then 5,000,000: memory must stay, and CPU a row; then
                                `run` on the mirror of 5,000,000: time to the first poll
  tests/bench/size.py growth --most 1000000 --build build/release

Nothing is asserted: figures depend on the machine. What was promised is printed beside them.
"""

import argparse
import contextlib
import os
import pathlib
import socket
import subprocess
import tempfile
import threading
import time

from sync import OTHERS, Portal, bucket_floor, sync

FULL = {"deals": 200_000, "tasks": 100_000, "calls": 500_000}


def bare(deals, tasks, calls):
    sizes = {"managers": 50, "deals": deals, "tasks": tasks, "calls": calls}
    return sizes | dict.fromkeys(OTHERS, 0)


def workplace(folder, webhook, limits):
    """A settings file beside its webhook."""
    (folder / "webhook").write_text(webhook + "\n")
    (folder / "webhook").chmod(0o600)
    settings = folder / "b24watch.yaml"
    plan = "" if limits else "  limits: {plan: none}\n"
    settings.write_text(f"portal:\n  webhook_file: webhook\n{plan}state_dir: state\n"
                        "log: {level: warn}\n")
    return settings


def show(title, *figures):
    print(f"{title:<26}" + "  ".join(figures), flush=True)


def of_read(report):
    micro = report["cpu"] / report["rows"] * 1e6
    return (f"rows {report['rows']:,}", f"requests {report['requests']:,}",
            f"seconds {report['wall']:.1f}", f"CPU s {report['cpu']:.2f} ({micro:.2f} us a row)",
            f"peak MiB {report['peak_mib']:.1f}")


def full(build, options):
    with Portal(build, bare(**FULL), limits=False) as portal:
        for _ in range(options.rounds):
            with tempfile.TemporaryDirectory() as folder:
                settings = workplace(pathlib.Path(folder), portal.webhook, limits=False)
                show("full read", *of_read(sync(build, settings)), "(promised: 3.00 CPU s, 64 MiB)")


def limits(build, _):
    with tempfile.TemporaryDirectory() as folder, Portal(build, bare(**FULL), True) as portal:
        there = sum(portal.streams().values())
        settings = workplace(pathlib.Path(folder), portal.webhook, limits=True)
        report = sync(build, settings)
        refusals = portal.counters()["refusals"]
        told = ", ".join(f"{code} {times}" for code, times in refusals.items())
        show("under limits", *of_read(report), f"refusals {told or 'none'}",
             f"rows there {there:,}", f"bucket's floor s {bucket_floor(report['requests']):.0f}",
             "(promised: 142 s, no refusal)")


class Listening:
    """Passes connections on to the portal; notes the first words, and the first poll."""

    def __init__(self, portal):
        self.behind = int(portal.url.rsplit(":", 1)[1])
        self.server = socket.create_server(("127.0.0.1", 0))
        self.webhook = portal.webhook.replace(f":{self.behind}/",
                                              f":{self.server.getsockname()[1]}/")
        self.polled = threading.Event()
        self.first_word_at = None
        self.first_poll_at = None
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            ours, _ = self.server.accept()
            theirs = socket.create_connection(("127.0.0.1", self.behind))
            for source, target in ((ours, theirs), (theirs, ours)):
                threading.Thread(target=self.pass_on, args=(source, target), daemon=True).start()

    def pass_on(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self.first_word_at = self.first_word_at or time.monotonic()
                # Whatever else is asked for at a start, only a poll asks for lists.
                if not self.polled.is_set() and b"crm.item.list" in data:
                    self.first_poll_at = time.monotonic()
                    self.polled.set()
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


def start(build, folder, portal):
    """Seconds from the start of the service to its first words and its first poll; the CPU seconds
    and MiB it has used by then."""
    listening = Listening(portal)
    settings = workplace(folder, listening.webhook, limits=False)
    began = time.monotonic()
    process = subprocess.Popen([str(build / "b24watch"), "--config", str(settings), "run"],
                               stderr=subprocess.DEVNULL)
    try:
        if not listening.polled.wait(60):
            raise SystemExit("b24watch run did not poll")
        stat = pathlib.Path(f"/proc/{process.pid}/stat").read_text()
        ticks = stat.rsplit(")", 1)[1].split()[11:13]
        cpu = sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    finally:
        process.terminate()
        process.wait()
    return listening.first_word_at - began, listening.first_poll_at - began, cpu, peak


def growth(build, options):
    for rows in (100_000, options.most):
        deals, tasks = min(rows // 4, 200_000), min(rows // 8, 100_000)
        sizes = bare(deals, tasks, rows - deals - tasks)
        with tempfile.TemporaryDirectory() as name, Portal(build, sizes, limits=False) as portal:
            folder = pathlib.Path(name)
            settings = workplace(folder, portal.webhook, limits=False)
            show(f"{rows:,} rows", *of_read(sync(build, settings)))
            if rows < options.most:
                continue
            for _ in range(options.rounds):
                word, poll, cpu, peak = start(build, folder, portal)
                show("start to first poll", f"ms {poll * 1000:.0f}",
                     f"to the first words {word * 1000:.0f}", f"CPU ms {cpu * 1000:.0f}",
                     f"peak MiB {peak:.1f}", "(promised: 200 ms)")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("full", "limits", "growth"))
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--most", type=int, default=5_000_000)
    options = parser.parse_args()
    build = (pathlib.Path(__file__).resolve().parents[2] / options.build).resolve()
    {"full": full, "limits": limits, "growth": growth}[options.what](build, options)


if __name__ == "__main__":
    main()
