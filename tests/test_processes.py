"""Nothing that is started outlives this program, however it ends."""

import os
import signal
import subprocess
import sys
import time
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
