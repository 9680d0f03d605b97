"""The shell at its rate whatever the memory does: no job takes more cycles than it did when this was written."""

from pathlib import Path

import numpy as np
import pytest

from finn_build.board.shell import Shell
from sim.board import BoardTraffic
from tests.board.loopback import LoopbackBench, make_loopback
from tests.board.skip_loopback import SkipBench, make_skip
from tests.board.test_shell import WIDTHS
from tests.board.test_skips import CASES, DEPTH

JOB_CYCLES, BEAT_BYTES = 0x40, 0x10C
TRAFFIC = (BoardTraffic(1, 0.3, 20), BoardTraffic(2, 0.05, 40), BoardTraffic(3, 0.6, 5), BoardTraffic(4, 0.0, 48))
SKIP_TRAFFIC = (BoardTraffic(1, 0.9, 20), BoardTraffic(2, 0.8, 60))
CYCLES = {"pynq-z2": (3917, 3106, 6047, 3187), "zcu104": (2696, 2067, 5447, 2439)}
SKIP_CYCLES = {"pynq-z2": (5436, 5633), "zcu104": (12643, 12477)}


@pytest.mark.parametrize("board", WIDTHS)
def test_no_job_takes_longer_than_it_did(tmp_path: Path, board: str) -> None:
    check_jobs(board, make_loopback(tmp_path, WIDTHS[board], board))


@pytest.mark.parametrize("board", CASES)
def test_no_job_with_a_skip_takes_longer_than_it_did(tmp_path: Path, board: str) -> None:
    check_skips(board, *make_skip(tmp_path, CASES[board], board, DEPTH))


def check_jobs(board: str, shell: Shell) -> None:
    """A job in each kind of traffic, whose buffers begin within a burst."""
    found = []
    for traffic in TRAFFIC:
        bench = LoopbackBench(shell, traffic)
        counts = [1500 * bench.board.read(BEAT_BYTES + 0x40 * i) for i in range(shell.inputs)]
        bench.fill(counts, np.random.default_rng(0), offset=shell.data_bits // 8 * 15)
        bench.start(counts, offset=shell.data_bits // 8 * 15)
        bench.until_done()
        found.append(bench.board.read(JOB_CYCLES))
        bench.board.close()
    assert all(map(int.__le__, found, CYCLES[board])), found


def check_skips(board: str, shell: Shell, ring: int) -> None:
    """A job whose ring goes round many times, in a memory that is slower than the streams."""
    found = []
    for traffic in SKIP_TRAFFIC:
        bench = SkipBench(shell, traffic)
        count = 1500 * bench.board.read(BEAT_BYTES)
        bench.fill_skip(count, np.random.default_rng(0))
        bench.start_skip(count, ring)
        bench.until_done()
        found.append(bench.board.read(JOB_CYCLES))
        bench.board.close()
    assert all(map(int.__le__, found, SKIP_CYCLES[board])), found
