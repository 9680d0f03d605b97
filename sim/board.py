"""A board to run the driver and the notebook on, unchanged: the shell with its accelerator in Verilator, and a `pynq`.

    with simulated_board(Path("out/bi_shufflenet-pynq-z2")):
        from signflow_driver import Accelerator
        ...

Inside, `import pynq` finds the small one of `sim/pynq_host`: its `Overlay`, `allocate` and `MMIO` act on this board.
Time passes with register accesses alone, `cycles_per_access` at each, as it does for Python on the board's processor.
"""

from __future__ import annotations

import mmap
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import ClassVar

import numpy as np

from finn_build.errors import SimulationError
from finn_build.processes import Progress, scratch, started
from sim._board_model import compile_board

BASE = 0x1000_0000  # physical address of the memory that `allocate` hands out
PYNQ_FOLDER = Path(__file__).parent / "pynq_host"
SLVERR, DECERR = 2, 3  # of AXI: the memory fails, or there is none
_PAGE = 4096


@dataclass(frozen=True)
class BoardTraffic:
    """How memory and register bus behave; the same for the same seed. With stalls, unreset registers start random too.

    Attributes:
        seed: any integer >= 0.
        stalls: mean fraction of cycles in which a channel rests, 0 to 1.
        latency: mean cycles from an address to its first data or its response.
    """

    seed: int = 0
    stalls: float = 0.0
    latency: int = 30


class SimulatedBoard:
    """The board: registers, memory, time.

    Attributes:
        cycles_per_access: cycles that pass before each register access.
        memory: the board's memory, uint8; address BASE is element 0.
        memory_file: the same, for another program to map.
    """

    current: ClassVar[SimulatedBoard | None] = None

    def __init__(
        self,
        stitched: Path,
        traffic: BoardTraffic | None = None,
        memory_mib: int = 64,
        cycles_per_access: int = 500,
        on_progress: Progress | None = None,
    ):
        """Compile the design, or find it in the cache, and power up.

        Raises:
            SimulationError: it does not compile, or breaks a rule in reset.
        """
        self.cycles_per_access, traffic = cycles_per_access, traffic or BoardTraffic()
        simulator = compile_board(stitched, on_progress)
        self._scratch = scratch()
        self.memory_file = self._scratch.__enter__() / "memory"
        with self.memory_file.open("wb") as file:
            file.truncate(memory_mib << 20)
        with self.memory_file.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), memory_mib << 20)
        self.memory = np.frombuffer(self._map, np.uint8)
        self._free = [(0, len(self.memory))]
        random = (str(traffic.stalls), str(traffic.latency), str(traffic.seed))
        command = [str(simulator), str(self.memory_file), str(BASE), *random]
        self._program = started(command, cwd=stitched, stdin=PIPE, stdout=PIPE, stderr=STDOUT)
        self._process = self._program.__enter__()
        self._answer()

    def read(self, offset: int) -> int:
        """Read a register, `cycles_per_access` later."""
        self.run(self.cycles_per_access)
        return int(self.command(f"r {offset}"))

    def write(self, offset: int, value: int) -> None:
        """Write a register, `cycles_per_access` later."""
        self.run(self.cycles_per_access)
        self.command(f"w {offset} {value}")

    def run(self, cycles: int) -> None:
        """Let time pass."""
        self.command(f"run {cycles}")

    def wait_interrupt(self, cycles: int) -> bool:
        """Let time pass until the interrupt is high, at most so many cycles; returns its level."""
        return self.command(f"wait {cycles}") == "1"

    def power_up(self) -> None:
        """Reset everything, as loading the bitstream does."""
        self.command("reset")

    def fault(self, channel: str, address: int, response: int = SLVERR) -> None:
        """Answer with SLVERR or DECERR all reads ("r") or writes ("w") that reach beyond a physical address."""
        self.command(f"fault {channel} {address} {response}")

    def hang(self, channel: str, hangs: bool = True) -> None:
        """Let the memory take no more reads ("r") or writes ("w")."""
        self.command(f"hang {channel} {int(hangs)}")

    def command(self, line: str) -> str:
        """Send a line to the simulator.

        Raises:
            SimulationError: the design broke a rule of AXI, or an assertion failed.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise SimulationError(f"simulated board: it has stopped ({error.strerror})") from error
        return self._answer()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        log: list[str] = []
        for line in self._process.stdout:
            if line.startswith("error "):
                raise SimulationError(f"simulated board: {line[6:].rstrip()}", log)
            if line.rstrip() == "ok" or line.rstrip().isdigit():
                return line.rstrip()
            log.append(line.rstrip())  # what an assertion prints comes before the error it makes
        raise SimulationError(f"simulated board: it ended with exit {self._process.wait()}", log)

    def allocate(self, count: int) -> int:
        """Take bytes of memory; returns the offset of the first, at a page's start.

        Raises:
            MemoryError: there are not so many left.
        """
        wanted = -(-max(1, count) // _PAGE) * _PAGE
        for i, (start, size) in enumerate(self._free):
            if size >= wanted:
                self._free[i] = (start + wanted, size - wanted)
                return start
        raise MemoryError(f"simulated board: no {count} bytes left")

    def free(self, start: int, count: int) -> None:
        """Give bytes back."""
        self._free.append((start, -(-max(1, count) // _PAGE) * _PAGE))
        self._free.sort()
        merged = [self._free[0]]
        for begin, size in self._free[1:]:
            last, length = merged[-1]
            merged[-1:] = [(last, length + size)] if last + length == begin else [(last, length), (begin, size)]
        self._free = merged

    def close(self) -> None:
        """Power down."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._program.__exit__(None, None, None)
        self._scratch.__exit__(None, None, None)


@contextmanager
def simulated_board(
    build_folder: Path, traffic: BoardTraffic | None = None, cycles_per_access: int = 500
) -> Iterator[SimulatedBoard]:
    """A board with the accelerator of a build's folder, whose `pynq` is the one that is imported.

    Args:
        build_folder: of a build; its `stitched` holds the design and the shell.
        traffic: of memory and register bus.
        cycles_per_access: cycles that pass before each register access.

    Raises:
        SimulationError: no such design, or it does not compile.
    """
    board = SimulatedBoard(Path(build_folder) / "stitched", traffic, cycles_per_access=cycles_per_access)
    outer, SimulatedBoard.current = SimulatedBoard.current, board
    sys.path.insert(0, str(PYNQ_FOLDER))
    sys.modules.pop("pynq", None)
    try:
        yield board
    finally:
        SimulatedBoard.current = outer
        sys.path.remove(str(PYNQ_FOLDER))
        sys.modules.pop("pynq", None)
        board.close()
