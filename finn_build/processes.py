"""Programs of others, none of which outlives this one: compilers, simulators, Yosys, Vivado.

Each runs in a process group of its own, so that what it starts (g++ starts cc1plus) ends with it. Where this program
is killed and can end nothing any more, a guard does: a shell that looks, when the pipe to it ends, for all that carry
this program's mark in their environment. Each has it from its first instruction and hands it on; nobody need be told.
Temporary files of all of them, and of this program, lie in one folder, which the guard removes in the end.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

Progress = Callable[[float], None]  # told the part that is done, 0 to 1
_PATIENCE_SECONDS = 5.0  # that a program gets to end
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_running: set[subprocess.Popen[str]] = set()
_ending, _unbroken = threading.Event(), threading.Event()
_guards: dict[int, tuple[str, str]] = {}  # their marks and folders of temporary files, by program
_guarding = threading.Lock()
_MARK = "SIGNFLOW_STARTED_BY"
_GUARD = """read -r well || for look in 1 2 3 4 5 6 7 8; do  # what is about to start has no environment of its own yet
    for found in $(grep -ls "$0" /proc/[0-9]*/environ); do
        found=${found#/proc/}
        kill -s KILL "${found%/environ}"
    done
    sleep 0.1
done
rm -rf "$1"
"""


@contextmanager
def started(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A program, as `subprocess.Popen` starts it with text pipes; ended where the block ends before it does.

    Raises:
        KeyboardInterrupt: a signal has ended everything, so that nothing more begins.
    """
    mark, folder = _guarded_by()
    environment = (options.pop("env", None) or os.environ) | {_MARK: mark, "TMPDIR": folder}
    process = subprocess.Popen(command, text=True, start_new_session=True, env=environment, **options)
    _running.add(process)
    try:
        if _ending.is_set():
            raise KeyboardInterrupt
        yield process
        process.wait()
    except BaseException:
        _signal(process, signal.SIGTERM)
        raise
    finally:
        _close(process)
        _running.discard(process)


def run(command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """A program to its end, as `subprocess.run` without a check; what it prints is captured, errors apart."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    with started(command, **pipes) as process:
        out, errors = process.communicate()
    return subprocess.CompletedProcess(list(command), process.returncode, out, errors)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for temporary files, which goes with the block, or with this program, however that ends."""
    with tempfile.TemporaryDirectory(dir=_guarded_by()[1]) as name:
        yield Path(name)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Within, the signals that ask this program to end kill all that it has started, and raise KeyboardInterrupt once.

    Further ones are ignored, so that they do not interrupt the tidying up.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _end) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _ending.clear()


@contextmanager
def unbroken() -> Iterator[None]:
    """Within, which is short and the last thing done, signals are ignored."""
    _unbroken.set()
    try:
        yield
    finally:
        _unbroken.clear()


def _guarded_by() -> tuple[str, str]:
    """The mark that this program's guard looks for, and the folder that it removes; one that is forked has its own."""
    with _guarding:
        if os.getpid() not in _guards:
            mark, folder = uuid.uuid4().hex, tempfile.mkdtemp(prefix="signflow_")
            guard = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD, f"{_MARK}={mark}", folder],
                bufsize=0,
                env={k: v for k, v in os.environ.items() if k != _MARK},  # ends with no other program
                start_new_session=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            _guards[os.getpid()] = mark, folder
            atexit.register(_dismiss, guard, os.getpid())
        mark, folder = _guards[os.getpid()]
        Path(folder).mkdir(0o700, exist_ok=True)  # a system may remove what was not used for days
        return mark, folder


def _dismiss(guard: subprocess.Popen[bytes], owner: int) -> None:
    """Where this program ends by itself and nothing is left running, there is nothing to look for."""
    if os.getpid() == owner and not _running:
        with suppress(OSError):  # killed, by whoever wants it so
            guard.communicate(b"\n")


def _end(number: int, frame: FrameType | None) -> None:
    if not _ending.is_set() and not _unbroken.is_set():
        _ending.set()
        for process in list(_running):
            _signal(process, signal.SIGTERM)
        raise KeyboardInterrupt


def _signal(process: subprocess.Popen[str], number: int) -> None:
    if process.returncode is None and process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)


def _close(process: subprocess.Popen[str]) -> None:
    """Close its pipes and wait for its end, for which it has some time: compilers tidy up."""
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            with suppress(OSError):
                pipe.close()
    try:
        process.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL)
        process.wait()
