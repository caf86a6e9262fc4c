#!/usr/bin/env python3
"""Runs a service as systemd would: waits for READY=1, reloads it by SIGHUP, stops it by SIGTERM.

usage: test-service.py PROGRAM ARGUMENT...
"""
import os
import signal
import socket
import subprocess
import sys
import tempfile

READY_SECONDS = 60
STOP_SECONDS = 30


def fail(text, log):
    log.seek(0)
    sys.exit(f"test-service: {text}\n{log.read()}")


def main():
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as log:
        inbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        inbox.bind(os.path.join(folder, "notify"))
        inbox.settimeout(READY_SECONDS)
        environment = dict(os.environ, NOTIFY_SOCKET=os.path.join(folder, "notify"),
                           WATCHDOG_USEC="4000000")
        service = subprocess.Popen(sys.argv[1:], env=environment, stdout=log, stderr=log)
        try:
            def wait_for(word):
                while True:
                    try:
                        said = inbox.recv(65536).decode().splitlines()
                    except socket.timeout:
                        fail(f"no {word}", log)
                    if word in said:
                        return

            wait_for("READY=1")
            wait_for("WATCHDOG=1")
            service.send_signal(signal.SIGHUP)
            wait_for("WATCHDOG=1")
            if service.poll() is not None:
                fail(f"ended by a reload with {service.returncode}", log)
            service.terminate()
            try:
                code = service.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                fail("does not stop", log)
            if code != 0:
                fail(f"stopped with {code}", log)
        finally:
            if service.poll() is None:
                service.kill()
                service.wait()


main()
