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
LEAVING_FILES = """
import os, subprocess, sys, threading
from finn_build.processes import run, scratch, started
with scratch() as folder, started(["sh", "-c", "mktemp; mktemp -d; echo here; exec sleep 600"], stdout=-1) as process:
    (folder / "own").write_text("")
    made = [process.stdout.readline().strip() for _ in range(2)]
    os.write(1, f"{folder / 'own'} {made[0]} {made[1]}\\n".encode())
    sys.stdin.readline()
    process.terminate()
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


@pytest.mark.parametrize("end", ["killed", "interrupted", "done"])
def test_no_temporary_file_outlives_a_program(tmp_path: Path, end: str) -> None:
    """Nor those of what it started, however it ends; nothing else in that folder is touched."""
    (tmp_path / "signflow_of_another").mkdir()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-c", LEAVING_FILES], env=environment, text=True, **pipes) as program:
        assert program.stdout is not None and program.stdin is not None
        made = [Path(word) for word in program.stdout.readline().split()]
        assert len(made) == 3 and all(path.exists() and path.is_relative_to(tmp_path) for path in made)
        if end == "done":
            program.stdin.write("\n")
        else:
            program.send_signal({"killed": signal.SIGKILL, "interrupted": signal.SIGINT}[end])
    limit = time.monotonic() + 30
    while [path.name for path in tmp_path.iterdir()] != ["signflow_of_another"]:
        assert end == "killed" and time.monotonic() < limit, list(tmp_path.rglob("*"))
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
