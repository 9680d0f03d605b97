"""Nothing that is started outlives this program, however it ends."""

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = """
import os, subprocess, sys, threading
from finn_build.processes import run, started
run(["true"])
def compile():
    with started(["sh", "-c", "sleep 600 & echo $!; wait"], stdout=subprocess.PIPE) as process:
        os.write(1, f"{process.pid} {process.stdout.readline()}".encode())
        process.wait()
for _ in range(2):
    threading.Thread(target=compile).start()
"""
ALWAYS_STARTING = """
import os, threading
from finn_build.processes import run, started
def start():
    while True:
        with started(["sh", "-c", "sleep 600 & sleep 0.01"]):
            pass
run(["true"])
os.write(1, b"x")
for _ in range(3):
    threading.Thread(target=start).start()
"""


def _alive(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_killed_program_takes_what_it_started_with_it(number: signal.Signals) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], env=environment, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        started = [int(word) for _ in range(2) for word in program.stdout.readline().split()]
        assert len(started) == 4 and all(map(_alive, started))
        program.send_signal(number)
        assert program.wait() == -number
        end = time.monotonic() + 30
        while any(map(_alive, started)):
            assert time.monotonic() < end, f"alive: {[p for p in started if _alive(p)]}"
            time.sleep(0.05)


def test_what_is_just_starting_goes_too() -> None:
    """Killed at any moment, between the fork and the first instruction of what it starts too."""
    rng = random.Random(2026)
    for _ in range(6):
        mark = f"SIGNFLOW_TEST={uuid.uuid4()}"
        environment = os.environ | {"PYTHONPATH": str(ROOT)} | dict([mark.split("=")])
        command = [sys.executable, "-c", ALWAYS_STARTING]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as program:
            assert program.stdout is not None and program.stdout.read(1) == b"x"
            time.sleep(rng.uniform(0, 0.1))
            program.kill()
        end = time.monotonic() + 30
        while left := _carrying(mark):
            assert time.monotonic() < end, left
            time.sleep(0.05)


def _carrying(mark: str) -> list[str]:
    """Command lines of what has the mark in its environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_text():
                found.append((folder / "cmdline").read_text().replace("\0", " "))
        except OSError:
            pass
    return found
