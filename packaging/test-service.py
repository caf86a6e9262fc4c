#!/usr/bin/env python3
"""Runs a service as systemd would by its unit: command, user, folders, credentials, notifications.

It must say that it is ready, beat for the watchdog, reload and stop, each in the time the unit gives.
As root it runs as the unit's user, if there is one; the watchdog is quicker than in the unit.

usage: test-service.py UNIT [CREDENTIAL=FILE]
"""
import os
import pwd
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time

WATCHDOG_SECONDS = 4
BEATS = 3


def read_unit(path):
    with open(path, encoding="utf-8") as lines:
        pairs = (line.strip().split("=", 1) for line in lines if "=" in line and line[0] not in "#;")
        return dict(pairs)


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(s|min|)", text).groups()
    return int(number) * (60 if unit == "min" else 1)


class Service:
    def __init__(self, unit, credential, folder):
        self.unit, self.folder = unit, folder
        self.user = pwd.getpwnam(unit["User"]) if "User" in unit and os.geteuid() == 0 else None
        os.chmod(folder, 0o711)
        self.inbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.inbox.bind(os.path.join(folder, "notify"))
        os.chmod(os.path.join(folder, "notify"), 0o666)
        self.log = open(os.path.join(folder, "log"), "w+", encoding="utf-8")
        self.heard = []
        environment = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG": "C.UTF-8",
            "NOTIFY_SOCKET": self.inbox.getsockname(),
            "WATCHDOG_USEC": str(WATCHDOG_SECONDS * 1000000)}
        if credential:
            environment["CREDENTIALS_DIRECTORY"] = self.hand_over(*credential.split("=", 1))
        as_user = {}
        if self.user:
            as_user = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
            self.own(os.path.join("/var/lib", unit["StateDirectory"]), unit["StateDirectoryMode"])
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            shlex.split(unit["ExecStart"]), env=environment, cwd="/", stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log, umask=int(unit["UMask"], 8), **as_user)

    def own(self, folder, mode):
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, int(mode, 8))
        os.chown(folder, self.user.pw_uid, self.user.pw_gid)

    def hand_over(self, name, source):
        folder = os.path.join(self.folder, "credentials")
        os.mkdir(folder)
        copy = shutil.copyfile(source, os.path.join(folder, name))
        os.chmod(copy, 0o400)
        os.chmod(folder, 0o500)
        if self.user:
            for path in (copy, folder):
                os.chown(path, self.user.pw_uid, self.user.pw_gid)
        return folder

    def fail(self, text):
        self.log.seek(0)
        sys.exit(f"test-service: {text}\nheard: {self.heard}\n{self.log.read()}")

    def wait_for(self, word, most):
        """The seconds until the word came; whatever came before it is only remembered."""
        began = time.monotonic()
        while True:
            left = began + most - time.monotonic()
            if left <= 0:
                self.fail(f"no {word} in {most} s")
            self.inbox.settimeout(min(left, 0.5))
            try:
                said = self.inbox.recv(65536).decode().splitlines()
            except socket.timeout:
                if self.process.poll() is not None:
                    self.fail(f"ended with {self.process.returncode} before {word}")
                continue
            self.heard += said
            if word in said:
                return time.monotonic() - began

    def live(self):
        ready = self.wait_for("READY=1", seconds(self.unit["TimeoutStartSec"]))
        slowest = max(self.wait_for("WATCHDOG=1", WATCHDOG_SECONDS) for _ in range(BEATS))
        subprocess.run(
            shlex.split(self.unit["ExecReload"].replace("$MAINPID", str(self.process.pid))),
            check=True)
        self.wait_for("RELOADING=1", WATCHDOG_SECONDS)
        reload = self.wait_for("READY=1", WATCHDOG_SECONDS)
        self.wait_for("WATCHDOG=1", WATCHDOG_SECONDS)
        self.process.terminate()
        most = seconds(self.unit["TimeoutStopSec"])
        self.wait_for("STOPPING=1", most)
        began = time.monotonic()
        try:
            code = self.process.wait(most)
        except subprocess.TimeoutExpired:
            self.fail(f"does not stop in {most} s")
        if code != 0:
            self.fail(f"stopped with {code}")
        if not any(word.startswith("STATUS=") for word in self.heard):
            self.fail("no STATUS")
        print(f"ready in {ready:.1f} s, a beat every {slowest:.1f} s of {WATCHDOG_SECONDS} allowed, "
              f"reloaded in {reload:.1f} s, stopped in {time.monotonic() - began:.1f} s")


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        service = Service(read_unit(sys.argv[1]), "".join(sys.argv[2:]), folder)
        try:
            service.live()
        finally:
            if service.process.poll() is None:
                service.process.kill()
                service.process.wait()


main()
