"""FIFOs in memory, made by the shell: traffic, laps, errors, resets. Every run checks AXI from outside and from inside.

Words that were written can be read from their response on, no earlier: the harness' memory holds them back until then.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from finn_build.board.bitstream.vivado import write_project
from finn_build.board.shell import Shell, write_shell
from finn_build.config import load_board
from finn_build.dataflow.ops.finn_op import RTL_DIR
from finn_build.errors import SimulationError, UnsupportedModelError
from sim._toolchain import run_tool, verilator_root
from sim.board import BoardTraffic
from tests.board.bitstream.vivado.session import Session
from tests.board.skip_loopback import SENT, TAKEN, SkipBench, make_skip, skip_design

CASES = {"pynq-z2": 3, "zcu104": 8}  # bytes of a beat
DEPTH = 600
FAILED, IDLE = 4, 1
LONG = 2000  # beats: more than ring and streams hold
Made = tuple[Shell, int]


@pytest.fixture(scope="module", params=CASES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_skip(tmp_path_factory.mktemp(request.param), CASES[request.param], request.param, DEPTH)


@pytest.fixture
def bench(made: Made) -> Iterator[SkipBench]:
    opened = SkipBench(made[0])
    yield opened
    opened.board.close()


def _run(bench: SkipBench, made: Made, beats: int, rng: np.random.Generator, job: int = 1, offset: int = 0) -> None:
    _, ring = made
    count = beats * bench.board.read(0x10C)
    sent = bench.fill_skip(count, rng)
    bench.start_skip(count, ring, offset)
    bench.until_done(job)
    assert np.array_equal(bench.received_skip(count, ring, offset), sent), f"job {job} of {beats} beats"


@pytest.mark.parametrize("seed", range(3))
def test_what_enters_leaves_in_order(made: Made, seed: int) -> None:
    """Ring after ring, full or hardly used, with random stalls and latency; the last beats come out, job after job."""
    rng = np.random.default_rng(seed)
    bench = SkipBench(made[0], BoardTraffic(seed, stalls=0.2 * seed, latency=int(rng.integers(0, 80))))
    for job, beats in enumerate((LONG, 1, int(rng.integers(2, 60)), LONG // 2), 1):
        _run(bench, made, beats, rng, job)
    bench.board.close()


def test_the_ring_fills_before_the_sender_waits_and_no_beat_is_lost_in_time(bench: SkipBench, made: Made) -> None:
    """At full speed the output moves a byte a cycle throughout; the input runs ahead by the ring's beats."""
    width = bench.board.read(0x10C)
    count = LONG * width
    bench.fill_skip(count, np.random.default_rng(0))
    bench.start_skip(count, made[1])
    bench.board.run(1500)
    entered, left = (bench.board.read(0x114 + 0x40 * stream) for stream in (SENT, TAKEN))
    assert entered - left >= made[1] // width >= DEPTH
    bench.until_done()
    assert count < bench.board.read(0x40) < count + 250 + made[1] // 8


def test_few_beats_go_past_the_memory(bench: SkipBench, made: Made) -> None:
    """A beat at a time never makes a group: the ring stays as it was."""
    rng = np.random.default_rng(5)
    for job in range(1, 20):
        _run(bench, made, 1 + job % 3, rng, job)
        assert (bench.board.memory[SENT << 20 :][: made[1]] == 0xEE).all()


@pytest.mark.parametrize("seed", range(2))
def test_reset_in_mid_transfer_then_a_correct_job(made: Made, seed: int) -> None:
    """After each reset the ring may lie elsewhere."""
    rng = np.random.default_rng(seed)
    bench = SkipBench(made[0], BoardTraffic(seed, stalls=0.4, latency=40))
    for job in range(4):
        count = LONG * bench.board.read(0x10C)
        bench.fill_skip(count, rng)
        bench.start_skip(count, made[1])
        bench.board.run(int(rng.integers(0, 4000)))
        bench.board.write(0x0C, 2)
        for _ in range(100):
            if bench.board.read(0x10) == IDLE:
                break
            bench.board.run(20)
        _run(bench, made, LONG // 2, rng, offset=4096 * job)
        bench.board.write(0x0C, 2)
        bench.board.run(100)
    bench.board.close()


def test_later_jobs_do_not_move_the_ring(bench: SkipBench, made: Made) -> None:
    """The ring of the first job after a reset stays; what the registers say later is not written to."""
    ring, rng = made[1], np.random.default_rng(7)
    _run(bench, made, LONG, rng)
    count = LONG * bench.board.read(0x10C)
    for job in (2, 3):
        sent = bench.fill_skip(count, rng)
        bench.start_skip(count, job * ring, 4096 * job)
        bench.until_done(job)
        assert np.array_equal(bench.received_skip(count, ring), sent)


@pytest.mark.parametrize(("channel", "code", "stream"), [("r", 2, TAKEN), ("w", 3, SENT)])
def test_an_error_response_names_the_skip(bench: SkipBench, made: Made, channel: str, code: int, stream: int) -> None:
    count = LONG * bench.board.read(0x10C)
    bench.fill_skip(count, np.random.default_rng(2))
    bench.board.fault(channel, bench.address(SENT))
    bench.start_skip(count, made[1])
    bench.board.run(3000)
    assert bench.board.read(0x10) & FAILED and bench.board.read(0x24) == 2 << 16 | stream << 8 | code
    bench.board.fault(channel, 1 << 62)
    bench.board.write(0x0C, 2)
    bench.board.run(100)
    _run(bench, made, LONG, np.random.default_rng(3))


def test_a_hanging_memory_times_out_and_drains_once_it_wakes(bench: SkipBench, made: Made) -> None:
    count = LONG * bench.board.read(0x10C)
    bench.fill_skip(count, np.random.default_rng(3))
    bench.board.write(0x20, 300)
    bench.start_skip(count, made[1])
    bench.board.run(600)
    bench.board.hang("w")
    bench.board.run(9000)
    assert bench.board.read(0x24) == 1 and bench.board.read(0x10) & 8  # timeout; bursts in flight are waited for
    valid, ready = (bench.board.read(0x28) >> shift & 0x3FF for shift in (0, 10))
    assert valid & ~ready & 1 << SENT
    bench.board.hang("w", False)
    bench.board.run(200)
    bench.board.write(0x0C, 2)
    bench.board.run(200)
    _run(bench, made, LONG, np.random.default_rng(4))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("m_axi_bvalid && m_axi_bready", "m_axi_wvalid && m_axi_wready && m_axi_wlast"),  # read before the response
        ("past_q ? next_ready :", "past_q ? 1'b0 :"),  # no way past the ring: the last beats stay
    ],
)
def test_what_would_be_wrong_is_seen(tmp_path: Path, right: str, wrong: str) -> None:
    shell, ring = make_skip(tmp_path, 3, "pynq-z2", 40)
    source = tmp_path / "sf_shell_skip.sv"
    assert source.read_text().count(right) == 1
    source.write_text(source.read_text().replace(right, wrong))
    bench = SkipBench(shell, BoardTraffic(1, stalls=0.2, latency=60))
    with pytest.raises((AssertionError, SimulationError)):
        _run(bench, (shell, ring), 500, np.random.default_rng(0))


def test_more_streams_than_registers_are_refused(tmp_path: Path) -> None:
    design = skip_design(tmp_path, 1, 40)
    many = type(design)(**{**vars(design), "skips": design.skips * 5})
    with pytest.raises(
        UnsupportedModelError, match="6 inputs and 6 outputs, 5 of each for skips in memory; at most 10"
    ):
        write_shell(many, load_board("pynq-z2"))


def test_vivados_project_connects_both_masters(made: Made, tmp_path: Path) -> None:
    board = load_board("pynq-z2" if made[0].data_bits == 64 else "zcu104")
    session = Session((board.board_part,))
    session.source(write_project(made[0], board, tmp_path))
    assert session.design is not None
    assert [session.design.links[f"signflow/m_axi_{i}"] for i in (0, 1)] == ["memory/S00_AXI", "memory/S01_AXI"]


def test_lint_is_silent(made: Made, tmp_path: Path) -> None:
    generated = tmp_path / "generated.vlt"
    generated.write_text('`verilator_config\nlint_off -file "*.v"\nlint_off -rule SYMRSVDWORD\n')
    command = [str(verilator_root() / "bin" / "verilator_bin"), "--lint-only", "-Wall", "--assert", "--top-module"]
    sources = (str(path) for path in made[0].sources)
    run_tool([*command, made[0].top, str(RTL_DIR / "waivers.vlt"), str(generated), *sources], "lint")
