"""The part of PYNQ's API that the driver uses, on the simulated board (`sim/board.py`).

Memory is as incoherent as on the real board: what the host writes reaches the accelerator with `sync_to_device`, what
the accelerator writes is seen after `sync_from_device`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sim.board import BASE, SimulatedBoard

_IP = "signflow"
_RANGE = 4096


def _board() -> SimulatedBoard:
    if SimulatedBoard.current is None:
        raise RuntimeError("no simulated board: run `signflow notebook`")
    return SimulatedBoard.current


class MMIO:
    """Registers by byte offset."""

    def __init__(self, base_addr: int = 0, length: int = _RANGE, **_: Any):
        self.base_addr, self.length = base_addr, length

    def read(self, offset: int = 0, length: int = 4) -> int:
        """A register of 32 bits."""
        self._check(offset, length)
        return _board().read(self.base_addr + offset)

    def write(self, offset: int, data: int) -> None:
        """Write a register of 32 bits."""
        self._check(offset, 4)
        _board().write(self.base_addr + offset, data)

    def _check(self, offset: int, length: int) -> None:
        if length != 4 or offset % 4 or not 0 <= offset < self.length:
            raise ValueError(f"MMIO: 4 aligned bytes within {self.length}, not {length} at {offset}")


class _DefaultIP(MMIO):
    """What PYNQ makes of an IP without a driver of its own."""


class Overlay:
    """A bitstream on the chip; here the design of the simulated board, whatever the file's name."""

    def __init__(self, bitfile_name: str, download: bool = True, ignore_version: bool = False, **_: Any):
        if Path(bitfile_name).suffix != ".bit":
            raise ValueError(f"Overlay: {bitfile_name} is no .bit file")
        self.bitfile_name, self._ip = bitfile_name, _DefaultIP()
        self.ip_dict = {_IP: {"phys_addr": 0, "addr_range": _RANGE}}
        if download:
            _board().power_up()

    def __getattr__(self, name: str) -> _DefaultIP:
        if name == _IP:
            return self._ip
        raise AttributeError(f"Could not find IP or hierarchy {name} in overlay")


class PynqBuffer(np.ndarray):
    """An array in memory that the accelerator reaches."""

    device_address: int
    _start: int

    @property
    def physical_address(self) -> int:
        """The same as `device_address`."""
        return self.device_address

    def sync_to_device(self) -> None:
        """Let the accelerator see what the host wrote."""
        _board().memory[self._start : self._start + self.nbytes] = self.reshape(-1).view(np.ndarray).view(np.uint8)

    def sync_from_device(self) -> None:
        """Let the host see what the accelerator wrote."""
        self.reshape(-1).view(np.ndarray).view(np.uint8)[:] = _board().memory[self._start : self._start + self.nbytes]

    flush, invalidate = sync_to_device, sync_from_device

    def freebuffer(self) -> None:
        """Give the memory back."""
        _board().free(self._start, self.nbytes)


def allocate(shape: int | tuple[int, ...], dtype: Any = "u4", **_: Any) -> PynqBuffer:
    """An array in contiguous memory."""
    buffer = np.zeros(shape, dtype).view(PynqBuffer)
    buffer._start = _board().allocate(buffer.nbytes)
    buffer.device_address = BASE + buffer._start
    return buffer
