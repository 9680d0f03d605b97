"""The shell alone, register by register: widths, bursts, stalls, jobs, errors, resets. Every run checks AXI twice.

The harness checks bursts, strobes and holds from outside (`sim/board_memory.h`), assertions in the RTL from inside.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from finn_build.board.shell import Shell
from finn_build.dataflow.ops.finn_op import RTL_DIR
from finn_build.errors import SimulationError
from sim._toolchain import run_tool, verilator_root
from sim.board import DECERR, SLVERR, BoardTraffic
from tests.board.loopback import BEATS, LoopbackBench, make_loopback

WIDTHS = {"pynq-z2": (3, 1, 12), "zcu104": (16, 5)}  # bytes of a beat, by stream
JOB_QUEUED, FAILED, IDLE = 2, 4, 1
DONE_OR_ERROR = 3


@pytest.fixture(scope="module", params=WIDTHS)
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return make_loopback(tmp_path_factory.mktemp(request.param), WIDTHS[request.param], request.param)


@pytest.fixture
def bench(shell: Shell) -> Iterator[LoopbackBench]:
    made = LoopbackBench(shell)
    yield made
    made.board.close()


def _counts(bench: LoopbackBench, beats: int) -> list[int]:
    return [beats * bench.board.read(0x10C + 0x40 * i) for i in range(bench.shell.inputs)]


def test_registers_say_what_was_built(bench: LoopbackBench) -> None:
    shell, board = bench.shell, bench.board
    widths = WIDTHS["pynq-z2" if shell.data_bits == 64 else "zcu104"]
    assert board.read(0x00) == 0x53474E46 and board.read(0x10) == IDLE
    assert board.read(0x08) == 16 << 16 | shell.data_bits // 8 << 8 | shell.outputs << 4 | shell.inputs
    assert "".join(f"{board.read(0x50 + 4 * i):08x}" for i in range(4)) == shell.build_hash
    for i, width in enumerate((*widths, *widths)):
        assert board.read(0x10C + 0x40 * i) == width and board.read(0x110 + 0x40 * i) == width * BEATS
    assert board.read(0x18C + 0x40 * 2 * len(widths)) == 0  # no stream there


@pytest.mark.parametrize("seed", range(4))
def test_what_enters_leaves_whatever_the_memory_does(shell: Shell, seed: int) -> None:
    """Random stalls on every channel, random latency, lengths and places; nothing beside a buffer is touched."""
    rng = np.random.default_rng(seed)
    bench = LoopbackBench(shell, BoardTraffic(seed, stalls=0.15 * seed, latency=int(rng.integers(0, 80))))
    for job in range(4):
        counts = _counts(bench, int(rng.integers(1, 700)))
        offset = int(rng.integers(0, 600)) * shell.data_bits // 8
        sent = bench.fill(counts, rng, offset)
        bench.start(counts, offset)
        bench.until_done(job + 1)
        for got, want in zip(bench.received(counts, offset), sent, strict=True):
            assert np.array_equal(got, want), f"seed {seed}, job {job}, {counts} bytes at {offset}"
    bench.board.close()


def test_the_bus_is_used_in_every_cycle(shell: Shell) -> None:
    """Narrow streams move a beat a cycle, wide ones a word a cycle, through bursts and frames, without a bubble."""
    bench, beats, word = LoopbackBench(shell, BoardTraffic(latency=16)), 4096, shell.data_bits // 8
    counts = _counts(bench, beats)
    bench.fill(counts, np.random.default_rng(0))
    bench.start(counts)
    bench.until_done()
    busiest = max(beats, *(count // word for count in counts))
    assert busiest < bench.board.read(0x40) < busiest + 120  # cycles of the job; latencies of memory at both ends
    assert [bench.board.read(0x114 + 0x40 * i) for i in range(bench.streams)] == [beats] * bench.streams
    assert bench.board.read(0x38) == beats // BEATS
    bench.board.close()


def test_a_second_job_waits_and_follows(bench: LoopbackBench) -> None:
    rng, counts = np.random.default_rng(1), _counts(bench, 1000)
    first = bench.fill(counts, rng)
    bench.board.write(0x18, DONE_OR_ERROR)
    bench.start(counts)
    bench.board.run(20)
    assert bench.board.read(0x10) == 0  # taken: the registers are free
    for i in range(bench.streams):
        bench.board.write(0x100 + 0x40 * i, bench.address(i, 0x8000))
        bench.board.memory[bench.address(i, 0x8000) - bench.address(0) :][: counts[0]] = 7
    bench.board.write(0x0C, 1)
    assert bench.board.read(0x10) == JOB_QUEUED
    bench.board.write(0x108, 1)  # ignored: the job that waits owns the registers
    assert bench.board.wait_interrupt(20_000) and bench.board.read(0x14) == 1
    bench.board.write(0x1C, 1)
    assert bench.board.wait_interrupt(20_000) and bench.board.read(0x14) == 2 and bench.board.read(0x1C) == 1
    cycles, latency, job_cycles = (bench.board.read(offset) for offset in (0x30, 0x3C, 0x40))
    assert 2 * latency < job_cycles < 0.8 * cycles  # each job has its own start, though the two overlap
    assert bench.board.read(0x108) == counts[0] and bench.board.read(0x10) == IDLE
    whole = bench.board.memory[bench.address(bench.shell.inputs) - bench.address(0) :]
    assert np.array_equal(whole[: counts[0]], first[0]) and (whole[0x8000:][: counts[0]] == 7).all()


def test_what_a_job_leaves_over_is_not_the_next_ones(bench: LoopbackBench) -> None:
    """An output that ends within a beat: the rest of the beat is dropped."""
    rng, widest = (
        np.random.default_rng(4),
        max(range(bench.shell.inputs), key=lambda i: bench.board.read(0x10C + 0x40 * i)),
    )
    counts = _counts(bench, 51)
    fewer = [count - 5 * (i == widest) for i, count in enumerate(counts)]
    for job in range(1, 4):
        sent = bench.fill(counts, rng)
        bench.start(counts, received=fewer)
        bench.until_done(job)
        for got, want in zip(bench.received(fewer), sent, strict=True):
            assert np.array_equal(got, want[: len(got)]), f"job {job}"


@pytest.mark.parametrize("seed", range(6))
def test_reset_in_mid_transfer_then_a_correct_job(shell: Shell, seed: int) -> None:
    rng = np.random.default_rng(seed)
    bench = LoopbackBench(shell, BoardTraffic(seed, stalls=0.4, latency=40))
    counts = _counts(bench, 500)
    for job in range(6):
        bench.fill(counts, rng)
        bench.start(counts)
        bench.board.run(int(rng.integers(0, 700)))
        bench.board.write(0x0C, 2)
        for _ in range(100):
            if bench.board.read(0x10) == IDLE:
                break
            bench.board.run(20)
        sent = bench.fill(counts, rng)
        bench.start(counts)
        bench.until_done()
        assert all(map(np.array_equal, bench.received(counts), sent)), f"seed {seed}, job {job}"
        bench.board.write(0x0C, 2)
        bench.board.run(100)
    bench.board.close()


@pytest.mark.parametrize("response", [SLVERR, DECERR])
@pytest.mark.parametrize(("channel", "code"), [("r", 2), ("w", 3)])
def test_an_error_response_stops_the_job_and_names_the_stream(
    bench: LoopbackBench, channel: str, code: int, response: int
) -> None:
    rng, counts = np.random.default_rng(2), _counts(bench, 600)
    last = bench.shell.inputs - 1 if channel == "r" else bench.streams - 1
    bench.fill(counts, rng)
    bench.board.write(0x18, DONE_OR_ERROR)
    bench.board.fault(channel, bench.address(last, counts[-1] // 2), response)
    bench.start(counts)
    assert bench.board.wait_interrupt(50_000)
    bench.board.run(500)
    assert bench.board.read(0x1C) == 2 and bench.board.read(0x10) & FAILED and bench.board.read(0x14) == 0
    assert bench.board.read(0x24) == response << 16 | last << 8 | code
    bench.board.write(0x0C, 1)
    bench.board.run(100)
    assert bench.board.read(0x10) & 3 == IDLE  # no start before a reset
    bench.board.fault(channel, 1 << 62)
    bench.board.write(0x0C, 2)
    bench.board.run(100)
    assert bench.board.read(0x10) == IDLE and bench.board.read(0x24) == 0
    sent = bench.fill(counts, rng)
    bench.start(counts)
    bench.until_done()
    assert all(map(np.array_equal, bench.received(counts), sent))


def test_a_hanging_memory_times_out_and_drains_once_it_wakes(bench: LoopbackBench) -> None:
    rng, counts = np.random.default_rng(3), _counts(bench, 600)
    bench.fill(counts, rng)
    bench.board.write(0x20, 300)
    bench.start(counts)
    bench.board.run(100)
    bench.board.hang("w")
    bench.board.run(2000)
    assert bench.board.read(0x24) == 1 and bench.board.read(0x10) & 8  # timeout; bursts in flight are waited for
    valid, ready = (bench.board.read(0x28) >> shift & 0x3FF for shift in (0, 10))
    assert valid & ~ready & 1 << bench.shell.inputs, "output 0 is the one that waits"
    bench.board.hang("w", False)
    bench.board.run(200)
    bench.board.write(0x0C, 2)
    bench.board.run(200)
    sent = bench.fill(counts, rng)
    bench.start(counts)
    bench.until_done()
    assert all(map(np.array_equal, bench.received(counts), sent))


@pytest.mark.parametrize("timeout", [1, 40, 300])
def test_a_job_may_wait_as_many_cycles_as_the_timeout_says(bench: LoopbackBench, timeout: int) -> None:
    """Nothing moves from the start on: the counter stands at the timeout's cycles and the one in which it is told."""
    bench.board.hang("r")
    bench.board.write(0x20, timeout)
    bench.start(_counts(bench, 10))
    bench.board.run(timeout + 100)
    assert bench.board.read(0x24) == 1 and bench.board.read(0x30) == timeout + 1


def test_starved_counts_cycles_of_jobs_alone(bench: LoopbackBench) -> None:
    """The accelerator is ready all the time; without a job nobody waits for it."""
    bench.board.run(500)
    starved = [bench.board.read(0x11C + 0x40 * i) for i in range(bench.streams)]
    assert starved == [0] * bench.streams
    counts = _counts(bench, 100)
    bench.fill(counts, np.random.default_rng(0))
    bench.start(counts)
    bench.until_done()
    cycles = bench.board.read(0x30)
    after = [[bench.board.read(offset + 0x40 * i) for offset in (0x114, 0x118, 0x11C)] for i in range(bench.streams)]
    bench.board.run(500)
    assert all(0 < starved <= cycles - beats - stalled for beats, stalled, starved in after)
    assert [bench.board.read(0x11C + 0x40 * i) for i in range(bench.streams)] == [starved for *_, starved in after]


@pytest.mark.parametrize(("register", "value"), [(0x100, 0x1000_0001), (0x108, 0), (0x104, 1 << 20)])
def test_what_is_no_job_is_refused(bench: LoopbackBench, register: int, value: int) -> None:
    counts = _counts(bench, 10)
    for i in range(bench.streams):
        bench.board.write(0x100 + 0x40 * i, bench.address(i))
        bench.board.write(0x108 + 0x40 * i, counts[i % len(counts)])
    bench.board.write(register + 0x40, value)
    bench.board.write(0x0C, 1)
    assert bench.board.read(0x24) == 1 << 8 | 4


def test_a_third_job_is_refused(bench: LoopbackBench) -> None:
    counts = _counts(bench, 2000)
    bench.start(counts)
    bench.board.run(20)
    bench.board.write(0x0C, 1)
    assert bench.board.read(0x10) == JOB_QUEUED
    bench.board.write(0x0C, 1)
    assert bench.board.read(0x24) == 4 and bench.board.read(0x14) == 0


@pytest.mark.parametrize(
    ("name", "right", "wrong", "text"),
    [
        ("sf_shell_writer.sv", "words_q == (STEP + 1)'(1)", "words_q == (STEP + 1)'(2)", "wlast is not at the end"),
        (
            "sf_shell_bursts.sv",
            "- {1'b0, place_q[LOW+:STEP]}",
            "",
            "r burst of 16 at .*: crosses 4 KiB|stays_in_its_page",
        ),
        (
            "sf_shell_reader.sv",
            "if (room) m_axi_arvalid",
            "if (room || !halt) m_axi_arvalid",
            "valid dropped|request_holds",
        ),
    ],
)
def test_broken_rules_of_axi_are_seen(tmp_path: Path, name: str, right: str, wrong: str, text: str) -> None:
    shell = make_loopback(tmp_path, (16,), "pynq-z2")
    source = tmp_path / name
    assert right in source.read_text()
    source.write_text(source.read_text().replace(right, wrong))
    bench, counts = LoopbackBench(shell, BoardTraffic(1, 0.3)), [16 * 700]
    bench.fill(counts, np.random.default_rng(0))
    with pytest.raises(SimulationError, match=text):
        bench.start(counts, offset=8)
        bench.until_done()


def test_names_are_declared_before_they_are_used(shell: Shell) -> None:
    """Vivado wants it under `default_nettype none`; Verilator does not mind."""
    files = " ".join(str(path) for path in shell.sources)
    script = f"from pyosys import libyosys as y; y.run_pass('read_slang --top {shell.top} {files}', y.Design())"
    done = subprocess.run([sys.executable, "-c", script], cwd=shell.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def test_lint_is_silent(shell: Shell, tmp_path: Path) -> None:
    generated = tmp_path / "generated.vlt"
    rules = ('-file "*.v"', "-rule SYMRSVDWORD")  # `interrupt` is the pin's name for Vivado
    generated.write_text("`verilator_config\n" + "".join(f"lint_off {rule}\n" for rule in rules))
    command = [str(verilator_root() / "bin" / "verilator_bin"), "--lint-only", "-Wall", "--assert", "--top-module"]
    run_tool([*command, shell.top, str(RTL_DIR / "waivers.vlt"), str(generated), *map(str, shell.sources)], "lint")
